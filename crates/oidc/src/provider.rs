//! What is known of one provider, and how it is asked: few at a time, and not again at once where it fails.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use syft_space_domain::identity::oidc::OidcIssuer;
use syft_space_domain::identity::oidc::ports::OidcError;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::http::GuardedHttp;
use crate::metadata::{self, Metadata};

/// The most that ask one provider at once. Others are told to come back.
const MAX_CALLS: usize = 16;
/// How long what is known of a provider is used without asking it.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// How long it is used where the provider does not answer.
const STALE: Duration = Duration::from_secs(60 * 60);
/// The least time between two fetches on suspicion.
const REFETCH_INTERVAL: Duration = Duration::from_secs(10);
/// How long a provider that failed is not asked.
const COOL_DOWN: Duration = Duration::from_secs(10);

/// One provider.
pub(crate) struct Provider {
    issuer: OidcIssuer,
    calls: Semaphore,
    known: tokio::sync::Mutex<Option<Known>>,
    failed_at: Mutex<Option<Instant>>,
}

#[derive(Clone)]
struct Known {
    metadata: Arc<Metadata>,
    fetched_at: Instant,
}

/// Which knowledge of a provider is good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// What is not too old.
    Fresh,
    /// What is from now: a key is not known.
    Refetched,
}

impl Provider {
    pub(crate) fn new(issuer: OidcIssuer) -> Self {
        Self {
            issuer,
            calls: Semaphore::new(MAX_CALLS),
            known: tokio::sync::Mutex::default(),
            failed_at: Mutex::default(),
        }
    }

    /// The right to ask the provider, for as long as it is held.
    pub(crate) fn enter(&self) -> Result<SemaphorePermit<'_>, OidcError> {
        self.calls.try_acquire().map_err(|_| OidcError::Unavailable)
    }

    /// What is known of the provider, which is asked where that is not enough. Of many who want it, one asks.
    pub(crate) async fn metadata(
        &self,
        wanted: Wanted,
        http: &GuardedHttp,
        _entered: &SemaphorePermit<'_>,
    ) -> Result<Arc<Metadata>, OidcError> {
        let mut known = self.known.lock().await;
        let age = known.as_ref().map(|known| known.fetched_at.elapsed());
        let enough = match wanted {
            Wanted::Fresh => FRESH,
            Wanted::Refetched => REFETCH_INTERVAL,
        };
        if let Some(known) = known.as_ref().filter(|_| age.is_some_and(|age| age < enough)) {
            return Ok(Arc::clone(&known.metadata));
        }
        if !self.is_cooling_down() {
            match metadata::fetch(&self.issuer, http).await {
                Ok(metadata) => {
                    let metadata = Arc::new(metadata);
                    *known = Some(Known { metadata: Arc::clone(&metadata), fetched_at: Instant::now() });
                    return Ok(metadata);
                }
                Err(error) => self.failed(&error),
            }
        }
        let stale = known.as_ref().filter(|_| age.is_some_and(|age| age < STALE));
        stale.map(|known| Arc::clone(&known.metadata)).ok_or(OidcError::Unavailable)
    }

    /// Whether it failed a moment ago.
    pub(crate) fn is_cooling_down(&self) -> bool {
        let failed_at = *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        failed_at.is_some_and(|failed_at| failed_at.elapsed() < COOL_DOWN)
    }

    /// Notes that it failed, and tells the operator.
    pub(crate) fn failed(&self, why: &str) {
        *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        tracing::warn!(issuer = %self.issuer, why, "an identity provider cannot be asked");
    }
}
