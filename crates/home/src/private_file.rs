//! Files that only their owner can read, and that are there whole and durably or not at all. No link is followed.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::private_folder;

const FILE_MODE: u32 = 0o600;
/// What nobody but the owner has of a file or folder: rights, and the marks that hand a folder's group on.
pub(crate) const OTHERS_MASK: u32 = 0o7077;
const OWNER_WRITE_BIT: u32 = 0o200;
/// The end of a draft's name.
const DRAFT_SUFFIX: &str = ".new";

/// Writes a file, in place of the one there is.
///
/// # Errors
/// When it cannot be written. The file there was is as it was.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    publish(path, content, |draft| fs::rename(draft, path))
}

/// Writes a file where there is none. Of two that do so at once one fails, and what the other wrote stays.
///
/// # Errors
/// When there is one ([`io::ErrorKind::AlreadyExists`]), or it cannot be written.
pub fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    // Unlike renaming, linking never takes the place of what is there.
    publish(path, content, |draft| fs::hard_link(draft, path).and_then(|()| remove(draft)))
}

/// Creates an empty file where there is none.
///
/// # Errors
/// When there is something of that name, be it a link, or the file cannot be created.
pub fn create(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)?;
    // A umask may have taken more than others' rights.
    file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    Ok(file)
}

/// Opens a file for reading; `None` when there is none.
///
/// # Errors
/// When it is a link, or cannot be opened.
pub fn open(path: &Path) -> io::Result<Option<File>> {
    match open_with(path, OFlags::RDONLY) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

/// The bytes of a file; `None` when there is none.
///
/// # Errors
/// When it is a link, or cannot be read.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let Some(mut file) = open(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// The text of a file; `None` when there is none.
///
/// # Errors
/// When it is a link, cannot be read, or is not UTF-8.
pub fn read_to_string(path: &Path) -> io::Result<Option<String>> {
    let Some(mut file) = open(path)? else { return Ok(None) };
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Opens a file for reading and writing as it is; creates it where there is none.
pub(crate) fn open_or_create(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::RDWR | OFlags::CREATE)
}

/// Removes a file or a link, if there is one.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Takes from everybody but the owner what they may do with a file or folder, if there is one. A file of several names is
/// left as it is, with a warning: the others may lie outside.
///
/// # Errors
/// When it is a link, or its permissions cannot be changed.
pub fn restrict(path: &Path) -> io::Result<()> {
    match close(path)? {
        Taken::Nothing => {}
        Taken::Rights => {
            tell_closed(path);
        }
        Taken::NotOurs => tracing::warn!(path = %path.display(), "{LEFT_OPEN}"),
    }
    Ok(())
}

/// Says that others could use a file or folder.
pub(crate) fn tell_closed(path: &Path) {
    tracing::warn!(path = %path.display(), "others could read this; now the owner alone can");
}

/// What is said of a file that is left as it is.
pub(crate) const LEFT_OPEN: &str = "others may use this under a second name that it has (a hard link): it was left as it \
    is, for what may be done there is not a home's to say; replace it by a copy";

/// What came of taking what others may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Others may do nothing.
    Nothing,
    /// The owner alone may do something now.
    Rights,
    /// The file is open, and has a second name, which may lie anywhere: it is as it was.
    NotOurs,
}

/// Does so, and leaves it to the caller to tell of it.
pub(crate) fn close(path: &Path) -> io::Result<Taken> {
    existing(path)?.map_or(Ok(Taken::Nothing), |metadata| take_from_others(path, &metadata))
}

/// Does so with a file or folder that was looked at.
pub(crate) fn take_from_others(path: &Path, metadata: &fs::Metadata) -> io::Result<Taken> {
    if metadata.is_symlink() {
        return Err(is_a_link(path));
    }
    let mode = metadata.permissions().mode();
    if mode & OTHERS_MASK == 0 {
        return Ok(Taken::Nothing);
    }
    if metadata.is_file() && metadata.nlink() != 1 {
        return Ok(Taken::NotOurs);
    }
    let private = Permissions::from_mode(mode & !OTHERS_MASK);
    // By its name only where it cannot be opened, as what its owner may not read: a name may lead elsewhere by now.
    match open(path) {
        Ok(Some(file)) => file.set_permissions(private)?,
        Ok(None) => return Ok(Taken::Nothing),
        Err(_) => fs::set_permissions(path, private)?,
    }
    Ok(Taken::Rights)
}

/// Whether the owner gave up the right to write to a file or folder. Root could still write, and should not.
///
/// # Errors
/// When it cannot be looked at.
pub fn is_read_only(path: &Path) -> io::Result<bool> {
    Ok(existing(path)?.is_some_and(|metadata| metadata.permissions().mode() & OWNER_WRITE_BIT == 0))
}

/// Whether a path is a link to somewhere else.
#[must_use]
pub fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

/// Gives a finished draft its name, durably.
///
/// # Errors
/// When it cannot be renamed.
pub fn rename(draft: &Path, path: &Path) -> io::Result<()> {
    fs::rename(draft, path)?;
    path.parent().map_or(Ok(()), private_folder::sync)
}

/// Whether a name is one of the drafts of a file.
pub(crate) fn is_draft_of(name: &str, file: &str) -> bool {
    name.strip_prefix(file).is_some_and(|rest| rest.starts_with('.') && rest.ends_with(DRAFT_SUFFIX))
}

/// What is there of that name, be it a link.
pub(crate) fn existing(path: &Path) -> io::Result<Option<fs::Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn is_a_link(path: &Path) -> io::Error {
    let told = format!("{} is a symbolic link, and none is followed in a home", path.display());
    io::Error::new(io::ErrorKind::InvalidInput, told)
}

/// Writes a draft whole, and has `name` give it its name.
fn publish(path: &Path, content: &[u8], name: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let draft = draft_of(path);
    let mut file = match create(&draft) {
        // Left by a process of the same number that came to an end, or put there: either way not what is to be written.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            remove(&draft)?;
            create(&draft)?
        }
        created => created?,
    };
    let written = file.write_all(content).and_then(|()| file.sync_all()).and_then(|()| name(&draft));
    if let Err(error) = written {
        // What went wrong first is what is told.
        drop(remove(&draft));
        return Err(error);
    }
    path.parent().map_or(Ok(()), private_folder::sync)
}

/// A name that no other thread or process uses for its draft meanwhile.
fn draft_of(path: &Path) -> PathBuf {
    static DRAFTS: AtomicU64 = AtomicU64::new(0);
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{number}{DRAFT_SUFFIX}", process::id()));
    name.into()
}

fn open_with(path: &Path, flags: OFlags) -> io::Result<File> {
    // Not to wait for a writer where somebody put a pipe.
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    match rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => Ok(File::from(file)),
        Err(Errno::LOOP) => Err(is_a_link(path)),
        Err(error) => Err(error.into()),
    }
}
