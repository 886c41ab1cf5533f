//! A policy type of the tests' own, whose rule refuses from a moment on.

use std::sync::Arc;

use serde_json::{Value, json};
use syft_space_domain::policy::{ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Rule};
use syft_space_domain::time::Timestamp;

/// The type `closing`, whose configuration is `{ "at": "…" }`, and `"steps"` where its rule says that it takes so many.
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
        let at = Timestamp::parse(configuration["at"].as_str().unwrap()).unwrap();
        let steps = configuration["steps"].as_u64().unwrap_or(1).try_into().unwrap();
        Ok(Arc::new(Closing { at, steps }))
    }

    fn is_replayable(&self) -> bool {
        true
    }
}

struct Closing {
    at: Timestamp,
    steps: usize,
}

impl Rule for Closing {
    fn evaluate(&self, facts: &Facts<'_>) -> Finding {
        if facts.now >= self.at { Finding::Matched("at".into()) } else { Finding::NotMatched }
    }

    fn cost(&self) -> usize {
        self.steps
    }

    fn description(&self) -> String {
        "It closes.".to_owned()
    }
}
