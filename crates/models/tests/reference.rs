//! The encoder against the architecture written down a second time: number by number, in double precision.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests and their helpers may panic")]

mod support;

use std::num::NonZeroUsize;

use futures_executor::block_on;
use proptest::prelude::*;
use serde_json::json;
use syft_space_domain::encoder::ports::Encoder;
use syft_space_models::LocalEncoder;
use tempfile::TempDir;

use crate::support::{Files, Size, TINY, WORDS, model_id, random};

/// How much a component may differ from what double precision gives.
const TOLERANCE: f64 = 1e-4;

/// Which tokens' vectors make the text's.
#[derive(Clone, Copy)]
enum Pooling {
    Mean,
    First,
}

/// The error function, by its series.
fn erf(x: f64) -> f64 {
    if x.abs() > 5.0 {
        return x.signum();
    }
    let (mut sum, mut term) = (x, x);
    for n in 1..200_u32 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap())
}

struct Reference<'a> {
    files: &'a Files,
    approximate: bool,
    pooling: Pooling,
}

impl Reference<'_> {
    fn tensor(&self, name: &str) -> Vec<f64> {
        self.files.tensors[name].1.iter().map(|value| f64::from(*value)).collect()
    }

    /// One row times a matrix, and a bias.
    fn linear(&self, row: &[f64], name: &str) -> Vec<f64> {
        let (weight, mut out) =
            (self.tensor(&format!("{name}.weight")), self.tensor(&format!("{name}.bias")));
        for (o, sum) in out.iter_mut().enumerate() {
            for (i, value) in row.iter().enumerate() {
                *sum += weight[o * row.len() + i] * value;
            }
        }
        out
    }

    fn norm(&self, row: &[f64], name: &str) -> Vec<f64> {
        let (weight, bias) = (self.tensor(&format!("{name}.weight")), self.tensor(&format!("{name}.bias")));
        let mean = row.iter().sum::<f64>() / count(row.len());
        let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count(row.len());
        let scaled =
            |(i, value): (usize, &f64)| (value - mean) / (variance + 1e-12).sqrt() * weight[i] + bias[i];
        row.iter().enumerate().map(scaled).collect()
    }

    fn gelu(&self, x: f64) -> f64 {
        if self.approximate {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            return 0.5 * x * (1.0 + inner.tanh());
        }
        0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2))
    }

    fn embed(&self, tokens: &[usize]) -> Vec<f64> {
        let Size { hidden, layers, heads, .. } = self.files.size;
        let table = |name: &str| self.tensor(&format!("embeddings.{name}_embeddings.weight"));
        let (words, positions, kinds) = (table("word"), table("position"), table("token_type"));
        let first = |(position, token): (usize, &usize)| {
            let sum = |i| words[token * hidden + i] + positions[position * hidden + i] + kinds[i];
            self.norm(&(0..hidden).map(sum).collect::<Vec<_>>(), "embeddings.LayerNorm")
        };
        let mut states: Vec<Vec<f64>> = tokens.iter().enumerate().map(first).collect();
        let width = hidden / heads;
        for layer in 0..layers {
            let name = |part: &str| format!("encoder.layer.{layer}.{part}");
            let all = |part| states.iter().map(|row| self.linear(row, &name(part))).collect::<Vec<_>>();
            let (query, key, value) =
                (all("attention.self.query"), all("attention.self.key"), all("attention.self.value"));
            let mut next = Vec::new();
            for (row, state) in states.iter().enumerate() {
                let mut attended = vec![0.0; hidden];
                for head in 0..heads {
                    let columns = head * width..(head + 1) * width;
                    let score = |other: &Vec<f64>| {
                        let products = columns.clone().map(|i| query[row][i] * other[i]);
                        (products.sum::<f64>() / count(width).sqrt()).exp()
                    };
                    let scores: Vec<f64> = key.iter().map(score).collect();
                    let sum: f64 = scores.iter().sum();
                    for i in columns.clone() {
                        attended[i] =
                            scores.iter().zip(&value).map(|(score, value)| score / sum * value[i]).sum();
                    }
                }
                let add = |one: &[f64], other: &[f64]| -> Vec<f64> {
                    one.iter().zip(other).map(|(one, other)| one + other).collect()
                };
                let output = self.linear(&attended, &name("attention.output.dense"));
                let middle = self.norm(&add(state, &output), &name("attention.output.LayerNorm"));
                let inner = self.linear(&middle, &name("intermediate.dense"));
                let inner: Vec<f64> = inner.into_iter().map(|x| self.gelu(x)).collect();
                let output = self.linear(&inner, &name("output.dense"));
                next.push(self.norm(&add(&middle, &output), &name("output.LayerNorm")));
            }
            states = next;
        }
        let mut pooled = states[0].clone();
        if let Pooling::Mean = self.pooling {
            for row in &states[1..] {
                pooled.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
        }
        let length = pooled.iter().map(|value| value * value).sum::<f64>().sqrt();
        pooled.iter().map(|value| value / length).collect()
    }
}

