//! Search engines with one fault each.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use syft_space_conformance::{Fixture, SearchFactory, sample, search};
use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{SearchEngine, SearchError};
use syft_space_domain::dataset::{
    Change, ChangeNumber, ChunkRef, Document, DocumentId, Hits, IndexKey, SearchQuery, Threshold,
};
use syft_space_domain::ids::DatasetId;
use syft_space_domain::tenant::TenantScope;
use syft_space_memory::MemorySearch;

use crate::{assert_caught, broken_promises};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    IgnoresTenant,
    DoublesScores,
    IgnoresThreshold,
    NeverReplaces,
    ForgetsChangeNumber,
    CountsChunksFromOne,
    ForgetsTheLastNamed,
    AnswersTheFirstNamedTwice,
    AnswersEachNamedOnce,
    SortsTheNamed,
    ScoresTheNamed,
    HighlightsNothingNamed,
    TakesThoseNamedFromTenantOne,
    TakesThoseNamedFromDatasetOne,
    AnswersForMissingChunks,
    AnswersTheFirstThousand,
    KeepsTheNamedOfBefore,
    TakesTheCommonestWord,
    TakesTheLastWord,
    LeavesUnknownWordsOut,
    CorrectsWords,
    ForgetsStopWords,
    CountsStopWords,
    CutsNoRuns,
    HasAllOfNothing,
    SharesWithTenantOne,
    SharesWithDatasetOne,
    SharesWhatWasThere,
}

struct FaultySearch {
    inner: MemorySearch,
    /// What was put in and never removed.
    grown: MemorySearch,
    fault: Fault,
    calls: AtomicU64,
}

impl FaultySearch {
    fn new(fault: Fault) -> Self {
        Self { inner: MemorySearch::new(), grown: MemorySearch::new(), fault, calls: AtomicU64::new(0) }
    }

    fn scope(&self, scope: &TenantScope) -> TenantScope {
        if self.fault == Fault::IgnoresTenant { sample::scope(1) } else { *scope }
    }

    /// Whose chunks are answered or counted, and of which dataset, where one of these faults mixes them up.
    fn place(&self, scope: &TenantScope, index: IndexKey, faults: [Fault; 2]) -> (TenantScope, IndexKey) {
        let [tenant, dataset] = faults.map(|fault| self.fault == fault);
        let scope = if tenant { sample::scope(1) } else { self.scope(scope) };
        let dataset = if dataset { sample::dataset_id(1) } else { index.dataset };
        (scope, IndexKey { dataset, ..index })
    }

    async fn name_wrongly(
        &self,
        scope: &TenantScope,
        index: IndexKey,
        text: &str,
        chunks: &[ChunkRef],
    ) -> Result<Hits, SearchError> {
        let faults = [Fault::TakesThoseNamedFromTenantOne, Fault::TakesThoseNamedFromDatasetOne];
        let (scope, index) = self.place(scope, index, faults);
        let mut chunks = chunks.to_vec();
        match self.fault {
            Fault::ForgetsTheLastNamed => drop(chunks.pop()),
            Fault::AnswersTheFirstNamedTwice => chunks.extend(chunks.first().cloned()),
            Fault::AnswersEachNamedOnce => {
                let mut seen = BTreeSet::new();
                chunks.retain(|chunk| seen.insert(chunk.clone()));
            }
            Fault::SortsTheNamed => chunks.sort(),
            Fault::AnswersForMissingChunks => chunks.iter_mut().for_each(|chunk| {
                chunk.chunk = chunk.chunk.min(1);
            }),
            Fault::AnswersTheFirstThousand => chunks.truncate(ChunkRef::MAX_NAMED),
            _ => {}
        }
        let text = if self.fault == Fault::HighlightsNothingNamed { "" } else { text };
        let engine = if self.fault == Fault::KeepsTheNamedOfBefore { &self.grown } else { &self.inner };
        let mut hits = engine.chunks(&scope, index, text, &chunks).await?;
        if self.fault == Fault::ScoresTheNamed {
            hits.iter_mut().for_each(|hit| hit.score = 0.5);
        }
        Ok(hits)
    }

