//! The port of mail.

use crate::Pending;
use crate::mail::Mail;

/// A mail was not sent, or nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// The mail server cannot be reached, or has no time. It has taken nothing.
    #[error("the mail server cannot be reached at the moment, so nothing was sent; ask again")]
    Unavailable(String),
    /// The mail server took neither the mail nor our word for who we are.
    #[error(
        "the mail server refused the mail, or a connection that is protected as it has to be, so nothing was sent; the \
         space's operator finds the cause in the log"
    )]
    Refused(String),
    /// It was asked to, and did not answer in time.
    #[error("the mail server did not say in time whether it took the mail; ask again in a minute")]
    Unanswered,
}

impl MailError {
    /// The cause, for the operator's log.
    #[must_use]
    pub fn cause(&self) -> &str {
        match self {
            Self::Unavailable(cause) | Self::Refused(cause) => cause,
            Self::Unanswered => "no answer in time",
        }
    }
}

/// Sends mail, a bounded number at a time, and answers within seconds.
pub trait Mailer: Send + Sync {
    /// Sends one mail. It is sent once at most.
    fn send<'a>(&'a self, mail: &'a Mail) -> Pending<'a, Result<(), MailError>>;
}
