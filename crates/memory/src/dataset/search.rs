//! The in-memory search engine. It scans every chunk, and scores it as the real engine does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{SearchEngine, SearchError};
use syft_space_domain::dataset::{
    AnalyzerSettings, Change, ChangeNumber, Chunk, Document, DocumentId, Highlight, Hit, Hits, IndexKey,
    Location, Metadata, SearchQuery, Stemming, StopWords, Tokenizer, contexts, hyphenated_words,
};
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::tenant::TenantScope;
use unicode_normalization::UnicodeNormalization as _;

/// Finds chunks by a scan of all of them.
///
/// A term is a run of letters and digits in normal form NFKC, in lower case. With the tokenizer `cjk`, runs of Chinese,
/// Japanese and Korean letters become bigrams. English stop words are set apart if the dataset's analyzer says so, with a
/// mark that says how they are written; there are no other stop words, and of stemming there is the English s at a word's
/// end alone. The terms of the title and of the headings above a chunk belong to the chunk. A question of stop words alone
/// finds each however it is written, and counts it 6 times where it may be a name, and 12 times where it is one.
///
/// The score is the root of a BM25 sum over the query's known terms that the chunk has,
/// Σ idf · tf / (tf + k1 · (1 − b + b · min(3, length / average))), divided by the Σ idf of all terms, with k1 = 1.2 and
/// b = 0.75. A term that no chunk has counts in it twice as much as one that a single chunk has (a bigram
/// does not count); if it may be a misspelling, it is replaced, and counts twice as much as its replacement.
#[derive(Default)]
pub struct MemorySearch(Mutex<BTreeMap<(TenantId, DatasetId), Index>>);

#[derive(Default)]
struct Index {
    last_change: ChangeNumber,
    documents: BTreeMap<DocumentId, Vec<IndexedChunk>>,
}

struct IndexedChunk {
    text: Arc<str>,
    metadata: Arc<Metadata>,
    location: Arc<Location>,
    term_counts: BTreeMap<String, u32>,
    length: f64,
}

/// The terms of a query that the dataset contains, with their weights, and what all together weigh.
#[derive(Default)]
struct WeighedQuery {
    known: Vec<(Forms, f64)>,
    weight: f64,
}

/// The forms that a term is found in, and how many times each counts.
type Forms = Vec<(String, f64)>;

const BM25_K1: f64 = 1.2;
const BM25_B: f64 = 0.75;
/// The maximum length of a chunk, as a multiple of the average.
const MAX_LENGTH_RATIO: f64 = 3.0;

const STOP_WORDS: [&str; 50] = [
    "a", "am", "an", "and", "are", "as", "at", "be", "but", "by", "can", "did", "do", "does", "for", "how",
    "i", "if", "in", "into", "is", "it", "may", "no", "not", "of", "on", "or", "such", "that", "the",
    "their", "then", "there", "these", "they", "this", "to", "us", "was", "we", "what", "when", "where",
    "which", "who", "why", "will", "with", "you",
];

/// What a stop word begins with.
const STOP_WORD_MARK: char = '\u{1}';
/// What a name begins with that is a stop word but for its capitals.
const NAME_MARK: char = '\u{2}';
/// What a stop word begins with that may be a name by its capitals.
const CAPITAL_MARK: char = '\u{3}';
/// The marks by how surely a word with them is a name, and how many times it counts then.
const MARKS: [(char, f64); 3] = [(STOP_WORD_MARK, 1.0), (CAPITAL_MARK, 6.0), (NAME_MARK, 12.0)];
/// The stop words that are names of persons or works too.
const NAMES: [&str; 6] = ["can", "it", "may", "us", "who", "will"];
/// What stands before a name, with a full stop that ends no sentence.
const TITLES: [&str; 9] = ["dr", "fr", "hr", "messrs", "mr", "mrs", "ms", "prof", "rev"];
/// How many times an occurrence of a name counts that the question writes as a name too.
const NAME_TIMES: f64 = 20.0;
/// How many times as much a stop word weighs that the question has with a capital letter.
const CAPITAL_FACTOR: f64 = 10.0;
/// The minimum length of a word that may be misspelt.
const MIN_MISSPELT_LETTERS: usize = 6;

