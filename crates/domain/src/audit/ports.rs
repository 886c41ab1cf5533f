//! What is read of the logs. Nobody writes them but the store itself.

use std::fmt;
use std::str::FromStr;

use crate::audit::{Action, Outcome, RecordedEvent};
use crate::ids::AccountId;
use crate::page::{Page, PageAsk};
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
    /// By this account.
    pub actor: Option<AccountId>,
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// Reads the logs, the newest event first.
pub trait AuditView {
    /// A tenant's own log.
    fn events(
        &mut self,
        scope: &TenantScope,
        filter: &EventFilter,
        page: PageAsk<Seq>,
    ) -> Result<Page<RecordedEvent, Seq>, StoreError>;

    /// The installation's log.
    fn installation_events(
        &mut self,
        operator: &OperatorScope,
        filter: &EventFilter,
        page: PageAsk<Seq>,
    ) -> Result<Page<RecordedEvent, Seq>, StoreError>;
}
