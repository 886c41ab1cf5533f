//! The tails of audit logs that are open: how many there may be, and how far the log has come that each follows.
//!
//! Nothing of a log is kept here but the number of its last event. A tail waits for another number, and reads the log itself.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syft_space_domain::audit::Log;
use syft_space_domain::ids::ActorId;
use tokio::sync::watch;

use crate::http::problem::Problem;
use crate::http::reason::Reason;

/// How many one caller may have open at once, all who follow one log, and all together.
const MAX_OF_CALLER: usize = 8;
const MAX_OF_LOG: usize = 32;
const MAX_OF_ALL: usize = 256;
/// In how many seconds to come back, where there are too many. They last.
const SECONDS_TO_WAIT: u64 = 10;

/// Those of all logs.
#[derive(Default)]
pub struct AuditTails {
    open: Mutex<Open>,
    /// How many there are, so that nobody takes the lock where nobody waits.
    number: AtomicUsize,
}

#[derive(Default)]
struct Open {
    logs: BTreeMap<Log, FollowedLog>,
    /// The server stops: none is begun any more.
    is_closed: bool,
}

struct FollowedLog {
    /// The number of the last event that was told of.
    last: watch::Sender<u64>,
    /// How many tails each caller has. The operator is nobody's account.
    callers: BTreeMap<Option<ActorId>, usize>,
}

/// One of them, until this is dropped.
pub(crate) struct TailSlot {
    tails: Arc<AuditTails>,
    log: Log,
    caller: Option<ActorId>,
    last: watch::Receiver<u64>,
}

/// The server stops, and the tail ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Closed;

impl AuditTails {
    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing that can panic runs under the lock.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the slot of a tail. What is appended to the log from now on is told to it.
    ///
    /// # Errors
    /// When the caller, all who follow the log, or all together have as many as they may, or the server stops.
    pub(crate) fn begin(self: &Arc<Self>, log: Log, caller: Option<ActorId>) -> Result<TailSlot, Problem> {
        let mut open = self.open();
        if open.is_closed {
            return Err(Problem::new(Reason::Unavailable, "the server stops: try again in a moment"));
        }
        let full = |whose: &str, most: usize| {
            let detail = format!(
                "{whose} {most} tails of an audit log open already: wait until one of them has ended"
            );
            Problem::new(Reason::TooManyTails, detail).retry_after(SECONDS_TO_WAIT)
        };
        if self.number.load(Ordering::SeqCst) >= MAX_OF_ALL {
            return Err(full("the server has", MAX_OF_ALL));
        }
        let new = || FollowedLog { last: watch::Sender::new(0), callers: BTreeMap::new() };
        let followed = open.logs.entry(log).or_insert_with(new);
        let own = followed.callers.get(&caller).copied().unwrap_or_default();
        if own >= MAX_OF_CALLER {
            return Err(full("you have", MAX_OF_CALLER));
        }
        if followed.callers.values().sum::<usize>() >= MAX_OF_LOG {
            return Err(full("your tenant has", MAX_OF_LOG));
        }
        followed.callers.insert(caller, own.saturating_add(1));
        let last = followed.last.subscribe();
        self.number.fetch_add(1, Ordering::SeqCst);
        drop(open);
        Ok(TailSlot { tails: Arc::clone(self), log, caller, last })
    }

    /// Whether there is none.
    pub(crate) fn is_idle(&self) -> bool {
        self.number.load(Ordering::SeqCst) == 0
    }

    /// Tells those who follow a log that it has durable events up to this number, and that what they changed is in force.
    pub(crate) fn announce(&self, log: Log, seq: u64) {
        if let Some(followed) = self.open().logs.get(&log) {
            followed.last.send_if_modified(|last| {
                let is_news = seq > *last;
                *last = seq.max(*last);
                is_news
            });
        }
    }

    /// Ends all of them, for the server stops.
    pub fn close(&self) {
        let mut open = self.open();
        open.is_closed = true;
        // Without whoever tells them, they end.
        open.logs.clear();
    }

    fn end(&self, log: Log, caller: Option<ActorId>) {
        self.number.fetch_sub(1, Ordering::SeqCst);
        let mut open = self.open();
        let Some(followed) = open.logs.get_mut(&log) else { return };
        if let Entry::Occupied(mut own) = followed.callers.entry(caller) {
            *own.get_mut() = own.get().saturating_sub(1);
            if *own.get() == 0 {
                own.remove();
            }
        }
        if followed.callers.is_empty() {
            open.logs.remove(&log);
        }
    }
}

