//! The suite of [`CheckpointSigner`].

use syft_space_domain::audit::ports::CheckpointSigner;
use syft_space_domain::audit::{AnswerReceipt, Checkpoint, Log, LogName, Outcome};
use syft_space_domain::ids::RequestId;

use crate::check::{Check, checks, run_all};
use crate::sample::{tenant_id, time};

/// Makes a signer with a key of its own.
pub type CheckpointSignerFactory = dyn Fn() -> Box<dyn CheckpointSigner>;

/// Every promise of [`CheckpointSigner`].
pub const CHECKS: &[Check<CheckpointSignerFactory>] = checks![
    u1_what_was_signed_is_opened_as_it_was,
    u1_what_was_changed_or_another_signed_is_not_opened,
    u1_each_log_has_a_verifier_that_names_it,
    u1_a_receipt_is_no_checkpoint,
    u1_receipts_that_differ_in_anything_are_signed_differently,
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
