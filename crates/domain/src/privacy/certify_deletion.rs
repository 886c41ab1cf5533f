//! Certifying that a document or a dataset is gone.
//!
//! A dataset's removal ends with an event once every store has confirmed that nothing of it is left. A document's is asked about: whoever wants it certified
//! has each store looked at, and the event is recorded when all of them say so, once.

use futures_executor::block_on;

use crate::access::Permission;
use crate::audit::ports::EventFilter;
use crate::audit::{
    Action, Actor, ChangeCode, Event, Log, LogName, Object, ObjectKind, Outcome, RecordedEvent,
    RequestContext,
};
use crate::dataset::{Dataset, DatasetState, DocumentId};
use crate::identity::Principal;
use crate::ids::DatasetId;
use crate::page::{Cursor, PageLimit, PageRequest};
use crate::port_error::PortError;
use crate::privacy::{CertificateError, DeletedContent, DeletionCertificate, ShownCertificate};
use crate::space::Space;
use crate::store::{StoreError, View};
use crate::tenant::TenantScope;

const PERMISSION: Permission = Permission::WriteDatasets;

/// The certificate that a dataset is gone, or a document of one. It is the same whenever it is asked for, until it is put in again and removed
/// again. Blocks on a disk.
///
/// # Errors
/// When the log knows of no such removal, a store has not confirmed it yet, the caller's role does not permit it, or a port failed.
pub fn certify_deletion(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    dataset: DatasetId,
    document: Option<&DocumentId>,
) -> Result<ShownCertificate, CertificateError> {
    let scope = principal.scope(PERMISSION)?;
    let mut found = find(space, principal, dataset, document)?;
    if found.asked.is_none() {
        return Err(CertificateError::NoDeletion);
    }
    if found.ended.is_none() {
        match (document, &found.dataset) {
            (Some(_), None) => return Err(CertificateError::WentWithDataset),
            (Some(document), Some(dataset)) => confirm(space, context, principal, dataset, document)?,
            (None, _) => {
                return Err(CertificateError::NotConfirmed("not every store has confirmed that it is empty"));
            }
        }
        found = find(space, principal, dataset, document)?;
    }
    let Found { asked: Some(asked), ended: Some(ended), .. } = found else {
        return Err(CertificateError::NotConfirmed("it was removed again meanwhile"));
    };
    let told = if document.is_some() { &asked } else { &ended };
    let certificate = DeletionCertificate {
        log: LogName::of(space.checkpoint_signer.installation(), Log::from(&scope)),
        seq: ended.seq,
        leaf: ended.leaf(),
        dataset,
        document: document.cloned(),
        asked_at: asked.event.time,
        ended_at: ended.event.time,
        deleted: DeletedContent::told(told.event.reason_code.as_ref()),
    };
    Ok(ShownCertificate {
        note: space.checkpoint_signer.sign_deletion(&certificate),
        verifier: space.checkpoint_signer.verifier(&certificate.log),
    })
}

/// What is known of a deletion.
#[derive(Default)]
struct Found {
    /// The event with which it began, the last time.
    asked: Option<RecordedEvent>,
    /// The first event behind that by which it has ended.
    ended: Option<RecordedEvent>,
    /// The dataset, where it is there.
    dataset: Option<Dataset>,
}

fn find(
    space: &Space,
    principal: &Principal,
    dataset: DatasetId,
    document: Option<&DocumentId>,
) -> Result<Found, CertificateError> {
    let object = match document {
        Some(document) => Object::new(ObjectKind::Document, format_args!("{dataset}/{document}")),
        None => Object::new(ObjectKind::Dataset, dataset),
    };
    let filter = EventFilter {
        action: document.map(|_| Action::SensitiveDelete),
        outcome: Some(Outcome::Success),
        any_object: Some(vec![object]),
        ..EventFilter::default()
    };
    block_on(space.read(principal, PERMISSION, move |view, scope| {
        let known = view.dataset(scope, dataset)?.filter(|dataset| dataset.state == DatasetState::Active);
        Ok(Found { dataset: known, ..events_of(view, scope, &filter)? })
    }))
}

/// The newest of the events that are asked for, from that on by which the deletion began.
fn events_of(view: &mut dyn View, scope: &TenantScope, filter: &EventFilter) -> Result<Found, StoreError> {
    let (mut found, mut after): (Found, Option<Cursor<_>>) = (Found::default(), None);
    loop {
        let page = view.events(scope, filter, PageRequest { limit: PageLimit::LARGEST, after })?.events;
        for recorded in page.items {
            if is_asked(&recorded.event) {
                return Ok(Found { asked: Some(recorded), ..found });
            }
            if is_end_of_deletion(&recorded.event) {
                found.ended = Some(recorded);
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

fn is_asked(event: &Event) -> bool {
    match event.action {
        Action::SensitiveDelete => !is_end_of_deletion(event),
        Action::ConfigChange => says_removed(event),
        _ => false,
    }
}

/// Whether an event tells that a deletion has ended. That the system removed a document is told by such events too, and nothing was looked
/// into then.
#[must_use]
pub fn is_end_of_deletion(event: &Event) -> bool {
    let is_of_document = event.object.as_ref().is_some_and(|object| object.kind == ObjectKind::Document);
    event.action == Action::SensitiveDelete
        && event.actor == Actor::System
        && (says_removed(event) || !is_of_document)
}

fn says_removed(event: &Event) -> bool {
    event.reason_code.as_ref().is_some_and(|reason| reason.as_str() == ChangeCode::Removed.as_str())
}

/// Records that a document is gone, once every store says so.
fn confirm(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    dataset: &Dataset,
    document: &DocumentId,
) -> Result<(), CertificateError> {
    let scope = principal.scope(PERMISSION)?;
    let id = dataset.id;
    // Nobody puts it in again meanwhile.
    space.datasets.with_lock(id, || {
        match what_is_left(space, &scope, dataset, document)? {
            Some(left) => return Err(CertificateError::NotConfirmed(left)),
            None => principal.recheck_reader(space, PERMISSION)?,
        };
        let event = context.event(&scope, Action::SensitiveDelete, Actor::System)?;
        let event =
            event.on(ObjectKind::Document, format_args!("{id}/{document}")).changing(ChangeCode::Removed);
        Ok(space.store.record(event).wait()?)
    })
}

/// Where something of a document is left, or may be; `None` once each store has confirmed that nothing is.
fn what_is_left(
    space: &Space,
    scope: &TenantScope,
    dataset: &Dataset,
    document: &DocumentId,
) -> Result<Option<&'static str>, PortError> {
    let Some(removal) = space.documents.removal(scope, dataset.id, document)? else {
        return Ok(Some("the document is there"));
    };
    if !removal.is_overwritten {
        return Ok(Some(
            "what it has left in the file of the documents is being overwritten; ask again in some seconds",
        ));
    }
    if space.engine.indexed(scope, dataset.index())? < removal.change {
        return Ok(Some("the index of words has it still"));
    }
    if space.meaning.vectors.awaits_removals(scope, dataset.id)? {
        return Ok(Some("the vector database has not confirmed yet that its vectors are gone"));
    }
    if !space.spool.jobs(scope, dataset.id)?.is_empty() {
        return Ok(Some("files that were brought are being read still, and it may be among them"));
    }
    Ok(None)
}
