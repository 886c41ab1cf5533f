//! Removing the vectors of a dataset, wherever they lie.

use crate::dataset::VectorLocation;
use crate::dataset::ports::LostDatabases;
use crate::ids::DatasetId;
use crate::port_error::PortError;
use crate::provisioning::remove_database;
use crate::space::Space;
use crate::tenant::TenantScope;

/// Removes the vectors of a dataset from where they lie: they are gone once this answers. A database that the space made goes with them.
/// Blocks.
///
/// # Errors
/// When the database, or the engine that made it, does not confirm it.
pub(super) fn remove_vectors(
    space: &Space,
    scope: &TenantScope,
    dataset: DatasetId,
    location: &VectorLocation,
) -> Result<(), PortError> {
    if location.provisioned().is_some() {
        remove_database(space, scope, dataset)?;
        space.meaning.vectors.forget(scope, dataset, LostDatabases::Provisioned)?;
    }
    Ok(space.meaning.vectors.destroy_all(scope, dataset)?)
}
