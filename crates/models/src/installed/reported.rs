//! An encoder that says in the log when it begins to fail, and when it works again: once each, however many ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use syft_space_domain::Pending;
use syft_space_domain::encoder::ports::{EncodeError, Encoder};
use syft_space_domain::encoder::{Embedding, EncoderModel, EncoderName};

/// An installed encoder, and whether it failed the last time.
pub(super) struct ReportedEncoder {
    name: EncoderName,
    encoder: Arc<dyn Encoder>,
    fails: AtomicBool,
}

impl ReportedEncoder {
    pub(super) fn new(name: EncoderName, encoder: Arc<dyn Encoder>) -> Self {
        Self { name, encoder, fails: AtomicBool::new(false) }
    }

    fn note(&self, error: Option<&EncodeError>) {
        let fails = match error {
            None => false,
            Some(EncodeError::Unusable(_) | EncodeError::Failed(_)) => true,
            // These say nothing of the encoder.
            Some(EncodeError::Busy | EncodeError::TooMany(_)) => return,
        };
        if self.fails.swap(fails, Ordering::Relaxed) == fails {
            return;
        }
        match error {
            Some(error) => tracing::warn!(
                encoder = %self.name,
                %error,
                "an encoder fails: until it works again what it is for is found by words, or not at all"
            ),
            None => tracing::info!(encoder = %self.name, "an encoder works again"),
        }
    }
}

impl Encoder for ReportedEncoder {
    fn model(&self) -> &EncoderModel {
        self.encoder.model()
    }

    fn encode<'a>(&'a self, texts: &'a [&'a str]) -> Pending<'a, Result<Vec<Embedding>, EncodeError>> {
        Box::pin(async move {
            let encoded = self.encoder.encode(texts).await;
            self.note(encoded.as_ref().err());
            encoded
        })
    }
}
