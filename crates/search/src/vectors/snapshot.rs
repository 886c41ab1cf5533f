//! A snapshot: an index of vectors as it was when a change was last followed, opened for questions.

use std::sync::Arc;

use tantivy::directory::MmapDirectory;

use super::manifest::{Manifest, SegmentEntry};
use super::place::VectorFolder;
use super::segment::Segment;
use crate::error::IndexError;

/// An opened index.
pub(crate) struct Snapshot {
    pub(crate) manifest: Manifest,
    pub(crate) segments: Vec<Arc<Segment>>,
}

impl Snapshot {
    /// Opens what is there; `None` when there is no index.
    pub(crate) fn open(folder: &VectorFolder) -> Result<Option<Self>, IndexError> {
        let Some(mut manifest) = Manifest::read(folder)? else { return Ok(None) };
        loop {
            let error = match open_segments(folder, &manifest, &[]) {
                Ok(segments) => return Ok(Some(Self { manifest, segments })),
                Err(error) => error,
            };
            // What it names may have been replaced and unlinked meanwhile; then there is another manifest.
            let Some(now) = Manifest::read(folder)? else { return Ok(None) };
            if now == manifest {
                return Err(error);
            }
            manifest = now;
        }
    }

    /// How many bytes a scan reads.
    pub(crate) fn row_bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.len().saturating_mul(segment.stride())).sum()
    }
}

/// Opens the segments that a manifest names. Those that are open already are the same still.
pub(crate) fn open_segments(
    folder: &VectorFolder,
    manifest: &Manifest,
    opened: &[Arc<Segment>],
) -> Result<Vec<Arc<Segment>>, IndexError> {
    let directory = MmapDirectory::open(folder.path()).map_err(tantivy::TantivyError::from)?;
    let open = |entry: &SegmentEntry| match opened.iter().find(|segment| segment.entry() == *entry) {
        Some(segment) => Ok(Arc::clone(segment)),
        None => Segment::open(folder, &directory, manifest.dimension, *entry).map(Arc::new),
    };
    manifest.segments.iter().map(open).collect()
}
