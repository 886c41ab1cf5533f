//! The best chunks so far, and how good another must be to be one of them.

use std::cmp::Ordering;

use syft_space_domain::dataset::SearchQuery;
use tantivy::{DocId, SegmentOrdinal};

use crate::snapshot::Segment;

/// A chunk that may be a hit.
pub(crate) struct Entry {
    pub(crate) score: f32,
    pub(crate) segment: SegmentOrdinal,
    pub(crate) doc: DocId,
}

/// Collects the best, segment by segment.
pub(crate) struct Top {
    limit: usize,
    bar: f32,
    /// From the segments before. Beyond the limit only those that are as good as the worst within.
    best: Vec<Entry>,
    /// From the present segment.
    here: Vec<(f32, DocId)>,
}

impl Top {
    pub(crate) fn new(ask: &SearchQuery) -> Self {
        Self { limit: ask.limit, bar: ask.threshold.get(), best: Vec::new(), here: Vec::new() }
    }

    /// A score below this is no hit any more; an equal one may be.
    pub(crate) fn bar(&self) -> f64 {
        f64::from(self.bar)
    }

    pub(crate) fn offer(&mut self, segment: &Segment, score: f32, doc: DocId) {
        if score >= self.bar {
            self.here.push((score, doc));
            // Many at a time, so that choosing the best of them costs little for each.
            if self.here.len() >= self.limit.saturating_mul(2).max(64) {
                self.choose(segment);
            }
        }
    }

    /// Ends a segment.
    pub(crate) fn end(&mut self, segment: &Segment, ordinal: SegmentOrdinal) {
        self.choose(segment);
        self.best.extend(self.here.drain(..).map(|(score, doc)| Entry { score, segment: ordinal, doc }));
        self.best.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
        if let Some(worst) =
            self.limit.checked_sub(1).and_then(|at| self.best.get(at)).map(|worst| worst.score)
        {
            self.best.retain(|entry| entry.score >= worst);
            self.bar = self.bar.max(worst);
        }
    }

    pub(crate) fn into_best(self) -> Vec<Entry> {
        self.best
    }

    /// Keeps the best of the present segment.
    fn choose(&mut self, segment: &Segment) {
        let Some(last) = self.limit.checked_sub(1).filter(|last| *last < self.here.len()) else { return };
        let better = |(score, doc): &(f32, DocId), (other_score, other): &(f32, DocId)| match other_score
            .total_cmp(score)
        {
            Ordering::Equal => segment.order(*doc).cmp(&segment.order(*other)),
            unequal => unequal,
        };
        let (_, (worst, _), _) = self.here.select_nth_unstable_by(last, better);
        self.bar = self.bar.max(*worst);
        self.here.truncate(self.limit);
    }
}
