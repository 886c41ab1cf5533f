//! What a call that is under way leaves behind: its audit event, and the end of what is held for it. However the call ends,
//! both say the same.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::approval::{ApprovalRequest, ApprovalState, ApprovalTerms, Filed, Unapproved, file};
use crate::audit::{Event, ObjectKind, Person, ReasonCode};
use crate::dataset::{DocumentId, Hits};
use crate::endpoint::{QueryError, QueryRefusal};
use crate::policy::{
    Decision, Obligations, PolicyEntry, PolicyRevision, Purpose, Redactions, Release, ShadowFinding,
};
use crate::sealing::Sealed;
use crate::store::{Store, StoreError, Tx};
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::{Abort, Recorded, Refused};

/// The event of a call, and what is held for it. When this is dropped before the call has ended, the event says that the
/// call was canceled, or, where a panic is the cause, that the server failed; and what was held is released.
pub(super) struct CallRecord {
    store: Arc<dyn Store>,
    event: PendingEvent,
    /// What is held for it.
    obligations: Obligations,
    /// What was taken for it from what is of policies in shadow: it ends as what is held does.
    tried: Obligations,
    /// What those policies found.
    shadow: Option<ShadowFinding>,
}

/// An event that is not written yet; `None` once it is. Whoever takes it writes it.
#[derive(Clone)]
struct PendingEvent(Arc<Mutex<Option<Event>>>);

impl PendingEvent {
    fn take(&self) -> Option<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put_back(&self, event: Option<Event>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = event;
    }

    fn change(&self, change: impl FnOnce(Event) -> Event) {
        let mut event = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *event = event.take().map(change);
    }
}

/// Why an answer was not recorded.
enum NotRecorded {
    /// What was to be written of it has no room any more.
    NoRoom,
    /// What it rests on is not so any more, or nobody waits for it.
    Stale,
    /// What was approved of it is so no more.
    Unapproved(PolicyRevision, Box<Unapproved>),
    Store(StoreError),
}

/// What became of an answer that was to be recorded.
pub(super) enum RecordedAnswer {
    /// It is recorded, and durable.
    Done,
    /// It rests on what is not so any more, or nobody waits for it.
    Stale,
    /// Its question was approved, and is so no more.
    Unapproved(Box<Unapproved>),
}

impl From<StoreError> for NotRecorded {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl CallRecord {
    /// The record of a call with this event.
    pub(super) fn new(store: &Arc<dyn Store>, event: Event) -> Self {
        let event = PendingEvent(Arc::new(Mutex::new(Some(event))));
        let (obligations, tried) = (Obligations::default(), Obligations::default());
        Self { store: Arc::clone(store), event, obligations, tried, shadow: None }
    }

    /// Names the thing that the call is about.
    pub(super) fn on(&mut self, kind: ObjectKind, id: impl fmt::Display) {
        self.event.change(|event| event.on(kind, id));
    }

    /// Names the caller's address.
    pub(super) fn about(&mut self, email: impl fmt::Display) {
        self.event.change(|event| event.about(email));
    }

    /// Names the policy that decided on the query last; none where none did alone.
    pub(super) fn decided_by(&self, policy: Option<PolicyRevision>) {
        self.event.change(|event| Event { policy, ..event });
    }

    /// Names what the query is said to be for.
    pub(super) fn for_purpose(&mut self, purpose: Option<&Purpose>) {
        self.event.change(|mut event| {
            event.person.purpose = purpose.cloned();
            event
        });
    }

    /// Counts what was taken from what is about to be shown, in place of what was counted before.
    pub(super) fn redacted(&mut self, redactions: Redactions) {
        self.event.change(|mut event| {
            event.person.redactions = redactions;
            event
        });
    }

    /// Whether all that a decision obliges to was performed for the call.
    pub(super) fn covers(&self, decision: &Decision) -> bool {
        decision.is_performed(&self.obligations)
    }

