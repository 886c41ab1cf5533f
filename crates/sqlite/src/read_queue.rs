//! The queue of reads: bounded, and fair between flows. Each flow has a queue of its own; flows take turns, one read each.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use syft_space_domain::store::{Flow, StoreError};

/// How much may wait and run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadLimits {
    /// How many reads may wait.
    pub(crate) waiting: usize,
    /// How many of one flow may wait.
    pub(crate) waiting_per_flow: usize,
    /// How many of one flow may run at once, so that long ones leave readers to others.
    pub(crate) running_per_flow: usize,
}

/// Reads that wait for a reader.
pub(crate) struct ReadQueue<R> {
    limits: ReadLimits,
    state: Mutex<State<R>>,
    changed: Condvar,
}

struct State<R> {
    flows: HashMap<Flow, FlowReads<R>>,
    /// The flows that have a read which may run, in the order of their turns.
    turns: VecDeque<Flow>,
    waiting: usize,
    is_closed: bool,
}

/// The reads of one flow. Where none waits and none runs it is forgotten.
struct FlowReads<R> {
    waiting: VecDeque<R>,
    running: usize,
    has_turn: bool,
}

impl<R> State<R> {
    /// Gives a flow a turn if it has a read which may run, and forgets a flow that has none at all.
    fn settle(&mut self, flow: Flow, limits: &ReadLimits) -> bool {
        let Some(reads) = self.flows.get_mut(&flow) else { return false };
        let may_run = !reads.waiting.is_empty() && reads.running < limits.running_per_flow;
        let gets_turn = may_run && !reads.has_turn;
        if gets_turn {
            reads.has_turn = true;
            self.turns.push_back(flow);
        } else if reads.waiting.is_empty() && reads.running == 0 {
            self.flows.remove(&flow);
        }
        gets_turn
    }

    /// Takes the read whose turn it is.
    fn take(&mut self, limits: &ReadLimits) -> Option<(Flow, R)> {
        let flow = self.turns.pop_front()?;
        let reads = self.flows.get_mut(&flow)?;
        reads.has_turn = false;
        let read = reads.waiting.pop_front()?;
        reads.running = reads.running.saturating_add(1);
        self.waiting = self.waiting.saturating_sub(1);
        self.settle(flow, limits);
        Some((flow, read))
    }
}

impl<R> ReadQueue<R> {
    pub(crate) fn new(limits: ReadLimits) -> Self {
        let state = State { flows: HashMap::new(), turns: VecDeque::new(), waiting: 0, is_closed: false };
        Self { limits, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a read. A queue that is full or closed gives it back, with the reason.
    pub(crate) fn push(&self, flow: Flow, read: R) -> Result<(), (R, StoreError)> {
        let mut state = self.state();
        if state.is_closed {
            return Err((read, StoreError::Closed));
        }
        let of_flow = state.flows.get(&flow).map_or(0, |reads| reads.waiting.len());
        if state.waiting >= self.limits.waiting || of_flow >= self.limits.waiting_per_flow {
            return Err((read, StoreError::Busy));
        }
        let new = || FlowReads { waiting: VecDeque::new(), running: 0, has_turn: false };
        state.flows.entry(flow).or_insert_with(new).waiting.push_back(read);
        state.waiting = state.waiting.saturating_add(1);
        if state.settle(flow, &self.limits) {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Runs the read whose turn it is, and waits for one if there is none. `false` once the queue is closed.
    pub(crate) fn run_next(&self, run: impl FnOnce(R)) -> bool {
        let mut state = self.state();
        let (flow, read) = loop {
            if state.is_closed {
                return false;
            }
            match state.take(&self.limits) {
                Some(next) => break next,
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        };
        // The flow may have got another turn.
        if !state.turns.is_empty() {
            self.changed.notify_one();
        }
        drop(state);
        run(read);
        let mut state = self.state();
        if let Some(reads) = state.flows.get_mut(&flow) {
            reads.running = reads.running.saturating_sub(1);
        }
        if state.settle(flow, &self.limits) {
            self.changed.notify_one();
        }
        true
    }

    /// Takes no more reads, lets none of those that wait run any more, and gives them back.
    pub(crate) fn close(&self) -> Vec<R> {
        let mut state = self.state();
        state.is_closed = true;
        state.turns.clear();
        state.waiting = 0;
        self.changed.notify_all();
        state.flows.drain().flat_map(|(_, reads)| reads.waiting).collect()
    }
}

#[cfg(test)]
mod tests {
    use syft_space_domain::ids::TenantId;

    use super::*;

    const LIMITS: ReadLimits = ReadLimits { waiting: 6, waiting_per_flow: 4, running_per_flow: 2 };

    fn flow(n: u8) -> Flow {
        Flow::Tenant(TenantId::from_bytes([n; 16]))
    }

    fn queue(reads: &[(u8, u32)]) -> ReadQueue<u32> {
        let queue = ReadQueue::new(LIMITS);
        for (of, read) in reads {
            assert_eq!(queue.push(flow(*of), *read), Ok(()));
        }
        queue
    }

    /// What runs, one after the other, until nothing waits.
    fn order(queue: &ReadQueue<u32>) -> Vec<u32> {
        let mut ran = Vec::new();
        while queue.state().waiting > 0 {
            assert!(queue.run_next(|read| ran.push(read)));
        }
        assert!(queue.state().flows.is_empty(), "a flow without reads is forgotten");
        ran
    }

    #[test]
    fn flows_take_turns() {
        let queue = queue(&[(1, 10), (1, 11), (1, 12), (2, 20), (3, 30), (3, 31)]);
        assert_eq!(order(&queue), [10, 20, 30, 11, 31, 12]);
    }

    #[test]
    fn a_full_flow_leaves_room_for_others_and_a_full_queue_for_nobody() {
        let queue = queue(&[(1, 10), (1, 11), (1, 12), (1, 13)]);
        assert_eq!(queue.push(flow(1), 14), Err((14, StoreError::Busy)));
        assert_eq!(queue.push(flow(2), 20), Ok(()));
        assert_eq!(queue.push(Flow::Installation, 30), Ok(()));
        assert_eq!(queue.push(flow(3), 40), Err((40, StoreError::Busy)));
        assert_eq!(order(&queue), [10, 20, 30, 11, 12, 13]);
        assert_eq!(queue.push(flow(1), 15), Ok(()));
    }

    #[test]
    fn a_flow_whose_reads_run_leaves_readers_to_others() {
        let queue = queue(&[(1, 10), (1, 11), (1, 12), (2, 20)]);
        let mut ran = Vec::new();
        queue.run_next(|first| {
            queue.run_next(|other| ran.push(other));
            queue.run_next(|second| {
                ran.push(second);
                assert!(queue.state().turns.is_empty(), "a third read of this flow has to wait");
            });
            ran.push(first);
        });
        assert_eq!(ran, [20, 11, 10]);
        assert_eq!(order(&queue), [12]);
    }

    #[test]
    fn a_closed_queue_gives_back_what_waits() {
        let queue = queue(&[(1, 10), (2, 20)]);
        let mut left = Vec::new();
        assert!(queue.run_next(|_| left = queue.close()));
        assert_eq!(left, [20]);
        assert_eq!(queue.push(flow(1), 11), Err((11, StoreError::Closed)));
        assert!(!queue.run_next(|_| panic!("nothing runs any more")));
    }
}