    async fn share_wrongly(
        &self,
        scope: &TenantScope,
        index: IndexKey,
        text: &str,
    ) -> Result<f32, SearchError> {
        let (scope, index) =
            self.place(scope, index, [Fault::SharesWithTenantOne, Fault::SharesWithDatasetOne]);
        let engine = if self.fault == Fault::SharesWhatWasThere { &self.grown } else { &self.inner };
        let share = async |text: &str| {
            let shares = engine.shares(&scope, index, &[text]).await?;
            Ok(shares.first().copied().expect("each text has a share"))
        };
        let words: Vec<&str> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let mut of_words = Vec::new();
        for word in &words {
            of_words.push(share(word).await?);
        }
        let rarest = |shares: &[f32]| shares.iter().copied().reduce(f32::min).unwrap_or(0.0);
        let is_stop_word =
            |word: &&str| ["the", "of", "who", "which"].contains(&word.to_lowercase().as_str());
        match self.fault {
            Fault::TakesTheCommonestWord => Ok(of_words.into_iter().fold(0.0, f32::max)),
            Fault::TakesTheLastWord => Ok(of_words.last().copied().unwrap_or(0.0)),
            Fault::LeavesUnknownWordsOut => {
                of_words.retain(|share| *share > 0.0);
                Ok(rarest(&of_words))
            }
            Fault::CountsStopWords => Ok(rarest(&of_words)),
            Fault::ForgetsStopWords if words.iter().all(is_stop_word) => Ok(0.0),
            Fault::CorrectsWords => share(&text.replace("weathr", "weather")).await,
            Fault::CutsNoRuns if !text.is_ascii() && text.chars().count() > 2 => Ok(0.0),
            Fault::HasAllOfNothing if words.is_empty() => Ok(1.0),
            _ => share(text).await,
        }
    }
}

impl SearchEngine for FaultySearch {
    fn search<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        query: &'a SearchQuery<'a>,
    ) -> Pending<'a, Result<Hits, SearchError>> {
        Box::pin(async move {
            let threshold = Threshold::parse(0.0).expect("a valid threshold");
            let query = if self.fault == Fault::IgnoresThreshold {
                &SearchQuery { threshold, ..*query }
            } else {
                query
            };
            let scope = self.scope(scope);
            let mut hits = self.inner.search(&scope, index, query).await?;
            for hit in &mut hits {
                match self.fault {
                    Fault::DoublesScores => hit.score *= 2.0,
                    Fault::CountsChunksFromOne => hit.chunk += 1,
                    _ => {}
                }
            }
            Ok(hits)
        })
    }

    fn chunks<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        text: &'a str,
        chunks: &'a [ChunkRef],
    ) -> Pending<'a, Result<Hits, SearchError>> {
        Box::pin(self.name_wrongly(scope, index, text, chunks))
    }

    fn shares<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        texts: &'a [&'a str],
    ) -> Pending<'a, Result<Vec<f32>, SearchError>> {
        Box::pin(async move {
            let mut shares = Vec::new();
            for text in texts {
                shares.push(self.share_wrongly(scope, index, text).await?);
            }
            Ok(shares)
        })
    }

    fn indexed(&self, scope: &TenantScope, index: IndexKey) -> Result<ChangeNumber, SearchError> {
        if self.fault == Fault::ForgetsChangeNumber {
            return Ok(ChangeNumber(0));
        }
        self.inner.indexed(&self.scope(scope), index)
    }

    fn apply(&self, scope: &TenantScope, index: IndexKey, changes: &[Change]) -> Result<(), SearchError> {
        let renamed = |change: &Change| match change {
            Change::Put(number, document) if self.fault == Fault::NeverReplaces => {
                let id = format!("{}.{}", document.id, self.calls.fetch_add(1, Ordering::SeqCst));
                let id = DocumentId::parse(&id).expect("a valid id");
                Change::Put(*number, Document { id, ..document.clone() })
            }
            other => other.clone(),
        };
        let changes: Vec<Change> = changes.iter().map(renamed).collect();
        let put: Vec<Change> =
            changes.iter().filter(|change| matches!(change, Change::Put(..))).cloned().collect();
        self.grown.apply(scope, index, &put)?;
        self.inner.apply(&self.scope(scope), index, &changes)
    }

    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), SearchError> {
        self.inner.destroy(&self.scope(scope), dataset)
    }
}

