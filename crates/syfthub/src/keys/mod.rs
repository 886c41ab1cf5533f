//! What are the keys of a hub now?

mod budget;
mod jwk;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use syft_space_domain::ids::HubId;
use syft_space_domain::marketplace::{Hub, HubUrl, SatelliteRefused};
use syft_space_domain::time::Timestamp;
use syft_space_outbound::http::Method;
use syft_space_outbound::http::header::CACHE_CONTROL;
use syft_space_outbound::{Answer, Request};
use tokio::sync::{OwnedMutexGuard, Semaphore};

use crate::http::HubHttp;
use budget::{Budget, Due};
pub(crate) use jwk::{HubKey, read};

/// The most bytes of a key set.
const SET_BYTES: usize = 64 * 1024;
/// The time for fetching one.
const FETCH_WITHIN: Duration = Duration::from_secs(5);
/// How many callers may wait for a fetch at once. Who comes beyond is judged by the keys that are there.
const WAITING: usize = 1_024;

/// The keys as they were last seen.
#[derive(Default)]
struct Known {
    keys: Vec<Arc<HubKey>>,
    /// How many good sets came before this one and with it; 0 before the first.
    number: u64,
}

/// The keys of one hub.
pub(crate) struct HubKeys {
    url: HubUrl,
    http: Arc<dyn HubHttp>,
    known: RwLock<Arc<Known>>,
    budget: Mutex<Budget>,
    /// Held while a fetch is under way: one at a time.
    fetching: Arc<tokio::sync::Mutex<()>>,
    begun: AtomicU64,
    waiting: Semaphore,
    /// The last complaint: the same one is not logged twice.
    complaint: Mutex<String>,
}

/// What became of a doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A fetch that began after the doubt has ended, well or not.
    Yes,
    /// No fetch is left for now.
    No,
}