/// The text of these words, and its tokens as the model has them.
fn text(words: &[usize]) -> (String, Vec<usize>) {
    let text = words.iter().map(|word| WORDS[*word]).collect::<Vec<_>>().join(" ");
    let tokens = [&[2], words.get(..TINY.positions - 2).unwrap_or(words), &[3]].concat();
    (text, tokens)
}

fn assert_same_as_reference(files: &Files, approximate: bool, pooling: Pooling) {
    let folder = TempDir::new().unwrap();
    files.write(folder.path());
    let model = LocalEncoder::inspect(folder.path(), model_id()).unwrap();
    assert_eq!((model.dimension(), model.longest_input()), (files.size.hidden, files.size.positions));
    let encoder = LocalEncoder::new(folder.path().into(), model, NonZeroUsize::MIN);
    let reference = Reference { files, approximate, pooling };
    // Words by their numbers, of which those from 5 to 18 are whole words.
    let lists =
        [vec![], vec![5], vec![7, 6, 5], (0..22).map(|n| 10 + n % 4).collect(), vec![18; 40], vec![15, 16]];
    let texts: Vec<(String, Vec<usize>)> = lists.iter().map(|words| text(words)).collect();
    let encoded = block_on(encoder.encode(&texts.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>()));
    for ((text, tokens), embedding) in texts.iter().zip(encoded.unwrap()) {
        for (ours, exact) in embedding.as_slice().iter().zip(reference.embed(tokens)) {
            assert!((f64::from(*ours) - exact).abs() < TOLERANCE, "{text:?}: {ours} is not {exact}");
        }
    }
}

#[test]
fn q2_vectors_are_those_of_the_architecture_in_double_precision() {
    for seed in 0..8 {
        assert_same_as_reference(&random(TINY, seed), false, Pooling::Mean);
    }
    // Widths that no vector register divides.
    let odd = Size { hidden: 21, layers: 3, heads: 7, intermediate: 13, ..TINY };
    assert_same_as_reference(&random(odd, 9), false, Pooling::Mean);
    let one = Size { hidden: 1, layers: 1, heads: 1, intermediate: 1, ..TINY };
    assert_same_as_reference(&random(one, 9), false, Pooling::Mean);
}

#[test]
fn q2_the_activation_and_the_pooling_that_the_files_say_are_used() {
    let mut files = random(TINY, 3);
    files.config["hidden_act"] = json!("gelu_new");
    assert_same_as_reference(&files, true, Pooling::Mean);
    files.others.insert("1_Pooling/config.json", json!({"pooling_mode_cls_token": true}));
    assert_same_as_reference(&files, true, Pooling::First);
    // A model that was saved as a part of another.
    files.tensors =
        files.tensors.into_iter().map(|(name, tensor)| (format!("bert.{name}"), tensor)).collect();
    let folder = TempDir::new().unwrap();
    files.write(folder.path());
    assert!(LocalEncoder::inspect(folder.path(), model_id()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn q2_whatever_stands_beside_a_text_its_vector_is_the_same(
        lists in prop::collection::vec(prop::collection::vec(5_usize..19, 0..30), 1..40),
        threads in 1_usize..4,
    ) {
        let folder = TempDir::new().unwrap();
        random(TINY, 5).write(folder.path());
        let model = LocalEncoder::inspect(folder.path(), model_id()).unwrap();
        let threads = NonZeroUsize::new(threads).unwrap();
        let encoder = LocalEncoder::new(folder.path().into(), model, threads);
        let texts: Vec<String> = lists.iter().map(|words| text(words).0).collect();
        let together = block_on(encoder.encode(&texts.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
        for (text, embedding) in texts.iter().zip(together) {
            let alone = block_on(encoder.encode(&[text.as_str()])).unwrap().remove(0);
            for (one, other) in embedding.as_slice().iter().zip(alone.as_slice()) {
                prop_assert!((one - other).abs() <= 1e-6, "{text:?}: {one} and {other}");
            }
        }
    }
}
