//! The port of randomness: tests can choose it, and nothing here draws it unseen.

/// The source of randomness failed; nothing may be made up in its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the system's source of randomness failed: {0}")]
pub struct RandomError(pub String);

/// A source of bytes that nobody can guess.
pub trait Entropy: Send + Sync {
    /// Fills the whole buffer with random bytes.
    ///
    /// # Errors
    /// When the source fails; the buffer must then not be used.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError>;
}
