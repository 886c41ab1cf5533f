//! The port that reads the logs. Nobody writes them but the store itself.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::audit::tree::NodeHash;
use crate::audit::{
    Action, AnswerReceipt, Checkpoint, Event, Log, LogHead, LogName, Object, Outcome, QueryFilter,
    RecordedEvent, RecordedQuery, RecordedReason, SignedCheckpoint,
};
use crate::ids::{ActorId, ApiKeyId};
use crate::page::{Page, PageRequest};
use crate::privacy::{DeletionCertificate, ErasureCertificate};
use crate::store::StoreError;
use crate::tenant::{OperatorScope, TenantScope, WriteScope};
use crate::time::Timestamp;

/// The number of an event in its log, as the key of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seq(pub u64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Seq {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Which events are asked for; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this action.
    pub action: Option<Action>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// For this reason.
    pub reason: Option<RecordedReason>,
    /// By this account, or this user of a hub.
    pub actor: Option<ActorId>,
    /// By any of these; by none where there are none.
    pub any_actor: Option<Vec<ActorId>>,
    /// Done to any of these.
    pub any_object: Option<Vec<Object>>,
    /// Done with any of these API keys, or to it.
    pub any_key: Option<Vec<ApiKeyId>>,
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

impl EventFilter {
    /// Whether an event is asked for.
    #[must_use]
    pub fn fits(&self, event: &Event) -> bool {
        let Self { action, outcome, reason, actor, any_actor, any_object, any_key, since, until } = self;
        let key = event.person.api_key.as_ref().map(|key| key.id);
        action.is_none_or(|action| event.action == action)
            && outcome.is_none_or(|outcome| event.outcome == outcome)
            && reason.as_ref().is_none_or(|reason| event.reason_code.as_ref() == Some(reason))
            && actor.is_none_or(|actor| event.actor.id() == Some(actor))
            && is_any(any_actor.as_deref(), event.actor.id().as_ref())
            && is_any(any_object.as_deref(), event.object.as_ref())
            && is_any(any_key.as_deref(), key.as_ref())
            && since.is_none_or(|since| event.time >= since)
            && until.is_none_or(|until| event.time < until)
    }
}

/// Whether what an event has is among those that are asked for, where any are.
fn is_any<T: PartialEq>(wanted: Option<&[T]>, found: Option<&T>) -> bool {
    wanted.is_none_or(|wanted| found.is_some_and(|found| wanted.contains(found)))
}

/// How far the index reaches by which a log is searched. It is made behind the log, and nobody waits for it: what it
/// does not hold yet is found in the log itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projection {
    /// The number of the last event it holds; 0 when it holds none.
    pub seq: u64,
    /// How many events of this log have come since.
    pub lag: u64,
}

/// A part of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// The events, the newest first. None that fits the filter is missing, however far the index lags.
    pub events: Page<RecordedEvent, Seq>,
    /// How far the index reached when the page was read.
    pub projection: Projection,
}

/// A part of the queries of a log, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordedQueries {
    /// None that is asked for is missing among them.
    pub queries: Vec<RecordedQuery>,
    /// The rest stands before this number; `None` where there is nothing before it.
    pub rest: Option<Seq>,
}

/// The right to read one log.
#[derive(Debug, Clone, Copy)]
pub enum LogScope<'a> {
    /// A tenant's own log.
    Tenant(&'a TenantScope),
    /// The installation's log.
    Installation(&'a OperatorScope),
}

impl From<LogScope<'_>> for Log {
    fn from(scope: LogScope<'_>) -> Self {
        match scope {
            LogScope::Tenant(scope) => Self::from(scope),
            LogScope::Installation(_) => Self::Installation,
        }
    }
}

/// A log, and how far somebody has got who goes through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPosition {
    /// The log.
    pub log: Log,
    /// The number of the last event that they are done with; 0 before the first.
    pub seq: u64,
}

