//! The two names of an endpoint: its id and its slug.

use crate::endpoint::ports::EndpointView;
use crate::endpoint::{Endpoint, Slug};
use crate::ids::EndpointId;
use crate::store::StoreError;
use crate::tenant::TenantScope;

/// Which endpoint is meant: by its id, or by its slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointName {
    /// By its id.
    Id(EndpointId),
    /// By its slug.
    Slug(Slug),
}

impl EndpointName {
    /// Reads an id or a slug; `None` when the text is neither, so that no endpoint can be meant.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().map(Self::Id).or_else(|_| Slug::parse(text).map(Self::Slug)).ok()
    }

    pub(crate) fn find<V: EndpointView + ?Sized>(
        &self,
        view: &mut V,
        scope: &TenantScope,
    ) -> Result<Option<Endpoint>, StoreError> {
        match self {
            Self::Id(id) => view.endpoint(scope, *id),
            Self::Slug(slug) => view.endpoint_by_slug(scope, slug),
        }
    }
}
