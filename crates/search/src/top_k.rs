//! The best chunks so far, and the score that another must have to be one of them.

use std::cmp::Ordering;

use syft_space_domain::dataset::SearchQuery;
use tantivy::{DocId, SegmentOrdinal};

use crate::segment::Segment;

/// A chunk that may be a hit.
pub(crate) struct ScoredDoc {
    pub(crate) score: f32,
    pub(crate) segment: SegmentOrdinal,
    pub(crate) doc: DocId,
}

/// A collector of the best, segment by segment.
pub(crate) struct TopK {
    limit: usize,
    min_score: f32,
    /// Those of the segments before. Beyond the limit only those that are as good as the worst within.
    best: Vec<ScoredDoc>,
    /// Those of the current segment.
    current: Vec<(f32, DocId)>,
}

impl TopK {
    pub(crate) fn new(query: &SearchQuery<'_>) -> Self {
        Self { limit: query.limit, min_score: query.threshold.get(), best: Vec::new(), current: Vec::new() }
    }

    /// The least score of a hit. An equal one may be a hit.
    pub(crate) fn min_score(&self) -> f64 {
        f64::from(self.min_score)
    }

    pub(crate) fn push(&mut self, segment: &Segment, score: f32, doc: DocId) {
        if score >= self.min_score {
            self.current.push((score, doc));
            // Many at a time, so that choosing the best of them costs little for each.
            if self.current.len() >= self.limit.saturating_mul(2).max(64) {
                self.keep_best(segment);
            }
        }
    }

    /// Finishes a segment.
    pub(crate) fn finish_segment(&mut self, segment: &Segment, ordinal: SegmentOrdinal) {
        self.keep_best(segment);
        self.best.extend(self.current.drain(..).map(|(score, doc)| ScoredDoc {
            score,
            segment: ordinal,
            doc,
        }));
        self.best.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
        if let Some(worst) =
            self.limit.checked_sub(1).and_then(|at| self.best.get(at)).map(|worst| worst.score)
        {
            self.best.retain(|entry| entry.score >= worst);
            self.min_score = self.min_score.max(worst);
        }
    }

    pub(crate) fn into_docs(self) -> Vec<ScoredDoc> {
        self.best
    }

    /// Keeps the best of the current segment.
    fn keep_best(&mut self, segment: &Segment) {
        let Some(last) = self.limit.checked_sub(1).filter(|last| *last < self.current.len()) else { return };
        let better = |(score, doc): &(f32, DocId), (other_score, other): &(f32, DocId)| match other_score
            .total_cmp(score)
        {
            Ordering::Equal => segment.order(*doc).cmp(&segment.order(*other)),
            unequal => unequal,
        };
        let (_, (worst, _), _) = self.current.select_nth_unstable_by(last, better);
        self.min_score = self.min_score.max(*worst);
        self.current.truncate(self.limit);
    }
}
