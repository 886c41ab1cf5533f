//! What is known of one provider, and how it is asked: few at a time, and not again at once where it fails.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use syft_space_domain::identity::oidc::OidcIssuer;
use syft_space_domain::identity::oidc::ports::OidcError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use crate::http::GuardedHttp;
use crate::metadata::{self, Metadata};

/// The most codes that one provider is asked about at once. Others wait.
const MAX_CALLS: usize = 16;
/// The most of them that one client has.
const MAX_CALLS_OF_CLIENT: usize = 4;
/// How long somebody waits for their turn.
const MAX_WAIT: Duration = Duration::from_secs(5);
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
    clients: Mutex<HashMap<Option<IpAddr>, Weak<Semaphore>>>,
    known: Mutex<Option<Known>>,
    /// Of many who want to know more, one asks.
    fetching: tokio::sync::Mutex<()>,
    document: Failures,
    token_endpoint: Failures,
}

#[derive(Clone)]
struct Known {
    metadata: Arc<Metadata>,
    fetched_at: Instant,
}

/// The right to ask the provider about a code, for as long as it is held.
pub(crate) struct Turn<'a> {
    _of_client: OwnedSemaphorePermit,
    _of_all: SemaphorePermit<'a>,
}

/// When asking for something failed last. Each thing by itself: anybody can have the document asked for.
#[derive(Default)]
struct Failures(Mutex<Option<Instant>>);

impl Failures {
    fn is_cooling_down(&self) -> bool {
        let failed_at = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failed_at.is_some_and(|failed_at| failed_at.elapsed() < COOL_DOWN)
    }

    fn note(&self, issuer: &OidcIssuer, why: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        tracing::warn!(%issuer, why, "an identity provider cannot be asked");
    }
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
            clients: Mutex::default(),
            known: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
            document: Failures::default(),
            token_endpoint: Failures::default(),
        }
    }

    /// Waits for a turn to ask about a code. One client takes few of them, so that no other waits for it long.
    pub(crate) async fn enter(&self, client: Option<IpAddr>) -> Result<Turn<'_>, OidcError> {
        let own = self.share_of(client);
        let turn = async {
            let of_client = own.acquire_owned().await.ok()?;
            Some(Turn { _of_client: of_client, _of_all: self.calls.acquire().await.ok()? })
        };
        timeout(MAX_WAIT, turn).await.ok().flatten().ok_or(OidcError::Unavailable)
    }

    fn share_of(&self, client: Option<IpAddr>) -> Arc<Semaphore> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = clients.get(&client).and_then(Weak::upgrade) {
            return share;
        }
        // Often enough to keep none that is not used, and seldom enough to cost nothing.
        if clients.len().is_power_of_two() {
            clients.retain(|_, share| share.strong_count() > 0);
        }
        let share = Arc::new(Semaphore::new(MAX_CALLS_OF_CLIENT));
        clients.insert(client, Arc::downgrade(&share));
        share
    }

    /// What is known of the provider, which is asked where that is not enough. Of many who want it, one asks; the others wait only
    /// if they can do with nothing older.
    pub(crate) async fn metadata(
        &self,
        wanted: Wanted,
        http: &GuardedHttp,
    ) -> Result<Arc<Metadata>, OidcError> {
        let (enough, will_do) = match wanted {
            Wanted::Fresh => (FRESH, STALE),
            Wanted::Refetched => (REFETCH_INTERVAL, REFETCH_INTERVAL),
        };
        if let Some(known) = self.known_for_less_than(enough) {
            return Ok(known);
        }
        let _fetching = match self.fetching.try_lock() {
            Ok(fetching) => fetching,
            Err(_) => match self.known_for_less_than(will_do) {
                Some(known) => return Ok(known),
                None => self.fetching.lock().await,
            },
        };
        // Another may have asked meanwhile.
        if let Some(known) = self.known_for_less_than(enough) {
            return Ok(known);
        }
        if !self.document.is_cooling_down() {
            match metadata::fetch(&self.issuer, http).await {
                Ok(metadata) => {
                    let known = Known { metadata: Arc::new(metadata), fetched_at: Instant::now() };
                    *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
                    return Ok(known.metadata);
                }
                Err(error) => self.document.note(&self.issuer, &error),
            }
        }
        self.known_for_less_than(STALE).ok_or(OidcError::Unavailable)
    }

    fn known_for_less_than(&self, age: Duration) -> Option<Arc<Metadata>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref().filter(|known| known.fetched_at.elapsed() < age)?;
        Some(Arc::clone(&known.metadata))
    }

    /// Whether it failed a moment ago to say whose a code is.
    pub(crate) fn is_cooling_down(&self) -> bool {
        self.token_endpoint.is_cooling_down()
    }

    /// Notes that it failed to say whose a code is, and tells the operator.
    pub(crate) fn failed(&self, why: &str) {
        self.token_endpoint.note(&self.issuer, why);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use syft_space_domain::random::{Entropy, RandomError};
    use syft_space_outbound::{Client, ClientSettings, SystemResolver};

    use super::*;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
            buffer.fill(0);
            Ok(())
        }
    }

    fn http() -> GuardedHttp {
        let client = Client::new(ClientSettings::default(), Arc::new(SystemResolver), Arc::new(Zeros));
        GuardedHttp(Arc::new(client.unwrap()))
    }

    fn provider() -> Provider {
        Provider::new(OidcIssuer::parse("https://id.example.org").unwrap())
    }

    fn client(n: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(192, 0, 2, n).into())
    }

    #[tokio::test(start_paused = true)]
    async fn a1_one_client_leaves_turns_to_all_others_and_waits_for_its_own() {
        let provider = provider();
        let mut held = Vec::new();
        for n in 0..4 {
            for _ in 0..MAX_CALLS_OF_CLIENT {
                held.push(provider.enter(client(n)).await.unwrap());
            }
            let began = Instant::now();
            assert!(provider.enter(client(n)).await.is_err(), "the turns of one client are all taken");
            assert_eq!(began.elapsed(), MAX_WAIT);
        }
        // All are taken: whoever waits is served as soon as one is free.
        let (entered, ()) = tokio::join!(provider.enter(client(9)), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            held.pop();
        });
        assert!(entered.is_ok());
        drop((entered, held));
        for n in 0..250 {
            provider.enter(client(n)).await.unwrap();
        }
        assert!(provider.clients.lock().unwrap().len() <= 2, "nobody is remembered who does not ask");
    }

    #[tokio::test(start_paused = true)]
    async fn a1_nobody_waits_for_a_document_that_they_can_do_without() {
        let provider = provider();
        let document = serde_json::json!({
            "issuer": "https://id.example.org", "authorization_endpoint": "https://id.example.org/authorize",
            "token_endpoint": "https://id.example.org/token", "jwks_uri": "https://id.example.org/jwks",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        let metadata = Arc::new(serde_json::from_value(document).unwrap());
        *provider.known.lock().unwrap() = Some(Known { metadata, fetched_at: Instant::now() });
        tokio::time::advance(FRESH).await;
        let (http, fetching) = (http(), provider.fetching.lock().await);
        let began = Instant::now();
        provider.metadata(Wanted::Fresh, &http).await.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO);
        let suspicious = provider.metadata(Wanted::Refetched, &http);
        assert!(timeout(Duration::from_secs(60), suspicious).await.is_err(), "it waits for the new one");
        tokio::time::advance(STALE).await;
        let late = provider.metadata(Wanted::Fresh, &http);
        assert!(timeout(Duration::from_secs(60), late).await.is_err(), "there is nothing to do with");
        drop(fetching);
    }
}
