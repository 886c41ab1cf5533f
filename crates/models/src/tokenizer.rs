//! Texts to the numbers of their tokens.

use std::borrow::Cow;

use tokenizers::{ModelWrapper, Tokenizer, TruncationParams};

use crate::refused::ModelRefused;
use crate::settings::Settings;
use crate::vocabulary::{self, TOKENIZER};

/// How many bytes of a text are read for each token that is. A token is at most a word of 100 characters of up to 4 bytes:
/// only who fills a text with longer words than any language has, or with nothing, meets this bound first.
const BYTES_PER_TOKEN: usize = 400;

/// A model's tokenizer. It makes no token that the model does not know.
pub(crate) struct TextTokenizer {
    tokenizer: Tokenizer,
    lower_case: bool,
    known: usize,
    /// The token that stands for each word that the vocabulary lacks.
    unknown: Option<u32>,
}

/// The beginning and the end of a text have a token each.
const TOKENS_AROUND: usize = 2;

impl TextTokenizer {
    /// The tokenizer that a file describes.
    pub(crate) fn new(content: &[u8], settings: &Settings) -> Result<Self, ModelRefused> {
        let content = vocabulary::checked(content, settings.vocabulary)?;
        let malformed = |error: tokenizers::Error| ModelRefused::malformed(TOKENIZER, error);
        let mut tokenizer = Tokenizer::from_bytes(content).map_err(malformed)?;
        let max_length = settings.longest_input;
        let truncation = TruncationParams { max_length, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(malformed)?;
        tokenizer.with_padding(None);
        // A token that the vocabulary lacks was given the next number, whatever the file says.
        let added = tokenizer.get_added_vocabulary().get_added_tokens_decoder().keys().max();
        let (token, known) = (added.copied().unwrap_or_default(), settings.vocabulary);
        if usize::try_from(token).map_or(true, |token| token >= known) {
            return Err(ModelRefused::TokenUnknown { token: token.into(), known });
        }
        let unknown = match tokenizer.get_model() {
            ModelWrapper::WordPiece(model) => tokenizer.token_to_id(&model.unk_token),
            _ => None,
        };
        let this = Self { tokenizer, lower_case: settings.lower_case, known: settings.vocabulary, unknown };
        // An unknown word needs a token that stands for it; without one the first text would tell.
        this.tokens("\u{1f6a2} x").map_err(|reason| ModelRefused::malformed(TOKENIZER, reason))?;
        Ok(this)
    }

    /// Whether most of a text's words are none of the vocabulary's: its tokens say nothing of what it means.
    pub(crate) fn is_unknown(&self, tokens: &[u32]) -> bool {
        let unknown = tokens.iter().filter(|token| Some(**token) == self.unknown).count();
        unknown.saturating_mul(2) > tokens.len().saturating_sub(TOKENS_AROUND)
    }

    /// What is read of a text, as it is read: up to the end of its last token.
    pub(crate) fn read_part(&self, text: &str) -> Result<String, String> {
        let text = self.cased(text);
        let encoding = self.tokenizer.encode(text.as_ref(), true).map_err(|error| error.to_string())?;
        let end = encoding.get_offsets().iter().map(|(_, end)| *end).max().unwrap_or_default();
        Ok(text.get(..end).unwrap_or(&text).to_owned())
    }

    fn cased<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.lower_case { text.to_lowercase().into() } else { text.into() }
    }

    /// The numbers of a text's tokens: at least one, at most as many as are read, each known to the model.
    pub(crate) fn tokens(&self, text: &str) -> Result<Vec<u32>, String> {
        let text = self.cased(text);
        let encoding = self.tokenizer.encode_fast(text.as_ref(), true).map_err(|error| error.to_string())?;
        let tokens = encoding.get_ids().to_vec();
        let is_known = |token: &u32| usize::try_from(*token).is_ok_and(|token| token < self.known);
        if tokens.is_empty() || !tokens.iter().all(is_known) {
            return Err("the tokenizer gave tokens that the model does not know".to_owned());
        }
        Ok(tokens)
    }
}

/// The beginning of a text that decides its vector, for a model that reads this many tokens.
pub(crate) fn beginning(text: &str, longest_input: usize) -> &str {
    let end = text.floor_char_boundary(longest_input.saturating_mul(BYTES_PER_TOKEN));
    text.get(..end).unwrap_or(text)
}
