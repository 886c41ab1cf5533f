//! The package of a document: its parts, and how large they may unpack.

use std::io::{Cursor, Read};

use syft_space_domain::dataset::FileRefused;
use zip::ZipArchive;
use zip::result::ZipError;

use super::damaged;
use super::xml::{self, Node};
use crate::encoding::decode;

/// The most bytes that a part unpacks to.
const MAX_PART_BYTES: u64 = 64 * 1024 * 1024;
/// The most bytes that may come of one byte, of a part that is not small. Text packs to a fifth, tables to a
/// fiftieth; only what was made to be unpacked packs to a thousandth.
const MAX_COMPRESSION_RATIO: u64 = 200;
/// The bytes up to which the ratio does not count.
const SMALL_PART_BYTES: u64 = 4 * 1024 * 1024;
/// The most parts.
const MAX_PARTS: usize = 4_096;

/// A document as it is packed. Only parts that are named by its own relations are ever unpacked: what else lies in
/// there (pictures, macros, other archives) stays packed.
pub(super) struct Package<'a>(ZipArchive<Cursor<&'a [u8]>>);

impl<'a> Package<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, FileRefused> {
        if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
            return Err(legacy_format(bytes));
        }
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| invalid_archive(&error))?;
        if archive.len() > MAX_PARTS {
            return Err(damaged(&format!("it has more than {MAX_PARTS} parts")));
        }
        if archive.has_duplicate_names() {
            return Err(damaged("two of its parts have one name"));
        }
        if archive.has_overlapping_entries().map_err(|error| invalid_archive(&error))? {
            return Err(damaged("its parts lie in one another"));
        }
        for name in archive.file_names_raw() {
            if !is_inside(name) {
                return Err(damaged("a part has a name that leads out of it"));
            }
        }
        Ok(Self(archive))
    }

    /// The text of a part; `None` where there is none of this name.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<String>, FileRefused> {
        let part = match self.0.by_name(name) {
            Ok(part) => part,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword) => {
                return Err(FileRefused::Encrypted);
            }
            Err(error) => return Err(invalid_archive(&error)),
        };
        // What the archive says of its sizes is not believed.
        let max_bytes = part
            .compressed_size()
            .saturating_mul(MAX_COMPRESSION_RATIO)
            .clamp(SMALL_PART_BYTES, MAX_PART_BYTES);
        let mut bytes = Vec::new();
        let read = part.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes);
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > max_bytes {
            return Err(FileRefused::TooLarge(max_bytes));
        }
        read.map_err(|error| damaged(&format!("{name}: {error}")))?;
        Ok(Some(decode(&bytes)?.into_owned()))
    }

    /// The name of the part that is the document itself.
    pub(super) fn main_part(&mut self) -> Result<String, FileRefused> {
        let mut target = None;
        if let Some(relations) = self.part("_rels/.rels")? {
            xml::read(&relations, |node| {
                if let Node::Open("Relationship", attributes) = node
                    && attributes.get("Type").is_some_and(|kind| kind.ends_with("/officeDocument"))
                    && attributes.get("TargetMode").is_none_or(|mode| mode != "External")
                {
                    target = target.take().or_else(|| attributes.get("Target"));
                }
            })?;
        }
        let target = target.unwrap_or_else(|| "word/document.xml".to_owned());
        Ok(target.trim_start_matches('/').to_owned())
    }
}

/// Whether the name of a part names something in the document.
fn is_inside(name: &[u8]) -> bool {
    let leads_out = |part: &[u8]| part == b".." || part.contains(&b'\\') || part.contains(&b'\0');
    !name.starts_with(b"/") && !name.contains(&b':') && !name.split(|b| *b == b'/').any(leads_out)
}

/// The error for the format before packages: a document of that time, or one that is encrypted.
fn legacy_format(bytes: &[u8]) -> FileRefused {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if bytes.windows(name.len()).any(|window| window == name) {
        FileRefused::Encrypted
    } else {
        damaged("it is of the format before DOCX: save it as .docx")
    }
}

fn invalid_archive(error: &ZipError) -> FileRefused {
    damaged(&format!("it is no archive that can be read: {error}"))
}
