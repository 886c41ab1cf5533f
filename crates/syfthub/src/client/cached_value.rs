//! A value that a hub gives for a time: cached, renewed ahead of its end, and fetched by one caller at a time.

use std::time::Duration;

use syft_space_domain::marketplace::ports::HubError;
use syft_space_domain::time::{Clock, Timestamp};

/// The time for which a failure is answered again instead of another fetch.
const FAILURE_RETRY_DELAY: Duration = Duration::from_secs(5);
/// The time for which a credential that was not accepted is not tried again: hubs count attempts.
const UNAUTHORIZED_RETRY_DELAY: Duration = Duration::from_secs(60);
/// The margin before the end in which a value is not used any more: it may be over by the time it arrives.
const EXPIRY_MARGIN: Duration = Duration::from_secs(2);

/// A value that is valid until a time.
#[derive(Clone)]
pub(super) struct ExpiringValue<T> {
    pub(super) value: T,
    pub(super) renew_at: Timestamp,
    pub(super) ends_at: Timestamp,
}

impl<T> ExpiringValue<T> {
    /// A value whose lifetime begins now. It is renewed in its last quarter.
    pub(super) fn with_lifetime(value: T, now: Timestamp, lifetime: Duration) -> Self {
        Self { value, renew_at: now.plus(lifetime * 3 / 4), ends_at: now.plus(lifetime) }
    }
}

/// A cache of one such value.
pub(super) struct CachedValue<T>(tokio::sync::Mutex<State<T>>);

struct State<T> {
    value: Option<ExpiringValue<T>>,
    failure: Option<(Timestamp, HubError)>,
}

impl<T> Default for CachedValue<T> {
    fn default() -> Self {
        Self(tokio::sync::Mutex::new(State { value: None, failure: None }))
    }
}

impl<T: Clone> CachedValue<T> {
    /// The cached value, or one that `refresh` fetches. Callers that come meanwhile wait for that one. If the fetch
    /// fails, the old value serves as long as it is valid.
    pub(super) async fn get_or_refresh<F>(
        &self,
        clock: &dyn Clock,
        refresh: impl FnOnce(Option<T>) -> F,
    ) -> Result<ExpiringValue<T>, HubError>
    where
        F: Future<Output = Result<ExpiringValue<T>, HubError>>,
    {
        let mut state = self.0.lock().await;
        let now = clock.now();
        let value = state.value.clone();
        if let Some(fresh) = value.as_ref().filter(|value| now < value.renew_at) {
            return Ok(fresh.clone());
        }
        let usable = |value: &ExpiringValue<T>, now: Timestamp| now.plus(EXPIRY_MARGIN) < value.ends_at;
        if let Some((_, error)) = state.failure.clone().filter(|(until, _)| now < *until) {
            return value.filter(|value| usable(value, now)).ok_or(error);
        }
        match refresh(value.as_ref().map(|value| value.value.clone())).await {
            Ok(renewed) => {
                *state = State { value: Some(renewed.clone()), failure: None };
                Ok(renewed)
            }
            Err(error) => {
                let now = clock.now();
                let delay = if matches!(error, HubError::Unauthorized(_)) {
                    UNAUTHORIZED_RETRY_DELAY
                } else {
                    FAILURE_RETRY_DELAY
                };
                state.failure = Some((now.plus(delay), error.clone()));
                value.filter(|value| usable(value, now)).ok_or(error)
            }
        }
    }

    /// Whether the last fetch failed; `false` while one is under way.
    pub(super) fn has_failed(&self) -> bool {
        self.0.try_lock().is_ok_and(|state| state.failure.is_some())
    }

    /// Removes the cached value if it matches.
    pub(super) async fn invalidate_if(&self, matches: impl FnOnce(&T) -> bool) {
        let mut state = self.0.lock().await;
        if state.value.as_ref().is_some_and(|value| matches(&value.value)) {
            state.value = None;
        }
    }
}
