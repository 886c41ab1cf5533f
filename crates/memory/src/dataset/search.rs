//! How chunks are found without an index: each is looked at, and scored as the real engine does it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{SearchEngine, SearchError};
use syft_space_domain::dataset::{
    AnalyzerSettings, SearchQuery, Change, ChangeNumber, Document, DocumentId, Hit, Hits, IndexKey, Metadata,
    StopWords, Tokenizer, contexts,
};
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::tenant::TenantScope;
use unicode_normalization::UnicodeNormalization as _;

/// Finds chunks by looking at every one of them.
///
/// A word is a run of letters and digits in normal form NFKC, in lower case; where the dataset says `cjk`, runs of
/// Chinese, Japanese and Korean letters are found by each two neighbours. English stop words are left out where the
/// dataset says so; there are no others, and words are never stemmed, whatever it says. A chunk also has the words of
/// the title and the headings that it stands under. The score is the root of
/// Σ idf · tf / (tf + k1 · (1 − b + b · min(3, length / average))) over the question's known words that the chunk has,
/// divided by Σ idf of them all, with k1 = 1.2 and b = 0.75.
#[derive(Default)]
pub struct MemorySearch(Mutex<BTreeMap<(TenantId, DatasetId), Index>>);

#[derive(Default)]
struct Index {
    seen: ChangeNumber,
    documents: BTreeMap<DocumentId, Vec<IndexedChunk>>,
}

struct IndexedChunk {
    text: Arc<str>,
    metadata: Arc<Metadata>,
    words: BTreeMap<String, u32>,
    length: f64,
}

/// What a question's word is worth in a dataset.
struct Known {
    word: String,
    idf: f64,
}

const K1: f64 = 1.2;
const B: f64 = 0.75;
/// How many times the average a length counts at most.
const LONGEST: f64 = 3.0;

const STOP_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no",
    "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to",
    "was", "will", "with",
];

/// The words of a document, with each that is there more than once as often.
fn words(text: &str, analyzer: AnalyzerSettings) -> Vec<String> {
    listed(text, analyzer, true)
}

/// The words of a question, each once.
fn asked(text: &str, analyzer: AnalyzerSettings) -> BTreeSet<String> {
    listed(text, analyzer, false).into_iter().collect()
}

fn listed(text: &str, analyzer: AnalyzerSettings, singles: bool) -> Vec<String> {
    let text: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let runs = text.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty());
    let mut words = Vec::new();
    match analyzer.tokenizer {
        Tokenizer::Words => words.extend(runs.map(str::to_owned)),
        Tokenizer::Cjk => runs.for_each(|run| cut(run, singles, &mut words)),
    }
    if analyzer.stop_words == StopWords::English {
        words.retain(|word| !STOP_WORDS.contains(&word.as_str()));
    }
    words
}

/// Cuts a run of letters where Chinese, Japanese or Korean ones begin and end, and those into neighbours.
fn cut(run: &str, singles: bool, words: &mut Vec<String>) {
    let characters: Vec<char> = run.chars().collect();
    for part in characters.chunk_by(|one, next| is_cjk(*one) == is_cjk(*next)) {
        if !part.first().is_some_and(|first| is_cjk(*first)) {
            words.push(part.iter().collect());
            continue;
        }
        words.extend(part.windows(2).map(|pair| pair.iter().collect::<String>()));
        if singles || part.len() == 1 {
            words.extend(part.iter().map(char::to_string));
        }
    }
}

