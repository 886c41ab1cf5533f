//! The suite of [`Encoder`]. It demands no meaning: only that some words are told apart.

use std::task::{Context, Waker};
use std::thread;

use futures_executor::block_on;
use syft_space_domain::encoder::Embedding;
use syft_space_domain::encoder::ports::{EncodeError, Encoder, MAX_TEXTS};

use crate::check::{Check, checks, run_all};
use crate::fixture::EncoderFactory;

/// How much a component of the same text's vectors may differ: sums may be rounded in another order.
const TOLERANCE: f32 = 1e-6;

/// Every promise of [`Encoder`].
pub const CHECKS: &[Check<EncoderFactory>] = checks![
    q2_each_text_has_its_vector_in_order,
    q2_every_vector_has_the_models_dimension,
    q2_the_same_model_gives_the_same_text_the_same_vector,
    q2_the_texts_beside_it_change_no_vector,
    q2_any_text_has_a_vector,
    q2_of_a_text_that_is_too_long_the_beginning_counts,
    q2_more_texts_than_one_call_takes_are_refused,
    q2_those_who_ask_at_once_all_get_their_own,
    q2_who_stops_waiting_disturbs_nobody,
];

/// Checks every promise.
pub fn suite(make: &EncoderFactory) {
    run_all("the encoder", CHECKS, make);
}

#[track_caller]
fn encode(encoder: &dyn Encoder, texts: &[&str]) -> Vec<Embedding> {
    block_on(encoder.encode(texts)).expect("texts are encoded")
}

/// The vector of one text, encoded alone.
#[track_caller]
fn encode_one(encoder: &dyn Encoder, text: &str) -> Embedding {
    let mut embeddings = encode(encoder, &[text]);
    assert_eq!(embeddings.len(), 1, "one text has one vector");
    embeddings.remove(0)
}

fn is_same(one: &Embedding, other: &Embedding) -> bool {
    let pairs = one.as_slice().iter().zip(other.as_slice());
    one.dimension() == other.dimension() && pairs.into_iter().all(|(a, b)| (a - b).abs() <= TOLERANCE)
}

/// Texts of different lengths and words, the empty one among them.
fn texts() -> Vec<String> {
    let words = ["one", "two", "three"];
    let of =
        |n: usize| words.iter().cycle().skip(n % 3).take(n * n % 40).copied().collect::<Vec<_>>().join(" ");
    (0..24).map(of).collect()
}

/// No text is left out, and none gets another's vector.
pub fn q2_each_text_has_its_vector_in_order(make: &EncoderFactory) {
    let encoder = make();
    assert_eq!(encode(&*encoder, &[]), [], "no text has no vector");
    let words = ["one", "two", "three", "one two", "two"];
    let embeddings = encode(&*encoder, &words);
    assert_eq!(embeddings.len(), words.len(), "each text has one vector, the second of two equal texts too");
    for (word, embedding) in words.iter().zip(&embeddings) {
        for (other, other_embedding) in words.iter().zip(&embeddings) {
            let same = is_same(embedding, other_embedding);
            assert_eq!(same, word == other, "{word:?} and {other:?} are told apart, or are one text");
        }
        assert!(is_same(embedding, &encode_one(&*encoder, word)), "{word:?} has its own vector");
    }
}

/// That its length is 1 is held by its type.
pub fn q2_every_vector_has_the_models_dimension(make: &EncoderFactory) {
    let encoder = make();
    let dimension = encoder.model().dimension();
    for text in texts() {
        let embedding = encode_one(&*encoder, &text);
        assert_eq!(embedding.dimension(), dimension, "{text:?} has a vector of the model's dimension");
    }
}

/// Twice from one encoder, and from another one of the same model.
pub fn q2_the_same_model_gives_the_same_text_the_same_vector(make: &EncoderFactory) {
    let (encoder, other) = (make(), make());
    let model = encoder.model().clone();
    assert_eq!(&model, other.model(), "two encoders of one model say that they are");
    for text in texts() {
        let embedding = encode_one(&*encoder, &text);
        assert!(is_same(&embedding, &encode_one(&*encoder, &text)), "{text:?} has the same vector again");
        assert!(is_same(&embedding, &encode_one(&*other, &text)), "{text:?} has it of another encoder too");
    }
    assert_eq!(&model, encoder.model(), "the model is the same after use");
}

