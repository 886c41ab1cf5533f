//! The walk through a folder: files are found and opened part by part, so that no link leads out of it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, openat, statat};
use syft_space_domain::dataset::{FILE_MAX_BYTES, FileFormat, FileName};
use syft_space_home::layout::MARKS_OF_HOME;

use crate::cli::exit::{CommandError, ExitStatus};

/// The most folders on the path of a file.
const MAX_DEPTH: usize = 64;

/// A folder whose files are brought, or one file in it.
pub(in crate::cli) struct Folder {
    root: OwnedFd,
    /// The one that is meant, where it is not all.
    only: Option<OsString>,
}

/// A file that is to be brought.
pub(in crate::cli) struct FoundFile {
    pub(super) name: FileName,
    pub(super) bytes: u64,
}

/// A file, or a folder with all in it, that is not brought, and why.
pub(in crate::cli) struct SkippedEntry {
    pub(super) name: String,
    pub(super) reason: String,
}

/// What a walk found.
#[derive(Default)]
pub(in crate::cli) struct WalkResult {
    pub(in crate::cli) files: Vec<FoundFile>,
    pub(super) skipped: Vec<SkippedEntry>,
    /// What could not be read.
    pub(super) failed: Vec<SkippedEntry>,
}

impl Folder {
    /// Opens a folder, or the folder of a file that is meant alone.
    pub(in crate::cli) fn open(path: &Path) -> anyhow::Result<Self> {
        let opening = || format!("opening {}", path.display());
        let metadata = path.metadata().map_err(|error| {
            let status = match error.kind() {
                io::ErrorKind::NotFound => ExitStatus::NotFound,
                _ => ExitStatus::Failed,
            };
            CommandError::new(status, format!("{}: {error}", opening()))
        })?;
        let (folder, only) = match path.file_name() {
            Some(name) if metadata.is_file() => {
                let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
                (parent.unwrap_or(Path::new(".")), Some(name.to_owned()))
            }
            _ => (path, None),
        };
        let root = OwnedFd::from(File::open(folder).with_context(opening)?);
        let kind = FileType::from_raw_mode(fstat(&root)?.st_mode);
        anyhow::ensure!(kind == FileType::Directory, "{} is neither a folder nor a file", path.display());
        // Keys and databases are no documents, and whoever may ask would be shown them.
        let real = folder.canonicalize().with_context(opening)?;
        for around in real.ancestors() {
            anyhow::ensure!(
                !MARKS_OF_HOME.iter().all(|mark| around.join(mark).symlink_metadata().is_ok()),
                "{} lies in the home of a space, {}: bring documents that lie elsewhere",
                path.display(),
                around.display()
            );
        }
        Ok(Self { root, only })
    }

    /// Whether all of a folder is meant.
    pub(super) fn is_whole(&self) -> bool {
        self.only.is_none()
    }

    /// Finds all files below it, in the order of names.
    pub(in crate::cli) fn walk(&self) -> WalkResult {
        let mut result = WalkResult::default();
        let mut left = vec![PathBuf::new()];
        while let Some(folder) = left.pop() {
            let read = self.read_folder(&folder, &mut result, &mut left);
            if let Err(error) = read {
                let name = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
                let (name, reason) = (name.display().to_string(), format!("it cannot be read: {error}"));
                result.failed.push(SkippedEntry { name, reason });
            }
        }
        // Whoever names one file means it.
        if self.only.is_some() {
            result.failed.append(&mut result.skipped);
        }
        result.files.sort_by(|a, b| a.name.cmp(&b.name));
        result.skipped.sort_by(|a, b| a.name.cmp(&b.name));
        result
    }