/// By Unicode's blocks of the four scripts, in normal form.
fn is_cjk(letter: char) -> bool {
    matches!(letter,
        '\u{1100}'..='\u{11ff}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3041}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
}

impl IndexedChunk {
    fn all_of(document: &Document, analyzer: AnalyzerSettings) -> Vec<Self> {
        let metadata = Arc::new(document.metadata.clone());
        let index = |(text, context): (&str, String)| {
            let mut counts = BTreeMap::new();
            for word in words(&context, analyzer).into_iter().chain(words(text, analyzer)) {
                *counts.entry(word).or_default() += 1;
            }
            let length = counts.values().copied().map(f64::from).sum();
            Self { text: text.into(), metadata: Arc::clone(&metadata), words: counts, length }
        };
        let texts = document.chunks.iter().map(|chunk| chunk.text.as_str());
        texts.zip(contexts(document)).map(index).collect()
    }

    fn score(&self, known: &[Known], average_length: f64) -> f64 {
        let length = (self.length / average_length).min(LONGEST);
        let (mut all, mut bm25) = (0.0, 0.0);
        for Known { word, idf } in known {
            all += idf;
            if let Some(count) = self.words.get(word) {
                let count = f64::from(*count);
                bm25 += idf * count / (count + K1 * (1.0 - B + B * length));
            }
        }
        if all > 0.0 { f64::sqrt(bm25 / all) } else { 0.0 }
    }
}

impl Index {
    fn chunks(&self) -> impl Iterator<Item = (&DocumentId, &IndexedChunk)> {
        self.documents.iter().flat_map(|(id, chunks)| chunks.iter().map(move |chunk| (id, chunk)))
    }

    fn known(&self, question: BTreeSet<String>) -> Vec<Known> {
        let total = self.chunks().fold(0.0, |sum, _| sum + 1.0);
        let worth = |word: String| {
            let with = self
                .chunks()
                .filter(|(_, chunk)| chunk.words.contains_key(&word))
                .fold(0.0, |sum, _| sum + 1.0);
            (with > 0.0).then(|| Known { word, idf: f64::ln(1.0 + (total - with + 0.5) / (with + 0.5)) })
        };
        question.into_iter().filter_map(worth).collect()
    }

    fn search(&self, analyzer: AnalyzerSettings, ask: &SearchQuery) -> Hits {
        let known = self.known(asked(&ask.text, analyzer));
        let (sum, count) =
            self.chunks().fold((0.0, 0.0), |(sum, count), (_, chunk)| (sum + chunk.length, count + 1.0));
        let average_length = sum / count;
        let scored = self.chunks().map(|(document, chunk)| Hit {
            document: document.clone(),
            content: Arc::clone(&chunk.text),
            metadata: Arc::clone(&chunk.metadata),
            score: narrow(chunk.score(&known, average_length)),
        });
        let mut hits: Hits =
            scored.filter(|hit| hit.score > 0.0 && hit.score >= ask.threshold.get()).collect();
        // Stable, so that equal scores stay in the order of their documents.
        hits.sort_by(|one, other| other.score.total_cmp(&one.score));
        hits.truncate(ask.limit);
        hits
    }
}

/// The score as the port has it: 0 to 1, where rounding might have gone past.
#[expect(
    clippy::as_conversions,
    reason = "there is no other way from f64 to f32; the value is bounded first"
)]
fn narrow(score: f64) -> f32 {
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
        ask: &'a SearchQuery,
    ) -> Pending<'a, Result<Hits, SearchError>> {
        Box::pin(async move {
            let indexes = self.indexes();
            let found =
                indexes.get(&(scope.tenant(), index.dataset)).map(|one| one.search(index.analyzer, ask));
            Ok(found.unwrap_or_default())
        })
    }

    fn indexed(&self, scope: &TenantScope, index: IndexKey) -> Result<ChangeNumber, SearchError> {
        Ok(self.indexes().get(&(scope.tenant(), index.dataset)).map_or(ChangeNumber(0), |one| one.seen))
    }

    fn apply(&self, scope: &TenantScope, index: IndexKey, changes: &[Change]) -> Result<(), SearchError> {
        let mut indexes = self.indexes();
        let held = indexes.entry((scope.tenant(), index.dataset)).or_default();
        for change in changes {
            match change {
                Change::Put(_, document) => {
                    held.documents
                        .insert(document.id.clone(), IndexedChunk::all_of(document, index.analyzer));
                }
                Change::Removed(_, id) => {
                    held.documents.remove(id);
                }
            }
            held.seen = held.seen.max(change.number());
        }
        Ok(())
    }

    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), SearchError> {
        self.indexes().remove(&(scope.tenant(), dataset));
        Ok(())
    }
}
