//! Conformance suites, one per port: each checks that an adapter keeps the promises of its port.
//!
//! # For the author of an adapter
//!
//! A test file in the adapter's crate calls the suites of the ports that it implements. Each suite takes a factory,
//! because every check runs on a fresh adapter:
//!
//! ```
//! use syft_space_conformance::{Fixture, check_store, documents};
//! use syft_space_memory::{MemoryDocuments, MemoryStore};
//!
//! check_store(&|hook| Fixture::new(Box::new(MemoryStore::new(hook))));
//! documents::suite(&|| Fixture::new(Box::new(MemoryDocuments::new())));
//! ```
//!
//! The fixture of a persistent adapter says how to open the data again; then the suite also checks what is there after
//! a restart. The closure owns the temporary folder:
//!
//! ```text
//! let folder = tempfile::tempdir()?;
//! let store: Box<dyn Store> = Box::new(open(folder.path(), hook)?);
//! Fixture::new(store).with_reopen(move || reopen(folder))
//! ```
//!
//! | port | suite |
//! |---|---|
//! | `Store`, and the rows and views of every room | [`check_store`], or one by one: [`store`], [`tenant`], [`tenant_end`], [`identity`], [`api_key`], [`second_factor`], [`session`], [`password_reset`], [`oidc`], [`dataset`], [`endpoint`], [`policy`], [`group`], [`expectation`], [`retention`], [`ledger`], [`disclosure`], [`marketplace`], [`audit`], [`privacy`] |
//! | `DocumentStore` | [`documents`] |
//! | `SearchEngine` | [`search`] |
//! | `TextExtractor` | [`extract`] |
//! | `Encoder` | [`encoder`] |
//! | `VectorIndex` | [`vectors`] |
//! | `Provisioner` | [`provisioning`] |
//! | `Spool` | [`spool`] |
//! | `RateLimitStore` | [`rate_limits`] |
//! | `Passwords` | [`passwords`] |
//! | `AccessTokens` | [`tokens`] |
//! | `SigningKeys` | [`signing_keys`] |
//! | `CheckpointSigner` | [`checkpoint_signer`] |
//! | `ErasureLedger` | [`erasure_ledger`] |
//! | `Sealer` | [`sealing`] |
//!
//! A suite runs every check before it panics, and its message lists all broken promises. To work on a single one,
//! call its function: `store::u1_nothing_is_lost_in_a_crowd(&make)`. The list is in the `CHECKS` of each module.
//!
//! [`differential::same_units`] compares two stores without a specification: it runs the same random units of work
//! against both.
//!
//! # To change a port
//!
//! A new promise is a public function in the module of its room. It takes the factory, and panics with the promise in
//! its message. Add its name to the module's `CHECKS`. The tests in `tests/wrong/` show that the suites catch adapters
//! with one fault each; a promise of a new kind needs a faulty adapter there.
#![forbid(unsafe_code)]
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "to panic when a promise is broken is the purpose of this crate; it is a dependency of tests alone"
)]

pub mod api_key;
pub mod approval;
pub mod audit;
mod check;
pub mod checkpoint_signer;
pub mod dataset;
pub mod differential;
pub mod disclosure;
pub mod documents;
mod dump;
pub mod encoder;
pub mod endpoint;
pub mod erasure_ledger;
pub mod expectation;
pub mod extract;
mod fixture;
pub mod group;
pub mod identity;
pub mod ledger;
pub mod login_record;
pub mod marketplace;
pub mod oidc;
mod pagination;
pub mod password_reset;
pub mod passwords;
pub mod policy;
pub mod policy_revision;
pub mod privacy;
pub mod provisioning;
pub mod rate_limits;
pub mod retention;
mod run;
pub mod sample;
pub mod sealing;
pub mod search;
pub mod second_factor;
pub mod session;
pub mod signing_keys;
pub mod spool;
pub mod store;
pub mod tenant;
pub mod tenant_end;
pub mod tokens;
pub mod vectors;

pub use check::Check;
pub use fixture::{
    DocumentsFactory, EncoderFactory, ExtractorFactory, Fixture, PasswordsFactory, ProvisionerFactory,
    RateLimitsFactory, Reopen, SealerFactory, SearchFactory, SigningKeysFactory, SpoolFactory, StoreFactory,
    TokensFactory, VectorsFactory,
};

/// Checks every promise of a [`Store`](syft_space_domain::store::Store), of its rows and of its views.
pub fn check_store(make: &StoreFactory) {
    store::suite(make);
    tenant::suite(make);
    tenant_end::suite(make);
    identity::suite(make);
    login_record::suite(make);
    api_key::suite(make);
    second_factor::suite(make);
    session::suite(make);
    password_reset::suite(make);
    oidc::suite(make);
    dataset::suite(make);
    endpoint::suite(make);
    policy::suite(make);
    policy_revision::suite(make);
    group::suite(make);
    expectation::suite(make);
    retention::suite(make);
    ledger::suite(make);
    disclosure::suite(make);
    approval::suite(make);
    marketplace::suite(make);
    audit::suite(make);
    privacy::suite(make);
}
