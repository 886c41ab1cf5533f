//! The configuration of a policy of type `manual_review`: how it is read, and the form in which it is shown.

use std::time::Duration;

use serde_json::{Value, json};

use crate::approval::ApprovalTerms;
use crate::policy::Policy;
use crate::policy::manual_review::NAME;
use crate::policy::policy_type::{ConfigurationError, ConfigurationSchema};
use crate::policy::settings::settings;

const KEYS: [&str; 2] = ["valid_for", "keep_prompt"];
const MOST: u64 = 366;
const DEFAULT: Span = Span { number: 7, unit: 'd' };

/// For how long a decision on a question is good, and what is kept for who decides.
///
/// ```
/// use serde_json::json;
/// use syft_space_domain::policy::ManualReviewConfiguration;
/// let read = ManualReviewConfiguration::parse(&json!({}))?;
/// assert_eq!(read.to_json(), json!({"valid_for": "7d", "keep_prompt": false}));
/// # Ok::<(), syft_space_domain::policy::ConfigurationError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManualReviewConfiguration {
    valid_for: Span,
    /// Whether the text of a question is kept, sealed, for who decides.
    pub keep_prompt: bool,
}

/// A number of minutes, hours or days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    number: u64,
    unit: char,
}

impl Span {
    fn parse(text: &str) -> Option<Self> {
        let unit = text.chars().next_back().filter(|unit| matches!(unit, 'm' | 'h' | 'd'))?;
        let number = text.strip_suffix(unit).filter(|number| !number.starts_with('0'))?;
        let number = number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())?;
        number.filter(|number| (1..=MOST).contains(number)).map(|number| Self { number, unit })
    }

    fn duration(self) -> Duration {
        let seconds: u64 = match self.unit {
            'm' => 60,
            'h' => 3_600,
            _ => 86_400,
        };
        Duration::from_secs(self.number.saturating_mul(seconds))
    }
}

