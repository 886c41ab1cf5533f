//! The files of a model, to be copied: those that are read of it, and no others.

use std::io::{self, Read};
use std::path::Path;

use syft_space_home::EncoderDraft;

use crate::folder::{ModelFile, ModelFolder};
use crate::refused::ModelRefused;
use crate::settings::{CONFIG, MAX_SETTINGS_BYTES, MODULES, POOLING, SENTENCE};
use crate::vocabulary::{MAX_TOKENIZER_BYTES, TOKENIZER};
use crate::weights::{MAX_WEIGHTS_BYTES, WEIGHTS};

/// Each file: its name, the most bytes that it may have, and whether every model has it.
pub(crate) const FILES: [(&str, u64, bool); 6] = [
    (CONFIG, MAX_SETTINGS_BYTES, true),
    (SENTENCE, MAX_SETTINGS_BYTES, false),
    (POOLING, MAX_SETTINGS_BYTES, false),
    (MODULES, MAX_SETTINGS_BYTES, false),
    (TOKENIZER, MAX_TOKENIZER_BYTES, true),
    (WEIGHTS, MAX_WEIGHTS_BYTES, true),
];

/// The files of a folder that make a model, open. What is in them is not looked at: that is for
/// [`LocalEncoder::inspect`](crate::LocalEncoder::inspect), of the copy.
pub struct ModelFiles(Vec<(&'static str, ModelFile)>);

/// A model was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// It is none.
    #[error(transparent)]
    Refused(#[from] ModelRefused),
    /// The copy cannot be written.
    #[error("the model's copy cannot be written: {0}")]
    Write(#[from] io::Error),
}

impl ModelFiles {
    /// Opens them, each through no link.
    ///
    /// # Errors
    /// When the folder or a file that every model has is missing, one is no plain file, or is too large.
    pub fn open(folder: &Path) -> Result<Self, ModelRefused> {
        let folder = ModelFolder::open(folder)?;
        let mut files = Vec::new();
        for (name, most, needed) in FILES {
            match folder.file(name, most)? {
                Some(file) => files.push((name, file)),
                None if needed => return Err(ModelRefused::Missing(name)),
                None => {}
            }
        }
        Ok(Self(files))
    }

    /// How many bytes they have.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.iter().fold(0, |sum, (_, file)| sum.saturating_add(file.bytes))
    }

    /// Copies them into a draft, durably. A file has as many bytes as when it was opened, or it is refused.
    ///
    /// # Errors
    /// When one changed meanwhile, cannot be read, or the copy cannot be written.
    pub fn copy(self, draft: &EncoderDraft<'_>) -> Result<(), CopyError> {
        for (name, ModelFile { file, bytes }) in self.0 {
            let mut copy = draft.create_file(name)?;
            let copied = io::copy(&mut file.take(bytes.saturating_add(1)), &mut copy)?;
            if copied != bytes {
                return Err(ModelRefused::unreadable(name, "it changed meanwhile").into());
            }
            copy.sync_all()?;
        }
        Ok(())
    }
}
