//! How the audit logs leave the space: into a file, to a syslog collector, to a webhook.
//!
//! A sink gets a batch, and says whether it has all of it: a file once it is on the disk, a collector once it has read all and closed, a
//! webhook once it has answered. Whoever calls does not go on before that, and brings the same again where it is not so. Nothing is kept
//! here between two batches.
#![forbid(unsafe_code)]

mod file;
mod message;
mod syslog;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::time::Timestamp;

pub use file::{FileSettings, FileSink};
pub use message::Message;
pub use syslog::{SyslogSettings, SyslogSink, is_loopback};
pub use webhook::{SecretError, WebhookSecrets, WebhookSink};

/// A batch is not there, or not for certain.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// Nobody took it: there is no such place, it does not answer, or not in time.
    #[error("{0}")]
    Unavailable(String),
    /// Nobody took it, and it is not to be brought again before so long. However long the other side asks for, it is an hour at most.
    #[error("{0}")]
    Later(String, Duration),
    /// It was refused: perhaps a smaller one is taken.
    #[error("{0}")]
    Refused(String),
}

impl SinkError {
    fn unavailable(error: impl std::fmt::Display) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Where a log goes.
pub enum Sink {
    /// Into a file.
    File(Arc<FileSink>),
    /// To a syslog collector.
    Syslog(SyslogSink),
    /// To a webhook.
    Webhook(WebhookSink),
}

impl Sink {
    /// Delivers a batch. `Ok` only where it has arrived, whole.
    ///
    /// # Errors
    /// When it has not, or nobody knows.
    pub async fn deliver(&self, batch: Vec<Message>, now: Timestamp) -> Result<(), SinkError> {
        match self {
            Self::File(sink) => {
                let sink = Arc::clone(sink);
                let written = tokio::task::spawn_blocking(move || sink.append(&batch, now));
                written.await.map_err(SinkError::unavailable)?.map_err(SinkError::unavailable)
            }
            Self::Syslog(sink) => sink.send(&batch).await,
            Self::Webhook(sink) => sink.post(&batch, now).await,
        }
    }
}
