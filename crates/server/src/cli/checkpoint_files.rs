//! Files with checkpoints of a log, one behind the other, as somebody has kept them.

use std::path::PathBuf;

use syft_space_domain::audit::Checkpoint;
use syft_space_notes::{SignedNote, VerifierKey, may_be_torn, split_notes};

use crate::cli::api::unusable;
use crate::cli::exit::CommandError;
use crate::cli::named_file::read_named;
use crate::cli::output::Output;

/// The most bytes of a file with checkpoints: some hundred thousand of them.
const MAX_BYTES: usize = 64 << 20;

/// The checkpoints of all these files that the key has signed. One that it has not signed is told as `fail` tells what does not
/// verify. What is only the beginning of one, at the end of a file, is left out, and that is said.
pub(super) fn read(
    paths: &[PathBuf],
    key: Option<&VerifierKey>,
    fail: fn(String) -> CommandError,
    out: &Output,
) -> anyhow::Result<Vec<Checkpoint>> {
    let mut checkpoints = Vec::new();
    for path in paths {
        let (bytes, from) = read_named("--checkpoint", path, MAX_BYTES)?;
        let text = text_of(bytes, &from)?;
        let mut notes = split_notes(&text);
        let none = || unusable("--checkpoint", format!("there is no checkpoint in {from}"));
        let last = notes.pop().ok_or_else(none)?;
        let Some(key) = key else { continue };
        for note in &notes {
            checkpoints.push(verify(note, key).map_err(|error| fail(format!("{from}: {error}")))?);
        }
        match verify(&last, key) {
            Ok(checkpoint) => checkpoints.push(checkpoint),
            Err(_) if may_be_torn(&text) && !notes.is_empty() => {
                out.remark(&format!(
                    "{from}: its last checkpoint is torn, as it was cut off while it was written, and vouches for nothing; the {} before it \
                     are whole.",
                    notes.len()
                ));
            }
            Err(_) if may_be_torn(&text) => {
                let torn = "the only checkpoint in it is torn: it was cut off while it was written";
                return Err(unusable("--checkpoint", format!("{from}: {torn}")).into());
            }
            Err(error) => return Err(fail(format!("{from}: {error}")).into()),
        }
    }
    Ok(checkpoints)
}

/// A text that may have been cut in the middle of a character.
fn text_of(bytes: Vec<u8>, from: &str) -> Result<String, CommandError> {
    String::from_utf8(bytes).or_else(|error| {
        let (cut, whole) = (error.utf8_error(), error.utf8_error().valid_up_to());
        let mut bytes = error.into_bytes();
        bytes.truncate(whole);
        let text = String::from_utf8(bytes).ok().filter(|_| cut.error_len().is_none());
        text.ok_or_else(|| unusable("--checkpoint", format!("{from} is no text")))
    })
}

/// A checkpoint of the key's own log, signed by it.
pub(super) fn verify(note: &str, key: &VerifierKey) -> Result<Checkpoint, String> {
    let checked = SignedNote::parse(note).and_then(|note| note.verify(key));
    let checkpoint = checked.map_err(|error| error.to_string())?;
    if checkpoint.log.as_str() != key.name() {
        return Err("a checkpoint is of another log".to_owned());
    }
    Ok(checkpoint)
}
