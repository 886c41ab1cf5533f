//! One thing that happened.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::as_text::text_enum;
use crate::audit::{Action, Person, ReasonCode, RecordedReason};
use crate::ids::{AccountId, ActorId, EventId, PolicyId, RequestId, TenantId};
use crate::marketplace::HubRole;
use crate::policy::PolicyRevision;
use crate::random::{Entropy, RandomError};
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// Whose log an event stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Log {
    /// The installation's, which only the operator reads.
    Installation,
    /// A tenant's own.
    Tenant(TenantId),
}

impl From<&TenantScope> for Log {
    fn from(scope: &TenantScope) -> Self {
        Self::Tenant(scope.tenant())
    }
}

text_enum! {
    /// How it ended.
    pub enum Outcome {
        /// It was done.
        Success = "success",
        /// It was not allowed.
        Denied = "denied",
        /// It was allowed, and failed.
        Failure = "failure",
    }

    /// A text that is no outcome.
    #[error("an outcome is one of: success, denied, failure")]
    pub struct OutcomeError;
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Actor {
    /// Nobody known.
    Anonymous,
    /// The server itself.
    System,
    /// Whoever runs the binary on the host.
    Operator,
    /// An account, with the role it had in the log's tenant.
    Account {
        /// Which account.
        id: AccountId,
        /// Its role then; `None` where it has none, as in the installation's log.
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
    },
    /// A user of a hub, with a satellite token.
    #[serde(rename = "hub_user")]
    HubUser {
        /// Who, as this log alone knows them: see [`SatelliteClaims::actor`](crate::marketplace::SatelliteClaims::actor).
        id: ActorId,
        /// What they were on the hub.
        role: HubRole,
    },
}

impl Actor {
    /// Who it is, where several of a kind are told apart.
    #[must_use]
    pub fn id(&self) -> Option<ActorId> {
        match *self {
            Self::Anonymous | Self::System | Self::Operator => None,
            Self::Account { id, .. } => Some(id.into()),
            Self::HubUser { id, .. } => Some(id),
        }
    }

    /// The name of its kind in JSON and in storage.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::System => "system",
            Self::Operator => "operator",
            Self::Account { .. } => "account",
            Self::HubUser { .. } => "hub_user",
        }
    }

    /// The name of the role it had, in JSON and in storage.
    #[must_use]
    pub fn role(&self) -> Option<&'static str> {
        match *self {
            Self::Anonymous | Self::System | Self::Operator => None,
            Self::Account { role, .. } => role.map(Role::as_str),
            Self::HubUser { role, .. } => Some(role.as_str()),
        }
    }

    /// The actor whose [`kind`](Self::kind), [`id`](Self::id) and [`role`](Self::role) these are.
    ///
    /// # Errors
    /// When there is no such actor.
    pub fn from_parts(kind: &str, id: Option<ActorId>, role: Option<&str>) -> Result<Self, ActorError> {
        match (kind, id, role) {
            ("anonymous", None, None) => Ok(Self::Anonymous),
            ("system", None, None) => Ok(Self::System),
            ("operator", None, None) => Ok(Self::Operator),
            ("account", Some(id), role) => {
                let role = role.map(str::parse).transpose().map_err(|_| ActorError)?;
                Ok(Self::Account { id: AccountId::from_bytes(*id.as_bytes()), role })
            }
            ("hub_user", Some(id), Some(role)) => {
                Ok(Self::HubUser { id, role: role.parse().map_err(|_| ActorError)? })
            }
            _ => Err(ActorError),
        }
    }
}

/// Parts that are no actor's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no such actor")]
pub struct ActorError;

text_enum! {
    /// What kind of thing it was done to.
    pub enum ObjectKind {
        /// A tenant.
        Tenant = "tenant",
        /// A member, by their account's id.
        Member = "member",
        /// An API key.
        ApiKey = "api_key",
        /// A session of a member.
        Session = "session",
        /// An invitation.
        Invitation = "invitation",
        /// A dataset.
        Dataset = "dataset",
        /// A document, as `dataset id/document id`.
        Document = "document",
        /// An ingestion job.
        Job = "job",
        /// An endpoint, by id; by slug where there is none of that name.
        Endpoint = "endpoint",
        /// A policy.
        Policy = "policy",
        /// A group of addresses.
        Group = "group",
        /// A question that waits for approval, or was decided on.
        Approval = "approval",
        /// A hub that the installation trusts.
        Hub = "hub",
        /// A tenant's account on a hub.
        Marketplace = "marketplace",
        /// An endpoint on a marketplace.
        Listing = "listing",
        /// An identity provider that a tenant believes.
        OidcProvider = "oidc_provider",
        /// A key that signs access tokens, by its `kid`.
        SigningKey = "signing_key",
        /// An access review, by its digest.
        AccessReview = "access_review",
        /// A legal hold.
        LegalHold = "legal_hold",
        /// The audit log.
        Audit = "audit",
        /// A sink of the audit logs, by its name.
        AuditSink = "audit_sink",
        /// A route of the API, as `METHOD /path/{of}/the/table`.
        Route = "route",
    }

    /// A text that is no kind of thing.
    #[error("there is no such kind of thing")]
    pub struct ObjectKindError;
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Object {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its id.
    pub id: String,
}

impl Object {
    /// A thing of this kind.
    pub fn new(kind: ObjectKind, id: impl fmt::Display) -> Self {
        Self { kind, id: id.to_string() }
    }
}

/// The parts of an event that nobody can guess, made before the unit of work runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventSeed {
    /// The event's id.
    pub id: EventId,
    /// What its personal data is committed to with.
    pub salt: [u8; 16],
}

