//! Does an adapter keep the promises of its port? One suite per port answers that.
//!
//! # For the author of an adapter
//!
//! A test file in the adapter's crate calls the suites of the ports it implements. Each takes a function that makes
//! a fresh adapter, since every promise is checked on one of its own:
//!
//! ```
//! use syft_space_conformance::{Made, check_store, documents};
//! use syft_space_memory::{MemoryDocuments, MemoryStore};
//!
//! check_store(&|follower| Made::new(Box::new(MemoryStore::new(follower))));
//! documents::suite(&|| Made::new(Box::new(MemoryDocuments::new())));
//! ```
//!
//! An adapter that leaves something behind says how to open it again, and is then asked what it remembers. The
//! temporary folder lives in that closure:
//!
//! ```text
//! let folder = tempfile::tempdir()?;
//! let store: Box<dyn Store> = Box::new(open(folder.path(), follower)?);
//! Made::new(store).reopened_by(move || open_again(folder))
//! ```
//!
//! | port | suite |
//! |---|---|
//! | `Store`, and the rows and views of every room | [`check_store`], or one by one: [`store`], [`tenant`], [`identity`], [`dataset`], [`endpoint`], [`policy`], [`marketplace`], [`audit`] |
//! | `DocumentStore` | [`documents`] |
//! | `SearchEngine` | [`search`] |
//! | `TextExtractor` | [`extract`] |
//! | `Spool` | [`spool`] |
//! | `Passwords` | [`passwords`] |
//! | `AccessTokens` | [`tokens`] |
//! | `Sealer` | [`sealing`] |
//!
//! A suite checks every promise before it panics, and its message lists all that are broken. To work on a single
//! one, call its function: `store::u1_nothing_is_lost_in_a_crowd(&make)`. The list is in the `CHECKS` of each module.
//!
//! Two stores can be compared without anybody saying what is right: [`differential::same_units`] runs the same
//! random units of work against both.
//!
//! # For whoever changes a port
//!
//! A new promise is a public function that takes the maker of the adapter and panics with the promise in its
//! message, in the module of its room, and its name in that module's `CHECKS`. `tests/wrong.rs` shows that the
//! suites catch adapters that are wrong on purpose; a promise of a new kind deserves a wrong adapter there.
#![forbid(unsafe_code)]
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "to panic when a promise is broken is the purpose of this crate; it is a dependency of tests alone"
)]

pub mod audit;
mod check;
pub mod dataset;
pub mod differential;
pub mod documents;
mod drive;
pub mod endpoint;
pub mod extract;
pub mod identity;
mod lists;
mod made;
pub mod marketplace;
pub mod passwords;
pub mod policy;
pub mod sample;
pub mod sealing;
pub mod search;
pub mod spool;
mod state;
pub mod store;
pub mod tenant;
pub mod tokens;

pub use check::Check;
pub use made::{
    Made, MakeDocuments, MakeExtractor, MakePasswords, MakeSealer, MakeSearch, MakeSpool, MakeStore,
    MakeTokens, Reopen,
};

/// Checks every promise of a [`Store`](syft_space_domain::store::Store), of its rows and of its views.
pub fn check_store(make: &MakeStore) {
    store::suite(make);
    tenant::suite(make);
    identity::suite(make);
    dataset::suite(make);
    endpoint::suite(make);
    policy::suite(make);
    marketplace::suite(make);
    audit::suite(make);
}
