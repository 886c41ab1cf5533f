//! The manifest: which segments an index of vectors consists of, and which change it has followed. It is replaced as a
//! whole, and what it does not name does not count.

use std::io::Read as _;

use serde::{Deserialize, Serialize};
use syft_space_domain::dataset::ChangeNumber;
use syft_space_domain::encoder::MAX_DIMENSION;
use syft_space_home::private_file;

use super::place::VectorFolder;
use crate::error::IndexError;

/// The version of the files. Another one is not read.
const VERSION: u32 = 1;

/// The most bytes of a manifest: some thousand segments.
const MAX_BYTES: u64 = 1 << 20;

/// What an index of vectors consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    version: u32,
    /// Tenant, dataset and revision: a file that was put elsewhere is not read.
    place: [String; 3],
    pub(crate) dimension: usize,
    encoded: u64,
    /// The number of the next segment. No two that a manifest of this folder ever named have the same.
    pub(crate) next: u64,
    pub(crate) segments: Vec<SegmentEntry>,
}

/// What is known of a segment without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SegmentEntry {
    pub(crate) number: u64,
    pub(crate) rows: u32,
    /// The CRC-32 of all bytes of the file but its last four, which hold it too.
    pub(crate) checksum: u32,
}

impl Manifest {
    /// That of an index without a vector, which has followed nothing.
    pub(crate) fn new(folder: &VectorFolder, dimension: usize) -> Self {
        let place = place_texts(folder);
        Self { version: VERSION, place, dimension, encoded: 0, next: 1, segments: Vec::new() }
    }

    /// Reads it; `None` when there is no index.
    pub(crate) fn read(folder: &VectorFolder) -> Result<Option<Self>, IndexError> {
        if !folder.has_index()? {
            return Ok(None);
        }
        let Some(file) = private_file::open(&folder.manifest())? else { return Ok(None) };
        let mut text = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut text)?;
        let damaged = |what: &str| IndexError::Damaged(format!("the manifest of vectors {what}"));
        let end = text.len().checked_sub(CHECKSUM_BYTES).ok_or_else(|| damaged("is cut"))?;
        let (json, checksum) = text.split_at(end);
        if checksum != checksum_line(json).as_bytes() {
            return Err(damaged("has a wrong checksum"));
        }
        let manifest: Self = serde_json::from_slice(json).map_err(|error| damaged(&error.to_string()))?;
        if manifest.version != VERSION || manifest.place != place_texts(folder) {
            return Err(damaged("is of another version, or belongs elsewhere"));
        }
        if !(1..=MAX_DIMENSION).contains(&manifest.dimension) {
            return Err(damaged("has a dimension that no model has"));
        }
        Ok(Some(manifest))
    }

    /// Writes it in place of the one there is, durably.
    pub(crate) fn write(&self, folder: &VectorFolder) -> Result<(), IndexError> {
        let mut text = serde_json::to_vec(self)
            .map_err(|error| IndexError::Io(std::io::Error::other(error.to_string())))?;
        let checksum = checksum_line(&text);
        text.extend_from_slice(checksum.as_bytes());
        if u64::try_from(text.len()).is_ok_and(|bytes| bytes >= MAX_BYTES) {
            return Err(IndexError::Io(std::io::Error::other("an index has too many segments")));
        }
        Ok(private_file::write(&folder.manifest(), &text)?)
    }

    pub(crate) fn encoded(&self) -> ChangeNumber {
        ChangeNumber(self.encoded)
    }

    pub(crate) fn set_encoded(&mut self, number: ChangeNumber) {
        self.encoded = number.0;
    }

    /// How many vectors there are.
    pub(crate) fn rows(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.rows)).sum()
    }
}

/// The length of the line behind the JSON.
const CHECKSUM_BYTES: usize = 10;

/// The line behind the JSON: its CRC-32, in hexadecimal digits.
fn checksum_line(json: &[u8]) -> String {
    format!("\n{:08x}\n", crc32fast::hash(json))
}

fn place_texts(folder: &VectorFolder) -> [String; 3] {
    let place = folder.place();
    [place.tenant.to_string(), place.dataset.to_string(), place.revision.to_string()]
}
