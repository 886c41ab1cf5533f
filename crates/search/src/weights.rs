//! The weights of a question's words: how much each that a chunk has adds to its score.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use syft_space_domain::dataset::{AnalyzerSettings, Tokenizer, hyphenated_words};
use tantivy::postings::TermInfo;

use crate::analyzer;
use crate::error::IndexError;
use crate::near_forms;
use crate::rank::LengthNorms;
use crate::segment::Segment;
use crate::spelling;
use crate::tokenizer::{CAPITAL_MARK, MARKS, NAME_MARK, STOP_WORD_MARK, is_cjk, normalized};
use crate::word_places;

/// A word that no chunk has counts as much as so many words that one chunk has. The more of a question is unknown,
/// the less is a chunk about it that has the rest.
const UNKNOWN_FACTOR: f64 = 2.0;

/// A word that was taken for another one counts so many times as much as that one, of which a chunk has one.
const CORRECTED_FACTOR: f64 = 2.0;

/// The same for a word that was taken for another form of its verb.
const NEAR_FACTOR: f64 = 1.5;

/// The most words of a question that are searched for: the rarest.
const MAX_SEARCHED_TERMS: usize = 64;

/// The most unknown words of a question that are compared with words that are known.
const MAX_CORRECTIONS: usize = 3;

/// The most unknown words of a question of which other forms are looked up.
const MAX_NEAR: usize = 16;

/// The most words that are made of a question's words by leaving their hyphens out.
const MAX_JOINED: usize = 16;

/// How many times one occurrence of a stop word counts, by its mark. Whoever asks for nothing else mostly means the name.
const TIMES_BY_MARK: [u32; MARKS.len()] = [1, 6, 12];

/// How many times one occurrence of a stop word counts that is written as a name, where the question writes it so.
const NAME_TIMES: u32 = 20;

/// How many times as much a stop word weighs that the question has with a capital letter: "Who is Will?".
const CAPITAL_FACTOR: f64 = 10.0;

/// A term of the query that occurs in the dataset.
pub(crate) struct QueryTerm {
    /// Its share of the idf of all terms: the most that it adds to a sum.
    pub(crate) weight: f64,
    /// The weight of it and of all terms after it.
    pub(crate) remaining_weight: f64,
    /// Whether it has a mark.
    pub(crate) is_marked: bool,
    /// Its forms: the hash by which each is found in a chunk, and how many times an occurrence of it counts.
    forms: Vec<(u32, u32)>,
    /// The number of segments.
    segments: usize,
    /// The postings of each form in each segment, one form after another.
    term_infos: Vec<Option<TermInfo>>,
}

impl QueryTerm {
    /// Its postings in a segment, and how many times each occurrence counts.
    pub(crate) fn postings(&self, segment: usize) -> impl Iterator<Item = (&TermInfo, u32)> + Clone {
        let in_segment = self.term_infos.iter().skip(segment).step_by(self.segments.max(1));
        in_segment.zip(&self.forms).filter_map(|(info, (_, times))| Some((info.as_ref()?, *times)))
    }

    /// The hashes by which its forms are found in a chunk.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = u32> {
        self.forms.iter().map(|(hash, _)| *hash)
    }
}

/// The words of a question, as an index knows them.
struct Vocabulary<'a> {
    segments: &'a [Segment],
    norms: &'a LengthNorms,
    /// The terms that a term is found in too, because the question has it as a part of a word with hyphens.
    joined: BTreeMap<String, BTreeSet<String>>,
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
    let mut vocabulary = Vocabulary {
        segments,
        norms,
        joined: joined_terms(settings, &question),
        known: Vec::new(),
        unknown_weight: 0.0,
    };
    let mut names = analyzer::possible_names(settings, &question);
    let known_names = vocabulary.known_names(names.keys())?;
    names.retain(|name, _| known_names.contains_key(name));
    let terms = analyzer::query_terms(settings, &question, names);
    let (mut near_left, mut corrections_left) = (MAX_NEAR, MAX_CORRECTIONS);
    for (term, place) in terms.iter().filter(|(term, _)| !known_names.contains_key(*term)) {
        if vocabulary.add(term)? {
            continue;
        }
        // Neighbours in a run of characters often belong to two words: that nothing has both says little.
        if settings.tokenizer == Tokenizer::Cjk && term.starts_with(is_cjk) {
            continue;
        }
        let near = if near_left > 0 { near_forms::near_terms(settings.stemming, term) } else { Vec::new() };
        near_left = near_left.saturating_sub(usize::from(!near.is_empty()));
        if vocabulary.add_most_frequent(&near, NEAR_FACTOR)? {
            continue;
        }
        let word = question.get(place.clone()).filter(|_| corrections_left > 0);
        let similar = word.map_or_else(Vec::new, |word| spelling::similar_terms(settings, word));
        corrections_left = corrections_left.saturating_sub(usize::from(!similar.is_empty()));
        if !vocabulary.add_most_frequent(&similar, CORRECTED_FACTOR)? {
            vocabulary.unknown_weight += UNKNOWN_FACTOR * norms.idf(1.0);
        }
    }
    let factor = if vocabulary.known.is_empty() { CAPITAL_FACTOR } else { 1.0 };
    let is_alone = terms.len() == known_names.len();
    for (name, known) in known_names {
        vocabulary.add_name(&name, known, factor, is_alone)?;
    }
    Ok(vocabulary.into_weighted())
}

/// How a stop word is written as a name.
fn name_forms(name: &str) -> [(String, u32); 2] {
    [CAPITAL_MARK, NAME_MARK].map(|mark| (name.replacen(CAPITAL_MARK, &mark.to_string(), 1), NAME_TIMES))
}

