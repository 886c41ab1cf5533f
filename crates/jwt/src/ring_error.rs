//! The errors of a key ring, and what to do about them.

use syft_space_domain::environment::{Environment, EnvironmentError};
use syft_space_domain::random::RandomError;

use crate::SigningAlgorithm;

/// A key ring could not be made or read. No message holds key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// The text is no key set of the form this crate writes.
    #[error(
        "the signing keys are not readable at line {line}, column {column}: restore the file from a backup, or move \
         it away to have a new key made, after which everybody has to log in again"
    )]
    Unreadable {
        /// Where reading stopped.
        line: usize,
        /// Where in that line.
        column: usize,
    },
    /// No key, or more than one, is the one to sign with.
    #[error(
        "{found} of the signing keys have no `accepted_until`: exactly one, the current key, is without; give the \
         others the time until which their tokens are accepted"
    )]
    NotOneCurrent {
        /// How many there are.
        found: usize,
    },
    /// Two keys have the same id.
    #[error("the signing key {kid:?} stands twice: remove one of the two")]
    DuplicateId {
        /// The id (`kid`).
        kid: String,
    },
    /// The parts of a key do not belong together.
    #[error(
        "the signing key {kid:?} mixes kinds: HS256 goes with kty oct and k; EdDSA with kty OKP, crv Ed25519, x and d; \
         ES256 with kty EC, crv P-256, x, y and d; use is sig"
    )]
    MixedKinds {
        /// The id (`kid`).
        kid: String,
    },
    /// A secret is too short to be safe (RFC 8725, section 3.5).
    #[error(
        "the signing key {kid:?} has {bits} bits: a key for HS256 has at least 256 random ones; have one generated"
    )]
    TooShort {
        /// The id (`kid`).
        kid: String,
        /// Its length.
        bits: usize,
    },
    /// The id is not what it must be.
    #[error(
        "the signing key {kid:?} has a wrong id: that of an EdDSA or ES256 key is its RFC 7638 thumbprint, that of an \
         HS256 key 1 to 64 of A-Z, a-z, 0-9, - and _"
    )]
    WrongId {
        /// The id (`kid`).
        kid: String,
    },
    /// The key's bytes are no key of its algorithm, or its public part is not that of its private part.
    #[error(
        "the signing key {kid:?} is no {algorithm} key, or its halves do not match: restore it from a backup"
    )]
    WrongMaterial {
        /// The id (`kid`).
        kid: String,
        /// Its algorithm.
        algorithm: SigningAlgorithm,
    },
    /// No key could be made.
    #[error("no {algorithm} key could be made: the cryptographic library refused it")]
    NotMade {
        /// Its algorithm.
        algorithm: SigningAlgorithm,
    },
    /// The keys were made for another environment.
    #[error(
        "the signing keys are those of the environment {found}, and this is {asked}: give each environment keys of its \
         own, or correct the environment's name"
    )]
    OtherEnvironment {
        /// Their mark.
        found: Environment,
        /// What the caller asked for.
        asked: Environment,
    },
    /// The mark of the environment is none.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// There are as many keys as there may be.
    #[error("tokens of {found} signing keys are accepted, and of no more at once")]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// There was no randomness to make a key from.
    #[error(transparent)]
    Random(#[from] RandomError),
}
