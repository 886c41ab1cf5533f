//! The port of what runs databases: a container engine.

use std::collections::BTreeSet;

use crate::Pending;
use crate::dataset::VectorDatabaseKind;
use crate::ids::{DatasetId, TenantId};
use crate::provisioning::{DatabaseAddress, DatabaseCredential};
use crate::tenant::{OperatorScope, TenantScope};

/// A database was not provisioned, looked at or removed as asked. What was done of it may stay half done: the same call again goes on
/// from there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProvisionError {
    /// The engine cannot be spoken to.
    #[error("the container engine cannot be reached ({0}); start it, or correct where it is said to be")]
    EngineDown(String),
    /// The engine took too long.
    #[error(
        "the container engine did not answer in time ({0}); it is tried again, look at the engine if that goes on"
    )]
    TooSlow(String),
    /// The engine answers what nobody can make sense of.
    #[error(
        "the container engine answers what makes no sense ({0}); check that it is an engine, and its version"
    )]
    Nonsense(String),
    /// The engine will not do it.
    #[error("the container engine refused: {0}")]
    Refused(String),
    /// The operator has named no image for this kind of database.
    #[error("databases of the kind {0} are not offered here; the operator names an image for them first")]
    NotOffered(VectorDatabaseKind),
    /// The engine does not have the image that the operator has named.
    #[error("the container engine has no image {0}; pull or load it there, or name another one")]
    ImageMissing(String),
    /// No address is left.
    #[error("no address is left for another database ({0}); widen the address pool, or remove databases")]
    NoAddressLeft(String),
    /// The disk of the engine is full.
    #[error("the disk of the container engine is full ({0}); make room there")]
    OutOfSpace(String),
    /// The database does not come up, or says that it is ill.
    #[error("the database does not become healthy ({0}); look at its log, its image and its limits")]
    Unhealthy(String),
    /// Something that this space did not make is where the database's own things would be.
    #[error(
        "the container engine holds something else under a name of this space ({0}); remove it, or rename it"
    )]
    NotOurs(String),
    /// The engine still lists what it was told to remove.
    #[error("the container engine still holds what was to be removed ({0}); it is tried again")]
    StillThere(String),
}

/// How a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseStatus {
    /// There is none, or a part of it is missing: it is to be provisioned.
    Missing,
    /// It is there, and does not run.
    Stopped,
    /// It runs, and has not said yet that it is healthy.
    Starting,
    /// It runs and is healthy.
    Ready(DatabaseAddress),
    /// It runs, and says that it is ill.
    Unhealthy,
}

/// All that an engine holds of this installation, whole or in part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provisioned {
    /// The databases of which anything is there.
    pub databases: BTreeSet<(TenantId, DatasetId)>,
    /// The tenants of whom anything is there, if it is but a network.
    pub tenants: BTreeSet<TenantId>,
}

/// Makes and removes databases, and knows which there are.
///
/// Whoever stops waiting leaves the engine in a state that the same call can go on from; so does whoever is killed. Calls may
/// be made at once, for the same database too.
pub trait Provisioner: Send + Sync {
    /// Makes a dataset's database, if it is not there already, and answers where it is reached once it is healthy. What is there and is not
    /// as it would be made now (another image, kind, credential or limit) is made anew; of the same kind it keeps its data.
    ///
    /// Where the settings of networks have changed, the tenant's other databases may be away afterwards until they are provisioned again.
    ///
    /// # Errors
    /// One variant of [`ProvisionError`] for each cause. Those that the operator has to do something about say what.
    fn provision<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
        kind: VectorDatabaseKind,
        credential: &'a DatabaseCredential,
    ) -> Pending<'a, Result<DatabaseAddress, ProvisionError>>;

    /// How a dataset's database is. Nothing is changed, and nothing waited for.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    fn status<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<DatabaseStatus, ProvisionError>>;

    /// Removes a dataset's database with its data, and with the tenant's last one what the tenant's databases have in common. It is done once the
    /// engine, asked anew, lists nothing of it. Removing what is not there is no error.
    ///
    /// # Errors
    /// When the engine cannot be asked, will not, or still lists something.
    fn deprovision<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<(), ProvisionError>>;

    /// Removes everything of a tenant, as [`deprovision`](Self::deprovision) does.
    ///
    /// # Errors
    /// As for [`deprovision`](Self::deprovision).
    fn deprovision_all<'a>(&'a self, scope: &'a TenantScope) -> Pending<'a, Result<(), ProvisionError>>;

    /// All that is there of this installation, in part too: to find what nobody wants any more. Nothing of other installations on the
    /// same engine is among it.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    fn provisioned<'a>(
        &'a self,
        operator: &'a OperatorScope,
    ) -> Pending<'a, Result<Provisioned, ProvisionError>>;
}
