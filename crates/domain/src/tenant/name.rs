//! The name of a tenant.

use crate::as_text::text_type;
use crate::endpoint::{Slug, SlugError};

/// The unique name of a tenant: a [`Slug`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantName(Slug);

/// A text that is no tenant name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a tenant name {}", .0.rule())]
pub struct TenantNameError(SlugError);

impl TenantName {
    /// Reads a tenant name.
    ///
    /// # Errors
    /// When the text is no slug.
    pub fn parse(text: &str) -> Result<Self, TenantNameError> {
        Slug::parse(text).map(Self).map_err(TenantNameError)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

text_type!(TenantName, TenantNameError);
