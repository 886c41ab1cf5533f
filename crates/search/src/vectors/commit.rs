//! Following changes: what is new is written, what is gone is written out of the segments that held it, and the manifest
//! makes that the index, all in one step.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use syft_space_domain::dataset::{ChangeNumber, DocumentId};
use syft_space_domain::encoder::Embedding;

use super::manifest::{Manifest, SegmentEntry};
use super::place::VectorFolder;
use super::segment::Segment;
use super::segment_writer::{Rows, Source, cut, write};
use super::snapshot::{Snapshot, open_segments};
use crate::error::IndexError;

/// What an index is to become.
pub(crate) struct Step<'a> {
    /// The last change that it has followed then.
    pub(crate) encoded: ChangeNumber,
    /// The documents whose vectors go, and what takes their place: nothing for those that are gone.
    pub(crate) documents: BTreeMap<&'a DocumentId, &'a [Embedding]>,
}

/// An index after a step, and whether what the step replaced is gone from the disk.
pub(crate) struct Committed {
    pub(crate) snapshot: Snapshot,
    pub(crate) tidied: io::Result<()>,
}

/// Takes a step, durably. A segment that is written has no more than `full` rows. When it fails the index is as it was, or as it should be: the manifest says which.
pub(crate) fn commit(
    folder: &VectorFolder,
    dimension: usize,
    full: usize,
    current: Option<&Snapshot>,
    step: &Step<'_>,
) -> Result<Committed, IndexError> {
    let (mut manifest, held): (Manifest, &[Arc<Segment>]) = match current {
        Some(snapshot) => (snapshot.manifest.clone(), &snapshot.segments),
        None => {
            folder.create()?;
            (Manifest::new(folder, dimension), &[])
        }
    };
    // Before anything is written: its names may be those of what an earlier step did not finish.
    folder.keep_only(manifest.segments.iter().map(|segment| segment.number))?;
    let plan = Plan::of(held, step, full);
    manifest.set_encoded(step.encoded);
    manifest.segments.retain(|entry| !plan.rewritten.contains(&entry.number));
    let written = write_all(folder, &mut manifest, &plan.written).and_then(|()| {
        // Their names are durable before the manifest's that counts on them.
        folder.sync()?;
        open_segments(folder, &manifest, held)
    });
    let segments = match written {
        Ok(segments) => segments,
        Err(error) => {
            // Gives back the space; what is in the way of that is told by the next step.
            drop(folder.keep_only(held.iter().map(|segment| segment.entry().number)));
            return Err(error);
        }
    };
    manifest.write(folder)?;
    let tidied = folder.keep_only(manifest.segments.iter().map(|segment| segment.number));
    Ok(Committed { snapshot: Snapshot { manifest, segments }, tidied })
}

fn write_all(
    folder: &VectorFolder,
    manifest: &mut Manifest,
    written: &[Vec<Source<'_>>],
) -> Result<(), IndexError> {
    for sources in written {
        let entry: SegmentEntry = write(folder, manifest.next, manifest.dimension, sources)?;
        manifest.next = manifest.next.saturating_add(1);
        manifest.segments.push(entry);
    }
    Ok(())
}

/// Which segments a step replaces, and by which.
struct Plan<'a> {
    rewritten: BTreeSet<u64>,
    written: Vec<Vec<Source<'a>>>,
}

