//! The configuration of a policy of type `token_limit`: how it is read, and the form in which it is shown.

use serde_json::{Map, Value, json};

use crate::policy::policy_type::{ConfigurationError, ConfigurationSchema};
use crate::policy::rate_limit::{Limit, RateLimitConfiguration, TERMS, optional_terms, terms_schema};
use crate::policy::settings::settings;

/// The longest conversation that a policy may permit, and the most characters of a limit.
pub(super) const MOST: u32 = Limit::MOST;
const MAX_CHARACTERS: &str = "max_characters";

/// How long a conversation may be, and how much may be asked in a time: one of both, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TokenLimitConfiguration {
    pub(super) max_characters: Option<u32>,
    pub(super) rate: Option<RateLimitConfiguration>,
}

impl TokenLimitConfiguration {
    pub(super) fn parse(json: &Value) -> Result<Self, ConfigurationError> {
        let known: Vec<_> = [MAX_CHARACTERS].into_iter().chain(TERMS).collect();
        let example = r#"{"max_characters": 8000, "rate": "100000/d"}"#;
        let object = settings(json, "a token_limit", example, &known)?;
        let max_characters = match object.get(MAX_CHARACTERS) {
            None => None,
            Some(most) => Some(characters(most).ok_or_else(|| {
                let message = format!("say how many characters a conversation may have, 1 to {MOST}");
                wrong("/max_characters", &message)
            })?),
        };
        let has_terms = TERMS.iter().any(|term| object.contains_key(*term));
        let rate = has_terms.then(|| RateLimitConfiguration::of_terms(object, MOST)).transpose()?;
        if max_characters.is_none() && rate.is_none() {
            return Err(wrong(
                "",
                "say how many characters a conversation may have, in max_characters, or how many may be asked in a time, in rate",
            ));
        }
        Ok(Self { max_characters, rate })
    }

    pub(super) fn to_json(&self) -> Value {
        let rate = self.rate.as_ref().map(RateLimitConfiguration::to_json);
        let mut json = rate.unwrap_or_else(|| json!({}));
        if let (Some(object), Some(most)) = (json.as_object_mut(), self.max_characters) {
            object.insert(MAX_CHARACTERS.to_owned(), most.into());
        }
        json
    }
}

fn characters(json: &Value) -> Option<u32> {
    let most = json.as_u64().and_then(|most| u32::try_from(most).ok());
    most.filter(|most| (1..=MOST).contains(most))
}

fn wrong(pointer: &str, message: &str) -> ConfigurationError {
    ConfigurationError { pointer: pointer.to_owned(), message: message.to_owned() }
}

/// What a configuration looks like.
pub(super) fn schema() -> ConfigurationSchema {
    let mut patch = object("TokenLimit", &[], true);
    optional_terms(&mut patch, &[MAX_CHARACTERS, "rate", "burst", "scope", "window", "applies_to", "except"]);
    let length = object("Length", &[MAX_CHARACTERS], false);
    ConfigurationSchema {
        taken: json!({ "oneOf": [length, object("TokenLimit", &["rate"], true)] }),
        shown: object("TokenLimit", &[], true),
        patch,
    }
}

fn object(title: &str, required: &[&str], has_terms: bool) -> Value {
    let mut properties = Map::new();
    properties.insert(
        MAX_CHARACTERS.to_owned(),
        json!({
            "type": "integer", "minimum": 1, "maximum": MOST,
            "description": "The most characters of a conversation: all of its messages together.",
        }),
    );
    if has_terms {
        properties.extend(terms_schema(MOST, "characters of conversations"));
    }
    json!({
        "type": "object", "additionalProperties": false, "required": required, "title": title, "properties": properties,
    })
}
