//! What a model's small files say of it: sizes, pooling, the longest input.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::refused::ModelRefused;

pub(crate) const CONFIG: &str = "config.json";
pub(crate) const POOLING: &str = "1_Pooling/config.json";
pub(crate) const SENTENCE: &str = "sentence_bert_config.json";
pub(crate) const MODULES: &str = "modules.json";

/// The most bytes of each of these files. The largest known has 2 KiB.
pub(crate) const MAX_SETTINGS_BYTES: u64 = 1 << 16;

/// The most tokens that are read, whatever the model could: attention takes the square of them, in time and memory.
pub(crate) const MAX_INPUT: usize = 2_048;

/// The least tokens that are read: one between the two that BERT adds.
const MIN_INPUT: usize = 3;

/// The layers that sentence-transformers may run behind the model, by the ends of their names. Any other would change
/// the vectors.
const KNOWN_MODULES: &[&str] = &[".Transformer", ".Pooling", ".Normalize"];

/// How a layer bends what it has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    /// By the error function.
    Gelu,
    /// By its approximation with the hyperbolic tangent.
    ApproximateGelu,
}

/// Which of the tokens' vectors make the text's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pooling {
    /// The mean of all.
    Mean,
    /// The first, which stands for the text.
    First,
}

/// All that is known of a model but its weights and its vocabulary. Every number is within its bounds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub(crate) vocabulary: usize,
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) intermediate: usize,
    pub(crate) positions: usize,
    pub(crate) token_types: usize,
    pub(crate) epsilon: f32,
    pub(crate) activation: Activation,
    pub(crate) pooling: Pooling,
    pub(crate) lower_case: bool,
    /// How many tokens are read, those that the model adds included.
    pub(crate) longest_input: usize,
}

/// The contents of the files; `None` where there is none.
#[derive(Default)]
pub(crate) struct SettingsFiles<'a> {
    pub(crate) config: &'a [u8],
    pub(crate) sentence: Option<&'a [u8]>,
    pub(crate) pooling: Option<&'a [u8]>,
    pub(crate) modules: Option<&'a [u8]>,
}

#[derive(Deserialize)]
struct Config {
    model_type: String,
    vocab_size: u64,
    hidden_size: u64,
    num_hidden_layers: u64,
    num_attention_heads: u64,
    intermediate_size: u64,
    max_position_embeddings: u64,
    #[serde(default = "two")]
    type_vocab_size: u64,
    #[serde(default = "default_epsilon")]
    layer_norm_eps: f64,
    #[serde(default = "gelu")]
    hidden_act: String,
    #[serde(default = "absolute")]
    position_embedding_type: String,
    #[serde(default)]
    is_decoder: bool,
}

fn two() -> u64 {
    2
}

fn default_epsilon() -> f64 {
    1e-12
}

fn gelu() -> String {
    "gelu".to_owned()
}

fn absolute() -> String {
    "absolute".to_owned()
}

#[derive(Deserialize)]
struct SentenceConfig {
    max_seq_length: Option<u64>,
    #[serde(default)]
    do_lower_case: bool,
}

/// Entries that are not known here must be off.
#[derive(Deserialize)]
struct PoolingConfig {
    word_embedding_dimension: Option<u64>,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_max_tokens: bool,
    #[serde(default)]
    pooling_mode_mean_sqrt_len_tokens: bool,
    #[serde(default)]
    pooling_mode_weightedmean_tokens: bool,
    #[serde(default)]
    pooling_mode_lasttoken: bool,
}

#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
}

