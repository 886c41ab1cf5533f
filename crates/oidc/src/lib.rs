//! OpenID Connect for a Syft Space: who somebody is, by the word of their organisation's identity provider.
//!
//! [`RelyingParty`] is the adapter of [`OidcClient`](syft_space_domain::identity::oidc::ports::OidcClient). The protocol is the
//! `openidconnect` crate's: the code flow with a proof key (RFC 7636), discovery, and the verification of ID tokens. What it does
//! not check, or has nothing for, is checked here:
//!
//! * Everything that leaves goes through the guarded client of `outbound`: no redirect is
//!   followed, and address, size and time are bounded.
//! * A provider's document and keys are kept for a while, and fetched again when a key is not known, at most once in ten seconds.
//!   Few calls to one provider are under way at once, and one that fails is left alone for a while: whoever waits for it is told
//!   so, and nobody else waits.
//! * Signatures are of one of few algorithms, and never of a shared secret; keys are strong enough (`keys.rs`).
//! * A token has one reading: base64url is strict, and no member stands twice (`syft_space_jose`).
//! * Logout tokens (OpenID Connect Back-Channel Logout 1.0) are read and checked here (`logout_token.rs`).
#![forbid(unsafe_code)]

mod bounded_set;
mod http;
mod id_token;
mod keys;
mod logout_token;
mod metadata;
mod provider;
mod relying_party;
mod token;

pub use relying_party::RelyingParty;
