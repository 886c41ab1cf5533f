//! The revisions of a policy: each change keeps what came of it, who made it and when, and a change can be rolled back.

mod keep;
mod read;
mod revision;
mod rollback;

pub(super) use keep::keep_revision;
pub use keep::{MAX_REVISION_BYTES_PER_TENANT, MAX_REVISIONS_PER_POLICY};
pub use read::{revision, revisions};
pub use revision::PolicyRevision;
pub use rollback::rollback_policy;