/// Reads the logs, the newest event first: by its number in the log, which is the order in which events became durable.
/// Their times are nearly in that order, not quite, and a filter goes by the times themselves.
pub trait AuditView {
    /// A tenant's own log.
    fn events(
        &mut self,
        scope: &TenantScope,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<LogPage, StoreError>;

    /// The queries of a tenant's log that a filter asks for, the newest first, before a number or from the log's end on: so many at most. There may be
    /// fewer, or none, though there are more: [`RecordedQueries::rest`] says where to go on.
    fn recorded_queries(
        &mut self,
        scope: &TenantScope,
        filter: &QueryFilter,
        before: Option<Seq>,
        most: usize,
    ) -> Result<RecordedQueries, StoreError>;

    /// The installation's log.
    fn installation_events(
        &mut self,
        operator: &OperatorScope,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<LogPage, StoreError>;

    /// The end of a log: the number of its last event, and the tree over all of them. A store whose head does not fit the number
    /// fails: it never makes one anew by itself.
    fn log_head(&mut self, log: LogScope<'_>) -> Result<LogHead, StoreError>;

    /// The roots of full blocks of a log, in their order. A store that lacks one of them fails.
    fn block_roots(&mut self, log: LogScope<'_>, blocks: Range<u64>) -> Result<Vec<NodeHash>, StoreError>;

    /// How many blocks of a log are pruned, the oldest: their events are gone, and their leaves stay.
    fn pruned_blocks(&mut self, log: LogScope<'_>) -> Result<u64, StoreError>;

    /// The leaves of a pruned block, all of them; `None` of one whose events are there, and of one that there is not.
    fn pruned_leaves(&mut self, log: LogScope<'_>, block: u64) -> Result<Option<Vec<NodeHash>>, StoreError>;

    /// The events with these numbers, the oldest first; at most [`BLOCK_LEAVES`](crate::audit::tree::BLOCK_LEAVES) of them.
    /// Numbers that are not given out yet are left out. A store that finds one missing fails, be it that it was pruned.
    fn events_in(&mut self, log: LogScope<'_>, numbers: Range<u64>)
    -> Result<Vec<RecordedEvent>, StoreError>;

    /// The newest checkpoint of a log that was signed.
    fn checkpoint(&mut self, log: LogScope<'_>) -> Result<Option<SignedCheckpoint>, StoreError>;

    /// The next logs, a hundred at most, that are of another size than their last checkpoint, be it that they have grown, or were cut, or
    /// are gone: the installation's first, then tenants' by their ids, those behind `after`.
    fn grown_logs(&mut self, operator: &OperatorScope, after: Option<Log>) -> Result<Vec<Log>, StoreError>;
}

/// The right to write what belongs to one log.
#[derive(Debug)]
pub enum LogWriteScope {
    /// Of a tenant's log.
    Tenant(WriteScope),
    /// Of the installation's.
    Installation(SystemOnly),
}

/// What only the space itself has.
#[derive(Debug)]
pub struct SystemOnly(());

impl LogWriteScope {
    /// For what the space does by itself.
    pub(crate) fn of_system(log: Log) -> Self {
        match log {
            Log::Installation => Self::Installation(SystemOnly(())),
            Log::Tenant(tenant) => Self::Tenant(WriteScope::of_system(&TenantScope::of(tenant))),
        }
    }

    /// Makes one on the caller's own word, as [`TenantScope::assume`] does. The reason is for whoever reads the call.
    #[must_use]
    pub fn assume(log: Log, reason: &'static str) -> Self {
        match log {
            Log::Installation => Self::Installation(SystemOnly(())),
            Log::Tenant(tenant) => {
                Self::Tenant(WriteScope::assume(&TenantScope::assume(tenant, reason), reason))
            }
        }
    }

    /// Which log.
    #[must_use]
    pub fn log(&self) -> Log {
        match self {
            Self::Tenant(scope) => Log::Tenant(scope.tenant()),
            Self::Installation(_) => Log::Installation,
        }
    }
}

/// Writes what belongs to logs beside their events, which the store alone writes.
pub trait AuditRows {
    /// Keeps a checkpoint as the newest of its log, unless there is one of the same size or a larger one.
    fn keep_checkpoint(
        &mut self,
        log: &LogWriteScope,
        checkpoint: &SignedCheckpoint,
    ) -> Result<(), StoreError>;
}

/// Signs checkpoints, receipts and certificates with a key of its own, which is for nothing else.
pub trait CheckpointSigner: Send + Sync {
    /// The name of this installation, with which the names of its logs begin. It stays the same.
    fn installation(&self) -> &str;

    /// A checkpoint with its signature.
    fn sign(&self, checkpoint: &Checkpoint) -> String;

    /// The checkpoint that this has signed; `None` for whatever else there is.
    fn open(&self, note: &str) -> Option<Checkpoint>;

    /// A receipt with its signature, which nobody can take for a checkpoint. Its texts are single lines.
    fn sign_receipt(&self, receipt: &AnswerReceipt) -> String;

    /// The certificate of an erasure with its signature, which nobody can take for either.
    fn sign_certificate(&self, certificate: &ErasureCertificate) -> String;

    /// The certificate of a deletion with its signature, which nobody can take for any of these.
    fn sign_deletion(&self, certificate: &DeletionCertificate) -> String;

    /// The public key by which the checkpoints, receipts and certificates of a log are verified, with the log's name.
    fn verifier(&self, log: &LogName) -> String;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;
    use crate::audit::{Actor, Log, Person};
    use crate::ids::{AccountId, EventId};

    fn event(at: i64, actor: Actor) -> Event {
        Event {
            id: EventId::from_bytes([1; 16]),
            salt: [0; 16],
            log: Log::Installation,
            time: Timestamp::from_unix_micros(at),
            action: Action::EndpointQuery,
            outcome: Outcome::Denied,
            actor,
            object: None,
            reason_code: None,
            request: None,
            count: 1,
            policy: None,
            person: Person::default(),
        }
    }

    #[test]
    fn u1_a_filter_takes_its_first_moment_and_leaves_its_last() {
        let filter = EventFilter {
            since: Some(Timestamp::from_unix_micros(10)),
            until: Some(Timestamp::from_unix_micros(20)),
            ..EventFilter::default()
        };
        let fitting: Vec<i64> = (8..22).filter(|at| filter.fits(&event(*at, Actor::System))).collect();
        assert_eq!(fitting, (10..20).collect::<Vec<_>>());
        assert!(EventFilter::default().fits(&event(0, Actor::Anonymous)));
    }

    #[test]
    fn u1_each_part_of_a_filter_must_fit() {
        let (id, other) = (AccountId::from_bytes([7; 16]), AccountId::from_bytes([8; 16]));
        let event = event(0, Actor::Account { id, role: Some(Role::User) });
        let actor = |id: AccountId| Some(ActorId::from_bytes(*id.as_bytes()));
        let fits = |action, outcome, actor| {
            EventFilter { action, outcome, actor, ..EventFilter::default() }.fits(&event)
        };
        assert!(fits(Some(Action::EndpointQuery), Some(Outcome::Denied), actor(id)));
        assert!(!fits(Some(Action::ConfigChange), Some(Outcome::Denied), actor(id)));
        assert!(!fits(Some(Action::EndpointQuery), Some(Outcome::Success), actor(id)));
        assert!(!fits(Some(Action::EndpointQuery), Some(Outcome::Denied), actor(other)));
    }
}
