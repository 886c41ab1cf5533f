//! What is told of a limit: to the owner, to callers, and to a hub.

use std::sync::Arc;
use std::time::Duration;

use super::RateScope;
use super::configuration::{AppliesTo, RateLimitConfiguration};
use super::limit::{Headroom, Limit, Period, Window};
use super::limiter::NoneLeft;
use crate::policy::allowance::{Allowance, LimitStatus};
use crate::policy::obligation::{ObligationError, Shortfall};

/// What is told of a limit, made once.
#[derive(Debug, Clone)]
pub(super) struct Wording {
    /// To the owner.
    rule: Arc<str>,
    /// To callers.
    name: Arc<str>,
    unit: &'static str,
    quota: u64,
    window: Duration,
}

impl Wording {
    /// Of a limit that counts queries, or something else, which its name says then.
    pub(super) fn of(configuration: &RateLimitConfiguration, unit: &'static str) -> Self {
        let RateLimitConfiguration { limit, scope, .. } = configuration;
        let (number, burst, period) = (limit.number, limit.burst(), limit.period.duration());
        let mut name = format!("{}-{number}-{}", scope.as_str(), period.as_secs());
        let mut rule = format!("{} per {}", configuration.rate(), scope.as_str());
        if unit != LimitStatus::QUERIES {
            name.insert_str(0, &format!("{unit}-"));
            rule.insert_str(0, &format!("{unit}: "));
        }
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
        Self { rule: rule.into(), name: name.into(), unit, quota: quota.into(), window }
    }

    /// The same of what those have together whom a pattern means.
    pub(super) fn of_pattern(&self, pattern: &str) -> Self {
        Self { rule: format!("{} {pattern}", self.rule).into(), ..self.clone() }
    }

    pub(super) fn status(&self, headroom: Headroom) -> LimitStatus {
        LimitStatus {
            name: Arc::clone(&self.name),
            unit: self.unit,
            quota: self.quota,
            window: self.window,
            remaining: headroom.remaining.into(),
            reset: micros(headroom.more_in),
        }
    }

    pub(super) fn shortfall(&self, limit: &Limit, none: NoneLeft) -> ObligationError {
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

/// A sentence for a hub on what is answered: so many of something.
pub(super) fn sentence(configuration: &RateLimitConfiguration, one: &str, many: &str) -> String {
    let RateLimitConfiguration { limit, scope, applies_to } = configuration;
    let period = match limit.period {
        Period::Second => "second",
        Period::Minute => "minute",
        Period::Hour => "hour",
        Period::Day => "day",
    };
    let each = match scope {
        RateScope::User => " of each caller",
        RateScope::Key => " with each API key",
        RateScope::Address => " from each address",
        RateScope::Endpoint | RateScope::Tenant | RateScope::Pattern => "",
    };
    let whom = match applies_to {
        AppliesTo::Everybody => "",
        AppliesTo::Only(_) => " of people whom the owner names",
        AppliesTo::AllBut(_) => " of all but people whom the owner names",
    };
    let counted = match (scope, applies_to) {
        (_, AppliesTo::Everybody) => each.to_owned(),
        (RateScope::User, AppliesTo::Only(_)) => " of each caller whom the owner names".to_owned(),
        (RateScope::User, AppliesTo::AllBut(_)) => {
            " of each caller but those whom the owner names".to_owned()
        }
        (RateScope::Key, _) => format!("{each}{whom}"),
        (RateScope::Address, _) => format!("{whom},{each}"),
        (RateScope::Endpoint | RateScope::Tenant | RateScope::Pattern, _) => format!("{whom}, together,"),
    };
    let unit = if limit.number == 1 { one } else { many };
    format!("At most {} {unit} a {period}{counted} are answered.", limit.number)
}
