//! Policy types of the tests' own, whose rules show nothing of what was found, or not all of it.

use std::sync::Arc;

use serde_json::{Value, json};
use syft_space_domain::dataset::Hits;
use syft_space_domain::policy::{
    ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Redactions, Rule, Stage,
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

    fn filter(&self, _: Hits, _: &mut Redactions) -> Hits {
        Hits::new()
    }

    fn description(&self) -> String {
        "Nothing is shown.".to_owned()
    }
}

/// The type `without`, whose configuration is `{"dropped": WORD, "blacked_out": WORD}`: it drops chunks with the one word, and
/// blacks out the other.
pub(crate) struct WithoutType;

impl PolicyType for WithoutType {
    fn name(&self) -> &'static str {
        "without"
    }

    fn schema(&self) -> ConfigurationSchema {
        json!({ "type": "object" }).into()
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        Ok(configuration.clone())
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        let word = |field: &str| configuration[field].as_str().unwrap_or_default().to_owned();
        Ok(Arc::new(Without { dropped: word("dropped"), blacked_out: word("blacked_out") }))
    }
}

struct Without {
    dropped: String,
    blacked_out: String,
}

impl Rule for Without {
    fn stage(&self) -> Stage {
        Stage::Filter
    }

    fn evaluate(&self, _: &Facts<'_>) -> Finding {
        Finding::NotMatched
    }

    fn filter(&self, mut hits: Hits, _: &mut Redactions) -> Hits {
        hits.retain(|hit| !hit.content.contains(&self.dropped));
        for hit in &mut hits {
            if hit.content.contains(&self.blacked_out) {
                hit.content = hit.content.replace(&self.blacked_out, "###").into();
            }
        }
        hits
    }

    fn description(&self) -> String {
        "Some words are not shown.".to_owned()
    }
}
