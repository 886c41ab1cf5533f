//! Ranking: the best chunks for a query, found exactly and without scoring most of them (MaxScore).

use std::cell::RefCell;

use syft_space_domain::dataset::{AnalyzerSettings, SearchQuery};
use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{Postings, SegmentPostings, TermInfo};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet};

use crate::error::IndexError;
use crate::segment::Segment;
use crate::top_k::{ScoredDoc, TopK};
use crate::weights::{self, QueryTerm};

/// The usual constants of BM25: how fast more of the same term counts less, and how much a chunk's length matters.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// The most that a chunk's length counts, as a multiple of the average. With it a term counts for at least a quarter of
/// its weight, whatever the length: `1 / (1 + K1 * (1 - B + B * 3))`. The root of that is the half that a chunk with every
/// term is promised.
const MAX_RELATIVE_LENGTH: f64 = 3.0;

/// A margin above what rounding does to sums: a chunk is only passed over when it is certain to be no hit.
const ROUNDING_MARGIN: f64 = 1e-6;

/// The length normalization of BM25, by the length of a chunk.
pub(crate) struct LengthNorms {
    chunks: f64,
    /// By the length as tantivy codes it.
    norms: [f64; 256],
}

impl LengthNorms {
    pub(crate) fn of(segments: &[Segment]) -> Self {
        let words_of = |code: u8| f64::from(FieldNormReader::id_to_fieldnorm(code));
        let (mut chunks, mut terms) = (0.0, 0.0);
        for reader in segments.iter().map(|segment| &segment.fieldnorms) {
            chunks += f64::from(reader.num_docs());
            terms += (0..reader.num_docs()).map(|doc| words_of(reader.fieldnorm_id(doc))).sum::<f64>();
        }
        // Without any terms there is nothing to find, and nothing to divide by.
        let average = if terms > 0.0 { terms / chunks } else { 1.0 };
        let mut norms = [f64::INFINITY; 256];
        for (norm, code) in norms.iter_mut().zip(0..=u8::MAX) {
            *norm = K1 * (1.0 - B + B * (words_of(code) / average).min(MAX_RELATIVE_LENGTH));
        }
        Self { chunks, norms }
    }

    /// How many chunks there are.
    pub(crate) fn chunks(&self) -> f64 {
        self.chunks
    }

    /// What a term adds to the sum of a chunk that has it this often.
    fn score(&self, weight: f64, frequency: u32, code: u8) -> f64 {
        let frequency = f64::from(frequency);
        let norm = self.norms.get(usize::from(code)).copied().unwrap_or(f64::INFINITY);
        weight * frequency / (frequency + norm)
    }

    /// How rare a term is. Chunks that have it in two forms may have been counted twice.
    pub(crate) fn idf(&self, chunks_with_it: f64) -> f64 {
        let chunks_with_it = chunks_with_it.min(self.chunks);
        ((self.chunks - chunks_with_it + 0.5) / (chunks_with_it + 0.5)).ln_1p()
    }
}

/// The buffers of a thread: sums by chunk, and a bitmap of the chunks that have one. Both are all zero between uses.
#[derive(Default)]
struct ScoreAccumulator {
    sums: Vec<f64>,
    touched: Vec<u64>,
    candidates: Vec<(DocId, f64)>,
}

thread_local! {
    static ACCUMULATOR: RefCell<ScoreAccumulator> = RefCell::default();
}

/// The best chunks of an index for a query, and the hashes of the terms that they were found by. Where equal scores
/// straddle the limit, there are more chunks than asked for.
pub(crate) fn top_chunks(
    segments: &[Segment],
    norms: &LengthNorms,
    settings: AnalyzerSettings,
    query: &SearchQuery<'_>,
) -> Result<(Vec<ScoredDoc>, Vec<u32>), IndexError> {
    let terms = weights::weighted_terms(segments, norms, settings, query.text)?;
    let mut top_k = TopK::new(query);
    if !terms.is_empty() {
        // What fails half-way leaves sums behind; they are dropped with it.
        let mut sums = ACCUMULATOR.take();
        for (ordinal, segment) in segments.iter().enumerate() {
            rank(segment, ordinal, &terms, norms, &mut sums, &mut top_k)?;
            top_k.finish_segment(segment, u32::try_from(ordinal).unwrap_or(u32::MAX));
        }
        ACCUMULATOR.set(sums);
    }
    Ok((top_k.into_docs(), terms.iter().flat_map(QueryTerm::hashes).collect()))
}

fn rank(
    segment: &Segment,
    ordinal: usize,
    terms: &[QueryTerm],
    norms: &LengthNorms,
    sums: &mut ScoreAccumulator,
    top_k: &mut TopK,
) -> Result<(), IndexError> {
    let needed = top_k.min_score().powi(2) - ROUNDING_MARGIN;
    // A chunk that has none of these terms is no hit, whichever of the others it has.
    let essential = terms.iter().take_while(|term| term.remaining_weight >= needed).count();
    let (essential, non_essential) = terms.split_at_checked(essential).unwrap_or((terms, &[]));
    for term in essential {
        sums.add_all(segment, ordinal, term, norms)?;
    }
    let max_remaining = non_essential.first().map_or(0.0, |term| term.remaining_weight);
    sums.drain(|doc, sum| sum + max_remaining >= needed && segment.is_alive(doc));
    for (at, term) in non_essential.iter().enumerate() {
        if sums.candidates.is_empty() {
            return Ok(());
        }
        let max_remaining = non_essential.get(at.saturating_add(1)).map_or(0.0, |next| next.remaining_weight);
        sums.add_to_candidates(segment, ordinal, term, norms)?;
        sums.candidates.retain(|(_, sum)| sum + max_remaining >= needed);
    }
    for (doc, sum) in sums.candidates.drain(..) {
        top_k.push(segment, score(sum), doc);
    }
    Ok(())
}

