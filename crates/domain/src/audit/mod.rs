//! What happened: events that say who did what to which thing, with everything personal set aside.
//!
//! There is one log per tenant and one of the installation. Within a log `seq` counts without gaps. A row of a log
//! holds ids; the address, e-mail and user agent lie in a side row to which the event commits by
//! `SHA-256(salt ‖ data)`, so that erasing the side row leaves a log that can still be proved. Over each log there is a
//! Merkle tree, whose root commits to every event of it.

mod action;
mod canonical;
mod change;
mod event;
mod list;
mod log_tree;
mod person;
pub mod ports;
mod reason;
mod recorded;
pub mod tree;

pub use action::{Action, ActionError};
pub use change::{ChangeCode, Changes};
pub use event::{
    Actor, ActorError, Event, EventSeed, Log, Object, ObjectKind, ObjectKindError, Origin, Outcome,
    OutcomeError, RequestContext,
};
pub use list::{AuditError, events, installation_events};
pub use log_tree::{LogTree, LogTreeError};
pub use person::{HubUser, Person, UsedKey};
pub use reason::{ReasonCode, RecordedReason};
pub use recorded::{Appended, LogHead, RecordedEvent};
