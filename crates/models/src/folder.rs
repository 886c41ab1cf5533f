//! The files of a model's folder: plain files of a bounded size, reached through no link.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::Errno;

use crate::refused::{ModelRefused, shortened};

/// How a file is opened: no link is followed, and nobody is waited for at the other end of a pipe.
const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// A model's folder, open: what is put in its place meanwhile does not count.
pub(crate) struct ModelFolder {
    folder: OwnedFd,
}

/// One open file, and how many bytes it had when it was opened.
pub(crate) struct ModelFile {
    pub(crate) file: File,
    pub(crate) bytes: u64,
}

impl ModelFolder {
    /// Opens the folder. Its own path may lead through links: the operator has named it.
    pub(crate) fn open(path: &Path) -> Result<Self, ModelRefused> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(CWD, path, flags, Mode::empty());
        Ok(Self { folder: folder.map_err(|error| ModelRefused::Folder(shortened(&error.to_string())))? })
    }

    /// Opens a file, which may lie in a folder of this one; `None` when there is none.
    pub(crate) fn file(&self, name: &'static str, most: u64) -> Result<Option<ModelFile>, ModelRefused> {
        let Some((folder, file)) = name.split_once('/') else { return open(&self.folder, name, name, most) };
        match openat(&self.folder, folder, FLAGS | OFlags::DIRECTORY, Mode::empty()) {
            Ok(folder) => open(&folder, file, name, most),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(ModelRefused::NotAFile(name)),
            Err(error) => Err(ModelRefused::unreadable(name, error)),
        }
    }

    /// The bytes of a file; `None` when there is none.
    pub(crate) fn read(&self, name: &'static str, most: u64) -> Result<Option<Vec<u8>>, ModelRefused> {
        let Some(ModelFile { file, bytes }) = self.file(name, most)? else { return Ok(None) };
        let mut content = Vec::new();
        // One byte more tells a file that has grown.
        let read = file.take(bytes.saturating_add(1)).read_to_end(&mut content);
        read.map_err(|error| ModelRefused::unreadable(name, error))?;
        if u64::try_from(content.len()) == Ok(bytes) {
            Ok(Some(content))
        } else {
            Err(ModelRefused::unreadable(name, "it changed meanwhile"))
        }
    }
}

fn open(
    folder: &OwnedFd,
    file: &str,
    name: &'static str,
    most: u64,
) -> Result<Option<ModelFile>, ModelRefused> {
    // To open a device may do something by itself, so it is looked at first.
    match statat(folder, file, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {}
        Ok(_) => return Err(ModelRefused::NotAFile(name)),
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(ModelRefused::unreadable(name, error)),
    }
    let file = match openat(folder, file, FLAGS, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::LOOP) => return Err(ModelRefused::NotAFile(name)),
        Err(error) => return Err(ModelRefused::unreadable(name, error)),
    };
    let stat = fstat(&file).map_err(|error| ModelRefused::unreadable(name, error))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(ModelRefused::NotAFile(name));
    }
    let bytes = u64::try_from(stat.st_size).map_err(|error| ModelRefused::unreadable(name, error))?;
    if bytes > most {
        return Err(ModelRefused::TooLarge { file: name, bytes, most });
    }
    Ok(Some(ModelFile { file: File::from(file), bytes }))
}
