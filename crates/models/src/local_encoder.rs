//! The encoder over a local folder.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_channel::oneshot;
use syft_space_domain::Pending;
use syft_space_domain::encoder::ports::{EncodeError, Encoder, MAX_TEXTS};
use syft_space_domain::encoder::{Embedding, EncoderModel, ModelId};

use crate::model::Model;
use crate::queue::Texts;
use crate::refused::ModelRefused;
use crate::tokenizer::beginning;
use crate::unrelated::ordinary_texts;
use crate::workers::Workers;

/// Runs a model of a local folder on threads of its own.
///
/// Nothing is read before the first text. Texts of one call are spread over the threads, and calls take turns.
pub struct LocalEncoder {
    workers: Arc<Workers>,
}

impl LocalEncoder {
    /// Reads a folder whole, checks all of it, and says which model it holds. It takes as much memory as the model does
    /// and up to a second, and blocks.
    ///
    /// # Errors
    /// A [`ModelRefused`] that says which file is not as it must be, and why.
    pub fn inspect(folder: &Path, id: ModelId) -> Result<EncoderModel, ModelRefused> {
        described(&Model::read(folder)?, id)
    }

    /// As [`inspect`](Self::inspect), and holds the vocabulary against eighty texts in several languages.
    ///
    /// # Errors
    /// As for it, and when the model knows next to no word of most of them.
    pub fn inspect_for_use(folder: &Path, id: ModelId) -> Result<EncoderModel, ModelRefused> {
        let model = Model::read(folder)?;
        let is_unknown = |text: &&str| model.tokens(text).is_ok_and(|tokens| model.is_unknown(&tokens));
        let (all, unknown) = (ordinary_texts().count(), ordinary_texts().filter(is_unknown).count());
        if unknown.saturating_mul(2) > all {
            return Err(ModelRefused::Vocabulary { unknown, all });
        }
        described(&model, id)
    }

    /// An encoder with so many threads, which will read this folder. It must hold the model then that it is said to.
    #[must_use]
    pub fn new(folder: PathBuf, model: EncoderModel, threads: NonZeroUsize) -> Self {
        Self { workers: Arc::new(Workers::new(folder, model, threads.get())) }
    }
}

fn described(model: &Model, id: ModelId) -> Result<EncoderModel, ModelRefused> {
    EncoderModel::new(id, model.revision, model.dimension, model.longest_input)
        .map_err(|error| ModelRefused::malformed("config.json", error))
}

impl Encoder for LocalEncoder {
    fn model(&self) -> &EncoderModel {
        self.workers.expected()
    }

    fn encode<'a>(&'a self, texts: &'a [&'a str]) -> Pending<'a, Result<Vec<Embedding>, EncodeError>> {
        Box::pin(async move {
            if texts.len() > MAX_TEXTS {
                return Err(EncodeError::TooMany(texts.len()));
            }
            if texts.is_empty() {
                return Ok(Vec::new());
            }
            let longest = self.model().longest_input();
            let texts = texts.iter().map(|text| beginning(text, longest).to_owned()).collect();
            let (answer, answered) = oneshot::channel();
            self.workers.submit(Texts { texts, answer })?;
            answered.await.unwrap_or_else(|_| Err(EncodeError::Failed("the encoder was closed".to_owned())))
        })
    }
}

impl Drop for LocalEncoder {
    fn drop(&mut self) {
        self.workers.close();
    }
}