    /// Takes what is held for the call out, for whoever performs the rest and brings it back.
    pub(super) fn take(&mut self) -> Obligations {
        std::mem::take(&mut self.obligations)
    }

    /// Keeps what was taken or held for the call until its end.
    pub(super) fn hold(&mut self, obligations: Obligations) {
        self.obligations = obligations;
    }

    /// Gives back what was performed for the call, and is not demanded by a decision any more.
    pub(super) fn give_back(&mut self, decision: &Decision) {
        decision.give_back(&mut self.obligations);
    }

    /// Whether policies in shadow found anything, or anything was taken from what is theirs.
    pub(super) fn is_tried(&self) -> bool {
        self.shadow.is_some() || !self.tried.is_empty()
    }

    /// What the policies in shadow found, and what was taken from what is theirs, for whoever asks them again and brings both back.
    pub(super) fn take_tried(&mut self) -> (Option<ShadowFinding>, Obligations) {
        (self.shadow.take(), std::mem::take(&mut self.tried))
    }

    /// Keeps what the policies in shadow found, and what was taken from what is theirs until the call ends. The event of an answer tells
    /// what was found, and no other event does.
    pub(super) fn hold_tried(&mut self, shadow: Option<ShadowFinding>, tried: Obligations) {
        (self.shadow, self.tried) = (shadow, tried);
    }

    /// Records that the call is answered, if what the answer rests on is still so when its turn to be written has come: the
    /// writer may be busy for a while. When it is durable, what is held is settled as this is dropped.
    ///
    /// What is to be written of the answer is written with its event, for as many documents as it shows. Where there is no room
    /// for it any more, the call is refused. The event names these documents.
    pub(super) async fn answered(
        &mut self,
        scope: TenantScope,
        documents: usize,
        named: Option<Vec<DocumentId>>,
        still_holds: impl Fn(&dyn Tx) -> Option<Timestamp> + Send + 'static,
    ) -> Result<RecordedAnswer, QueryError> {
        let approved = self.obligations.approved();
        let postings = self.obligations.postings(documents);
        let (pending, shadow) = (self.event.clone(), self.shadow);
        let mut taken: Option<Event> = None;
        let recorded = self.store.write(move |tx| {
            // A unit may run again: what it took is its own.
            let refused = |why| Abort::Refused(Refused::unrecorded(why));
            if taken.is_none()
                && let Some(now) = still_holds(tx)
            {
                for (policy, question) in &approved {
                    let known = tx.approval_of(&scope, &question.key)?;
                    if let Some(unapproved) = question.as_of(known, now) {
                        return Err(refused(NotRecorded::Unapproved(*policy, Box::new(unapproved))));
                    }
                }
                taken = pending.take();
            }
            let event = taken.clone().ok_or_else(|| refused(NotRecorded::Stale))?;
            let scope = WriteScope::of_system(&scope);
            for posting in &postings {
                if !posting.post(tx, &scope, event.id)? {
                    // Nothing is answered, so there is an event to write still.
                    pending.put_back(taken.take());
                    return Err(refused(NotRecorded::NoRoom));
                }
            }
            let event = match shadow {
                Some(ShadowFinding { reason_code, policy }) => {
                    Event { reason_code: Some(reason_code.into()), policy: Some(policy), ..event }
                }
                None => event,
            };
            let person = Person { shown: named.clone(), ..event.person };
            Ok(Recorded::new((), Event { person, ..event }))
        });
        match recorded.await {
            Ok(()) => Ok(RecordedAnswer::Done),
            Err(NotRecorded::Stale) => Ok(RecordedAnswer::Stale),
            Err(NotRecorded::Unapproved(policy, unapproved)) => {
                self.decided_by(Some(policy));
                Ok(RecordedAnswer::Unapproved(unapproved))
            }
            // Whoever has no room says so; if none does, the store did not do as it was told.
            Err(NotRecorded::NoRoom) => {
                Err(self.refusal().map_or_else(|| StoreError::Busy.into(), QueryError::Refused))
            }
            Err(NotRecorded::Store(error)) => Err(error.into()),
        }
    }

