//! The second place of checkpoints: a folder with a file for each log, which only grows.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use syft_space_domain::audit::Log;

/// The name of a log's file, without its ending.
pub(crate) fn name(log: Log) -> String {
    match log {
        Log::Installation => "installation".to_owned(),
        Log::Tenant(tenant) => tenant.to_string(),
    }
}

/// Puts each checkpoint behind those of its log, durably. Answers those that could not be written.
pub(crate) fn append_all(folder: &Path, notes: BTreeMap<Log, String>) -> BTreeMap<Log, String> {
    let made = make(folder);
    let mut left = BTreeMap::new();
    for (log, note) in notes {
        let appended = match &made {
            Ok(()) => append(&folder.join(format!("{}.txt", name(log))), &note),
            Err(error) => Err(io::Error::from(error.kind())),
        };
        if let Err(error) = appended {
            if left.is_empty() {
                let folder = folder.display();
                tracing::error!(%error, %folder, "checkpoints could not be kept in their folder; it is tried again");
            }
            left.insert(log, note);
        }
    }
    if made.is_ok()
        && let Err(error) = File::open(folder).and_then(|folder| folder.sync_all())
    {
        tracing::error!(%error, "the folder of checkpoints may not be durable");
    }
    left
}

/// Makes the folder, where it is not there yet.
fn make(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// One write for a whole note, with an empty line behind it. No link is followed.
fn append(path: &Path, note: &str) -> io::Result<()> {
    let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).map_err(io::Error::other)?;
    let mut file =
        OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(no_follow).open(path)?;
    file.write_all(format!("{note}\n").as_bytes())?;
    file.sync_all()
}
