//! In-memory adapters of every port of a Syft Space.
//!
//! They serve fast tests, and Rust projects that embed the domain and have no storage of their own yet. All data is lost
//! when the process ends. Otherwise these adapters keep the same promises as the persistent ones, and pass the same
//! conformance suites.
//!
//! | port | adapter |
//! |---|---|
//! | [`Store`](syft_space_domain::store::Store) | [`MemoryStore`] |
//! | [`DocumentStore`](syft_space_domain::dataset::ports::DocumentStore) | [`MemoryDocuments`] |
//! | [`SearchEngine`](syft_space_domain::dataset::ports::SearchEngine) | [`MemorySearch`] |
//! | [`VectorIndex`](syft_space_domain::dataset::ports::VectorIndex) | [`MemoryVectors`] |
//! | [`Spool`](syft_space_domain::dataset::ports::Spool) | [`MemorySpool`] |
//! | [`RateLimitStore`](syft_space_domain::policy::ports::RateLimitStore) | [`MemoryRateLimits`] |
//! | [`TextExtractor`](syft_space_domain::dataset::ports::TextExtractor) | [`TextFiles`]: text and Markdown alone |
//! | [`Encoder`](syft_space_domain::encoder::ports::Encoder) | [`MemoryEncoder`], for tests alone |
//! | [`AccessTokens`](syft_space_domain::identity::ports::AccessTokens) | [`MemoryTokens`] |
//! | [`Passwords`](syft_space_domain::identity::ports::Passwords) | [`InsecurePasswords`], for tests alone |
//! | [`Sealer`](syft_space_domain::sealing::Sealer) | [`MemorySealer`] |
//! | [`HubClient`](syft_space_domain::marketplace::ports::HubClient), `SatelliteTokens`, `SatelliteIdentities` | [`MemoryHub`], for tests alone |
//! | [`OidcClient`](syft_space_domain::identity::oidc::ports::OidcClient) | [`MemoryProviders`], for tests alone |
//! | [`RemoteSpaces`](syft_space_domain::dataset::ports::RemoteSpaces) | [`MemoryRemoteSpaces`], for tests alone |
//! | [`ErasureLedger`](syft_space_domain::privacy::ports::ErasureLedger) | [`MemoryLedger`] |
//! | [`Provisioner`](syft_space_domain::provisioning::ports::Provisioner) | [`MemoryProvisioner`], which runs nothing |
//! | [`Clock`](syft_space_domain::time::Clock) | [`ManualClock`] |
//! | [`Entropy`](syft_space_domain::random::Entropy) | [`SeededEntropy`], for tests alone |
//!
//! ```
//! use std::sync::Arc;
//!
//! use syft_space_domain::audit::{Action, Actor, RequestContext, Log, Origin};
//! use syft_space_domain::ids::TenantId;
//! use syft_space_domain::store::{Flow, NoopHook, Store};
//! use syft_space_domain::tenant::{OperatorScope, Tenant, TenantLimits, TenantName};
//! use syft_space_domain::time::{Clock, Timestamp};
//! use syft_space_domain::unit::Recorded;
//! use syft_space_memory::{ManualClock, MemoryStore, SeededEntropy};
//!
//! let store: &dyn Store = &MemoryStore::new(Arc::new(NoopHook));
//! let clock = ManualClock::at(Timestamp::parse("2026-11-24T09:30:00Z")?);
//!
//! let context = RequestContext::begin(clock.now(), Arc::new(SeededEntropy::new(1)), Origin::default())?;
//! let tenant = Tenant {
//!     id: TenantId::generate(context.now, &*context.entropy)?,
//!     name: TenantName::parse("harbor")?,
//!     end: None,
//!     second_factor_roles: [].into(),
//!     max_key_days: Tenant::DEFAULT_MAX_KEY_DAYS,
//!     revision: 1,
//!     limits: TenantLimits::default(),
//!     version: 0,
//!     created_at: context.now,
//! };
//! let event = context.event(Log::Installation, Action::ConfigChange, Actor::Operator)?;
//!
//! // A unit of work commits its row and its event together.
//! let created: Result<(), syft_space_domain::store::StoreError> = store
//!     .write(move |tx| {
//!         tx.add_tenant(&tenant)?;
//!         Ok(Recorded::new((), event.clone()))
//!     })
//!     .wait();
//! created?;
//!
//! let operator = OperatorScope::at_startup();
//! let read = store.read(Flow::Installation, move |view| view.tenants(&operator));
//! assert_eq!(read.wait()?.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod approval;
mod audit;
mod checkpoint_signer;
mod dataset;
mod disclosure;
mod encoder;
mod endpoint;
mod erasure_ledger;
mod event_log;
mod expectation;
mod group;
mod hub;
mod identity;
mod ledger;
mod marketplace;
mod oidc;
mod policy;
mod policy_revision;
mod privacy;
mod provisioning;
mod random;
mod rate_limits;
mod remote_spaces;
mod retention;
mod sealing;
mod sink;
mod store;
mod table;
mod tenant;
mod tenant_end;
mod time;
mod transaction;

pub use checkpoint_signer::MemorySigner;
pub use dataset::{MemoryDocuments, MemorySearch, MemorySpool, MemoryVectors, TextFiles};
pub use encoder::{MemoryEncoder, MemoryEncoders};
pub use erasure_ledger::MemoryLedger;
pub use hub::MemoryHub;
pub use identity::{InsecurePasswords, MemoryTokens};
pub use oidc::MemoryProviders;
pub use provisioning::MemoryProvisioner;
pub use random::SeededEntropy;
pub use rate_limits::MemoryRateLimits;
pub use remote_spaces::MemoryRemoteSpaces;
pub use sealing::MemorySealer;
pub use store::MemoryStore;
pub use time::ManualClock;
