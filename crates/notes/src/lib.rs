//! Checkpoints of the audit logs, and receipts of what was answered, as signed notes (C2SP `signed-note` and `tlog-checkpoint`):
//! text that other programs read.
//!
//! ```text
//! syft-space/5f0c9a4de2b17c88/audit/01a20be1-4074-7f2a-8d9e-0b6a1f3c5d7e
//! 16
//! kRTzuZrlbR0Ah7pLLVUDtYGePJ2yIgQ4OKs2oOmPo5I=
//!
//! — syft-space/5f0c9a4de2b17c88/audit/01a20be1-4074-7f2a-8d9e-0b6a1f3c5d7e wz8v5n0…
//! ```

mod key_file;
mod note;
mod receipt;
mod signer;
mod verifier;

pub use key_file::KeyFileError;
pub use note::{NoteError, SignedNote, may_be_torn, split_notes, torn_bytes};
pub use receipt::{ReceiptError, SignedReceipt};
pub use signer::NoteSigner;
pub use verifier::{VerifierKey, VerifierKeyError};
