//! The audit event of a call that is under way. It is recorded once, however the call ends.

use std::fmt;
use std::sync::Arc;

use crate::audit::{Event, ObjectKind};
use crate::store::{Store, StoreError};

/// The event of a call. When this is dropped before the call has ended, the event says that the call was canceled, or,
/// where a panic is the cause, that the server failed.
pub(super) struct CallRecord {
    store: Arc<dyn Store>,
    event: Option<Event>,
}

impl CallRecord {
    /// The record of a call with this event.
    pub(super) fn new(store: &Arc<dyn Store>, event: Event) -> Self {
        Self { store: Arc::clone(store), event: Some(event) }
    }

    /// Names the thing that the call is about.
    pub(super) fn on(&mut self, kind: ObjectKind, id: impl fmt::Display) {
        self.event = self.event.take().map(|event| event.on(kind, id));
    }

    /// Names the caller's address.
    pub(super) fn about(&mut self, email: impl fmt::Display) {
        self.event = self.event.take().map(|event| event.about(email));
    }

    /// Records how the call ended, and waits until that is durable. Whoever stops waiting does not stop the record.
    pub(super) async fn end(mut self, outcome: impl FnOnce(Event) -> Event) -> Result<(), StoreError> {
        match self.event.take() {
            Some(event) => self.store.record(outcome(event)).await,
            None => Ok(()),
        }
    }
}

impl Drop for CallRecord {
    fn drop(&mut self) {
        if let Some(event) = self.event.take() {
            let reason_code = if std::thread::panicking() { "internal" } else { "canceled" };
            // Nobody is left to wait for it.
            drop(self.store.record(event.failed(reason_code)));
        }
    }
}
