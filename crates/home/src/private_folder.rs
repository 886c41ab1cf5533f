//! Folders that only their owner can enter, and that are durable when they are there.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use crate::private_file::{existing, is_a_link};

const FOLDER_MODE: u32 = 0o700;

/// Creates a folder and those above it that are missing. Each that is created is the owner's alone, whatever the umask.
/// What is there already may be reached over links: this is for folders that lie in no home.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create(parent)?;
    }
    match make(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        created => created,
    }
}

/// Creates a folder in one that is there, unless it is there itself.
pub(crate) fn create_one(path: &Path) -> io::Result<()> {
    if is_folder(path)? {
        return Ok(());
    }
    match make(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_folder(path)? => Ok(()),
        created => created,
    }
}

/// Whether there is a folder. A link or a file of that name is an error.
pub(crate) fn is_folder(path: &Path) -> io::Result<bool> {
    let Some(metadata) = existing(path)? else { return Ok(false) };
    if metadata.is_symlink() {
        return Err(is_a_link(path));
    }
    if metadata.is_dir() {
        return Ok(true);
    }
    Err(io::Error::new(io::ErrorKind::NotADirectory, format!("{} is not a folder", path.display())))
}

fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(FOLDER_MODE).create(path)?;
    fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE))?;
    path.parent().map_or(Ok(()), sync)
}

/// Makes it durable which entries a folder has.
///
/// # Errors
/// When there is no such folder, or the disk fails.
pub fn sync(path: &Path) -> io::Result<()> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path)?.sync_all()
}

/// Removes a folder if it is empty, durably; it may be gone already.
///
/// # Errors
/// When it cannot be removed.
pub fn remove_if_empty(path: &Path) -> io::Result<()> {
    match fs::remove_dir(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => sync(path),
        Err(error) => Err(error),
    }
}

/// Removes a folder and all in it, durably; it may be gone already. A link in it is removed, and what it leads to is
/// left.
///
/// # Errors
/// When something in it cannot be removed.
pub fn remove_all(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// What was in a folder that is gone itself needs no durability.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent().map(sync) {
        Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The names in a folder; none when there is no folder.
pub(crate) fn list_names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}
