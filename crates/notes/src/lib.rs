//! Checkpoints of the audit logs, receipts of what was answered, and certificates of erasures and deletions, as signed notes (C2SP `signed-note` and `tlog-checkpoint`):
//! text that other programs read.
//!
//! ```text
//! syft-space/5f0c9a4de2b17c88/audit/01a20be1-4074-7f2a-8d9e-0b6a1f3c5d7e
//! 16
//! kRTzuZrlbR0Ah7pLLVUDtYGePJ2yIgQ4OKs2oOmPo5I=
//!
//! — syft-space/5f0c9a4de2b17c88/audit/01a20be1-4074-7f2a-8d9e-0b6a1f3c5d7e wz8v5n0…
//! ```

mod certificate;
mod deletion;
mod erased;
mod key_file;
mod note;
mod receipt;
mod signer;
mod statement;
mod verifier;

use syft_space_domain::audit::AnswerReceipt;
use syft_space_domain::privacy::{DeletionCertificate, ErasureCertificate};

pub use erased::LedgerNote;
pub use key_file::KeyFileError;
pub use note::{NoteError, SignedNote, may_be_torn, split_notes, torn_bytes};
pub use signer::NoteSigner;
pub use statement::{Lines, Signed, Statement, StatementError};
pub use verifier::{VerifierKey, VerifierKeyError};

/// A receipt that was taken apart, and not verified yet.
pub type SignedReceipt = Signed<AnswerReceipt>;
/// The certificate of an erasure that was taken apart, and not verified yet.
pub type SignedCertificate = Signed<ErasureCertificate>;
/// The certificate of a deletion that was taken apart, and not verified yet.
pub type SignedDeletion = Signed<DeletionCertificate>;
