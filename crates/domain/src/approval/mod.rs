//! Questions that wait for somebody's approval: a query under a policy of type `manual_review` is let in once an owner or
//! admin has approved its question, and as long as that is good.
//!
//! What is kept of a question is a keyed digest, which tells it again and is no help to whoever guesses; its text, sealed, only
//! where the policy says so.

mod asker;
mod bounds;
mod decide;
mod deny_all;
mod filing;
mod list;
mod portions;
pub mod ports;
mod prompt;
mod question;
mod request;
mod sweep;

pub use asker::{Asker, guest};
pub use bounds::{
    MAX_OF_CALLER, MAX_OF_TENANT, MAX_PENDING_AT_ENDPOINT, MAX_PENDING_OF_CALLER,
    MAX_PENDING_OF_CALLER_IN_TENANT, MAX_PENDING_OF_TENANT, QueueFull,
};
pub use decide::{ApprovalError, NewDecision, decide};
pub use deny_all::{DenyAll, deny_all};
pub use filing::{Filed, file};
pub use list::{ApprovalFilter, ShownApproval, approval, approvals, own_approvals};
pub(crate) use portions::{Leftover, finish, remove_with, shorten_before, shorten_with};
pub(crate) use prompt::open_prompt;
pub use prompt::{MAX_PROMPT_BYTES, PromptMessage, seal_prompt};
pub use question::{Question, QuestionDigest};
pub use request::{
    ApprovalKey, ApprovalRequest, ApprovalState, ApprovalStateError, ApprovalTerms, CallerKind,
    CallerKindError, Decided, Extent, PENDING_FOR, Unapproved, Verdict, VerdictError,
};
pub use sweep::remove_ended_approvals;
