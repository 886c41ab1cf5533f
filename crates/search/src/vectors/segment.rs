//! A segment: an immutable file of vectors, mapped into memory.
//!
//! It has a header of 128 bytes, the rows, a factor for each (`f32`), an entry for each run of a document's chunks, the
//! runs' document ids one behind the other, and the CRC-32 of all that. Numbers are little-endian. Runs are in the order
//! of documents and chunks, so an earlier row comes first where two are equally near.

use std::cmp::Ordering;
use std::ops::Range;
use std::path::Path;

use syft_space_domain::dataset::DocumentId;
use tantivy::directory::{Directory as _, MmapDirectory, OwnedBytes};

use super::manifest::SegmentEntry;
use super::place::{Place, VectorFolder};
use super::quantised::stride;
use crate::error::IndexError;

/// What a segment begins with.
const MAGIC: &[u8; 8] = b"syftvec1";
pub(crate) const HEADER_BYTES: usize = 128;
pub(crate) const FACTOR_BYTES: usize = 4;
pub(crate) const RUN_BYTES: usize = 12;
pub(crate) const CHECKSUM_BYTES: usize = 4;

/// The numbers of a segment's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) dimension: u32,
    pub(crate) rows: u32,
    pub(crate) runs: u32,
    pub(crate) id_bytes: u32,
}

/// The header: what it is, its numbers, and whose vectors they are.
pub(crate) fn header(place: Place, counts: Counts) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    for number in [counts.dimension, counts.rows, counts.runs, counts.id_bytes] {
        header.extend_from_slice(&number.to_le_bytes());
    }
    header.extend_from_slice(place.tenant.as_bytes());
    header.extend_from_slice(place.dataset.as_bytes());
    header.extend_from_slice(place.revision.as_bytes());
    header.resize(HEADER_BYTES, 0);
    header
}

/// Chunks of one document whose vectors lie one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run<'a> {
    pub(crate) document: &'a str,
    /// The chunk of the first row, counted from 0.
    pub(crate) first_chunk: u32,
    pub(crate) rows: Range<usize>,
}

/// A segment, opened and checked.
pub(crate) struct Segment {
    entry: SegmentEntry,
    stride: usize,
    runs: usize,
    rows: OwnedBytes,
    factors: OwnedBytes,
    run_entries: OwnedBytes,
    ids: OwnedBytes,
}

/// Bytes that are cut off one after the other, and end before they should in a file that is damaged.
struct Parts(OwnedBytes);

impl Parts {
    fn take(&mut self, count: usize) -> Result<OwnedBytes, IndexError> {
        if count > self.0.len() {
            return Err(damaged("is cut"));
        }
        let rest = self.0.split_off(count);
        Ok(std::mem::replace(&mut self.0, rest))
    }

    fn number(&mut self) -> Result<usize, IndexError> {
        to_usize(u32_at(&self.take(4)?, 0)?)
    }
}

impl Segment {
    /// Opens a segment that the manifest names, and checks all of it: a file that passes can be trusted from then on, for
    /// it is never changed.
    pub(crate) fn open(
        folder: &VectorFolder,
        directory: &MmapDirectory,
        dimension: usize,
        entry: SegmentEntry,
    ) -> Result<Self, IndexError> {
        let path = folder.segment(entry.number);
        if !std::fs::symlink_metadata(&path)?.is_file() {
            return Err(damaged("is no file"));
        }
        let name = path.file_name().map_or(path.as_path(), Path::new);
        let bytes = directory.open_read(name).map_err(tantivy::TantivyError::from)?.read_bytes()?;
        Self::parse(folder.place(), dimension, entry, bytes)
    }

