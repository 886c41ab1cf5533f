//! How an encoder over a folder behaves: when it reads, what it refuses, who waits for whom.
#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

mod support;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures_executor::block_on;
use serde_json::json;
use syft_space_domain::encoder::ports::{EncodeError, Encoder, MAX_TEXTS};
use syft_space_domain::encoder::{Embedding, EncoderModel};
use syft_space_models::LocalEncoder;
use tempfile::TempDir;

use crate::support::{Files, Size, TINY, model_id, random};

fn inspect(folder: &Path) -> EncoderModel {
    LocalEncoder::inspect(folder, model_id()).unwrap()
}

fn encoder(folder: &Path, threads: usize) -> LocalEncoder {
    LocalEncoder::new(folder.into(), inspect(folder), NonZeroUsize::new(threads).unwrap())
}

fn folder_of(files: &Files) -> TempDir {
    let folder = TempDir::new().unwrap();
    files.write(folder.path());
    folder
}

fn encode(encoder: &LocalEncoder, text: &str) -> Embedding {
    block_on(encoder.encode(&[text])).unwrap().remove(0)
}

#[expect(clippy::disallowed_methods, reason = "it measures, and decides no rule")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn q2_nothing_is_read_before_the_first_text_and_then_it_must_be_what_it_was() {
    let folder = folder_of(&random(TINY, 1));
    let model = inspect(folder.path());
    let missing = LocalEncoder::new(folder.path().join("gone"), model.clone(), NonZeroUsize::MIN);
    assert_eq!(missing.model(), &model);
    assert_eq!(block_on(missing.encode(&[])), Ok(vec![]));
    assert!(matches!(block_on(missing.encode(&["one"])), Err(EncodeError::Unusable(_))));

    // Other weights of the same sizes are another model, until they are what they were.
    let late = LocalEncoder::new(folder.path().into(), model.clone(), NonZeroUsize::MIN);
    random(TINY, 2).write(folder.path());
    let refused = block_on(late.encode(&["one"]));
    let Err(EncodeError::Unusable(reason)) = refused else { panic!("another model is refused: {refused:?}") };
    assert!(reason.contains("changed"), "{reason}");
    random(TINY, 1).write(folder.path());
    encode(&late, "one");

    // What was read once is kept.
    fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    encode(&late, "two");
}

#[test]
fn q2_each_file_that_decides_a_vector_decides_the_revision_and_no_other() {
    let files = random(TINY, 1);
    let base = inspect(folder_of(&files).path()).revision();
    let folder = folder_of(&files);
    fs::write(folder.path().join("README.md"), "not read").unwrap();
    assert_eq!(
        inspect(folder.path()).revision(),
        base,
        "the same files are the same revision, wherever they lie"
    );

    let changed = |change: &dyn Fn(&mut Files)| {
        let mut files = files.clone();
        change(&mut files);
        inspect(folder_of(&files).path()).revision()
    };
    let mut revisions = vec![
        base,
        changed(&|files| *files = random(TINY, 2)),
        changed(&|files| files.config["layer_norm_eps"] = json!(1e-6)),
        changed(&|files| files.tokenizer["normalizer"]["lowercase"] = json!(false)),
        changed(&|files| {
            files.others.insert("1_Pooling/config.json", json!({"pooling_mode_cls_token": true}));
        }),
        changed(&|files| {
            files.others.insert("sentence_bert_config.json", json!({"max_seq_length": 6}));
        }),
        changed(&|files| {
            files.others.insert("modules.json", json!([{"type": "sentence_transformers.models.Normalize"}]));
        }),
    ];
    let count = revisions.len();
    revisions.sort();
    revisions.dedup();
    assert_eq!(revisions.len(), count);
}

#[test]
fn q2_a_text_is_cut_at_the_longest_input_that_the_folder_says() {
    let mut files = random(TINY, 1);
    files.others.insert("sentence_bert_config.json", json!({"max_seq_length": 6, "do_lower_case": false}));
    let folder = folder_of(&files);
    let encoder = encoder(folder.path(), 1);
    assert_eq!(encoder.model().longest_input(), 6);
    let whole = encode(&encoder, "one two three harbor");
    assert_eq!(
        whole,
        encode(&encoder, "one two three harbor stone stone"),
        "four words and the two of BERT's own"
    );
    assert_ne!(whole, encode(&encoder, "one two three stone"));
    let empty = encode(&encoder, "");
    assert_eq!(empty, encode(&encoder, " \n\t "), "white space is no text");
    assert_ne!(empty, encode(&encoder, "one"));
}

