//! Tests of signed checkpoints: the port's promises, and that other programs read and verify them.

#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use signed_note::{Note, StandardVerifier, VerifierList};
use syft_space_conformance::{checkpoint_signer, sample};
use syft_space_domain::audit::ports::CheckpointSigner;
use syft_space_domain::audit::{AnswerReceipt, Checkpoint, Log, LogName, Outcome};
use syft_space_domain::environment::Environment;
use syft_space_domain::ids::RequestId;
use syft_space_domain::privacy::{ErasedRows, ErasureBy, ErasureCertificate};
use syft_space_memory::SeededEntropy;
use syft_space_notes::{
    KeyFileError, NoteError, NoteSigner, SignedCertificate, SignedNote, SignedReceipt, StatementError,
    VerifierKey, split_notes,
};
use tempfile::TempDir;

fn environment(name: &str) -> Environment {
    name.parse().unwrap()
}

fn load(path: &Path, seed: u8) -> Result<NoteSigner, KeyFileError> {
    NoteSigner::load_or_make(
        path,
        &environment("production"),
        sample::time(1),
        &SeededEntropy::new(seed.into()),
    )
}

fn signer(seed: u8) -> NoteSigner {
    load(&TempDir::new().unwrap().path().join("key.json"), seed).unwrap()
}

fn checkpoint(signer: &NoteSigner, size: u64) -> Checkpoint {
    let log = LogName::of(signer.installation(), Log::Tenant(sample::tenant_id(1)));
    Checkpoint { log, size, root: [9; 32] }
}

#[test]
fn the_signer_keeps_its_promises() {
    static SEED: AtomicU8 = AtomicU8::new(1);
    checkpoint_signer::suite(&|| Box::new(signer(SEED.fetch_add(1, Ordering::Relaxed))));
}

#[test]
fn u1_another_program_reads_and_verifies_a_checkpoint() {
    let signer = signer(1);
    for size in [1, 1_024, 123_456_789] {
        let checkpoint = checkpoint(&signer, size);
        let note = signer.sign(&checkpoint);
        let verifier = StandardVerifier::new(&signer.verifier(&checkpoint.log)).unwrap();
        let foreign = Note::from_bytes(note.as_bytes()).unwrap();
        let known = VerifierList::new(vec![Box::new(verifier)]);
        let (verified, unverified) = foreign.verify(&known).unwrap();
        assert_eq!((verified.len(), unverified.len()), (1, 0));
        let read = tlog_tiles::Checkpoint::from_bytes(foreign.text()).unwrap();
        assert_eq!((read.origin(), read.size()), (checkpoint.log.as_str(), size));
        assert_eq!(read.hash().0, checkpoint.root);
    }
}

#[test]
fn u1_a_checkpoint_is_verified_by_the_key_that_was_handed_out_and_by_no_other() {
    let (ours, theirs) = (signer(1), signer(2));
    let note = ours.sign(&checkpoint(&ours, 7));
    let log = checkpoint(&ours, 7).log;
    let key: VerifierKey = ours.verifier(&log).parse().unwrap();
    assert_eq!(key.to_string(), ours.verifier(&log));
    let parsed = SignedNote::parse(&note).unwrap();
    assert_eq!(parsed.verify(&key), Ok(checkpoint(&ours, 7)));
    let other: VerifierKey = theirs.verifier(&log).parse().unwrap();
    assert!(matches!(parsed.verify(&other), Err(NoteError::NotSigned { .. })));
    let bent = SignedNote::parse(&note.replacen("\n7\n", "\n8\n", 1)).unwrap();
    assert!(matches!(bent.verify(&key), Err(NoteError::WrongSignature { .. })));
    for text in ["", "a\n7\n\n\u{2014} a b\n", &note.replacen("\n7\n", "\n07\n", 1), &note[1..note.len() - 1]]
    {
        assert_eq!(SignedNote::parse(text), Err(NoteError::Malformed), "{text:?}");
    }
    for text in ["", "name", "name+00000000+AQ==", &ours.verifier(&log).replacen("syft", "soft", 1)] {
        assert!(text.parse::<VerifierKey>().is_err(), "{text:?}");
    }
}

