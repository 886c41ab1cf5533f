//! A hub that the installation trusts.

use crate::as_text::text_enum;
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

text_enum! {
    /// Who tied an issuer to a URL.
    pub enum TrustedBy {
        /// Whoever runs the binary.
        Operator = "operator",
        /// The first tenant that registered it, while nobody but invited people could be tenants.
        Registration = "registration",
    }

    /// A text that names nobody who trusts hubs.
    #[error("a hub is trusted by operator or registration")]
    pub struct TrustedByError;
}
