//! The configuration of a policy of type `disclosure_limit`: how it is read, and the form in which it is shown.

use std::time::Duration;

use serde_json::{Value, json};

use crate::as_text::text_enum;
use crate::policy::policy_type::{ConfigurationError, ConfigurationSchema};
use crate::policy::settings::settings;

const KEYS: [&str; 4] = ["unit", "cap", "window", "scope"];
const DAY: Duration = Duration::from_secs(86_400);
const MAX_DAYS: u64 = 3_660;

/// How much of what is found one caller may be shown.
///
/// ```
/// use serde_json::json;
/// use syft_space_domain::policy::DisclosureConfiguration;
/// let read = DisclosureConfiguration::parse(&json!({"cap": 50}))?;
/// assert_eq!(read.to_json(), json!({"unit": "documents", "cap": 50, "window": "30d", "scope": "user"}));
/// # Ok::<(), syft_space_domain::policy::ConfigurationError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisclosureConfiguration {
    /// What is counted.
    pub unit: DisclosureUnit,
    /// How much of it.
    pub cap: u64,
    /// In how many days.
    pub days: u64,
}

text_enum! {
    /// What of that which is shown is counted.
    pub enum DisclosureUnit {
        /// Documents of which anything is shown.
        Documents = "documents",
        /// Chunks.
        Chunks = "chunks",
        /// The characters of chunks.
        Characters = "characters",
    }

    /// A text that is no unit.
    #[error(r#"a unit is "documents", "chunks" or "characters""#)]
    pub struct DisclosureUnitError;
}

impl DisclosureUnit {
    /// The most that a cap may be: what one caller was shown is remembered, item by item.
    #[must_use]
    pub fn most(self) -> u64 {
        match self {
            Self::Documents | Self::Chunks => 100_000,
            Self::Characters => 50_000_000,
        }
    }
}

