//! Databases that the space makes for itself: a vector database for one dataset of one tenant, run by a container engine.
//!
//! What lies in such a database is derived from the documents, which the space holds: a database that is lost is made anew
//! and filled again. So whatever is found half made may be thrown away, and nothing is lost by it.

mod address;
mod credential;
mod databases;
mod keep;
pub mod ports;
mod state;

pub use address::DatabaseAddress;
pub use credential::DatabaseCredential;
pub use databases::{DatabaseCondition, DatabaseError, Databases};
pub(crate) use keep::remove_database;
pub use keep::{Strays, find_databases, make_database};
pub use state::{ProvisioningReason, ProvisioningReasonError, ProvisioningState, ProvisioningStateError};
