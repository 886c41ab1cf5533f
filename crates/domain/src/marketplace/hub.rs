//! A hub that the installation trusts.

use std::str::FromStr;

use crate::ids::HubId;
use crate::marketplace::{HubUrl, Issuer};
use crate::page::PageItem;
use crate::time::Timestamp;

/// A hub: one issuer of satellite tokens, and the one URL whose keys speak for it. It belongs to the installation, so
/// that no tenant can say whose word another tenant believes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    /// Its id here.
    pub id: HubId,
    /// What its tokens name as `iss`. Unique.
    pub issuer: Issuer,
    /// Where it is reached.
    pub url: HubUrl,
    /// Who tied the one to the other.
    pub trusted_by: TrustedBy,
    /// Since when.
    pub created_at: Timestamp,
}

impl PageItem for Hub {
    fn bytes(&self) -> usize {
        self.issuer.as_str().len() + self.url.as_str().len()
    }
}

/// Who tied an issuer to a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustedBy {
    /// Whoever runs the binary.
    Operator,
    /// The first tenant that registered it, while nobody but invited people could be tenants.
    Registration,
}

/// A text that names nobody who trusts hubs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hub is trusted by operator or registration")]
pub struct TrustedByError;

impl TrustedBy {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Operator, Self::Registration];

    /// Its name in JSON and in storage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Registration => "registration",
        }
    }
}

impl FromStr for TrustedBy {
    type Err = TrustedByError;
    fn from_str(text: &str) -> Result<Self, TrustedByError> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(TrustedByError)
    }
}
