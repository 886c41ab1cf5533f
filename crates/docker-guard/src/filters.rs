//! The filters of a list: those that a caller may choose by, and always the installation's label.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::json::{self, strict_value};
use crate::object::INSTALLATION_LABEL;
use crate::refusal::Refusal;

/// The filters of a request for a list, without the installation's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters(BTreeMap<String, BTreeSet<String>>);

/// By what may be chosen.
const NAMES: &[&str] =
    &["dangling", "driver", "health", "id", "label", "name", "network", "status", "volume"];
/// The most values of all filters.
const MAX_VALUES: usize = 64;

impl Filters {
    /// Reads filters as clients write them: each has a list of values, or an object whose keys are the values.
    ///
    /// # Errors
    /// When they are none, too many, or something else is filtered by.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        let Some(text) = text else { return Ok(Self::default()) };
        let malformed = || Refusal::malformed("the parameter filters is no object of filters");
        let value = strict_value(text.as_bytes()).map_err(|_| malformed())?;
        let mut filters = BTreeMap::new();
        let mut count = 0_usize;
        for (name, values) in value.as_object().ok_or_else(malformed)? {
            if !NAMES.contains(&name.as_str()) {
                return Err(Refusal::forbidden(format!("the filter {name:?} is not let through")));
            }
            let values: Option<BTreeSet<String>> = match values {
                Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
                Value::Object(members) => members
                    .iter()
                    .map(|(key, set)| (*set == Value::Bool(true)).then(|| key.clone()))
                    .collect(),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            };
            let values = values.ok_or_else(malformed)?;
            if !values.iter().all(|value| is_plain(value)) {
                return Err(Refusal::forbidden(format!("the filter {name:?} has a value that is not plain")));
            }
            count = count.saturating_add(values.len());
            filters.insert(name.clone(), values);
        }
        if count > MAX_VALUES {
            return Err(Refusal::forbidden(format!("there are more than {MAX_VALUES} filters")));
        }
        Ok(Self(filters))
    }

    /// The filters as the engine reads them, with the installation's label among them: what has not that is not listed.
    pub(crate) fn forwarded(&self, installation: &str) -> String {
        let mut all = self.0.clone();
        all.entry("label".to_owned()).or_default().insert(format!("{INSTALLATION_LABEL}={installation}"));
        let all: BTreeMap<String, BTreeMap<String, bool>> = all
            .into_iter()
            .map(|(name, values)| (name, values.into_iter().map(|value| (value, true)).collect()))
            .collect();
        String::from_utf8(json::write(&all)).unwrap_or_default()
    }
}

fn is_plain(value: &str) -> bool {
    let plain = |letter: char| {
        letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | ':' | '=' | '/' | '^' | '$' | '-')
    };
    !value.is_empty() && value.len() <= 256 && value.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n3_a_list_is_of_the_installation_whatever_it_is_filtered_by() {
        let own = r#"{"label":{"syft-space.installation=me":true}}"#;
        for text in [None, Some("{}"), Some(r#"{"label":[]}"#)] {
            assert_eq!(Filters::parse(text).unwrap().forwarded("me"), own);
        }
        let both = r#"{"label":{"a=b":true,"syft-space.installation=me":true}}"#;
        for text in [r#"{"label":["a=b"]}"#, r#"{"label":{"a=b":true}}"#] {
            assert_eq!(Filters::parse(Some(text)).unwrap().forwarded("me"), both);
        }
        for wrong in [
            "[]",
            "x",
            r#"{"label":"a"}"#,
            r#"{"label":{"a":false}}"#,
            r#"{"label":["a"],"label":["b"]}"#,
            r#"{"before":["a"]}"#,
            r#"{"name":["(a+)+"]}"#,
            r#"{"label":[1]}"#,
        ] {
            assert!(Filters::parse(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
