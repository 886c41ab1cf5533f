//! The current keys of hubs.

mod fetch_schedule;
mod ignored_names;
mod jwk;
mod modulus;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use syft_space_domain::ids::HubId;
use syft_space_domain::marketplace::{Hub, HubUrl, SatelliteRefused};
use syft_space_domain::time::Timestamp;
use syft_space_outbound::http::Method;
use syft_space_outbound::http::header::CACHE_CONTROL;
use syft_space_outbound::{Request, Response};
use tokio::sync::{OwnedMutexGuard, Semaphore};

use crate::http::HubHttp;
use fetch_schedule::{FetchSchedule, RefreshDue};
use ignored_names::IgnoredNames;
pub(crate) use jwk::{HubKey, parse_key_set};

/// The most bytes of a key set.
const MAX_KEY_SET_BYTES: usize = 64 * 1024;
/// The time for fetching one.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest that a caller waits for a scheduled fetch.
const REFRESH_PATIENCE: Duration = Duration::from_millis(500);
/// The most callers that wait for a fetch at once. Others are judged by the present keys.
const MAX_WAITING_CALLERS: usize = 1_024;

/// The keys as they were last fetched.
#[derive(Default)]
struct CurrentKeys {
    keys: Vec<Arc<HubKey>>,
    /// The number of good sets so far; 0 before the first.
    version: u64,
}

/// The keys of one hub.
pub(crate) struct HubKeys {
    url: HubUrl,
    http: Arc<dyn HubHttp>,
    current: RwLock<Arc<CurrentKeys>>,
    schedule: Mutex<FetchSchedule>,
    /// Held during a fetch: one at a time.
    fetch_lock: Arc<tokio::sync::Mutex<()>>,
    fetches_begun: AtomicU64,
    waiters: Semaphore,
    /// The last problem: the same one is not logged twice.
    last_problem: Mutex<String>,
    /// What tokens of the hub have said that was ignored: the same is not logged twice.
    ignored_names: IgnoredNames,
}

/// The outcome of asking for the keys again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefetchOutcome {
    /// A fetch that began after the call has ended, well or not.
    Fetched,
    /// No fetch is allowed for now.
    NotAllowed,
}

impl HubKeys {
    fn new(url: HubUrl, http: Arc<dyn HubHttp>) -> Arc<Self> {
        Arc::new(Self {
            url,
            http,
            current: RwLock::default(),
            schedule: Mutex::new(FetchSchedule::new()),
            fetch_lock: Arc::default(),
            fetches_begun: AtomicU64::new(0),
            waiters: Semaphore::new(MAX_WAITING_CALLERS),
            last_problem: Mutex::default(),
            ignored_names: IgnoredNames::default(),
        })
    }

    fn current(&self) -> Arc<CurrentKeys> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn schedule(&self) -> MutexGuard<'_, FetchSchedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The version of the set in use. It changes with each that is fetched.
    pub(crate) fn version(&self) -> u64 {
        self.current().version
    }

    /// The number of fetches that were begun.
    pub(crate) fn fetches_begun(&self) -> u64 {
        self.fetches_begun.load(Ordering::Acquire)
    }

    /// The key that verifies a signature.
    pub(crate) fn verify(
        &self,
        kid: &str,
        signing_input: &[u8],
        signature: &[u8],
    ) -> Result<Arc<HubKey>, SatelliteRefused> {
        let current = self.current();
        if current.version == 0 {
            return Err(SatelliteRefused::KeysUnavailable);
        }
        let key = current.keys.iter().find(|key| key.kid == kid).ok_or(SatelliteRefused::UnknownKey)?;
        if key.verifies(signing_input, signature) {
            Ok(Arc::clone(key))
        } else {
            Err(SatelliteRefused::BadSignature)
        }
    }

    /// Fetches keys that grow old. A caller that finds them too old waits, as long as a hub in good health takes; else, and
    /// after that, the present ones serve meanwhile.
    pub(crate) async fn refresh_if_due(self: &Arc<Self>, now: Timestamp) {
        let due = self.schedule().refresh_due(now);
        if due == RefreshDue::NotYet {
            return;
        }
        let keys = Arc::clone(self);
        let fetch = tokio::spawn(async move {
            let fetch_guard = Arc::clone(&keys.fetch_lock).lock_owned().await;
            keys.fetch(now, fetch_guard).await;
        });
        if due == RefreshDue::Blocking {
            drop(tokio::time::timeout(REFRESH_PATIENCE, fetch).await);
        }
    }

    /// Fetches the keys because none verifies a token that came when `fetches_begun` fetches were begun. A fetch that
    /// began since then serves as well.
    pub(crate) async fn refetch(self: &Arc<Self>, fetches_begun: u64, now: Timestamp) -> RefetchOutcome {
        let Ok(_permit) = self.waiters.try_acquire() else { return RefetchOutcome::NotAllowed };
        let fetch_guard = Arc::clone(&self.fetch_lock).lock_owned().await;
        if self.fetches_begun() > fetches_begun {
            return RefetchOutcome::Fetched;
        }
        if !self.schedule().try_take(now) {
            return RefetchOutcome::NotAllowed;
        }
        // In a task of its own: a caller who goes away must not take the fetch along.
        let keys = Arc::clone(self);
        tokio::spawn(async move { keys.fetch(now, fetch_guard).await }).await.ok();
        RefetchOutcome::Fetched
    }

