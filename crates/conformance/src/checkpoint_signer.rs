//! The suite of [`CheckpointSigner`].

use syft_space_domain::audit::ports::CheckpointSigner;
use syft_space_domain::audit::{AnswerReceipt, Checkpoint, Log, LogName, Outcome};
use syft_space_domain::ids::RequestId;
use syft_space_domain::privacy::{
    DeletedContent, DeletionCertificate, ErasedRows, ErasureBy, ErasureCertificate,
};

use crate::check::{Check, checks, run_all};
use crate::documents::document_id;
use crate::sample::{account_id, dataset_id, tenant_id, time};

/// Makes a signer with a key of its own.
pub type CheckpointSignerFactory = dyn Fn() -> Box<dyn CheckpointSigner>;

/// Every promise of [`CheckpointSigner`].
pub const CHECKS: &[Check<CheckpointSignerFactory>] = checks![
    u1_what_was_signed_is_opened_as_it_was,
    u1_what_was_changed_or_another_signed_is_not_opened,
    u1_each_log_has_a_verifier_that_names_it,
    u1_a_receipt_is_no_checkpoint,
    u1_receipts_that_differ_in_anything_are_signed_differently,
    g2_a_certificate_is_no_checkpoint,
    g2_certificates_that_differ_in_anything_are_signed_differently,
    g2_the_certificate_of_a_deletion_is_no_checkpoint,
    g2_certificates_of_deletions_that_differ_are_signed_differently,
];

/// Checks every promise.
pub fn suite(make: &CheckpointSignerFactory) {
    run_all("the signer of checkpoints", CHECKS, make);
}

fn checkpoint(signer: &dyn CheckpointSigner, size: u64) -> Checkpoint {
    let log = LogName::of(signer.installation(), Log::Tenant(tenant_id(1)));
    Checkpoint { log, size, root: [7; 32] }
}

/// The log, the size and the root.
pub fn u1_what_was_signed_is_opened_as_it_was(make: &CheckpointSignerFactory) {
    let signer = make();
    for size in [1, 2, 1_024, u64::MAX] {
        let checkpoint = checkpoint(&*signer, size);
        let note = signer.sign(&checkpoint);
        assert_eq!(signer.open(&note), Some(checkpoint), "a checkpoint is opened as it was signed");
    }
}

/// Every byte of a note is changed once.
pub fn u1_what_was_changed_or_another_signed_is_not_opened(make: &CheckpointSignerFactory) {
    let signer = make();
    let note = signer.sign(&checkpoint(&*signer, 1_000));
    for place in 0..note.len() {
        let mut bytes = note.clone().into_bytes();
        if let Some(byte) = bytes.get_mut(place) {
            *byte ^= 1;
        }
        let Ok(bent) = String::from_utf8(bytes) else { continue };
        assert_eq!(signer.open(&bent), None, "a note whose byte {place} was changed is not opened");
    }
    assert_eq!(signer.open(""), None, "nothing is no note");
    assert_eq!(make().open(&note), None, "another signer's note is not opened");
}

/// So that nobody takes the checkpoint of one log for another's.
pub fn u1_each_log_has_a_verifier_that_names_it(make: &CheckpointSignerFactory) {
    let signer = make();
    let names = [Log::Installation, Log::Tenant(tenant_id(1)), Log::Tenant(tenant_id(2))]
        .map(|log| LogName::of(signer.installation(), log));
    let verifiers = names.clone().map(|name| signer.verifier(&name));
    for (name, verifier) in names.iter().zip(&verifiers) {
        assert!(verifier.starts_with(name.as_str()), "a verifier begins with the log's name");
        let alike = verifiers.iter().filter(|other| *other == verifier).count();
        assert_eq!(alike, 1, "each log has a verifier of its own");
    }
}

fn receipt(signer: &dyn CheckpointSigner) -> AnswerReceipt {
    AnswerReceipt {
        log: LogName::of(signer.installation(), Log::Tenant(tenant_id(1))),
        seq: 17,
        leaf: [7; 32],
        time: time(1),
        request: RequestId::from_bytes([1; 16]),
        outcome: Outcome::Success,
        endpoint: Some("things".to_owned()),
        correlation: Some("mine".to_owned()),
        question: Some([8; 32]),
        status: 200,
        answer: [9; 32],
    }
}

/// One key signs both, so whoever has the one must not get the other by it.
pub fn u1_a_receipt_is_no_checkpoint(make: &CheckpointSignerFactory) {
    let signer = make();
    assert_eq!(signer.open(&signer.sign_receipt(&receipt(&*signer))), None, "a receipt is no checkpoint");
}

