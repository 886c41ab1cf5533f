//! One thing that happened.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::as_text::text_enum;
use crate::audit::{Action, HubUser, Person};
use crate::ids::{AccountId, ActorId, EventId, RequestId, TenantId};
use crate::marketplace::HubRole;
use crate::page::PageItem;
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
}

text_enum! {
    /// What kind of thing it was done to.
    pub enum ObjectKind {
        /// A tenant.
        Tenant = "tenant",
        /// A membership, by its account's id.
        Member = "member",
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
        /// A hub that the installation trusts.
        Hub = "hub",
        /// A tenant's account on a hub.
        Marketplace = "marketplace",
        /// An endpoint on a marketplace.
        Listing = "listing",
        /// The audit log.
        Audit = "audit",
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
        let id = EventId::generate(now, entropy)?;
        let mut salt = [0u8; 16];
        entropy.fill(&mut salt)?;
        Ok(Self { id, salt })
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
    /// Why it ended so: a stable word such as `access_denied`.
    pub reason_code: Option<String>,
    /// In which request.
    pub request: Option<RequestId>,
    /// How many alike were merged into this one; 1 for an ordinary event.
    pub count: u32,
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

    /// Names an e-mail address that was given.
    #[must_use]
    pub fn about(mut self, email: impl fmt::Display) -> Self {
        self.person.email = Some(email.to_string());
        self
    }

    /// Names who somebody is on the hub that they came from.
    #[must_use]
    pub fn by_hub_user(mut self, hub_user: HubUser) -> Self {
        self.person.hub_user = Some(hub_user);
        self
    }

    /// Says that it was refused, and why.
    #[must_use]
    pub fn denied(mut self, reason_code: impl Into<String>) -> Self {
        self.outcome = Outcome::Denied;
        self.reason_code = Some(reason_code.into());
        self
    }

    /// Says that it failed, and why.
    #[must_use]
    pub fn failed(mut self, reason_code: impl Into<String>) -> Self {
        self.outcome = Outcome::Failure;
        self.reason_code = Some(reason_code.into());
        self
    }

    /// Puts it into another log.
    #[must_use]
    pub fn into_log(mut self, log: Log) -> Self {
        self.log = log;
        self
    }
}

/// An event as it is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Its number in its log: 1, 2, 3 …, without gaps.
    pub seq: u64,
    /// The event. Its personal data is empty where it was erased.
    pub event: Event,
}

impl PageItem for RecordedEvent {
    fn bytes(&self) -> usize {
        let Event { object, reason_code, person, .. } = &self.event;
        let length = |text: &Option<String>| text.as_deref().map_or(0, str::len);
        let object = object.as_ref().map_or(0, |object| object.id.len());
        object + length(reason_code) + length(&person.email) + length(&person.user_agent)
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

    /// Drafts the event of this call: a success until it is said otherwise.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn event(&self, log: impl Into<Log>, action: Action, actor: Actor) -> Result<Event, RandomError> {
        let EventSeed { id, salt } = EventSeed::generate(self.now, &*self.entropy)?;
        let user_agent = self.origin.user_agent.as_deref();
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
            person: Person {
                address: self.origin.address,
                email: None,
                user_agent: user_agent.map(|text| text.chars().take(Self::USER_AGENT_MAX).collect()),
                hub_user: None,
            },
        })
    }
}