    /// Records that the question waits for approval, with the request of it, which is made where there is none: if the refusal
    /// still rests on what is so when its turn to be written has come. Answers what became of it, and nothing where it does not.
    pub(super) async fn filed(
        &mut self,
        scope: TenantScope,
        (request, prompt): (ApprovalRequest, Option<Sealed>),
        terms: ApprovalTerms,
        still_holds: impl Fn(&dyn Tx) -> Option<Timestamp> + Send + 'static,
        outcome: impl Fn(Event, Filed) -> Event + Send + 'static,
    ) -> Result<Option<Filed>, StoreError> {
        // Nothing of it is settled, should the caller go meanwhile: the event that is taken tells of a refusal.
        let held = std::mem::take(&mut self.obligations);
        let (_, tried) = self.take_tried();
        let pending = self.event.clone();
        let mut taken: Option<(Event, Timestamp)> = None;
        let recorded = self.store.write(move |tx| {
            // A unit may run again: what it took is its own.
            if taken.is_none()
                && let Some(now) = still_holds(tx)
            {
                taken = pending.take().map(|event| (event, now));
            }
            let stale = || Abort::Refused(Refused::unrecorded(NotRecorded::Stale));
            let (event, now) = taken.clone().ok_or_else(stale)?;
            let filed = file(tx, &WriteScope::of_system(&scope), &request, prompt.as_ref(), &terms, now)?;
            let event = outcome(event, filed);
            // The event that made a request names it.
            let is_made = filed == Filed::Request(request.id, ApprovalState::Pending);
            let event = if is_made { event.on(ObjectKind::Approval, request.id) } else { event };
            Ok(Recorded::new(filed, event))
        });
        match recorded.await {
            Ok(filed) => {
                held.release(Release::Unapproved);
                tried.release(Release::Unapproved);
                Ok(Some(filed))
            }
            Err(NotRecorded::Stale | NotRecorded::NoRoom | NotRecorded::Unapproved(..)) => {
                held.release(Release::Refused);
                tried.release(Release::Refused);
                Ok(None)
            }
            Err(NotRecorded::Store(error)) => {
                held.release(Release::Failed);
                tried.release(Release::Failed);
                Err(error)
            }
        }
    }

    /// Whether anything that is held has a say in what is shown.
    pub(super) fn limits_what_is_shown(&self) -> bool {
        self.obligations.limit_what_is_shown()
    }

    /// What may be shown of what is about to be, and counts for the call from now on.
    pub(super) fn show(&mut self, hits: Hits) -> Hits {
        self.obligations.show(hits)
    }

    /// The refusal of a call behind its search, where what is held for it is the reason.
    pub(super) fn refusal(&self) -> Option<QueryRefusal> {
        let (by, policy) = self.obligations.refusal()?;
        self.decided_by(Some(by));
        Some(QueryRefusal { policy, limits: Vec::new(), retry_after: None })
    }

    /// What the caller is told in the answer of what was taken or held for it.
    pub(super) fn entries(&self) -> Vec<PolicyEntry> {
        self.obligations.entries()
    }

    /// Records why the call was not answered, and releases what is held. Whoever stops waiting does not stop the store.
    pub(super) async fn not_answered(
        mut self,
        why: Release,
        outcome: impl FnOnce(Event) -> Event,
    ) -> Result<(), StoreError> {
        std::mem::take(&mut self.obligations).release(why);
        std::mem::take(&mut self.tried).release(why);
        match self.event.take() {
            Some(event) => self.store.record(outcome(event)).await,
            None => Ok(()),
        }
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
            None => {
                std::mem::take(&mut self.obligations).settle();
                std::mem::take(&mut self.tried).settle();
            }
        }
    }
}
