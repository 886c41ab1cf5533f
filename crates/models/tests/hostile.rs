//! Folders that were made to do harm, or are of another kind: each is refused with a reason, and takes no memory for what
//! it only claims.
#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

mod support;

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use proptest::prelude::*;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::{Value, json};
use syft_space_models::{LocalEncoder, ModelRefused};
use tempfile::TempDir;

use crate::support::{Files, Size, TINY, WORDS, model_id, random, with_header};

fn inspect(folder: &Path) -> Result<(), ModelRefused> {
    LocalEncoder::inspect(folder, model_id()).map(|_| ())
}

fn refusal_of(folder: &Path) -> ModelRefused {
    let refused = inspect(folder).unwrap_err();
    let text = refused.to_string();
    assert!(text.len() < 1_000 && !text.contains('\n'), "a reason is a short line: {text}");
    refused
}

fn folder_of(files: &Files) -> TempDir {
    let folder = TempDir::new().unwrap();
    files.write(folder.path());
    folder
}

/// Why a folder is refused whose files were changed.
fn refusal(change: impl FnOnce(&mut Files)) -> ModelRefused {
    let mut files = random(TINY, 1);
    change(&mut files);
    refusal_of(folder_of(&files).path())
}

/// Why a folder is refused whose weights are these bytes.
fn refusal_of_weights(weights: &[u8]) -> ModelRefused {
    let folder = folder_of(&random(TINY, 1));
    fs::write(folder.path().join("model.safetensors"), weights).unwrap();
    refusal_of(folder.path())
}

/// The header of good weights, and their data.
fn header_and_data() -> (Value, Vec<u8>) {
    let weights = random(TINY, 1).weights();
    let (length, rest) = weights.split_first_chunk().unwrap();
    let (header, data) = rest.split_at(usize::try_from(u64::from_le_bytes(*length)).unwrap());
    (serde_json::from_slice(header).unwrap(), data.to_vec())
}

/// Why weights are refused whose header was changed.
fn refusal_of_header(change: impl FnOnce(&mut Value)) -> ModelRefused {
    let (mut header, data) = header_and_data();
    change(&mut header);
    refusal_of_weights(&with_header(&header.to_string(), &data))
}

/// The most memory that this process has had so far, in KiB.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

const NAME: &str = "embeddings.word_embeddings.weight";

#[test]
fn k16_a_missing_file_and_a_missing_folder_are_told_by_name() {
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        let folder = folder_of(&random(TINY, 1));
        fs::remove_file(folder.path().join(file)).unwrap();
        assert_eq!(refusal_of(folder.path()), ModelRefused::Missing(file));
    }
    let folder = TempDir::new().unwrap();
    assert!(matches!(refusal_of(&folder.path().join("none")), ModelRefused::Folder(_)));
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(matches!(refusal_of(&folder.path().join("file")), ModelRefused::Folder(_)));
}

#[test]
fn k16_what_is_no_file_of_its_own_is_neither_followed_nor_waited_for() {
    let others = json!({"1_Pooling/config.json": {"pooling_mode_mean_tokens": true}});
    for file in ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"] {
        let place = |make: &dyn Fn(&Path)| {
            let mut files = random(TINY, 1);
            files.others.insert("1_Pooling/config.json", others["1_Pooling/config.json"].clone());
            let folder = folder_of(&files);
            fs::remove_file(folder.path().join(file)).unwrap();
            make(&folder.path().join(file));
            assert_eq!(refusal_of(folder.path()), ModelRefused::NotAFile(file));
        };
        let outside = folder_of(&random(TINY, 1));
        place(&|path| symlink(outside.path().join("config.json"), path).unwrap());
        place(&|path| symlink("/dev/zero", path).unwrap());
        place(&|path| symlink("nowhere", path).unwrap());
        place(&|path| fs::create_dir(path).unwrap());
        place(&|path| mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0).unwrap());
        place(&|path| mknodat(CWD, path, FileType::Socket, Mode::RUSR, 0).unwrap());
    }
    // The folder of a file may be a link as little.
    let folder = folder_of(&random(TINY, 1));
    symlink("/etc", folder.path().join("1_Pooling")).unwrap();
    assert_eq!(refusal_of(folder.path()), ModelRefused::NotAFile("1_Pooling/config.json"));
}