    fn parse(
        place: Place,
        dimension: usize,
        entry: SegmentEntry,
        bytes: OwnedBytes,
    ) -> Result<Self, IndexError> {
        let checked = bytes.len().checked_sub(CHECKSUM_BYTES).ok_or_else(|| damaged("is cut"))?;
        let (content, checksum) = bytes.split(checked);
        let checksum = u32_at(&checksum, 0)?;
        if checksum != entry.checksum || checksum != crc32fast::hash(&content) {
            return Err(damaged("has a wrong checksum"));
        }
        let mut parts = Parts(content);
        let head = parts.take(HEADER_BYTES)?;
        let mut numbers = Parts(head.clone());
        numbers.take(MAGIC.len())?;
        let [told_dimension, rows, runs, id_bytes] =
            [numbers.number()?, numbers.number()?, numbers.number()?, numbers.number()?];
        let as_told = |number: usize| u32::try_from(number).map_err(|_| damaged("is too large"));
        let counts = Counts {
            dimension: as_told(dimension)?,
            rows: entry.rows,
            runs: as_told(runs)?,
            id_bytes: as_told(id_bytes)?,
        };
        if told_dimension != dimension || head.as_slice() != header(place, counts) || rows == 0 {
            return Err(damaged("is foreign"));
        }
        let stride = stride(dimension);
        let size = |count: usize, each: usize| count.checked_mul(each).ok_or_else(|| damaged("is too large"));
        let segment = Self {
            entry,
            stride,
            runs,
            rows: parts.take(size(rows, stride)?)?,
            factors: parts.take(size(rows, FACTOR_BYTES)?)?,
            run_entries: parts.take(size(runs, RUN_BYTES)?)?,
            ids: parts.take(id_bytes)?,
        };
        if !parts.0.is_empty() {
            return Err(damaged("is too long"));
        }
        segment.check()?;
        Ok(segment)
    }

    /// Checks what a file may say that was made to harm.
    fn check(&self) -> Result<(), IndexError> {
        if !self.factors().all(|factor| factor.is_finite() && factor > 0.0) {
            return Err(damaged("has a factor that is none"));
        }
        let (mut row, mut id_end) = (0, 0);
        let mut last: Option<(DocumentId, u32)> = None;
        for at in 0..self.runs {
            let run = self.run(at).ok_or_else(|| damaged("has runs that overlap"))?;
            let document = DocumentId::parse(run.document).map_err(|_| damaged("has an id that is none"))?;
            let chunks = u32::try_from(run.rows.len()).ok();
            let fits = chunks.is_some_and(|chunks| run.first_chunk.checked_add(chunks).is_some());
            let is_behind = last.is_none_or(|last| last < (document.clone(), run.first_chunk));
            if run.rows.start != row || run.rows.is_empty() || !fits || !is_behind {
                return Err(damaged("has runs in disorder"));
            }
            row = run.rows.end;
            id_end = self.id_end(at).unwrap_or(0);
            last = Some((document, run.first_chunk));
        }
        if (row, id_end) == (self.len(), self.ids.len()) {
            Ok(())
        } else {
            Err(damaged("has rows of no run"))
        }
    }

    pub(crate) fn entry(&self) -> SegmentEntry {
        self.entry
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.factors.len() / FACTOR_BYTES
    }

    /// How many bytes one row has.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Rows, one behind the other; none where they are not.
    pub(crate) fn rows(&self, rows: Range<usize>) -> &[u8] {
        let [start, end] = [rows.start, rows.end].map(|row| row.saturating_mul(self.stride));
        self.rows.get(start..end).unwrap_or_default()
    }

    /// The factor of each row.
    pub(crate) fn factors(&self) -> impl Iterator<Item = f32> {
        let (factors, _) = self.factors.as_chunks();
        factors.iter().map(|bytes| f32::from_le_bytes(*bytes))
    }

    /// The factors of some rows.
    pub(crate) fn factors_of(&self, rows: Range<usize>) -> impl Iterator<Item = f32> {
        let (factors, _) = self.factors.as_chunks();
        factors.get(rows).unwrap_or_default().iter().map(|bytes| f32::from_le_bytes(*bytes))
    }

