//! A marketplace for tests and demonstrations: what a SyftHub says and takes, as far as a Syft Space has to do with it.
//!
//! **This is no server for anybody else.** It keeps passwords as they are, compares them plainly, forgets everything when
//! it stops, and its keys stand in the source for all to read. It refuses to listen on anything but loopback.
//!
//! ```
//! use syft_space_fakehub::{FakeHub, HubOptions, Mode, Route};
//!
//! let hub = FakeHub::start(HubOptions::new()?)?;
//! hub.add_user("spaceowner", "owner@example.org", "copper moon 7")?;
//! hub.add_user("alice", "alice@example.org", "paper boat 9")?;
//!
//! // What a client would get from `GET {hub.url()}/api/v1/token?aud=spaceowner`.
//! let token = hub.token_of("alice", "spaceowner")?;
//! assert_eq!(token.split('.').count(), 3);
//!
//! // The hub is in trouble, and whoever asks for its keys notices.
//! hub.set_mode(Route::Jwks, Mode::Failing);
//! assert_eq!(hub.calls(Route::Jwks), 0);
//! # Ok::<(), syft_space_fakehub::FakeHubError>(())
//! ```
//!
//! * [`FakeHub::start`] gives a [`Running`] hub on a thread of its own, at a free port. The handle makes users, tokens and
//!   trouble, and tells what was asked of the hub.
//! * [`Route`] lists what the hub has. What it has not is answered as a hub would: 404, or 405.
//! * [`Mode`] lists what can be wrong with an answer. [`Running::down`] takes the whole hub away.
//! * [`HubKey`] signs any token at all; [`Running::show_keys`] shows any keys at all.
//!
//! # How true it is
//!
//! Statuses, bodies and headers are those of a running hub of July 2026, or follow its source. With
//! [`HubOptions::satellites`] it is a newer hub: spaces register themselves, and their ids are the audiences of tokens.
//! The hub's aggregator has a stand-in at `/aggregator/api/v1/chat`, which retrieves and calls no model: with it the SDK's
//! `search.query` reaches a space, which gets the very request that an aggregator sends.
//! Not here: mail, wallets, organisations, semantic search, peers, people's pages in HTML. An endpoint without news of
//! late is inactive from 142 s on, by the hub's own [`HubClock`]; a real one looks every 30 s, and is seen to take about so
//! long.
#![forbid(unsafe_code)]

mod aggregator;
mod clock;
mod error;
mod keys;
mod mode;
mod options;
mod routes;
mod running;
mod server;
mod state;
mod wire;

pub use clock::HubClock;
pub use error::FakeHubError;
pub use keys::{DEFAULT_KID, HubKey, hs256};
pub use mode::Mode;
pub use options::HubOptions;
pub use routes::Route;
pub use running::{FakeHub, Running};
pub use state::UserRole;
pub use wire::Request;
