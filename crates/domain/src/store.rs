//! The port that a database implements.

use futures_channel::oneshot;

use crate::audit::Event;
use crate::identity::Email;
use crate::ids::{AccountId, ApiKeyId, EndpointId, GroupId, HubId, MarketplaceId, TenantId};
use crate::read::read_unit;
pub use crate::read::{Flow, ReadUnit};
pub use crate::store_error::StoreError;
pub use crate::transaction::{Tx, View};
use crate::unit::{Abort, Booked, Receipt, Recorded, Refused, Unit, bookkeeping, unit};

/// What a store serves: consistent reads, and units of work.
///
/// A store queues units, may run many in one transaction with a savepoint each, commits once, tells
/// [`CommitHook`], and then each unit that it is done. When that commit fails, it runs the units again one by one.
pub trait Store: Send + Sync {
    /// Queues a unit of work. Never blocks: a full queue ends the unit with [`StoreError::Busy`].
    fn submit(&self, unit: Box<dyn Unit>);

    /// Queues a read, which is run once on a view of one snapshot: all that was committed before this call, perhaps more,
    /// and nothing that is committed while it runs. Never blocks on others: a full queue ends the read with
    /// [`StoreError::Busy`]. A read that panics ends alone, and one that is in the queue when the store is dropped ends
    /// with [`StoreError::Closed`].
    fn submit_read(&self, read: Box<dyn ReadUnit>);

    /// Overwrites what rows that were removed before this call have left in the store's own files, and tells whether that is done:
    /// then no byte of them is there. It takes as long as reading the whole store. Never blocks, and others read and write meanwhile. What fails is
    /// tried again by whoever asks again.
    fn submit_overwrite(&self, done: OverwriteDone);
}

/// Told whether what removed rows have left is overwritten. Where it is dropped, nothing is known of it.
pub type OverwriteDone = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// The most events of one unit of work: more would delay the units behind it.
pub const MAX_EVENTS_PER_UNIT: usize = 100;

impl dyn Store + '_ {
    /// Submits a unit of work; the receipt answers once its outcome is durable.
    ///
    /// The closure may run more than once, and must decide the same from the same rows.
    pub fn write<T, E, F>(&self, work: F) -> Receipt<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&mut dyn Tx) -> Result<Recorded<T>, Abort<E>> + Send + 'static,
    {
        let (unit, receipt) = unit(work);
        self.submit(unit);
        receipt
    }

    /// Keeps the space's own bookkeeping, with events where the work answers some. Nothing that anybody asked for is written so.
    pub(crate) fn keep_books<T, F>(&self, work: F) -> Receipt<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Tx) -> Result<Booked<T>, StoreError> + Send + 'static,
    {
        let (unit, receipt) = bookkeeping(work);
        self.submit(unit);
        receipt
    }

    /// Refuses something that needs no look at what is stored; the receipt answers the error once the event is kept.
    pub fn refuse<T, E>(&self, error: E, event: Event) -> Receipt<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Clone + Send + 'static,
    {
        self.write(move |_tx| Err(Refused::new(error.clone(), event.clone()).into()))
    }

    /// Reads from one snapshot, which holds all that was committed before this call. The work runs on the store's own
    /// readers, so that whoever awaits the receipt holds up no thread; it does not wait for the store itself.
    pub fn read<T, E, F>(&self, flow: impl Into<Flow>, work: F) -> Receipt<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut dyn View) -> Result<T, E> + Send + 'static,
    {
        let (read, receipt) = read_unit(flow.into(), work);
        self.submit_read(read);
        receipt
    }

    /// Overwrites what rows that were removed before this call have left in the store's own files. The receipt answers once that is
    /// done, and a crash brings nothing of them back.
    pub fn overwrite_remains(&self) -> Receipt<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        // Nobody is obliged to wait for it.
        self.submit_overwrite(Box::new(move |outcome| drop(reply.send(outcome))));
        Receipt(answer)
    }

    /// Records an event that comes with no row.
    pub fn record(&self, event: Event) -> Receipt<(), StoreError> {
        self.record_all(vec![event])
    }

    /// Records events that come with no row, all or none of them: at least one, and at most [`MAX_EVENTS_PER_UNIT`].
    pub fn record_all(&self, events: Vec<Event>) -> Receipt<(), StoreError> {
        self.write(move |_tx| {
            let none = || StoreError::failed("there is no event to record");
            let (first, others) = events.split_first().ok_or_else(none)?;
            Ok(others.iter().cloned().fold(Recorded::new((), first.clone()), Recorded::and))
        })
    }
}

/// What a commit changed of the things that snapshots are made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StateChange {
    /// A tenant was founded or changed.
    Tenant(TenantId),
    /// An account was made, changed or removed.
    Member(TenantId, AccountId),
    /// An API key was made, changed or removed.
    ApiKey(TenantId, ApiKeyId),
    /// An endpoint was made, changed or removed, or the policies attached to it, or one of those.
    Endpoint(TenantId, EndpointId),
    /// A group was made, changed or removed.
    Group(TenantId, GroupId),
    /// An address was put into a group, or taken out.
    GroupMember(TenantId, GroupId, Email),
    /// A marketplace was registered, changed or removed.
    Marketplace(TenantId, MarketplaceId),
    /// A hub was trusted, changed, or is trusted no more. It is nobody's, but the installation's.
    Hub(HubId),
}

impl StateChange {
    /// Whether a request of this tenant may hang on it: it is its own, or the installation's.
    #[must_use]
    pub fn concerns(&self, tenant: TenantId) -> bool {
        self.tenant().is_none_or(|changed| changed == tenant)
    }

    /// Whose snapshot it is; `None` where it is the installation's.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantId> {
        match *self {
            Self::Tenant(tenant)
            | Self::Member(tenant, _)
            | Self::ApiKey(tenant, _)
            | Self::Endpoint(tenant, _)
            | Self::Group(tenant, _)
            | Self::GroupMember(tenant, ..)
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
