//! The port that a database implements.

use crate::audit::ports::AuditView;
use crate::dataset::ports::{DatasetRows, DatasetView};
use crate::endpoint::ports::{EndpointRows, EndpointView};
use crate::identity::ports::{AccountRows, AccountView};
use crate::ids::{AccountId, EndpointId, HubId, MarketplaceId, TenantId};
use crate::marketplace::ports::{MarketplaceRows, MarketplaceView};
use crate::policy::ports::{PolicyRows, PolicyView};
pub use crate::store_error::StoreError;
use crate::tenant::ports::{TenantRows, TenantView};
use crate::unit::Unit;

/// What a store serves: consistent reads, and units of work.
///
/// A store queues units, may run many in one transaction with a savepoint each, commits once, tells
/// [`CommitHook`], and then each unit that it is done. When that commit fails, it runs the units again one by one.
pub trait Store: Send + Sync {
    /// Queues a unit of work. Never blocks: a full queue ends the unit with [`StoreError::Busy`].
    fn submit(&self, unit: Box<dyn Unit>);

    /// A view of one snapshot: what was committed before this call, and nothing later.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn read(&self) -> Result<Box<dyn View + '_>, StoreError>;
}

/// Everything that can be read from one snapshot.
pub trait View:
    TenantView + AccountView + DatasetView + EndpointView + PolicyView + MarketplaceView + AuditView
{
}
impl<T> View for T where
    T: TenantView
        + AccountView
        + DatasetView
        + EndpointView
        + PolicyView
        + MarketplaceView
        + AuditView
        + ?Sized
{
}

/// Everything a unit of work can read and write. It has no commit and no way to write an audit event: the store
/// does both, from what the unit answers.
pub trait Tx: TenantRows + AccountRows + DatasetRows + EndpointRows + PolicyRows + MarketplaceRows {}
impl<T> Tx for T where
    T: TenantRows + AccountRows + DatasetRows + EndpointRows + PolicyRows + MarketplaceRows + ?Sized
{
}

/// What a commit changed of the things that live state is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StateChange {
    /// A tenant was founded or changed.
    Tenant(TenantId),
    /// A membership was made, changed or ended.
    Member(TenantId, AccountId),
    /// An endpoint was made, changed or removed, or the policies attached to it, or one of those.
    Endpoint(TenantId, EndpointId),
    /// A marketplace was registered, changed or removed.
    Marketplace(TenantId, MarketplaceId),
    /// A hub was trusted, changed, or is trusted no more. It is nobody's, but the installation's.
    Hub(HubId),
}

impl StateChange {
    /// Whose live state it is; `None` where it is the installation's.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantId> {
        match *self {
            Self::Tenant(tenant)
            | Self::Member(tenant, _)
            | Self::Endpoint(tenant, _)
            | Self::Marketplace(tenant, _) => Some(tenant),
            Self::Hub(_) => None,
        }
    }
}

/// Told of each commit, in commit order, after it is durable and before any of its units is.
pub trait CommitHook: Send + Sync {
    /// Something changed. The view shows the state of this commit, or a later one.
    fn on_commit(&self, view: &mut dyn View, changes: &[StateChange]);
}

/// For a store that nobody follows.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoopHook;

impl CommitHook for NoopHook {
    fn on_commit(&self, _: &mut dyn View, _: &[StateChange]) {}
}
