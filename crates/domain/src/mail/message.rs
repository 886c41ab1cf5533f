//! The texts of what is sent.

use crate::access::Role;
use crate::identity::Email;
use crate::secret::{BearerSecret, Secret};
use crate::tenant::TenantName;
use crate::time::Timestamp;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To set another password.
    PasswordReset,
    /// To join.
    Invitation,
}

impl Purpose {
    /// Where a person chooses a password with a token. The token stands behind the `#`, which no browser sends and no log has.
    #[must_use]
    pub fn link(self, public_url: &str, token: &BearerSecret) -> String {
        let what = match self {
            Self::PasswordReset => "reset",
            Self::Invitation => "invitation",
        };
        format!("{}/choose-password#{what}={}", public_url.trim_end_matches('/'), token.expose())
    }

    /// The route that takes it.
    fn route(self) -> &'static str {
        match self {
            Self::PasswordReset => "POST /api/v1/auth/reset",
            Self::Invitation => "POST /api/v1/invitations/accept",
        }
    }
}

/// What a person is told. Each goes with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// They may choose another password.
    PasswordReset {
        /// In which tenant.
        tenant: TenantName,
        /// Until when.
        expires_at: Timestamp,
    },
    /// They may join.
    Invitation {
        /// Which tenant.
        tenant: TenantName,
        /// As what.
        role: Role,
        /// Until when.
        expires_at: Timestamp,
    },
}

/// One mail.
pub struct Mail {
    /// To whom.
    pub to: Email,
    /// Its subject.
    pub subject: String,
    /// Its text. It holds a token.
    pub text: Secret<String>,
}

impl Message {
    /// The mail to somebody. `public_url` is where others reach the space, where that is known.
    #[must_use]
    pub fn to(&self, to: Email, token: &BearerSecret, public_url: Option<&str>) -> Mail {
        let (purpose, subject, what, expires_at) = match self {
            Self::PasswordReset { tenant, expires_at } => (
                Purpose::PasswordReset,
                format!("Choose another password in {tenant}"),
                format!(
                    "somebody who manages the members of {tenant} lets you choose another password. Yours stays as it is \
                     until you do."
                ),
                expires_at,
            ),
            Self::Invitation { tenant, role, expires_at } => (
                Purpose::Invitation,
                format!("You are invited into {tenant}"),
                format!("you may join {tenant} as {role}."),
                expires_at,
            ),
        };
        let how = match public_url {
            Some(url) => format!("Choose a password here:\n\n  {}", purpose.link(url, token)),
            None => {
                format!("Choose a password with this token, by {}:\n\n  {}", purpose.route(), token.expose())
            }
        };
        let text = format!(
            "Hello,\n\n{what}\n{how}\n\nIt works once, until {expires_at}, and is for you alone: give it to nobody.\n\
             If you did not expect this, do nothing.\n"
        );
        Mail { to, subject, text: Secret::new(text) }
    }
}
