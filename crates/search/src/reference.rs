//! Tests that the engine finds what the formula of the score, computed chunk by chunk, says it should find.

use std::collections::{BTreeMap, BTreeSet};

use futures_executor::block_on;
use proptest::prelude::*;
use syft_space_domain::dataset::ports::SearchEngine as _;
use syft_space_domain::dataset::{
    AnalyzerSettings, Change, ChangeNumber, Chunk, ContentHash, Document, DocumentId, IndexKey, Location,
    Metadata, SearchQuery, Stemming, StopWords, Tokenizer,
};
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::tenant::TenantScope;
use syft_space_domain::time::Timestamp;
use syft_space_home::Home;
use tantivy::fieldnorm::FieldNormReader;

use crate::analyzer;
use crate::engine::{Options, TantivySearch};
use crate::tokenizer::{CAPITAL_MARK, CjkMode, Listed, MARKS, is_cjk};

const PLAIN: AnalyzerSettings = AnalyzerSettings::PLAIN;
const ENGLISH: AnalyzerSettings = AnalyzerSettings {
    tokenizer: Tokenizer::Words,
    stemming: Stemming::English,
    stop_words: StopWords::English,
};
const CJK: AnalyzerSettings = AnalyzerSettings { tokenizer: Tokenizer::Cjk, ..AnalyzerSettings::PLAIN };

/// What a dataset holds: the chunks by document and place.
type Corpus = BTreeMap<(DocumentId, usize), String>;

/// How a text is cut into the terms that it is found by.
fn terms(settings: AnalyzerSettings, listed: Listed) -> impl FnMut(&str) -> Vec<String> {
    let mut analyzer = analyzer::build_for(settings, CjkMode::BigramsAndUnigrams, listed);
    move |text| {
        let mut terms = Vec::new();
        analyzer.token_stream(text).process(&mut |token| terms.push(token.text.clone()));
        terms
    }
}

/// The score of every chunk, as the crate's front page writes it down, each chunk on its own.
fn scores(corpus: &Corpus, settings: AnalyzerSettings, question: &str) -> BTreeMap<(DocumentId, usize), f64> {
    let asked = analyzer::query_terms(settings, question, BTreeMap::new());
    let mut words = terms(settings, Listed::Unmarked);
    let mut length = |text: &str| {
        let code = FieldNormReader::fieldnorm_to_id(u32::try_from(words(text).len()).unwrap());
        f64::from(FieldNormReader::id_to_fieldnorm(code))
    };
    let has_mark = |term: &String| term.starts_with(MARKS);
    let is_marked = asked.keys().any(has_mark);
    let mut terms = terms(settings, if is_marked { Listed::Marked } else { Listed::Unmarked });
    let chunks: Vec<_> = corpus.iter().map(|(id, text)| (id, length(text), terms(text))).collect();
    let count = |n: usize| f64::from(u32::try_from(n).unwrap());
    let average = chunks.iter().map(|(_, length, _)| length).sum::<f64>() / count(chunks.len());
    let idf = |with: f64| (1.0 + (count(chunks.len()) - with + 0.5) / (with + 0.5)).ln();
    let (mut known, mut unknown) = (Vec::new(), 0.0);
    for word in asked.into_keys() {
        if is_marked {
            let with = |mark: char| {
                let form = word.replacen(MARKS, &mark.to_string(), 1);
                chunks.iter().filter(|(_, _, words)| words.contains(&form)).count()
            };
            match MARKS.map(with).iter().sum::<usize>().min(chunks.len()) {
                0 => unknown += 2.0 * idf(1.0),
                with if word.starts_with(CAPITAL_MARK) => known.push((word, 10.0 * idf(count(with)))),
                with => known.push((word, idf(count(with)))),
            }
            continue;
        }
        match chunks.iter().filter(|(_, _, words)| words.contains(&word)).count() {
            0 => match meant(&word, &chunks) {
                Some((term, with)) => {
                    unknown += idf(count(with));
                    known.push((term, idf(count(with))));
                }
                None if settings == CJK && word.starts_with(is_cjk) => {}
                None => unknown += 2.0 * idf(1.0),
            },
            with => known.push((word, idf(count(with)))),
        }
    }
    known.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    known.truncate(64);
    let all: f64 = unknown + known.iter().map(|(_, idf)| idf).sum::<f64>();
    chunks
        .iter()
        .map(|(id, length, words)| {
            let mut bm25 = 0.0;
            for (word, idf) in &known {
                let times = |(mark, times): (char, f64)| {
                    let form =
                        if is_marked { word.replacen(MARKS, &mark.to_string(), 1) } else { word.clone() };
                    times * count(words.iter().filter(|other| **other == form).count())
                };
                let forms = MARKS.into_iter().zip([1.0, 6.0, 12.0]).take(if is_marked { 3 } else { 1 });
                let times: f64 = forms.map(times).sum();
                if times > 0.0 {
                    bm25 += idf * times / (times + 0.3 + 0.9 * f64::min(3.0, length / average));
                }
            }
            ((*id).clone(), if all > 0.0 { f64::sqrt(bm25 / all) } else { 0.0 })
        })
        .collect()
}

