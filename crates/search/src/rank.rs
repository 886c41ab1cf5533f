//! Which chunks are closest to a question, exactly, and without looking at most of them.

use std::cell::RefCell;
use std::io;

use syft_space_domain::dataset::{AnalyzerSettings, SearchQuery};
use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{Postings, TermInfo};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet};

use crate::analyzer;
use crate::error::Fault;
use crate::snapshot::Segment;
use crate::top::{Entry, Top};

/// BM25's usual constants: how fast more of the same word counts less, and how much a chunk's length matters.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// A chunk's length counts up to so many times the average. With it a word counts for at least a quarter of its
/// share, whatever the length: `1 / (1 + K1 * (1 - B + B * 3))`. The root of that is the half that a chunk with every
/// word is promised.
const LONGEST: f64 = 3.0;

/// More than sums differ by rounding: a chunk is only passed over when it is certain to be no hit.
const ROUNDING: f64 = 1e-6;

/// A word of the question that occurs in the dataset.
struct Word {
    /// Its share of the idf of all: what it adds to a sum at most.
    share: f64,
    /// The shares of it and of all words after it.
    share_from_here: f64,
    /// Where its chunks are listed in each segment.
    lists: Vec<Option<TermInfo>>,
}

/// How the length of a chunk tells on the score.
pub(crate) struct Lengths {
    chunks: f64,
    /// By the length as tantivy codes it.
    norms: Vec<f64>,
}

impl Lengths {
    pub(crate) fn of(segments: &[Segment]) -> Self {
        let words_of = |code: u8| f64::from(FieldNormReader::id_to_fieldnorm(code));
        let (mut chunks, mut words) = (0.0, 0.0);
        for lengths in segments.iter().map(|segment| &segment.lengths) {
            chunks += f64::from(lengths.num_docs());
            words += (0..lengths.num_docs()).map(|doc| words_of(lengths.fieldnorm_id(doc))).sum::<f64>();
        }
        // Without any words there is nothing to find, and nothing to divide by.
        let average = if words > 0.0 { words / chunks } else { 1.0 };
        let norm = |code| K1 * (1.0 - B + B * (words_of(code) / average).min(LONGEST));
        Self { chunks, norms: (0..=u8::MAX).map(norm).collect() }
    }

    /// What a word adds to the sum of a chunk that has it so many times.
    fn score(&self, share: f64, times: u32, code: u8) -> f64 {
        let times = f64::from(times);
        let norm = self.norms.get(usize::from(code)).copied().unwrap_or(f64::INFINITY);
        share * times / (times + norm)
    }

    fn idf(&self, chunks_with_it: f64) -> f64 {
        ((self.chunks - chunks_with_it + 0.5) / (chunks_with_it + 0.5)).ln_1p()
    }
}

/// What a thread uses again and again: sums by chunk, and which chunks have one. Both are all zero between uses.
#[derive(Default)]
struct Sums {
    sums: Vec<f64>,
    changes: Vec<u64>,
    candidates: Vec<(DocId, f64)>,
}

thread_local! {
    static SUMS: RefCell<Sums> = RefCell::default();
}

/// The best chunks of an index for a question. Where equal scores straddle the limit, there are more than asked for.
pub(crate) fn best(
    segments: &[Segment],
    lengths: &Lengths,
    settings: AnalyzerSettings,
    ask: &SearchQuery,
) -> Result<Vec<Entry>, Fault> {
    let words = known_words(segments, lengths, &analyzer::words(settings, &ask.text))?;
    let mut top = Top::new(ask);
    if !words.is_empty() {
        // What fails half-way leaves sums behind; they are dropped with it.
        let mut sums = SUMS.take();
        for (ordinal, segment) in segments.iter().enumerate() {
            rank(segment, ordinal, &words, lengths, &mut sums, &mut top)?;
            top.end(segment, u32::try_from(ordinal).unwrap_or(u32::MAX));
        }
        SUMS.set(sums);
    }
    Ok(top.into_best())
}

/// The words that occur in the dataset, the rarest first. Sums are always made in this order, so that they do not
/// depend on how the index is cut into segments.
fn known_words(segments: &[Segment], lengths: &Lengths, words: &[String]) -> Result<Vec<Word>, Fault> {
    let mut known = Vec::with_capacity(words.len());
    for word in words {
        let lists: Vec<Option<TermInfo>> =
            segments.iter().map(|segment| segment.words.terms().get(word)).collect::<io::Result<_>>()?;
        let chunks_with_it: f64 = lists.iter().flatten().map(|list| f64::from(list.doc_freq)).sum();
        if chunks_with_it > 0.0 {
            known.push(Word { share: lengths.idf(chunks_with_it), share_from_here: 0.0, lists });
        }
    }
    // The sort is stable and words come in bytewise order: equally rare ones stay in it.
    known.sort_by(|one, other| other.share.total_cmp(&one.share));
    let all: f64 = known.iter().map(|word| word.share).sum();
    let mut from_here = 0.0;
    for word in known.iter_mut().rev() {
        word.share /= all;
        from_here += word.share;
        word.share_from_here = from_here;
    }
    Ok(known)
}

