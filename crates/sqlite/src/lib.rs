//! The storage of a Syft Space: every storage port on SQLite, through Diesel.
//!
//! | port | here |
//! |---|---|
//! | [`Store`](syft_space_domain::store::Store) | [`SqliteStore`]: one `app.db` in the home |
//! | [`DocumentStore`](syft_space_domain::dataset::ports::DocumentStore) | [`SqliteDocuments`]: one `documents.db` per dataset |
//! | [`Spool`](syft_space_domain::dataset::ports::Spool) | [`FileSpool`]: a folder per job in the dataset's folder |
//!
//! * The migrations lie in `migrations/sqlite` and `migrations/sqlite-documents`, and are embedded. Beside them
//!   `register.toml` names each column's purpose and how long it is kept; a test compares it with the schema.
//! * One thread writes (`writer.rs`): units of work that wait are committed together. A pool of connections reads,
//!   each read one snapshot (`read_pool.rs`).
//! * Every key of a tenant's table begins with the tenant's id, and so does every reference: the schema itself
//!   keeps tenants apart.
//! * What is not ours, damaged, of a later version or in use is refused and left as it is (`open.rs`, `home.rs`,
//!   `lock.rs`).
#![forbid(unsafe_code)]

mod audit;
mod codec;
mod database;
mod dataset;
mod documents;
mod endpoint;
mod error;
mod home;
mod identity;
mod job;
mod lock;
mod marketplace;
mod open;
mod open_error;
mod policy;
mod private_fs;
mod read_pool;
mod schema;
mod session;
mod spool;
mod store;
mod tenant;
mod writer;

// Compiles SQLite into the binary; Diesel links to it.
use libsqlite3_sys as _;

pub use documents::SqliteDocuments;
pub use home::Home;
pub use lock::HomeLock;
pub use open_error::{HomeError, LockError, OpenError};
pub use spool::FileSpool;
pub use store::{SqliteOptions, SqliteStore};
