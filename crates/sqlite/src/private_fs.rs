//! Files and folders that only their owner can read, and that are durable when they are made.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// Reading, writing or entering by anybody but the owner.
const OTHERS_MASK: u32 = 0o077;
const OWNER_WRITE_BIT: u32 = 0o200;

/// Creates a folder and those above it that are missing. Each that is created is the owner's alone, whatever the umask.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent();
    if let Some(parent) = parent {
        create_folder(parent)?;
    }
    match DirBuilder::new().mode(FOLDER_MODE).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => return Ok(()),
        created => created?,
    }
    fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE))?;
    parent.map_or(Ok(()), sync_folder)
}

/// Creates an empty file that is the owner's alone, or empties the one there is.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(path)?;
    file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    Ok(file)
}

/// Writes a whole file, so that after a crash it is there with all of its content or not at all.
pub(crate) fn write_file(path: &Path, content: &str) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut file = create_file(&draft)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    rename_durably(&draft, path)
}

/// Gives a finished draft its name, durably.
pub(crate) fn rename_durably(draft: &Path, path: &Path) -> io::Result<()> {
    fs::rename(draft, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Makes it durable which files a folder has.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The names in a folder; none when there is no folder.
pub(crate) fn list_names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// Takes from everybody but the owner what they may do with a file or folder, if there is one.
pub(crate) fn restrict(path: &Path) -> io::Result<()> {
    let Some(metadata) = existing(path)? else { return Ok(()) };
    let mode = metadata.permissions().mode();
    if mode & OTHERS_MASK != 0 {
        tracing::warn!(path = %path.display(), "others could read this; now the owner alone can");
        fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS_MASK))?;
    }
    Ok(())
}

/// Whether the owner gave up the right to write to a file or folder. Root could still write, and should not.
pub(crate) fn is_read_only(path: &Path) -> io::Result<bool> {
    Ok(existing(path)?.is_some_and(|metadata| metadata.permissions().mode() & OWNER_WRITE_BIT == 0))
}

/// Whether a path is a link to somewhere else.
pub(crate) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

fn existing(path: &Path) -> io::Result<Option<fs::Metadata>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
