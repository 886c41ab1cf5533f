//! Writing segments: what stays of others, and what is new.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};

use syft_space_domain::encoder::Embedding;
use syft_space_home::private_file;

use super::manifest::SegmentEntry;
use super::place::VectorFolder;
use super::quantised::{push_row, stride};
use super::segment::{Counts, Run, Segment, header};
use crate::error::IndexError;

/// How many rows a full segment has, by the most bytes of its rows: at least one.
pub(crate) fn full_rows(dimension: usize, segment_bytes: usize) -> usize {
    (segment_bytes / stride(dimension).max(1)).max(1)
}

/// Vectors of one document's chunks, one behind the other, that are to be written.
#[derive(Clone)]
pub(crate) struct Source<'a> {
    pub(crate) document: &'a str,
    pub(crate) first_chunk: u32,
    pub(crate) rows: Rows<'a>,
}

/// Where the vectors come from.
#[derive(Clone)]
pub(crate) enum Rows<'a> {
    /// A segment holds them.
    Held(&'a Segment, std::ops::Range<usize>),
    /// They are new.
    New(&'a [Embedding]),
}

impl<'a> Source<'a> {
    /// What a segment holds.
    pub(crate) fn held(segment: &'a Segment, run: Run<'a>) -> Self {
        Self { document: run.document, first_chunk: run.first_chunk, rows: Rows::Held(segment, run.rows) }
    }

    pub(crate) fn len(&self) -> usize {
        match &self.rows {
            Rows::Held(_, rows) => rows.len(),
            Rows::New(embeddings) => embeddings.len(),
        }
    }

    /// The first rows, and the rest.
    fn split_at(self, count: usize) -> (Self, Self) {
        let count = count.min(self.len());
        let (first, rest) = match self.rows {
            Rows::Held(segment, rows) => {
                let middle = rows.start.saturating_add(count);
                (Rows::Held(segment, rows.start..middle), Rows::Held(segment, middle..rows.end))
            }
            Rows::New(embeddings) => {
                let (first, rest) = embeddings.split_at_checked(count).unwrap_or((embeddings, &[]));
                (Rows::New(first), Rows::New(rest))
            }
        };
        let next_chunk = u32::try_from(count).unwrap_or(u32::MAX).saturating_add(self.first_chunk);
        let Self { document, first_chunk, .. } = self;
        (Self { document, first_chunk, rows: first }, Self { document, first_chunk: next_chunk, rows: rest })
    }
}

/// Cuts what is to be written into segments that are full, but for the last one.
pub(crate) fn cut<'a>(sources: impl IntoIterator<Item = Source<'a>>, full: usize) -> Vec<Vec<Source<'a>>> {
    let mut segments: Vec<Vec<Source<'a>>> = Vec::new();
    let mut room = 0;
    for source in sources {
        let mut rest = source;
        while rest.len() > 0 {
            if room == 0 {
                segments.push(Vec::new());
                room = full.max(1);
            }
            let (first, behind) = rest.split_at(room);
            room = room.saturating_sub(first.len());
            if let Some(segment) = segments.last_mut() {
                segment.push(first);
            }
            rest = behind;
        }
    }
    segments
}

/// Writes a segment, durably but for its name. The sources are in the order of documents and chunks.
pub(crate) fn write(
    folder: &VectorFolder,
    number: u64,
    dimension: usize,
    sources: &[Source<'_>],
) -> Result<SegmentEntry, IndexError> {
    let counts = counts(dimension, sources)?;
    let mut file = Summed::create(folder, number)?;
    file.write(&header(folder.place(), counts))?;
    let mut factors = Vec::new();
    let mut row = Vec::new();
    for source in sources {
        match &source.rows {
            Rows::Held(segment, rows) => {
                file.write(segment.rows(rows.clone()))?;
                factors.extend(segment.factors_of(rows.clone()));
            }
            Rows::New(embeddings) => {
                for embedding in *embeddings {
                    row.clear();
                    factors.push(push_row(embedding, &mut row));
                    file.write(&row)?;
                }
            }
        }
    }
    for factor in factors {
        file.write(&factor.to_le_bytes())?;
    }
    let (mut first_row, mut id_end) = (0_u32, 0_u32);
    for source in sources {
        id_end = id_end.saturating_add(as_u32(source.document.len())?);
        for number in [first_row, source.first_chunk, id_end] {
            file.write(&number.to_le_bytes())?;
        }
        first_row = first_row.saturating_add(as_u32(source.len())?);
    }
    for source in sources {
        file.write(source.document.as_bytes())?;
    }
    Ok(SegmentEntry { number, rows: counts.rows, checksum: file.finish()? })
}

fn counts(dimension: usize, sources: &[Source<'_>]) -> Result<Counts, IndexError> {
    Ok(Counts {
        dimension: as_u32(dimension)?,
        rows: as_u32(sources.iter().map(Source::len).sum())?,
        runs: as_u32(sources.len())?,
        id_bytes: as_u32(sources.iter().map(|source| source.document.len()).sum())?,
    })
}

fn as_u32(number: usize) -> Result<u32, IndexError> {
    u32::try_from(number).map_err(|_| IndexError::Io(io::Error::other("a segment would be too large")))
}

/// A new file, and the CRC-32 of what was written to it.
struct Summed {
    file: BufWriter<File>,
    sum: crc32fast::Hasher,
}

impl Summed {
    fn create(folder: &VectorFolder, number: u64) -> io::Result<Self> {
        let file = private_file::create(&folder.segment(number))?;
        Ok(Self { file: BufWriter::with_capacity(1 << 18, file), sum: crc32fast::Hasher::new() })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.file.write_all(bytes)
    }

    fn finish(mut self) -> io::Result<u32> {
        let checksum = self.sum.finalize();
        self.file.write_all(&checksum.to_le_bytes())?;
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(checksum)
    }
}
