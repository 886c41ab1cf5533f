//! The port to other spaces.

use crate::Pending;
use crate::dataset::{Hits, RemoteEndpoint, SearchQuery};
use crate::marketplace::ports::HubError;
use crate::secret::Secret;
use crate::tenant::TenantScope;

/// Another space did not answer a question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteSpaceError {
    /// The marketplace at which the tenant has its account is not registered any more.
    #[error("the marketplace whose account the other space is asked as is registered no more")]
    NoMarketplace,
    /// The marketplace gives no token.
    #[error("the marketplace gives no satellite token for the other space: {0}")]
    NoToken(HubError),
    /// Its address may not be called from here; the text says what would allow it.
    #[error("{0}")]
    NotAllowed(String),
    /// It could not be reached, did not answer in time, or failed.
    #[error("the other space cannot be reached at the moment: {0}")]
    Unavailable(String),
    /// The tenant asks other spaces too much at once already.
    #[error("too many questions to other spaces are under way: ask again once some are answered")]
    Busy,
    /// It refuses the tenant's account; how it said so.
    #[error("the other space refuses: {0}")]
    Refused(String),
    /// It answered what no space answers.
    #[error("the other space's answer cannot be read: {0}")]
    Unreadable(String),
}

impl RemoteSpaceError {
    /// That another endpoint is meant by now than the one that was asked.
    pub(crate) fn changed() -> Self {
        Self::Unavailable("another endpoint is to be asked by now; ask again".to_owned())
    }

    /// Whether waiting mends nothing: the owner of the tenant must do something.
    #[must_use]
    pub fn needs_owner(&self) -> bool {
        match self {
            Self::NoMarketplace | Self::NotAllowed(_) | Self::Refused(_) | Self::Unreadable(_) => true,
            Self::NoToken(error) => error.needs_owner(),
            Self::Unavailable(_) | Self::Busy => false,
        }
    }
}

/// Asks endpoints of other spaces.
pub trait RemoteSpaces: Send + Sync {
    /// What an endpoint of another space answers to a question, in its order. Nothing of whoever asks is sent but the token. The answer is
    /// not trusted: it may hold more than was asked for, and less close to it.
    ///
    /// A chunk is known by its document and by how many of that document stand before it in the answer. A document whose id would be none
    /// here is known by a hash of that.
    ///
    /// # Errors
    /// One variant for each way in which nothing is answered.
    fn ask<'a>(
        &'a self,
        scope: &'a TenantScope,
        endpoint: &'a RemoteEndpoint,
        token: &'a Secret<String>,
        query: &'a SearchQuery<'a>,
    ) -> Pending<'a, Result<Hits, RemoteSpaceError>>;
}

/// For who asks no other spaces.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRemoteSpaces;

impl RemoteSpaces for NoRemoteSpaces {
    fn ask<'a>(
        &'a self,
        _: &'a TenantScope,
        _: &'a RemoteEndpoint,
        _: &'a Secret<String>,
        _: &'a SearchQuery<'a>,
    ) -> Pending<'a, Result<Hits, RemoteSpaceError>> {
        Box::pin(async { Err(RemoteSpaceError::NotAllowed("no other space is asked from here".to_owned())) })
    }
}
