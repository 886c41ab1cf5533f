//! What a call that is under way leaves behind: its audit event, and the end of what is held for it. However the call ends,
//! both say the same.

use std::fmt;
use std::sync::Arc;

use crate::audit::{Event, ObjectKind, ReasonCode};
use crate::policy::Obligations;
use crate::store::{Store, StoreError};

/// The event of a call, and what is held for it. When this is dropped before the call has ended, the event says that the
/// call was canceled, or, where a panic is the cause, that the server failed; and what was held is released.
pub(super) struct CallRecord {
    store: Arc<dyn Store>,
    /// `None` once it has been handed to the store.
    event: Option<Event>,
    /// What is held for it.
    obligations: Obligations,
}

impl CallRecord {
    /// The record of a call with this event.
    pub(super) fn new(store: &Arc<dyn Store>, event: Event) -> Self {
        Self { store: Arc::clone(store), event: Some(event), obligations: Obligations::default() }
    }

    /// Names the thing that the call is about.
    pub(super) fn on(&mut self, kind: ObjectKind, id: impl fmt::Display) {
        self.event = self.event.take().map(|event| event.on(kind, id));
    }

    /// Names the caller's address.
    pub(super) fn about(&mut self, email: impl fmt::Display) {
        self.event = self.event.take().map(|event| event.about(email));
    }

    /// Keeps what was taken or held for the call until its end.
    pub(super) fn hold(&mut self, obligations: Obligations) {
        self.obligations = obligations;
    }

    /// Records that the call was answered. When that is durable, what is held is settled; when it fails, released.
    pub(super) async fn answered(mut self) -> Result<(), StoreError> {
        let recorded = self.record(|event| event).await;
        if recorded.is_err() {
            self.release();
        }
        recorded
    }

    /// Records why the call was not answered, and releases what is held.
    pub(super) async fn not_answered(
        mut self,
        outcome: impl FnOnce(Event) -> Event,
    ) -> Result<(), StoreError> {
        self.release();
        self.record(outcome).await
    }

    /// Hands the event to the store, and waits until it is durable. Whoever stops waiting does not stop the store.
    async fn record(&mut self, outcome: impl FnOnce(Event) -> Event) -> Result<(), StoreError> {
        match self.event.take() {
            Some(event) => self.store.record(outcome(event)).await,
            None => Ok(()),
        }
    }

    fn release(&mut self) {
        drop(std::mem::take(&mut self.obligations));
    }
}

impl Drop for CallRecord {
    fn drop(&mut self) {
        match self.event.take() {
            Some(event) => {
                let reason_code =
                    if std::thread::panicking() { ReasonCode::Internal } else { ReasonCode::Canceled };
                // Nobody is left to wait for it.
                drop(self.store.record(event.failed(reason_code)));
            }
            // The log says that the call was answered, or will say so although the caller is gone. What was not answered has
            // released everything by now.
            None => std::mem::take(&mut self.obligations).settle(),
        }
    }
}
