//! How a hit came to its place, as an answer tells it.

use schemars::JsonSchema;
use serde::Serialize;
use syft_space_domain::dataset::Explanation;

/// How a hit came to its place. Its score comes of its closeness, and of what is added to that; where it has no vector it is
/// its score by words.
#[derive(Serialize, JsonSchema)]
pub(crate) struct HitExplanation {
    /// What it is by its words, where these found it.
    words: Option<ByWords>,
    /// What it is by its meaning, where it has a vector.
    meaning: Option<ByMeaning>,
    /// What its words add to its closeness.
    added_by_words: f32,
    /// What it adds to that to have what the question names exactly.
    added_by_identifiers: f32,
}

/// A hit among what words found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ByWords {
    /// From 1.
    place: u64,
    /// 0 to 1.
    score: f32,
}

/// A hit among what meaning found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ByMeaning {
    /// From 1; `null` where words alone found it.
    place: Option<u64>,
    /// Of its vector and the question's: -1 to 1.
    cosine: f32,
    /// The cosine, measured from that of texts that have nothing to do with each other: 0 to 1.
    closeness: f32,
}

impl HitExplanation {
    pub(super) fn of(explanation: &Explanation) -> Self {
        let Explanation { words_place, words_score, meaning_place, cosine, meaning, .. } = *explanation;
        Self {
            words: words_place.zip(words_score).map(|(place, score)| ByWords { place, score }),
            meaning: cosine.map(|cosine| ByMeaning { place: meaning_place, cosine, closeness: meaning }),
            added_by_words: explanation.added_by_words,
            added_by_identifiers: explanation.added_by_identifiers,
        }
    }
}
