//! How close texts come by an encoder that have nothing to do with each other: what its cosines are measured from.

mod texts;

use syft_space_domain::encoder::ports::{EncodeError, Encoder};
use syft_space_domain::encoder::{Embedding, UnrelatedCosine};

use crate::unrelated::texts::{QUESTIONS, TEXTS};

/// From this cosine on two vectors are the same, but for how numbers are rounded.
const SAME_COSINE: f32 = 0.999_99;

/// Two vectors of one text have at least this cosine: a server may round otherwise with other texts beside it.
const AGAIN_COSINE: f32 = 0.999;

/// An encoder that is of no use, or could not be tried.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EncoderUnfit {
    /// It did not encode.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Two texts that say different things have one vector.
    #[error("it gives {0:?} and {1:?} the same vector, so it cannot tell texts apart")]
    Same(&'static str, &'static str),
    /// The same text has another vector each time.
    #[error("it gives {0:?} another vector each time, so nothing that it encodes is found again")]
    Fickle(&'static str),
    /// All texts are close to each other.
    #[error(
        "it tells texts hardly apart: those that have nothing to do with each other have a cosine of {0:.2} on the average, and \
         it may be {max} at most",
        max = UnrelatedCosine::MAX
    )]
    Close(f32),
}

/// Texts as people write them, in several languages.
pub(crate) fn ordinary_texts() -> impl Iterator<Item = &'static str> {
    QUESTIONS.iter().chain(&TEXTS).copied()
}

/// Encodes questions and texts that have nothing to do with each other, and answers the mean cosine of a question and a text;
/// 0 where it is below.
///
/// # Errors
/// [`Encode`](EncoderUnfit::Encode) when the encoder does not encode them, [`Same`](EncoderUnfit::Same) or
/// [`Close`](EncoderUnfit::Close) when it does not tell them apart, and [`Fickle`](EncoderUnfit::Fickle) when one text has two
/// vectors.
pub async fn measure_unrelated_cosine(encoder: &dyn Encoder) -> Result<UnrelatedCosine, EncoderUnfit> {
    let all: Vec<&'static str> = ordinary_texts().collect();
    let embeddings = encoder.encode(&all).await?;
    let known: Vec<(&'static str, Embedding)> = all.into_iter().zip(embeddings).collect();
    if let Some((text, embedding)) = known.first() {
        let again = encoder.encode(&[text]).await?;
        let cosine = again.first().and_then(|again| embedding.cosine(again));
        if cosine.is_none_or(|cosine| cosine < AGAIN_COSINE) {
            return Err(EncoderUnfit::Fickle(text));
        }
    }
    for (place, (text, embedding)) in known.iter().enumerate() {
        let mut others = known.iter().skip(place.saturating_add(1));
        let is_same = |other: &Embedding| embedding.cosine(other).is_none_or(|cosine| cosine > SAME_COSINE);
        if let Some((other, _)) = others.find(|(_, other)| is_same(other)) {
            return Err(EncoderUnfit::Same(text, other));
        }
    }
    let (questions, texts) = known.split_at_checked(QUESTIONS.len()).unwrap_or_default();
    let pairs =
        questions.iter().flat_map(|(_, question)| texts.iter().map(move |(_, text)| (question, text)));
    let (mut sum, mut count) = (0.0, 0.0);
    for cosine in pairs.filter_map(|(question, text)| question.cosine(text)) {
        sum += cosine;
        count += 1.0;
    }
    let mean = (sum / count).max(0.0);
    UnrelatedCosine::parse(mean).map_err(|_| EncoderUnfit::Close(mean))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use futures_executor::block_on;
    use sha2::{Digest, Sha256};
    use syft_space_domain::Pending;
    use syft_space_domain::encoder::{EncoderModel, ModelId, ModelRevision};

    use super::*;

    /// Gives each text the vector that a function says.
    struct Made(EncoderModel, fn(&str) -> Vec<f32>);

    impl Made {
        fn by(vector: fn(&str) -> Vec<f32>) -> Self {
            let id = ModelId::parse("made").unwrap();
            Self(EncoderModel::new(id, ModelRevision::from_bytes([1; 32]), 32, 8).unwrap(), vector)
        }
    }

    impl Encoder for Made {
        fn model(&self) -> &EncoderModel {
            &self.0
        }

        fn encode<'a>(&'a self, texts: &'a [&'a str]) -> Pending<'a, Result<Vec<Embedding>, EncodeError>> {
            let vectors = texts.iter().map(|text| Embedding::of_direction((self.1)(text)));
            let vectors: Result<_, _> = vectors.collect();
            Box::pin(async { vectors.map_err(|error| EncodeError::Failed(error.to_string())) })
        }
    }

    fn random(text: &str) -> Vec<f32> {
        Sha256::digest(text).iter().map(|byte| (f32::from(*byte) - 127.5) / 127.5).collect()
    }

    fn measured(vector: fn(&str) -> Vec<f32>) -> Result<f32, EncoderUnfit> {
        block_on(measure_unrelated_cosine(&Made::by(vector))).map(UnrelatedCosine::get)
    }

    #[test]
    fn q2_the_mean_cosine_of_unrelated_texts_is_measured_and_never_below_0() {
        assert!(measured(random).unwrap() < 0.05);
        // Each has a common part that is as long as its own: the cosine of two is a half.
        let half = |text: &str| {
            let own = random(text);
            let length = own.iter().map(|part| part * part).sum::<f32>().sqrt();
            let mut own: Vec<f32> = own.iter().map(|part| part / length).collect();
            own.push(1.0);
            own
        };
        let cosine = measured(half).unwrap();
        assert!((0.47..0.53).contains(&cosine), "{cosine}");
        let apart = |text: &str| {
            let mut vector = random(text);
            vector.push(if QUESTIONS.contains(&text) { 9.0 } else { -9.0 });
            vector
        };
        assert_eq!(measured(apart), Ok(0.0));
    }

    #[test]
    fn q2_an_encoder_that_tells_nothing_apart_is_refused() {
        assert!(matches!(measured(|_| vec![1.0; 32]), Err(EncoderUnfit::Same(one, other)) if one != other));
        let close = |text: &str| random(text).iter().map(|part| part * 0.1 + 1.0).collect();
        assert!(matches!(measured(close), Err(EncoderUnfit::Close(mean)) if mean > UnrelatedCosine::MAX));
        assert!(matches!(measured(|_| vec![0.0]), Err(EncoderUnfit::Encode(EncodeError::Failed(_)))));
    }

    #[test]
    fn q2_no_text_stands_twice_among_those_that_are_unrelated() {
        let all: BTreeSet<_> = QUESTIONS.iter().chain(&TEXTS).collect();
        assert_eq!((all.len(), QUESTIONS.len(), TEXTS.len()), (80, 40, 40));
    }
}
