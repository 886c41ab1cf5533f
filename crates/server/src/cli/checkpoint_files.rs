//! Files with checkpoints of a log, one behind the other, as somebody has kept them.

use std::path::PathBuf;

use syft_space_domain::audit::Checkpoint;
use syft_space_notes::{SignedNote, VerifierKey, split_notes};

use crate::cli::api::unusable;
use crate::cli::exit::CommandError;
use crate::cli::named_file::read_named;

/// The most bytes of a file with checkpoints: some hundred thousand of them.
const MAX_BYTES: usize = 64 << 20;

/// The checkpoints of all these files that the key has signed. One that it has not signed is told as `fail` tells what does not
/// verify.
pub(super) fn read(
    paths: &[PathBuf],
    key: Option<&VerifierKey>,
    fail: fn(String) -> CommandError,
) -> anyhow::Result<Vec<Checkpoint>> {
    let mut checkpoints = Vec::new();
    for path in paths {
        let (bytes, from) = read_named("--checkpoint", path, MAX_BYTES)?;
        let text =
            String::from_utf8(bytes).map_err(|_| unusable("--checkpoint", format!("{from} is no text")))?;
        let notes = split_notes(&text);
        if notes.is_empty() {
            return Err(unusable("--checkpoint", format!("there is no checkpoint in {from}")).into());
        }
        for note in notes {
            let Some(key) = key else { continue };
            let checked = SignedNote::parse(&note).and_then(|note| note.verify(key));
            let checkpoint = checked.map_err(|error| fail(format!("{from}: {error}")))?;
            if checkpoint.log.as_str() != key.name() {
                return Err(fail(format!("{from}: a checkpoint is of another log")).into());
            }
            checkpoints.push(checkpoint);
        }
    }
    Ok(checkpoints)
}
