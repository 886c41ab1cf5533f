//! What a type of policy is: how its configuration is read, and the rule that comes of it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::as_text::named_enum;
use crate::dataset::Hits;
use crate::group::{GroupMemberships, GroupName};
use crate::identity::Email;
use crate::ids::{EndpointId, HubId, PolicyId, TenantId};
use crate::marketplace::{MarketplaceHubs, MarketplaceName};
use crate::policy::context::QueryFacts;
use crate::policy::obligation::Obligation;
use crate::policy::purpose::Purpose;
use crate::policy::redactions::Redactions;
use crate::policy::reference::Reference;
use crate::policy::{PolicyEntry, PolicyOutcome};
use crate::store::StoreError;
use crate::time::Timestamp;

/// A type of policy, registered with [`PolicyTypes`](crate::policy::PolicyTypes). All that is particular to a type stands
/// in the one file that implements this and [`Rule`].
pub trait PolicyType: Send + Sync {
    /// Its name in JSON and in storage, in `snake_case`. It never changes.
    fn name(&self) -> &'static str;

    /// What its configuration looks like, as JSON Schema.
    fn schema(&self) -> ConfigurationSchema;

    /// Checks a caller's configuration, and brings it into the form that is stored and shown. Reading that form again
    /// gives the same.
    ///
    /// # Errors
    /// When it is no configuration of this type.
    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError>;

    /// Makes the rule of a configuration that [`PolicyType::parse`] answered, now or in an earlier version. Endpoints,
    /// policies and tenants with the same configuration share the rule, so it keeps nothing from one call to the next.
    ///
    /// # Errors
    /// When it cannot be read. The endpoints that it is attached to are closed then.
    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError>;

    /// Whether such a policy says who may query. An endpoint without one is for the tenant's members.
    fn names_callers(&self) -> bool {
        false
    }

    /// Whether a policy of the type can be tried in [shadow](crate::policy::Enforcement::Shadow). It can where its rules and what they
    /// oblige to find out what they say without waiting and without writing to the store, take nothing but what is the policy's own,
    /// and change nothing of what is shown: a hold of a policy in shadow is settled or released, and not asked for anything else.
    ///
    /// # Errors
    /// Why it cannot, and what to do instead.
    fn check_shadow(&self) -> Result<(), &'static str> {
        Err(
            "policies of this type cannot be tried in shadow: attach it to an endpoint of its own, and ask that",
        )
    }

    /// Whether what its rules decide can be decided again by what a log keeps of a query: who asked (their role, their address, the
    /// hub that they came from, or that they were a guest), for which purpose, and when. Not the question, nor how it was to be
    /// answered, nor the client's address, the API key, or what had been taken from a limit. Where what a rule hangs on is not known any more, the rule says so
    /// ([`Finding::AddressUnknown`], [`Finding::PurposeMissing`]).
    fn is_replayable(&self) -> bool {
        false
    }

    /// How many patterns a configuration that [`PolicyType::parse`] answered holds, of those a tenant may have.
    fn patterns(&self, configuration: &Value) -> u64 {
        let _ = configuration;
        0
    }

    /// The groups and marketplaces that a configuration names which [`PolicyType::parse`] has taken, as a caller wrote it. Whatever
    /// its rule asks for ([`Rule::groups`], [`Rule::marketplaces`]) is among them.
    fn references(&self, configuration: &Value) -> Vec<Reference> {
        let _ = configuration;
        Vec::new()
    }

    /// How a query ends that such a policy refuses.
    fn outcome(&self) -> PolicyOutcome {
        PolicyOutcome::PolicyViolation
    }

    /// Keeps what its rules have taken since this was last called, where that is to outlive the process: it is called about
    /// twice a second while queries are answered, and once more at the end. It may block.
    ///
    /// # Errors
    /// When it cannot be kept at the time. It is tried again.
    fn keep(&self, now: Timestamp) -> Result<(), StoreError> {
        let _ = now;
        Ok(())
    }

    /// What a caller learns whom such a policy refuses. It never shows a rule: those are the owner's.
    fn refusal(&self) -> PolicyEntry {
        PolicyEntry::rejected(
            self.name(),
            "policy",
            "POLICY_VIOLATION",
            "a policy of the endpoint does not permit the query",
        )
    }

    /// The same, where there is not enough left of what such a policy demands.
    fn shortfall(&self) -> (PolicyOutcome, PolicyEntry) {
        (self.outcome(), self.refusal())
    }
}

/// What a configuration looks like, as JSON Schema.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigurationSchema {
    /// As it is taken.
    pub taken: Value,
    /// As it is stored and shown.
    pub shown: Value,
    /// A merge patch (RFC 7396) of it.
    pub patch: Value,
}

impl From<Value> for ConfigurationSchema {
    /// For a configuration that is shown as it is taken.
    fn from(schema: Value) -> Self {
        Self { taken: schema.clone(), shown: schema, patch: serde_json::json!({ "type": "object" }) }
    }
}

