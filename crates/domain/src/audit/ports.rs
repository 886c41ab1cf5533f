//! The port that reads the logs. Nobody writes them but the store itself.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::audit::{Action, Event, Outcome, RecordedEvent};
use crate::ids::ActorId;
use crate::page::{Page, PageRequest};
use crate::store::StoreError;
use crate::tenant::{OperatorScope, TenantScope};
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
    /// By this account, or this user of a hub.
    pub actor: Option<ActorId>,
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

impl EventFilter {
    /// Whether an event is asked for.
    #[must_use]
    pub fn fits(&self, event: &Event) -> bool {
        let Self { action, outcome, actor, since, until } = *self;
        action.is_none_or(|action| event.action == action)
            && outcome.is_none_or(|outcome| event.outcome == outcome)
            && actor.is_none_or(|actor| event.actor.id() == Some(actor))
            && since.is_none_or(|since| event.time >= since)
            && until.is_none_or(|until| event.time < until)
    }
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

    /// The installation's log.
    fn installation_events(
        &mut self,
        operator: &OperatorScope,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<LogPage, StoreError>;
}
