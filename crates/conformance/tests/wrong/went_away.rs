//! A fault of what is asked at once by many: it fails for good once somebody did not wait for their answer.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

/// Whether somebody went away before they were answered.
#[derive(Debug, Default)]
pub(crate) struct WentAway(AtomicBool);

/// A call under way: whether it ended before it was answered.
struct Call<'a> {
    went_away: &'a AtomicBool,
    is_answered: bool,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.went_away.store(true, Ordering::SeqCst);
        }
    }
}

impl WentAway {
    /// Whether somebody did.
    pub(crate) fn has_happened(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Is ready when it is polled a second time. Who does not wait for that has gone away.
    pub(crate) async fn wait_once(&self) {
        let mut call = Call { went_away: &self.0, is_answered: false };
        let mut waited = false;
        poll_fn(|context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        call.is_answered = true;
    }
}
