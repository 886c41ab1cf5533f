//! The vector of one text.

/// The most components of a vector.
pub const MAX_DIMENSION: usize = 4_096;

/// How far from 1 the length of a vector may be that is said to be of length 1: `f32` rounds each component.
const LENGTH_TOLERANCE: f64 = 1e-3;

/// What one text means to one model: a direction, as a vector of length 1. No component is infinite or no number.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(Box<[f32]>);

/// Components that are no vector of length 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmbeddingError {
    /// There are none, or too many.
    #[error("a vector has 1 to {MAX_DIMENSION} components, not {0}")]
    Dimension(usize),
    /// One is infinite or no number.
    #[error("component {0} of the vector is no finite number")]
    NotFinite(usize),
    /// All of them are zero, so there is no direction.
    #[error("the vector has no direction: its length is 0")]
    Zero,
    /// The length is not 1.
    #[error("the vector's length is not 1")]
    Length,
}

impl Embedding {
    /// The direction of a vector of any length but 0.
    ///
    /// # Errors
    /// [`Dimension`](EmbeddingError::Dimension) for no component or more than [`MAX_DIMENSION`],
    /// [`NotFinite`](EmbeddingError::NotFinite) with the place of the first that is no finite number, and
    /// [`Zero`](EmbeddingError::Zero) when all are 0.
    pub fn of_direction(mut components: Vec<f32>) -> Result<Self, EmbeddingError> {
        let length = length(&components)?;
        for component in &mut components {
            *component = narrow(f64::from(*component) / length);
        }
        Ok(Self(components.into_boxed_slice()))
    }

    /// A vector of length 1, such as one that was stored.
    ///
    /// # Errors
    /// As [`of_direction`](Self::of_direction), and [`Length`](EmbeddingError::Length) when the length is not 1.
    pub fn of_unit(components: Vec<f32>) -> Result<Self, EmbeddingError> {
        let is_one = (length(&components)? - 1.0).abs() <= LENGTH_TOLERANCE;
        if is_one { Ok(Self(components.into_boxed_slice())) } else { Err(EmbeddingError::Length) }
    }

    /// The components, at least one.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }

    /// How many components there are.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.0.len()
    }

    /// How close two vectors are: the cosine of the angle between them, from -1 to 1. `None` when their dimensions
    /// differ, so that they cannot be of one model.
    #[must_use]
    pub fn cosine(&self, other: &Self) -> Option<f32> {
        if self.dimension() != other.dimension() {
            return None;
        }
        let products = self.0.iter().zip(&other.0).map(|(one, other)| f64::from(*one) * f64::from(*other));
        Some(narrow(products.sum::<f64>().clamp(-1.0, 1.0)))
    }
}

/// The length of a vector that has a direction. In `f64` the square of no `f32` is infinite, nor is the sum of these.
fn length(components: &[f32]) -> Result<f64, EmbeddingError> {
    if components.is_empty() || components.len() > MAX_DIMENSION {
        return Err(EmbeddingError::Dimension(components.len()));
    }
    if let Some(place) = components.iter().position(|component| !component.is_finite()) {
        return Err(EmbeddingError::NotFinite(place));
    }
    let square: f64 = components.iter().map(|component| f64::from(*component).powi(2)).sum();
    if square > 0.0 { Ok(square.sqrt()) } else { Err(EmbeddingError::Zero) }
}

#[expect(clippy::as_conversions, reason = "the standard library narrows a float in no other way; it rounds")]
fn narrow(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn q2_what_has_no_direction_is_no_embedding() {
        for (components, error) in [
            (vec![], EmbeddingError::Dimension(0)),
            (vec![1.0; MAX_DIMENSION + 1], EmbeddingError::Dimension(MAX_DIMENSION + 1)),
            (vec![1.0, f32::NAN], EmbeddingError::NotFinite(1)),
            (vec![f32::INFINITY, f32::NAN], EmbeddingError::NotFinite(0)),
            (vec![0.0, -0.0], EmbeddingError::Zero),
        ] {
            assert_eq!(Embedding::of_direction(components.clone()), Err(error));
            assert_eq!(Embedding::of_unit(components), Err(error));
        }
        assert_eq!(Embedding::of_unit(vec![3.0, 4.0]), Err(EmbeddingError::Length));
        let embedding = Embedding::of_direction(vec![3.0, 4.0]).unwrap();
        assert_eq!(embedding.as_slice(), [0.6, 0.8]);
        assert_eq!(Embedding::of_unit(vec![0.6, 0.8]), Ok(embedding));
    }

    #[test]
    fn q2_vectors_of_two_models_are_not_compared() {
        let of = |components: &[f32]| Embedding::of_direction(components.to_vec()).unwrap();
        assert_eq!(of(&[1.0, 0.0]).cosine(&of(&[1.0])), None);
        assert_eq!(of(&[1.0, 0.0]).cosine(&of(&[0.0, 9.0])), Some(0.0));
        let opposite = of(&[1.0, 1.0]).cosine(&of(&[-2.0, -2.0]));
        assert!(opposite.is_some_and(|cosine| (-1.0..-0.999_999).contains(&cosine)), "{opposite:?}");
    }

    proptest! {
        #[test]
        fn q2_any_direction_becomes_a_vector_of_length_one(
            components in prop::collection::vec(any::<f32>(), 1..64),
        ) {
            let finite = components.iter().all(|component| component.is_finite());
            let zero = components.iter().all(|component| *component == 0.0);
            let embedding = Embedding::of_direction(components);
            prop_assert_eq!(embedding.is_ok(), finite && !zero);
            if let Ok(embedding) = embedding {
                let again = Embedding::of_unit(embedding.as_slice().to_vec());
                prop_assert_eq!(again.as_ref(), Ok(&embedding));
                prop_assert!(embedding.cosine(&embedding).is_some_and(|cosine| (cosine - 1.0).abs() < 1e-5));
            }
        }
    }
}
