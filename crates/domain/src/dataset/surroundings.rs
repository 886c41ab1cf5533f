//! The chunks around a hit in its document, for whoever wants to read on before and behind it.

use std::collections::{HashMap, HashSet};

use crate::dataset::{ChunkRef, ContextSize, DocumentId, Hit, Hits, IndexKey, SearchQuery};
use crate::port_error::PortError;
use crate::space::Space;
use crate::tenant::TenantScope;

/// What stands around one hit in its document, each side in the document's order. There is less of it at the document's ends,
/// and where a policy takes something away.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HitContext {
    /// What stands before it.
    pub before: Hits,
    /// What stands behind it.
    pub after: Hits,
}

/// The chunks around all hits of a search that are none themselves. Which of them stand around which hit is said of hits that
/// may be shown, and only once they have gone through whatever filters hits.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Surroundings {
    size: ContextSize,
    chunks: Hits,
}

impl Surroundings {
    /// Looks up what stands around hits, if that is wanted. What is not there any more is left out; so is what stands in a
    /// document that was replaced since the hits were found, for it may belong to another text.
    ///
    /// # Errors
    /// When the engine failed.
    pub(crate) async fn find(
        space: &Space,
        scope: &TenantScope,
        index: IndexKey,
        query: &SearchQuery<'_>,
        hits: &[Hit],
    ) -> Result<Self, PortError> {
        let size = query.context;
        if size == ContextSize::NONE || hits.is_empty() {
            return Ok(Self { size, chunks: Hits::new() });
        }
        let found: HashMap<ChunkRef, &Hit> = hits.iter().map(|hit| (hit.into(), hit)).collect();
        let mut named = HashSet::new();
        // The hits are asked for as well, to see whether they are still what was found.
        let wanted = hits.iter().flat_map(|hit| {
            let from = hit.chunk.saturating_sub(size.get());
            let chunks = from..=hit.chunk.saturating_add(size.get());
            chunks.map(|chunk| ChunkRef { document: hit.document.clone(), chunk })
        });
        let wanted: Vec<ChunkRef> = wanted.filter(|chunk| named.insert(chunk.clone())).collect();
        // They are only read, so no word of them is looked for.
        let there = space.engine.chunks(scope, index, "", &wanted).await?;
        let (again, mut chunks): (Hits, Hits) =
            there.into_iter().partition(|chunk| found.contains_key(&ChunkRef::from(chunk)));
        let again: HashMap<ChunkRef, &Hit> = again.iter().map(|hit| (hit.into(), hit)).collect();
        let is_other = |chunk: &ChunkRef, hit: &Hit| {
            again.get(chunk).is_none_or(|now| now.content != hit.content || now.metadata != hit.metadata)
        };
        let changed = found.iter().filter(|(chunk, hit)| is_other(chunk, hit));
        let changed: HashSet<&DocumentId> = changed.map(|(chunk, _)| &chunk.document).collect();
        chunks.retain(|chunk| !changed.contains(&chunk.document));
        Ok(Self { size, chunks })
    }

    /// What a filter leaves of hits and of what stands around them. It sees all of them at once, the hits first, and each once.
    pub(crate) fn filter(&self, hits: Hits, filter: impl FnOnce(Hits) -> Hits) -> (Hits, Self) {
        if self.chunks.is_empty() {
            return (filter(hits), self.clone());
        }
        let found: HashSet<ChunkRef> = hits.iter().map(ChunkRef::from).collect();
        let left = filter(hits.into_iter().chain(self.chunks.iter().cloned()).collect());
        let (hits, chunks) = left.into_iter().partition(|hit| found.contains(&ChunkRef::from(hit)));
        (hits, Self { size: self.size, chunks })
    }

    /// What stands around each of these hits, in their order; nothing where none is wanted. Of two hits that are close to each
    /// other each stands around the other.
    pub(crate) fn of_hits(&self, hits: &[Hit]) -> Vec<HitContext> {
        if self.size == ContextSize::NONE {
            return Vec::new();
        }
        let there = hits.iter().chain(&self.chunks);
        let there: HashMap<(&DocumentId, u32), &Hit> =
            there.map(|hit| ((&hit.document, hit.chunk), hit)).collect();
        let size = self.size.get();
        let around = |hit: &Hit, distances: &mut dyn Iterator<Item = Option<u32>>| {
            let chunks = distances.filter_map(|chunk| there.get(&(&hit.document, chunk?)).copied());
            chunks.cloned().collect()
        };
        let context = |hit: &Hit| HitContext {
            before: around(hit, &mut (1..=size).rev().map(|distance| hit.chunk.checked_sub(distance))),
            after: around(hit, &mut (1..=size).map(|distance| hit.chunk.checked_add(distance))),
        };
        hits.iter().map(context).collect()
    }
}
