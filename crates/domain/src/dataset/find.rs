//! Finding chunks of a dataset, in the way in which it is searched.

use std::collections::HashSet;

use crate::dataset::ask_remote::ask_remote;
use crate::dataset::fusion::{Found, Fused};
use crate::dataset::ports::VectorIndexError;
use crate::dataset::rare_words::is_of_few;
use crate::dataset::{
    ChunkRef, EncodingProgress, Explanation, HitContext, Hits, IndexKey, Neighbour, Retrieval, SearchMode,
    SearchQuery, Searched, Surroundings, Threshold, VectorKey, VectorQuery, identifiers, plain_words,
    tells_apart,
};
use crate::encoder::ports::EncodeError;
use crate::encoder::{Embedding, EncoderName, InstalledEncoder};
use crate::port_error::PortError;
use crate::space::Space;
use crate::tenant::TenantScope;

/// How far down is looked where texts that are equal take the first places.
const DEPTH_BEHIND_REPEATED: u64 = 400;

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchResults {
    /// The chunks, the closest first.
    pub hits: Hits,
    /// How each came to its place, in the same order; none where words alone were asked.
    explanations: Vec<Explanation>,
    /// What stands around them, if that is wanted.
    pub(crate) surroundings: Surroundings,
    /// Which share of the dataset's chunks can be found by meaning, 0 to 1; `None` where none is to be, and where nobody has
    /// looked yet.
    pub encoded_share: Option<f64>,
}

impl SearchResults {
    fn of_hits(hits: Hits, explanations: Vec<Explanation>, encoded_share: Option<f64>) -> Self {
        Self { hits, explanations, surroundings: Surroundings::default(), encoded_share }
    }

    /// How each hit came to its place, in their order: by words too.
    #[must_use]
    pub fn explanations(&self) -> Vec<Explanation> {
        if self.explanations.len() == self.hits.len() {
            return self.explanations.clone();
        }
        self.hits.iter().zip(1..).map(|(hit, place)| Explanation::of_words(place, hit.score)).collect()
    }

    /// What stands around each hit in its document, in their order; nothing where the question wants none. No policy has looked
    /// at it.
    #[must_use]
    pub fn contexts(&self) -> Vec<HitContext> {
        self.surroundings.of_hits(&self.hits)
    }
}

/// Finds chunks, and what stands around them where that is wanted.
///
/// # Errors
/// When the engine failed, or the other space that is asked in its place; and where meaning alone is looked for, when the encoder or the index of vectors did, or have too much
/// to do. Where both are looked for, words are enough then.
pub(crate) async fn find(
    space: &Space,
    scope: &TenantScope,
    searched: &Searched,
    query: &SearchQuery<'_>,
) -> Result<SearchResults, PortError> {
    if let Some(endpoint) = &searched.remote {
        let hits = ask_remote(space, scope, endpoint, query).await?;
        return Ok(SearchResults::of_hits(hits, Vec::new(), None));
    }
    let found = find_hits(space, scope, searched, query).await?;
    let surroundings = Surroundings::find(space, scope, searched.index, query, &found.hits).await?;
    Ok(SearchResults { surroundings, ..found })
}

async fn find_hits(
    space: &Space,
    scope: &TenantScope,
    searched: &Searched,
    query: &SearchQuery<'_>,
) -> Result<SearchResults, PortError> {
    let (mode, wanted) = match &searched.retrieval {
        Retrieval::Words => return by_words(space, scope, searched, query, None).await,
        Retrieval::Meaning(wanted) => (SearchMode::Meaning, wanted),
        Retrieval::Both(wanted) => (SearchMode::Both, wanted),
    };
    match by_meaning(space, scope, searched, query, mode, wanted).await {
        Err(error @ (PortError::Encoding(_) | PortError::Vectors(_))) => {
            if let PortError::Vectors(VectorIndexError::Damaged(_)) = error {
                // Whoever encodes makes them anew.
                space.meaning.queue.add_damaged(*scope, searched.index.dataset);
            }
            // Where that was its own database, it is looked at.
            space.meaning.databases.doubt(scope, searched.index.dataset);
            if mode == SearchMode::Both {
                by_words(space, scope, searched, query, Some(0.0)).await
            } else {
                Err(error)
            }
        }
        found => found,
    }
}

async fn by_words(
    space: &Space,
    scope: &TenantScope,
    searched: &Searched,
    query: &SearchQuery<'_>,
    encoded_share: Option<f64>,
) -> Result<SearchResults, PortError> {
    let hits = space.engine.search(scope, searched.index, query).await?;
    Ok(SearchResults::of_hits(hits, Vec::new(), encoded_share))
}