impl DisclosureConfiguration {
    /// Reads `{"unit", "cap", "window", "scope"}`, where all but the cap may be missing.
    ///
    /// # Errors
    /// When it is none, or a part is wrong.
    pub fn parse(json: &Value) -> Result<Self, ConfigurationError> {
        let wrong =
            |pointer: &str, message: String| ConfigurationError { pointer: pointer.to_owned(), message };
        let object = settings(json, "a disclosure_limit", r#"{"cap": 50}"#, &KEYS)?;
        let unit = match object.get("unit") {
            None => DisclosureUnit::Documents,
            Some(unit) => {
                let unit = unit.as_str().unwrap_or_default().parse::<DisclosureUnit>();
                unit.map_err(|error| wrong("/unit", error.to_string()))?
            }
        };
        let cap = object.get("cap").and_then(Value::as_u64).filter(|cap| (1..=unit.most()).contains(cap));
        let cap = cap.ok_or_else(|| {
            wrong("/cap", format!("say how many {unit} one caller may be shown, 1 to {}", unit.most()))
        })?;
        let days = match object.get("window") {
            None => Some(30),
            Some(window) => window.as_str().and_then(days_of),
        };
        let days = days.ok_or_else(|| {
            wrong(
                "/window",
                format!(r#"a window is a number of days from 1 to {MAX_DAYS} and a d, such as "30d""#),
            )
        })?;
        if object.get("scope").is_some_and(|scope| scope != "user") {
            return Err(wrong("/scope", r#"scope is "user": each caller by themselves"#.to_owned()));
        }
        Ok(Self { unit, cap, days })
    }

    /// The configuration in the form that is shown and stored. [`DisclosureConfiguration::parse`] reads it back.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Self { unit, cap, days } = self;
        json!({ "unit": unit.as_str(), "cap": cap, "window": format!("{days}d"), "scope": "user" })
    }

    /// For how long what is shown counts at most. What is shown again is not written each time, so it may count a little longer
    /// than the window, and never less.
    #[must_use]
    pub fn counts_for(&self) -> Duration {
        self.window().saturating_add(self.written_every())
    }

    /// How long ago it must be that something was written as shown, so that it is written again where it is.
    #[must_use]
    pub fn written_every(&self) -> Duration {
        self.window() / 64
    }

    /// In how long a time, as the owner says it.
    pub(super) fn window(&self) -> Duration {
        DAY.saturating_mul(u32::try_from(self.days).unwrap_or(u32::MAX))
    }
}

fn days_of(text: &str) -> Option<u64> {
    let days = text.strip_suffix('d').filter(|days| !days.starts_with('0'))?;
    let days = days.bytes().all(|byte| byte.is_ascii_digit()).then(|| days.parse().ok())?;
    days.filter(|days| (1..=MAX_DAYS).contains(days))
}

/// What a configuration looks like.
pub(super) fn schema() -> ConfigurationSchema {
    let mut patch = object(&[]);
    for name in ["unit", "window", "scope"] {
        if let Some(property) = patch.pointer_mut(&format!("/properties/{name}")) {
            // In a merge patch null takes away what may be left out.
            *property = json!({ "anyOf": [property.take(), { "type": "null" }] });
        }
    }
    ConfigurationSchema { taken: object(&["cap"]), shown: object(&["unit", "cap", "window", "scope"]), patch }
}

fn object(required: &[&str]) -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": required, "title": "DisclosureLimit",
        "properties": {
            "unit": { "type": "string", "enum": DisclosureUnit::ALL.map(DisclosureUnit::as_str), "default": "documents",
                "description": "What of that which is shown is counted." },
            "cap": { "type": "integer", "minimum": 1, "maximum": DisclosureUnit::Characters.most(),
                "description": "How many one caller may be shown: of documents and chunks at most 100000." },
            "window": { "type": "string", "pattern": "^([1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-5][0-9]|3660)d$", "default": "30d",
                "description": "In how many days: at most 3660." },
            "scope": { "type": "string", "const": "user", "default": "user", "description": "Each caller by themselves." },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z2_a_disclosure_limit_is_read_and_shown_with_its_defaults() {
        let shown = |json: Value| {
            let read = DisclosureConfiguration::parse(&json).unwrap();
            assert_eq!(
                DisclosureConfiguration::parse(&read.to_json()),
                Ok(read),
                "what is shown is read back"
            );
            read.to_json()
        };
        let full = json!({"unit": "characters", "cap": 50_000_000, "window": "3660d", "scope": "user"});
        assert_eq!(shown(full.clone()), full);
        let plain = json!({"unit": "documents", "cap": 1, "window": "30d", "scope": "user"});
        assert_eq!(shown(json!({"cap": 1})), plain);
    }

    #[test]
    fn z2_what_is_no_disclosure_limit_is_refused_where_it_stands() {
        for (json, pointer) in [
            (json!([]), ""),
            (json!({"cap": 1, "x": 1}), ""),
            (json!({}), "/cap"),
            (json!({"cap": 0}), "/cap"),
            (json!({"cap": 100_001}), "/cap"),
            (json!({"cap": "1"}), "/cap"),
            (json!({"cap": 1, "unit": "pages"}), "/unit"),
            (json!({"cap": 1, "window": "0d"}), "/window"),
            (json!({"cap": 1, "window": "3661d"}), "/window"),
            (json!({"cap": 1, "window": "24h"}), "/window"),
            (json!({"cap": 1, "window": 30}), "/window"),
            (json!({"cap": 1, "scope": "key"}), "/scope"),
        ] {
            let refused = DisclosureConfiguration::parse(&json).unwrap_err();
            assert_eq!(refused.pointer, pointer, "{json}");
        }
    }

    #[test]
    fn z2_what_is_shown_again_is_written_again_after_a_64th_of_the_window_and_counts_so_much_longer() {
        let read = DisclosureConfiguration::parse(&json!({"cap": 1, "window": "64d"})).unwrap();
        assert_eq!((read.window(), read.written_every(), read.counts_for()), (DAY * 64, DAY, DAY * 65));
    }

    #[test]
    fn z2_a_form_takes_what_is_read_and_nothing_else() {
        let ConfigurationSchema { taken, shown, patch } = schema();
        let required = [&taken, &shown, &patch].map(|schema| schema["required"].clone());
        assert_eq!(required, [json!(["cap"]), json!(["unit", "cap", "window", "scope"]), json!([])]);
        let is_read = |setting: &str, value: &Value| {
            let mut json = json!({"cap": 1});
            json[setting] = value.clone();
            DisclosureConfiguration::parse(&json).is_ok()
        };
        let pattern = taken["properties"]["window"]["pattern"].as_str().unwrap();
        let window = regex::Regex::new(pattern).unwrap();
        let days = (0..4_000).map(|days| format!("{days}d"));
        for text in days.chain(["", "d", "030d", "30", "30h", "30dd"].map(str::to_owned)) {
            assert_eq!(window.is_match(&text), is_read("window", &json!(text)), "{text:?}");
        }
        let units = taken["properties"]["unit"]["enum"].as_array().unwrap();
        assert_eq!(units, &["documents", "chunks", "characters"].map(Value::from));
        assert!(units.iter().all(|unit| is_read("unit", unit)));
        assert_eq!(taken["properties"]["cap"]["maximum"], json!(50_000_000));
        // Who changes a policy takes away with null what may be left out.
        for (setting, may_be_null) in [("unit", true), ("window", true), ("scope", true), ("cap", false)] {
            let null = patch["properties"][setting].pointer("/anyOf/1/type").and_then(Value::as_str);
            assert_eq!(null, may_be_null.then_some("null"), "{setting}");
        }
    }
}