impl<'a> Plan<'a> {
    fn of(held: &'a [Arc<Segment>], step: &Step<'a>, full: usize) -> Self {
        let ids: BTreeSet<&str> = step.documents.keys().map(|document| document.as_str()).collect();
        let kept: Vec<Kept<'a>> = held.iter().map(|segment| Kept::of(segment, &ids)).collect();
        let added: usize = step.documents.values().map(|embeddings| embeddings.len()).sum();
        let sizes: Vec<usize> = kept.iter().map(|kept| kept.rows).collect();
        let merged = merged_with(&sizes, added, full);
        let mut plan = Self { rewritten: BTreeSet::new(), written: Vec::new() };
        let mut together: Vec<Source<'a>> = Vec::new();
        for (at, kept) in kept.iter().enumerate() {
            let is_merged = merged.contains(&at);
            if !is_merged && !kept.is_touched {
                continue;
            }
            plan.rewritten.insert(kept.segment.entry().number);
            let runs = kept.segment.runs().filter(|run| !ids.contains(run.document));
            let sources = runs.map(|run| Source::held(kept.segment, run));
            if is_merged {
                together.extend(sources);
            } else {
                plan.written.extend(cut(sources, full));
            }
        }
        together.extend(step.documents.iter().map(|(document, embeddings)| Source {
            document: document.as_str(),
            first_chunk: 0,
            rows: Rows::New(embeddings),
        }));
        together
            .sort_by(|one, other| (one.document, one.first_chunk).cmp(&(other.document, other.first_chunk)));
        plan.written.extend(cut(together, full));
        plan
    }
}

/// What stays of a segment.
struct Kept<'a> {
    segment: &'a Segment,
    rows: usize,
    /// Whether some of it goes.
    is_touched: bool,
}

impl<'a> Kept<'a> {
    fn of(segment: &'a Segment, gone: &BTreeSet<&str>) -> Self {
        let is_touched = gone.iter().any(|document| segment.has(document));
        let rows = if is_touched {
            let kept = segment.runs().filter(|run| !gone.contains(run.document));
            kept.map(|run| run.rows.len()).sum()
        } else {
            segment.len()
        };
        Self { segment, rows, is_touched }
    }
}

/// The segments that become one with what is added, by their places. Each that stays should be at least twice as large
/// as all smaller ones together: then there are few, and a vector is written anew only as often as sizes double. Full
/// ones stay as they are.
fn merged_with(sizes: &[usize], added: usize, full: usize) -> BTreeSet<usize> {
    let mut smallest: Vec<(usize, usize)> =
        sizes.iter().enumerate().filter(|(_, size)| **size < full).map(|(at, size)| (*size, at)).collect();
    smallest.sort_unstable();
    let mut smaller = added;
    let mut run = 0_usize;
    for (before, (size, _)) in smallest.iter().enumerate() {
        if *size < smaller.saturating_mul(2) {
            run = before.saturating_add(1);
        }
        smaller = smaller.saturating_add(*size);
        if smaller >= full {
            break;
        }
    }
    smallest.into_iter().take(run).map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: usize = 20_000;

    /// Adds so many vectors to segments of these sizes, and counts those that are written.
    fn add(sizes: &mut Vec<usize>, added: usize) -> usize {
        let merged = merged_with(sizes, added, FULL);
        let mut together = added + merged.iter().map(|at| sizes[*at]).sum::<usize>();
        let written = together;
        let mut at = 0;
        sizes.retain(|_| {
            at += 1;
            !merged.contains(&(at - 1))
        });
        while together > 0 {
            sizes.push(together.min(FULL));
            together -= together.min(FULL);
        }
        written
    }

    #[test]
    fn q2_many_small_additions_leave_few_segments_and_little_writing() {
        let mut sizes = Vec::new();
        let written: usize = (0..10_000).map(|_| add(&mut sizes, 10)).sum();
        assert_eq!(sizes.iter().sum::<usize>(), 100_000);
        assert!(sizes.len() <= 5 + 12, "{}", sizes.len());
        assert!(written <= 100_000 * 16, "{written}");
    }

    #[test]
    fn q2_a_full_segment_is_never_merged() {
        let merged = merged_with(&[FULL, FULL - 1, 10, FULL + 5], 30_000, FULL);
        assert_eq!(merged, BTreeSet::from([2]));
        assert_eq!(
            merged_with(&[FULL, 100], 0, FULL),
            BTreeSet::new(),
            "where nothing is added all may stay"
        );
    }
}
