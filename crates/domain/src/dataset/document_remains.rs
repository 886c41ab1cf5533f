//! Making sure that nothing of removed documents is left in the files of the store of documents.

use crate::port_error::PortError;
use crate::space::Space;

/// Overwrites what removed and replaced documents have left, of all datasets whose documents have changed since the last call or the start.
/// Blocks on a disk.
///
/// # Errors
/// When the store of documents failed, or `goes_on` says no. What fails for one dataset keeps no other waiting, and is tried again by the
/// next call.
pub fn overwrite_document_remains(
    space: &Space,
    goes_on: &(dyn Fn() -> bool + Sync),
) -> Result<(), PortError> {
    let mut outcome = Ok(());
    for (scope, dataset) in space.meaning.removals.take_changed() {
        if let Err(error) = space.documents.overwrite_remains(&scope, dataset, goes_on) {
            space.meaning.removals.add_changed(scope, dataset);
            outcome = Err(error.into());
        }
    }
    outcome
}
