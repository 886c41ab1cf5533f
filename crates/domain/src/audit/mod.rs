//! What happened: events that say who did what to which thing, with everything personal set aside.
//!
//! There is one log per tenant and one of the installation. Within a log `seq` counts without gaps. A row of a log
//! holds ids; the address, e-mail and user agent lie in a side row to which the event commits by
//! `SHA-256(salt ‖ data)`, so that erasing the side row leaves a log that can still be proved. Over each log there is a
//! Merkle tree, whose root commits to every event of it.

mod action;
mod canonical;
mod change;
mod checkpoint;
mod event;
mod export;
mod list;
mod log_tree;
mod newest;
mod person;
pub mod ports;
mod predecessor;
mod prove;
mod prove_receipt;
mod pruned;
mod reason;
mod receipt;
mod recorded;
mod recorded_query;
mod sign_checkpoints;
pub mod tree;
mod verify;

pub use action::{Action, ActionError};
pub use change::{ChangeCode, Changes};
pub use checkpoint::{Checkpoint, LogName, SignedCheckpoint};
pub use event::{
    Actor, ActorError, Event, EventSeed, Log, Object, ObjectKind, ObjectKindError, Origin, Outcome,
    OutcomeError, RequestContext,
};
pub use export::{ExportedPart, ExportedRecords, export, export_installation};
pub use list::{AuditError, installation_events};
pub use log_tree::{LogTree, LogTreeError};
pub(crate) use newest::newest;
pub use person::{HubUser, Person, UsedKey};
pub use predecessor::name_predecessor;
pub use prove::{ProveError, prove_consistency, prove_inclusion};
pub use prove_receipt::{ReceiptProof, ReceiptProofError, prove_receipt};
pub use pruned::PrunedBlock;
pub(crate) use pruned::{pruned_events, pruned_leaf};
pub use reason::{ReasonCode, RecordedReason};
pub use receipt::{AnswerReceipt, Digest};
pub use recorded::{Appended, LogHead, RecordedEvent};
pub use recorded_query::{QueryFilter, RecordedCaller, RecordedQuery};
pub(crate) use sign_checkpoints::check_grown;
pub use sign_checkpoints::{
    CheckpointError, LookedAt, ShownCheckpoint, checkpoint, installation_checkpoint, record_changed_log,
    sign_grown_logs,
};
pub use verify::{LogFault, LogVerifier, VerifiedLog};
