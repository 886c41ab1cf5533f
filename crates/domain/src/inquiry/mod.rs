//! Questions to the audit log that name people and things as they are called, and what could be and was touched by them.
//!
//! The log itself knows ids. Whom a name means is looked up in the tenant, and in what the log still knows of who is gone:
//! so the answer is of one tenant alone, and what was erased is found by no name any more.

mod impact;
mod list;
mod names;
mod tail;
mod tally;

pub use impact::{Impact, ImpactOf, Reach, ReachedEndpoint, impact};
pub use list::{NamedFilter, named_events};
pub use names::{DocumentName, DocumentNameError, EndpointRef, KeyName, PrincipalName, PrincipalNameError};
pub use tail::{Tail, TailError, TailPart};
pub use tally::{Counts, EndpointCounts, OtherCounts, PrincipalCounts, ShownCounts, Tally};