impl TailSlot {
    /// The number of the last event that was told of since the tail began; 0 where there was none.
    ///
    /// # Errors
    /// When the server stops.
    pub(crate) fn last(&mut self) -> Result<u64, Closed> {
        self.last.has_changed().map_err(|_| Closed)?;
        Ok(*self.last.borrow_and_update())
    }

    /// Waits for an event that [`last`](Self::last) has not answered.
    ///
    /// # Errors
    /// When the server stops.
    pub(crate) async fn changed(&mut self) -> Result<(), Closed> {
        self.last.changed().await.map_err(|_| Closed)
    }
}

impl Drop for TailSlot {
    fn drop(&mut self) {
        self.tails.end(self.log, self.caller);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use syft_space_domain::ids::TenantId;

    use super::*;

    fn log(n: u8) -> Log {
        Log::Tenant(TenantId::from_bytes([n; 16]))
    }

    fn caller(n: u8) -> Option<ActorId> {
        Some(ActorId::from_bytes([n; 16]))
    }

    fn refused(tails: &Arc<AuditTails>, log: Log, caller: Option<ActorId>) -> (Reason, Option<u64>, String) {
        let problem = tails.begin(log, caller).err().unwrap();
        (problem.reason(), problem.seconds_to_wait(), problem.detail().to_owned())
    }

    #[test]
    fn u1_a_caller_a_log_and_the_server_have_so_many_tails_and_one_that_ends_makes_room() {
        let tails = Arc::new(AuditTails::default());
        let begin = |log, caller| tails.begin(log, caller).unwrap();
        let mut own: Vec<_> = (0..MAX_OF_CALLER).map(|_| begin(log(1), caller(1))).collect();
        let (reason, seconds, detail) = refused(&tails, log(1), caller(1));
        assert_eq!((reason, seconds), (Reason::TooManyTails, Some(SECONDS_TO_WAIT)));
        assert!(detail.contains("you have 8"), "{detail}");
        own.pop();
        own.push(begin(log(1), caller(1)));
        // In another log they are somebody else.
        drop(begin(log(2), caller(1)));

        let rest = u8::try_from(MAX_OF_LOG - MAX_OF_CALLER).unwrap();
        own.extend((0..rest).map(|n| begin(log(1), caller(10 + n))));
        assert!(refused(&tails, log(1), caller(9)).2.contains("your tenant has 32"));
        let mut all = own;
        for n in 2..=8 {
            all.extend((0..32).map(|m| begin(log(n), caller(m))));
        }
        assert_eq!(all.len(), MAX_OF_ALL);
        assert!(refused(&tails, log(9), caller(1)).2.contains("the server has 256"));
        drop(all);
        assert!(tails.is_idle() && tails.open().logs.is_empty(), "what ended is forgotten");
    }

    #[test]
    fn u1_a_tail_is_told_of_its_own_log_once_and_never_of_less() {
        let tails = Arc::new(AuditTails::default());
        let mut slot = tails.begin(log(1), caller(1)).unwrap();
        assert_eq!((slot.last(), slot.changed().now_or_never()), (Ok(0), None));
        tails.announce(log(2), 9);
        assert_eq!(slot.changed().now_or_never(), None);
        tails.announce(log(1), 3);
        // Threads may tell of commits in another order than they were made in.
        tails.announce(log(1), 2);
        assert_eq!(slot.changed().now_or_never(), Some(Ok(())));
        assert_eq!((slot.last(), slot.changed().now_or_never()), (Ok(3), None));
    }

    #[test]
    fn u1_a_server_that_stops_ends_its_tails_and_begins_no_more() {
        let tails = Arc::new(AuditTails::default());
        let [mut waits, mut is_behind] = [1, 2].map(|n| tails.begin(log(1), caller(n)).unwrap());
        tails.announce(log(1), 3);
        assert_eq!(waits.last(), Ok(3));
        tails.close();
        assert_eq!(waits.changed().now_or_never(), Some(Err(Closed)));
        assert_eq!(is_behind.last(), Err(Closed), "though there is more to be read");
        assert_eq!(refused(&tails, log(1), caller(1)).0, Reason::Unavailable);
        drop((waits, is_behind));
        assert!(tails.is_idle());
    }
}
