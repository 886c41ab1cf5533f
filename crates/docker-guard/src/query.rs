//! The query string of a request: each parameter is known, stands once, and is written anew.

use std::collections::BTreeMap;

use url::form_urlencoded;

use crate::refusal::Refusal;

/// The most bytes of a query string.
const MAX_BYTES: usize = 4096;

/// The parameters of a request that were not taken yet.
pub(crate) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads a query string.
    ///
    /// # Errors
    /// When it is too long, or a parameter stands twice.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        if text.len() > MAX_BYTES {
            return Err(Refusal::malformed("the query string is too long"));
        }
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if parameters.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(Refusal::malformed(format!("the parameter {name:?} stands twice")));
            }
        }
        Ok(Self(parameters))
    }

    /// Takes a parameter, where it is there and says anything.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }

    /// Takes a parameter that is yes or no.
    ///
    /// # Errors
    /// When it is neither.
    pub(crate) fn take_flag(&mut self, name: &str) -> Result<bool, Refusal> {
        match self.take(name).as_deref() {
            Some("1" | "true" | "True") => Ok(true),
            None | Some("0" | "false" | "False") => Ok(false),
            Some(_) => Err(Refusal::malformed(format!("the parameter {name} is true or false"))),
        }
    }

    /// Takes a parameter that is a number.
    ///
    /// # Errors
    /// When it is none, or more than it may be.
    pub(crate) fn take_number(&mut self, name: &str, most: u32) -> Result<Option<u32>, Refusal> {
        let Some(text) = self.take(name) else { return Ok(None) };
        let digits = text.len() <= 9 && text.chars().all(|letter| letter.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && *number <= most);
        number
            .map(Some)
            .ok_or_else(|| Refusal::forbidden(format!("the parameter {name} is a number up to {most}")))
    }

    /// Refuses what was not taken, unless it says nothing.
    ///
    /// # Errors
    /// When there is another parameter.
    pub(crate) fn finish(self) -> Result<(), Refusal> {
        let says_nothing = |value: &str| matches!(value, "" | "0" | "false" | "False");
        match self.0.into_iter().find(|(_, value)| !says_nothing(value)) {
            Some((name, _)) => Err(Refusal::forbidden(format!("the parameter {name:?} is not let through"))),
            None => Ok(()),
        }
    }
}

/// A path with parameters, written anew.
pub(crate) fn with_parameters(path: &str, parameters: &[(&str, String)]) -> String {
    if parameters.is_empty() {
        return path.to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("{path}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n3_a_parameter_is_known_and_stands_once() {
        assert!(Query::parse("a=1&a=1").is_err());
        assert!(Query::parse("a=1&%61=2").is_err());
        let mut query = Query::parse("all=True&size=0&link=False&t=10").unwrap();
        assert_eq!(query.take_flag("all"), Ok(true));
        assert_eq!(query.take_number("t", 600), Ok(Some(10)));
        assert_eq!(query.finish(), Ok(()));
        assert!(Query::parse("all=maybe").unwrap().take_flag("all").is_err());
        for wrong in ["t=601", "t=-1", "t=%2B1", "t=1e2", "t=99999999999"] {
            assert!(Query::parse(wrong).unwrap().take_number("t", 600).is_err(), "{wrong}");
        }
        assert!(Query::parse("platform=x").unwrap().finish().is_err());
    }

    #[test]
    fn n3_what_is_written_anew_holds_no_second_parameter() {
        let written = with_parameters("/x", &[("a", "1&b=2#c\r\n".to_owned())]);
        assert_eq!(written, "/x?a=1%26b%3D2%23c%0D%0A");
    }
}
