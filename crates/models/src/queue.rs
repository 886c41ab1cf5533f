//! The calls that wait for a thread. They take turns, a few texts each, so that a question does not wait until a whole
//! document is encoded.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use futures_channel::oneshot;
use syft_space_domain::encoder::Embedding;
use syft_space_domain::encoder::ports::EncodeError;

/// The most calls that wait or are under way.
const MAX_CALLS: usize = 128;

/// The most bytes of the texts of all calls but the first.
const MAX_BYTES: usize = 64 << 20;

/// About how many tokens are computed in one go: texts that are short go together.
const TOKENS_PER_UNIT: usize = 256;

/// What a caller waits for.
pub(crate) type Answer = oneshot::Sender<Result<Vec<Embedding>, EncodeError>>;

/// Work for a thread.
pub(crate) enum Task {
    /// Texts whose tokens are not known yet.
    Tokenize(Texts),
    /// A call of which some units are left.
    Encode(Arc<Batch>),
}

/// The texts of a call, as they came.
pub(crate) struct Texts {
    pub(crate) texts: Vec<String>,
    pub(crate) answer: Answer,
}

/// The texts of one call, once their tokens are known.
pub(crate) struct Batch {
    state: Mutex<BatchState>,
}

struct BatchState {
    /// What no thread has taken yet.
    units: Vec<Unit>,
    /// By the places of their texts.
    embeddings: Vec<Option<Embedding>>,
    missing: usize,
    /// `None` once the caller was answered.
    answer: Option<Answer>,
}

/// Texts that are computed in one go: the place of each in its call, and its tokens.
pub(crate) type Unit = Vec<(usize, Vec<u32>)>;

impl Batch {
    /// Divides texts into units: those of much the same length together, the longest first, so that no thread ends long
    /// before the others.
    ///
    /// `None` stands for a text whose vector is known without the model.
    pub(crate) fn new(tokens: Vec<Option<Vec<u32>>>, answer: Answer) -> Self {
        let count = tokens.len();
        let texts = tokens.into_iter().enumerate();
        let mut texts: Vec<(usize, Vec<u32>)> =
            texts.filter_map(|(place, tokens)| Some((place, tokens?))).collect();
        texts.sort_by_key(|(_, tokens)| std::cmp::Reverse(tokens.len()));
        let mut units: Vec<Unit> = Vec::new();
        let mut room = 0;
        for text in texts {
            let length = text.1.len();
            match units.last_mut() {
                Some(unit) if length <= room => {
                    unit.push(text);
                    room -= length;
                }
                _ => {
                    units.push(vec![text]);
                    room = TOKENS_PER_UNIT.saturating_sub(length);
                }
            }
        }
        // They are taken from the end.
        units.reverse();
        let embeddings = vec![None; count];
        let state = BatchState { units, embeddings, missing: count, answer: Some(answer) };
        Self { state: Mutex::new(state) }
    }

    /// Takes a unit; says whether more are left. `None` when there is none, or nobody waits any more.
    pub(crate) fn take_unit(&self) -> Option<(Unit, bool)> {
        self.with(|state| {
            let waits = state.answer.as_ref().is_some_and(|answer| !answer.is_canceled());
            let unit = if waits { state.units.pop() } else { None };
            unit.map(|unit| (unit, !state.units.is_empty()))
        })
    }

    /// Notes the vectors of texts by their places. With the last of them the caller is answered.
    pub(crate) fn found(&self, embeddings: Vec<(usize, Embedding)>) {
        self.with(|state| {
            for (place, embedding) in embeddings {
                if let Some(slot) = state.embeddings.get_mut(place)
                    && slot.replace(embedding).is_none()
                {
                    state.missing = state.missing.saturating_sub(1);
                }
            }
            if state.missing == 0
                && let Some(answer) = state.answer.take()
            {
                let embeddings = std::mem::take(&mut state.embeddings);
                // Whoever is gone needs no answer.
                let _gone = answer.send(Ok(embeddings.into_iter().flatten().collect()));
            }
        });
    }

    /// Ends the call.
    pub(crate) fn fail(&self, error: EncodeError) {
        self.with(|state| {
            state.units.clear();
            if let Some(answer) = state.answer.take() {
                let _gone = answer.send(Err(error));
            }
        });
    }

