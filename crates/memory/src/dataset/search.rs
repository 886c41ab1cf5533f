//! The in-memory search engine. It scans every chunk, and scores it as the real engine does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{SearchEngine, SearchError};
use syft_space_domain::dataset::{
    AnalyzerSettings, Change, ChangeNumber, Chunk, ChunkRef, Document, DocumentId, Highlight, Hit, Hits,
    IndexKey, Location, Metadata, SearchQuery, Tokenizer, contexts,
};
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::tenant::TenantScope;

use self::words::{
    CAPITAL_FACTOR, CAPITAL_MARK, Forms, MARKS, NAME_MARK, STOP_WORD_MARK, analyze, document_terms, is_cjk,
    is_misspelling, joined_terms, name_forms, possible_names, query_terms,
};

mod words;

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
    /// Which of the document's chunks it is, counted from 0.
    position: u32,
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

const BM25_K1: f64 = 1.2;
const BM25_B: f64 = 0.75;
/// The maximum length of a chunk, as a multiple of the average.
const MAX_LENGTH_RATIO: f64 = 3.0;

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
        let index = |(position, (chunk, context)): (u32, (&Chunk, String))| {
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
            Self { position, text: text.into(), metadata, location, term_counts: counts, length }
        };
        (0..).zip(document.chunks.iter().zip(contexts(document))).map(index).collect()
    }

    fn hit(
        &self,
        document: &DocumentId,
        analyzer: AnalyzerSettings,
        query: &WeighedQuery,
        score: f32,
    ) -> Hit {
        Hit {
            document: document.clone(),
            chunk: self.position,
            content: Arc::clone(&self.text),
            metadata: Arc::clone(&self.metadata),
            location: Arc::clone(&self.location),
            highlight: highlight(&self.text, analyzer, query),
            score,
        }
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
        let scored = self.chunks().map(|(document, chunk)| {
            chunk.hit(document, analyzer, &weighed, to_unit_f32(chunk.score(&weighed, average_length)))
        });
        let mut hits: Hits =
            scored.filter(|hit| hit.score > 0.0 && hit.score >= query.threshold.get()).collect();
        // The sort is stable: hits of equal score stay in the order of their documents.
        hits.sort_by(|hit, other| other.score.total_cmp(&hit.score));
        hits.truncate(query.limit);
        hits
    }

    fn named(&self, analyzer: AnalyzerSettings, text: &str, chunks: &[ChunkRef]) -> Hits {
        let weighed = self.weigh(analyzer, text);
        let hit = |named: &ChunkRef| {
            let position = usize::try_from(named.chunk).ok()?;
            let chunk = self.documents.get(&named.document)?.get(position)?;
            Some(chunk.hit(&named.document, analyzer, &weighed, 0.0))
        };
        chunks.iter().filter_map(hit).collect()
    }

    /// Which share of all chunks has the rarest term of a text.
    fn share(&self, analyzer: AnalyzerSettings, text: &str) -> f32 {
        let total = self.chunks().fold(0.0, |sum, _| sum + 1.0);
        let with = |term: &String| match term.strip_prefix(MARKS.map(|(mark, _)| mark)) {
            None => self.document_frequency(term),
            Some(word) => {
                MARKS.iter().map(|(mark, _)| self.document_frequency(&format!("{mark}{word}"))).sum()
            }
        };
        let terms = query_terms(text, analyzer, &BTreeSet::new());
        let rarest = terms.iter().map(with).min_by(f64::total_cmp);
        rarest.filter(|_| total > 0.0).map_or(0.0, |rarest| to_unit_f32(rarest / total))
    }
}

/// A number as the port defines it: 0 to 1, without rounding errors beyond.
#[expect(
    clippy::as_conversions,
    reason = "there is no other way from f64 to f32; the value is bounded first"
)]
fn to_unit_f32(number: f64) -> f32 {
    number.clamp(0.0, 1.0) as f32
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

    fn chunks<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        text: &'a str,
        chunks: &'a [ChunkRef],
    ) -> Pending<'a, Result<Hits, SearchError>> {
        Box::pin(async move {
            if chunks.len() > ChunkRef::MAX_NAMED {
                return Err(SearchError::TooManyChunks);
            }
            let indexes = self.indexes();
            let stored = indexes.get(&(scope.tenant(), index.dataset));
            Ok(stored.map(|stored| stored.named(index.analyzer, text, chunks)).unwrap_or_default())
        })
    }

    fn shares<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        texts: &'a [&'a str],
    ) -> Pending<'a, Result<Vec<f32>, SearchError>> {
        Box::pin(async move {
            let indexes = self.indexes();
            let stored = indexes.get(&(scope.tenant(), index.dataset));
            let share = |text: &&str| stored.map_or(0.0, |stored| stored.share(index.analyzer, text));
            Ok(texts.iter().map(share).collect())
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
