//! A policy type of the tests' own, whose rule refuses from a moment on.

use std::sync::Arc;

use serde_json::{Value, json};
use syft_space_domain::policy::{ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Rule};
use syft_space_domain::time::Timestamp;

/// The type `closing`, whose configuration is `{ "at": "…" }`.
pub(crate) struct ClosingType;

impl PolicyType for ClosingType {
    fn name(&self) -> &'static str {
        "closing"
    }

    fn schema(&self) -> ConfigurationSchema {
        json!({ "type": "object" }).into()
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        Ok(configuration.clone())
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        Ok(Arc::new(Closing(Timestamp::parse(configuration["at"].as_str().unwrap()).unwrap())))
    }
}

struct Closing(Timestamp);

impl Rule for Closing {
    fn evaluate(&self, facts: &Facts<'_>) -> Finding {
        if facts.now >= self.0 { Finding::Matched("at".into()) } else { Finding::NotMatched }
    }

    fn description(&self) -> String {
        "It closes.".to_owned()
    }
}