/// The term that a word is most likely a misspelling of, and how many chunks have it. (No term of these tests that is
/// stemmed has a misspelling among them.)
fn meant<I>(word: &str, chunks: &[(I, f64, Vec<String>)]) -> Option<(String, usize)> {
    let terms = BTreeSet::from_iter(chunks.iter().flat_map(|(_, _, words)| words));
    let similar = terms.into_iter().filter(|term| word.len() >= 6 && is_one_edit(word, term));
    let with = |term: &String| chunks.iter().filter(|(_, _, words)| words.contains(term)).count();
    similar.map(|term| (term.clone(), with(term))).rev().max_by_key(|(_, with)| *with)
}

fn is_one_edit(word: &str, other: &str) -> bool {
    let [word, other] = [word, other].map(|text| text.chars().collect::<Vec<_>>());
    let same_start = word.iter().zip(&other).take_while(|(one, other)| one == other).count();
    let (word, other) = (&word[same_start..], &other[same_start..]);
    let changed_about = word.len() > 1
        && other.len() == word.len()
        && (word[0], word[1]) == (other[1], other[0])
        && word[2..] == other[2..];
    let after = |letters: &[char], count| letters.get(count..).map(<[char]>::to_vec);
    let edited = [(0, 1), (1, 0), (1, 1)]
        .into_iter()
        .any(|(one, two)| after(word, one).is_some_and(|rest| Some(rest) == after(other, two)));
    same_start > 0 && (changed_about || edited)
}

struct Space {
    _home: tempfile::TempDir,
    engine: TantivySearch,
    scope: TenantScope,
    index: IndexKey,
    corpus: Corpus,
    last: u64,
}

impl Space {
    fn new(analyzer: AnalyzerSettings) -> Self {
        let home = tempfile::tempdir().unwrap();
        let engine =
            TantivySearch::new(Home::prepare_without_database(home.path()).unwrap(), Options::default());
        let scope = TenantScope::assume(TenantId::from_bytes([7; 16]), "a test of its own");
        let index = IndexKey { dataset: DatasetId::from_bytes([9; 16]), analyzer };
        Self { _home: home, engine, scope, index, corpus: Corpus::new(), last: 0 }
    }

    /// Puts documents in, or removes those that have no chunks, in one batch.
    fn apply(&mut self, batch: &[(u8, Vec<String>)]) {
        let mut changes = Vec::new();
        for (number, chunks) in batch {
            self.last += 1;
            let id = DocumentId::parse(&format!("d{number}")).unwrap();
            self.corpus.retain(|(document, _), _| *document != id);
            if chunks.is_empty() {
                changes.push(Change::Removed(ChangeNumber(self.last), id));
                continue;
            }
            // A word of its own tells each chunk from all others without changing how they compare.
            let texts = chunks.iter().enumerate().map(|(at, text)| format!("{text} {id}x{at}"));
            let chunks: Vec<Chunk> =
                texts.map(|text| Chunk { text, location: Location::default() }).collect();
            for (at, chunk) in chunks.iter().enumerate() {
                self.corpus.insert((id.clone(), at), chunk.text.clone());
            }
            let (content, metadata) = (String::new(), Metadata::new());
            let (sha256, created_at) = (ContentHash::of_file(b""), Timestamp::from_unix_micros(0));
            let document = Document { id, content, metadata, chunks, sha256, reader: None, created_at };
            changes.push(Change::Put(ChangeNumber(self.last), document));
        }
        self.engine.apply(&self.scope, self.index, &changes).unwrap();
    }

    fn check(&self, question: &str, limit: usize, threshold: f32) -> Result<usize, TestCaseError> {
        let query = SearchQuery::new(question, u64::try_from(limit).unwrap(), threshold).unwrap();
        let hits = block_on(self.engine.search(&self.scope, self.index, &query)).unwrap();
        let expected = scores(&self.corpus, self.index.analyzer, question);
        let place = |document: &DocumentId, content: &str| {
            let mut chunks = self.corpus.iter().filter(|((id, _), _)| id == document);
            chunks.find(|(_, text)| **text == *content).map(|(id, _)| id.clone()).unwrap()
        };
        let found: Vec<_> = hits.iter().map(|hit| (place(&hit.document, &hit.content), hit.score)).collect();
        for (id, score) in &found {
            prop_assert!((0.0..=1.0).contains(score));
            prop_assert!(*score >= threshold);
            let near = (f64::from(*score) - expected[id]).abs() < 1e-6;
            prop_assert!(near, "{id:?} scored {score}, not {}", expected[id]);
        }
        for pair in found.windows(2) {
            let [(one, score), (other, other_score)] = pair else { unreachable!() };
            prop_assert!(score > other_score || (score == other_score && one < other), "{pair:?}");
        }
        let full = found.len() == limit;
        for (id, score) in expected.iter().filter(|(id, _)| found.iter().all(|(found, _)| found != *id)) {
            let over_threshold = *score > 0.0 && *score >= f64::from(threshold) + 1e-6;
            prop_assert!(full || !over_threshold, "{id:?} with {score} is missing");
            if let (true, Some((worst, worst_score))) = (full, found.last()) {
                let difference = score - f64::from(*worst_score);
                prop_assert!(difference < 1e-6, "{id:?} with {score} is missing");
                let equal = (score - expected[worst]).abs() < 1e-12;
                prop_assert!(!equal || id > worst, "{id:?} comes before {worst:?}");
            }
        }
        Ok(found.len())
    }
}

