//! A scan: one question to one index, a segment at a time, by whichever thread has time for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_channel::oneshot;
use syft_space_domain::dataset::Neighbour;
use syft_space_domain::dataset::ports::VectorIndexError;
use syft_space_domain::ids::DatasetId;

use super::nearest::{Found, Wanted};
use super::segment::Segment;
use super::snapshot::Snapshot;
use crate::error::IndexError;

/// What a scan answers.
pub(crate) type Answer = Result<Vec<Neighbour>, VectorIndexError>;

/// Opens the index, which may wait for a disk; `None` when there is none.
pub(crate) type Opener = Box<dyn FnOnce() -> Result<Option<Arc<Snapshot>>, VectorIndexError> + Send>;

/// A question under way.
pub(crate) struct Scan {
    dataset: DatasetId,
    wanted: Wanted,
    state: Mutex<State>,
}

struct State {
    stage: Stage,
    found: Found,
    /// How many segments are being scanned.
    running: usize,
    /// `None` once it was answered.
    answer: Option<oneshot::Sender<Answer>>,
}

enum Stage {
    Unopened(Opener),
    Opening,
    /// The segments that no thread has taken yet.
    Opened(Vec<Arc<Segment>>),
}

/// What a thread is to do next for a scan.
pub(crate) enum Task {
    Open(Opener),
    /// A segment, and whether others are left.
    Segment(Arc<Segment>, bool),
}

impl Scan {
    pub(crate) fn new(
        dataset: DatasetId,
        wanted: Wanted,
        opener: Opener,
        answer: oneshot::Sender<Answer>,
    ) -> Self {
        let stage = Stage::Unopened(opener);
        let state = State { stage, found: Found::default(), running: 0, answer: Some(answer) };
        Self { dataset, wanted, state: Mutex::new(state) }
    }

    pub(crate) fn dataset(&self) -> DatasetId {
        self.dataset
    }

    /// What is wanted of a segment, as far as is known by what others have given.
    pub(crate) fn find_in(&self, segment: &Segment) -> Result<Found, IndexError> {
        let floor = self.wanted.floor(&self.state().found);
        self.wanted.find_in(segment, floor)
    }

    /// Takes what is to be done next; `None` when nothing is left, or nobody waits any more.
    pub(crate) fn take(&self) -> Option<Task> {
        let mut state = self.state();
        if state.answer.as_ref().is_none_or(oneshot::Sender::is_canceled) {
            return None;
        }
        match std::mem::replace(&mut state.stage, Stage::Opening) {
            Stage::Unopened(opener) => Some(Task::Open(opener)),
            Stage::Opening => None,
            Stage::Opened(mut segments) => {
                let segment = segments.pop();
                let more = !segments.is_empty();
                state.stage = Stage::Opened(segments);
                let segment = segment?;
                state.running = state.running.saturating_add(1);
                Some(Task::Segment(segment, more))
            }
        }
    }

    /// Notes what opening the index gave.
    pub(crate) fn opened(&self, opened: Result<Option<Arc<Snapshot>>, VectorIndexError>) {
        match opened {
            Ok(snapshot) => {
                self.opened_with(snapshot.map(|snapshot| snapshot.segments.clone()).unwrap_or_default());
            }
            Err(error) => self.state().answer_with(Err(error)),
        }
    }

    /// Notes what is to be scanned.
    pub(crate) fn opened_with(&self, segments: Vec<Arc<Segment>>) {
        let mut state = self.state();
        state.stage = Stage::Opened(segments);
        state.answer_if_done();
    }

    /// Notes what a segment gave. With the last one the question is answered.
    pub(crate) fn scanned(&self, found: Result<Found, VectorIndexError>) {
        let mut state = self.state();
        state.running = state.running.saturating_sub(1);
        match found {
            Ok(found) => {
                self.wanted.merge(&mut state.found, found);
                state.answer_if_done();
            }
            Err(error) => state.answer_with(Err(error)),
        }
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.state().answer.as_ref().is_none_or(oneshot::Sender::is_canceled)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer_if_done(&mut self) {
        let is_done =
            matches!(&self.stage, Stage::Opened(segments) if segments.is_empty()) && self.running == 0;
        if is_done {
            let found = std::mem::take(&mut self.found);
            self.answer_with(Ok(found.into_neighbours()));
        }
    }

    fn answer_with(&mut self, answer: Answer) {
        if let Some(sender) = self.answer.take() {
            // Whoever is gone needs no answer.
            let _gone = sender.send(answer);
        }
    }
}
