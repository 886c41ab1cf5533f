//! Random models of any size, written as the folders of real ones are.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "each test and benchmark uses its part"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use syft_space_domain::encoder::ModelId;

/// The first words of every vocabulary, by their numbers.
pub(crate) const WORDS: [&str; 20] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "one", "two", "three", "##s", "##teen", "harbor", "stone",
    "the", ".", ",", "a", "b", "##b", "港", "x",
];

/// How large a model is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) intermediate: usize,
    pub(crate) vocabulary: usize,
    pub(crate) positions: usize,
}

pub(crate) const TINY: Size =
    Size { hidden: 8, layers: 2, heads: 2, intermediate: 16, vocabulary: WORDS.len(), positions: 24 };

/// The size of all-MiniLM-L6-v2, which reads 256 tokens.
pub(crate) const MINI_LM: Size =
    Size { hidden: 384, layers: 6, heads: 12, intermediate: 1_536, vocabulary: 30_522, positions: 256 };

/// A tensor: its shape and its numbers.
pub(crate) type Tensor = (Vec<usize>, Vec<f32>);

/// What stands in a model's folder.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub(crate) size: Size,
    pub(crate) config: Value,
    pub(crate) tokenizer: Value,
    pub(crate) tensors: BTreeMap<String, Tensor>,
    /// Further files by their names.
    pub(crate) others: BTreeMap<&'static str, Value>,
}

/// Numbers that look random and are the same each time.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).unwrap()
    }

    /// From -1 to 1.
    pub(crate) fn weight(&mut self) -> f32 {
        f32::from(u16::try_from(self.next() >> 15).unwrap()) / 32_768.0 - 1.0
    }
}

pub(crate) fn model_id() -> ModelId {
    ModelId::parse("random").unwrap()
}

/// A model with random weights.
pub(crate) fn random(size: Size, seed: u64) -> Files {
    let Size { hidden, layers, heads, intermediate, vocabulary, positions } = size;
    let mut shapes: Vec<(String, Vec<usize>)> = vec![
        ("embeddings.word_embeddings.weight".to_owned(), vec![vocabulary, hidden]),
        ("embeddings.position_embeddings.weight".to_owned(), vec![positions, hidden]),
        ("embeddings.token_type_embeddings.weight".to_owned(), vec![2, hidden]),
    ];
    let mut pair = |name: String, out: usize, into: Option<usize>| {
        let weight = into.map_or(vec![out], |into| vec![out, into]);
        shapes.push((format!("{name}.weight"), weight));
        shapes.push((format!("{name}.bias"), vec![out]));
    };
    pair("embeddings.LayerNorm".to_owned(), hidden, None);
    for layer in 0..layers {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        for part in ["self.query", "self.key", "self.value", "output.dense"] {
            pair(name(&format!("attention.{part}")), hidden, Some(hidden));
        }
        pair(name("attention.output.LayerNorm"), hidden, None);
        pair(name("intermediate.dense"), intermediate, Some(hidden));
        pair(name("output.dense"), hidden, Some(intermediate));
        pair(name("output.LayerNorm"), hidden, None);
    }
    let mut numbers = Numbers(seed);
    // As large as training leaves them: the states neither vanish nor explode.
    let scale = if hidden > 64 { 0.08 } else { 0.9 };
    let tensor = |(name, shape): (String, Vec<usize>)| {
        let is_norm = name.ends_with("LayerNorm.weight");
        let count = shape.iter().product();
        let number = |_| if is_norm { 1.0 + 0.2 * numbers.weight() } else { scale * numbers.weight() };
        let values = (0..count).map(number).collect();
        (name, (shape, values))
    };
    let tensors = shapes.into_iter().map(tensor).collect();
    let vocab = (0..vocabulary).map(|n| (WORDS.get(n).map_or(format!("w{n}"), |word| (*word).to_owned()), n));
    let vocab: BTreeMap<String, usize> = vocab.collect();
    let special = |id: usize| {
        json!({"id": id, "content": WORDS[id], "single_word": false, "lstrip": false, "rstrip": false,
               "normalized": false, "special": true})
    };
    let piece = |name: &str| json!({"SpecialToken": {"id": name, "type_id": 0}});
    let template = |id: usize| json!({"id": WORDS[id], "ids": [id], "tokens": [WORDS[id]]});
    let tokenizer = json!({
        "version": "1.0",
        "truncation": {"max_length": 5, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 12}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
                    "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": (0..5).map(special).collect::<Vec<_>>(),
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                       "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [piece("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, piece("[SEP]")],
            "pair": [piece("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, piece("[SEP]"),
                     {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"[CLS]": template(2), "[SEP]": template(3)}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": vocab},
    });
    let config = json!({
        "model_type": "bert", "hidden_act": "gelu", "hidden_size": hidden, "num_hidden_layers": layers,
        "num_attention_heads": heads, "intermediate_size": intermediate, "vocab_size": vocabulary,
        "max_position_embeddings": positions, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
    });
    Files { size, config, tokenizer, tensors, others: BTreeMap::new() }
}

/// A small model that tells texts apart: by their letters and pairs of letters, each of which has a vector of its own, and by
/// nothing that all texts have in common.
pub(crate) fn telling_apart(seed: u64) -> Files {
    let mut words: Vec<String> = WORDS.iter().map(|word| (*word).to_owned()).collect();
    let singles = ('a'..='z').map(String::from);
    let pairs = ('a'..='z').flat_map(|one| ('a'..='z').map(move |other| format!("{one}{other}")));
    for word in singles.chain(pairs) {
        for word in [format!("##{word}"), word] {
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    let size =
        Size { hidden: 32, layers: 1, heads: 2, intermediate: 32, vocabulary: words.len(), positions: 64 };
    let mut files = random(size, seed);
    let numbered: BTreeMap<&String, usize> =
        words.iter().enumerate().map(|(number, word)| (word, number)).collect();
    files.tokenizer["model"]["vocab"] = json!(numbered);
    for (name, (_, values)) in &mut files.tensors {
        if name.ends_with(".bias") || name.contains("position") || name.contains("token_type") {
            values.fill(0.0);
        }
    }
    files
}

impl Files {
    /// The bytes of `model.safetensors`.
    pub(crate) fn weights(&self) -> Vec<u8> {
        let mut data = Vec::new();
        let mut header = serde_json::Map::new();
        header.insert("__metadata__".to_owned(), json!({"format": "pt"}));
        for (name, (shape, values)) in &self.tensors {
            let start = data.len();
            data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            let offsets = [start, data.len()];
            header.insert(name.clone(), json!({"dtype": "F32", "shape": shape, "data_offsets": offsets}));
        }
        with_header(&Value::Object(header).to_string(), &data)
    }

    /// Writes all of it.
    pub(crate) fn write(&self, folder: &Path) {
        fs::write(folder.join("config.json"), self.config.to_string()).unwrap();
        fs::write(folder.join("tokenizer.json"), self.tokenizer.to_string()).unwrap();
        fs::write(folder.join("model.safetensors"), self.weights()).unwrap();
        for (name, value) in &self.others {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, value.to_string()).unwrap();
        }
    }
}

/// A file of weights with this header.
pub(crate) fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    [&u64::try_from(header.len()).unwrap().to_le_bytes(), header.as_bytes(), data].concat()
}
