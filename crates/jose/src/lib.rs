//! What every JSON Web Token of a Syft Space goes through, whoever issued it.
//!
//! * [`Compact`]: the compact serialization (RFC 7515, section 3.1) with one reading only. Base64url is strict
//!   ([`decode`]), and no JSON member stands twice ([`object`], [`member_names`]), so that two programs cannot read one
//!   token as two.
//! * [`TokenCache`]: tokens that were verified, under a keyed hash of their text ([`TokenHasher`]).
//!
//! Which members a header and the claims may have, which keys verify a signature, and how long a verdict holds is for
//! each kind of token to say, in the crate that verifies it. There is no cryptography here but that hash.
#![forbid(unsafe_code)]

mod compact;
mod members;
mod token_cache;

pub use compact::{Compact, MAX_TOKEN_BYTES, decode, numeric_date, object};
pub use members::member_names;
pub use token_cache::{TokenCache, TokenDigest, TokenHasher};
