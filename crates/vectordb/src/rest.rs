//! The rest that a server has which did not answer: nobody waits for it again and again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The most servers of which it is remembered.
const MAX_SERVERS: usize = 1_024;

/// Which servers have just not answered, by their URLs.
pub(crate) struct RestingServers {
    rest: Duration,
    until: Mutex<HashMap<String, Instant>>,
}

impl RestingServers {
    /// Each rests for so long.
    pub(crate) fn new(rest: Duration) -> Self {
        Self { rest, until: Mutex::default() }
    }

    /// Whether a server has just not answered.
    pub(crate) fn has(&self, url: &str) -> bool {
        self.until().get(url).is_some_and(|until| now() < *until)
    }

    /// Notes that a server did not answer.
    pub(crate) fn note_silence(&self, url: &str) {
        let Some(until) = now().checked_add(self.rest) else { return };
        let mut servers = self.until();
        if servers.len() >= MAX_SERVERS {
            let now = now();
            servers.retain(|_, until| now < *until);
        }
        if servers.len() < MAX_SERVERS {
            servers.insert(url.to_owned(), until);
        }
    }

    /// Notes that a server answered.
    pub(crate) fn note_answer(&self, url: &str) {
        self.until().remove(url);
    }

    fn until(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long ago a server did not answer is nothing that is stored"
)]
fn now() -> Instant {
    Instant::now()
}
