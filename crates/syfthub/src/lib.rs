//! SyftHub for a Syft Space: callers from the marketplace by public-key identity, and this space as a client of the hub.
//!
//! * [`SyftHubTokens`] verifies satellite tokens by the keys that hubs publish (`SatelliteTokens`).
//! * [`SyftHub`] speaks to a hub as a tenant's account there (`HubClient`).
//! * [`SyftSpaces`] asks endpoints of other spaces (`RemoteSpaces`).
//! * [`SyftHubIdentities`] remembers who people are there (`SatelliteIdentities`).
//!
//! # How keys are kept
//!
//! A hub's key set is fetched when the first token of it comes, and again ahead of its age (`max-age`, taken within a
//! minute and an hour). A token that fits no key, by its `kid` or by its signature, brings a fetch, for a hub may put
//! another key under the same `kid`: one at a time, three in a row, and then one each 10 s, whatever attackers send.
//! While signatures are wrong, keys are fetched each minute besides. A fetch that fails, or brings no key of use,
//! changes nothing; a good one replaces all, and what a key that is gone has verified is forgotten.
//!
//! # What is known late
//!
//! A satellite token is good for its minute (and 5 s) whatever happens at the hub meanwhile. What the hub says of a
//! person serves for [`IdentitySettings::fresh`], and while the hub cannot be asked for [`IdentitySettings::stale`]:
//! a user whom it deactivates passes for that long where a policy asks for the address, and until their tokens end where
//! none does. An address is as true as the hub: it may admit people whose address it never verified.
#![forbid(unsafe_code)]

mod claims;
mod client;
mod header;
mod http;
mod identities;
mod keys;
mod self_test;
mod spaces;
mod token_cache;
mod tokens;

pub use client::SyftHub;
pub use http::HubHttp;
pub use identities::{IdentitySettings, SyftHubIdentities};
pub use spaces::{SyftSpaces, VIA_PSEUDONYM};
pub use tokens::{SatelliteTokensError, SyftHubTokens};