/// The terms of a document, with repetitions.
fn document_terms(text: &str, analyzer: AnalyzerSettings) -> Vec<String> {
    analyze(text, analyzer, true)
}

/// The distinct terms of a query: its stop words only if it has no others.
/// These names are no stop words.
fn query_terms(text: &str, analyzer: AnalyzerSettings, names: &BTreeSet<String>) -> BTreeSet<String> {
    let terms: BTreeSet<String> = analyze(text, analyzer, false).into_iter().collect();
    let (stop_words, others): (BTreeSet<_>, BTreeSet<_>) = terms
        .into_iter()
        .partition(|term| term.starts_with([STOP_WORD_MARK, CAPITAL_MARK]) && !names.contains(term));
    if others.is_empty() { stop_words } else { others }
}

/// The stop words of a query with a capital letter inside a sentence, beside a word without one.
fn possible_names(text: &str, analyzer: AnalyzerSettings) -> BTreeSet<String> {
    let text: String = text.nfkc().collect();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let terms = analyze(&text, AnalyzerSettings { tokenizer: Tokenizer::Words, ..analyzer }, false);
    let is_small =
        |word: Option<&&str>| word.is_some_and(|word| word.starts_with(char::is_lowercase) || is_title(word));
    let is_name = |(at, term): &(usize, String)| {
        let next = words.get(at.saturating_add(1));
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        term.strip_prefix(CAPITAL_MARK).is_some_and(|word| NAMES.contains(&word))
            && next != Some(&"t")
            && (is_small(before) || is_small(next))
    };
    terms.into_iter().enumerate().filter(is_name).map(|(_, term)| term).collect()
}

/// How a stop word is written as a name.
fn name_forms(name: &str) -> Forms {
    [CAPITAL_MARK, NAME_MARK]
        .map(|mark| (name.replacen(CAPITAL_MARK, &mark.to_string(), 1), NAME_TIMES))
        .into()
}

/// The terms that the parts of a query's words with hyphens are found in too.
fn joined_terms(text: &str, analyzer: AnalyzerSettings) -> BTreeMap<String, BTreeSet<String>> {
    let text: String = text.nfkc().collect();
    let mut joined: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for parts in hyphenated_words(&text) {
        for together in parts.windows(2).chain((parts.len() > 2).then_some(&*parts)) {
            for part in together.iter().flat_map(|part| analyze(part, analyzer, false)) {
                joined.entry(part).or_default().extend(analyze(&together.concat(), analyzer, false));
            }
        }
    }
    joined
}

fn analyze(text: &str, analyzer: AnalyzerSettings, with_unigrams: bool) -> Vec<String> {
    let text: String = text.nfkc().collect();
    let mut terms = Vec::new();
    for line in text.lines() {
        let has_small_letters = line.chars().any(char::is_lowercase);
        let mut before = "";
        for run in line.split_inclusive(|c: char| !c.is_alphanumeric()) {
            let word = run.trim_end_matches(|c: char| !c.is_alphanumeric());
            let at = before.len();
            before = line.get(..at.saturating_add(run.len())).unwrap_or(line);
            if word.is_empty() {
                continue;
            }
            let term = word.to_lowercase();
            if analyzer.stop_words == StopWords::English && STOP_WORDS.contains(&term.as_str()) {
                let mark = stop_word_mark(word, line.get(..at).unwrap_or_default(), has_small_letters);
                terms.push(format!("{mark}{term}"));
            } else if analyzer.tokenizer == Tokenizer::Cjk {
                split_cjk(&term, with_unigrams, &mut terms);
            } else {
                terms.push(stem(term, analyzer.stemming));
            }
        }
    }
    terms
}

/// The mark of a stop word that stands behind this in its line.
fn stop_word_mark(word: &str, before: &str, has_small_letters: bool) -> char {
    let is_letter = word.chars().nth(1).is_none();
    let is_part = is_letter && (word == "I" || !before.chars().next_back().is_none_or(char::is_whitespace));
    if !word.starts_with(char::is_uppercase) || is_part {
        return STOP_WORD_MARK;
    }
    let is_between = |c: char| !c.is_alphanumeric() && !".!?…:;,".contains(c);
    let before = before.trim_end_matches(is_between);
    let last_word =
        before.strip_suffix('.').and_then(|text| text.rsplit(|c: char| !c.is_alphanumeric()).next());
    let is_titled = last_word.is_some_and(is_title);
    let last = before.chars().next_back();
    let begins_sentence = !is_titled && last.is_none_or(|last| last != ',' && !last.is_alphanumeric());
    match word.chars().all(char::is_uppercase) {
        true if !has_small_letters => CAPITAL_MARK,
        true if !is_letter || !begins_sentence => NAME_MARK,
        _ if begins_sentence => STOP_WORD_MARK,
        _ => CAPITAL_MARK,
    }
}