/// A configuration that cannot be read: where, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{message}", .pointer, if .pointer.is_empty() { "" } else { ": " })]
pub struct ConfigurationError {
    /// A JSON pointer (RFC 6901) into the configuration, empty where it is meant as a whole.
    pub pointer: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// A compiled configuration, which decides on queries.
pub trait Rule: Send + Sync {
    /// What follows where it matches: whom an [`Effect::Allow`] matches is let in, beside others of its stage; whom an
    /// [`Effect::Deny`] matches is refused, whatever allows them.
    fn effect(&self) -> Effect {
        Effect::Deny
    }

    /// When it is asked.
    fn stage(&self) -> Stage {
        Stage::Admit
    }

    /// Whether it matches. Decides the same from the same facts, and does nothing besides.
    fn evaluate(&self, facts: &Facts<'_>) -> Finding;

    /// The groups that it hangs on. Where one of them cannot be read, the policy cannot be evaluated, and refuses everybody.
    fn groups(&self) -> &[GroupName] {
        &[]
    }

    /// The marketplaces that it hangs on. Where there is none of one of these names, the policy cannot be evaluated, and refuses
    /// everybody.
    fn marketplaces(&self) -> &[MarketplaceName] {
        &[]
    }

    /// About how many steps [`Rule::evaluate`] takes where no question is asked; 1 where it does not hang on the configuration. Work over many
    /// callers is bounded by it.
    fn cost(&self) -> usize {
        1
    }

    /// The purposes of which a query must name one, where it must.
    fn purposes(&self) -> Option<&BTreeSet<Purpose>> {
        None
    }

    /// What must be done for a query that is let in.
    fn obligation(&self, facts: &Facts<'_>) -> Option<Arc<dyn Obligation>> {
        let _ = facts;
        None
    }

    /// What is left of what was found, where the stage is [`Stage::Filter`]: the hits, the closest first, and behind them the
    /// chunks that are to be shown around them. Each chunk is there once, and none is shown that is not left. A hit's metadata is its owner's; its location is
    /// text of the document, and goes where the filter gives the hit another content. What it takes away it counts, by a name that
    /// stands in the audit log.
    fn filter(&self, hits: Hits, redactions: &mut Redactions) -> Hits {
        let _ = redactions;
        hits
    }

    /// Whether the event of an answer tells which documents it shows, where the stage is [`Stage::Filter`].
    fn records_shown(&self) -> bool {
        false
    }

    /// One sentence for a hub and its users. It names no person and shows no pattern.
    fn description(&self) -> String;
}

named_enum! {
    /// What a rule, or all of them, leads to.
    pub enum Effect {
        /// The query is let in.
        Allow = "allow",
        /// It is not.
        Deny = "deny",
    }
}

/// When a rule is asked. All rules of a stage must be content before the next is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// First: who may query at all.
    Admit,
    /// Then: how often, or how much.
    Limit,
    /// Then: whether somebody has approved it. Whoever asks on and on has been counted by then, and nothing is charged yet.
    Approve,
    /// Then: for what price.
    Charge,
    /// Last. Once the work is done, such a rule also has a say in what is shown of it.
    Filter,
}

/// What a rule may know.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The policy whose rule is asked.
    pub policy: PolicyId,
    /// Whose it is.
    pub tenant: Option<TenantId>,
    /// The endpoint that it is attached to.
    pub endpoint: EndpointId,
    /// Who wants to query.
    pub subject: Subject<'a>,
    /// The hub that they come from, and on which the tenant has an account; `None` of who comes from none.
    pub hub: Option<HubId>,
    /// The time.
    pub now: Timestamp,
    /// The query; `None` where it is asked who could make one, as for a list. A rule that hangs on a query does not match then.
    pub query: Option<QueryFacts<'a>>,
    /// Who is in each of the tenant's groups. Where nobody says, no group can be read.
    pub groups: Option<&'a GroupMemberships>,
    /// Which hub each of the tenant's marketplaces is on. Where nobody says, there are none.
    pub marketplaces: Option<&'a MarketplaceHubs>,
}

impl Facts<'_> {
    /// The hub that the marketplace of a name is on.
    #[must_use]
    pub fn hub_of(&self, marketplace: &MarketplaceName) -> Option<HubId> {
        self.marketplaces.and_then(|marketplaces| marketplaces.hub(marketplace))
    }

    /// Whether it can be told who is in a group.
    #[must_use]
    pub fn can_read(&self, group: &GroupName) -> bool {
        self.groups.is_some_and(|groups| groups.is_readable(group))
    }
}

/// Who wants to query.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// Somebody who has proved who they are: a member, or a user of a marketplace.
    Identified {
        /// Their address, if it is known.
        email: Option<&'a Email>,
    },
    /// Anybody at all. No pattern ever means a guest, whatever address a guest's token shows.
    Guest,
}

/// What a rule finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It matches, by this part of its configuration. The owner is shown it, and nobody else.
    Matched(Arc<str>),
    /// It does not match.
    NotMatched,
    /// It cannot tell without the caller's address, which is unknown. A hub is asked for it only then.
    AddressUnknown,
    /// It cannot tell without the query's purpose, which was not said.
    PurposeMissing,
    /// It cannot tell at all, for a group that it hangs on cannot be read.
    Unavailable,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