#[test]
fn q2_texts_are_put_into_lower_case_where_the_folder_says_so() {
    let mut files = random(TINY, 1);
    files.tokenizer["normalizer"]["lowercase"] = json!(false);
    let folder = folder_of(&files);
    let cased = encoder(folder.path(), 1);
    assert_ne!(encode(&cased, "Harbor"), encode(&cased, "harbor"));
    files.others.insert("sentence_bert_config.json", json!({"do_lower_case": true}));
    let folder = folder_of(&files);
    let lower = encoder(folder.path(), 1);
    assert_eq!(encode(&lower, "HARBOR"), encode(&lower, "harbor"));
}

#[test]
fn q2_a_text_of_a_mebibyte_takes_no_longer_than_its_beginning() {
    let folder = folder_of(&random(TINY, 1));
    let encoder = encoder(folder.path(), 1);
    encode(&encoder, "one");
    for part in ["one ", "x", " ", "\u{301}", "港", "!", "one\u{0}", "[CLS]", "ﷺ"] {
        let text = part.repeat((1 << 20) / part.len());
        // Unoptimised it takes some 20 ms; without a bound it is a second and more. The machine may do other things too.
        let took = (0..3).map(|_| {
            let begun = now();
            encode(&encoder, &text);
            begun.elapsed()
        });
        let took = took.min().unwrap();
        assert!(took < Duration::from_millis(500), "{part:?} took {took:?}");
    }
}

#[test]
fn q2_a_question_is_answered_before_a_large_call_that_came_earlier() {
    let large = Size { hidden: 64, layers: 4, heads: 4, intermediate: 256, positions: 128, ..TINY };
    let folder = folder_of(&random(large, 1));
    let encoder = encoder(folder.path(), 1);
    encode(&encoder, "one");
    let text = "one two three ".repeat(60);
    let texts = [text.as_str(); MAX_TEXTS];
    let mut many = encoder.encode(&texts);
    let mut context = Context::from_waker(Waker::noop());
    assert!(many.as_mut().poll(&mut context).is_pending());
    encode(&encoder, "two");
    assert!(many.as_mut().poll(&mut context).is_pending(), "the many were not waited for");
    // Taken back, they leave the thread to others.
    drop(many);
    encode(&encoder, "three");
}

#[test]
fn q2_more_calls_than_may_wait_are_told_so_and_those_taken_back_make_room() {
    let folder = folder_of(&random(TINY, 1));
    let encoder = encoder(folder.path(), 1);
    let texts = ["one two three"; MAX_TEXTS];
    let mut context = Context::from_waker(Waker::noop());
    let mut waiting = Vec::new();
    let busy = loop {
        let mut call = encoder.encode(&texts);
        match call.as_mut().poll(&mut context) {
            Poll::Ready(answer) => break answer,
            Poll::Pending => waiting.push(call),
        }
        assert!(waiting.len() < 100_000, "a queue has an end");
    };
    assert_eq!(busy, Err(EncodeError::Busy));
    drop(waiting);
    encode(&encoder, "one");
}

#[test]
fn q2_an_encoder_that_is_dropped_leaves_no_thread() {
    let threads = || fs::read_dir("/proc/self/task").unwrap().count();
    let folder = folder_of(&random(TINY, 1));
    let before = threads();
    for _ in 0..50 {
        let encoder = encoder(folder.path(), 2);
        encode(&encoder, "one");
    }
    let deadline = now() + Duration::from_secs(10);
    while cfg!(target_os = "linux") && threads() > before + 30 {
        assert!(now() < deadline, "threads end with their encoders: {} of {before}", threads());
        thread::yield_now();
    }
}

#[test]
fn q2_weights_that_are_too_large_to_compute_with_give_an_error_and_no_vector() {
    let mut files = random(TINY, 1);
    for (_, values) in files.tensors.values_mut() {
        values.iter_mut().for_each(|value| *value *= 1e38);
    }
    let folder = folder_of(&files);
    let encoder = encoder(folder.path(), 1);
    for _ in 0..2 {
        assert!(matches!(block_on(encoder.encode(&["one"])), Err(EncodeError::Failed(_))));
    }
}

#[test]
fn q2_a_text_of_words_that_the_model_does_not_know_is_near_to_itself_alone() {
    let folder = folder_of(&random(TINY, 3));
    let encoder = encoder(folder.path(), 1);
    let vectors =
        ["ខ្មែរ ភាសា", "አማርኛ ቋንቋ", "🐢 🚀", "ខ្មែរ ភាសា", "one two three"].map(|text| encode(&encoder, text));
    let [khmer, amharic, emoji, again, known] = &vectors;
    assert_eq!(khmer, again, "the same text has the same vector");
    for (one, other) in [(khmer, amharic), (khmer, emoji), (amharic, emoji), (khmer, known), (emoji, known)] {
        let cosine = one.cosine(other).unwrap();
        // Of so few components chance gives some.
        assert!(cosine.abs() < 0.9, "{cosine}");
    }
}