fn receipt(signer: &NoteSigner) -> AnswerReceipt {
    AnswerReceipt {
        log: LogName::of(signer.installation(), Log::Tenant(sample::tenant_id(1))),
        seq: 17,
        leaf: [7; 32],
        time: sample::time(1),
        request: RequestId::from_bytes([1; 16]),
        outcome: Outcome::Denied,
        endpoint: Some("things".to_owned()),
        correlation: Some("mine".to_owned()),
        question: Some([8; 32]),
        status: 403,
        answer: [9; 32],
    }
}

#[test]
fn u1_another_program_verifies_a_receipt_and_takes_it_for_no_checkpoint() {
    let signer = signer(1);
    let note = signer.sign_receipt(&receipt(&signer));
    let verifier = StandardVerifier::new(&signer.verifier(&receipt(&signer).log)).unwrap();
    let foreign = Note::from_bytes(note.as_bytes()).unwrap();
    let known = VerifierList::new(vec![Box::new(verifier)]);
    assert_eq!(foreign.verify(&known).unwrap().0.len(), 1);
    assert!(tlog_tiles::Checkpoint::from_bytes(foreign.text()).is_err());
    assert_eq!(SignedNote::parse(&note), Err(NoteError::Malformed));
    let checkpoint = signer.sign(&checkpoint(&signer, 17));
    assert_eq!(SignedReceipt::parse(&checkpoint), Err(StatementError::Malformed { what: "receipt" }));
}

#[test]
fn u1_a_receipt_is_read_as_it_was_signed_and_by_no_other_key() {
    let (ours, theirs) = (signer(1), signer(2));
    let whole = receipt(&ours);
    let bare = AnswerReceipt { endpoint: None, correlation: None, question: None, ..whole.clone() };
    let key: VerifierKey = ours.verifier(&whole.log).parse().unwrap();
    for receipt in [whole.clone(), bare] {
        let parsed = SignedReceipt::parse(&ours.sign_receipt(&receipt)).unwrap();
        assert_eq!(parsed.verify(&key), Ok(&receipt));
        assert_eq!(parsed.claimed_key(), &key);
        let other: VerifierKey = theirs.verifier(&receipt.log).parse().unwrap();
        assert_eq!(parsed.verify(&other), Err(StatementError::NotSigned { what: "receipt" }));
        let elsewhere = LogName::of(ours.installation(), Log::Installation);
        let elsewhere: VerifierKey = ours.verifier(&elsewhere).parse().unwrap();
        assert!(matches!(parsed.verify(&elsewhere), Err(StatementError::OtherLog { .. })));
    }
    let sly = AnswerReceipt { endpoint: Some("a\nstatus: 200".to_owned()), ..whole };
    let parsed = SignedReceipt::parse(&ours.sign_receipt(&sly)).unwrap();
    assert_eq!(parsed.claimed().status, 403, "no text makes a line of its own");
}

#[test]
fn u1_a_receipt_in_which_any_byte_was_changed_is_not_verified() {
    let signer = signer(1);
    let note = signer.sign_receipt(&receipt(&signer));
    let key: VerifierKey = signer.verifier(&receipt(&signer).log).parse().unwrap();
    for place in 0..note.len() {
        for bit in [1, 2, 32] {
            let mut bytes = note.clone().into_bytes();
            bytes[place] ^= bit;
            let Ok(bent) = String::from_utf8(bytes) else { continue };
            let verified = SignedReceipt::parse(&bent).map(|parsed| parsed.verify(&key).is_ok());
            assert_ne!(verified, Ok(true), "byte {place} was changed");
        }
    }
    for end in 0..note.len() {
        let cut =
            note.get(..end).map(|cut| SignedReceipt::parse(cut).and_then(|cut| cut.verify(&key).cloned()));
        assert!(!matches!(cut, Some(Ok(_))), "{end} bytes are not the whole");
    }
    let swapped = note.replacen("status: 403\n", "", 1).replacen("outcome: ", "status: 403\noutcome: ", 1);
    assert_eq!(SignedReceipt::parse(&swapped), Err(StatementError::Malformed { what: "receipt" }));
}

