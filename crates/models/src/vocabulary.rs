//! What a `tokenizer.json` claims, looked at before a tokenizer is made of it.
//!
//! It is read twice: first everything is checked, and of the vocabulary nothing is kept but its size and the largest
//! number in it, so that a hostile one takes no memory. Then what was checked, and nothing else of the file, is written
//! down anew for the library that makes the tokenizer: it was not made for files of strangers.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::refused::ModelRefused;

pub(crate) const TOKENIZER: &str = "tokenizer.json";

/// The most bytes of the file. A vocabulary of half a million words in many languages has 10 MiB.
pub(crate) const MAX_TOKENIZER_BYTES: u64 = 1 << 25;

/// The most tokens beside the vocabulary, and the most bytes of one: an automaton is built of them.
const MAX_ADDED_TOKENS: usize = 1_024;
const MAX_ADDED_BYTES: usize = 256;

/// The most characters of a word that may be looked up: the time for one word grows with the square.
const MAX_WORD_CHARS: u64 = 400;

/// The file as it comes, without the words.
#[derive(Deserialize)]
struct TokenizerFile {
    model: WordPiece<Counted>,
    normalizer: Normalizer,
    pre_tokenizer: Kind,
    post_processor: PostProcessor,
    #[serde(default)]
    added_tokens: AddedTokens,
}

/// The words of the file.
#[derive(Deserialize)]
struct WordsFile {
    model: WordPiece<HashMap<String, u64>>,
}

/// The file as it is handed on.
#[derive(Serialize)]
struct CheckedFile<'a> {
    version: &'static str,
    added_tokens: &'a [AddedToken],
    normalizer: &'a Normalizer,
    pre_tokenizer: &'a Kind,
    post_processor: BertProcessing,
    model: &'a WordPiece<HashMap<String, u64>>,
}

#[derive(Deserialize, Serialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize, Serialize)]
struct Normalizer {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default = "yes")]
    clean_text: bool,
    #[serde(default = "yes")]
    handle_chinese_chars: bool,
    #[serde(default)]
    strip_accents: Option<bool>,
    #[serde(default = "yes")]
    lowercase: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize, Serialize)]
struct WordPiece<V> {
    // Old files do not say it; then the other entries are those of no other kind.
    #[serde(rename = "type", default = "word_piece")]
    kind: String,
    #[serde(default = "unknown")]
    unk_token: String,
    #[serde(default = "prefix")]
    continuing_subword_prefix: String,
    #[serde(default = "hundred")]
    max_input_chars_per_word: u64,
    vocab: V,
}

fn word_piece() -> String {
    "WordPiece".to_owned()
}

fn unknown() -> String {
    "[UNK]".to_owned()
}

fn prefix() -> String {
    "##".to_owned()
}

fn hundred() -> u64 {
    100
}

/// A token by its name and its number.
type NamedToken = (String, u64);

#[derive(Deserialize)]
#[serde(tag = "type")]
enum PostProcessor {
    BertProcessing {
        sep: NamedToken,
        cls: NamedToken,
    },
    TemplateProcessing {
        single: Vec<Piece>,
        special_tokens: BTreeMap<String, SpecialToken>,
    },
    #[serde(other)]
    Other,
}

#[derive(Serialize)]
struct BertProcessing {
    #[serde(rename = "type")]
    kind: &'static str,
    sep: NamedToken,
    cls: NamedToken,
}

#[derive(Deserialize)]
enum Piece {
    SpecialToken { id: String, type_id: u64 },
    Sequence { type_id: u64 },
}

#[derive(Deserialize)]
struct SpecialToken {
    ids: Vec<u64>,
}

#[derive(Deserialize, Serialize)]
struct AddedToken {
    id: u64,
    content: String,
    #[serde(default)]
    single_word: bool,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
    #[serde(default)]
    normalized: bool,
    #[serde(default)]
    special: bool,
}

/// How many tokens a vocabulary has, and the largest of their numbers.
#[derive(Default)]
struct Counted {
    tokens: usize,
    largest: u64,
}

/// The tokens beside the vocabulary, no more than may be.
#[derive(Default)]
struct AddedTokens(Vec<AddedToken>);

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Counted;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tokens with their numbers")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Counted, A::Error> {
                let mut counted = Counted::default();
                while let Some((_, number)) = map.next_entry::<IgnoredAny, u64>()? {
                    counted.tokens = counted.tokens.saturating_add(1);
                    counted.largest = counted.largest.max(number);
                }
                Ok(counted)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

