//! Secrets of a Syft Space at rest: values that only this space can open, each at the one place it was sealed for.
//!
//! * [`MasterKey`]: the one key, in a file that its owner alone may read. Without it every sealed value needs a new one.
//! * [`XChaChaSealer`]: the port [`Sealer`](syft_space_domain::sealing::Sealer) over that key.
//!
//! # How a value is sealed
//!
//! ```text
//! master key ──HKDF-SHA256──► key of the tenant ──XChaCha20-Poly1305──► version ‖ key id ‖ nonce ‖ ciphertext ‖ tag
//!                 info: environment, tenant        associated data:         1        16      24    as the value   16
//!                                                  version, key id, tenant,
//!                                                  row, table, column
//! ```
//!
//! * The key of a tenant is derived (RFC 5869) and never stored. The environment goes into it: a key file whose mark
//!   was rewritten opens nothing.
//! * A digest is HMAC-SHA-256 (RFC 2104) with a key of the tenant that is derived for digests alone, of the purpose with its length
//!   before it and the bytes. Under another master key all digests are others.
//! * The nonce has 24 random bytes from the caller's [`Entropy`](syft_space_domain::random::Entropy), so no counter has
//!   to be kept.
//! * The associated data binds a value to its place: copied into another row, column, table or tenant, it opens no more.
//! * Whatever is wrong with a value, opening it answers
//!   [`Unsealable`](syft_space_domain::sealing::Unsealable): the caller learns nothing of why, and every other
//!   value opens as before.
//!
//! A sealed value tells its length. It does not tell that an older value was put back into the same place.
//! Keys, and the text of values, are overwritten when they are dropped.
#![forbid(unsafe_code)]

mod error;
mod key_file;
mod master_key;
mod sealer;

pub use error::MasterKeyError;
pub use master_key::MasterKey;
pub use sealer::XChaChaSealer;
