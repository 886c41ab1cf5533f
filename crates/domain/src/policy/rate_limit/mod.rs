//! The policy type `rate_limit`: how many queries are let through in a time.

mod configuration;
mod kept;
mod limit;
mod limit_key;
mod limiter;
mod limiter_time;
mod sync;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};

pub use configuration::{RateLimitConfiguration, RateLimitConfigurationError, RateLimitProblem, RateScope};
pub use limit::{Headroom, Level, Limit, Moment, Period, Window};
pub use limit_key::LimitKey;
pub use limiter::{NoneLeft, RateLimiter, TakenLimit, Took};

use kept::KeptLimits;

use crate::Pending;
use crate::ids::{ActorId, ApiKeyId, EndpointId};
use crate::policy::allowance::{Allowance, LimitStatus};
use crate::policy::context::QueryFacts;
use crate::policy::metadata::{PolicyEntry, PolicyOutcome};
use crate::policy::obligation::{Hold, Obligation, ObligationContext, ObligationError, Release, Shortfall};
use crate::policy::policy_type::{
    ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Rule, Stage, Subject,
};
use crate::policy::ports::RateLimitStore;
use crate::store::StoreError;
use crate::time::Timestamp;

/// The type `rate_limit`.
///
/// 1. Every limit that is attached must let a query through. Where one does not, what was taken of the others is given back.
/// 2. What was taken stays taken, also where the query fails or its caller goes.
/// 3. Where it is asked who could query, and not for a query, nothing is taken and nobody refused.
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

    /// The type with a limiter of its own, which goes on with what is kept in a store.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn kept_in(store: Arc<dyn RateLimitStore>, now: Timestamp) -> Result<Self, StoreError> {
        let limiter = Arc::new(RateLimiter::new(RateLimiter::DEFAULT_KEYS));
        let kept = KeptLimits::load(Arc::clone(&limiter), store, now)?;
        Ok(Self { limiter, kept: Some(kept) })
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

    fn schema(&self) -> ConfigurationSchema {
        configuration::schema()
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        Ok(RateLimitConfiguration::parse(configuration)?.to_json())
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        let configuration = RateLimitConfiguration::parse(configuration)?;
        let wording = Wording::of(&configuration);
        let limiter = Arc::clone(&self.limiter);
        Ok(Arc::new(RateRule { limiter, configuration, wording }))
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

struct RateRule {
    limiter: Arc<RateLimiter>,
    configuration: RateLimitConfiguration,
    wording: Wording,
}

/// What is told of a limit, made once.
#[derive(Debug, Clone)]
struct Wording {
    /// To the owner.
    rule: Arc<str>,
    /// To callers.
    name: Arc<str>,
    quota: u64,
    window: Duration,
}

/// Who is counted by a limit. Each kind has bytes of its own, so that none stands for another.
enum Counted {
    Principal(ActorId),
    Guest(EndpointId, Option<IpAddr>),
    Key(ApiKeyId),
    Endpoint(EndpointId),
    Address(Option<IpAddr>),
    Everybody,
}

impl Rule for RateRule {
    fn stage(&self) -> Stage {
        Stage::Limit
    }

    fn evaluate(&self, _: &Facts<'_>) -> Finding {
        Finding::NotMatched
    }

    fn obligation(&self, facts: &Facts<'_>) -> Option<Arc<dyn Obligation>> {
        let query = facts.query.as_ref()?;
        let counted = Counted::of(self.configuration.scope, facts, query);
        let mut hash = Sha256::new()
            .chain_update(facts.policy.as_bytes())
            .chain_update(self.configuration.scope.as_str());
        // What was taken of a window of the other kind means something else.
        hash.update(match self.configuration.limit.window {
            Window::Sliding { .. } => [0],
            Window::Strict => [1],
        });
        counted.hash(&mut hash);
        Some(Arc::new(TakeOne {
            limiter: Arc::clone(&self.limiter),
            key: LimitKey::new(facts.policy.as_bytes(), &hash.finalize().into()),
            limit: self.configuration.limit,
            wording: self.wording.clone(),
        }))
    }

    fn description(&self) -> String {
        let RateLimitConfiguration { limit, scope } = self.configuration;
        let period = match limit.period {
            Period::Second => "second",
            Period::Minute => "minute",
            Period::Hour => "hour",
            Period::Day => "day",
        };
        let queries = if limit.number == 1 { "query" } else { "queries" };
        let counted = match scope {
            RateScope::User => " of each caller",
            RateScope::Key => " with each API key",
            RateScope::Address => " from each address",
            RateScope::Endpoint | RateScope::Tenant => "",
        };
        format!("At most {} {queries} a {period}{counted} are answered.", limit.number)
    }
}

impl Wording {
    fn of(configuration: &RateLimitConfiguration) -> Self {
        let RateLimitConfiguration { limit, scope } = configuration;
        let (number, burst, period) = (limit.number, limit.burst(), limit.period.duration());
        let mut name = format!("{}-{number}-{}", scope.as_str(), period.as_secs());
        let mut rule = format!("{} per {}", configuration.rate(), scope.as_str());
        if burst != number {
            name.push_str(&format!("-{burst}"));
            rule.push_str(&format!(", burst {burst}"));
        }
        if limit.window == Window::Strict {
            name.push_str("-strict");
            rule.push_str(", strict");
        }
        // A quota is never less than what may be left of it.
        let (quota, window) = if burst > number { (burst, limit.refill()) } else { (number, period) };
        Self { rule: rule.into(), name: name.into(), quota: quota.into(), window }
    }

    fn status(&self, headroom: Headroom) -> LimitStatus {
        LimitStatus {
            name: Arc::clone(&self.name),
            quota: self.quota,
            window: self.window,
            remaining: headroom.remaining.into(),
            reset: micros(headroom.more_in),
        }
    }

    fn shortfall(&self, limit: &Limit, none: NoneLeft) -> ObligationError {
        ObligationError::Shortfall(Shortfall {
            rule: Arc::clone(&self.rule),
            retry_after: Some(micros(none.wait)),
            allowance: Some(Allowance::Limit(self.status(limit.headroom(none.taken, none.at)))),
        })
    }
}

fn micros(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

impl Counted {
    fn of(scope: RateScope, facts: &Facts<'_>, query: &QueryFacts<'_>) -> Self {
        let user = || match (facts.subject, query.principal) {
            (Subject::Identified { .. }, Some(principal)) => Self::Principal(principal),
            // All guests of a hub are one principal there.
            (Subject::Guest, _) => Self::Guest(facts.endpoint, query.address),
            // Nobody is known to call like this.
            (Subject::Identified { .. }, None) => Self::Address(query.address),
        };
        match scope {
            RateScope::User => user(),
            RateScope::Key => query.key.map_or_else(user, Self::Key),
            RateScope::Endpoint => Self::Endpoint(facts.endpoint),
            RateScope::Address => Self::Address(query.address),
            RateScope::Tenant => Self::Everybody,
        }
    }

    fn hash(&self, hash: &mut Sha256) {
        match self {
            Self::Principal(principal) => hash_parts(hash, 0, &[principal.as_bytes()]),
            Self::Guest(endpoint, address) => hash_parts(hash, 1, &[endpoint.as_bytes(), &network(*address)]),
            Self::Key(key) => hash_parts(hash, 2, &[key.as_bytes()]),
            Self::Endpoint(endpoint) => hash_parts(hash, 3, &[endpoint.as_bytes()]),
            Self::Address(address) => hash_parts(hash, 4, &[&network(*address)]),
            Self::Everybody => hash_parts(hash, 5, &[]),
        }
    }
}

fn hash_parts(hash: &mut Sha256, kind: u8, parts: &[&[u8; 16]]) {
    hash.update([kind]);
    for part in parts {
        hash.update(part);
    }
}

/// What an address counts as: an IPv4 address by itself, also where it is written as IPv6; of IPv6 the first 64 bits, for one
/// subscriber has all that begin with them. Clients whose address is unknown are one.
pub(crate) fn network(address: Option<IpAddr>) -> [u8; 16] {
    match address.map(|address| address.to_canonical()) {
        None => [0; 16],
        Some(IpAddr::V4(address)) => address.to_ipv6_mapped().octets(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 1).octets()
        }
    }
}

/// To take one query of a limit.
struct TakeOne {
    limiter: Arc<RateLimiter>,
    key: LimitKey,
    limit: Limit,
    wording: Wording,
}

impl Obligation for TakeOne {
    fn look<'a>(
        &'a self,
        context: &'a ObligationContext,
    ) -> Pending<'a, Result<Option<Allowance>, ObligationError>> {
        Box::pin(async move {
            let looked = self.limiter.look(self.key, &self.limit, context.now);
            looked
                .map(|headroom| Some(Allowance::Limit(self.wording.status(headroom))))
                .map_err(|none| self.wording.shortfall(&self.limit, none))
        })
    }

    fn perform<'a>(
        &'a self,
        context: &'a ObligationContext,
    ) -> Pending<'a, Result<Box<dyn Hold>, ObligationError>> {
        // Nothing is taken until this is waited for, so what is taken has a hold that ends it.
        Box::pin(async move {
            let took = self.limiter.take(self.key, &self.limit, context.now);
            let took = took.map_err(|none| self.wording.shortfall(&self.limit, none))?;
            let limiter = Arc::clone(&self.limiter);
            let status = self.wording.status(self.limit.headroom(took.after, took.at));
            let hold: Box<dyn Hold> = Box::new(Taken { limiter, took, limit: self.limit, status });
            Ok(hold)
        })
    }
}

/// A query that was taken of a limit.
struct Taken {
    limiter: Arc<RateLimiter>,
    took: Took,
    limit: Limit,
    status: LimitStatus,
}

impl Hold for Taken {
    fn status(&self) -> Option<LimitStatus> {
        Some(self.status.clone())
    }

    fn settle(self: Box<Self>) {}

    fn release(self: Box<Self>, why: Release) {
        match why {
            Release::Refused => self.limiter.give_back(&self.took, &self.limit),
            // Who hangs up, whose query costs so much that it fails, or whose question waits for approval does not ask for free.
            Release::Failed | Release::Canceled | Release::Unapproved => {}
        }
    }
}
