//! The nearest chunks of a snapshot: each segment is scanned by itself, and the best of all are the answer. Chunks that are
//! asked for by name are looked up in each, and compared by themselves.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use syft_space_domain::dataset::{ChunkRef, DocumentId, Neighbour, VectorQuery};

use super::products::products;
use super::quantised::Question;
use super::segment::Segment;
use crate::error::IndexError;

/// How many rows are multiplied before their cosines are looked at: their sums stay in the nearest cache.
const ROWS_AT_ONCE: usize = 256;

/// What is looked for.
pub(crate) struct Wanted {
    question: Question,
    limit: usize,
    min_cosine: f32,
    /// The chunks that are asked for by name, in their order and each once.
    named: Vec<ChunkRef>,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The nearest, the nearest first, and no more than are wanted.
    nearest: Vec<Neighbour>,
    /// Those that were asked for by name. They may be among the nearest too.
    named: Vec<Neighbour>,
}

impl Wanted {
    pub(crate) fn new(query: VectorQuery<'_>) -> Self {
        let mut named = query.named().to_vec();
        named.sort_unstable();
        named.dedup();
        let question = Question::new(query.embedding());
        Self { question, limit: query.limit(), min_cosine: query.min_cosine(), named }
    }

    /// The least cosine that one of the nearest can have behind what was found so far.
    pub(crate) fn floor(&self, found: &Found) -> f32 {
        let worst = self.limit.checked_sub(1).and_then(|last| found.nearest.get(last));
        worst.map_or(self.min_cosine, |worst| worst.cosine.max(self.min_cosine))
    }

    /// What is wanted of a segment: the nearest with at least this cosine, and those that are named.
    pub(crate) fn find_in(&self, segment: &Segment, floor: f32) -> Result<Found, IndexError> {
        let mut best = Best::new(self.limit, floor);
        self.scan(segment, &mut best);
        let nearest = best.heap.into_iter().map(|Reverse(candidate)| candidate.neighbour(segment));
        Ok(Found { nearest: nearest.collect::<Result<_, _>>()?, named: self.named_in(segment) })
    }

    /// Takes what another segment has into what was found so far.
    pub(crate) fn merge(&self, found: &mut Found, other: Found) {
        found.nearest.extend(other.nearest);
        sort(&mut found.nearest);
        found.nearest.truncate(self.limit);
        found.named.extend(other.named);
    }

    /// The chunks of a segment that were asked for by name.
    fn named_in(&self, segment: &Segment) -> Vec<Neighbour> {
        let neighbour = |named: &ChunkRef| {
            let row = segment.row_of(named.document.as_str(), named.chunk)?;
            let rows = row..row.checked_add(1)?;
            let mut sum = [0];
            products(self.question.components(), segment.rows(rows.clone()), &mut sum);
            let (factor, [sum]) = (segment.factors_of(rows).next()?, sum);
            let cosine = self.question.cosine(sum, factor);
            Some(Neighbour { document: named.document.clone(), chunk: named.chunk, cosine })
        };
        // Documents that came later mostly have later ids: then few segments have any that is named.
        let (Some(first), Some(last)) = (segment.run(0), segment.last_run()) else { return Vec::new() };
        let from = self.named.partition_point(|named| named.document.as_str() < first.document);
        let named = self.named.iter().skip(from);
        let named = named.take_while(|named| named.document.as_str() <= last.document);
        named.filter_map(neighbour).collect()
    }

    fn scan(&self, segment: &Segment, best: &mut Best) {
        let mut sums = [0; ROWS_AT_ONCE];
        let mut start = 0;
        while start < segment.len() {
            let end = start.saturating_add(ROWS_AT_ONCE).min(segment.len());
            products(self.question.components(), segment.rows(start..end), &mut sums);
            for ((row, factor), sum) in (start..end).zip(segment.factors_of(start..end)).zip(sums) {
                best.offer(self.question.cosine(sum, factor), row);
            }
            start = end;
        }
    }
}

impl Found {
    /// All of it, the nearest first and each chunk once.
    pub(crate) fn into_neighbours(self) -> Vec<Neighbour> {
        let Self { mut nearest, named } = self;
        if !named.is_empty() {
            nearest.extend(named);
            sort(&mut nearest);
            // The same chunk has the same cosine, so both lie side by side.
            nearest.dedup_by(|one, other| (&one.document, one.chunk) == (&other.document, other.chunk));
        }
        nearest
    }
}

/// The nearest first, equally near ones in the order of documents and chunks.
fn sort(neighbours: &mut [Neighbour]) {
    neighbours.sort_unstable_by(|one, other| {
        let nearer = other.cosine.total_cmp(&one.cosine);
        nearer.then_with(|| (&one.document, one.chunk).cmp(&(&other.document, other.chunk)))
    });
}

/// A row that may be one of the nearest. The greater is the better: an equally near one that comes first.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    cosine: f32,
    row: usize,
}

impl Candidate {
    fn neighbour(self, segment: &Segment) -> Result<Neighbour, IndexError> {
        let place = segment.chunk_of(self.row);
        let place = place.and_then(|(document, chunk)| Some((DocumentId::parse(document).ok()?, chunk)));
        let (document, chunk) =
            place.ok_or_else(|| IndexError::Damaged("a row of vectors is of no document".to_owned()))?;
        Ok(Neighbour { document, chunk, cosine: self.cosine })
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.cosine.total_cmp(&other.cosine).then_with(|| other.row.cmp(&self.row))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

/// The best rows of a segment so far.
struct Best {
    limit: usize,
    /// What a cosine must be: at least this, as long as there are fewer than wanted.
    min_cosine: f32,
    /// The worst of the best, once there are as many as wanted.
    worst: Option<f32>,
    heap: BinaryHeap<Reverse<Candidate>>,
}

impl Best {
    fn new(limit: usize, min_cosine: f32) -> Self {
        Self { limit, min_cosine, worst: None, heap: BinaryHeap::new() }
    }

    /// Rows are offered in their order, so an equally near one comes too late.
    #[inline]
    fn offer(&mut self, cosine: f32, row: usize) {
        let is_better = self.worst.map_or(cosine >= self.min_cosine, |worst| cosine > worst);
        if is_better {
            self.take(Candidate { cosine, row });
        }
    }

    #[cold]
    fn take(&mut self, candidate: Candidate) {
        self.heap.push(Reverse(candidate));
        if self.heap.len() > self.limit {
            self.heap.pop();
        }
        if self.heap.len() >= self.limit {
            self.worst = self.heap.peek().map(|Reverse(worst)| worst.cosine);
        }
    }
}
