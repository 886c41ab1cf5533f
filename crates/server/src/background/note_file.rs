//! A file of signed notes in the second place, which only grows, but for a note that was never whole.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags, flock};
use syft_space_notes::torn_bytes;

/// The most bytes of what is cut off the end of a file: no note has as many.
const MAX_TORN_BYTES: u64 = 64 << 10;

/// Makes the folder, where it is not there yet.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => {
            let folder = folder.display();
            tracing::warn!(
                %folder,
                "the folder of checkpoints was not there and is made; if there was one before, look for it: what it held is no second \
                 place any more"
            );
            Ok(())
        }
    }
}

/// One write for a whole note, with an empty line behind it, unless `refuses` it for what stands at the end of the file: answers whether it
/// was written. No link is followed. What a power cut left of a note before, at the end of the file, is cut off first. Whoever else has the
/// file locked has their turn.
pub(crate) fn append(path: &Path, note: &str, refuses: impl FnOnce(&[u8]) -> bool) -> io::Result<bool> {
    let mut file = open(path, OpenOptions::new().read(true).append(true).create(true).mode(0o600))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    let end = mend(&mut file, path)?;
    if refuses(&end) {
        return Ok(false);
    }
    file.write_all(format!("{note}\n").as_bytes())?;
    file.sync_all()?;
    Ok(true)
}

/// Whether a note could be written there now. Nothing is.
pub(crate) fn check(path: &Path) -> io::Result<()> {
    let file = open(path, OpenOptions::new().read(true).append(true).create(true).mode(0o600))?;
    Ok(flock(&file, FlockOperation::NonBlockingLockExclusive)?)
}

/// What such a file holds, up to so many bytes.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path, OpenOptions::new().read(true))?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(io::Error::other(format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // A pipe in its place would have the server wait for a reader.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    let file = options.custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("what is in the place of the file is no file"));
    }
    Ok(file)
}

/// Cuts off what is no whole note at the end of a file. Answers what is there, its end at least.
fn mend(file: &mut File, path: &Path) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    // A whole note, and as much as may be cut off behind it.
    let start = length.saturating_sub(MAX_TORN_BYTES.saturating_mul(2));
    file.seek(SeekFrom::Start(start))?;
    let mut end = Vec::new();
    Read::take(&mut *file, MAX_TORN_BYTES.saturating_mul(2)).read_to_end(&mut end)?;
    let torn = match torn_bytes(&end) {
        Some(torn) => u64::try_from(torn).map_err(io::Error::other)?,
        None => length,
    };
    if torn == 0 {
        // Of the last note the empty line alone may be missing.
        if length > 0 && !end.ends_with(b"\n\n") {
            file.write_all(b"\n")?;
        }
        return Ok(end);
    }
    if torn > MAX_TORN_BYTES {
        return Err(io::Error::other("the file ends with what is no note, nor the beginning of one"));
    }
    tracing::warn!(
        bytes = torn, file = %path.display(),
        "a signed note was cut off while it was written, and what there was of it was taken away; those before it stay"
    );
    file.set_len(length.saturating_sub(torn))?;
    end.truncate(end.len().saturating_sub(usize::try_from(torn).unwrap_or(usize::MAX)));
    Ok(end)
}