async fn by_meaning(
    space: &Space,
    scope: &TenantScope,
    searched: &Searched,
    query: &SearchQuery<'_>,
    mode: SearchMode,
    wanted: &EncoderName,
) -> Result<SearchResults, PortError> {
    let meaning = &space.meaning;
    let index = searched.index;
    let progress = meaning.queue.progress(scope, index.dataset);
    let name = progress.as_ref().map_or(wanted, |progress| &progress.searched);
    let installed = meaning.encoders.encoder(name);
    let installed =
        installed.ok_or_else(|| EncodeError::Unusable(format!("no encoder {name} is installed")))?;
    let InstalledEncoder { encoder, unrelated_cosine } = installed;
    let is_current = |progress: &EncodingProgress| progress.revision == encoder.model().revision();
    // Where another model was installed by that name, its vectors are still to be made.
    let share = progress.as_ref().map(|progress| if is_current(progress) { progress.share() } else { 0.0 });
    let embedding = meaning.questions.embedding(scope.tenant(), &*encoder, query.text).await?;

    let Telling { named, rare } = if mode == SearchMode::Both {
        let chunks = progress.as_ref().map(|progress| progress.chunks);
        telling(space, scope, searched, query.text, chunks).await?
    } else {
        Telling::default()
    };
    let key = VectorKey::new(index.dataset, encoder.model());
    let sides = Sides { space, scope, index, query, mode, key, embedding: &embedding };
    let mut depth = Found::DEPTH;
    loop {
        let (words, others, neighbours) = sides.find(depth).await?;
        let is_whole = words.len().max(neighbours.len()) < usize::try_from(depth).unwrap_or(usize::MAX);
        let found =
            Found { words, others, neighbours: &neighbours, named: &named, rare: &rare, unrelated_cosine };
        let Fused { hits, repeated } = found.fuse(query.limit, query.threshold);
        // A text that stands in many chunks takes the places of what else there is: then it is looked for further down, once.
        if repeated == 0 || hits.len() >= query.limit || is_whole || depth > Found::DEPTH {
            let (hits, explanations) = hits.into_iter().unzip();
            return Ok(SearchResults::of_hits(hits, explanations, share));
        }
        depth = DEPTH_BEHIND_REPEATED;
    }
}

/// What both sides are asked.
struct Sides<'a> {
    space: &'a Space,
    scope: &'a TenantScope,
    index: IndexKey,
    query: &'a SearchQuery<'a>,
    mode: SearchMode,
    key: VectorKey,
    embedding: &'a Embedding,
}

impl Sides<'_> {
    /// The best chunks by words, those that meaning alone found, and how near each is that has a vector.
    async fn find(&self, depth: u64) -> Result<(Hits, Hits, Vec<Neighbour>), PortError> {
        let Self { space, scope, index, .. } = *self;
        let words = if self.mode == SearchMode::Both {
            let limit = usize::try_from(depth).unwrap_or(usize::MAX);
            let all = SearchQuery { limit, threshold: Threshold::NONE, ..*self.query };
            space.engine.search(scope, index, &all).await?
        } else {
            Hits::new()
        };
        let by_words: Vec<ChunkRef> = words.iter().map(ChunkRef::from).collect();
        let nearest = VectorQuery::new(self.embedding, depth, -1.0).and_then(|query| query.also(&by_words));
        let nearest = nearest.map_err(|error| VectorIndexError::Failed(error.to_string()))?;
        let neighbours = space.meaning.vectors.nearest(scope, self.key, nearest).await?;
        let by_words: HashSet<&ChunkRef> = by_words.iter().collect();
        let near =
            neighbours.iter().map(|near| ChunkRef { document: near.document.clone(), chunk: near.chunk });
        let others: Vec<ChunkRef> = near.filter(|chunk| !by_words.contains(chunk)).collect();
        let others = space.engine.chunks(scope, index, self.query.text, &others).await?;
        Ok((words, others, neighbours))
    }
}

/// What of a question tells chunks from one another.
#[derive(Default)]
struct Telling {
    /// What it names exactly.
    named: Vec<String>,
    /// Its plain words that hardly a chunk has.
    rare: Vec<String>,
}

async fn telling(
    space: &Space,
    scope: &TenantScope,
    searched: &Searched,
    question: &str,
    chunks: Option<u64>,
) -> Result<Telling, PortError> {
    let (named, plain) = (identifiers(question), plain_words(question));
    let texts: Vec<&str> =
        named.iter().map(String::as_str).chain(plain.iter().map(|word| word.text.as_str())).collect();
    if texts.is_empty() {
        return Ok(Telling::default());
    }
    let mut shares = space.engine.shares(scope, searched.index, &texts).await?.into_iter();
    let named = named.into_iter().zip(shares.by_ref());
    let named = named.filter(|(text, share)| is_of_few(*share, chunks) || tells_apart(text, *share));
    let named = named.map(|(text, _)| text).collect();
    let rare = plain.into_iter().zip(shares).filter(|(word, share)| word.is_rare(*share, chunks));
    Ok(Telling { named, rare: rare.map(|(word, _)| word.text).collect() })
}
