//! The datasets whose vectors are to follow their documents: whose turn it is, and how far each is.

use std::collections::{HashMap, HashSet};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::dataset::ingest_turns::{MAX_RUNNING_PER_TENANT, Turns, Work};
use crate::encoder::{EncoderName, ModelRevision};
use crate::ids::{DatasetId, TenantId};
use crate::tenant::TenantScope;
use crate::time::{Clock, Timestamp};

/// The datasets that wait to be encoded. [`encode_queued`](super::encode_queued) does the work. Tenants take turns.
#[derive(Clone, Default)]
pub struct EncodingQueue(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    turns: Turns<Queued>,
    /// The datasets that wait or are worked on, and whether one was added again meanwhile.
    queued: HashMap<Key, bool>,
    /// How far each dataset is that has vectors, or is to have them.
    progress: HashMap<Key, (TenantScope, EncodingProgress)>,
    /// The datasets whose vectors somebody could not read.
    damaged: HashSet<Key>,
    closed: bool,
    /// Who is to be told that it is.
    waits_for_close: Vec<Waker>,
}

/// Tenants may have datasets of equal ids.
type Key = (TenantId, DatasetId);

struct Queued(TenantScope);

impl Work for Queued {
    fn is_short(&self) -> bool {
        false
    }
}

/// How much of a dataset its vectors hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodingProgress {
    /// The encoder whose vectors are searched: the one before, until those of a new one are whole.
    pub searched: EncoderName,
    /// The revision of its model.
    pub revision: ModelRevision,
    /// How many chunks have a vector of that one.
    pub encoded_chunks: u64,
    /// How many there are.
    pub chunks: u64,
}

impl EncodingProgress {
    /// Which part of the chunks is found by meaning: 0 to 1, in hundredths, so that it tells nobody how many there are. It is 1
    /// only when all are.
    #[must_use]
    pub fn share(&self) -> f64 {
        let hundredths = self.encoded_chunks.saturating_mul(100).checked_div(self.chunks).unwrap_or(100);
        f64::from(u8::try_from(hundredths.min(100)).unwrap_or(100)) / 100.0
    }
}

/// What there is to do.
pub(super) enum Next {
    /// A dataset is to be looked at.
    Dataset(TenantScope, DatasetId),
    /// For a while there was nothing.
    Nothing,
    /// The queue is closed.
    Closed,
}

/// After how long without work that is said.
const IDLE: Duration = Duration::from_secs(5);

/// What became of a step.
#[derive(Clone, Copy)]
pub(super) enum Encoded {
    /// There is more to do.
    More,
    /// It failed, or lacks something, and is tried again after a while.
    Failed,
    /// Nothing is left to do for now.
    Whole,
}

impl EncodingQueue {
    /// How many threads may work at once, so that one tenant never has them all.
    pub const WORKER_THREADS: usize = MAX_RUNNING_PER_TENANT + 1;

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a dataset looked at: its documents, or how it is searched, may have changed.
    pub fn add(&self, scope: TenantScope, dataset: DatasetId) {
        let mut state = self.state();
        let key = (scope.tenant(), dataset);
        if let Some(again) = state.queued.get_mut(&key) {
            *again = true;
            return;
        }
        state.queued.insert(key, false);
        state.turns.add(scope.tenant(), dataset, Queued(scope));
        drop(state);
        self.0.changed.notify_one();
    }

    /// The next dataset, once there is one. Blocks for a while.
    pub(super) fn next(&self, clock: &dyn Clock) -> Next {
        let mut state = self.state();
        loop {
            if state.closed {
                return Next::Closed;
            }
            let now = clock.now();
            if let Some((tenant, dataset, Queued(scope))) = state.turns.take(now) {
                state.queued.insert((tenant, dataset), false);
                return Next::Dataset(scope, dataset);
            }
            let wait = state.turns.until_next(now).unwrap_or(IDLE).min(IDLE);
            let woken = self.0.changed.wait_timeout(state, wait);
            let timed_out;
            (state, timed_out) = woken.unwrap_or_else(PoisonError::into_inner);
            if timed_out.timed_out() && wait == IDLE {
                return Next::Nothing;
            }
        }
    }

    /// Gives a dataset back.
    pub(super) fn done(&self, scope: TenantScope, dataset: DatasetId, outcome: Encoded, now: Timestamp) {
        let mut state = self.state();
        let tenant = scope.tenant();
        match outcome {
            Encoded::Failed => state.turns.failed(tenant, dataset, Queued(scope), now),
            Encoded::More => state.turns.done(tenant, dataset, Some(Queued(scope))),
            Encoded::Whole => {
                let again = state.queued.remove(&(tenant, dataset)).unwrap_or_default();
                if again {
                    state.queued.insert((tenant, dataset), false);
                }
                state.turns.done(tenant, dataset, again.then_some(Queued(scope)));
            }
        }
        drop(state);
        self.0.changed.notify_one();
    }

    /// Notes how far a dataset is; `None` when it has no vectors and is to have none.
    pub(super) fn note(&self, scope: &TenantScope, dataset: DatasetId, progress: Option<EncodingProgress>) {
        let key = (scope.tenant(), dataset);
        let mut state = self.state();
        match progress {
            Some(progress) => state.progress.insert(key, (*scope, progress)),
            None => state.progress.remove(&key),
        };
    }

