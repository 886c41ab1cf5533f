//! A policy type of your own: `quota` lets a policy answer so many queries an hour. This file is the whole type; one line
//! in `main` registers it.
//!
//! `cargo run -p syft-space-domain --example embed_policy_type`

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use syft_space_domain::Pending;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{EndpointId, HubId, PolicyId};
use syft_space_domain::policy::{
    Allowance, Caller, CompiledPolicy, ConfigurationError, ConfigurationSchema, Decision, DecisionContext,
    Facts, Finding, Hold, Obligation, ObligationContext, ObligationError, PolicySet, PolicyType, PolicyTypes,
    Release, Resource, Rule, Shortfall, Stage, Subject,
};
use syft_space_domain::time::Timestamp;

const HOUR: i64 = 3_600_000_000;

/// The port: how many queries of each policy were answered, or are on their way, and in which hour. This one forgets when
/// the program ends; yours might keep it in a database.
#[derive(Default)]
struct Counters(Mutex<HashMap<PolicyId, (i64, u64)>>);

impl Counters {
    fn with<T>(&self, policy: PolicyId, now: Timestamp, work: impl FnOnce(&mut u64) -> T) -> T {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hour = now.as_unix_micros().div_euclid(HOUR);
        let counter = counters.entry(policy).or_default();
        if counter.0 != hour {
            *counter = (hour, 0);
        }
        work(&mut counter.1)
    }
}

/// The type. What its rules need is given to it when it is registered.
#[derive(Default)]
struct QuotaType(Arc<Counters>);

impl PolicyType for QuotaType {
    fn name(&self) -> &'static str {
        "quota"
    }

    fn schema(&self) -> ConfigurationSchema {
        json!({
            "type": "object", "additionalProperties": false, "required": ["hourly"],
            "properties": { "hourly": { "type": "integer", "minimum": 1 } },
        })
        .into()
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        Ok(json!({ "hourly": hourly(configuration)? }))
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        Ok(Arc::new(Quota { hourly: hourly(configuration)?, counters: Arc::clone(&self.0) }))
    }
}

fn hourly(configuration: &Value) -> Result<u64, ConfigurationError> {
    let known = configuration.as_object().filter(|object| object.len() == 1);
    let hourly = known.and_then(|object| object.get("hourly")?.as_u64()).filter(|hourly| *hourly > 0);
    hourly.ok_or_else(|| ConfigurationError {
        pointer: "/hourly".to_owned(),
        message: "say how many queries an hour are answered, at least 1".to_owned(),
    })
}

/// The rule that a configuration becomes. It decides nothing by itself, but obliges to take from the counter.
struct Quota {
    hourly: u64,
    counters: Arc<Counters>,
}

impl Rule for Quota {
    fn stage(&self) -> Stage {
        Stage::Limit
    }

    fn evaluate(&self, _: &Facts<'_>) -> Finding {
        Finding::NotMatched
    }

    fn obligation(&self, facts: &Facts<'_>) -> Option<Arc<dyn Obligation>> {
        let (hourly, counters) = (self.hourly, Arc::clone(&self.counters));
        Some(Arc::new(TakeOne { policy: facts.policy, hourly, counters }))
    }

    fn description(&self) -> String {
        "Only so many queries an hour are answered.".to_owned()
    }
}

/// To take one query from what is left.
struct TakeOne {
    policy: PolicyId,
    hourly: u64,
    counters: Arc<Counters>,
}

impl TakeOne {
    fn shortfall(&self) -> ObligationError {
        let rule = format!("{} an hour", self.hourly).into();
        // Yours may say when there is more, and how its limit stands: the caller is told.
        ObligationError::Shortfall(Shortfall { rule, retry_after: None, allowance: None })
    }
}

impl Obligation for TakeOne {
    fn look<'a>(
        &'a self,
        context: &'a ObligationContext,
    ) -> Pending<'a, Result<Option<Allowance>, ObligationError>> {
        Box::pin(async move {
            let taken = self.counters.with(self.policy, context.now, |taken| *taken);
            if taken < self.hourly { Ok(None) } else { Err(self.shortfall()) }
        })
    }

    fn perform<'a>(
        &'a self,
        context: &'a ObligationContext,
    ) -> Pending<'a, Result<Box<dyn Hold>, ObligationError>> {
        Box::pin(async move {
            let now = context.now;
            let took = self.counters.with(self.policy, now, |taken| {
                let left = *taken < self.hourly;
                *taken += u64::from(left);
                left
            });
            let taken = Taken { policy: self.policy, now, counters: Arc::clone(&self.counters) };
            if !took {
                return Err(self.shortfall());
            }
            let hold: Box<dyn Hold> = Box::new(taken);
            Ok(hold)
        })
    }
}

/// One query that is on its way.
struct Taken {
    policy: PolicyId,
    now: Timestamp,
    counters: Arc<Counters>,
}

impl Hold for Taken {
    fn settle(self: Box<Self>) {}

    fn release(self: Box<Self>, _: Release) {
        // A query that was not answered costs nothing.
        self.counters.with(self.policy, self.now, |taken| *taken = taken.saturating_sub(1));
    }
}