fn certificate(signer: &NoteSigner) -> ErasureCertificate {
    ErasureCertificate {
        log: LogName::of(signer.installation(), Log::Tenant(sample::tenant_id(1))),
        seq: 17,
        leaf: [7; 32],
        account: sample::account_id(1),
        asked_by: ErasureBy::Person,
        asked_at: sample::time(1),
        ended_at: sample::time(2),
        erased: ErasedRows { accounts: 1, sessions: 2, events: 311, ..ErasedRows::default() },
        naming_policies: 1,
        naming_expectations: 0,
    }
}

#[test]
fn g2_a_certificate_is_verified_by_other_programs_and_passes_for_nothing_else() {
    let (ours, theirs) = (signer(1), signer(2));
    let whole = certificate(&ours);
    let note = ours.sign_certificate(&whole);
    let verifier = StandardVerifier::new(&ours.verifier(&whole.log)).unwrap();
    let foreign = Note::from_bytes(note.as_bytes()).unwrap();
    let known = VerifierList::new(vec![Box::new(verifier)]);
    assert_eq!(foreign.verify(&known).unwrap().0.len(), 1);
    assert!(tlog_tiles::Checkpoint::from_bytes(foreign.text()).is_err());
    assert_eq!(SignedNote::parse(&note), Err(NoteError::Malformed));
    assert!(SignedReceipt::parse(&note).is_err());
    let what = "certificate";
    let of_answer = ours.sign_receipt(&receipt(&ours));
    assert_eq!(SignedCertificate::parse(&of_answer), Err(StatementError::Malformed { what }));

    let parsed = SignedCertificate::parse(&note).unwrap();
    let key: VerifierKey = ours.verifier(&whole.log).parse().unwrap();
    assert_eq!((parsed.verify(&key), parsed.claimed_key()), (Ok(&whole), &key));
    let other: VerifierKey = theirs.verifier(&whole.log).parse().unwrap();
    assert_eq!(parsed.verify(&other), Err(StatementError::NotSigned { what }));
    for place in 0..note.len() {
        let mut bytes = note.clone().into_bytes();
        bytes[place] ^= 1;
        let Ok(bent) = String::from_utf8(bytes) else { continue };
        let verified = SignedCertificate::parse(&bent).map(|parsed| parsed.verify(&key).is_ok());
        assert_ne!(verified, Ok(true), "byte {place} was changed");
    }
}

#[test]
fn u1_notes_that_stand_one_behind_the_other_are_told_apart() {
    let signer = signer(1);
    let notes = [1, 2, 3].map(|size| signer.sign(&checkpoint(&signer, size)));
    assert_eq!(split_notes(&notes.concat()), notes);
    assert_eq!(split_notes(&notes.join("\n")), notes);
    assert_eq!(split_notes(&notes[0]), notes[..1]);
    assert_eq!(split_notes("\n"), Vec::<String>::new());
}

#[test]
fn k18_the_key_is_made_once_for_its_owner_alone_and_for_its_environment() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("key.json");
    let made = load(&path, 1).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let again = load(&path, 2).unwrap();
    assert_eq!(again.installation(), made.installation());
    assert!(again.open(&made.sign(&checkpoint(&made, 1))).is_some());
    let staging =
        NoteSigner::load_or_make(&path, &environment("staging"), sample::time(1), &SeededEntropy::new(1));
    assert!(matches!(staging, Err(KeyFileError::OtherEnvironment { .. })));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    assert!(matches!(load(&path, 1), Err(KeyFileError::OthersMayRead { .. })));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(&path, "{}").unwrap();
    assert!(matches!(load(&path, 1), Err(KeyFileError::Unreadable { .. })));
}
