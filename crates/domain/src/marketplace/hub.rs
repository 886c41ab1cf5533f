//! Which hubs the installation trusts.

use crate::ids::HubId;
use crate::marketplace::{HubUrl, Issuer};
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

/// Who tied an issuer to a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustedBy {
    /// Whoever runs the binary.
    Operator,
    /// The first tenant that registered it, while nobody but invited people could be tenants.
    Registration,
}

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