/// Neither their number, nor their lengths, nor their order.
pub fn q2_the_texts_beside_it_change_no_vector(make: &EncoderFactory) {
    let encoder = make();
    let texts = texts();
    let mut together: Vec<&str> = texts.iter().map(String::as_str).collect();
    for _ in 0..2 {
        for (text, embedding) in together.iter().zip(encode(&*encoder, &together)) {
            let alone = encode_one(&*encoder, text);
            assert!(is_same(&embedding, &alone), "{text:?} has the vector that it has alone");
        }
        together.reverse();
    }
}

/// Controls, signs of every script, what is no word, and much of it.
pub fn q2_any_text_has_a_vector(make: &EncoderFactory) {
    let encoder = make();
    let every: String = (0..=0x2ff_u32).chain(0x1_f5ff..=0x1_f64f).filter_map(char::from_u32).collect();
    let long = |part: &str| part.repeat((1 << 20) / part.len());
    let samples = [
        String::new(),
        " \n\t".to_owned(),
        "\0\u{1}\u{7f}\u{feff}\u{fffd}\u{10ffff}".to_owned(),
        "שלום مرحبا 港の船 Grüße e\u{301}\u{301}\u{301} 👩‍👩‍👧".to_owned(),
        "[CLS] [SEP] [PAD] [UNK] [MASK] <s> </s>".to_owned(),
        every,
        long("one two "),
        long("x"),
        long("\u{301}"),
        long(" "),
        long("港"),
        long("!"),
    ];
    let dimension = encoder.model().dimension();
    for text in &samples {
        let start: String = text.chars().take(40).collect();
        let embedding = encode_one(&*encoder, text);
        assert_eq!(embedding.dimension(), dimension, "{start:?}… has a vector");
    }
}

/// What stands behind the longest input changes nothing, and what stands before it does.
pub fn q2_of_a_text_that_is_too_long_the_beginning_counts(make: &EncoderFactory) {
    let encoder = make();
    let body = "one two ".repeat(encoder.model().longest_input());
    let embedding = encode_one(&*encoder, &body);
    let behind = encode_one(&*encoder, &format!("{body}three three three"));
    assert!(is_same(&embedding, &behind), "what stands behind the longest input changes no vector");
    let before = encode_one(&*encoder, &format!("three three three {body}"));
    assert!(!is_same(&embedding, &before), "what stands at the beginning changes it");
}

/// As many as one call takes are encoded.
pub fn q2_more_texts_than_one_call_takes_are_refused(make: &EncoderFactory) {
    let encoder = make();
    let texts = ["one"; MAX_TEXTS + 1];
    let refused = block_on(encoder.encode(&texts));
    assert_eq!(refused, Err(EncodeError::TooMany(MAX_TEXTS + 1)), "one text more is refused");
    let embeddings = encode(&*encoder, texts.get(1..).unwrap_or_default());
    assert_eq!(embeddings.len(), MAX_TEXTS, "as many as may be are encoded");
}

/// Eight threads ask the same encoder.
pub fn q2_those_who_ask_at_once_all_get_their_own(make: &EncoderFactory) {
    let encoder = make();
    let words = ["one", "two", "three"];
    let alone = words.map(|word| encode_one(&*encoder, word));
    thread::scope(|scope| {
        for n in 0..8 {
            let (encoder, alone) = (&encoder, &alone);
            scope.spawn(move || {
                for turn in 0..10 {
                    let place = (n + turn) % words.len();
                    let pair = words.get(place).zip(alone.get(place));
                    let (word, expected) = pair.expect("a place among the words");
                    assert!(
                        is_same(expected, &encode_one(&**encoder, word)),
                        "each gets the vector of {word:?}"
                    );
                }
            });
        }
    });
}

/// A future that is dropped before its time has no effect on others.
pub fn q2_who_stops_waiting_disturbs_nobody(make: &EncoderFactory) {
    let encoder = make();
    let expected = encode_one(&*encoder, "one two");
    for polled in [false, true] {
        for _ in 0..40 {
            let texts = ["three three three", "two two"];
            let mut waiting = encoder.encode(&texts);
            if polled {
                let _ = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
        }
        assert!(is_same(&expected, &encode_one(&*encoder, "one two")), "the next call is answered as ever");
    }
}
