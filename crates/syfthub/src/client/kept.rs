//! How is something that a hub gives for a time kept, renewed ahead of its end, and asked for once at a time?

use std::time::Duration;

use syft_space_domain::marketplace::ports::HubError;
use syft_space_domain::time::{Clock, Timestamp};

/// How long a failure is told again instead of asking anew.
const FAILED_FOR: Duration = Duration::from_secs(5);
/// How long a credential that was not accepted is not tried again: hubs count attempts.
const UNAUTHORIZED_FOR: Duration = Duration::from_secs(60);
/// What is as near to its end as this may be over by the time it arrives.
const MARGIN: Duration = Duration::from_secs(2);

/// Something that is good until a time.
#[derive(Clone)]
pub(super) struct Good<T> {
    pub(super) value: T,
    pub(super) renew_at: Timestamp,
    pub(super) ends_at: Timestamp,
}

impl<T> Good<T> {
    /// Good for a life that begins now; renewed in its last quarter.
    pub(super) fn for_life(value: T, now: Timestamp, life: Duration) -> Self {
        Self { value, renew_at: now.plus(life * 3 / 4), ends_at: now.plus(life) }
    }
}

/// A place for one such thing.
pub(super) struct Kept<T>(tokio::sync::Mutex<State<T>>);

struct State<T> {
    good: Option<Good<T>>,
    failed: Option<(Timestamp, HubError)>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(tokio::sync::Mutex::new(State { good: None, failed: None }))
    }
}

impl<T: Clone> Kept<T> {
    /// What is kept, or what is made anew from it. Who comes while it is made waits for that. If making it fails, the
    /// old one serves as long as it is good.
    pub(super) async fn get<F>(
        &self,
        clock: &dyn Clock,
        make: impl FnOnce(Option<T>) -> F,
    ) -> Result<Good<T>, HubError>
    where
        F: Future<Output = Result<Good<T>, HubError>>,
    {
        let mut state = self.0.lock().await;
        let now = clock.now();
        let good = state.good.clone();
        if let Some(fresh) = good.as_ref().filter(|good| now < good.renew_at) {
            return Ok(fresh.clone());
        }
        let usable = |good: &Good<T>, now: Timestamp| now.plus(MARGIN) < good.ends_at;
        if let Some((_, error)) = state.failed.clone().filter(|(until, _)| now < *until) {
            return good.filter(|good| usable(good, now)).ok_or(error);
        }
        match make(good.as_ref().map(|good| good.value.clone())).await {
            Ok(made) => {
                *state = State { good: Some(made.clone()), failed: None };
                Ok(made)
            }
            Err(error) => {
                let now = clock.now();
                let span = if error == HubError::Unauthorized { UNAUTHORIZED_FOR } else { FAILED_FOR };
                state.failed = Some((now.plus(span), error.clone()));
                good.filter(|good| usable(good, now)).ok_or(error)
            }
        }
    }

    /// Drops what is kept, if it is this.
    pub(super) async fn drop_if(&self, is_it: impl FnOnce(&T) -> bool) {
        let mut state = self.0.lock().await;
        if state.good.as_ref().is_some_and(|good| is_it(&good.value)) {
            state.good = None;
        }
    }
}
