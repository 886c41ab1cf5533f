//! What the people whose data a tenant keeps may ask for: to see all that is held about them, and to have it erased.
//!
//! An export is read in portions, each of them one short read, so that it takes little memory and holds up nobody, however
//! much there is. Which column of the database is found in which file of it, or why in none, stands in
//! `migrations/register.toml`.
//!
//! That a document or a dataset is gone is certified as an erasure is, see [`certify_deletion`].
//!
//! An erasure begins with the account, and goes on in the background until nothing is left; see [`Erasure`].

mod certificate;
mod certify;
mod certify_deletion;
mod deletion_certificate;
mod erase;
mod erasure;
mod events;
mod export;
mod export_file;
mod finish_erasures;
mod former;
mod ledger;
mod ledger_entry;
pub mod ports;
mod readme;
mod reapply;
mod records;

pub use certificate::ErasureCertificate;
pub use certify::{CertificateError, ShownCertificate, certificate, certificate_by_token};
pub use certify_deletion::{certify_deletion, is_end_of_deletion};
pub use deletion_certificate::{DeletedContent, DeletionCertificate};
pub use erase::{BegunErasure, erase_address, erase_member, erase_own, erasures};
pub use erasure::{ErasedPerson, ErasedRows, Erasure, ErasureBy, ErasureByError, ErasureReport};
pub use export::{Export, ExportError, ExportPortion};
pub use export_file::{ExportFile, ExportFileError};
pub use finish_erasures::finish_erasures;
pub(crate) use ledger::note_removal;
pub use ledger_entry::{ErasedAccount, LedgerEntry};
pub use readme::readme;
pub use reapply::{Reapplied, ReapplyError, reapply_erasures};
