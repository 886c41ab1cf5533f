//! What one write is: a piece of work that ends with its rows and its audit event together, or with neither row.
//!
//! A unit of work is a closure over [`Tx`] that may run more than once: ids, times and random
//! bytes are made before it, and it does nothing but read and write rows. It answers a [`Decision`]:
//!
//! * [`Recorded`]: its rows are kept, and at least one audit event with them. There is no way to make a
//!   `Recorded` without an event, so a silent write does not compile.
//! * [`Refused`]: its rows are rolled back. Its event, if it has one, is kept all the same.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_channel::oneshot;

use crate::audit::Event;
use crate::store::{Store, StoreError, Tx};

/// A unit's rows are to be kept, and these events with them.
#[derive(Debug)]
pub struct Recorded<T> {
    value: T,
    events: Vec<Event>,
}

impl<T> Recorded<T> {
    /// Keeps the rows and this event.
    pub fn new(value: T, event: Event) -> Self {
        Self { value, events: vec![event] }
    }

    /// Keeps one more event.
    #[must_use]
    pub fn and(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }
}

/// A unit's rows are not to be kept.
#[derive(Debug)]
pub struct Refused<E> {
    error: E,
    events: Vec<Event>,
}

impl<E> Refused<E> {
    /// Refuses, and records that it was tried.
    pub fn new(error: E, event: Event) -> Self {
        Self { error, events: vec![event] }
    }

    /// Refuses something that is of no interest to anybody later, such as a name that is taken.
    pub fn unrecorded(error: E) -> Self {
        Self { error, events: Vec::new() }
    }
}

/// How a unit of work ends.
pub type Decision<T, E> = Result<Recorded<T>, Refused<E>>;

/// What the store keeps of a unit that has run.
#[derive(Debug)]
pub enum UnitOutcome {
    /// Its rows, and these events (at least one).
    Commit(Vec<Event>),
    /// None of its rows; these events.
    Rollback(Vec<Event>),
}

/// A unit of work as a store sees it. Everybody else writes a closure and calls
/// [`write`](trait.Store.html#method.write).
pub trait Unit: Send {
    /// Does the work. A store may call this again after rolling the first run back.
    ///
    /// # Errors
    /// When the store failed; then nothing of this unit is kept.
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError>;

    /// Tells how it ended: `Ok` only after what `run` answered last is durable.
    fn done(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Typed<T, E, F> {
    work: F,
    decided: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Unit for Typed<T, E, F>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: FnMut(&mut dyn Tx) -> Result<Decision<T, E>, StoreError> + Send + 'static,
{
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        match (self.work)(tx)? {
            Ok(Recorded { value, events }) => {
                self.decided = Some(Ok(value));
                Ok(UnitOutcome::Commit(events))
            }
            Err(Refused { error, events }) => {
                self.decided = Some(Err(error));
                Ok(UnitOutcome::Rollback(events))
            }
        }
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { decided, reply, .. } = *self;
        let answer = match (outcome, decided) {
            (Ok(()), Some(decided)) => decided,
            (Ok(()), None) => Err(StoreError::Closed.into()),
            (Err(error), _) => Err(error.into()),
        };
        // Nobody is obliged to wait for the answer.
        drop(reply.send(answer));
    }
}

/// A write on its way: a future of its outcome that needs no runtime. Dropping it does not stop the write.
#[must_use = "a write is known to be durable only once its receipt has answered"]
pub struct Receipt<T, E>(oneshot::Receiver<Result<T, E>>);

impl<T, E: From<StoreError>> Receipt<T, E> {
    /// Waits for the outcome on this thread, without a runtime.
    ///
    /// # Errors
    /// The unit's own refusal, or the store's failure.
    pub fn wait(self) -> Result<T, E> {
        futures_executor::block_on(self)
    }
}

impl<T, E: From<StoreError>> Future for Receipt<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or_else(|_| Err(StoreError::Closed.into())))
    }
}

impl dyn Store + '_ {
    /// Submits a unit of work; the receipt answers once its outcome is durable.
    ///
    /// The closure may run more than once, and must decide the same from the same rows.
    pub fn write<T, E, F>(&self, work: F) -> Receipt<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&mut dyn Tx) -> Result<Decision<T, E>, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.submit(Box::new(Typed { work, decided: None, reply }));
        Receipt(answer)
    }

    /// Refuses something that needs no look at what is stored; the receipt answers the error once the event is kept.
    pub fn refuse<T, E>(&self, error: E, event: Event) -> Receipt<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Clone + Send + 'static,
    {
        self.write(move |_tx| Ok(Err(Refused::new(error.clone(), event.clone()))))
    }

    /// Records an event that comes with no row.
    pub fn record(&self, event: Event) -> Receipt<(), StoreError> {
        self.write(move |_tx| Ok(Ok(Recorded::new((), event.clone()))))
    }
}
