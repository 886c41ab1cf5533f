//! Local access tokens of a Syft Space: JSON Web Tokens, signed and verified through josekit (OpenSSL).
//!
//! * [`KeyRing`]: the keys. One signs; retired ones are accepted until their time is over. It is kept as one
//!   JSON Web Key Set with private parts ([`KeyRing::to_json`], [`KeyRing::parse`]), which is for whoever calls
//!   to store safely.
//! * [`JwtTokens`]: the port [`AccessTokens`](syft_space_domain::identity::ports::AccessTokens) over such a ring.
//!
//! # What a token must be
//!
//! `{"alg","typ":"at+jwt","kid"}`, then `iss`, `sub`, `aud`, `exp`, `iat`, `jti`, `tid`, `tenant`, `email` and
//! `role`, in the compact form, at most 4 KiB. The rules are RFC 8725's, with nothing optional:
//!
//! * Header: no member but these three, so no `crit`, `b64`, `zip`, `jwk`, `jku`, `x5u`, `x5c`. `kid` is compared
//!   with the ring's and used for nothing else. The algorithm is the key's; the header may only agree.
//! * Base64url is strict and no JSON member stands twice, so that a text has one reading. The signature is
//!   checked before the claims are read. HMACs are compared in constant time.
//! * Claims: all there, none besides (but `nbf`), of exactly the right JSON type: a time is a whole number, `aud`
//!   is one string. `exp - iat` is at most the configured lifetime. `exp` has no leeway; `iat` and `nbf` may lie
//!   5 s ahead, for the clocks of two nodes. Each refusal is a
//!   [`TokenRefused`](syft_space_domain::identity::TokenRefused) that says which rule it was.
//!
//! A verified token is remembered under a keyed hash of its whole text until it expires or its key is no longer
//! accepted; the number of tokens remembered is bounded.
//!
//! # OpenSSL
//!
//! The default feature `vendored-openssl` builds OpenSSL from source; without it the system's is linked.
//! Keys are made from the caller's [`Entropy`](syft_space_domain::random::Entropy). The one-time numbers inside an
//! ES256 signature are OpenSSL's own; the other algorithms need none. An ES256 signature `(r, s)` has a second valid
//! form `(r, n - s)`, as everywhere in JOSE: nothing may take a token's text for its identity, which is `jti`.
#![forbid(unsafe_code)]

mod algorithm;
mod claims;
mod header;
mod key;
mod ring;
mod ring_error;
mod ring_format;
mod tokens;

pub use algorithm::{SigningAlgorithm, SigningAlgorithmError};
pub use ring::KeyRing;
pub use ring_error::KeyRingError;
pub use tokens::{JwtTokens, TokenSettings, TokenSettingsError};
