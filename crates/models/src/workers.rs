//! The threads that encode. They read the model when the first text comes, and not before.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rayon::ThreadPoolBuilder;
use syft_space_domain::encoder::ports::EncodeError;
use syft_space_domain::encoder::{Embedding, EncoderModel};

use crate::model::Model;
use crate::queue::{Batch, Queue, Task, Texts, Unit};
use crate::refused::{ModelRefused, shortened};

/// What an encoder and its threads share.
pub(crate) struct Workers {
    folder: PathBuf,
    expected: EncoderModel,
    threads: usize,
    state: Mutex<State>,
    work_came: Condvar,
    /// Held while the model is read: who else needs it waits.
    model: Mutex<Option<Arc<Model>>>,
}

#[derive(Default)]
struct State {
    queue: Queue,
    started: usize,
    is_closed: bool,
}

impl Workers {
    pub(crate) fn new(folder: PathBuf, expected: EncoderModel, threads: usize) -> Self {
        let (state, work_came, model) = (Mutex::default(), Condvar::new(), Mutex::default());
        Self { folder, expected, threads, state, work_came, model }
    }

    /// The model that the folder must hold.
    pub(crate) fn expected(&self) -> &EncoderModel {
        &self.expected
    }

    /// Lets texts wait for their turn, and starts the threads when there are none yet.
    pub(crate) fn submit(self: &Arc<Self>, texts: Texts) -> Result<(), EncodeError> {
        let mut state = self.state();
        while state.started < self.threads {
            let this = Arc::clone(self);
            let thread = thread::Builder::new().name(format!("encoder-{}", state.started));
            match thread.spawn(move || this.work()) {
                Ok(_) => state.started += 1,
                // With one thread it works, and with the next texts it is tried again.
                Err(_) if state.started > 0 => break,
                Err(error) => return Err(EncodeError::Failed(format!("no thread can be had: {error}"))),
            }
        }
        state.queue.push(texts)?;
        drop(state);
        self.work_came.notify_one();
        Ok(())
    }

    /// Ends the threads once they have done what they are at. Whoever still waits is told so.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.queue.clear();
        drop(state);
        self.work_came.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        // Matrices are multiplied on the pool of the thread that asks: on this thread alone, then, for there is no other
        // in it. Were it not to be had, they would be multiplied all the same.
        let _pool = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
        while let Some(task) = self.next_task() {
            match task {
                Task::Tokenize(texts) => self.tokenize(texts),
                Task::Encode(batch) => self.encode_unit(&batch),
            }
        }
    }

    /// Waits for the next task; `None` once the encoder is closed.
    fn next_task(&self) -> Option<Task> {
        let mut state = self.state();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(task) = state.queue.pop() {
                return Some(task);
            }
            state = self.work_came.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn push_again(&self, batch: Arc<Batch>) {
        let mut state = self.state();
        if !state.is_closed {
            state.queue.push_again(batch);
            drop(state);
            self.work_came.notify_one();
        }
    }

    fn tokenize(&self, Texts { texts, answer }: Texts) {
        let tokens = self.model().and_then(|model| {
            guarded(|| texts.iter().map(|text| model.tokens(text)).collect::<Result<Vec<_>, String>>())
        });
        match tokens {
            Ok(tokens) => self.push_again(Arc::new(Batch::new(tokens, answer))),
            Err(error) => {
                let _gone = answer.send(Err(error));
            }
        }
    }

    fn encode_unit(&self, batch: &Arc<Batch>) {
        let Some((unit, more)) = batch.take_unit() else { return };
        if more {
            self.push_again(Arc::clone(batch));
        }
        match self.model().and_then(|model| embeddings(&model, unit)) {
            Ok(embeddings) => batch.found(embeddings),
            Err(error) => batch.fail(error),
        }
    }

    /// The model, read when it has not been.
    fn model(&self) -> Result<Arc<Model>, EncodeError> {
        let mut held = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = &*held {
            return Ok(Arc::clone(model));
        }
        let read = guarded(|| Ok(Model::read(&self.folder)))?;
        let model = read.and_then(|model| {
            let expected = &self.expected;
            let numbers = (model.revision, model.dimension, model.longest_input);
            let is_expected =
                numbers == (expected.revision(), expected.dimension(), expected.longest_input());
            if is_expected { Ok(Arc::new(model)) } else { Err(ModelRefused::Changed) }
        });
        let model = model.map_err(|refused| EncodeError::Unusable(refused.to_string()))?;
        *held = Some(Arc::clone(&model));
        Ok(model)
    }
}

/// The vectors of a unit's texts, by their places.
fn embeddings(model: &Model, unit: Unit) -> Result<Vec<(usize, Embedding)>, EncodeError> {
    let (places, tokens): (Vec<usize>, Vec<Vec<u32>>) = unit.into_iter().unzip();
    let texts: Vec<&[u32]> = tokens.iter().map(Vec::as_slice).collect();
    let embeddings = guarded(|| model.embeddings(&texts))?;
    Ok(places.into_iter().zip(embeddings).collect())
}

/// Does work that libraries have a hand in. Should one panic, this call fails and no other.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, EncodeError> {
    let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(message(&*panic)));
    done.map_err(|reason| EncodeError::Failed(shortened(&reason)))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned()
}
