//! Vectors as bytes: how they are rounded, and what a question is multiplied with.
//!
//! A component becomes one of the whole numbers from -127 to 127, in steps as large as the vector's largest component
//! asks for. A factor for the vector takes the steps back, and is chosen so that the vector's cosine with itself is 1.
//! A question is rounded to 16 bits, which costs nothing: the products are taken with 16 bits in any case.

use syft_space_domain::encoder::{Embedding, MAX_DIMENSION};

/// The bytes of a row are a multiple of this: as many as the widest registers take at once.
const ROW_MULTIPLE: usize = 64;

/// The largest number that a component is rounded to.
const MAX_STEP: f32 = 127.0;

/// The largest number that a component of a question is rounded to.
const MAX_QUESTION_STEP: f32 = 32_767.0;

/// No sum of products may be more than this: it is held in an `i32`. The length of a row's whole numbers is at most that
/// of 128 in each component, and a sum is no more than the product of both lengths.
const MAX_SUM: f32 = 2_000_000_000.0;

/// How many bytes a vector of this dimension takes: one a component, and zeros behind them.
pub(crate) fn stride(dimension: usize) -> usize {
    dimension.min(MAX_DIMENSION).next_multiple_of(ROW_MULTIPLE)
}

/// Appends a vector to rows as bytes, and answers its factor.
pub(crate) fn push_row(embedding: &Embedding, rows: &mut Vec<u8>) -> f32 {
    let components = embedding.as_slice();
    let largest = largest(components);
    let end = rows.len().saturating_add(stride(components.len()));
    let mut product = 0.0;
    for component in components {
        let step = to_step(component / largest * MAX_STEP);
        product += component * f32::from(step);
        rows.push(step.cast_unsigned());
    }
    rows.resize(end, 0);
    1.0 / product
}

/// A question, as rows are multiplied with it.
pub(crate) struct Question {
    components: Vec<i16>,
    factor: f32,
}

impl Question {
    /// Rounds the vector of a question.
    pub(crate) fn new(embedding: &Embedding) -> Self {
        let components = embedding.as_slice();
        let stride = stride(components.len());
        let by_largest = MAX_QUESTION_STEP / largest(components);
        let by_sum = MAX_SUM / (128.0 * to_f32(components.len()).sqrt());
        let scale = by_largest.min(by_sum);
        let mut rounded: Vec<i16> =
            components.iter().map(|component| to_question_step(component * scale)).collect();
        rounded.resize(stride, 0);
        Self { components: rounded, factor: 1.0 / scale }
    }

    /// The components, as many as a row has bytes.
    pub(crate) fn components(&self) -> &[i16] {
        &self.components
    }

    /// The cosine that a row's sum of products stands for.
    #[inline]
    pub(crate) fn cosine(&self, sum: i32, row_factor: f32) -> f32 {
        (sum_to_f32(sum) * (row_factor * self.factor)).clamp(-1.0, 1.0)
    }
}

/// The largest component, whatever its sign. A vector of length 1 has one that is not 0.
fn largest(components: &[f32]) -> f32 {
    components.iter().fold(f32::MIN_POSITIVE, |largest, component| largest.max(component.abs()))
}

#[expect(clippy::as_conversions, reason = "a float is rounded in no other way; the value is bounded first")]
fn to_step(value: f32) -> i8 {
    value.round().clamp(-MAX_STEP, MAX_STEP) as i8
}

#[expect(clippy::as_conversions, reason = "a float is rounded in no other way; the value is bounded first")]
fn to_question_step(value: f32) -> i16 {
    value.round().clamp(-MAX_QUESTION_STEP, MAX_QUESTION_STEP) as i16
}

#[expect(clippy::as_conversions, reason = "a float is made of a whole number in no other way; it rounds")]
fn to_f32(dimension: usize) -> f32 {
    dimension as f32
}

#[expect(clippy::as_conversions, reason = "a float is made of a whole number in no other way; it rounds")]
#[inline]
fn sum_to_f32(sum: i32) -> f32 {
    sum as f32
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors::products::products;

    /// The most that a cosine with a rounded vector may be off. The rounding moves each component by half a step at
    /// most, so the vector by `e`; made as long again as it was, it is off by the tangent of the angle. The rest is what
    /// rounding the question and computing in `f32` cost.
    pub(crate) fn error_bound(embedding: &Embedding) -> f32 {
        let components = embedding.as_slice();
        let e = largest(components) / MAX_STEP / 2.0 * to_f32(components.len()).sqrt();
        e / (1.0 - e) + 5e-4
    }

    fn rounded_cosine(question: &Embedding, embedding: &Embedding) -> f32 {
        let mut rows = Vec::new();
        let factor = push_row(embedding, &mut rows);
        let question = Question::new(question);
        let mut sums = [0];
        products(question.components(), &rows, &mut sums);
        question.cosine(sums[0], factor)
    }

    fn embeddings() -> impl Strategy<Value = (Embedding, Embedding)> {
        let component = || prop_oneof![4 => -1.0_f32..1.0, 1 => Just(0.0), 1 => -1e-3_f32..1e-3];
        let pair = (1_usize..300).prop_flat_map(move |dimension| {
            (prop::collection::vec(component(), dimension), prop::collection::vec(component(), dimension))
        });
        pair.prop_filter_map("no direction", |(one, other)| {
            Some((Embedding::of_direction(one).ok()?, Embedding::of_direction(other).ok()?))
        })
    }

    proptest! {
        #[test]
        fn q2_a_rounded_vector_has_the_cosines_that_it_had(pair in embeddings()) {
            let (question, embedding) = pair;
            let exact = question.cosine(&embedding).unwrap();
            let rounded = rounded_cosine(&question, &embedding);
            prop_assert!((exact - rounded).abs() <= error_bound(&embedding), "{rounded} for {exact}");
        }

        #[test]
        fn q2_a_rounded_vector_is_nearest_to_itself(pair in embeddings()) {
            let own = rounded_cosine(&pair.0, &pair.0);
            prop_assert!((1.0 - own).abs() < 5e-4, "{own}");
        }
    }

    #[test]
    fn q2_no_sum_of_products_overflows() {
        for dimension in [1, 2, 63, 64, 65, 384, 1_000, MAX_DIMENSION] {
            let even = Embedding::of_direction(vec![1.0; dimension]).unwrap();
            let mut single = vec![0.0; dimension];
            single[dimension - 1] = -1.0;
            let single = Embedding::of_direction(single).unwrap();
            for embedding in [&even, &single] {
                let own = rounded_cosine(embedding, embedding);
                assert!((1.0 - own).abs() < 5e-4, "{dimension} components: {own}");
                // The worst that a file of strangers can hold.
                let question = Question::new(embedding);
                let worst: i64 = question.components().iter().map(|step| i64::from(*step) * -128).sum();
                assert!(i32::try_from(worst).is_ok(), "{dimension} components: {worst}");
            }
        }
    }
}