    /// How far a dataset is; `None` when it has no vectors, or nobody has looked since the start.
    #[must_use]
    pub fn progress(&self, scope: &TenantScope, dataset: DatasetId) -> Option<EncodingProgress> {
        let state = self.state();
        state.progress.get(&(scope.tenant(), dataset)).map(|(_, progress)| progress.clone())
    }

    /// How far each dataset is.
    pub(super) fn all(&self) -> Vec<(TenantScope, DatasetId, EncodingProgress)> {
        let state = self.state();
        let all = state.progress.iter();
        all.map(|((_, dataset), (scope, progress))| (*scope, *dataset, progress.clone())).collect()
    }

    /// Notes that a dataset's vectors cannot be read, so that they are made anew when it is looked at next.
    pub(super) fn note_damaged(&self, scope: &TenantScope, dataset: DatasetId) {
        self.state().damaged.insert((scope.tenant(), dataset));
    }

    /// Notes that, and has the dataset looked at.
    pub(super) fn add_damaged(&self, scope: TenantScope, dataset: DatasetId) {
        self.note_damaged(&scope, dataset);
        self.add(scope, dataset);
    }

    /// Whether that was noted. It is forgotten by that.
    pub(super) fn take_damaged(&self, scope: &TenantScope, dataset: DatasetId) -> bool {
        self.state().damaged.remove(&(scope.tenant(), dataset))
    }

    /// Whether no more work is given out: whoever is at a long step ends it.
    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// What some work gives; `None` when the queue is closed before, so that a server that does not answer keeps none from
    /// stopping.
    pub(super) async fn unless_closed<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|context| {
            let mut state = self.state();
            if state.closed {
                return Poll::Ready(None);
            }
            let waker = context.waker();
            if !state.waits_for_close.iter().any(|known| known.will_wake(waker)) {
                state.waits_for_close.push(waker.clone());
            }
            drop(state);
            let done = work.as_mut().poll(context).map(Some);
            if done.is_ready() {
                self.state().waits_for_close.retain(|known| !known.will_wake(waker));
            }
            done
        })
        .await
    }

    /// Gives out no more work, now or later. What is left is done after the next start.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let waiting = std::mem::take(&mut state.waits_for_close);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::parse("2026-11-26T09:30:00Z").unwrap()
        }
    }

    fn scope(n: u8) -> TenantScope {
        crate::tenant::OperatorScope::at_startup().tenant(TenantId::from_bytes([n; 16]))
    }

    fn next(queue: &EncodingQueue) -> (TenantScope, DatasetId) {
        match queue.next(&Stopped) {
            Next::Dataset(scope, dataset) => (scope, dataset),
            Next::Nothing | Next::Closed => panic!("there is something"),
        }
    }

    fn dataset(n: u8) -> DatasetId {
        DatasetId::from_bytes([n; 16])
    }

    #[test]
    fn q2_a_dataset_that_changes_while_it_is_encoded_is_looked_at_once_more() {
        let queue = EncodingQueue::default();
        for _ in 0..3 {
            queue.add(scope(1), dataset(1));
        }
        let (of, id) = next(&queue);
        queue.add(of, id);
        queue.done(of, id, Encoded::Whole, Stopped.now());
        assert_eq!(next(&queue).1, dataset(1));
        queue.done(of, id, Encoded::Whole, Stopped.now());
        assert!(queue.state().queued.is_empty() && queue.state().turns.take(Stopped.now()).is_none());
    }

    #[test]
    fn q2_what_never_ends_is_given_up_when_the_queue_is_closed() {
        let queue = EncodingQueue::default();
        assert_eq!(futures_executor::block_on(queue.unless_closed(std::future::ready(7))), Some(7));
        assert!(queue.state().waits_for_close.is_empty());
        let other = queue.clone();
        let stuck = std::thread::spawn(move || {
            futures_executor::block_on(other.unless_closed(std::future::pending::<()>()))
        });
        while queue.state().waits_for_close.is_empty() {
            std::thread::yield_now();
        }
        queue.close();
        assert_eq!(stuck.join().unwrap(), None);
    }

    #[test]
    fn q2_tenants_take_turns_however_much_one_has_to_encode() {
        let queue = EncodingQueue::default();
        for n in 1..=9 {
            queue.add(scope(1), dataset(n));
        }
        queue.add(scope(2), dataset(10));
        let mut order = Vec::new();
        for _ in 0..4 {
            let (of, id) = next(&queue);
            order.push(of.tenant() == scope(2).tenant());
            queue.done(of, id, Encoded::More, Stopped.now());
        }
        assert_eq!(order, [false, true, false, true]);
    }

    #[test]
    fn q2_a_dataset_without_chunks_is_whole_and_a_share_tells_in_hundredths() {
        let (searched, revision) = (EncoderName::parse("m").unwrap(), ModelRevision::from_bytes([1; 32]));
        let progress = |encoded_chunks, chunks| {
            EncodingProgress { searched: searched.clone(), revision, encoded_chunks, chunks }.share()
        };
        assert_eq!([progress(0, 0), progress(0, 4), progress(1, 4), progress(5, 4)], [1.0, 0.0, 0.25, 1.0]);
        assert_eq!([progress(1, 3), progress(330, 331), progress(331, 332)], [0.33, 0.99, 0.99]);
    }
}