fn is_title(word: &str) -> bool {
    TITLES.contains(&word.to_lowercase().as_str())
}

/// A word without the s at its end, where English words are cut to their stem.
fn stem(mut term: String, stemming: Stemming) -> String {
    if stemming == Stemming::English && term.len() > 3 && term.ends_with('s') && !term.ends_with("ss") {
        term.pop();
    }
    term
}

/// Whether two words of the same first letter are one edit apart.
fn is_misspelling(word: &str, other: &str) -> bool {
    let [word, other] = [word, other].map(|text| text.chars().collect::<Vec<_>>());
    let common = word.iter().zip(&other).take_while(|(letter, other)| letter == other).count();
    let rest = |letters: &[char]| letters.get(common..).unwrap_or_default().to_vec();
    let edited = match (rest(&word).as_slice(), rest(&other).as_slice()) {
        ([a, b, after @ ..], [c, d, other_after @ ..]) if (a, b) == (d, c) => after == other_after,
        ([_, after @ ..], [_, other_after @ ..]) if after == other_after => true,
        ([_, after @ ..], longer) if after == longer => true,
        (longer, [_, after @ ..]) => longer == after,
        _ => false,
    };
    let is_word = word.len() >= MIN_MISSPELT_LETTERS && word.iter().all(|letter| letter.is_alphabetic());
    common > 0 && is_word && edited
}

/// Splits a run of letters into CJK and other parts, and the CJK parts into bigrams.
fn split_cjk(run: &str, with_unigrams: bool, terms: &mut Vec<String>) {
    let characters: Vec<char> = run.chars().collect();
    for part in characters.chunk_by(|letter, next| is_cjk(*letter) == is_cjk(*next)) {
        if !part.first().is_some_and(|first| is_cjk(*first)) {
            terms.push(part.iter().collect());
            continue;
        }
        terms.extend(part.windows(2).map(|pair| pair.iter().collect::<String>()));
        if with_unigrams || part.len() == 1 {
            terms.extend(part.iter().map(char::to_string));
        }
    }
}

/// Whether a letter is in one of Unicode's blocks of Chinese, Japanese and Korean scripts.
fn is_cjk(letter: char) -> bool {
    matches!(letter,
        '\u{1100}'..='\u{11ff}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3041}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
}

/// The words of a text that a query asks for.
fn highlight(text: &str, analyzer: AnalyzerSettings, query: &WeighedQuery) -> Vec<Highlight> {
    let is_asked_for = |word: &str| {
        let terms = analyze(word, analyzer, true);
        let unmarked = |term: &str| term.trim_start_matches(MARKS.map(|(mark, _)| mark)).to_owned();
        query.known.iter().flat_map(|(forms, _)| forms).any(|(form, _)| {
            terms
                .iter()
                .any(|term| term == form || (form != &unmarked(form) && unmarked(term) == unmarked(form)))
        })
    };
    let mut highlights = Vec::new();
    let mut start = 0_u32;
    for run in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let word = run.trim_end_matches(|c: char| !c.is_alphanumeric());
        if !word.is_empty() && is_asked_for(word) {
            highlights.push(Highlight { start, end: start.saturating_add(count(word)) });
        }
        start = start.saturating_add(count(run));
    }
    highlights.truncate(Highlight::MAX);
    highlights
}