#[test]
fn k16_files_of_any_size_take_no_memory_when_they_are_larger_than_a_model_needs() {
    for (file, most) in [
        ("config.json", 1 << 16),
        ("1_Pooling/config.json", 1 << 16),
        ("sentence_bert_config.json", 1 << 16),
        ("modules.json", 1 << 16),
        ("tokenizer.json", 1 << 25),
        ("model.safetensors", 1 << 31),
    ] {
        let folder = folder_of(&random(TINY, 1));
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let before = peak_memory();
        File::create(&path).unwrap().set_len(most + 1).unwrap();
        assert_eq!(refusal_of(folder.path()), ModelRefused::TooLarge { file, bytes: most + 1, most });
        // The largest that may be, full of nothing, is refused for what is in it.
        File::create(&path).unwrap().set_len(most).unwrap();
        assert!(matches!(refusal_of(folder.path()), ModelRefused::Malformed { .. }), "{file}");
        let taken = peak_memory() - before;
        assert!(taken < 200 << 10, "{file} took {taken} KiB");
    }
}

#[test]
fn k16_numbers_that_no_model_has_are_refused_before_anything_is_made_of_them() {
    for (name, wrong) in [
        ("num_hidden_layers", json!(1_000_000_000)),
        ("num_hidden_layers", json!(0)),
        ("num_attention_heads", json!(0)),
        ("num_attention_heads", json!(u64::MAX)),
        ("hidden_size", json!(0)),
        ("hidden_size", json!(1_u64 << 40)),
        ("intermediate_size", json!(0)),
        ("intermediate_size", json!(u64::MAX)),
        ("vocab_size", json!(0)),
        ("vocab_size", json!(u64::MAX)),
        ("max_position_embeddings", json!(2)),
        ("max_position_embeddings", json!(u64::MAX)),
        ("type_vocab_size", json!(0)),
        ("type_vocab_size", json!(u64::MAX)),
    ] {
        let refused = refusal(|files| files.config[name] = wrong.clone());
        let told = matches!(&refused, ModelRefused::OutOfBounds { name: told, .. } if *told == name);
        assert!(told, "{name} = {wrong}: {refused:?}");
    }
    for (name, wrong) in [
        ("hidden_size", json!(-1)),
        ("hidden_size", json!(1.5)),
        ("hidden_size", json!("8")),
        ("hidden_size", json!(1e300)),
        ("model_type", json!(null)),
        ("layer_norm_eps", json!("0")),
    ] {
        let refused = refusal(|files| files.config[name] = wrong.clone());
        assert!(
            matches!(refused, ModelRefused::Malformed { file: "config.json", .. }),
            "{name}: {refused:?}"
        );
    }
    for (name, wrong) in [
        ("model_type", json!("roberta")),
        ("model_type", json!("x".repeat(60_000))),
        ("position_embedding_type", json!("relative_key")),
        ("hidden_act", json!("silu")),
        ("is_decoder", json!(true)),
        ("layer_norm_eps", json!(0.0)),
        ("layer_norm_eps", json!(-1.0)),
        ("layer_norm_eps", json!(1e308)),
    ] {
        let refused = refusal(|files| files.config[name] = wrong.clone());
        assert!(matches!(refused, ModelRefused::Unknown { file: "config.json", .. }), "{name}: {refused:?}");
    }
    let refused = refusal(|files| files.config["num_attention_heads"] = json!(3));
    assert_eq!(refused, ModelRefused::Heads { hidden: 8, heads: 3 });
    // What is not there has no default, but for what old files leave out.
    let refused = refusal(|files| files.config = json!({"model_type": "bert"}));
    assert!(matches!(refused, ModelRefused::Malformed { .. }), "{refused:?}");
}