impl HubKeys {
    fn new(url: HubUrl, http: Arc<dyn HubHttp>) -> Arc<Self> {
        Arc::new(Self {
            url,
            http,
            known: RwLock::default(),
            budget: Mutex::new(Budget::new()),
            fetching: Arc::default(),
            begun: AtomicU64::new(0),
            waiting: Semaphore::new(WAITING),
            complaint: Mutex::default(),
        })
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the set in use; it changes with each that is fetched.
    pub(crate) fn number(&self) -> u64 {
        self.known().number
    }

    /// How many fetches were begun.
    pub(crate) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Acquire)
    }

    /// The key that made a signature.
    pub(crate) fn check(
        &self,
        kid: &str,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<Arc<HubKey>, SatelliteRefused> {
        let known = self.known();
        if known.number == 0 {
            return Err(SatelliteRefused::KeysUnavailable);
        }
        let key = known.keys.iter().find(|key| key.kid == kid).ok_or(SatelliteRefused::UnknownKey)?;
        if key.verifies(signed, signature) {
            Ok(Arc::clone(key))
        } else {
            Err(SatelliteRefused::BadSignature)
        }
    }

    /// Fetches keys that grow old. Who finds them too old waits; else what is there serves meanwhile.
    pub(crate) async fn keep_fresh(self: &Arc<Self>, now: Timestamp) {
        let due = self.budget().due(now);
        if due == Due::No {
            return;
        }
        let keys = Arc::clone(self);
        let fetch = tokio::spawn(async move {
            let flight = Arc::clone(&keys.fetching).lock_owned().await;
            keys.fetch(now, flight).await;
        });
        if due == Due::Now {
            fetch.await.ok();
        }
    }

    /// Fetches the keys because they do not fit a token whose bearer came when `begun` fetches were begun. Whatever
    /// fetch has begun since then serves them as well.
    pub(crate) async fn doubt(self: &Arc<Self>, begun: u64, now: Timestamp) -> Asked {
        let Ok(_place) = self.waiting.try_acquire() else { return Asked::No };
        let flight = Arc::clone(&self.fetching).lock_owned().await;
        if self.begun() > begun {
            return Asked::Yes;
        }
        if !self.budget().take(now) {
            return Asked::No;
        }
        // In a task of its own: a caller who goes away must not take the fetch along.
        let keys = Arc::clone(self);
        tokio::spawn(async move { keys.fetch(now, flight).await }).await.ok();
        Asked::Yes
    }

    /// Says that a token did not fit the keys, and still does not.
    pub(crate) fn alarm(&self) {
        self.budget().alarm();
    }

    async fn fetch(&self, now: Timestamp, _flight: OwnedMutexGuard<()>) {
        self.begun.fetch_add(1, Ordering::AcqRel);
        let url = format!("{}/.well-known/jwks.json", self.url);
        let request = match Request::new(Method::GET, &url) {
            Ok(request) => request.at_most(SET_BYTES).within(FETCH_WITHIN).once(),
            Err(error) => return self.complain(error.to_string()),
        };
        let answer = match self.http.call(&request).await {
            Ok(answer) if answer.status == 200 => answer,
            Ok(answer) => return self.complain(format!("the answer was {}", answer.status)),
            Err(error) => return self.complain(error.to_string()),
        };
        let Some((keys, ignored)) = read(&answer.body) else {
            return self.complain("the answer is no key set".to_owned());
        };
        if keys.is_empty() {
            return self.complain(format!("there is no key of use: {}", ignored.join("; ")));
        }
        self.complain(ignored.join("; "));
        self.take_over(keys);
        self.budget().fetched(now, max_age(&answer));
    }

    /// Uses a new set. A key that was there before stays the same; one that is gone is retired.
    fn take_over(&self, keys: Vec<HubKey>) {
        let before = self.known();
        let same = |key: HubKey| {
            let known = before.keys.iter().find(|known| known.is(&key));
            known.map_or_else(|| Arc::new(key), Arc::clone)
        };
        let keys: Vec<Arc<HubKey>> = keys.into_iter().map(same).collect();
        let gone = before.keys.iter().filter(|old| !keys.iter().any(|key| Arc::ptr_eq(key, old)));
        let gone: Vec<Arc<HubKey>> = gone.cloned().collect();
        let known = Arc::new(Known { keys, number: before.number + 1 });
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        gone.iter().for_each(|key| key.retire());
    }

    /// Logs what is wrong with a hub's keys, once until it is something else.
    fn complain(&self, what: String) {
        let mut last = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != what {
            if !what.is_empty() {
                tracing::warn!(hub = %self.url, %what, "keys of the hub are not used");
            }
            *last = what;
        }
    }

    fn retire_all(&self) {
        self.known().keys.iter().for_each(|key| key.retire());
    }
}

/// For how long a hub says that its keys are fresh (RFC 9111, section 5.2.2).
fn max_age(answer: &Answer) -> Option<Duration> {
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
pub(crate) struct Hubs {
    http: Arc<dyn HubHttp>,
    keys: RwLock<HashMap<HubId, Arc<HubKeys>>>,
}

impl Hubs {
    pub(crate) fn new(http: Arc<dyn HubHttp>) -> Self {
        Self { http, keys: RwLock::default() }
    }

    /// The keys of a hub at its present URL. Keys from another URL are retired.
    pub(crate) fn of(&self, hub: &Hub, trusted: impl FnOnce() -> Vec<Arc<Hub>>) -> Arc<HubKeys> {
        let at_url = |keys: &&Arc<HubKeys>| keys.url == hub.url;
        let known = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = known.get(&hub.id).filter(at_url) {
            return Arc::clone(keys);
        }
        drop(known);
        let trusted = trusted();
        let mut all = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = all.get(&hub.id).filter(at_url) {
            return Arc::clone(keys);
        }
        all.retain(|id, keys| {
            let kept = *id != hub.id && trusted.iter().any(|hub| hub.id == *id);
            if !kept {
                keys.retire_all();
            }
            kept
        });
        let keys = HubKeys::new(hub.url.clone(), Arc::clone(&self.http));
        all.insert(hub.id, Arc::clone(&keys));
        keys
    }
}
