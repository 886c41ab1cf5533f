//! The suite of [`CheckpointSigner`].

use syft_space_domain::audit::ports::CheckpointSigner;
use syft_space_domain::audit::{Checkpoint, Log, LogName};

use crate::check::{Check, checks, run_all};
use crate::sample::tenant_id;

/// Makes a signer with a key of its own.
pub type CheckpointSignerFactory = dyn Fn() -> Box<dyn CheckpointSigner>;

/// Every promise of [`CheckpointSigner`].
pub const CHECKS: &[Check<CheckpointSignerFactory>] = checks![
    u1_what_was_signed_is_opened_as_it_was,
    u1_what_was_changed_or_another_signed_is_not_opened,
    u1_each_log_has_a_verifier_that_names_it,
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
