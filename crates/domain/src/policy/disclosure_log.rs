//! The policy type `disclosure_log`: the event of an answer tells which documents it showed.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::policy::policy_type::{
    ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Rule, Stage,
};
use crate::policy::settings::settings;

/// The type `disclosure_log`: `{}`. Nobody is refused by it, and nothing is taken away. What answers show is kept by none that has no policy of it: names
/// of documents say much about who asked for them.
#[derive(Debug, Clone, Copy, Default)]
pub struct DisclosureLogType;

impl PolicyType for DisclosureLogType {
    fn name(&self) -> &'static str {
        "disclosure_log"
    }

    fn check_shadow(&self) -> Result<(), &'static str> {
        Err("a disclosure_log cannot be tried in shadow: it refuses nobody, so attach it where it is wanted")
    }

    fn schema(&self) -> ConfigurationSchema {
        let schema = json!({
            "type": "object", "additionalProperties": false, "title": "Disclosure log", "properties": {},
            "description": "There is nothing to set.",
        });
        ConfigurationSchema { taken: schema.clone(), shown: schema.clone(), patch: schema }
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        settings(configuration, "a disclosure_log", "{}", &[])?;
        Ok(json!({}))
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        self.parse(configuration)?;
        Ok(Arc::new(DisclosureLogRule))
    }

    fn is_replayable(&self) -> bool {
        true
    }
}

struct DisclosureLogRule;

impl Rule for DisclosureLogRule {
    fn stage(&self) -> Stage {
        Stage::Filter
    }

    fn evaluate(&self, _: &Facts<'_>) -> Finding {
        Finding::NotMatched
    }

    fn records_shown(&self) -> bool {
        true
    }

    fn description(&self) -> String {
        "Which documents an answer shows is recorded.".to_owned()
    }
}