impl ScoreAccumulator {
    /// Adds a term to every chunk that has it.
    fn add_all(
        &mut self,
        segment: &Segment,
        ordinal: usize,
        term: &QueryTerm,
        norms: &LengthNorms,
    ) -> Result<(), IndexError> {
        let chunks = usize::try_from(segment.fieldnorms.num_docs()).unwrap_or(usize::MAX);
        if self.sums.len() < chunks {
            self.sums.resize(chunks, 0.0);
            self.touched.resize(chunks.div_ceil(64), 0);
        }
        for (at, (info, times)) in term.postings(ordinal).enumerate() {
            if at == 0 {
                // Most terms have no other form.
                self.add_form(segment, term, info, |sum, _, frequency, code| {
                    *sum += norms.score(term.weight, frequency.saturating_mul(times), code);
                })?;
                continue;
            }
            let mut forms_before = Occurrences::default();
            for (info, times) in term.postings(ordinal).take(at) {
                forms_before.add(segment, term, info, times)?;
            }
            self.add_form(segment, term, info, |sum, doc, frequency, code| {
                let before = forms_before.of(doc);
                let all = before.saturating_add(frequency.saturating_mul(times));
                *sum += norms.score(term.weight, all, code);
                if before > 0 {
                    *sum -= norms.score(term.weight, before, code);
                }
            })?;
        }
        Ok(())
    }

    /// Visits the sum of every chunk that has a form of a term, with the chunk, how often it has it, and its coded length.
    fn add_form(
        &mut self,
        segment: &Segment,
        term: &QueryTerm,
        info: &TermInfo,
        mut add: impl FnMut(&mut f64, DocId, u32, u8),
    ) -> Result<(), IndexError> {
        let index = segment.inverted_index(term.is_marked);
        let mut block = index.read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
        while !block.docs().is_empty() {
            for (doc, frequency) in block.docs().iter().zip(block.freqs()) {
                let at = usize::try_from(*doc).unwrap_or(usize::MAX);
                if let (Some(sum), Some(touched)) = (self.sums.get_mut(at), self.touched.get_mut(at / 64)) {
                    add(sum, *doc, *frequency, segment.fieldnorms.fieldnorm_id(*doc));
                    *touched |= 1 << (at % 64);
                }
            }
            block.advance();
        }
        Ok(())
    }

    /// Makes candidates of the chunks that may become hits, in order, and sets all sums back.
    fn drain(&mut self, may_be_hit: impl Fn(DocId, f64) -> bool) {
        self.candidates.clear();
        for (first, touched) in (0_u32..).step_by(64).zip(&mut self.touched) {
            let mut left = std::mem::take(touched);
            while left != 0 {
                let doc = first.saturating_add(left.trailing_zeros());
                left &= left.saturating_sub(1);
                let sum = usize::try_from(doc).ok().and_then(|at| self.sums.get_mut(at)).map(std::mem::take);
                self.candidates.extend(sum.filter(|sum| may_be_hit(doc, *sum)).map(|sum| (doc, sum)));
            }
        }
    }

    /// Adds a term to those candidates that have it.
    fn add_to_candidates(
        &mut self,
        segment: &Segment,
        ordinal: usize,
        term: &QueryTerm,
        norms: &LengthNorms,
    ) -> Result<(), IndexError> {
        let mut all = term.postings(ordinal);
        let Some((info, times)) = all.next() else { return Ok(()) };
        let index = segment.inverted_index(term.is_marked);
        let mut first = index.read_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
        let mut others = Occurrences::default();
        for (info, times) in all {
            others.add(segment, term, info, times)?;
        }
        for (doc, sum) in &mut self.candidates {
            let frequency = occurrences(&mut first, times, *doc).saturating_add(others.of(*doc));
            if frequency > 0 {
                *sum += norms.score(term.weight, frequency, segment.fieldnorms.fieldnorm_id(*doc));
            }
        }
        Ok(())
    }
}

/// How often a chunk has a form of a term, of which each occurrence counts so many times. Asked for chunk by chunk in their
/// order.
fn occurrences(postings: &mut SegmentPostings, times: u32, doc: DocId) -> u32 {
    if postings.doc() < doc {
        postings.seek(doc);
    }
    if postings.doc() == doc { postings.term_freq().saturating_mul(times) } else { 0 }
}

/// How often chunks have a term in some of its forms, asked for chunk by chunk in their order.
#[derive(Default)]
struct Occurrences(Vec<(SegmentPostings, u32)>);

impl Occurrences {
    fn add(
        &mut self,
        segment: &Segment,
        term: &QueryTerm,
        info: &TermInfo,
        times: u32,
    ) -> Result<(), IndexError> {
        let index = segment.inverted_index(term.is_marked);
        self.0.push((index.read_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?, times));
        Ok(())
    }

    fn of(&mut self, doc: DocId) -> u32 {
        let forms = self.0.iter_mut();
        forms.fold(0, |all, (postings, times)| all.saturating_add(occurrences(postings, *times, doc)))
    }
}

/// The score of a sum. The root keeps the order, and spreads sums, which are mostly low, over the scores there are.
#[expect(clippy::as_conversions, reason = "nothing else rounds to f32")]
fn score(sum: f64) -> f32 {
    sum.clamp(0.0, 1.0).sqrt() as f32
}
