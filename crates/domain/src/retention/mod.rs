//! How long what nobody removes is kept: a term for each kind of data, which a tenant's Owners set within bounds, and legal holds,
//! during which nothing goes by its age.

mod due_data;
mod error;
mod hold;
mod kind;
mod manage;
pub mod ports;
mod sweep;

pub use error::RetentionError;
pub use hold::{LegalHold, MAX_HOLDS};
pub use kind::{RetentionKind, RetentionKindError, RetentionTerms, TermError};
pub use manage::{Retention, add_hold, change_terms, release_hold, retention};
pub use sweep::{Due, MAX_SWEEP, MAX_TOLD, Pause, Swept, due, sweep, sweep_everywhere};