#[test]
fn k16_what_would_change_the_vectors_and_is_not_known_here_is_refused() {
    let with = |name, value| {
        refusal(|files| {
            files.others.insert(name, value);
        })
    };
    for pooling in [
        json!({}),
        json!({"pooling_mode_max_tokens": true}),
        json!({"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true}),
        json!({"pooling_mode_mean_tokens": true, "pooling_mode_lasttoken": true}),
    ] {
        let refused = with("1_Pooling/config.json", pooling);
        assert!(matches!(refused, ModelRefused::Unknown { name: "pooling_mode", .. }), "{refused:?}");
    }
    let other_width = json!({"pooling_mode_mean_tokens": true, "word_embedding_dimension": 9});
    let refused = with("1_Pooling/config.json", other_width);
    assert!(matches!(refused, ModelRefused::Contradiction { found: 9, expected: 8, .. }), "{refused:?}");
    let dense = json!([{"type": "sentence_transformers.models.Dense"}]);
    let refused = with("modules.json", dense);
    assert!(matches!(refused, ModelRefused::Unknown { file: "modules.json", .. }), "{refused:?}");
    for longest in [json!(0), json!(2), json!(u64::MAX)] {
        let refused = with("sentence_bert_config.json", json!({"max_seq_length": longest}));
        assert!(matches!(refused, ModelRefused::OutOfBounds { name: "max_seq_length", .. }), "{refused:?}");
    }
}

#[test]
fn k16_a_header_of_weights_that_lies_is_refused() {
    let (header, data) = header_and_data();
    let text = header.to_string();
    let good = with_header(&text, &data);
    for weights in [
        vec![],
        good[..7].to_vec(),
        good[..8].to_vec(),
        [&u64::MAX.to_le_bytes()[..], &good[8..]].concat(),
        [&(1_u64 << 40).to_le_bytes()[..], &good[8..]].concat(),
        // One byte less, or more, than the header tells of.
        good[..good.len() - 1].to_vec(),
        [&good[..], &[0]].concat(),
        with_header(&text[..text.len() - 1], &data),
        with_header(&"[".repeat(100_000), &data),
        with_header(&"x".repeat((1 << 20) + 1), &data),
        with_header("{}", &data),
        with_header("null", &[]),
    ] {
        let refused = refusal_of_weights(&weights);
        let is_malformed = matches!(refused, ModelRefused::Malformed { file: "model.safetensors", .. })
            || matches!(refused, ModelRefused::Unreadable { file: "model.safetensors", .. });
        assert!(is_malformed, "{refused:?}");
    }
    for offsets in [json!([0, 1]), json!([4, 2]), json!([0, u64::MAX]), json!([-1, 4]), json!([u64::MAX, 0])]
    {
        let refused = refusal_of_header(|header| header[NAME]["data_offsets"] = offsets.clone());
        assert!(matches!(refused, ModelRefused::Malformed { .. }), "{offsets}: {refused:?}");
    }
    // Two tensors in one place.
    let refused = refusal_of_header(|header| {
        header["encoder.layer.0.output.dense.bias"]["data_offsets"] =
            header["encoder.layer.1.output.dense.bias"]["data_offsets"].clone();
    });
    assert!(matches!(refused, ModelRefused::Malformed { .. }), "{refused:?}");
    for shape in
        [json!([u64::MAX, u64::MAX]), json!([1_u64 << 32, 1_u64 << 32]), json!([160, 1]), json!([8, 20])]
    {
        let refused = refusal_of_header(|header| header[NAME]["shape"] = shape.clone());
        let told = matches!(refused, ModelRefused::Malformed { .. } | ModelRefused::TensorShape { .. });
        assert!(told, "{shape}: {refused:?}");
    }
}

#[test]
fn k16_tensors_of_another_shape_or_type_or_none_are_told_by_name() {
    let refused = refusal(|files| drop(files.tensors.remove("encoder.layer.1.output.dense.bias")));
    assert_eq!(refused, ModelRefused::TensorMissing("encoder.layer.1.output.dense.bias".to_owned()));

    let refused = refusal(|files| files.tensors.get_mut(NAME).unwrap().0 = vec![8, 20]);
    let shapes = (vec![8, 20], vec![20, 8]);
    let (found, expected) = shapes;
    assert_eq!(refused, ModelRefused::TensorShape { name: NAME.to_owned(), found, expected });

    let refused = refusal_of_header(|header| {
        header[NAME]["dtype"] = json!("F16");
        header[NAME]["shape"] = json!([40, 8]);
    });
    assert_eq!(refused, ModelRefused::TensorType { name: NAME.to_owned(), found: "F16".to_owned() });
    let refused = refusal_of_header(|header| header[NAME]["dtype"] = json!("I32"));
    assert!(matches!(refused, ModelRefused::TensorType { .. }), "{refused:?}");

    // More layers than there are, or a larger vocabulary.
    let refused = refusal(|files| files.config["num_hidden_layers"] = json!(64));
    assert!(matches!(refused, ModelRefused::TensorMissing(_)), "{refused:?}");
    let refused = refusal(|files| files.config["vocab_size"] = json!(1_000_000));
    assert!(matches!(refused, ModelRefused::TensorShape { .. }), "{refused:?}");
}

#[test]
fn k16_a_weight_that_is_no_finite_number_is_told_by_its_tensor() {
    for name in random(TINY, 1).tensors.keys() {
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let refused =
                refusal(|files| *files.tensors.get_mut(name).unwrap().1.last_mut().unwrap() = wrong);
            assert_eq!(refused, ModelRefused::NotFinite(name.clone()));
        }
    }
}

#[test]
fn k16_a_tokenizer_of_another_kind_is_refused() {
    for (part, wrong) in [
        ("model", json!({"type": "BPE", "vocab": {"a": 0}, "merges": []})),
        ("model", json!({"type": "Unigram", "vocab": {}})),
        ("normalizer", json!({"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": ""})),
        ("normalizer", json!({"type": "Sequence", "normalizers": []})),
        ("pre_tokenizer", json!({"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Removed"})),
        ("post_processor", json!({"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0]})),
        ("post_processor", json!({"type": "TemplateProcessing", "single": [], "special_tokens": {}})),
    ] {
        let refused = refusal(|files| files.tokenizer[part] = wrong.clone());
        let told =
            matches!(&refused, ModelRefused::Unknown { file: "tokenizer.json", name, .. } if *name == part);
        assert!(told, "{part} = {wrong}: {refused:?}");
    }
    for (part, wrong) in [
        ("model", json!(null)),
        ("model", json!({"type": "WordPiece", "vocab": {}})),
        ("model", json!({"type": "WordPiece", "vocab": {"a": -1}})),
        ("model", json!({"type": "WordPiece", "vocab": {"a": 1.5}})),
        ("model", json!({"type": "WordPiece", "vocab": [["a", 1]]})),
        // Without a token for what is unknown.
        (
            "model",
            json!({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                         "max_input_chars_per_word": 100, "vocab": {"one": 5}}),
        ),
        ("normalizer", json!(null)),
        ("normalizer", json!({})),
        ("pre_tokenizer", json!([])),
        ("post_processor", json!(null)),
        ("added_tokens", json!({})),
        ("added_tokens", json!([{"id": 1}])),
    ] {
        let refused = refusal(|files| files.tokenizer[part] = wrong.clone());
        let told = matches!(refused, ModelRefused::Malformed { file: "tokenizer.json", .. });
        assert!(told, "{part} = {wrong}: {refused:?}");
    }
    let refused = refusal(|files| files.tokenizer["model"]["max_input_chars_per_word"] = json!(1_u64 << 40));
    assert!(matches!(refused, ModelRefused::OutOfBounds { .. }), "{refused:?}");
}

#[test]
fn k16_a_tokenizer_that_knows_more_than_the_model_is_refused() {
    let vocab = |number: u64| refusal(|files| files.tokenizer["model"]["vocab"]["extra"] = json!(number));
    for token in [20, 1 << 33, u64::MAX] {
        assert_eq!(vocab(token), ModelRefused::TokenUnknown { token, known: WORDS.len() });
    }
    // Many names for one number.
    let refused = refusal(|files| {
        let names = (0..1_000_000).map(|n| (n.to_string(), json!(1)));
        files.tokenizer["model"]["vocab"] = Value::Object(names.collect());
    });
    assert_eq!(refused, ModelRefused::TokenUnknown { token: 999_999, known: WORDS.len() });
    let added = json!({"id": 20, "content": "extra", "single_word": false, "lstrip": false, "rstrip": false,
                       "normalized": false, "special": true});
    let refused =
        refusal(|files| files.tokenizer["added_tokens"].as_array_mut().unwrap().push(added.clone()));
    assert_eq!(refused, ModelRefused::TokenUnknown { token: 20, known: WORDS.len() });
    let refused =
        refusal(|files| files.tokenizer["post_processor"]["special_tokens"]["[CLS]"]["ids"] = json!([77]));
    assert_eq!(refused, ModelRefused::TokenUnknown { token: 77, known: WORDS.len() });
    for (count, length) in [(5_000, 1), (1, 100_000)] {
        let tokens = (0..count).map(|n| json!({"id": 5, "content": format!("{n}{}", "x".repeat(length))}));
        let refused = refusal(|files| files.tokenizer["added_tokens"] = tokens.collect());
        assert!(matches!(refused, ModelRefused::Malformed { .. }), "{refused:?}");
    }
    // An added token under a number that the vocabulary gives to another would get a number of its own.
    let refused = refusal(|files| {
        let mut other = added.clone();
        other["id"] = json!(5);
        files.tokenizer["added_tokens"].as_array_mut().unwrap().push(other);
    });
    assert!(
        matches!(refused, ModelRefused::TokenUnknown { .. } | ModelRefused::Malformed { .. }),
        "{refused:?}"
    );
}

#[test]
fn k16_nested_and_endless_json_is_refused() {
    let nested = "[".repeat(60_000);
    let objects = "{\"a\":".repeat(10_000);
    for file in [
        "config.json",
        "tokenizer.json",
        "1_Pooling/config.json",
        "sentence_bert_config.json",
        "modules.json",
    ] {
        for text in ["", "nul", "\u{feff}{}", "{} {}", "[1,", "\"", nested.as_str(), objects.as_str()] {
            let folder = folder_of(&random(TINY, 1));
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
            let refused = refusal_of(folder.path());
            assert!(
                matches!(&refused, ModelRefused::Malformed { file: told, .. } if *told == file),
                "{refused:?}"
            );
        }
    }
    // Deep within an otherwise good tokenizer.
    let tokenizer = random(TINY, 1).tokenizer;
    for part in ["normalizer", "pre_tokenizer", "decoder", "truncation", "model"] {
        let deep = "{\"type\":\"Sequence\",\"decoders\":[".repeat(10_000) + &"]}".repeat(10_000);
        let text = tokenizer.to_string().replace(&tokenizer[part].to_string(), &deep);
        let folder = folder_of(&random(TINY, 1));
        fs::write(folder.path().join("tokenizer.json"), text).unwrap();
        if ["decoder", "truncation"].contains(&part) {
            assert_eq!(inspect(folder.path()), Ok(()), "what encodes nothing is not looked at");
            continue;
        }
        let refused = refusal_of(folder.path());
        let told = matches!(refused, ModelRefused::Malformed { .. } | ModelRefused::Unknown { .. });
        assert!(told, "{part}: {refused:?}");
    }
}

/// A folder whose file is cut at any place, or of which one byte is another, is refused or is a model: it never panics.
#[test]
fn k16_no_cut_of_any_file_is_taken_for_the_whole() {
    let least = Size { hidden: 2, layers: 1, heads: 1, intermediate: 2, ..TINY };
    let files = random(least, 1);
    let folder = folder_of(&files);
    for (file, content) in [
        ("model.safetensors", files.weights()),
        ("config.json", files.config.to_string().into_bytes()),
        ("tokenizer.json", files.tokenizer.to_string().into_bytes()),
    ] {
        let path = folder.path().join(file);
        for length in 0..content.len() {
            fs::write(&path, &content[..length]).unwrap();
            assert!(
                inspect(folder.path()).is_err(),
                "{length} bytes of {file} are not taken for {}",
                content.len()
            );
        }
        fs::write(&path, &content).unwrap();
        assert_eq!(inspect(folder.path()), Ok(()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn k16_any_change_of_any_file_is_refused_or_a_model_that_encodes(
        file in prop::sample::select(vec!["model.safetensors", "config.json", "tokenizer.json"]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        in_header in any::<bool>(),
    ) {
        let files = random(TINY, 1);
        let folder = folder_of(&files);
        let path = folder.path().join(file);
        let mut content = fs::read(&path).unwrap();
        let reach = if in_header { content.len().min(6_000) } else { content.len() };
        for (place, byte) in changes {
            content[place.index(reach)] = byte;
        }
        fs::write(&path, content).unwrap();
        if let Ok(model) = LocalEncoder::inspect(folder.path(), model_id()) {
            use syft_space_domain::encoder::ports::Encoder;
            let encoder = LocalEncoder::new(folder.path().into(), model, std::num::NonZeroUsize::MIN);
            let _answered = futures_executor::block_on(encoder.encode(&["one twos harbor!", "", "港 x"]));
        }
    }

    #[test]
    fn k16_any_bytes_in_place_of_a_file_are_refused(
        file in prop::sample::select(vec!["model.safetensors", "config.json", "tokenizer.json"]),
        bytes in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let folder = folder_of(&random(TINY, 1));
        fs::write(folder.path().join(file), bytes).unwrap();
        prop_assert!(inspect(folder.path()).is_err());
    }
}
