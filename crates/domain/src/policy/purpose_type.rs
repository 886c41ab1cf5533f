//! The policy type `purpose`: a query says what it is for, and only some purposes are let in.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::policy::metadata::PolicyEntry;
use crate::policy::policy_type::{ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Rule};
use crate::policy::purpose::Purpose;
use crate::policy::settings::settings;

/// The most purposes of one policy.
const MAX_PURPOSES: usize = 100;

/// The type `purpose`: `{"allowed": ["DUO:0000006", "teaching"]}`. Whoever queries names one of these; of several such
/// policies, one that is of each.
#[derive(Debug, Clone, Copy, Default)]
pub struct PurposeType;

impl PolicyType for PurposeType {
    fn name(&self) -> &'static str {
        "purpose"
    }

    fn check_shadow(&self) -> Result<(), &'static str> {
        Ok(())
    }

    fn schema(&self) -> ConfigurationSchema {
        let schema = |required: &[&str]| {
            json!({
                "type": "object", "additionalProperties": false, "required": required, "title": "Purposes",
                "properties": {
                    "allowed": {
                        "type": "array", "minItems": 1, "maxItems": MAX_PURPOSES,
                        "items": { "type": "string", "pattern": Purpose::PATTERN },
                        "description": "What a query may be for: your own words, or codes of the Data Use Ontology.",
                    },
                },
            })
        };
        let whole = schema(&["allowed"]);
        ConfigurationSchema { taken: whole.clone(), shown: whole, patch: schema(&[]) }
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        let allowed = allowed(configuration)?;
        Ok(json!({ "allowed": allowed.iter().map(Purpose::as_str).collect::<Vec<_>>() }))
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        Ok(Arc::new(PurposeRule { allowed: allowed(configuration)? }))
    }

    fn is_replayable(&self) -> bool {
        true
    }

    fn refusal(&self) -> PolicyEntry {
        PolicyEntry::rejected(
            self.name(),
            "access",
            "PURPOSE_NOT_ALLOWED",
            "the endpoint is not for this purpose",
        )
    }
}

/// The purposes of a configuration, each once, in the order of their bytes.
fn allowed(configuration: &Value) -> Result<BTreeSet<Purpose>, ConfigurationError> {
    let error = |pointer: String, message: &str| ConfigurationError { pointer, message: message.to_owned() };
    let example = r#"{"allowed": ["teaching"]}"#;
    let object = settings(configuration, "a purpose policy", example, &["allowed"])?;
    let list = object.get("allowed").and_then(Value::as_array);
    let list = list.ok_or_else(|| error("/allowed".to_owned(), "name the purposes in a list"))?;
    if list.is_empty() || list.len() > MAX_PURPOSES {
        let message = format!("name 1 to {MAX_PURPOSES} purposes: with none of them nobody could query");
        return Err(error("/allowed".to_owned(), &message));
    }
    let purposes = list.iter().enumerate().map(|(index, one)| {
        let text = one.as_str().unwrap_or_default();
        Purpose::parse(text).map_err(|problem| error(format!("/allowed/{index}"), &problem.to_string()))
    });
    purposes.collect()
}

struct PurposeRule {
    allowed: BTreeSet<Purpose>,
}

impl Rule for PurposeRule {
    fn evaluate(&self, facts: &Facts<'_>) -> Finding {
        match facts.query.map(|query| query.purpose) {
            // Nobody is kept from knowing of the endpoint for want of it.
            None => Finding::NotMatched,
            Some(None) => Finding::PurposeMissing,
            Some(Some(purpose)) if self.allowed.contains(purpose) => Finding::NotMatched,
            Some(Some(_)) => Finding::Matched("another purpose".into()),
        }
    }

    fn purposes(&self) -> Option<&BTreeSet<Purpose>> {
        Some(&self.allowed)
    }

    fn description(&self) -> String {
        let allowed: Vec<_> = self.allowed.iter().map(Purpose::as_str).collect();
        format!("A query names its purpose, one of: {}.", allowed.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z2_purposes_are_kept_once_and_in_order_and_what_is_none_is_refused_where_it_stands() {
        let read = |json: Value| PurposeType.parse(&json).map_err(|error| error.pointer);
        let kept = json!({"allowed": ["DUO:0000006", "teaching"]});
        assert_eq!(read(json!({"allowed": ["teaching", "DUO:0000006", "teaching"]})), Ok(kept.clone()));
        assert_eq!(read(kept.clone()), Ok(kept));
        for (json, pointer) in [
            (json!([]), ""),
            (json!({}), "/allowed"),
            (json!({"allowed": "teaching"}), "/allowed"),
            (json!({"allowed": ["a"], "denied": []}), ""),
            (json!({"allowed": []}), "/allowed"),
            (json!({"allowed": vec!["a"; 101]}), "/allowed"),
            (json!({"allowed": ["a", "for fun"]}), "/allowed/1"),
            (json!({"allowed": [1]}), "/allowed/0"),
        ] {
            assert_eq!(read(json), Err(pointer.to_owned()));
        }
    }
}
