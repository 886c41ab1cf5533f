//! A fake SyftHub for tests and demonstrations, with the part of its HTTP API that a Syft Space uses.
//!
//! **It is not a server for production.** It stores passwords in plain text, loses all data when it stops, and its keys
//! are in the source. It listens only on loopback.
//!
//! ```
//! use syft_space_fakehub::{FakeHub, HubOptions, Mode, Route};
//!
//! let hub = FakeHub::start(HubOptions::new()?)?;
//! hub.add_user("spaceowner", "owner@example.org", "copper moon 7")?;
//! hub.add_user("alice", "alice@example.org", "paper boat 9")?;
//!
//! // What a client gets from `GET {hub.url()}/api/v1/token?aud=spaceowner`.
//! let token = hub.mint_token("alice", "spaceowner")?;
//! assert_eq!(token.split('.').count(), 3);
//!
//! // The hub fails, and clients that fetch its keys notice.
//! hub.set_mode(Route::Jwks, Mode::Failing);
//! assert_eq!(hub.calls(Route::Jwks), 0);
//! # Ok::<(), syft_space_fakehub::FakeHubError>(())
//! ```
//!
//! * [`FakeHub::start`] starts a hub on its own thread, at a free port. Its handle, [`RunningHub`], adds users and
//!   tokens, injects failures, and records the requests.
//! * [`Route`] lists the routes. Any other request is answered as a hub does: 404, or 405.
//! * [`Mode`] lists the failures of a route. [`RunningHub::down`] stops the whole hub.
//! * [`HubKey`] signs any token; [`RunningHub::publish_keys`] publishes any keys.
//!
//! # Fidelity
//!
//! Statuses, bodies and headers are those of a running hub of July 2026, or follow its source. With
//! [`HubOptions::satellites`] it is a newer hub: spaces register themselves, and their ids are the audiences of tokens.
//! The route `/aggregator/api/v1/chat` is a fake of the hub's aggregator. It retrieves and calls no model: with it the
//! SDK's `search.query` reaches a space, with exactly the request that an aggregator sends. Not included: mail,
//! wallets, organisations, semantic search, peers, HTML pages. An endpoint without a recent health report is inactive
//! after 142 s, by the hub's own [`HubClock`]. A real hub checks every 30 s, and takes about that long.
#![forbid(unsafe_code)]

mod aggregator;
mod clock;
mod error;
mod handle;
mod keys;
mod mode;
mod options;
mod routes;
mod server;
mod shared;
mod state;
mod wire;

pub use clock::HubClock;
pub use error::FakeHubError;
pub use handle::{FakeHub, RunningHub};
pub use keys::{DEFAULT_KID, HubKey, hs256};
pub use mode::Mode;
pub use options::HubOptions;
pub use routes::Route;
pub use state::UserRole;
pub use wire::Request;