fn faulty(fault: Fault) -> Box<SearchFactory> {
    Box::new(move || Fixture::new(Box::new(FaultySearch::new(fault))))
}

#[test]
fn q2_a_search_engine_without_a_fault_breaks_no_promise() {
    assert_eq!(broken_promises(search::CHECKS, &*faulty(Fault::None)), [""; 0]);
}

#[test]
fn q2_a_search_engine_with_a_fault_is_caught_by_the_promise_that_it_breaks() {
    for (fault, promise) in [
        (Fault::IgnoresTenant, "z1_a_search_finds_its_own_tenants_dataset_only"),
        (Fault::DoublesScores, "q2_scores_are_between_0_and_1_and_the_closest_come_first"),
        (Fault::IgnoresThreshold, "the_limit_and_the_threshold_are_kept"),
        (Fault::NeverReplaces, "a_document_that_is_replaced_is_found_by_its_new_words_only"),
        (Fault::ForgetsChangeNumber, "an_index_knows_the_last_change_it_has_seen"),
        (Fault::CountsChunksFromOne, "a_hit_shows_the_chunk_and_its_document"),
        (Fault::ForgetsTheLastNamed, "q2_named_chunks_are_answered_in_the_order_in_which_they_are_named"),
        (
            Fault::AnswersTheFirstNamedTwice,
            "q2_named_chunks_are_answered_in_the_order_in_which_they_are_named",
        ),
        (Fault::AnswersEachNamedOnce, "q2_named_chunks_are_answered_in_the_order_in_which_they_are_named"),
        (Fault::SortsTheNamed, "q2_named_chunks_are_answered_in_the_order_in_which_they_are_named"),
        (Fault::ScoresTheNamed, "q2_a_named_chunk_is_as_a_search_would_show_it"),
        (Fault::HighlightsNothingNamed, "q2_a_named_chunk_is_as_a_search_would_show_it"),
        (Fault::AnswersForMissingChunks, "q2_named_chunks_that_the_index_does_not_have_are_left_out"),
        (Fault::AnswersForMissingChunks, "q2_a_named_chunk_is_found_among_many"),
        (Fault::KeepsTheNamedOfBefore, "q2_named_chunks_that_the_index_does_not_have_are_left_out"),
        (Fault::AnswersTheFirstThousand, "q2_no_more_chunks_are_named_than_one_call_may"),
        (Fault::TakesThoseNamedFromTenantOne, "z1_named_chunks_are_those_of_their_own_tenants_dataset_only"),
        (Fault::TakesThoseNamedFromDatasetOne, "z1_named_chunks_are_those_of_their_own_tenants_dataset_only"),
        (Fault::TakesTheCommonestWord, "q2_a_texts_share_is_that_of_its_rarest_word"),
        (Fault::TakesTheLastWord, "q2_a_texts_share_is_that_of_its_rarest_word"),
        (Fault::LeavesUnknownWordsOut, "q2_a_text_that_no_chunk_can_have_has_no_share"),
        (Fault::CorrectsWords, "q2_a_text_that_no_chunk_can_have_has_no_share"),
        (Fault::HasAllOfNothing, "q2_a_text_that_no_chunk_can_have_has_no_share"),
        (Fault::ForgetsStopWords, "q2_stop_words_have_a_share_where_a_text_has_no_others"),
        (Fault::CountsStopWords, "q2_stop_words_have_a_share_where_a_text_has_no_others"),
        (Fault::CutsNoRuns, "q2_a_run_of_characters_has_the_share_of_its_rarest_part"),
        (Fault::SharesWhatWasThere, "q2_a_share_follows_the_documents"),
        (Fault::SharesWithTenantOne, "z1_a_share_counts_the_chunks_of_its_own_tenants_dataset_only"),
        (Fault::SharesWithDatasetOne, "z1_a_share_counts_the_chunks_of_its_own_tenants_dataset_only"),
    ] {
        assert_caught(search::CHECKS, &*faulty(fault), promise);
    }
}