    /// All runs, in the order of documents and chunks.
    pub(crate) fn runs(&self) -> impl Iterator<Item = Run<'_>> {
        (0..self.runs).filter_map(|at| self.run(at))
    }

    /// Whether a document has a row here.
    pub(crate) fn has(&self, document: &str) -> bool {
        self.partition(|run| run.document.cmp(document)).is_ok()
    }

    /// The row of a document's chunk, if it is here.
    pub(crate) fn row_of(&self, document: &str, chunk: u32) -> Option<usize> {
        let row_in = |run: &Run<'_>| {
            let behind = chunk.checked_sub(run.first_chunk)?;
            run.rows.clone().nth(usize::try_from(behind).ok()?)
        };
        let at = self.partition(|run| {
            run.document.cmp(document).then_with(|| match row_in(run) {
                Some(_) => Ordering::Equal,
                None if run.first_chunk > chunk => Ordering::Greater,
                None => Ordering::Less,
            })
        });
        row_in(&self.run(at.ok()?)?)
    }

    /// Which document's chunk a row is of, and which chunk.
    pub(crate) fn chunk_of(&self, row: usize) -> Option<(&str, u32)> {
        let at = self.partition(|run| {
            if run.rows.end <= row {
                Ordering::Less
            } else if run.rows.start > row {
                Ordering::Greater
            } else {
                Ordering::Equal
            }
        });
        let run = self.run(at.ok()?)?;
        let before = u32::try_from(row.checked_sub(run.rows.start)?).ok()?;
        Some((run.document, run.first_chunk.checked_add(before)?))
    }

    /// Searches the runs by halves, as they are ordered.
    fn partition(&self, compare: impl Fn(&Run<'_>) -> Ordering) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.runs);
        while low < high {
            let middle = low.midpoint(high);
            match self.run(middle).map_or(Ordering::Greater, |run| compare(&run)) {
                Ordering::Less => low = middle.saturating_add(1),
                Ordering::Greater => high = middle,
                Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }

    /// The last run: that of the last document.
    pub(crate) fn last_run(&self) -> Option<Run<'_>> {
        self.run(self.runs.checked_sub(1)?)
    }

    /// The run with this number, counted from 0.
    pub(crate) fn run(&self, at: usize) -> Option<Run<'_>> {
        let first_row = self.run_number(at, 0)?;
        let next = at.checked_add(1)?;
        let end_row = if next == self.runs { self.len() } else { self.run_number(next, 0)? };
        let first_chunk = u32::try_from(self.run_number(at, 1)?).ok()?;
        let id_start = at.checked_sub(1).map_or(Some(0), |before| self.id_end(before))?;
        let id = self.ids.get(id_start..self.id_end(at)?)?;
        let document = std::str::from_utf8(id).ok()?;
        Some(Run { document, first_chunk, rows: first_row..end_row }).filter(|_| end_row <= self.len())
    }

    fn id_end(&self, at: usize) -> Option<usize> {
        self.run_number(at, 2)
    }

    /// One of the three numbers of a run's entry: its first row, its first chunk, the end of its id.
    fn run_number(&self, at: usize, number: usize) -> Option<usize> {
        let (entries, _) = self.run_entries.as_chunks::<RUN_BYTES>();
        let (numbers, _) = entries.get(at)?.as_chunks::<4>();
        usize::try_from(u32::from_le_bytes(*numbers.get(number)?)).ok()
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, IndexError> {
    let (numbers, _) = bytes.as_chunks();
    numbers.get(at).map(|bytes| u32::from_le_bytes(*bytes)).ok_or_else(|| damaged("is cut"))
}

fn to_usize(number: u32) -> Result<usize, IndexError> {
    usize::try_from(number).map_err(|_| damaged("is too large"))
}

fn damaged(what: &str) -> IndexError {
    IndexError::Damaged(format!("a segment of vectors {what}"))
}

#[cfg(test)]
mod tests {
    use syft_space_domain::dataset::VectorQuery;
    use syft_space_domain::encoder::{Embedding, ModelRevision};
    use syft_space_domain::ids::{DatasetId, TenantId};
    use syft_space_domain::tenant::TenantScope;
    use syft_space_home::Home;

    use super::*;
    use crate::vectors::nearest::Wanted;
    use crate::vectors::segment_writer::{Rows, Source, write};

    fn embedding(number: u8) -> Embedding {
        Embedding::of_direction(vec![1.0, f32::from(number), -2.0]).unwrap()
    }

    /// The bytes of a segment with three runs, and what the manifest has of it.
    fn sample() -> (Place, SegmentEntry, Vec<u8>) {
        let home = tempfile::tempdir().unwrap();
        let prepared = Home::prepare_without_database(home.path()).unwrap();
        let scope = TenantScope::assume(TenantId::from_bytes([1; 16]), "a test of its own");
        let revision = ModelRevision::from_bytes([3; 32]);
        let folder =
            VectorFolder::new(&prepared, Place::new(&scope, DatasetId::from_bytes([2; 16]), revision));
        folder.create().unwrap();
        let vectors: Vec<Embedding> = (0..6).map(embedding).collect();
        let source = |document, first_chunk, rows| Source { document, first_chunk, rows };
        let sources = [
            source("a", 0, Rows::New(&vectors[..3])),
            source("b", 0, Rows::New(&vectors[3..4])),
            source("b", 1, Rows::New(&vectors[4..])),
        ];
        let entry = write(&folder, 1, 3, &sources).unwrap();
        (folder.place(), entry, std::fs::read(folder.segment(1)).unwrap())
    }

    #[test]
    fn q2_a_segment_has_what_was_written() {
        let (place, entry, bytes) = sample();
        let segment = Segment::parse(place, 3, entry, OwnedBytes::new(bytes)).unwrap();
        let runs: Vec<_> = segment.runs().map(|run| (run.document, run.first_chunk, run.rows)).collect();
        assert_eq!(runs, [("a", 0, 0..3), ("b", 0, 3..4), ("b", 1, 4..6)]);
        let chunks: Vec<_> = (0..7).map(|row| segment.chunk_of(row)).collect();
        let of = |document, chunk| Some((document, chunk));
        assert_eq!(chunks, [of("a", 0), of("a", 1), of("a", 2), of("b", 0), of("b", 1), of("b", 2), None]);
        assert_eq!(["a", "aa", "b", "c", ""].map(|id| segment.has(id)), [true, false, true, false, false]);
        for (row, (document, chunk)) in chunks.iter().flatten().enumerate() {
            assert_eq!(segment.row_of(document, *chunk), Some(row), "{document} {chunk}");
        }
        for (document, chunk) in [("a", 3), ("b", 3), ("b", u32::MAX), ("aa", 0), ("c", 0), ("", 0)] {
            assert_eq!(segment.row_of(document, chunk), None, "{document} {chunk}");
        }
    }

    /// As somebody would who knows how files are made: the checksums are right.
    #[test]
    fn q2_whatever_bytes_a_segment_has_they_are_refused_or_can_be_scanned() {
        let (place, entry, bytes) = sample();
        let question = embedding(9);
        let wanted = Wanted::new(VectorQuery::new(&question, 5, -1.0).unwrap());
        let (mut refused, mut scanned) = (0, 0);
        for at in 0..bytes.len() - CHECKSUM_BYTES {
            for change in [0x01, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                let end = changed.len() - CHECKSUM_BYTES;
                let checksum = crc32fast::hash(&changed[..end]);
                changed[end..].copy_from_slice(&checksum.to_le_bytes());
                let entry = SegmentEntry { checksum, ..entry };
                match Segment::parse(place, 3, entry, OwnedBytes::new(changed)) {
                    Ok(segment) => {
                        let found = wanted.find_in(&segment, -1.0).unwrap().into_neighbours();
                        assert!(found.len() == 5 && found.iter().all(|found| found.cosine.abs() <= 1.0));
                        scanned += 1;
                    }
                    Err(IndexError::Damaged(_)) => refused += 1,
                    Err(error) => panic!("{error}"),
                }
            }
        }
        assert!(refused > 3 * HEADER_BYTES && scanned > 300, "{refused} refused, {scanned} scanned");
    }
}