    fn is_abandoned(&self) -> bool {
        self.with(|state| state.answer.as_ref().is_none_or(oneshot::Sender::is_canceled))
    }

    fn with<T>(&self, work: impl FnOnce(&mut BatchState) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Task {
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Tokenize(texts) => texts.answer.is_canceled(),
            Self::Encode(batch) => batch.is_abandoned(),
        }
    }

    /// Whether it is of a single text.
    fn is_question(&self) -> bool {
        match self {
            Self::Tokenize(texts) => texts.texts.len() == 1,
            Self::Encode(batch) => batch.with(|state| state.embeddings.len() == 1),
        }
    }

    /// How many bytes of texts wait in it. Tokens are fewer.
    fn bytes(&self) -> usize {
        match self {
            Self::Tokenize(texts) => texts.texts.iter().map(String::len).sum(),
            Self::Encode(_) => 0,
        }
    }
}

/// The tasks in the order of their turns: calls with a single text, as questions are, and all others.
#[derive(Default)]
pub(crate) struct Queue {
    questions: VecDeque<Task>,
    others: VecDeque<Task>,
    /// Whether the last task that was taken by a thread for everything was a question.
    question_was_last: bool,
}

/// Which tasks a thread takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Questions alone, so that none waits for a document.
    Questions,
    /// Questions and everything else, in turn where there are both: however many ask, documents go on.
    All,
}

impl Queue {
    /// Lets texts wait, unless too much waits already.
    pub(crate) fn push(&mut self, texts: Texts) -> Result<(), EncodeError> {
        let task = Task::Tokenize(texts);
        if !self.has_room(&task) {
            self.questions.retain(|task| !task.is_abandoned());
            self.others.retain(|task| !task.is_abandoned());
            if !self.has_room(&task) {
                return Err(EncodeError::Busy);
            }
        }
        self.lane(&task).push_back(task);
        Ok(())
    }

    /// Lets a call that is under way wait for its next turn.
    pub(crate) fn push_again(&mut self, batch: Arc<Batch>) {
        let task = Task::Encode(batch);
        self.lane(&task).push_back(task);
    }

    /// The task whose turn it is. Nobody waits for one that is abandoned.
    pub(crate) fn pop(&mut self, takes: Takes) -> Option<Task> {
        let mut next = || {
            if takes == Takes::Questions {
                return self.questions.pop_front();
            }
            let question_first = !self.question_was_last || self.others.is_empty();
            self.question_was_last = question_first && !self.questions.is_empty();
            if self.question_was_last { self.questions.pop_front() } else { self.others.pop_front() }
        };
        std::iter::from_fn(&mut next).find(|task| !task.is_abandoned())
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    fn lane(&mut self, task: &Task) -> &mut VecDeque<Task> {
        if task.is_question() { &mut self.questions } else { &mut self.others }
    }

    fn has_room(&self, task: &Task) -> bool {
        let all = || self.questions.iter().chain(&self.others);
        let waiting: usize = all().map(Task::bytes).sum();
        let fits = waiting == 0 || waiting.saturating_add(task.bytes()) <= MAX_BYTES;
        fits && all().count() < MAX_CALLS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(count: usize) -> (Texts, oneshot::Receiver<Result<Vec<Embedding>, EncodeError>>) {
        let (answer, answered) = oneshot::channel();
        (Texts { texts: vec!["text".to_owned(); count], answer }, answered)
    }

    #[test]
    fn h3_however_many_ask_documents_have_every_second_turn_and_a_thread_for_questions_takes_none() {
        let mut queue = Queue::default();
        let mut waiting = Vec::new();
        for count in [1, 1, 1, 1, 16, 16] {
            let (texts, answered) = texts(count);
            queue.push(texts).unwrap();
            waiting.push(answered);
        }
        let mut next = |takes| match queue.pop(takes) {
            Some(Task::Tokenize(texts)) => texts.texts.len(),
            _ => 0,
        };
        assert_eq!([(); 4].map(|()| next(Takes::All)), [1, 16, 1, 16]);
        assert_eq!([(); 3].map(|()| next(Takes::Questions)), [1, 1, 0]);
    }
}