    /// Reports that no key verifies a token, also after a fetch.
    pub(crate) fn report_failure(&self) {
        self.schedule().report_failure();
    }

    /// Reports the claims and header parameters of a good token that were ignored. Which are new is logged, once per hub.
    pub(crate) fn report_ignored(&self, names: Vec<String>) {
        let new = self.ignored_names.learn(names);
        if !new.is_empty() {
            tracing::info!(hub = %self.url, names = ?new, "tokens of the hub say what they did not before; it is ignored");
        }
    }

    async fn fetch(&self, now: Timestamp, _fetch_guard: OwnedMutexGuard<()>) {
        self.fetches_begun.fetch_add(1, Ordering::AcqRel);
        let url = format!("{}/.well-known/jwks.json", self.url);
        let request = match Request::new(Method::GET, &url) {
            Ok(request) => request.max_response_bytes(MAX_KEY_SET_BYTES).timeout(FETCH_TIMEOUT).no_retry(),
            Err(error) => return self.log_problem(error.to_string()),
        };
        let answer = match self.http.call(&request).await {
            Ok(answer) if answer.status == 200 => answer,
            Ok(answer) => return self.log_problem(format!("the answer was {}", answer.status)),
            Err(error) => return self.log_problem(error.to_string()),
        };
        // Whether a modulus is any good takes milliseconds, and a set may have many.
        let body = answer.body.clone();
        let Ok(parsed) = tokio::task::spawn_blocking(move || parse_key_set(&body)).await else { return };
        let Some((keys, ignored)) = parsed else {
            return self.log_problem("the answer is no key set".to_owned());
        };
        if keys.is_empty() {
            return self.log_problem(format!("there is no key of use: {}", ignored.join("; ")));
        }
        self.log_problem(ignored.join("; "));
        self.replace_keys(keys);
        self.schedule().fetched(now, max_age(&answer));
    }

    /// Replaces the keys by a new set. A key that was there before stays the same; one that is gone is retired.
    fn replace_keys(&self, keys: Vec<HubKey>) {
        let before = self.current();
        let same = |key: HubKey| {
            let current = before.keys.iter().find(|current| current.is_same(&key));
            current.map_or_else(|| Arc::new(key), Arc::clone)
        };
        let keys: Vec<Arc<HubKey>> = keys.into_iter().map(same).collect();
        let gone = before.keys.iter().filter(|old| !keys.iter().any(|key| Arc::ptr_eq(key, old)));
        let gone: Vec<Arc<HubKey>> = gone.cloned().collect();
        let current = Arc::new(CurrentKeys { keys, version: before.version + 1 });
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
        gone.iter().for_each(|key| key.retire());
    }

    /// Logs a problem with a hub's keys, once until it is another.
    fn log_problem(&self, problem: String) {
        let mut last = self.last_problem.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != problem {
            if !problem.is_empty() {
                tracing::warn!(hub = %self.url, what = %problem, "keys of the hub are not used");
            }
            *last = problem;
        }
    }

    fn retire_all(&self) {
        self.current().keys.iter().for_each(|key| key.retire());
    }
}

/// For how long a hub says that its keys are fresh (RFC 9111, section 5.2.2).
fn max_age(answer: &Response) -> Option<Duration> {
    let said = answer.headers.get(CACHE_CONTROL)?.to_str().ok()?.to_ascii_lowercase();
    let mut age = None;
    for directive in said.split(',').map(str::trim) {
        if matches!(directive, "no-store" | "no-cache") {
            return Some(Duration::ZERO);
        }
        if let Some(seconds) = directive.strip_prefix("max-age=") {
            age = seconds.trim_matches('"').parse().ok().map(Duration::from_secs);
        }
    }
    age
}

/// The keys of every hub.
pub(crate) struct KeysByHub {
    http: Arc<dyn HubHttp>,
    keys: RwLock<HashMap<HubId, Arc<HubKeys>>>,
}

impl KeysByHub {
    pub(crate) fn new(http: Arc<dyn HubHttp>) -> Self {
        Self { http, keys: RwLock::default() }
    }

    /// The keys at a URL that is no trusted hub's yet, fetched now.
    pub(crate) async fn at(&self, url: &HubUrl, now: Timestamp) -> Arc<HubKeys> {
        let keys = HubKeys::new(url.clone(), Arc::clone(&self.http));
        keys.refetch(0, now).await;
        keys
    }

    /// The keys of a hub at its present URL. Keys from another URL are retired.
    pub(crate) fn of(&self, hub: &Hub, trusted: impl FnOnce() -> Vec<Arc<Hub>>) -> Arc<HubKeys> {
        let at_url = |keys: &&Arc<HubKeys>| keys.url == hub.url;
        let current = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = current.get(&hub.id).filter(at_url) {
            return Arc::clone(keys);
        }
        drop(current);
        let trusted = trusted();
        let mut all = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = all.get(&hub.id).filter(at_url) {
            return Arc::clone(keys);
        }
        all.retain(|id, keys| {
            let is_trusted = *id != hub.id && trusted.iter().any(|hub| hub.id == *id);
            if !is_trusted {
                keys.retire_all();
            }
            is_trusted
        });
        let keys = HubKeys::new(hub.url.clone(), Arc::clone(&self.http));
        all.insert(hub.id, Arc::clone(&keys));
        keys
    }
}