fn rank(
    segment: &Segment,
    ordinal: usize,
    words: &[Word],
    lengths: &Lengths,
    sums: &mut Sums,
    top: &mut Top,
) -> Result<(), Fault> {
    let needed = top.bar().powi(2) - ROUNDING;
    // A chunk that has none of these words is no hit, whichever of the others it has.
    let essential = words.iter().take_while(|word| word.share_from_here >= needed).count();
    let (essential, others) = words.split_at_checked(essential).unwrap_or((words, &[]));
    for word in essential {
        if let Some(list) = word.lists.get(ordinal).and_then(Option::as_ref) {
            sums.add_all(segment, list, word.share, lengths)?;
        }
    }
    let to_come = others.first().map_or(0.0, |word| word.share_from_here);
    sums.drain(|doc, sum| sum + to_come >= needed && segment.is_alive(doc));
    for (at, word) in others.iter().enumerate() {
        if sums.candidates.is_empty() {
            return Ok(());
        }
        let to_come = others.get(at.saturating_add(1)).map_or(0.0, |next| next.share_from_here);
        if let Some(list) = word.lists.get(ordinal).and_then(Option::as_ref) {
            sums.add_to_candidates(segment, list, word.share, lengths)?;
        }
        sums.candidates.retain(|(_, sum)| sum + to_come >= needed);
    }
    for (doc, sum) in sums.candidates.drain(..) {
        top.offer(segment, score(sum), doc);
    }
    Ok(())
}

impl Sums {
    /// Adds a word to every chunk that has it.
    fn add_all(
        &mut self,
        segment: &Segment,
        list: &TermInfo,
        share: f64,
        lengths: &Lengths,
    ) -> Result<(), Fault> {
        let chunks = usize::try_from(segment.lengths.num_docs()).unwrap_or(usize::MAX);
        if self.sums.len() < chunks {
            self.sums.resize(chunks, 0.0);
            self.changes.resize(chunks.div_ceil(64), 0);
        }
        let mut block =
            segment.words.read_block_postings_from_terminfo(list, IndexRecordOption::WithFreqs)?;
        while !block.docs().is_empty() {
            for (doc, times) in block.docs().iter().zip(block.freqs()) {
                let at = usize::try_from(*doc).unwrap_or(usize::MAX);
                if let (Some(sum), Some(changes)) = (self.sums.get_mut(at), self.changes.get_mut(at / 64)) {
                    *sum += lengths.score(share, *times, segment.lengths.fieldnorm_id(*doc));
                    *changes |= 1 << (at % 64);
                }
            }
            block.advance();
        }
        Ok(())
    }

    /// Makes candidates of the chunks that may become hits, in order, and sets all sums back.
    fn drain(&mut self, may_be_hit: impl Fn(DocId, f64) -> bool) {
        self.candidates.clear();
        for (first, changes) in (0_u32..).step_by(64).zip(&mut self.changes) {
            let mut left = std::mem::take(changes);
            while left != 0 {
                let doc = first.saturating_add(left.trailing_zeros());
                left &= left.saturating_sub(1);
                let sum = usize::try_from(doc).ok().and_then(|at| self.sums.get_mut(at)).map(std::mem::take);
                self.candidates.extend(sum.filter(|sum| may_be_hit(doc, *sum)).map(|sum| (doc, sum)));
            }
        }
    }

    /// Adds a word to those candidates that have it.
    fn add_to_candidates(
        &mut self,
        segment: &Segment,
        list: &TermInfo,
        share: f64,
        lengths: &Lengths,
    ) -> Result<(), Fault> {
        let mut postings = segment.words.read_postings_from_terminfo(list, IndexRecordOption::WithFreqs)?;
        for (doc, sum) in &mut self.candidates {
            if postings.doc() < *doc {
                postings.seek(*doc);
            }
            if postings.doc() == *doc {
                *sum += lengths.score(share, postings.term_freq(), segment.lengths.fieldnorm_id(*doc));
            }
        }
        Ok(())
    }
}

/// The score of a sum. The root keeps the order, and spreads sums, which are mostly low, over the scores there are.
#[expect(clippy::as_conversions, reason = "nothing else rounds to f32")]
fn score(sum: f64) -> f32 {
    sum.clamp(0.0, 1.0).sqrt() as f32
}
