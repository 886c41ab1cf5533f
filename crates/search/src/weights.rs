//! The weights of a question's words: how much each that a chunk has adds to its score.

use std::borrow::Cow;
use std::io;

use syft_space_domain::dataset::{AnalyzerSettings, Tokenizer};
use tantivy::postings::TermInfo;

use crate::analyzer;
use crate::error::IndexError;
use crate::rank::LengthNorms;
use crate::segment::Segment;
use crate::spelling;
use crate::tokenizer::{NAME_MARK, STOP_WORD_MARK, is_cjk, normalized};

/// A word that no chunk has counts as much as so many words that one chunk has. The more of a question is unknown,
/// the less is a chunk about it that has the rest.
const UNKNOWN_FACTOR: f64 = 2.0;

/// A word that was taken for another one counts so many times as much as that one, of which a chunk has one.
const CORRECTED_FACTOR: f64 = 2.0;

/// The most words of a question that are searched for: the rarest.
const MAX_SEARCHED_TERMS: usize = 64;

/// The most unknown words of a question that are compared with words that are known.
const MAX_CORRECTIONS: usize = 3;

/// A term of the query that occurs in the dataset.
pub(crate) struct QueryTerm {
    /// Its share of the idf of all terms: the most that it adds to a sum.
    pub(crate) weight: f64,
    /// The weight of it and of all terms after it.
    pub(crate) remaining_weight: f64,
    /// Whether it has a mark.
    pub(crate) is_marked: bool,
    /// Its postings in each segment.
    pub(crate) term_infos: Vec<Option<TermInfo>>,
}

/// The words of a question, as an index knows them.
struct Vocabulary<'a> {
    segments: &'a [Segment],
    norms: &'a LengthNorms,
    /// Those that some chunk has, weighing their idf.
    known: Vec<QueryTerm>,
    /// What the others weigh.
    unknown_weight: f64,
}

/// The terms that occur in the dataset, the rarest first, with their weights. Sums are always made in this order, so
/// that they do not depend on how the index is cut into segments.
pub(crate) fn weighted_terms(
    segments: &[Segment],
    norms: &LengthNorms,
    settings: AnalyzerSettings,
    question: &str,
) -> Result<Vec<QueryTerm>, IndexError> {
    let question = normalized(question);
    let terms = analyzer::query_terms(settings, &question);
    let mut vocabulary = Vocabulary { segments, norms, known: Vec::new(), unknown_weight: 0.0 };
    // Of a question that has stop words only, those count that are names somewhere (IT), or else all.
    for term in terms.keys().filter(|term| term.starts_with(STOP_WORD_MARK)) {
        vocabulary.add(&with_mark(term, STOP_WORD_MARK, NAME_MARK))?;
    }
    if !vocabulary.known.is_empty() {
        return Ok(vocabulary.into_weighted());
    }
    let mut corrections_left = MAX_CORRECTIONS;
    for (term, place) in &terms {
        // A name may stand in capitals among capitals, where nothing tells it from a stop word.
        if vocabulary.add(term)? || vocabulary.add(&with_mark(term, NAME_MARK, STOP_WORD_MARK))? {
            continue;
        }
        // Neighbours in a run of characters often belong to two words: that nothing has both says little.
        if settings.tokenizer == Tokenizer::Cjk && term.starts_with(is_cjk) {
            continue;
        }
        let word = question.get(place.clone()).filter(|_| corrections_left > 0);
        let similar = word.map_or_else(Vec::new, |word| spelling::similar_terms(settings, word));
        corrections_left = corrections_left.saturating_sub(usize::from(!similar.is_empty()));
        vocabulary.add_unknown(&similar)?;
    }
    Ok(vocabulary.into_weighted())
}

/// A term with another mark, if it has this one.
fn with_mark(term: &str, old: char, new: char) -> Cow<'_, str> {
    term.strip_prefix(old).map_or(Cow::Borrowed(term), |word| Cow::Owned(format!("{new}{word}")))
}

impl Vocabulary<'_> {
    /// A term that some chunk has.
    fn look_up(&self, term: &str) -> io::Result<Option<QueryTerm>> {
        let is_marked = term.starts_with([STOP_WORD_MARK, NAME_MARK]);
        let infos = self.segments.iter().map(|segment| segment.inverted_index(is_marked).terms().get(term));
        let term_infos: Vec<Option<TermInfo>> = infos.collect::<io::Result<_>>()?;
        let chunks_with_it: f64 = term_infos.iter().flatten().map(|info| f64::from(info.doc_freq)).sum();
        let weight = self.norms.idf(chunks_with_it);
        Ok((chunks_with_it > 0.0).then_some(QueryTerm {
            weight,
            remaining_weight: 0.0,
            is_marked,
            term_infos,
        }))
    }

    /// Adds a term if some chunk has it.
    fn add(&mut self, term: &str) -> io::Result<bool> {
        let known = self.look_up(term)?;
        let is_known = known.is_some();
        self.known.extend(known);
        Ok(is_known)
    }

    /// Adds a term that no chunk has, as the most frequent of those that it may be a misspelling of.
    fn add_unknown(&mut self, similar: &[String]) -> io::Result<()> {
        let mut best: Option<QueryTerm> = None;
        for term in similar {
            let known = self.look_up(term)?;
            let is_better = |known: &QueryTerm| best.as_ref().is_none_or(|best| known.weight < best.weight);
            best = known.filter(is_better).or(best);
        }
        self.unknown_weight += match &best {
            Some(term) => (CORRECTED_FACTOR - 1.0) * term.weight,
            None => UNKNOWN_FACTOR * self.norms.idf(1.0),
        };
        self.known.extend(best);
        Ok(())
    }

    fn into_weighted(mut self) -> Vec<QueryTerm> {
        // The sort is stable and terms come in bytewise order: equally rare ones stay in it.
        self.known.sort_by(|left, right| right.weight.total_cmp(&left.weight));
        self.known.truncate(MAX_SEARCHED_TERMS);
        let all = self.unknown_weight + self.known.iter().map(|term| term.weight).sum::<f64>();
        let mut from_here = 0.0;
        for term in self.known.iter_mut().rev() {
            term.weight /= all;
            from_here += term.weight;
            term.remaining_weight = from_here;
        }
        self.known
    }
}
