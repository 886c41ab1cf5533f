//! A whole model in memory: made of a folder, file by file, each checked before the next is read.

use std::path::Path;

use sha2::{Digest, Sha256};
use syft_space_domain::encoder::{Embedding, ModelRevision};

use crate::bert::{self, Bert};
use crate::folder::ModelFolder;
use crate::refused::ModelRefused;
use crate::revision::RevisionHasher;
use crate::settings::{CONFIG, MAX_SETTINGS_BYTES, MODULES, POOLING, SENTENCE, Settings, SettingsFiles};
use crate::token_table::TokenTable;
use crate::tokenizer::TextTokenizer;
use crate::vocabulary::{MAX_TOKENIZER_BYTES, TOKENIZER};
use crate::weights::{self, MAX_WEIGHTS_BYTES, WEIGHTS};

/// A model that can encode.
pub(crate) struct Model {
    pub(crate) revision: ModelRevision,
    pub(crate) dimension: usize,
    pub(crate) longest_input: usize,
    tokenizer: TextTokenizer,
    bert: Bert,
}

impl Model {
    /// Reads a folder.
    pub(crate) fn read(path: &Path) -> Result<Self, ModelRefused> {
        let folder = ModelFolder::open(path)?;
        let mut hasher = RevisionHasher::new();
        let mut read = |name, most| {
            let content = folder.read(name, most)?;
            if let Some(content) = &content {
                hasher.file(name, content);
            }
            Ok::<_, ModelRefused>(content)
        };
        let config = read(CONFIG, MAX_SETTINGS_BYTES)?.ok_or(ModelRefused::Missing(CONFIG))?;
        let sentence = read(SENTENCE, MAX_SETTINGS_BYTES)?;
        let pooling = read(POOLING, MAX_SETTINGS_BYTES)?;
        let modules = read(MODULES, MAX_SETTINGS_BYTES)?;
        let files = SettingsFiles {
            config: &config,
            sentence: sentence.as_deref(),
            pooling: pooling.as_deref(),
            modules: modules.as_deref(),
        };
        let settings = Settings::read(&files)?;
        let vocabulary = read(TOKENIZER, MAX_TOKENIZER_BYTES)?.ok_or(ModelRefused::Missing(TOKENIZER))?;
        let tokenizer = TextTokenizer::new(&vocabulary, &settings)?;
        drop(vocabulary);
        let file = folder.file(WEIGHTS, MAX_WEIGHTS_BYTES)?.ok_or(ModelRefused::Missing(WEIGHTS))?;
        let table = (bert::TOKENS, TokenTable::new(settings.hidden));
        let weights = weights::read(file, &bert::needed(&settings), table, bert::PREFIX, &mut hasher)?;
        let (dimension, longest_input) = (settings.hidden, settings.longest_input);
        let bert = Bert::new(settings, weights)?;
        Ok(Self { revision: hasher.finish(), dimension, longest_input, tokenizer, bert })
    }

    /// The numbers of a text's tokens.
    pub(crate) fn tokens(&self, text: &str) -> Result<Vec<u32>, String> {
        self.tokenizer.tokens(text)
    }

    /// Whether most of a text's words are none that the model knows.
    pub(crate) fn is_unknown(&self, tokens: &[u32]) -> bool {
        self.tokenizer.is_unknown(tokens)
    }

    /// The vector of a text of which the model knows next to no word, by its tokens; `None` for any other text. All such texts would
    /// have the same vector, or nearly: a question in a script that the vocabulary lacks would find each text in another. So it is
    /// a direction of this text's own, which is near to no other.
    pub(crate) fn of_unknown(&self, text: &str, tokens: &[u32]) -> Result<Option<Embedding>, String> {
        if !self.is_unknown(tokens) {
            return Ok(None);
        }
        let read = self.tokenizer.read_part(text)?;
        let blocks =
            (0_u64..).map(|block| Sha256::new().chain_update(block.to_be_bytes()).chain_update(&read));
        let bytes = blocks.flat_map(|block| <[u8; 32]>::from(block.finalize()));
        let components = bytes.take(self.dimension).map(|byte| f32::from(byte) - 127.5);
        Ok(Embedding::of_direction(components.collect()).ok())
    }

    /// The vector of each text, by its tokens.
    pub(crate) fn embeddings(&self, texts: &[&[u32]]) -> Result<Vec<Embedding>, String> {
        let vectors = self.bert.forward(texts).map_err(|error| error.to_string())?;
        let embeddings = vectors.into_iter().map(Embedding::of_direction);
        embeddings.collect::<Result<_, _>>().map_err(|error| error.to_string())
    }
}
