//! The types that several parts of the engine share.

use syft_space_domain::ids::{DatasetId, TenantId};

/// The dataset that an index belongs to. Tenants may have datasets of equal ids.
pub(crate) type DatasetKey = (TenantId, DatasetId);