/// What a query does with the decision: it performs what that obliges to, works, and settles. `explain` only looks.
fn answer(decision: Decision, now: Timestamp, works: bool) -> String {
    let (decision, obligations) = futures_executor::block_on(decision.perform(&ObligationContext::at(now)));
    if !decision.is_allow() {
        let rule =
            decision.diagnostics.decided_by.map_or_else(String::new, |decider| decider.rule.to_string());
        return format!("refused ({}): {rule}", decision.diagnostics.reason);
    }
    if works {
        obligations.settle();
        "answered".to_owned()
    } else {
        // Dropped, as also when a caller hangs up or the work panics.
        "the work failed: what was taken is given back".to_owned()
    }
}

/// The endpoint that is queried.
fn handbook() -> Resource {
    Resource::published(EndpointId::from_bytes([3; 16]))
}

/// An endpoint that staff may query, twice an hour.
fn endpoint(types: &PolicyTypes) -> Result<PolicySet, Box<dyn Error>> {
    let staff = types.parse("access", &json!({ "mode": "allow", "patterns": ["*@company.com"] }))?;
    let quota = types.parse("quota", &json!({ "hourly": 2 }))?;
    let compile =
        |(number, one)| Arc::new(CompiledPolicy::compile(types, PolicyId::from_bytes([number; 16]), 1, one));
    Ok(PolicySet::new([(1, &staff), (2, &quota)].map(compile)))
}

#[expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]
fn main() -> Result<(), Box<dyn Error>> {
    // The one line. A space is given these types, and its snapshots the same.
    let types = PolicyTypes::default().with(QuotaType::default());

    if let Err(error) = types.parse("quota", &json!({ "hourly": 0 })) {
        println!("refused: {error}");
    }
    let policies = endpoint(&types)?;
    let now = Timestamp::parse("2026-11-24T09:30:00Z")?;
    let eve = Email::parse("eve@company.com")?;
    let caller = Caller::HubUser {
        hub: Some(HubId::from_bytes([7; 16])),
        subject: Subject::Identified { email: Some(&eve) },
    };
    for works in [true, false, true, true] {
        println!("{}", answer(policies.decide(handbook(), &caller, &DecisionContext::at(now)), now, works));
    }
    let decision = policies.decide(handbook(), &caller, &DecisionContext::at(now));
    let explained = futures_executor::block_on(decision.look(&ObligationContext::at(now))).0;
    println!("explained: {} ({})", explained.effect, explained.diagnostics.reason);
    for policy in policies.iter().filter_map(|policy| policy.description()) {
        println!("told to a hub: {}: {}", policy.0, policy.1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_of_ones_own_limits_counts_and_is_explained() -> Result<(), Box<dyn Error>> {
        let policies = endpoint(&PolicyTypes::default().with(QuotaType::default()))?;
        let now = Timestamp::parse("2026-11-24T09:30:00Z")?;
        let (eve, bob) = (Email::parse("eve@company.com")?, Email::parse("bob@elsewhere.example")?);
        let decide = |email, now| {
            let subject = Subject::Identified { email: Some(email) };
            policies.decide(
                handbook(),
                &Caller::HubUser { hub: Some(HubId::from_bytes([7; 16])), subject },
                &DecisionContext::at(now),
            )
        };
        let context = ObligationContext::at(now);
        let looked = || futures_executor::block_on(decide(&eve, now).look(&context)).0.is_allow();
        assert_eq!(answer(decide(&eve, now), now, true), "answered");
        assert!(looked() && looked() && looked(), "a look takes nothing");
        assert!(answer(decide(&bob, now), now, true).starts_with("refused (no_policy_allows)"));
        assert!(answer(decide(&eve, now), now, false).starts_with("the work failed"));
        assert_eq!(answer(decide(&eve, now), now, true), "answered", "neither of them cost anything");
        assert_eq!(answer(decide(&eve, now), now, true), "refused (limit_reached): 2 an hour");
        assert!(!looked(), "explaining agrees");
        let later = Timestamp::parse("2026-11-24T10:00:00Z")?;
        assert_eq!(answer(decide(&eve, later), later, true), "answered");
        Ok(())
    }

    #[test]
    fn a_space_without_the_type_closes_the_endpoint() -> Result<(), Box<dyn Error>> {
        let types = PolicyTypes::default().with(QuotaType::default());
        let stored = types.parse("quota", &json!({ "hourly": 2 }))?;
        let compiled =
            CompiledPolicy::compile(&PolicyTypes::default(), PolicyId::from_bytes([2; 16]), 1, &stored);
        let policies = PolicySet::new([Arc::new(compiled)]);
        let eve = Email::parse("eve@company.com")?;
        let caller = Caller::HubUser {
            hub: Some(HubId::from_bytes([7; 16])),
            subject: Subject::Identified { email: Some(&eve) },
        };
        let decision =
            policies.decide(handbook(), &caller, &DecisionContext::at(Timestamp::from_unix_micros(0)));
        assert_eq!(decision.diagnostics.reason.as_str(), "policy_unavailable");
        Ok(())
    }
}