impl<'de> Deserialize<'de> for AddedTokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = AddedTokens;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tokens beside the vocabulary")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<AddedTokens, A::Error> {
                let mut added = Vec::new();
                while let Some(token) = list.next_element::<AddedToken>()? {
                    if added.len() >= MAX_ADDED_TOKENS || token.content.len() > MAX_ADDED_BYTES {
                        return Err(A::Error::custom(format_args!(
                            "it may add {MAX_ADDED_TOKENS} tokens of {MAX_ADDED_BYTES} bytes to its vocabulary"
                        )));
                    }
                    added.push(token);
                }
                Ok(AddedTokens(added))
            }
        }
        deserializer.deserialize_seq(Entries)
    }
}

/// Checks that a tokenizer is BERT's, and makes no token that the model has no vector for. Answers what was checked, in
/// the form of the file.
pub(crate) fn checked(content: &[u8], known: usize) -> Result<Vec<u8>, ModelRefused> {
    let malformed = |error: serde_json::Error| ModelRefused::malformed(TOKENIZER, error);
    let TokenizerFile { model, normalizer, pre_tokenizer, post_processor, added_tokens } =
        serde_json::from_slice(content).map_err(malformed)?;
    kind("model", &model.kind, "WordPiece")?;
    kind("normalizer", &normalizer.kind, "BertNormalizer")?;
    kind("pre_tokenizer", &pre_tokenizer.kind, "BertPreTokenizer")?;
    let found = model.max_input_chars_per_word;
    if !(1..=MAX_WORD_CHARS).contains(&found) {
        let (file, name, least, most) = (TOKENIZER, "max_input_chars_per_word", 1, MAX_WORD_CHARS);
        return Err(ModelRefused::OutOfBounds { file, name, found, least, most });
    }
    let post_processor = bert_processing(post_processor)?;
    let Counted { tokens, largest } = model.vocab;
    if tokens == 0 {
        return Err(ModelRefused::malformed(TOKENIZER, "its vocabulary is empty"));
    }
    // More names than numbers would take memory, and give some numbers several names.
    let names = u64::try_from(tokens).unwrap_or(u64::MAX).saturating_sub(1);
    let added = added_tokens.0.iter().map(|token| token.id);
    let numbers = added.chain([largest, names, post_processor.sep.1, post_processor.cls.1]);
    let token = numbers.max().unwrap_or_default();
    if !usize::try_from(token).is_ok_and(|token| token < known) {
        return Err(ModelRefused::TokenUnknown { token, known });
    }
    let words: WordsFile = serde_json::from_slice(content).map_err(malformed)?;
    let checked = CheckedFile {
        version: "1.0",
        added_tokens: &added_tokens.0,
        normalizer: &normalizer,
        pre_tokenizer: &pre_tokenizer,
        post_processor,
        model: &words.model,
    };
    serde_json::to_vec(&checked).map_err(malformed)
}

fn kind(name: &'static str, found: &str, known: &'static str) -> Result<(), ModelRefused> {
    if found == known { Ok(()) } else { Err(ModelRefused::unknown(TOKENIZER, name, found, known)) }
}

/// The tokens that stand around each text: one before it and one behind, as BERT was taught.
fn bert_processing(processor: PostProcessor) -> Result<BertProcessing, ModelRefused> {
    let known = "BertProcessing, or a template of one token, the text and another token";
    let refused = |found| ModelRefused::unknown(TOKENIZER, "post_processor", found, known);
    let (sep, cls) = match processor {
        PostProcessor::BertProcessing { sep, cls } => (sep, cls),
        PostProcessor::TemplateProcessing { single, special_tokens } => {
            let [
                Piece::SpecialToken { id: cls, type_id: 0 },
                Piece::Sequence { type_id: 0 },
                Piece::SpecialToken { id: sep, type_id: 0 },
            ] = single.as_slice()
            else {
                return Err(refused("another template"));
            };
            let token = |name: &String| match special_tokens.get(name)?.ids.as_slice() {
                [number] => Some((name.clone(), *number)),
                _ => None,
            };
            token(sep)
                .zip(token(cls))
                .ok_or_else(|| refused("a template without the numbers of its tokens"))?
        }
        PostProcessor::Other => return Err(refused("another kind")),
    };
    Ok(BertProcessing { kind: "BertProcessing", sep, cls })
}