    fn read_folder(&self, folder: &Path, result: &mut WalkResult, left: &mut Vec<PathBuf>) -> io::Result<()> {
        let open = self.open_below(folder, OFlags::DIRECTORY)?;
        let holds = |mark: &str| statat(&open, mark, AtFlags::SYMLINK_NOFOLLOW).is_ok();
        if MARKS_OF_HOME.into_iter().all(holds) {
            let (name, reason) = (folder.display().to_string(), "it is the home of a space".to_owned());
            result.skipped.push(SkippedEntry { name, reason });
            return Ok(());
        }
        for entry in Dir::read_from(&open)? {
            let name = OsString::from_vec(entry?.file_name().to_bytes().to_vec());
            if name == "." || name == ".." || self.only.as_ref().is_some_and(|only| *only != name) {
                continue;
            }
            let path = folder.join(&name);
            let mut skip = |reason: &str| {
                result
                    .skipped
                    .push(SkippedEntry { name: path.display().to_string(), reason: reason.to_owned() });
            };
            if let Some(reason) = passed_over(name.as_bytes()) {
                skip(reason);
                continue;
            }
            let state = statat(&open, &*name, AtFlags::SYMLINK_NOFOLLOW)?;
            match FileType::from_raw_mode(state.st_mode) {
                FileType::Symlink => skip("it is a symbolic link"),
                FileType::Directory if path.components().count() >= MAX_DEPTH => skip("it lies too deep"),
                // The one file that was meant is no file any more.
                FileType::Directory if self.only.is_some() => skip("it is no file"),
                FileType::Directory => left.push(path),
                FileType::RegularFile => {
                    let bytes = u64::try_from(state.st_size).unwrap_or(u64::MAX);
                    match file_name(&path, bytes) {
                        Ok(name) => result.files.push(FoundFile { name, bytes }),
                        Err(reason) => skip(&reason),
                    }
                }
                _ => skip("it is no file"),
            }
        }
        Ok(())
    }

    /// Reads a file of this folder.
    pub(super) fn read(&self, name: &FileName) -> io::Result<Vec<u8>> {
        // What turned into something that never ends must not hold the opening up.
        let open = self.open_below(Path::new(name.as_str()), OFlags::NONBLOCK)?;
        if FileType::from_raw_mode(fstat(&open)?.st_mode) != FileType::RegularFile {
            return Err(io::Error::other("it is no file any more"));
        }
        let most = u64::try_from(FILE_MAX_BYTES).unwrap_or(u64::MAX);
        let mut content = Vec::new();
        File::from(open).take(most.saturating_add(1)).read_to_end(&mut content)?;
        if content.len() > FILE_MAX_BYTES {
            return Err(io::Error::other("it has grown too large"));
        }
        Ok(content)
    }

    /// Opens something below, part by part: no part may be a link, whatever it was a moment ago.
    fn open_below(&self, path: &Path, last: OFlags) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let open = |at: &OwnedFd, name: &OsStr, more| openat(at, name, flags | more, Mode::empty());
        let mut at = open(&self.root, OsStr::new("."), OFlags::DIRECTORY)?;
        let mut parts = path.iter().peekable();
        while let Some(part) = parts.next() {
            let more = if parts.peek().is_some() { OFlags::DIRECTORY } else { last };
            at = open(&at, part, more)?;
        }
        Ok(at)
    }
}

/// Why a name is passed over, where its name alone says so.
fn passed_over(name: &[u8]) -> Option<&'static str> {
    if name.starts_with(b"~$") {
        // Beside each file that somebody has open; hidden on Windows, and not on a share.
        Some("it is a lock file of Microsoft Office")
    } else if name.starts_with(b".~lock.") {
        Some("it is a lock file of LibreOffice")
    } else if name.starts_with(b".") {
        Some("it is hidden")
    } else {
        None
    }
}

/// The name of a file in the dataset, or the reason why it is skipped.
fn file_name(path: &Path, bytes: u64) -> Result<FileName, String> {
    let text = path.to_str().ok_or("its name is not UTF-8")?;
    let name = FileName::parse(text).map_err(|error| error.to_string())?;
    FileFormat::of(&name).map_err(|error| error.to_string())?;
    if bytes > u64::try_from(FILE_MAX_BYTES).unwrap_or(u64::MAX) {
        return Err(format!("it has more than {FILE_MAX_BYTES} bytes: split it"));
    }
    Ok(name)
}
