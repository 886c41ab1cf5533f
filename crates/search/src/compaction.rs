//! The compaction of an index: segments are merged after a commit, so that they stay few and hold nothing removed.

use tantivy::IndexWriter;
use tantivy::index::{SegmentId, SegmentMeta};

use crate::error::IndexError;

/// The chunks of a full segment. It is written anew only to remove some of them. More would make searches a little
/// faster and removals slower.
const FULL_SEGMENT_CHUNKS: u32 = 20_000;

/// Merges what should be merged, and unlinks the files that are no longer needed.
pub(crate) fn compact(writer: &mut IndexWriter) -> Result<(), IndexError> {
    let merged = merge_all(writer);
    // Also after a merge that failed: it leaves files behind, and may have failed for want of space.
    writer.garbage_collect_files().wait()?;
    merged
}

fn merge_all(writer: &mut IndexWriter) -> Result<(), IndexError> {
    loop {
        let segments: Vec<SegmentInfo> =
            writer.index().searchable_segment_metas()?.iter().map(SegmentInfo::from).collect();
        let merge = next_merge(segments);
        if merge.is_empty() {
            return Ok(());
        }
        writer.merge(&merge).wait()?;
    }
}

/// The facts about a segment that decide on merges. It must not hold the segment itself: that keeps its files.
#[derive(Debug, Clone, Copy)]
struct SegmentInfo {
    id: SegmentId,
    chunks: u32,
    has_removed: bool,
}

impl From<&SegmentMeta> for SegmentInfo {
    fn from(meta: &SegmentMeta) -> Self {
        Self { id: meta.id(), chunks: meta.num_docs(), has_removed: meta.has_deletes() }
    }
}

/// The segments to merge into one next; none when all is tidy.
fn next_merge(mut segments: Vec<SegmentInfo>) -> Vec<SegmentId> {
    // A full segment with removed chunks is written anew on its own.
    if let Some(full) =
        segments.iter().find(|segment| segment.has_removed && segment.chunks >= FULL_SEGMENT_CHUNKS)
    {
        return vec![full.id];
    }
    segments.retain(|segment| segment.chunks < FULL_SEGMENT_CHUNKS);
    segments.sort_by_key(|segment| segment.chunks);
    // Each should be at least twice as large as all smaller ones together: then there are few, and a chunk is
    // written anew only as often as sizes double. The largest that is not, and all smaller ones, become one.
    let mut smaller = 0_u32;
    let mut run = 0_usize;
    for (at, segment) in segments.iter().enumerate() {
        if segment.chunks < smaller.saturating_mul(2) {
            run = at.saturating_add(1);
        }
        smaller = smaller.saturating_add(segment.chunks);
        if smaller >= FULL_SEGMENT_CHUNKS {
            break;
        }
    }
    segments
        .iter()
        .enumerate()
        .filter(|(at, segment)| *at < run || segment.has_removed)
        .map(|(_, segment)| segment.id)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(chunks: u32, has_removed: bool) -> SegmentInfo {
        SegmentInfo { id: SegmentId::generate_random(), chunks, has_removed }
    }

    /// Merges until all is tidy, and counts the chunks written.
    fn settle(segments: &mut Vec<SegmentInfo>) -> u64 {
        let mut written = 0;
        loop {
            let merge = next_merge(segments.clone());
            if merge.is_empty() {
                return written;
            }
            let (merged, rest): (Vec<_>, Vec<_>) =
                segments.iter().copied().partition(|segment| merge.contains(&segment.id));
            assert!(merged.len() > 1 || merged[0].has_removed, "a merge that changes nothing never ends");
            let chunks = merged.iter().map(|segment| segment.chunks).sum();
            written += u64::from(chunks);
            *segments = rest;
            segments.push(segment(chunks, false));
        }
    }

    #[test]
    fn many_small_additions_leave_few_segments_and_little_writing() {
        let mut segments = Vec::new();
        let mut written = 0;
        for _ in 0..10_000 {
            segments.push(segment(10, false));
            written += settle(&mut segments);
        }
        assert!(segments.len() <= 5 + 12, "{}", segments.len());
        assert!(written <= 100_000 * 16, "{written}");
    }

    #[test]
    fn a_large_addition_leaves_few_segments() {
        let mut segments: Vec<_> = (0..55).map(|_| segment(1_800, false)).collect();
        segments.push(segment(140, false));
        assert!(settle(&mut segments) <= 2 * 100_000);
        assert!(segments.len() <= 5 + 1, "{segments:?}");
    }

    #[test]
    fn nothing_removed_stays_in_any_segment() {
        let mut segments: Vec<_> =
            [30_000, 20_000, 9_000, 2_000, 1].into_iter().map(|chunks| segment(chunks, true)).collect();
        settle(&mut segments);
        assert!(segments.iter().all(|segment| !segment.has_removed));
        assert!(segments.iter().any(|segment| segment.chunks == 30_000), "a full segment grew");
    }
}
