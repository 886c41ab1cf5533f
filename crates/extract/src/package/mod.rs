//! A document that is an archive of parts: how large they may unpack, and how they are found.

pub(crate) mod escapes;
mod relations;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod xml;

use std::collections::HashMap;
use std::io::{Cursor, Read};

use syft_space_domain::dataset::{FileFormat, FileRefused};
use zip::ZipArchive;
use zip::result::ZipError;

use self::relations::relations_part;
use self::relations::unescape;
pub(crate) use self::relations::{Relations, resolve};
use self::xml::Node;
use crate::encoding::decode;
use crate::text_builder;

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
pub(crate) struct Package<'a> {
    format: FileFormat,
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// The names of parts as they are packed, by how they may be named: names differ in more than their case.
    names: HashMap<String, String>,
}

impl<'a> Package<'a> {
    pub(crate) fn open(format: FileFormat, bytes: &'a [u8]) -> Result<Self, FileRefused> {
        if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
            return Err(legacy_format(format, bytes));
        }
        let damaged = |why: &str| damaged(format, why);
        let invalid = |error: ZipError| invalid_archive(format, &error);
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(invalid)?;
        if archive.len() > MAX_PARTS {
            return Err(damaged(&format!("it has more than {MAX_PARTS} parts")));
        }
        if archive.has_duplicate_names() {
            return Err(damaged("two of its parts have one name"));
        }
        if archive.has_overlapping_entries().map_err(invalid)? {
            return Err(damaged("its parts lie in one another"));
        }
        for name in archive.file_names_raw() {
            if !is_inside(name) {
                return Err(damaged("a part has a name that leads out of it"));
            }
        }
        let names = archive.file_names().flatten();
        let names = names.map(|name| (unified(&name), name.into_owned())).collect();
        Ok(Self { format, archive, names })
    }

    /// The text of a part; `None` where there is none of this name.
    pub(crate) fn part(&mut self, name: &str) -> Result<Option<String>, FileRefused> {
        let bytes = self.bytes(name)?;
        bytes.map(|bytes| Ok(decode(&bytes)?.into_owned())).transpose()
    }

    /// The text of a part whose name may not be known.
    pub(crate) fn named(&mut self, name: Option<String>) -> Result<Option<String>, FileRefused> {
        name.map_or(Ok(None), |name| self.part(&name))
    }

    /// The bytes of a part; `None` where there is none of this name.
    pub(crate) fn bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, FileRefused> {
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
            Err(error) => return Err(invalid_archive(self.format, &error)),
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
        read.map_err(|error| damaged(self.format, &format!("{name}: {error}")))?;
        Ok(Some(bytes))
    }

    /// The relations of the part of this name, and of the package where it has no name; `None` where it has none.
    pub(crate) fn relations(&mut self, of: &str) -> Result<Option<Relations>, FileRefused> {
        let relations = self.part(&relations_part(of))?;
        relations.map(|relations| Relations::read(self.format, &relations, of)).transpose()
    }

    /// The media type of a part, as the package tells it.
    pub(crate) fn media_type(&mut self, name: &str) -> Result<Option<String>, FileRefused> {
        let Some(types) = self.part("[Content_Types].xml")? else { return Ok(None) };
        let (mut of_part, mut of_ending) = (None, None);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        xml::read(self.format, &types, |node| match node {
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
fn legacy_format(format: FileFormat, bytes: &[u8]) -> FileRefused {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if bytes.windows(name.len()).any(|window| window == name) {
        return FileRefused::Encrypted;
    }
    let name = crate::format_name(format);
    damaged(format, &format!("it is of the format before {name}: save it as .{}", format.as_str()))
}

fn invalid_archive(format: FileFormat, error: &ZipError) -> FileRefused {
    damaged(format, &format!("it is no archive that can be read: {error}"))
}

/// The title that the properties of a document tell.
pub(crate) fn title(format: FileFormat, properties: &str) -> Result<Option<String>, FileRefused> {
    let (mut title, mut open) = (String::new(), false);
    xml::read(format, properties, |node| match node {
        Node::Open(name, _) => open = name == "title" && title.is_empty(),
        Node::Close(_) => open = false,
        Node::Text(text) if open => title.push_str(text),
        Node::Text(_) => {}
    })?;
    Ok(text_builder::title(&title))
}

/// The error for a document that is not what its name says.
pub(crate) fn damaged(format: FileFormat, why: &str) -> FileRefused {
    FileRefused::Damaged(crate::format_name(format), why.to_owned())
}
