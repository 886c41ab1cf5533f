//! The storage of a Syft Space on SQLite, through Diesel.
//!
//! | port | here |
//! |---|---|
//! | [`Store`](syft_space_domain::store::Store) | [`SqliteStore`]: one `app.db` in the home |
//! | [`DocumentStore`](syft_space_domain::dataset::ports::DocumentStore) | [`SqliteDocuments`]: one `documents.db` per dataset |
//! | [`RateLimitStore`](syft_space_domain::policy::ports::RateLimitStore) | [`SqliteRateLimits`]: one `limits.db` in the home |
//!
//! * The migrations lie in `migrations/sqlite`, `migrations/sqlite-documents` and `migrations/sqlite-limits`, and are embedded.
//!   Beside them `register.toml` names each column's purpose and how long it is kept; a test compares it with the schema.
//! * One thread writes (`writer.rs`): units of work that wait are committed together. Others read
//!   (`readers.rs`), each read one snapshot; the tenants take turns (`read_queue.rs`).
//! * What deleted rows leave in the unused parts of pages is overwritten beside all other work, when somebody asks for it (`remains/`). For that SQLite is built
//!   with `SQLITE_ENABLE_DBPAGE_VTAB`, by the `LIBSQLITE3_FLAGS` of `.cargo/config.toml`: without it nothing is erased to its end.
//! * Every key of a tenant's table begins with the tenant's id, and so does every reference: the schema itself
//!   keeps tenants apart.
//! * What is not ours, damaged or of a later version is refused and left as it is (`open.rs`). Where the databases lie,
//!   and who may use them, is the home's affair ([`syft_space_home`]).
#![forbid(unsafe_code)]

mod api_key;
mod approval;
mod approval_row;
mod audit;
mod codec;
mod database;
mod dataset;
mod disclosure;
mod documents;
mod endpoint;
mod error;
mod expectation;
mod group;
mod identity;
mod job;
mod ledger;
mod ledger_batch;
mod login_record;
mod login_session;
mod marketplace;
mod oidc;
mod open;
mod open_error;
mod password_reset;
mod policy;
mod policy_revision;
mod privacy;
mod rate_limits;
mod read_queue;
mod readers;
mod remains;
mod retention;
mod schema;
mod second_factor;
mod session;
mod store;
mod tenant;
mod tenant_end;
mod writer;

// Compiles SQLite into the binary; Diesel links to it.
use libsqlite3_sys as _;

pub use documents::SqliteDocuments;
pub use open::prepare_home;
pub use open_error::OpenError;
pub use rate_limits::SqliteRateLimits;
pub use store::{SqliteOptions, SqliteStore};
