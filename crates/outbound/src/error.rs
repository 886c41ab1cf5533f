//! The errors of calls.

use std::error::Error;
use std::io;

use crate::target_policy::TargetNotAllowed;

/// A call without a complete response. No variant holds anything of its headers or bodies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The text is no URL that can be called.
    #[error("{0:?} is no http or https URL without user name and password")]
    Url(String),
    /// A header of the call cannot be written.
    #[error("a header's value holds what no header may hold")]
    Header,
    /// The target may not be called from here.
    #[error(transparent)]
    TargetNotAllowed(#[from] TargetNotAllowed),
    /// Its name is not known.
    #[error("the name {0} cannot be resolved")]
    Unresolved(String),
    /// No connection could be made.
    #[error("no connection: {0}")]
    Connect(String),
    /// The other side could not prove to be the target.
    #[error("no trusted TLS connection: {0}")]
    Tls(String),
    /// The time for the call was over.
    #[error("there was no whole answer in time")]
    Timeout,
    /// Too many calls were under way until the time was over.
    #[error("too many calls were under way")]
    Busy,
    /// The response has more bytes than are read.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    /// The response is no HTTP, or ended too early.
    #[error("the answer broke off or is no HTTP")]
    Broken,
}

impl OutboundError {
    /// Whether the same call might succeed in a moment. Of a name that cannot be resolved that is not said: the time would tell
    /// it from one that may not be called.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::Broken)
    }

    /// The error of a failed attempt: our connector's own, if it is among the sources.
    pub(crate) fn from_source(error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        let mut connecting = false;
        while let Some(error) = next {
            if let Some(ours) = error.downcast_ref::<Self>() {
                return ours.clone();
            }
            if let Some(tls) = error.downcast_ref::<rustls::Error>() {
                return Self::Tls(tls.to_string());
            }
            if let Some(client) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
                connecting |= client.is_connect();
            }
            next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                // `source` of an I/O error skips the error that it wraps.
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        if connecting { Self::Connect("the other side hung up".to_owned()) } else { Self::Broken }
    }
}
