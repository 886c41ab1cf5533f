//! The members of a JSON object, each of which stands once.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The names of a JSON object's members, in the order of their text; `None` when the text is no object, or when in it or
/// in any object within it a member stands twice. Two readers could take such a text for two (RFC 7519, section 4).
#[must_use]
pub fn member_names(json: &[u8]) -> Option<Vec<String>> {
    match serde_json::from_slice(json).ok()? {
        Checked::Object(names) => Some(names),
        Checked::Other => None,
    }
}

/// A value whose objects have each member once. The parser bounds how deep it goes.
enum Checked {
    Object(Vec<String>),
    Other,
}

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Check;

        impl<'de> Visitor<'de> for Check {
            type Value = Checked;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON in which no member stands twice")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Checked, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = object.next_key::<String>()? {
                    names.push(name);
                    object.next_value::<Checked>()?;
                }
                let all = names.len();
                names.sort_unstable();
                names.dedup();
                if names.len() == all {
                    Ok(Checked::Object(names))
                } else {
                    Err(A::Error::custom("a member stands twice"))
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Checked, A::Error> {
                while list.next_element::<Checked>()?.is_some() {}
                Ok(Checked::Other)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Checked, E> {
                Ok(Checked::Other)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Checked, E> {
                Ok(Checked::Other)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Checked, E> {
                Ok(Checked::Other)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Checked, E> {
                Ok(Checked::Other)
            }

            fn visit_str<E>(self, _: &str) -> Result<Checked, E> {
                Ok(Checked::Other)
            }

            fn visit_unit<E>(self) -> Result<Checked, E> {
                Ok(Checked::Other)
            }
        }

        deserializer.deserialize_any(Check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_of_an_object_are_named_and_none_stands_twice_however_deep() {
        let names = |json: &str| member_names(json.as_bytes());
        let some = r#"{"b":1,"a":[{"x":-1.5},{"x":null}],"":{"a":true}}"#;
        assert_eq!(names(some), Some(vec![String::new(), "a".to_owned(), "b".to_owned()]));
        assert_eq!(names("{}"), Some(Vec::new()));
        for refused in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":[[{"b":1,"c":2,"b":1}]]}"#,
            "[]",
            "1",
            "\"a\"",
            "",
            r#"{"a":1}x"#,
            r#"{"a":1e400}"#,
            &format!("{}1{}", r#"{"a":"#.repeat(1_000), "}".repeat(1_000)),
        ] {
            assert_eq!(names(refused), None, "{refused}");
        }
    }
}
