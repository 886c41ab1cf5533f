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
use crate::queue::{Batch, Queue, Takes, Task, Texts, Unit};
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
        // One more, for questions alone.
        while state.started <= self.threads {
            let this = Arc::clone(self);
            let takes = if state.started < self.threads { Takes::All } else { Takes::Questions };
            let thread = thread::Builder::new().name(format!("encoder-{}", state.started));
            match thread.spawn(move || this.work(takes)) {
                Ok(_) => state.started += 1,
                // With one thread it works, and with the next texts it is tried again.
                Err(_) if state.started > 0 => break,
                Err(error) => return Err(EncodeError::Failed(format!("no thread can be had: {error}"))),
            }
        }
        state.queue.push(texts)?;
        drop(state);
        self.work_came.notify_all();
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

    fn work(&self, takes: Takes) {
        if takes == Takes::All {
            give_way();
        }
        // Matrices are multiplied on the pool of the thread that asks: on this thread alone, then, for there is no other
        // in it. Were it not to be had, they would be multiplied all the same.
        let _pool = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
        while let Some(task) = self.next_task(takes) {
            match task {
                Task::Tokenize(texts) => self.tokenize(texts),
                Task::Encode(batch) => self.encode_unit(&batch),
            }
        }
    }

    /// Waits for the next task; `None` once the encoder is closed.
    fn next_task(&self, takes: Takes) -> Option<Task> {
        let mut state = self.state();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(task) = state.queue.pop(takes) {
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
            self.work_came.notify_all();
        }
    }

    fn tokenize(&self, Texts { texts, answer }: Texts) {
        let tokens = self.model().and_then(|model| {
            let tokens = |text: &String| {
                let tokens = model.tokens(text)?;
                let embedding = model.of_unknown(text, &tokens)?;
                Ok((tokens, embedding))
            };
            guarded(|| texts.iter().map(tokens).collect::<Result<Vec<_>, String>>())
        });
        match tokens {
            Ok(texts) => {
                let (mut tokens, mut known) = (Vec::with_capacity(texts.len()), Vec::new());
                for (place, (of_text, embedding)) in texts.into_iter().enumerate() {
                    tokens.push(embedding.is_none().then_some(of_text));
                    known.extend(embedding.map(|embedding| (place, embedding)));
                }
                let batch = Batch::new(tokens, answer);
                batch.found(known);
                self.push_again(Arc::new(batch));
            }
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

/// Lets every other thread go first that has something to do: documents can wait, and who asks does not.
#[cfg(target_os = "linux")]
fn give_way() {
    /// Of the system's 20 steps below the usual: some tenth of a processor is left where others want all of it.
    const NICENESS: i32 = 10;
    // It is the thread's own, and where the system forbids it, it is as quick as the others.
    let _as_before = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS);
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}

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
