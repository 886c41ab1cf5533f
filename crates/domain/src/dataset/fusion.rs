//! How what words find and what meaning finds become one list with one score.

use std::collections::{HashMap, HashSet};
use std::iter;

use crate::dataset::context::MAX_TITLE_CHARS;
use crate::dataset::identifiers::{comparable, names};
use crate::dataset::{DocumentId, Hit, Hits, Neighbour, Threshold};
use crate::encoder::UnrelatedCosine;

/// The closeness that scores 0.5, as [`Threshold::DEFAULT`] does.
const MIDDLE: f32 = 0.35;
/// What a score by words has to be before it tells something: below, by words alone, no good hit was among the first ten.
const WORDS_FROM: f32 = 0.4;
/// What such a score counts beside the meaning.
const WORDS_WEIGHT: f32 = 0.3;
/// What it counts to have each identifier of the question.
const NAMED_WEIGHT: f32 = 0.3;

/// What both sides found for one question, and what is known to make one list of it.
///
/// Where only meaning is asked for, there are no `words`, nothing is `named` or `rare`, and all are `others`.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// What words found, the closest first, with their scores: the best [`Found::DEPTH`].
    pub words: Hits,
    /// Chunks that meaning alone found, in any order. Their score is not looked at.
    pub others: Hits,
    /// How close the vectors of these chunks are to the question's: of each chunk that has one, in any order. The best
    /// [`Found::DEPTH`] are those that meaning found.
    pub neighbours: &'a [Neighbour],
    /// The question's [`identifiers`](crate::dataset::identifiers()) that [tell chunks apart](crate::dataset::tells_apart).
    pub named: &'a [String],
    /// The question's [plain words](crate::dataset::plain_words) that [hardly a chunk has](crate::dataset::PlainWord::is_rare).
    pub rare: &'a [String],
    /// What the cosines are measured from.
    pub unrelated_cosine: UnrelatedCosine,
}

/// What both sides found, as one list.
#[derive(Debug, Clone, PartialEq)]
pub struct Fused {
    /// The chunks with their scores, and how each came to it.
    pub hits: Vec<(Hit, Explanation)>,
    /// How many were left out, for a text before theirs says the same.
    pub repeated: usize,
}

/// How a chunk came to its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Explanation {
    /// Its place among what words found, from 1.
    pub words_place: Option<u64>,
    /// Its score by words, 0 to 1. `None` when words did not find it.
    pub words_score: Option<f32>,
    /// Its place among what meaning found, from 1.
    pub meaning_place: Option<u64>,
    /// The cosine of its vector and the question's, -1 to 1. `None` when it has no vector yet.
    pub cosine: Option<f32>,
    /// How close its meaning is, 0 to 1: the cosine, measured from that of texts that have nothing to do with each other.
    pub meaning: f32,
    /// What its score by words adds to that: without a vector, what alone would come to that score; with a rare word, as much
    /// as makes all of these come to it at least.
    pub added_by_words: f32,
    /// What the question's identifiers that it has add to that.
    pub added_by_identifiers: f32,
    /// What comes of it, 0 to 1: 0.5 where all of these come to 0.35.
    pub score: f32,
}

impl Explanation {
    /// Of a hit of a search by words alone: its place from 1, and its score.
    #[must_use]
    pub(super) fn of_words(place: u64, score: f32) -> Self {
        Self {
            words_place: Some(place),
            words_score: Some(score),
            meaning_place: None,
            cosine: None,
            meaning: 0.0,
            added_by_words: 0.0,
            added_by_identifiers: 0.0,
            score,
        }
    }

    /// What the meaning is with all that is added, 0 to 1.48.
    #[must_use]
    pub fn closeness(&self) -> f32 {
        self.meaning + self.added_by_words + self.added_by_identifiers
    }
}

