//! A policy type of the tests' own, whose rule shows nothing of what was found.

use std::sync::Arc;

use serde_json::{Value, json};
use syft_space_domain::dataset::Hits;
use syft_space_domain::policy::{
    ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Rule, Stage,
};

/// The type `nothing`, whose configuration is `{}`.
pub(crate) struct NothingType;

impl PolicyType for NothingType {
    fn name(&self) -> &'static str {
        "nothing"
    }

    fn schema(&self) -> ConfigurationSchema {
        json!({ "type": "object" }).into()
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        Ok(configuration.clone())
    }

    fn compile(&self, _: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        Ok(Arc::new(Nothing))
    }
}

struct Nothing;

impl Rule for Nothing {
    fn stage(&self) -> Stage {
        Stage::Filter
    }

    fn evaluate(&self, _: &Facts<'_>) -> Finding {
        Finding::NotMatched
    }

    fn filter(&self, _: Hits) -> Hits {
        Hits::new()
    }

    fn description(&self) -> String {
        "Nothing is shown.".to_owned()
    }
}
