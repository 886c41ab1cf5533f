//! Whose question goes to an encoder next: tenants take turns, so that one with many makes no other wait for all of them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_channel::oneshot;

use crate::encoder::ModelRevision;
use crate::encoder::ports::EncodeError;
use crate::ids::TenantId;

/// How many questions are at an encoder at once: enough to keep a few processors busy.
const MAX_RUNNING: usize = 4;
/// How many questions of one tenant may wait for their turn.
const MAX_WAITING_PER_TENANT: usize = 32;
/// How many questions may wait in all, for one encoder.
const MAX_WAITING: usize = 512;

/// Gives turns, for each encoder by itself: one that does not answer holds up no other.
#[derive(Clone, Default)]
pub(super) struct QuestionTurns(Arc<Mutex<HashMap<ModelRevision, Line>>>);

/// The questions for one encoder. Where none is under way there is no line.
#[derive(Default)]
struct Line {
    running: usize,
    /// The tenants that have a question waiting, the next one first.
    order: VecDeque<TenantId>,
    waiting: HashMap<TenantId, VecDeque<oneshot::Sender<Lease>>>,
}

/// A question's turn, until this is dropped.
pub(super) struct Lease {
    turns: QuestionTurns,
    encoder: ModelRevision,
}

impl QuestionTurns {
    /// Waits for the turn of a tenant's question. Whoever stops waiting gives the place back.
    ///
    /// # Errors
    /// [`Busy`](EncodeError::Busy) when too many wait already.
    pub(super) async fn take(&self, tenant: TenantId, encoder: ModelRevision) -> Result<Lease, EncodeError> {
        let turn = {
            let mut lines = self.lines();
            let line = lines.entry(encoder).or_default();
            if line.running < MAX_RUNNING {
                line.running += 1;
                return Ok(Lease { turns: self.clone(), encoder });
            }
            line.wait(tenant)?
        };
        turn.await.map_err(|_| EncodeError::Failed("the turn of a question got lost".to_owned()))
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<ModelRevision, Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn wait(&mut self, tenant: TenantId) -> Result<oneshot::Receiver<Lease>, EncodeError> {
        for waiting in self.waiting.values_mut() {
            waiting.retain(|one| !one.is_canceled());
        }
        let all: usize = self.waiting.values().map(VecDeque::len).sum();
        let waiting = self.waiting.entry(tenant).or_default();
        if all >= MAX_WAITING || waiting.len() >= MAX_WAITING_PER_TENANT {
            return Err(EncodeError::Busy);
        }
        let (sender, receiver) = oneshot::channel();
        waiting.push_back(sender);
        if !self.order.contains(&tenant) {
            self.order.push_back(tenant);
        }
        Ok(receiver)
    }

    /// The next question that somebody waits for still.
    fn next(&mut self) -> Option<oneshot::Sender<Lease>> {
        while let Some(tenant) = self.order.pop_front() {
            let Some(waiting) = self.waiting.get_mut(&tenant) else { continue };
            let next = std::iter::from_fn(|| waiting.pop_front()).find(|one| !one.is_canceled());
            if waiting.is_empty() {
                self.waiting.remove(&tenant);
            } else {
                self.order.push_back(tenant);
            }
            if next.is_some() {
                return next;
            }
        }
        None
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut lines = self.turns.lines();
        let Some(line) = lines.get_mut(&self.encoder) else { return };
        let next = line.next();
        if next.is_none() {
            line.running = line.running.saturating_sub(1);
            if line.running == 0 {
                lines.remove(&self.encoder);
            }
        }
        drop(lines);
        if let Some(next) = next {
            // Where nobody waits any more the turn is dropped in its turn.
            drop(next.send(Self { turns: self.turns.clone(), encoder: self.encoder }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    type Taking<'a> = Pin<Box<dyn Future<Output = Result<Lease, EncodeError>> + 'a>>;

    fn tenant(n: u8) -> TenantId {
        TenantId::from_bytes([n; 16])
    }

    fn model(n: u8) -> ModelRevision {
        ModelRevision::from_bytes([n; 32])
    }

    fn poll(taking: &mut Taking<'_>) -> Option<Result<Lease, EncodeError>> {
        match taking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(turn) => Some(turn),
            Poll::Pending => None,
        }
    }

    fn taking(turns: &QuestionTurns, of: u8, encoder: u8) -> Taking<'_> {
        Box::pin(turns.take(tenant(of), model(encoder)))
    }

    fn take(turns: &QuestionTurns, of: u8) -> Lease {
        poll(&mut taking(turns, of, 1)).unwrap().unwrap()
    }

    #[test]
    fn h3_tenants_take_turns_however_many_questions_one_has() {
        let turns = QuestionTurns::default();
        let running: Vec<Lease> = (0..MAX_RUNNING).map(|_| take(&turns, 1)).collect();
        let mut crowd: Vec<Taking<'_>> = (0..MAX_WAITING_PER_TENANT).map(|_| taking(&turns, 1, 1)).collect();
        assert!(crowd.iter_mut().all(|one| poll(one).is_none()));
        let mut beyond: Taking<'_> = taking(&turns, 1, 1);
        assert!(matches!(poll(&mut beyond), Some(Err(EncodeError::Busy))));
        let mut other: Taking<'_> = taking(&turns, 2, 1);
        assert!(poll(&mut other).is_none());
        let mut elsewhere: Taking<'_> = taking(&turns, 1, 2);
        assert!(poll(&mut elsewhere).unwrap().is_ok(), "another encoder has a line of its own");
        // The second that ends makes room for the other tenant, behind one of the crowd.
        let mut running = running.into_iter();
        drop(running.next());
        let first = poll(&mut crowd[0]).unwrap();
        assert!(first.is_ok() && poll(&mut other).is_none());
        drop(running.next());
        assert!(poll(&mut other).unwrap().is_ok());
    }

    #[test]
    fn h3_who_goes_away_gives_the_place_back_whether_it_waited_or_was_given_its_turn() {
        let turns = QuestionTurns::default();
        let running: Vec<Lease> = (0..MAX_RUNNING).map(|_| take(&turns, 1)).collect();
        let mut waits: Vec<Taking<'_>> = (0..3).map(|_| taking(&turns, 1, 1)).collect();
        assert!(waits.iter_mut().all(|one| poll(one).is_none()));
        let last = waits.pop();
        // One goes while it waits; one is given its turn and goes before it sees that.
        waits.truncate(1);
        drop(running);
        drop(waits);
        assert!(poll(&mut last.unwrap()).unwrap().is_ok());
        assert!(turns.lines().is_empty(), "nothing is remembered where nobody asks");
    }
}