impl IndexedChunk {
    fn of_document(document: &Document, analyzer: AnalyzerSettings) -> Vec<Self> {
        let metadata = Arc::new(document.metadata.clone());
        let index = |(chunk, context): (&Chunk, String)| {
            let text = chunk.text.as_str();
            let mut counts = BTreeMap::new();
            for term in document_terms(&context, analyzer).into_iter().chain(document_terms(text, analyzer)) {
                *counts.entry(term).or_default() += 1;
            }
            let has_no_mark = |term: &str| !term.starts_with(MARKS.map(|(mark, _)| mark));
            let length =
                counts.iter().filter(|(term, _)| has_no_mark(term)).map(|(_, n)| f64::from(*n)).sum();
            let location = Arc::new(chunk.location.clone());
            let metadata = Arc::clone(&metadata);
            Self { text: text.into(), metadata, location, term_counts: counts, length }
        };
        document.chunks.iter().zip(contexts(document)).map(index).collect()
    }

    fn score(&self, query: &WeighedQuery, average_length: f64) -> f64 {
        let length = (self.length / average_length).min(MAX_LENGTH_RATIO);
        let mut bm25 = 0.0;
        for (forms, weight) in &query.known {
            let count = |(term, times): &(String, f64)| Some(times * f64::from(*self.term_counts.get(term)?));
            let count: f64 = forms.iter().filter_map(count).sum();
            if count > 0.0 {
                bm25 += weight * count / (count + BM25_K1 * (1.0 - BM25_B + BM25_B * length));
            }
        }
        if query.weight > 0.0 { f64::sqrt(bm25 / query.weight) } else { 0.0 }
    }
}

impl Index {
    fn chunks(&self) -> impl Iterator<Item = (&DocumentId, &IndexedChunk)> {
        self.documents.iter().flat_map(|(id, chunks)| chunks.iter().map(move |chunk| (id, chunk)))
    }

    fn document_frequency(&self, term: &str) -> f64 {
        let with = self.chunks().filter(|(_, chunk)| chunk.term_counts.contains_key(term));
        with.fold(0.0, |sum, _| sum + 1.0)
    }

    /// The most frequent term that a word may be a misspelling of.
    fn correction(&self, word: &str) -> Option<String> {
        let terms: BTreeSet<&String> =
            self.chunks().flat_map(|(_, chunk)| chunk.term_counts.keys()).collect();
        let similar = terms.into_iter().filter(|term| is_misspelling(word, term)).rev();
        similar
            .max_by(|term, other| self.document_frequency(term).total_cmp(&self.document_frequency(other)))
            .cloned()
    }

    /// The forms in which a term is asked for, of which some chunk has one.
    fn known_forms(&self, term: &str, joined: Option<&BTreeSet<String>>) -> Option<Forms> {
        let with_mark = |(mark, times): (char, f64)| Some((format!("{mark}{}", term.get(1..)?), times));
        let forms = || MARKS.into_iter().filter_map(with_mark);
        let is_known = |forms: &Forms| forms.iter().any(|(form, _)| self.document_frequency(form) > 0.0);
        let alone = |form: String| Some(Vec::from([(form, 1.0)])).filter(is_known);
        match term.chars().next() {
            Some(STOP_WORD_MARK | CAPITAL_MARK) => Some(forms().collect()).filter(is_known),
            Some(NAME_MARK) => forms().rev().find_map(|(form, _)| alone(form)),
            _ => {
                let joined = joined.into_iter().flatten().cloned();
                let forms = std::iter::once(term.to_owned()).chain(joined).map(|form| (form, 1.0));
                Some(forms.collect()).filter(is_known)
            }
        }
    }

