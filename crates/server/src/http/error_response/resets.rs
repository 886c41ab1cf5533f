//! The errors of resets and of mail as responses.

use syft_space_domain::identity::{RedeemError, ResetError};
use syft_space_domain::mail::{MailError, TooManyMails};

use crate::http::problem::Problem;
use crate::http::reason::Reason;

impl From<TooManyMails> for Problem {
    fn from(error: TooManyMails) -> Self {
        Self::new(Reason::TooManyMails, error).retry_after(error.retry_after.as_secs())
    }
}

impl From<MailError> for Problem {
    fn from(error: MailError) -> Self {
        tracing::warn!(cause = error.cause(), "no mail was sent");
        let reason = match error {
            MailError::Refused(_) => Reason::MailRefused,
            MailError::Unavailable(_) | MailError::Unanswered => Reason::MailUnavailable,
        };
        Self::new(reason, error)
    }
}

impl From<ResetError> for Problem {
    fn from(error: ResetError) -> Self {
        match error {
            ResetError::Authorization(error) => error.into(),
            ResetError::RoleNotYours(_) => Self::new(Reason::RoleNotYours, error),
            ResetError::NotFound => Self::new(Reason::NotFound, error),
            ResetError::OwnAccount | ResetError::Disabled | ResetError::NoPassword => {
                Self::new(Reason::Conflict, error)
            }
            ResetError::TooManyMails(error) => error.into(),
            ResetError::Mail(error) => error.into(),
            ResetError::PortError(error) => error.into(),
        }
    }
}

impl From<RedeemError> for Problem {
    fn from(error: RedeemError) -> Self {
        match error {
            RedeemError::NotFound => Self::new(Reason::NotFound, error),
            RedeemError::Password(error) => error.into(),
            RedeemError::PortError(error) => error.into(),
        }
    }
}
