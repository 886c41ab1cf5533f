//! The package of a document: its parts, and how large they may unpack.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use syft_space_domain::dataset::FileRefused;
use zip::ZipArchive;
use zip::result::ZipError;

use super::damaged;
use super::relations::{Relations, relations_part, unescape};
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
pub(super) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// The names of parts as they are packed, by how they may be named: names differ in more than their case.
    names: HashMap<String, String>,
}

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
        let names = archive.file_names().flatten();
        let names = names.map(|name| (unified(&name), name.into_owned())).collect();
        Ok(Self { archive, names })
    }

    /// The text of a part; `None` where there is none of this name.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<String>, FileRefused> {
        let bytes = self.bytes(name)?;
        bytes.map(|bytes| Ok(decode(&bytes)?.into_owned())).transpose()
    }

    /// The text of a part whose name may not be known.
    pub(super) fn named(&mut self, name: Option<String>) -> Result<Option<String>, FileRefused> {
        name.map_or(Ok(None), |name| self.part(&name))
    }

    /// The bytes of a part; `None` where there is none of this name.
    pub(super) fn bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, FileRefused> {
        let packed = match self.archive.index_for_name(name) {
            Some(_) => name,
            None => self.names.get(&unified(name)).map_or(name, String::as_str),
        };
        let part = match self.archive.by_name(packed) {
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
        Ok(Some(bytes))
    }

    /// The relations of the part of this name, and of the package where it has no name; `None` where it has none.
    pub(super) fn relations(&mut self, of: &str) -> Result<Option<Relations>, FileRefused> {
        let relations = self.part(&relations_part(of))?;
        relations.map(|relations| Relations::read(&relations, of)).transpose()
    }

    /// The media type of a part, as the package tells it.
    pub(super) fn media_type(&mut self, name: &str) -> Result<Option<String>, FileRefused> {
        let Some(types) = self.part("[Content_Types].xml")? else { return Ok(None) };
        let (mut of_part, mut of_ending) = (None, None);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        xml::read(&types, |node| match node {
            Node::Open("Override", attributes) => {
                let is_its = |part: String| unified(part.trim_start_matches('/')) == unified(name);
                if attributes.get("PartName").is_some_and(is_its) {
                    of_part = attributes.get("ContentType");
                }
            }
            Node::Open("Default", attributes)
                if attributes.get("Extension").is_some_and(|known| known.eq_ignore_ascii_case(ending)) =>
            {
                of_ending = attributes.get("ContentType");
            }
            _ => {}
        })?;
        Ok(of_part.or(of_ending))
    }
}

/// A name as it is compared: case makes no difference, nor does percent-encoding.
fn unified(name: &str) -> String {
    unescape(name).to_lowercase()
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