impl EventSeed {
    /// A new seed.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn generate(now: Timestamp, entropy: &dyn Entropy) -> Result<Self, RandomError> {
        let mut random = [0u8; 26];
        entropy.fill(&mut random)?;
        let [a, b, c, d, e, f, g, h, i, j, salt @ ..] = random;
        Ok(Self { id: EventId::of_random(now, [a, b, c, d, e, f, g, h, i, j]), salt })
    }
}

/// One thing that happened, as it is written. The store gives it its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What its personal data is committed to with.
    pub salt: [u8; 16],
    /// Whose log it stands in.
    pub log: Log,
    /// When.
    pub time: Timestamp,
    /// What was done.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Who did it.
    pub actor: Actor,
    /// What it was done to.
    pub object: Option<Object>,
    /// Why it ended so.
    pub reason_code: Option<RecordedReason>,
    /// In which request.
    pub request: Option<RequestId>,
    /// How many alike were merged into this one, or of how many things it tells at once; 1 for an ordinary event.
    pub count: u32,
    /// The policy that it hangs on, as it was: the one that decided on a query, where one did; of a change of a policy, what came of it.
    pub policy: Option<PolicyRevision>,
    /// What it knows of a person.
    pub person: Person,
}

impl Event {
    /// Names the thing it was done to.
    #[must_use]
    pub fn on(mut self, kind: ObjectKind, id: impl fmt::Display) -> Self {
        self.object = Some(Object::new(kind, id));
        self
    }

    /// Names the policy that it hangs on.
    #[must_use]
    pub fn of_policy(mut self, id: PolicyId, revision: u64) -> Self {
        self.policy = Some(PolicyRevision { id, revision });
        self
    }

    /// Names an e-mail address that was given.
    #[must_use]
    pub fn about(mut self, email: impl fmt::Display) -> Self {
        self.person.email = Some(email.to_string());
        self
    }

    /// Says that it was refused, and why.
    #[must_use]
    pub fn denied(mut self, reason_code: ReasonCode) -> Self {
        self.outcome = Outcome::Denied;
        self.reason_code = Some(reason_code.into());
        self
    }

    /// Says that it failed, and why.
    #[must_use]
    pub fn failed(mut self, reason_code: ReasonCode) -> Self {
        self.outcome = Outcome::Failure;
        self.reason_code = Some(reason_code.into());
        self
    }
}

/// Where a call comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The client's own description of itself.
    pub user_agent: Option<String>,
}

/// One call: when it came, from where, and what randomness it may use.
#[derive(Clone)]
pub struct RequestContext {
    /// When it came. All that one call does bears this one time.
    pub now: Timestamp,
    /// Its id, which the caller sees too.
    pub request: RequestId,
    /// Where it comes from.
    pub origin: Origin,
    /// Its source of ids and salts.
    pub entropy: Arc<dyn Entropy>,
}

impl RequestContext {
    /// The most characters that are kept of a user agent.
    pub const USER_AGENT_MAX: usize = 256;

    /// A call that begins now.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn begin(now: Timestamp, entropy: Arc<dyn Entropy>, origin: Origin) -> Result<Self, RandomError> {
        let request = RequestId::generate(now, &*entropy)?;
        Ok(Self { now, request, origin, entropy })
    }

    /// What is kept of how the client described itself.
    #[must_use]
    pub fn user_agent(&self) -> Option<String> {
        self.origin.user_agent.as_deref().map(|text| text.chars().take(Self::USER_AGENT_MAX).collect())
    }

    /// Drafts the event of this call: a success until it is said otherwise.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn event(&self, log: impl Into<Log>, action: Action, actor: Actor) -> Result<Event, RandomError> {
        let EventSeed { id, salt } = EventSeed::generate(self.now, &*self.entropy)?;
        Ok(Event {
            id,
            salt,
            log: log.into(),
            time: self.now,
            action,
            outcome: Outcome::Success,
            actor,
            object: None,
            reason_code: None,
            request: Some(self.request),
            count: 1,
            policy: None,
            person: Person {
                address: self.origin.address,
                email: None,
                user_agent: self.user_agent(),
                ..Person::default()
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u1_an_actor_is_made_of_its_own_parts_and_of_no_other() {
        let id = ActorId::from_bytes([1; 16]);
        let account = |role| Actor::Account { id: AccountId::from_bytes([1; 16]), role };
        let actors =
            [Actor::Anonymous, Actor::System, Actor::Operator, account(None), account(Some(Role::Admin))];
        let hub_user = |role| Actor::HubUser { id, role };
        for actor in actors.into_iter().chain(HubRole::ALL.map(hub_user)) {
            assert_eq!(Actor::from_parts(actor.kind(), actor.id(), actor.role()), Ok(actor));
        }
        let parts = [
            ("somebody", None, None),
            ("anonymous", Some(id), None),
            ("system", None, Some("owner")),
            ("account", None, Some("owner")),
            ("account", Some(id), Some("guest")),
            ("hub_user", Some(id), None),
            ("hub_user", Some(id), Some("owner")),
        ];
        for (kind, id, role) in parts {
            assert_eq!(Actor::from_parts(kind, id, role), Err(ActorError), "{kind} {id:?} {role:?}");
        }
    }
}
