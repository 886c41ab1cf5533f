//! The products of a question with many rows, by the widest registers that the processor has.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch};

/// For each row the sum of the products of its components and the question's. The rows lie one behind the other, each as
/// long as the question, which is a multiple of 64. Sums wrap where a file of strangers has them overflow.
pub(crate) fn products(question: &[i16], rows: &[u8], sums: &mut [i32]) {
    let level = Level::new();
    dispatch!(level, simd => products_with(simd, question, rows, sums));
}

#[inline(always)]
fn products_with<S: Simd>(simd: S, question: &[i16], rows: &[u8], sums: &mut [i32]) {
    for (row, sum) in rows.chunks_exact(question.len().max(1)).zip(sums) {
        *sum = product_with(simd, question, row);
    }
}

#[inline(always)]
fn product_with<S: Simd>(simd: S, question: &[i16], row: &[u8]) -> i32 {
    let mut lower_sums = S::i32s::splat(simd, 0);
    let mut upper_sums = S::i32s::splat(simd, 0);
    let parts = question.chunks_exact(S::u8s::LEN).zip(row.chunks_exact(S::u8s::LEN));
    for (of_question, of_row) in parts {
        let (lower, upper) = S::u8s::from_slice(simd, of_row).bitcast::<S::i8s>().widen();
        let (lower_question, upper_question) = of_question.split_at(S::i16s::LEN);
        lower_sums += lower.pairwise_dot_product(S::i16s::from_slice(simd, lower_question));
        upper_sums += upper.pairwise_dot_product(S::i16s::from_slice(simd, upper_question));
    }
    (lower_sums + upper_sums).reduce_sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_each_row_has_its_own_product() {
        for width in [64, 128, 384, 4_096] {
            let question: Vec<i16> =
                (0..width).map(|n| i16::try_from((n * 37) % 601).unwrap() - 300).collect();
            let rows: Vec<u8> =
                (0..width * 7).map(|n| u8::try_from((n * 101 + n / 7) % 256).unwrap()).collect();
            let expected = rows.chunks_exact(width).map(|row| {
                let pairs = row.iter().zip(&question);
                pairs.map(|(byte, step)| i32::from(byte.cast_signed()) * i32::from(*step)).sum::<i32>()
            });
            let mut sums = [0; 7];
            products(&question, &rows, &mut sums);
            assert!(expected.eq(sums), "{width} components");
        }
    }
}
