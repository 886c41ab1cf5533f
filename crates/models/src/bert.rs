//! The BERT architecture, forwards: tokens to one vector per text.
//!
//! Everything but attention treats each token by itself, so the tokens of several texts are the rows of one matrix, one
//! text behind the other: nothing is padded, and no row knows of its neighbours.

use rten_gemm::{BiasVector, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_simd::{SimdOp, SimdUnaryOp};
use rten_tensor::NdTensorView;
use rten_vecmath::{ApproxGelu, Gelu, Normalize, NormalizeOptions, Softmax, Sum, SumSquareSub};

use crate::refused::ModelRefused;
use crate::settings::{Activation, Pooling, Settings};
use crate::token_table::TokenTable;
use crate::weights::{Needed, Weights};

/// What may stand before the tensors' names: the model was saved as a part of another.
pub(crate) const PREFIX: &str = "bert.";

/// What the table of tokens is called.
pub(crate) const TOKENS: &str = "embeddings.word_embeddings.weight";

/// The computation met numbers that do not fit together. All are checked when the model is read, so none should.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ForwardError(String);

impl ForwardError {
    fn new(reason: impl std::fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

/// A model, ready to compute.
pub(crate) struct Bert {
    settings: Settings,
    tokens: TokenTable,
    positions: Vec<f32>,
    /// Of the first type: a text by itself has no other.
    token_type: Vec<f32>,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

struct Layer {
    /// Queries, keys and values in one product.
    attention: Linear,
    output: Linear,
    attention_norm: LayerNorm,
    up: Linear,
    down: Linear,
    norm: LayerNorm,
}

/// A product with a matrix, and a sum. The matrix lies as the processor's kernel reads it.
struct Linear {
    weight: PackedBMatrix<f32>,
    bias: Vec<f32>,
}

struct LayerNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// The tensors that a model of these sizes has.
pub(crate) fn needed(settings: &Settings) -> Vec<Needed> {
    let Settings { hidden, intermediate, .. } = *settings;
    let mut needed = Vec::new();
    let mut add = |name: String, shape: &[usize]| needed.push((name, shape.to_vec()));
    for (table, rows) in [
        ("word", settings.vocabulary),
        ("position", settings.positions),
        ("token_type", settings.token_types),
    ] {
        add(format!("embeddings.{table}_embeddings.weight"), &[rows, hidden]);
    }
    let layers = (0..settings.layers).map(|layer| format!("encoder.layer.{layer}."));
    for part in ["weight", "bias"] {
        add(format!("embeddings.LayerNorm.{part}"), &[hidden]);
    }
    for layer in layers {
        for (name, out, into) in [
            ("attention.self.query", hidden, hidden),
            ("attention.self.key", hidden, hidden),
            ("attention.self.value", hidden, hidden),
            ("attention.output.dense", hidden, hidden),
            ("intermediate.dense", intermediate, hidden),
            ("output.dense", hidden, intermediate),
        ] {
            add(format!("{layer}{name}.weight"), &[out, into]);
            add(format!("{layer}{name}.bias"), &[out]);
        }
        for name in ["attention.output.LayerNorm", "output.LayerNorm"] {
            add(format!("{layer}{name}.weight"), &[hidden]);
            add(format!("{layer}{name}.bias"), &[hidden]);
        }
    }
    needed
}

impl Bert {
    /// Makes a model of its weights, which are those that [`needed`] named.
    pub(crate) fn new(settings: Settings, mut weights: Weights) -> Result<Self, ModelRefused> {
        let gemm = GemmExecutor::default();
        let hidden = settings.hidden;
        let positions = weights.take("embeddings.position_embeddings.weight")?;
        let mut token_type = weights.take("embeddings.token_type_embeddings.weight")?;
        token_type.truncate(hidden);
        let norm = layer_norm(&mut weights, "embeddings.LayerNorm")?;
        let mut layers = Vec::new();
        for layer in 0..settings.layers {
            let name = |part: &str| format!("encoder.layer.{layer}.{part}");
            let attention = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
            let mut linear = |names: &[String], into| linear(&gemm, &mut weights, names, into);
            let attention = linear(&attention, hidden)?;
            let output = linear(&[name("attention.output.dense")], hidden)?;
            let up = linear(&[name("intermediate.dense")], hidden)?;
            let down = linear(&[name("output.dense")], settings.intermediate)?;
            let attention_norm = layer_norm(&mut weights, &name("attention.output.LayerNorm"))?;
            let norm = layer_norm(&mut weights, &name("output.LayerNorm"))?;
            layers.push(Layer { attention, output, attention_norm, up, down, norm });
        }
        Ok(Self { settings, tokens: weights.tokens, positions, token_type, norm, layers })
    }

    /// The vector of each text, not yet of length 1. A text is the numbers of its tokens, at least one and no more than
    /// are read.
    pub(crate) fn forward(&self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>, ForwardError> {
        let Settings { hidden, intermediate, .. } = self.settings;
        let rows: usize = texts.iter().map(|text| text.len()).sum();
        // It cannot be sent between threads, and costs nothing to make: it is which kernel the processor runs best.
        let gemm = &GemmExecutor::default();
        let mut states = self.embed(texts)?;
        let mut attended = vec![0.0; rows * hidden];
        let mut projected = vec![0.0; rows * 3 * hidden];
        let mut inner = vec![0.0; rows * intermediate];
        for layer in &self.layers {
            product(gemm, &mut projected, &states, &layer.attention, 0.0)?;
            self.attend(gemm, &mut attended, &projected, texts)?;
            // With 1.0 the product is added to what was there: the residual connection.
            product(gemm, &mut states, &attended, &layer.output, 1.0)?;
            self.normalize(&mut states, &layer.attention_norm);
            product(gemm, &mut inner, &states, &layer.up, 0.0)?;
            match self.settings.activation {
                Activation::Gelu => (Gelu {}).map_mut(&mut inner),
                Activation::ApproximateGelu => (ApproxGelu {}).map_mut(&mut inner),
            }
            product(gemm, &mut states, &inner, &layer.down, 1.0)?;
            self.normalize(&mut states, &layer.norm);
        }
        Ok(self.pool(&states, texts))
    }

    /// The first states: what a token is, where it stands, and of which type it is.
    fn embed(&self, texts: &[&[u32]]) -> Result<Vec<f32>, ForwardError> {
        let hidden = self.settings.hidden;
        let mut states = Vec::new();
        for text in texts {
            for (token, position) in text.iter().zip(self.positions.chunks_exact(hidden)) {
                let token = usize::try_from(*token).map_err(ForwardError::new)?;
                let word = self.tokens.row(token);
                let word = word.ok_or_else(|| ForwardError::new("a token is not known"))?;
                let sums = word.zip(position).zip(&self.token_type);
                states.extend(sums.map(|((word, position), kind)| word + position + kind));
            }
        }
        self.normalize(&mut states, &self.norm);
        Ok(states)
    }

    /// Each text's tokens look at one another, and at nobody else's.
    fn attend(
        &self,
        gemm: &GemmExecutor,
        attended: &mut [f32],
        projected: &[f32],
        texts: &[&[u32]],
    ) -> Result<(), ForwardError> {
        let Settings { hidden, heads, .. } = self.settings;
        let width = hidden / heads;
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or_default();
        let mut scores = vec![0.0; longest * longest];
        let mut found = vec![0.0; longest * width];
        let options = GemmOptions { alpha: 1.0 / float(width).sqrt(), ..GemmOptions::default() };
        let (mut attended, mut projected) = (attended, projected);
        for text in texts {
            let rows = text.len();
            let (own, others) = split(projected, rows * 3 * hidden)?;
            let (out, others_out) = split_mut(attended, rows * hidden)?;
            (projected, attended) = (others, others_out);
            let (scores, _) = split_mut(&mut scores, rows * rows)?;
            let (found, _) = split_mut(&mut found, rows * width)?;
            for head in 0..heads {
                // Queries, keys and values of this head: columns of the rows of this text.
                let columns = |part: usize| {
                    let (_, columns) = split(own, part * hidden + head * width)?;
                    let shape = [rows, width];
                    NdTensorView::from_data_with_strides(shape, columns, [3 * hidden, 1])
                        .map_err(ForwardError::new)
                };
                let (query, key, value) = (columns(0)?, columns(1)?, columns(2)?);
                let (query, key) = (GemmInputA::Unpacked(query), GemmInputB::Unpacked(key.transposed()));
                gemm.gemm(scores, query, key, options.clone()).map_err(ForwardError::new)?;
                for row in scores.chunks_exact_mut(rows) {
                    Softmax::new_mut(row).dispatch();
                }
                let weights = GemmInputA::Unpacked(matrix(rows, rows, scores)?);
                let value = GemmInputB::Unpacked(value);
                gemm.gemm(found, weights, value, GemmOptions::default()).map_err(ForwardError::new)?;
                for (row, out) in found.chunks_exact(width).zip(out.chunks_exact_mut(hidden)) {
                    if let Some(out) = out.chunks_exact_mut(width).nth(head) {
                        out.copy_from_slice(row);
                    }
                }
            }
        }
        Ok(())
    }

    fn normalize(&self, states: &mut [f32], norm: &LayerNorm) {
        let width = float(self.settings.hidden);
        for row in states.chunks_exact_mut(self.settings.hidden) {
            let mean = Sum::new(row).dispatch() / width;
            let variance = SumSquareSub::new(row, mean).dispatch() / width;
            let options = NormalizeOptions {
                pre_scale_bias: mean,
                scale: 1.0 / (variance + self.settings.epsilon).sqrt(),
                element_scale: Some(&norm.weight),
                element_bias: Some(&norm.bias),
                ..NormalizeOptions::default()
            };
            Normalize::new_mut(row, options).dispatch();
        }
    }

    /// One vector of each text's states.
    fn pool(&self, states: &[f32], texts: &[&[u32]]) -> Vec<Vec<f32>> {
        let mut rows = states.chunks_exact(self.settings.hidden);
        let pooled = texts.iter().map(|text| {
            let mut own = rows.by_ref().take(text.len());
            let mut vector = own.next().unwrap_or_default().to_vec();
            for row in own {
                if self.settings.pooling == Pooling::Mean {
                    // The sum points the same way as the mean.
                    vector.iter_mut().zip(row).for_each(|(sum, component)| *sum += component);
                }
            }
            vector
        });
        pooled.collect()
    }
}

/// How many tokens are multiplied in one go: some tenths of a millisecond.
const ROWS_AT_ONCE: usize = 64;

/// `out` times `keep`, and the product and the bias added.
fn product(
    gemm: &GemmExecutor,
    out: &mut [f32],
    rows: &[f32],
    linear: &Linear,
    keep: f32,
) -> Result<(), ForwardError> {
    let (width, wide) = (linear.weight.rows(), linear.bias.len());
    for (out, rows) in out.chunks_mut(ROWS_AT_ONCE * wide).zip(rows.chunks(ROWS_AT_ONCE * width)) {
        let rows = GemmInputA::Unpacked(matrix(rows.len() / width, width, rows)?);
        let bias = Some(BiasVector::Row(linear.bias.as_slice()));
        let options = GemmOptions { beta: keep, bias, ..GemmOptions::default() };
        gemm.gemm(out, rows, GemmInputB::Packed(&linear.weight), options).map_err(ForwardError::new)?;
        // A thread that gives way may stay for the rest of its turn, which is milliseconds, while a question waits.
        std::thread::yield_now();
    }
    Ok(())
}

fn linear(
    gemm: &GemmExecutor,
    weights: &mut Weights,
    names: &[String],
    into: usize,
) -> Result<Linear, ModelRefused> {
    let (mut weight, mut bias) = (Vec::new(), Vec::new());
    for name in names {
        weight.append(&mut weights.take(&format!("{name}.weight"))?);
        bias.append(&mut weights.take(&format!("{name}.bias"))?);
    }
    let shape = || ModelRefused::TensorMissing(names.join(", "));
    let weight = NdTensorView::try_from_data([bias.len(), into], weight.as_slice()).map_err(|_| shape())?;
    Ok(Linear { weight: gemm.prepack_b(weight.transposed()), bias })
}

fn layer_norm(weights: &mut Weights, name: &str) -> Result<LayerNorm, ModelRefused> {
    let [weight, bias] = ["weight", "bias"].map(|part| weights.take(&format!("{name}.{part}")));
    Ok(LayerNorm { weight: weight?, bias: bias? })
}

fn matrix(rows: usize, columns: usize, data: &[f32]) -> Result<NdTensorView<'_, f32, 2>, ForwardError> {
    NdTensorView::try_from_data([rows, columns], data).map_err(ForwardError::new)
}

fn split(data: &[f32], at: usize) -> Result<(&[f32], &[f32]), ForwardError> {
    data.split_at_checked(at).ok_or_else(|| ForwardError::new("a row is missing"))
}

fn split_mut(data: &mut [f32], at: usize) -> Result<(&mut [f32], &mut [f32]), ForwardError> {
    data.split_at_mut_checked(at).ok_or_else(|| ForwardError::new("a row is missing"))
}

/// A width as a float. None is above 16 bits: the settings bound it.
fn float(width: usize) -> f32 {
    f32::from(u16::try_from(width).unwrap_or(u16::MAX))
}