impl ManualReviewConfiguration {
    /// Reads `{"valid_for", "keep_prompt"}`, where both may be missing.
    ///
    /// # Errors
    /// When it is none, or a part is wrong.
    pub fn parse(json: &Value) -> Result<Self, ConfigurationError> {
        let wrong =
            |pointer: &str, message: String| ConfigurationError { pointer: pointer.to_owned(), message };
        let object = settings(json, "a manual_review", r#"{"valid_for": "7d"}"#, &KEYS)?;
        let valid_for = match object.get("valid_for") {
            None => Some(DEFAULT),
            Some(span) => span.as_str().and_then(Span::parse),
        };
        let valid_for = valid_for.ok_or_else(|| {
            let message =
                format!(r#"valid_for is a number from 1 to {MOST} and m, h or d, such as "12h" or "7d""#);
            wrong("/valid_for", message)
        })?;
        let keep_prompt = match object.get("keep_prompt") {
            None => Some(false),
            Some(keep) => keep.as_bool(),
        };
        let keep_prompt =
            keep_prompt.ok_or_else(|| wrong("/keep_prompt", "keep_prompt is true or false".to_owned()))?;
        Ok(Self { valid_for, keep_prompt })
    }

    /// The configuration in the form that is shown and stored. [`ManualReviewConfiguration::parse`] reads it back.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "valid_for": self.valid_for_text(), "keep_prompt": self.keep_prompt })
    }

    /// For how long a decision is good, as it is written.
    #[must_use]
    pub fn valid_for_text(&self) -> String {
        let Span { number, unit } = self.valid_for;
        format!("{number}{unit}")
    }

    /// What it says of approvals.
    #[must_use]
    pub fn terms(&self) -> ApprovalTerms {
        ApprovalTerms { valid_for: self.valid_for.duration(), keep_prompt: self.keep_prompt }
    }
}

/// What a policy says of approvals; `None` where it asks for none, or cannot be read.
#[must_use]
pub fn approval_terms(policy: &Policy) -> Option<ApprovalTerms> {
    let of_type = Some(&policy.configuration).filter(|configuration| configuration.type_name() == NAME);
    let json = of_type.and_then(|configuration| configuration.to_value().ok())?;
    ManualReviewConfiguration::parse(&json).ok().map(|configuration| configuration.terms())
}

/// What a configuration looks like.
pub(super) fn schema() -> ConfigurationSchema {
    let mut patch = object(&[]);
    for name in KEYS {
        if let Some(property) = patch.pointer_mut(&format!("/properties/{name}")) {
            // In a merge patch null takes away what may be left out.
            *property = json!({ "anyOf": [property.take(), { "type": "null" }] });
        }
    }
    ConfigurationSchema { taken: object(&[]), shown: object(&KEYS), patch }
}

fn object(required: &[&str]) -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": required, "title": "ManualReview",
        "properties": {
            "valid_for": { "type": "string", "pattern": "^([1-9][0-9]?|[12][0-9]{2}|3[0-5][0-9]|36[0-6])[mhd]$", "default": "7d",
                "description": "For how long a decision is good: at most 366 minutes, hours or days." },
            "keep_prompt": { "type": "boolean", "default": false,
                "description": "Whether the text of a question is kept, sealed, for who decides." },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z4_a_manual_review_is_read_and_shown_with_its_defaults() {
        let shown = |json: Value| {
            let read = ManualReviewConfiguration::parse(&json).unwrap();
            assert_eq!(ManualReviewConfiguration::parse(&read.to_json()), Ok(read));
            read.to_json()
        };
        assert_eq!(shown(json!({})), json!({"valid_for": "7d", "keep_prompt": false}));
        let full = json!({"valid_for": "366m", "keep_prompt": true});
        assert_eq!(shown(full.clone()), full);
        for (text, seconds) in [("1m", 60), ("12h", 43_200), ("7d", 604_800), ("366d", 31_622_400)] {
            let read = ManualReviewConfiguration::parse(&json!({"valid_for": text})).unwrap();
            assert_eq!(read.terms().valid_for, Duration::from_secs(seconds), "{text}");
        }
    }

    #[test]
    fn z4_what_is_no_manual_review_is_refused_where_it_stands() {
        for (json, pointer) in [
            (json!([]), ""),
            (json!({"valid": "7d"}), ""),
            (json!({"valid_for": "0d"}), "/valid_for"),
            (json!({"valid_for": "07d"}), "/valid_for"),
            (json!({"valid_for": "367d"}), "/valid_for"),
            (json!({"valid_for": "7"}), "/valid_for"),
            (json!({"valid_for": "7s"}), "/valid_for"),
            (json!({"valid_for": "d"}), "/valid_for"),
            (json!({"valid_for": "é"}), "/valid_for"),
            (json!({"valid_for": 7}), "/valid_for"),
            (json!({"keep_prompt": "yes"}), "/keep_prompt"),
            (json!({"keep_prompt": null}), "/keep_prompt"),
        ] {
            let refused = ManualReviewConfiguration::parse(&json).unwrap_err();
            assert_eq!(refused.pointer, pointer, "{json}");
        }
    }

    #[test]
    fn z4_a_form_takes_what_is_read_and_nothing_else() {
        let ConfigurationSchema { taken, shown, patch } = schema();
        let required = [&taken, &shown, &patch].map(|schema| schema["required"].clone());
        assert_eq!(required, [json!([]), json!(["valid_for", "keep_prompt"]), json!([])]);
        let pattern = taken["properties"]["valid_for"]["pattern"].as_str().unwrap();
        let valid_for = regex::Regex::new(pattern).unwrap();
        let spans =
            (0..1_100).flat_map(|number| ["m", "h", "d", "s", ""].map(|unit| format!("{number}{unit}")));
        for text in spans.chain(["", "d", "07d", "7dd"].map(str::to_owned)) {
            let read = ManualReviewConfiguration::parse(&json!({"valid_for": text}));
            assert_eq!(valid_for.is_match(&text), read.is_ok(), "{text:?}");
        }
        assert_eq!(taken["properties"]["keep_prompt"]["type"], json!("boolean"));
        // Who changes a policy takes away with null what may be left out.
        for setting in KEYS {
            assert_eq!(patch["properties"][setting]["anyOf"][1], json!({"type": "null"}), "{setting}");
        }
    }
}