impl Found<'_> {
    /// How many of each list are looked at: with fewer, what one side alone finds may be passed over.
    pub const DEPTH: u64 = 100;

    /// One list: the highest score first, of those at 1 the closest, and of equal ones in the order of documents, as bytes, and
    /// chunks. Each has the threshold at least, and none is at 0. A text that stands there already, but for white space and
    /// capitals, is left out.
    ///
    /// Identifiers and rare words are looked for in what a hit carries: its text, its document's title, and the nearest heading.
    #[must_use]
    pub fn fuse(self, limit: usize, threshold: Threshold) -> Fused {
        let Self { words, others, neighbours, named, rare, unrelated_cosine } = self;
        let near = near(neighbours);
        let from_words =
            words.into_iter().zip(1..).map(|(hit, place)| (Some(ByWords { place, score: hit.score }), hit));
        let from_meaning = others.into_iter().map(|hit| (None, hit));
        let mut fused = Vec::new();
        for (words, mut hit) in from_words.chain(from_meaning) {
            let near = near.get(&(&hit.document, hit.chunk)).copied();
            let texts = if named.is_empty() && rare.is_empty() { Vec::new() } else { texts(&hit) };
            let has_rare = share(&texts, rare) > 0.0;
            let explanation = explain(words, near, unrelated_cosine, share(&texts, named), has_rare);
            hit.score = explanation.score;
            if hit.score > 0.0 && hit.score >= threshold.get() {
                fused.push((hit, explanation));
            }
        }
        fused.sort_by(|(one, why), (other, why_other)| {
            let by_score = other.score.total_cmp(&one.score);
            by_score
                .then_with(|| why_other.closeness().total_cmp(&why.closeness()))
                .then_with(|| (&one.document, one.chunk).cmp(&(&other.document, other.chunk)))
        });
        // A chunk that stands among both is shown once as well, and as words have it: it is no closer without them.
        let mut shown = HashSet::new();
        let found = fused.len();
        fused.retain(|(hit, _)| shown.insert(comparable(&hit.content)));
        let repeated = found.saturating_sub(fused.len());
        fused.truncate(limit);
        Fused { hits: fused, repeated }
    }
}

/// Where a chunk stands in what words found.
#[derive(Clone, Copy)]
struct ByWords {
    place: u64,
    score: f32,
}

/// How near a chunk's vector is.
#[derive(Clone, Copy)]
struct Near {
    /// `None` for one that only words found.
    place: Option<u64>,
    cosine: f32,
}

/// The neighbours by their chunks.
fn near(neighbours: &[Neighbour]) -> HashMap<(&DocumentId, u32), Near> {
    let mut ordered: Vec<&Neighbour> = neighbours.iter().collect();
    ordered.sort_by(|one, other| {
        let by_cosine = other.cosine.total_cmp(&one.cosine);
        by_cosine.then_with(|| (&one.document, one.chunk).cmp(&(&other.document, other.chunk)))
    });
    let places = (1..=Found::DEPTH).map(Some).chain(iter::repeat(None));
    let entries = ordered.into_iter().zip(places);
    entries.map(|(one, place)| ((&one.document, one.chunk), Near { place, cosine: one.cosine })).collect()
}

/// How a chunk comes to its score. One without a vector, while vectors follow, and one that has a rare word of the question
/// are at least where words alone would have them.
fn explain(
    words: Option<ByWords>,
    near: Option<Near>,
    unrelated: UnrelatedCosine,
    named: f32,
    has_rare: bool,
) -> Explanation {
    let words_score = words.map(|words| part(words.score));
    let (unrelated, names) = (unrelated.get(), NAMED_WEIGHT * part(named));
    let (meaning, added_by_words, added_by_identifiers) = match (near, words_score) {
        (Some(near), found) => {
            let meaning = part((near.cosine - unrelated) / (1.0 - unrelated));
            let found = found.unwrap_or_default();
            let words = WORDS_WEIGHT * part(found - WORDS_FROM);
            let least = if has_rare { closeness(found) - meaning - names } else { 0.0 };
            (meaning, words.max(least), names)
        }
        (None, Some(found)) => (0.0, closeness(found), names),
        (None, None) => (0.0, 0.0, 0.0),
    };
    let mut explanation = Explanation {
        words_place: words.map(|words| words.place),
        words_score,
        meaning_place: near.and_then(|near| near.place),
        cosine: near.map(|near| near.cosine),
        meaning,
        added_by_words,
        added_by_identifiers,
        score: 0.0,
    };
    // What is rounded on the way to a closeness and back takes no chunk below a threshold.
    let least = words_score.filter(|_| near.is_none() || has_rare).unwrap_or_default();
    explanation.score = score(explanation.closeness()).max(least);
    explanation
}