/// What the parts of a question's words with hyphens are found in too: "co" and "op" of "co-op" in "coop". Where a text
/// has a hyphen, the index has both.
fn joined_terms(settings: AnalyzerSettings, question: &str) -> BTreeMap<String, BTreeSet<String>> {
    let joined = hyphenated_words(question).flat_map(|parts| {
        let pairs = parts.windows(2).map(<[_]>::to_vec).collect::<Vec<_>>();
        pairs.into_iter().chain((parts.len() > 2).then_some(parts))
    });
    let mut terms = BTreeMap::<_, BTreeSet<_>>::new();
    for parts in joined.take(MAX_JOINED) {
        let Some(joined) = analyzer::only_term(settings, &parts.concat()) else { continue };
        for part in parts.iter().filter_map(|part| analyzer::only_term(settings, part)) {
            terms.entry(part).or_default().insert(joined.clone());
        }
    }
    terms
}

impl Vocabulary<'_> {
    /// A term that some chunk has, in any of these forms, and how many times each counts.
    fn look_up<S: AsRef<str>>(&self, forms: &[(S, u32)], is_marked: bool) -> io::Result<Option<QueryTerm>> {
        let segments = self.segments.len();
        let mut term_infos = Vec::with_capacity(forms.len().saturating_mul(segments));
        for (form, _) in forms {
            for segment in self.segments {
                term_infos.push(segment.inverted_index(is_marked).terms().get(form.as_ref())?);
            }
        }
        let chunks_with_form = term_infos
            .chunks(segments.max(1))
            .map(|infos| infos.iter().flatten().map(|info| f64::from(info.doc_freq)).sum::<f64>());
        // Mostly it is one chunk that has a word with a hyphen and without it, but two that write a name in two ways.
        let chunks_with_it: f64 =
            if is_marked { chunks_with_form.sum() } else { chunks_with_form.fold(0.0, f64::max) };
        let weight = self.norms.idf(chunks_with_it);
        Ok((chunks_with_it > 0.0).then_some(QueryTerm {
            weight,
            remaining_weight: 0.0,
            is_marked,
            forms: forms.iter().map(|(form, times)| (word_places::hash(form.as_ref()), *times)).collect(),
            segments,
            term_infos,
        }))
    }

    /// A word with a mark, if some chunk has it. A stop word is asked for only where there are no other words, and then
    /// however it is written; a name as it is written, or else as it stands among capitals, or else as any word.
    fn look_up_marked(&self, term: &str, word: &str) -> io::Result<Option<QueryTerm>> {
        let forms = MARKS.map(|mark| format!("{mark}{word}"));
        if term.starts_with(NAME_MARK) {
            for form in forms.into_iter().rev() {
                let known = self.look_up(&[(form, 1)], true)?;
                if known.is_some() {
                    return Ok(known);
                }
            }
            return Ok(None);
        }
        let factor = if term.starts_with(CAPITAL_MARK) { CAPITAL_FACTOR } else { 1.0 };
        let forms: Vec<_> = forms.into_iter().zip(TIMES_BY_MARK).collect();
        let known = self.look_up(&forms, true)?;
        Ok(known.map(|known| QueryTerm { weight: known.weight * factor, ..known }))
    }

    /// Those of these stop words that some chunk has written as a name.
    fn known_names<'n>(
        &self,
        names: impl Iterator<Item = &'n String>,
    ) -> io::Result<BTreeMap<String, QueryTerm>> {
        let mut known = BTreeMap::new();
        for name in names {
            if let Some(term) = self.look_up(&name_forms(name), true)? {
                known.insert(name.clone(), term);
            }
        }
        Ok(known)
    }

    /// Adds a stop word that the question and some chunk write as a name. If it is asked for alone, what is none is found
    /// behind it.
    fn add_name(&mut self, name: &str, known: QueryTerm, factor: f64, is_alone: bool) -> io::Result<()> {
        let weight = factor * known.weight;
        let term = if is_alone {
            let mut forms = Vec::from(name_forms(name));
            forms.push((name.replacen(CAPITAL_MARK, &STOP_WORD_MARK.to_string(), 1), 1));
            self.look_up(&forms, true)?.unwrap_or(known)
        } else {
            known
        };
        self.known.push(QueryTerm { weight, ..term });
        Ok(())
    }

    /// Adds a term if some chunk has it.
    fn add(&mut self, term: &str) -> io::Result<bool> {
        let known = match term.strip_prefix(MARKS) {
            Some(word) => self.look_up_marked(term, word)?,
            None => match self.joined.get(term) {
                None => self.look_up(&[(term, 1)], false)?,
                Some(joined) => {
                    let joined = joined.iter().map(String::as_str);
                    let forms: Vec<_> = std::iter::once(term).chain(joined).map(|form| (form, 1)).collect();
                    self.look_up(&forms, false)?
                }
            },
        };
        let is_known = known.is_some();
        self.known.extend(known);
        Ok(is_known)
    }

    /// Adds the most frequent of the terms that an unknown word may stand for, if some chunk has one. The word weighs so
    /// many times as much as what is found for it.
    fn add_most_frequent(&mut self, terms: &[String], factor: f64) -> io::Result<bool> {
        let mut best: Option<QueryTerm> = None;
        for term in terms {
            let known = self.look_up(&[(term, 1)], false)?;
            let is_better = |known: &QueryTerm| best.as_ref().is_none_or(|best| known.weight < best.weight);
            best = known.filter(is_better).or(best);
        }
        let Some(best) = best else { return Ok(false) };
        self.unknown_weight += (factor - 1.0) * best.weight;
        self.known.push(best);
        Ok(true)
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
