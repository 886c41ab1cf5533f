//! What one write is: a piece of work that ends with its rows and its audit event together, or with neither row.
//!
//! A unit of work is a closure over [`Tx`] that may run more than once: ids, times and random
//! bytes are made before it, and it does nothing but read and write rows. It answers
//!
//! * [`Recorded`]: its rows are kept, and at least one audit event with them. There is no way to make a
//!   `Recorded` without an event, so a silent write does not compile;
//! * or [`Abort`], which `?` makes of whatever goes wrong: its rows are rolled back. Of a [`Refused`] the event, if it
//!   has one, is kept all the same; a use case's own error is a refusal that is not recorded.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_channel::oneshot;

use crate::audit::{Event, RecordedEvent};
use crate::store_error::StoreError;
use crate::transaction::Tx;

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

/// Why a unit of work ends without its rows.
#[derive(Debug)]
pub enum Abort<E> {
    /// The store failed: nothing of the unit is kept.
    Store(StoreError),
    /// It decided so.
    Refused(Refused<E>),
}

/// The error of a use case, which its unit of work returns with `?`: a refusal that is not recorded, unless it is the
/// store's own failure.
pub trait UnitError: From<StoreError> {
    /// Takes the store's failure out.
    ///
    /// # Errors
    /// The error itself, when it is another.
    fn into_store_error(self) -> Result<StoreError, Self>;
}

impl<E> From<StoreError> for Abort<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<E> From<Refused<E>> for Abort<E> {
    fn from(refused: Refused<E>) -> Self {
        Self::Refused(refused)
    }
}

impl<E: UnitError> From<E> for Abort<E> {
    fn from(error: E) -> Self {
        match error.into_store_error() {
            Ok(error) => Self::Store(error),
            Err(error) => Self::Refused(Refused::unrecorded(error)),
        }
    }
}

/// Refuses to change what has been changed since the caller read it.
///
/// # Errors
/// `changed`, when a revision is expected and another is found.
pub fn check_revision<E>(expected: Option<u64>, found: u64, changed: E) -> Result<(), E> {
    if expected.is_none_or(|revision| revision == found) { Ok(()) } else { Err(changed) }
}

/// What the store keeps of a unit that has run.
#[derive(Debug)]
pub enum UnitOutcome {
    /// Its rows, and these events (at least one).
    Commit(Vec<Event>),
    /// None of its rows; these events.
    Rollback(Vec<Event>),
    /// Its rows, and no event: it ended with one that is counted, and is written with others of its kind, or it is the space's own
    /// bookkeeping.
    Counted,
}

/// A unit of work as a store sees it. Everybody else writes a closure and calls
/// [`write`](trait.Store.html#method.write).
pub trait Unit: Send {
    /// Does the work. A store may call this again after rolling the first run back.
    ///
    /// # Errors
    /// When the store failed; then nothing of this unit is kept.
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError>;

    /// Tells where an event of it stands in its log: of each that `run` answered last, in their order, behind that run and before
    /// [`done`](Self::done). It is not durable yet, and where the unit runs again it is told anew.
    fn appended(&mut self, recorded: &RecordedEvent) {
        // Most need not know.
        let _ = recorded;
    }

    /// Tells how it ended: `Ok` only after what `run` answered last is durable.
    fn done(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// A closure as a unit of work, and the receipt that tells its caller how it ended.
pub(crate) fn unit<T, E, F>(work: F) -> (Box<dyn Unit>, Receipt<T, E>)
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: FnMut(&mut dyn Tx) -> Result<Recorded<T>, Abort<E>> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Typed { work, decided: None, reply }), Receipt(answer))
}

/// The space's own bookkeeping as a unit of work: how far a log was looked at, when a key was last used. It need have no event, for a
/// log that grew by being looked at would never be looked at to its end.
pub(crate) fn bookkeeping<T, F>(work: F) -> (Box<dyn Unit>, Receipt<T, StoreError>)
where
    T: Send + 'static,
    F: FnMut(&mut dyn Tx) -> Result<Booked<T>, StoreError> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Bookkeeping { work, decided: None, reply }), Receipt(answer))
}

/// What came of the space's own bookkeeping.
pub(crate) struct Booked<T> {
    /// What whoever waits is told.
    pub(crate) value: T,
    /// What is to be told in logs with it.
    pub(crate) events: Vec<Event>,
}

impl<T> From<T> for Booked<T> {
    fn from(value: T) -> Self {
        Self { value, events: Vec::new() }
    }
}

struct Bookkeeping<T, F> {
    work: F,
    decided: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Unit for Bookkeeping<T, F>
where
    T: Send,
    F: FnMut(&mut dyn Tx) -> Result<Booked<T>, StoreError> + Send,
{
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        let Booked { value, events } = (self.work)(tx)?;
        self.decided = Some(value);
        Ok(if events.is_empty() { UnitOutcome::Counted } else { UnitOutcome::Commit(events) })
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { decided, reply, .. } = *self;
        // Nobody is obliged to wait for the answer.
        drop(reply.send(outcome.and_then(|()| decided.ok_or(StoreError::Closed))));
    }
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
    F: FnMut(&mut dyn Tx) -> Result<Recorded<T>, Abort<E>> + Send + 'static,
{
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        match (self.work)(tx) {
            Ok(Recorded { value, mut events }) => {
                tx.forget_erased(&mut events)?;
                self.decided = Some(Ok(value));
                Ok(UnitOutcome::Commit(events))
            }
            Err(Abort::Refused(Refused { error, mut events })) => {
                tx.forget_erased(&mut events)?;
                self.decided = Some(Err(error));
                Ok(UnitOutcome::Rollback(events))
            }
            Err(Abort::Store(error)) => Err(error),
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

/// A write or a read on its way: a future of its outcome that needs no runtime. Dropping it does not stop a write.
#[must_use = "a write is known to be durable, and a read has an answer, only once its receipt has answered"]
pub struct Receipt<T, E>(pub(crate) oneshot::Receiver<Result<T, E>>);

impl<T, E: From<StoreError>> Receipt<T, E> {
    /// Waits for the outcome on this thread, without a runtime: for threads that may block.
    ///
    /// # Errors
    /// The error of the work itself, or the store's failure.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    enum TestError {
        Changed,
        Store(StoreError),
    }

    impl From<StoreError> for TestError {
        fn from(error: StoreError) -> Self {
            Self::Store(error)
        }
    }

    impl UnitError for TestError {
        fn into_store_error(self) -> Result<StoreError, Self> {
            match self {
                Self::Store(error) => Ok(error),
                error @ Self::Changed => Err(error),
            }
        }
    }

    #[test]
    fn a_failure_of_the_store_is_no_refusal_whatever_carries_it() {
        let carried = || -> Result<(), Abort<TestError>> { Ok(Err(TestError::Store(StoreError::Full))?) };
        assert!(matches!(carried(), Err(Abort::Store(StoreError::Full))));
        let own = || -> Result<(), Abort<TestError>> { Ok(Err(TestError::Changed)?) };
        let refused = own().unwrap_err();
        assert!(
            matches!(refused, Abort::Refused(Refused { error: TestError::Changed, events }) if events.is_empty())
        );
    }

    #[test]
    fn a_revision_is_checked_only_where_one_is_expected() {
        assert_eq!(check_revision(None, 7, TestError::Changed), Ok(()));
        assert_eq!(check_revision(Some(7), 7, TestError::Changed), Ok(()));
        assert_eq!(check_revision(Some(6), 7, TestError::Changed), Err(TestError::Changed));
        assert_eq!(check_revision(Some(8), 7, TestError::Changed), Err(TestError::Changed));
    }
}