    fn weigh(&self, analyzer: AnalyzerSettings, text: &str) -> WeighedQuery {
        let joined = joined_terms(text, analyzer);
        let total = self.chunks().fold(0.0, |sum, _| sum + 1.0);
        let idf = |with: f64| f64::ln(1.0 + (total - with + 0.5) / (with + 0.5));
        let mut weighed = WeighedQuery::default();
        let known =
            |name: &String| name_forms(name).iter().any(|(form, _)| self.document_frequency(form) > 0.0);
        let mut names = possible_names(text, analyzer);
        names.retain(known);
        let terms = query_terms(text, analyzer, &names);
        let are_alone = terms.len() == names.len();
        for term in terms.difference(&names) {
            let is_bigram = analyzer.tokenizer == Tokenizer::Cjk && term.starts_with(is_cjk);
            // Only a word that nobody has is looked for among all others.
            let found = self.known_forms(term, joined.get(term)).map(|forms| (forms, 1.0));
            let found = found.or_else(|| Some((Vec::from([(self.correction(term)?, 1.0)]), 2.0)));
            let Some((forms, factor)) = found else {
                if !is_bigram {
                    weighed.weight += 2.0 * idf(1.0);
                }
                continue;
            };
            let with = forms.iter().map(|(form, _)| self.document_frequency(form));
            let is_marked = term.starts_with(MARKS.map(|(mark, _)| mark));
            let with: f64 = if is_marked { with.sum() } else { with.fold(0.0, f64::max) };
            let emphasis = if term.starts_with(CAPITAL_MARK) { CAPITAL_FACTOR } else { 1.0 };
            let weight = emphasis * idf(with.min(total));
            weighed.weight += factor * weight;
            weighed.known.push((forms, weight));
        }
        let emphasis = if weighed.known.is_empty() { CAPITAL_FACTOR } else { 1.0 };
        for name in names {
            let mut forms = name_forms(&name);
            let with: f64 = forms.iter().map(|(form, _)| self.document_frequency(form)).sum();
            let weight = emphasis * idf(with.min(total));
            forms.extend(
                are_alone.then(|| (name.replacen(CAPITAL_MARK, &STOP_WORD_MARK.to_string(), 1), 1.0)),
            );
            weighed.weight += weight;
            weighed.known.push((forms, weight));
        }
        weighed
    }

    fn search(&self, analyzer: AnalyzerSettings, query: &SearchQuery<'_>) -> Hits {
        let weighed = self.weigh(analyzer, query.text);
        let (sum, count) =
            self.chunks().fold((0.0, 0.0), |(sum, count), (_, chunk)| (sum + chunk.length, count + 1.0));
        let average_length = sum / count;
        let scored = self.chunks().map(|(document, chunk)| Hit {
            document: document.clone(),
            content: Arc::clone(&chunk.text),
            metadata: Arc::clone(&chunk.metadata),
            location: Arc::clone(&chunk.location),
            highlight: highlight(&chunk.text, analyzer, &weighed),
            score: to_port_score(chunk.score(&weighed, average_length)),
        });
        let mut hits: Hits =
            scored.filter(|hit| hit.score > 0.0 && hit.score >= query.threshold.get()).collect();
        // The sort is stable: hits of equal score stay in the order of their documents.
        hits.sort_by(|hit, other| other.score.total_cmp(&hit.score));
        hits.truncate(query.limit);
        hits
    }
}

/// The score as the port defines it: 0 to 1, without rounding errors beyond.
#[expect(
    clippy::as_conversions,
    reason = "there is no other way from f64 to f32; the value is bounded first"
)]
fn to_port_score(score: f64) -> f32 {
    score.clamp(0.0, 1.0) as f32
}

impl MemorySearch {
    /// An engine without an index.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn indexes(&self) -> MutexGuard<'_, BTreeMap<(TenantId, DatasetId), Index>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SearchEngine for MemorySearch {
    fn search<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        query: &'a SearchQuery<'a>,
    ) -> Pending<'a, Result<Hits, SearchError>> {
        Box::pin(async move {
            let indexes = self.indexes();
            let found = indexes
                .get(&(scope.tenant(), index.dataset))
                .map(|documents| documents.search(index.analyzer, query));
            Ok(found.unwrap_or_default())
        })
    }

    fn indexed(&self, scope: &TenantScope, index: IndexKey) -> Result<ChangeNumber, SearchError> {
        Ok(self
            .indexes()
            .get(&(scope.tenant(), index.dataset))
            .map_or(ChangeNumber(0), |index| index.last_change))
    }

    fn apply(&self, scope: &TenantScope, index: IndexKey, changes: &[Change]) -> Result<(), SearchError> {
        let mut indexes = self.indexes();
        let stored = indexes.entry((scope.tenant(), index.dataset)).or_default();
        for change in changes {
            match change {
                Change::Put(_, document) => {
                    stored
                        .documents
                        .insert(document.id.clone(), IndexedChunk::of_document(document, index.analyzer));
                }
                Change::Removed(_, id) => {
                    stored.documents.remove(id);
                }
            }
            stored.last_change = stored.last_change.max(change.number());
        }
        Ok(())
    }

    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), SearchError> {
        self.indexes().remove(&(scope.tenant(), dataset));
        Ok(())
    }
}
