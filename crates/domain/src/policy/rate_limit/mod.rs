//! The policy type `rate_limit`: how many queries are let through in a time.

mod configuration;
mod counted;
mod kept;
mod limit;
mod limit_key;
mod limiter;
mod limiter_time;
#[cfg(test)]
mod room_tests;
mod sync;
mod taking;
#[cfg(test)]
mod tests;
mod wording;

use std::sync::Arc;

use serde_json::Value;

pub use configuration::{
    AppliesTo, RateLimitConfiguration, RateLimitConfigurationError, RateLimitProblem, RateScope,
};
pub(in crate::policy) use configuration::{
    TERMS, listed_patterns, listed_references, optional_terms, terms_schema,
};
pub(crate) use counted::network;
pub use limit::{Headroom, Level, Limit, Moment, Period, Window};
pub use limit_key::LimitKey;
pub use limiter::{NoneLeft, RateLimiter, TakenLimit, Took};
pub(in crate::policy) use taking::{CountedLimit, Counts};

use kept::KeptLimits;

use crate::group::GroupName;
use crate::marketplace::MarketplaceName;
use crate::policy::metadata::{PolicyEntry, PolicyOutcome};
use crate::policy::obligation::Obligation;
use crate::policy::policy_type::{
    ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Rule, Stage,
};
use crate::policy::ports::RateLimitStore;
use crate::policy::reference::Reference;
use crate::store::StoreError;
use crate::time::Timestamp;

/// The type `rate_limit`.
///
/// 1. Every limit that is attached must let a query through. Where one does not, what was taken of the others is given back.
/// 2. A limit that is for some callers alone is as if it were not there for all others, and for guests; one that is for all but
///    some, for these.
/// 3. What was taken stays taken, also where the query fails or its caller goes.
/// 4. Where it is asked who could query, and not for a query, nothing is taken and nobody refused.
#[derive(Debug)]
pub struct RateLimitType {
    limiter: Arc<RateLimiter>,
    kept: Option<KeptLimits>,
}

impl RateLimitType {
    /// The type, whose rules take from this limiter.
    #[must_use]
    pub fn new(limiter: Arc<RateLimiter>) -> Self {
        Self { limiter, kept: None }
    }

    /// The type with a limiter of its own, which goes on with what is kept in a store. Where another type takes from the
    /// [same limiter](Self::limiter), that is kept as well.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn kept_in(store: Arc<dyn RateLimitStore>, now: Timestamp) -> Result<Self, StoreError> {
        let limiter = Arc::new(RateLimiter::new(RateLimiter::DEFAULT_KEYS));
        let kept = KeptLimits::load(Arc::clone(&limiter), store, now)?;
        Ok(Self { limiter, kept: Some(kept) })
    }

    /// What its rules take from.
    #[must_use]
    pub fn limiter(&self) -> Arc<RateLimiter> {
        Arc::clone(&self.limiter)
    }
}

impl Default for RateLimitType {
    /// The type with a limiter of its own, which forgets when the program ends.
    fn default() -> Self {
        Self::new(Arc::new(RateLimiter::new(RateLimiter::DEFAULT_KEYS)))
    }
}

impl PolicyType for RateLimitType {
    fn name(&self) -> &'static str {
        "rate_limit"
    }

    fn check_shadow(&self) -> Result<(), &'static str> {
        Ok(())
    }

    fn schema(&self) -> ConfigurationSchema {
        configuration::schema()
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        Ok(RateLimitConfiguration::parse(configuration)?.to_json())
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        let configuration = RateLimitConfiguration::parse(configuration)?;
        let limiter = Arc::clone(&self.limiter);
        Ok(Arc::new(RateRule(CountedLimit::new(limiter, configuration, Counts::Queries)?)))
    }

    fn patterns(&self, configuration: &Value) -> u64 {
        listed_patterns(configuration)
    }

    fn references(&self, configuration: &Value) -> Vec<Reference> {
        listed_references(configuration)
    }

    fn keep(&self, now: Timestamp) -> Result<(), StoreError> {
        self.kept.as_ref().map_or(Ok(()), |kept| kept.keep(now))
    }

    fn outcome(&self) -> PolicyOutcome {
        PolicyOutcome::RateLimited
    }

    fn refusal(&self) -> PolicyEntry {
        PolicyEntry::rejected(
            self.name(),
            "rate_limit",
            "RATE_LIMITED",
            "the endpoint answers no more queries for you at the time; wait, and ask again",
        )
    }
}

struct RateRule(CountedLimit);

impl Rule for RateRule {
    fn stage(&self) -> Stage {
        Stage::Limit
    }

    fn evaluate(&self, facts: &Facts<'_>) -> Finding {
        self.0.evaluate(facts)
    }

    fn groups(&self) -> &[GroupName] {
        self.0.groups()
    }

    fn marketplaces(&self) -> &[MarketplaceName] {
        self.0.marketplaces()
    }

    fn obligation(&self, facts: &Facts<'_>) -> Option<Arc<dyn Obligation>> {
        facts.query.as_ref().and_then(|query| self.0.take(facts, query, 1))
    }

    fn description(&self) -> String {
        self.0.description()
    }
}

#[cfg(test)]
mod limit_tests;
