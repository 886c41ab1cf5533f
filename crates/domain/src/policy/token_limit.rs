//! The policy type `token_limit`: how long a conversation may be.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::policy::metadata::PolicyEntry;
use crate::policy::policy_type::{
    ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Rule, Stage,
};

/// The longest conversation that a policy may permit.
const MAX_CHARACTERS: u64 = 10_000_000;

/// The type `token_limit`: `{"max_characters": 8000}`. It counts characters, for how many tokens these are differs from model to
/// model, and nobody could tell before what is let in.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokenLimitType;

impl PolicyType for TokenLimitType {
    fn name(&self) -> &'static str {
        "token_limit"
    }

    fn schema(&self) -> ConfigurationSchema {
        let schema = |required: &[&str]| {
            json!({
                "type": "object", "additionalProperties": false, "required": required, "title": "TokenLimit",
                "properties": {
                    "max_characters": {
                        "type": "integer", "minimum": 1, "maximum": MAX_CHARACTERS,
                        "description": "The most characters of a conversation: all of its messages together.",
                    },
                },
            })
        };
        let whole = schema(&["max_characters"]);
        ConfigurationSchema { taken: whole.clone(), shown: whole, patch: schema(&[]) }
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        Ok(json!({ "max_characters": max_characters(configuration)? }))
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        Ok(Arc::new(TokenLimit { max_characters: max_characters(configuration)? }))
    }

    fn refusal(&self) -> PolicyEntry {
        PolicyEntry::rejected(
            self.name(),
            "access",
            "PROMPT_TOO_LONG",
            "the conversation is longer than the endpoint permits",
        )
    }
}

fn max_characters(configuration: &Value) -> Result<u64, ConfigurationError> {
    let error = |pointer: &str, message: String| ConfigurationError { pointer: pointer.to_owned(), message };
    let object = configuration.as_object().filter(|object| object.keys().all(|key| key == "max_characters"));
    let object = object.ok_or_else(|| {
        error("", r#"a token_limit is an object such as {"max_characters": 8000}"#.to_owned())
    })?;
    let most = object.get("max_characters").and_then(Value::as_u64);
    most.filter(|most| (1..=MAX_CHARACTERS).contains(most)).ok_or_else(|| {
        error(
            "/max_characters",
            format!("say how many characters a conversation may have, 1 to {MAX_CHARACTERS}"),
        )
    })
}

struct TokenLimit {
    max_characters: u64,
}

impl Rule for TokenLimit {
    fn stage(&self) -> Stage {
        Stage::Limit
    }

    fn evaluate(&self, facts: &Facts<'_>) -> Finding {
        let Some(conversation) = facts.query.and_then(|query| query.conversation) else {
            return Finding::NotMatched;
        };
        let characters = conversation.characters();
        if u64::try_from(characters).unwrap_or(u64::MAX) <= self.max_characters {
            return Finding::NotMatched;
        }
        Finding::Matched(format!("{characters} characters of at most {}", self.max_characters).into())
    }

    fn description(&self) -> String {
        format!("A conversation has at most {} characters.", self.max_characters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z4_a_length_is_kept_and_what_is_none_is_refused_where_it_stands() {
        let read = |json: Value| TokenLimitType.parse(&json).map_err(|error| error.pointer);
        for most in [1, 8_000, MAX_CHARACTERS] {
            assert_eq!(read(json!({"max_characters": most})), Ok(json!({"max_characters": most})));
        }
        for (json, pointer) in [
            (json!(7), ""),
            (json!({"max_characters": 7, "max_tokens": 7}), ""),
            (json!({}), "/max_characters"),
            (json!({"max_characters": 0}), "/max_characters"),
            (json!({"max_characters": MAX_CHARACTERS + 1}), "/max_characters"),
            (json!({"max_characters": 1.5}), "/max_characters"),
            (json!({"max_characters": "7"}), "/max_characters"),
        ] {
            assert_eq!(read(json.clone()), Err(pointer.to_owned()), "{json}");
        }
    }
}
