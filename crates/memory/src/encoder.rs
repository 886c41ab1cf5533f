//! An encoder for tests alone: texts with the same words get the same vector. It knows of no meaning. And which encoders are
//! installed, in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use syft_space_domain::Pending;
use syft_space_domain::encoder::ports::{EncodeError, Encoder, Encoders, MAX_TEXTS};
use syft_space_domain::encoder::{Embedding, EncoderModel, EncoderName, InstalledEncoder};

/// Adds up a direction for each word, which is taken from the word's hash. For tests alone: whatever model it is said to
/// be, it finds nothing by its meaning.
pub struct MemoryEncoder {
    model: EncoderModel,
}

impl MemoryEncoder {
    /// An encoder that is said to be this model: its vectors have that dimension, and it reads as many words as the
    /// model reads tokens.
    #[must_use]
    pub fn new(model: EncoderModel) -> Self {
        Self { model }
    }

    fn embedding(&self, text: &str) -> Result<Embedding, EncodeError> {
        let mut sum = vec![0.0_f32; self.model.dimension()];
        // The empty word gives the empty text a direction.
        let words = text.split_whitespace().take(self.model.longest_input());
        for word in std::iter::once("").chain(words) {
            for (component, step) in sum.iter_mut().zip(steps(word)) {
                *component += step;
            }
        }
        Embedding::of_direction(sum).map_err(|error| EncodeError::Failed(error.to_string()))
    }
}

/// The direction of a word: from -1 to 1 in each component, and never 0.
fn steps(word: &str) -> impl Iterator<Item = f32> {
    let blocks =
        (0_u64..).map(move |block| Sha256::new().chain_update(block.to_be_bytes()).chain_update(word));
    blocks.flat_map(|block| <[u8; 32]>::from(block.finalize())).map(|byte| (f32::from(byte) - 127.5) / 127.5)
}

impl Encoder for MemoryEncoder {
    fn model(&self) -> &EncoderModel {
        &self.model
    }

    fn encode<'a>(&'a self, texts: &'a [&'a str]) -> Pending<'a, Result<Vec<Embedding>, EncodeError>> {
        let encoded = if texts.len() > MAX_TEXTS {
            Err(EncodeError::TooMany(texts.len()))
        } else {
            texts.iter().map(|text| self.embedding(text)).collect()
        };
        Box::pin(std::future::ready(encoded))
    }
}

/// The encoders that a test or an embedder has installed.
#[derive(Default)]
pub struct MemoryEncoders(Mutex<BTreeMap<EncoderName, InstalledEncoder>>);

impl MemoryEncoders {
    /// Installs an encoder, in place of one of that name.
    pub fn install(&self, name: EncoderName, encoder: InstalledEncoder) {
        self.installed().insert(name, encoder);
    }

    /// Removes an encoder.
    pub fn remove(&self, name: &EncoderName) {
        self.installed().remove(name);
    }

    fn installed(&self) -> MutexGuard<'_, BTreeMap<EncoderName, InstalledEncoder>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Encoders for MemoryEncoders {
    fn names(&self) -> Vec<EncoderName> {
        self.installed().keys().cloned().collect()
    }

    fn encoder(&self, name: &EncoderName) -> Option<InstalledEncoder> {
        self.installed().get(name).cloned()
    }
}
