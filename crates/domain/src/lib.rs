//! Tenants, accounts, roles, policies and audit of a Syft Space: the rules, without a web server, a database
//! or a runtime.
//!
//! # A tour
//!
//! * [`tenant`]: who owns data. Every port that touches a tenant's data takes a [`tenant::TenantScope`], which
//!   only authentication and the founding of a tenant make.
//! * [`identity`]: accounts, passwords, invitations, logins, and the [`identity::Principal`] they end in.
//! * [`mail`]: what a person is sent, and how much of it.
//! * [`access`]: roles, permissions, and the one table that joins them.
//! * [`policy`]: who may query an endpoint, and how much: types of policies, one decision, and why.
//! * [`group`]: named lists of addresses, which policies name.
//! * [`expectation`]: sentences on who may query an endpoint, to which every change is held.
//! * [`dataset`]: documents, chunks, ingestion, search.
//! * [`encoder`]: what turns texts into vectors, so that they are found by what they mean. No use case asks for it yet.
//! * [`provisioning`]: databases that the space makes for itself, where a dataset's vectors lie in one.
//! * [`endpoint`]: what is published, and how it is queried: an [`endpoint::QueryCall`] owns its caller, its endpoint and
//!   the one event that it leaves.
//! * [`marketplace`]: which hubs are trusted, what a tenant is there, and who comes from there.
//! * [`retention`]: how long what nobody removes is kept, and legal holds.
//! * [`audit`]: what happened, with everything personal set aside so that it can be erased.
//! * [`sink`]: where the logs go besides, as they are written.
//! * [`privacy`]: what people may ask for of what is held about them.
//! * [`store`] and [`mod@unit`]: how all of it is written: a unit of work ends as [`unit::Recorded`] or
//!   [`unit::Refused`], and the store commits its rows and its audit events together. A read is a closure over one
//!   snapshot, which runs on the store's readers ([`store::ReadUnit`]).
//! * [`snapshot`]: what the query path reads instead of a database.
//! * [`Space`]: every port, wired once; what use cases work with.
//!
//! # How to add a port
//!
//! 1. Name what the rules need, not what a database does, in the room's `ports.rs`: a `…View` trait for what is
//!    read from one snapshot, a `…Rows` trait over it for what a unit of work writes.
//! 2. Take a [`tenant::TenantScope`] wherever the data is a tenant's. Look-ups return `Option`; time, ids and
//!    randomness are parameters; every method can fail with a [`store::StoreError`].
//! 3. Add the trait to [`store::View`] or [`store::Tx`], a suite to the conformance crate, and a file of the same
//!    name to each adapter.
//!
//! A port that is no part of the store (a search engine, a hasher of passwords, a hub) is a trait of its own in
//! `ports.rs`, and a field of [`Space`]: use cases reach it there. What takes long answers a [`Pending`]. It too has an
//! adapter in memory, and a suite in the conformance crate where several adapters are to keep its promises; the binary
//! makes the one that is deployed.
//!
//! # How to add a front door
//!
//! A front door is a dialect in which queries come and answers go. It changes nothing here:
//!
//! 1. Make an [`identity::Principal`] of the request's credential, and an [`endpoint::Query`] of its body.
//! 2. Open an [`endpoint::QueryCall`] once the body is there: caller and endpoint are taken as they are then. Where the
//!    endpoint is known before, [`endpoint::check_visible`] refuses first what is not there.
//! 3. Run it, and render the parts of its [`endpoint::Answer`], or word the [`endpoint::QueryError`].
//!
//! Events, policies and what they oblige to are the call's.
//!
//! # How to add a policy type
//!
//! One file that implements [`policy::PolicyType`] and [`policy::Rule`], and one line: see [`policy`].
//!
//! Three runnable examples stand beside this crate: `embed_policy`, `embed_policy_type` and `embed_roles`.
#![forbid(unsafe_code)]

pub mod access;
pub mod approval;
mod as_text;
pub mod audit;
pub mod dataset;
pub mod detection;
pub mod encoder;
pub mod endpoint;
pub mod environment;
pub mod expectation;
pub mod group;
pub mod identity;
pub mod ids;
pub mod inquiry;
pub mod ledger;
pub mod mail;
pub mod marketplace;
pub mod page;
pub mod policy;
mod port_error;
pub mod privacy;
pub mod provisioning;
pub mod random;
mod read;
pub mod retention;
pub mod sealing;
pub mod secret;
pub mod sink;
pub mod snapshot;
mod space;
pub mod store;
mod store_error;
pub mod tenant;
pub mod text;
pub mod time;
mod transaction;
pub mod unit;

pub use dataset::DatasetLocks;
pub use port_error::PortError;
pub use space::Space;

use std::future::Future;
use std::pin::Pin;

/// What a port that waits for something outside (a network, another thread) answers: a future that needs no
/// particular runtime.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
