//! The signing algorithms of access tokens.

use std::fmt;
use std::str::FromStr;

/// A signature algorithm of RFC 7518 or RFC 8037. A key has exactly one, for good: what a token's header says is
/// compared with it and never followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SigningAlgorithm {
    /// HMAC with SHA-256: one secret that signs and verifies, the fastest of the three.
    Hs256,
    /// Ed25519: others can verify with the public key.
    EdDsa,
    /// ECDSA on P-256 with SHA-256, for those who cannot verify Ed25519.
    Es256,
}

/// A text that names no algorithm in use here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a signing algorithm is one of HS256, EdDSA, ES256")]
pub struct SigningAlgorithmError;

impl SigningAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::Hs256, Self::EdDsa, Self::Es256];

    /// Its name in headers and key sets (`alg`).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
        }
    }

    /// The type of its keys (`kty`), and their curve (`crv`) if they have one.
    pub(crate) fn key_type(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Hs256 => ("oct", None),
            Self::EdDsa => ("OKP", Some("Ed25519")),
            Self::Es256 => ("EC", Some("P-256")),
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SigningAlgorithm {
    type Err = SigningAlgorithmError;
    fn from_str(text: &str) -> Result<Self, SigningAlgorithmError> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text).ok_or(SigningAlgorithmError)
    }
}