fn text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "key",
        "keys",
        "rotate",
        "rotation",
        "the",
        "of",
        "how",
        "The",
        "HOW",
        "space",
        "space",
        "space",
        "tenant",
        "audit",
        "log",
        "Log",
        "naïve",
        "of",
        "query",
        "東京都",
        "京都の猫",
        "ｶﾞﾗｽ",
    ]);
    prop::collection::vec(word, 0..70).prop_map(|words| words.join(" "))
}

fn batches() -> impl Strategy<Value = Vec<Vec<(u8, Vec<String>)>>> {
    let document = (0_u8..12, prop::collection::vec(text(), 0..6));
    prop::collection::vec(prop::collection::vec(document, 1..6), 1..5)
}

fn question() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "key",
        "rotating",
        "the",
        "how",
        "The",
        "of",
        "space",
        "tenant",
        "audits",
        "logs",
        "naïve",
        "unknown",
        "d1x0",
        "query",
        "京都",
        "猫",
        "ガラス",
    ]);
    let words = prop::collection::vec(word, 1..8).prop_map(|words| words.join(" "));
    let stop_words = prop::sample::subsequence(vec!["the", "The", "how", "of", "which"], 1..4);
    prop_oneof![4 => words, 1 => stop_words.prop_map(|words| words.join(" "))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_is_found_and_its_order_are_what_the_formula_says(
        batches in batches(),
        questions in prop::collection::vec((question(), 1_usize..12, 0_u8..=10), 24),
        analyzer in prop::sample::select(vec![PLAIN, ENGLISH, CJK]),
    ) {
        let mut space = Space::new(analyzer);
        for batch in &batches {
            space.apply(batch);
            for (question, limit, threshold) in &questions {
                space.check(question, *limit, f32::from(*threshold) / 10.0)?;
            }
        }
    }

    #[test]
    fn a_chunk_with_every_word_scores_at_least_a_half(batches in batches(), question in question()) {
        let mut space = Space::new(PLAIN);
        for batch in &batches {
            space.apply(batch);
        }
        let terms = |text: &str| terms(PLAIN, Listed::Unmarked)(text);
        let words = terms(&question);
        let has = |text: &str, word: &String| terms(text).contains(word);
        let complete = space.corpus.values().filter(|text| words.iter().all(|word| has(text, word))).count();
        let query = SearchQuery::new(&question, SearchQuery::MAX_LIMIT, 0.5).unwrap();
        let hits = block_on(space.engine.search(&space.scope, space.index, &query)).unwrap();
        let found = hits.iter().filter(|hit| words.iter().all(|word| has(&hit.content, word))).count();
        prop_assert_eq!(found, complete);
    }
}

/// A stream of numbers that looks random and is the same each time.
fn numbers(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    }
}

#[test]
fn long_lists_of_chunks_are_read_as_the_formula_says() {
    let mut space = Space::new(PLAIN);
    let mut number = numbers(1);
    // Word n is n times rarer than word 1, so that some have lists of many blocks, and some of one entry.
    let mut word = move || format!("w{}", 400 / (1 + number(400)));
    for batch in 0..3 {
        let document = |number: u8, word: &mut dyn FnMut() -> String| {
            let mut chunk = || (0..30).map(|_| word()).collect::<Vec<_>>().join(" ");
            (number, (0..60).map(|_| chunk()).collect())
        };
        let documents: Vec<_> = (0..10).map(|at| document(batch * 10 + at, &mut word)).collect();
        space.apply(&documents);
    }
    let mut found = 0;
    for at in 0..40 {
        let question = (0..=at % 6).map(|_| word()).collect::<Vec<_>>().join(" ");
        for (limit, threshold) in [(1, 0.5), (5, 0.5), (100, 0.5), (5, 0.0), (100, 0.2), (100, 0.9)] {
            found += space.check(&question, limit, threshold).unwrap();
        }
    }
    assert!(found > 1000, "{found}");
}

#[test]
fn a_question_of_all_words_is_read_as_the_formula_says() {
    let mut space = Space::new(PLAIN);
    let chunk = |at: usize| (at..at + 20).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
    space.apply(&[(1, (0..200).map(chunk).collect())]);
    let question = (0..500).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
    // The rarest 64 words are asked for: those at both ends, which fewer chunks have.
    assert_eq!(space.check(&question, 100, 0.0).unwrap(), 83);
}