/// Each part is changed once.
pub fn u1_receipts_that_differ_in_anything_are_signed_differently(make: &CheckpointSignerFactory) {
    let signer = make();
    let first = receipt(&*signer);
    let other_log = LogName::of(signer.installation(), Log::Tenant(tenant_id(2)));
    let changed = [
        AnswerReceipt { log: other_log, ..first.clone() },
        AnswerReceipt { seq: 18, ..first.clone() },
        AnswerReceipt { leaf: [6; 32], ..first.clone() },
        AnswerReceipt { time: time(2), ..first.clone() },
        AnswerReceipt { request: RequestId::from_bytes([2; 16]), ..first.clone() },
        AnswerReceipt { outcome: Outcome::Denied, ..first.clone() },
        AnswerReceipt { endpoint: None, ..first.clone() },
        AnswerReceipt { endpoint: Some("mine".to_owned()), ..first.clone() },
        AnswerReceipt { correlation: None, ..first.clone() },
        AnswerReceipt { question: None, ..first.clone() },
        AnswerReceipt { question: Some([9; 32]), ..first.clone() },
        AnswerReceipt { status: 201, ..first.clone() },
        AnswerReceipt { answer: [8; 32], ..first.clone() },
    ];
    let signed = signer.sign_receipt(&first);
    for changed in changed {
        assert_ne!(signer.sign_receipt(&changed), signed, "{changed:?} is signed for itself");
    }
}

fn certificate(signer: &dyn CheckpointSigner) -> ErasureCertificate {
    ErasureCertificate {
        log: LogName::of(signer.installation(), Log::Tenant(tenant_id(1))),
        seq: 17,
        leaf: [7; 32],
        account: account_id(1),
        asked_by: ErasureBy::Person,
        asked_at: time(1),
        ended_at: time(2),
        erased: ErasedRows { accounts: 1, events: 5, ..ErasedRows::default() },
        naming_policies: 1,
        naming_expectations: 0,
    }
}

/// One key signs both.
pub fn g2_a_certificate_is_no_checkpoint(make: &CheckpointSignerFactory) {
    let signer = make();
    let signed = signer.sign_certificate(&certificate(&*signer));
    assert_eq!(signer.open(&signed), None, "a certificate is no checkpoint");
}

fn deletion(signer: &dyn CheckpointSigner) -> DeletionCertificate {
    DeletionCertificate {
        log: LogName::of(signer.installation(), Log::Tenant(tenant_id(1))),
        seq: 17,
        leaf: [7; 32],
        dataset: dataset_id(1),
        document: Some(document_id("a")),
        asked_at: time(1),
        ended_at: time(2),
        deleted: DeletedContent { documents: None, chunks: Some(5), bytes: Some(300) },
    }
}

/// One key signs both.
pub fn g2_the_certificate_of_a_deletion_is_no_checkpoint(make: &CheckpointSignerFactory) {
    let signer = make();
    let signed = signer.sign_deletion(&deletion(&*signer));
    assert_eq!(signer.open(&signed), None, "a certificate is no checkpoint");
}

/// Each part is changed once.
pub fn g2_certificates_of_deletions_that_differ_are_signed_differently(make: &CheckpointSignerFactory) {
    let signer = make();
    let first = deletion(&*signer);
    let other_log = LogName::of(signer.installation(), Log::Tenant(tenant_id(2)));
    let deleted = first.deleted;
    let changed = [
        DeletionCertificate { log: other_log, ..first.clone() },
        DeletionCertificate { seq: 18, ..first.clone() },
        DeletionCertificate { leaf: [6; 32], ..first.clone() },
        DeletionCertificate { dataset: dataset_id(2), ..first.clone() },
        DeletionCertificate { document: Some(document_id("b")), ..first.clone() },
        DeletionCertificate { document: None, ..first.clone() },
        DeletionCertificate { asked_at: time(2), ..first.clone() },
        DeletionCertificate { ended_at: time(3), ..first.clone() },
        DeletionCertificate { deleted: DeletedContent { documents: Some(1), ..deleted }, ..first.clone() },
        DeletionCertificate { deleted: DeletedContent { chunks: None, ..deleted }, ..first.clone() },
        DeletionCertificate { deleted: DeletedContent { bytes: Some(5), ..deleted }, ..first.clone() },
    ];
    let signed = signer.sign_deletion(&first);
    for changed in changed {
        assert_ne!(signer.sign_deletion(&changed), signed, "{changed:?} is signed for itself");
    }
}

/// Each part is changed once.
pub fn g2_certificates_that_differ_in_anything_are_signed_differently(make: &CheckpointSignerFactory) {
    let signer = make();
    let first = certificate(&*signer);
    let other_log = LogName::of(signer.installation(), Log::Tenant(tenant_id(2)));
    let mut changed = vec![
        ErasureCertificate { log: other_log, ..first.clone() },
        ErasureCertificate { seq: 18, ..first.clone() },
        ErasureCertificate { leaf: [6; 32], ..first.clone() },
        ErasureCertificate { account: account_id(2), ..first.clone() },
        ErasureCertificate { asked_by: ErasureBy::Owner, ..first.clone() },
        ErasureCertificate { asked_at: time(2), ..first.clone() },
        ErasureCertificate { ended_at: time(3), ..first.clone() },
        ErasureCertificate { naming_policies: 0, ..first.clone() },
        ErasureCertificate { naming_expectations: 1, ..first.clone() },
    ];
    for (kind, _) in first.erased.kinds() {
        let mut counts = first.erased.kinds();
        let one_more = |name: &str| counts.next().map(|(_, rows)| if name == kind { rows + 1 } else { rows });
        let erased = ErasedRows::read(one_more).unwrap_or_default();
        changed.push(ErasureCertificate { erased, ..first.clone() });
    }
    let signed = signer.sign_certificate(&first);
    for changed in changed {
        assert_ne!(signer.sign_certificate(&changed), signed, "{changed:?} is signed for itself");
    }
}