impl Settings {
    /// Reads the files, and checks each number before anything is made of it.
    pub(crate) fn read(files: &SettingsFiles<'_>) -> Result<Self, ModelRefused> {
        let config: Config = parse(CONFIG, files.config)?;
        if config.model_type != "bert" {
            return Err(ModelRefused::unknown(CONFIG, "model_type", &config.model_type, "bert"));
        }
        let position = &config.position_embedding_type;
        if position != "absolute" {
            return Err(ModelRefused::unknown(CONFIG, "position_embedding_type", position, "absolute"));
        }
        if config.is_decoder {
            return Err(ModelRefused::unknown(CONFIG, "is_decoder", "true", "false"));
        }
        let activation = match config.hidden_act.as_str() {
            "gelu" => Activation::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" => Activation::ApproximateGelu,
            other => {
                let known = "gelu, gelu_new and gelu_pytorch_tanh";
                return Err(ModelRefused::unknown(CONFIG, "hidden_act", other, known));
            }
        };
        let epsilon = config.layer_norm_eps;
        if !(1e-30..=0.1).contains(&epsilon) {
            return Err(ModelRefused::unknown(
                CONFIG,
                "layer_norm_eps",
                &epsilon.to_string(),
                "numbers from 1e-30 to 0.1",
            ));
        }
        let hidden = bounded(CONFIG, "hidden_size", config.hidden_size, 1, 2_048)?;
        let heads = bounded(CONFIG, "num_attention_heads", config.num_attention_heads, 1, 256)?;
        if !hidden.is_multiple_of(heads) {
            return Err(ModelRefused::Heads { hidden, heads });
        }
        let positions =
            bounded(CONFIG, "max_position_embeddings", config.max_position_embeddings, MIN_INPUT, 16_384)?;
        let sentence =
            files.sentence.map(|content| parse::<SentenceConfig>(SENTENCE, content)).transpose()?;
        let longest = sentence.as_ref().and_then(|sentence| sentence.max_seq_length);
        let longest = longest.map(|longest| bounded(SENTENCE, "max_seq_length", longest, MIN_INPUT, 1 << 24));
        let longest = longest.transpose()?.unwrap_or(positions);
        check_modules(files.modules)?;
        Ok(Self {
            vocabulary: bounded(CONFIG, "vocab_size", config.vocab_size, 1, 1_000_000)?,
            hidden,
            layers: bounded(CONFIG, "num_hidden_layers", config.num_hidden_layers, 1, 64)?,
            heads,
            intermediate: bounded(CONFIG, "intermediate_size", config.intermediate_size, 1, 8_192)?,
            positions,
            token_types: bounded(CONFIG, "type_vocab_size", config.type_vocab_size, 1, 16)?,
            epsilon: narrow(epsilon),
            activation,
            pooling: pooling(files.pooling, hidden)?,
            lower_case: sentence.is_some_and(|sentence| sentence.do_lower_case),
            longest_input: longest.min(positions).min(MAX_INPUT),
        })
    }
}

fn pooling(content: Option<&[u8]>, hidden: usize) -> Result<Pooling, ModelRefused> {
    let Some(content) = content else { return Ok(Pooling::Mean) };
    let config: PoolingConfig = parse(POOLING, content)?;
    if let Some(found) = config.word_embedding_dimension
        && usize::try_from(found) != Ok(hidden)
    {
        let expected = u64::try_from(hidden).unwrap_or(u64::MAX);
        let name = "word_embedding_dimension";
        return Err(ModelRefused::Contradiction { file: POOLING, name, found, expected });
    }
    let others = config.pooling_mode_max_tokens
        || config.pooling_mode_mean_sqrt_len_tokens
        || config.pooling_mode_weightedmean_tokens
        || config.pooling_mode_lasttoken;
    match (config.pooling_mode_mean_tokens, config.pooling_mode_cls_token, others) {
        (true, false, false) => Ok(Pooling::Mean),
        (false, true, false) => Ok(Pooling::First),
        _ => {
            let known = "the mean of the tokens, or the first";
            Err(ModelRefused::unknown(POOLING, "pooling_mode", "another one, or several", known))
        }
    }
}

fn check_modules(content: Option<&[u8]>) -> Result<(), ModelRefused> {
    let Some(content) = content else { return Ok(()) };
    let modules: Vec<Module> = parse(MODULES, content)?;
    match modules.iter().find(|module| !KNOWN_MODULES.iter().any(|known| module.kind.ends_with(known))) {
        None => Ok(()),
        Some(module) => {
            let known = "Transformer, Pooling and Normalize";
            Err(ModelRefused::unknown(MODULES, "type", &module.kind, known))
        }
    }
}

fn parse<T: DeserializeOwned>(file: &'static str, content: &[u8]) -> Result<T, ModelRefused> {
    serde_json::from_slice(content).map_err(|error| ModelRefused::malformed(file, error))
}

fn bounded(
    file: &'static str,
    name: &'static str,
    found: u64,
    least: usize,
    most: usize,
) -> Result<usize, ModelRefused> {
    let number = usize::try_from(found).ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| {
        let [least, most] = [least, most].map(|bound| u64::try_from(bound).unwrap_or(u64::MAX));
        ModelRefused::OutOfBounds { file, name, found, least, most }
    })
}

#[expect(clippy::as_conversions, reason = "the standard library narrows a float in no other way; it rounds")]
fn narrow(value: f64) -> f32 {
    value as f32
}