/// The closeness that has this score, from 0 to 1.
fn closeness(score: f32) -> f32 {
    if score < 0.5 { score * MIDDLE / 0.5 } else { MIDDLE + (score - 0.5) * (1.0 - MIDDLE) / 0.5 }
}

/// The score of a closeness: 0 at 0, 0.5 in the middle, 1 at 1 and beyond, and straight between these.
fn score(closeness: f32) -> f32 {
    if closeness < MIDDLE {
        0.5 * closeness / MIDDLE
    } else {
        part(0.5 + 0.5 * (closeness - MIDDLE) / (1.0 - MIDDLE))
    }
}

/// A number as one from 0 to 1. What is no number is 0.
fn part(value: f32) -> f32 {
    if value > 0.0 { value.min(1.0) } else { 0.0 }
}

/// What a hit carries in which names are looked for, as [`comparable`] has it.
fn texts(hit: &Hit) -> Vec<String> {
    let title = hit.metadata.get("title").and_then(|title| title.as_str()).unwrap_or_default();
    let title: String = title.chars().take(MAX_TITLE_CHARS).collect();
    let heading = hit.location.heading.as_deref().unwrap_or_default();
    [title.as_str(), heading, &hit.content].map(comparable).into()
}

/// Which part of these names is in any of the texts; 0 of none.
fn share(texts: &[String], named: &[String]) -> f32 {
    if named.is_empty() {
        return 0.0;
    }
    let (mut had, mut all) = (0.0, 0.0);
    for name in named {
        all += 1.0;
        if texts.iter().any(|text| names(text, name)) {
            had += 1.0;
        }
    }
    had / all
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::dataset::{Location, Metadata};

    /// What `tools/search-quality/fixtures.py` computed: a cosine, that of unrelated texts, a score by words, how many
    /// identifiers a chunk has, of how many, and its score.
    const COMPUTED: &str = include_str!("../../tests/fusion/scores.json");

    fn document(name: &str) -> DocumentId {
        DocumentId::parse(name).unwrap()
    }

    fn hit(name: &str, chunk: u32, score: f32) -> Hit {
        Hit {
            document: document(name),
            chunk,
            content: format!("{name} says {chunk}").into(),
            metadata: Arc::default(),
            location: Arc::default(),
            highlight: Vec::new(),
            score,
        }
    }

    fn neighbour(name: &str, chunk: u32, cosine: f32) -> Neighbour {
        Neighbour { document: document(name), chunk, cosine }
    }

    fn found<'a>(words: Hits, others: Hits, neighbours: &'a [Neighbour], named: &'a [String]) -> Found<'a> {
        let unrelated_cosine = UnrelatedCosine::parse(0.0).unwrap();
        Found { words, others, neighbours, named, rare: &[], unrelated_cosine }
    }

    fn threshold(value: f32) -> Threshold {
        Threshold::parse(value).unwrap()
    }

    /// The documents and chunks in the order that they are shown in.
    fn shown(fused: &[(Hit, Explanation)]) -> Vec<(&str, u32)> {
        fused.iter().map(|(hit, _)| (hit.document.as_str(), hit.chunk)).collect()
    }

    fn explained(cosine: Option<f32>, unrelated: f32, words: f32, named: f32) -> Explanation {
        let near = cosine.map(|cosine| Near { place: Some(1), cosine });
        explain(
            Some(ByWords { place: 1, score: words }),
            near,
            UnrelatedCosine::parse(unrelated).unwrap(),
            named,
            false,
        )
    }

    #[test]
    fn q2_the_score_is_what_was_measured() {
        let computed: Vec<(Option<f32>, f32, f32, u16, u16, f32)> = serde_json::from_str(COMPUTED).unwrap();
        assert_eq!(computed.len(), 200);
        for (cosine, unrelated, words, had, all, expected) in computed {
            let names: Vec<String> = (0..all).map(|at| format!("a_{at}")).collect();
            let mut hit = hit("d", 0, words);
            hit.content = names[..usize::from(had)].join(" ").into();
            let named = share(&texts(&hit), &names);
            let found = explained(cosine, unrelated, words, named).score;
            assert!(
                (found - expected).abs() < 2e-6,
                "{cosine:?} {unrelated} {words} {had}/{all}: {found} {expected}"
            );
        }
    }

    #[test]
    fn q2_what_either_side_finds_is_found() {
        let words = vec![hit("a", 0, 0.8), hit("b", 3, 0.6)];
        let neighbours = [neighbour("c", 1, 0.5), neighbour("a", 0, 0.4), neighbour("b", 3, -0.2)];
        let fused = found(words, vec![hit("c", 1, 0.0)], &neighbours, &[]).fuse(9, threshold(0.0)).hits;
        assert_eq!(shown(&fused), [("a", 0), ("c", 1), ("b", 3)]);
        let [(_, a), (_, c), (_, b)] = fused[..] else { panic!("{fused:?}") };
        assert_eq!((a.words_place, a.meaning_place, a.cosine), (Some(1), Some(2), Some(0.4)));
        assert_eq!((c.words_place, c.words_score, c.meaning_place), (None, None, Some(1)));
        assert_eq!((b.words_place, b.words_score, b.meaning), (Some(2), Some(0.6), 0.0));
        assert!((a.added_by_words - 0.12).abs() < 1e-6 && (b.closeness() - 0.06).abs() < 1e-6);
        assert!(fused.iter().all(|(hit, explanation)| hit.score == explanation.score));
    }

    #[test]
    fn q2_a_chunk_without_a_vector_is_where_words_have_it_or_above() {
        let words = vec![hit("a", 0, 0.7), hit("b", 0, 0.7), hit("b", 1, 0.6)];
        let neighbours = [neighbour("a", 0, 0.0)];
        let fused =
            found(words.clone(), vec![hit("c", 0, 0.0)], &neighbours, &[]).fuse(9, threshold(0.0)).hits;
        assert_eq!(shown(&fused), [("b", 0), ("b", 1), ("a", 0)], "and what neither side found is none");
        let (hit, why) = &fused[0];
        assert_eq!((hit.score, why.cosine, why.meaning_place, why.meaning), (0.7, None, None, 0.0));
        let named = ["1".to_owned()];
        let fused = found(words, vec![], &neighbours, &named).fuse(9, threshold(0.0)).hits;
        assert_eq!(shown(&fused), [("b", 1), ("b", 0), ("a", 0)], "and above where it has an identifier");
        assert!((fused[0].1.closeness() - 0.78).abs() < 1e-6, "{:?}", fused[0].1);
    }

    #[test]
    fn q2_a_chunk_with_a_rare_word_is_where_words_have_it_or_above() {
        let words = vec![hit("okonkwo", 0, 0.7), hit("other", 0, 0.7), hit("okonkwo", 1, 0.5)];
        let neighbours =
            [neighbour("okonkwo", 0, 0.1), neighbour("other", 0, 0.1), neighbour("okonkwo", 1, 0.9)];
        let rare = ["okonkwo".to_owned(), "approve".to_owned()];
        let others = vec![hit("okonkwo", 2, 0.0)];
        let found = Found { rare: &rare, ..found(words, others, &neighbours, &[]) };
        let fused = found.fuse(9, threshold(0.0)).hits;
        assert_eq!(shown(&fused), [("okonkwo", 1), ("okonkwo", 0), ("other", 0)]);
        let [(_, near), (_, named), (_, other)] = fused[..] else { panic!("{fused:?}") };
        assert_eq!((named.score, named.cosine, named.words_score), (0.7, Some(0.1), Some(0.7)));
        assert!((near.closeness() - 0.93).abs() < 1e-6 && (other.closeness() - 0.19).abs() < 1e-6);
    }

    #[test]
    fn q1_an_identifier_counts_wherever_a_hit_has_it() {
        let named = ["work_mem".to_owned(), "23505".to_owned()];
        let with = |title: &str, heading: Option<&str>, content: &str| {
            let metadata = Metadata::from_iter([("title".to_owned(), title.into())]);
            let location = Location { heading: heading.map(str::to_owned), ..Location::default() };
            let hit = hit("d", 0, 0.0);
            Hit { content: content.into(), metadata: Arc::new(metadata), location: Arc::new(location), ..hit }
        };
        for (hit, expected) in [
            (with("", None, "Memory."), 0.0),
            (with("Work_Mem", None, "Memory."), 0.5),
            (with("", Some("WORK_MEM (integer)"), "Memory."), 0.5),
            (with("", None, "Set work_mem=4MB"), 0.5),
            (with("work_mem", Some("Error 23505"), "work_mem"), 1.0),
            (with(&"x ".repeat(MAX_TITLE_CHARS).replace("x", "work_mems"), Some("123505"), "work_mem_"), 0.0),
        ] {
            assert_eq!(share(&texts(&hit), &named), expected, "{hit:?}");
            assert_eq!(share(&texts(&hit), &[]), 0.0);
        }
    }

    #[test]
    fn q2_meaning_alone_needs_no_words() {
        let neighbours = [neighbour("a", 0, 0.35), neighbour("b", 0, 0.34)];
        let fused = found(Hits::new(), vec![hit("b", 0, 0.9), hit("a", 0, 0.9)], &neighbours, &[]);
        let fused = fused.fuse(9, Threshold::DEFAULT).hits;
        assert_eq!((shown(&fused), fused[0].1.score), (vec![("a", 0)], 0.5));
    }

    #[test]
    fn q2_of_those_at_one_the_closest_is_first_and_equal_ones_are_in_order() {
        let neighbours =
            [("a", 0, 0.5), ("b", 2, 0.5), ("b", 10, 0.5), ("B", 0, 0.5), ("y", 0, 1.0), ("z", 0, 1.0)]
                .map(|(name, chunk, cosine)| neighbour(name, chunk, cosine));
        let others = neighbours.iter().rev().map(|one| hit(one.document.as_str(), one.chunk, 0.0)).collect();
        let fused = found(vec![hit("z", 0, 0.9)], others, &neighbours, &[]).fuse(5, threshold(0.0)).hits;
        assert_eq!(shown(&fused), [("z", 0), ("y", 0), ("B", 0), ("a", 0), ("b", 2)]);
        assert!(fused[..2].iter().all(|(hit, _)| hit.score == 1.0));
    }

    #[test]
    fn q2_a_text_is_shown_once_and_makes_no_hole() {
        let words = ["a", "b", "c"].into_iter().zip(["Two  words", " two\nWORDS", "two word"]);
        let words = words.map(|(name, text)| Hit { content: text.into(), ..hit(name, 0, 0.5) }).collect();
        let fused = found(words, Hits::new(), &[], &[]).fuse(2, threshold(0.0)).hits;
        assert_eq!(shown(&fused), [("a", 0), ("c", 0)]);
    }

    #[test]
    fn q2_only_the_best_hundred_have_a_place() {
        let neighbours: Vec<Neighbour> =
            (0_u16..103).map(|at| neighbour("d", at.into(), 0.9 - f32::from(at) / 1e3)).collect();
        let others = neighbours.iter().map(|one| hit("d", one.chunk, 0.0)).collect();
        let fused = found(Hits::new(), others, &neighbours, &[]).fuse(200, threshold(0.0)).hits;
        let places: Vec<_> = fused.iter().map(|(_, why)| why.meaning_place).collect();
        assert_eq!(places[..100], (1..=100).map(Some).collect::<Vec<_>>());
        assert_eq!(places[100..], [None; 3]);
    }

    fn parts() -> impl Strategy<Value = (f32, f32, f32, f32)> {
        (-1.0_f32..=1.0, 0.0..=UnrelatedCosine::MAX, 0.0_f32..=1.0, 0.0_f32..=1.0)
    }

    proptest! {
        #[test]
        fn q2_a_score_is_from_0_to_1_and_grows_with_each_part(
            (cosine, unrelated, words, named) in parts(), by in 0.0_f32..=1.0,
        ) {
            let one = explained(Some(cosine), unrelated, words, named).score;
            prop_assert!((0.0..=1.0).contains(&one));
            for more in [
                explained(Some((cosine + by).min(1.0)), unrelated, words, named),
                explained(Some(cosine), unrelated, (words + by).min(1.0), named),
                explained(Some(cosine), unrelated, words, (named + by).min(1.0)),
                explained(None, unrelated, 1.0, named),
            ] {
                prop_assert!(one <= more.score && more.score <= 1.0, "{one} {more:?}");
            }
        }

        #[test]
        fn q2_without_a_vector_no_chunk_scores_less_than_by_words(words in 0.0_f32..=1.0, named in 0.0_f32..=1.0) {
            let one = explained(None, 0.0, words, 0.0).score;
            prop_assert!((0.0..1e-6).contains(&(one - words)), "{one}");
            prop_assert!(explained(None, 0.0, words, named).score >= one);
        }

        #[test]
        fn q2_the_middle_scores_a_half(closeness in 0.0_f32..=1.48) {
            prop_assert_eq!(score(MIDDLE), Threshold::DEFAULT.get());
            prop_assert_eq!(score(closeness) >= 0.5, closeness >= MIDDLE);
        }

        #[test]
        fn q2_what_is_no_number_does_no_harm(
            cosine in any::<f32>(), words in any::<f32>(), named in any::<f32>(),
        ) {
            for one in [explained(Some(cosine), 0.76, words, named), explained(None, 0.0, words, named)] {
                prop_assert!((0.0..=1.0).contains(&one.score), "{one:?}");
            }
        }

        /// Against the sentence of the rule: all that have the threshold and no equal text before them, the highest first.
        #[test]
        fn q2_what_has_the_threshold_stays_in_order(
            chunks in prop::collection::vec((0_u32..12, parts(), 0..4), 0..40),
            limit in 1_usize..50,
            least in 0.0_f32..=1.0,
        ) {
            let (mut words, mut others, mut neighbours) = (Hits::new(), Hits::new(), Vec::new());
            for (chunk, (cosine, _, score, _), side) in &chunks {
                let hit = hit("d", *chunk, *score);
                if *side < 2 { words.push(hit) } else { others.push(hit) }
                if side % 2 == 0 { neighbours.push(neighbour("d", *chunk, *cosine)) }
            }
            let all = found(words.clone(), others.clone(), &neighbours, &[]).fuse(usize::MAX, threshold(0.0)).hits;
            let fused = found(words, others, &neighbours, &[]).fuse(limit, threshold(least)).hits;
            let expected: Vec<_> = all.iter().filter(|(hit, _)| hit.score >= least).take(limit).cloned().collect();
            prop_assert_eq!(fused, expected);
            prop_assert!(all.is_sorted_by(|(one, _), (other, _)| one.score >= other.score));
            let shown: HashSet<u32> = all.iter().map(|(hit, _)| hit.chunk).collect();
            prop_assert_eq!(shown.len(), all.len());
        }
    }
}
