//! Verifying the certificate of a deletion, from what is given alone.

use serde_json::json;
use syft_space_domain::audit::{Event, Object, ObjectKind};
use syft_space_domain::privacy::{DeletionCertificate, is_end_of_deletion};
use syft_space_notes::{SignedDeletion, VerifierKey};

use crate::cli::output::Output;
use crate::cli::statements::{Fail, HeldAgainst, tell_held_against, tell_key};

/// Verifies it by a key that is known, or by the one that it names itself.
pub(super) fn verify(
    signed: &SignedDeletion,
    known: Option<&VerifierKey>,
    against: &HeldAgainst,
    not_verified: Fail,
    out: &mut Output,
) -> anyhow::Result<()> {
    let key = known.unwrap_or(signed.claimed_key());
    let certificate = signed.verify(key).map_err(|error| not_verified(error.to_string()))?;
    let is_same = |event: &Event| is_end(event, certificate);
    let (proved, exported) = against.check(certificate.into(), key, is_same, not_verified, out)?;
    let (key_is_known, kept) = (known.is_some(), against.has_checkpoints());
    let DeletionCertificate { log, seq, leaf, dataset, document, asked_at, ended_at, deleted } = certificate;
    if out.json {
        let deleted: serde_json::Map<_, _> =
            deleted.kinds().map(|(kind, count)| (kind.to_owned(), json!(count))).collect();
        return out.document(&json!({
            "log": log.as_str(), "seq": seq, "leaf": hex::encode(leaf), "dataset_id": dataset, "document_id": document, "asked_at": asked_at,
            "ended_at": ended_at, "deleted": deleted, "key": key.to_string(), "key_is_known": key_is_known, "proved_size": proved,
            "checkpoint_was_kept": kept, "export_fits": exported.then_some(true),
        }));
    }
    let what = match document {
        Some(document) => format!("the document {document} of the dataset {dataset}"),
        None => format!("the dataset {dataset}, with all of its documents,"),
    };
    out.line(&format!(
        "The space says that {what} is gone: it was removed at {asked_at}, and by {ended_at} its documents, the index of their words, their \
         vectors and the files that were brought had confirmed that nothing of it is left. It recorded that as event {seq} of its log {log}."
    ))?;
    let went = deleted.kinds().filter_map(|(kind, count)| Some(format!("{kind} ({})", count?)));
    let went: Vec<String> = went.collect();
    if !went.is_empty() {
        out.line(&format!("What went: {}.", went.join(", ")))?;
    }
    tell_key(key, key_is_known, out)?;
    tell_held_against(
        proved,
        kept,
        exported,
        "In the exported log the event is the end of this deletion.",
        out,
    )
}

/// Whether an event tells of the end of the deletion.
fn is_end(event: &Event, certificate: &DeletionCertificate) -> bool {
    let DeletionCertificate { dataset, document, .. } = certificate;
    let object = match document {
        Some(document) => Object::new(ObjectKind::Document, format_args!("{dataset}/{document}")),
        None => Object::new(ObjectKind::Dataset, dataset),
    };
    event.time == certificate.ended_at && is_end_of_deletion(event) && event.object == Some(object)
}
