//! What one read is: a closure over one snapshot, which a store runs on its own readers.

use futures_channel::oneshot;

use crate::ids::TenantId;
use crate::store_error::StoreError;
use crate::tenant::TenantScope;
use crate::transaction::View;
use crate::unit::Receipt;

/// Whose reads wait in one queue. A store that cannot run every read at once lets the flows take turns, so that many or
/// long reads of one tenant hold up their own, and nobody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flow {
    /// A tenant's.
    Tenant(TenantId),
    /// Those that are no tenant's: before it is known who calls, and the operator's over all tenants.
    Installation,
    /// Those of whoever holds a receipt and wants it proved. Anybody may, and each costs more than a login reads: so they wait behind each other.
    Receipts,
}

impl From<&TenantScope> for Flow {
    fn from(scope: &TenantScope) -> Self {
        Self::Tenant(scope.tenant())
    }
}

/// A read as a store sees it. Everybody else writes a closure and calls [`read`](trait.Store.html#method.read).
pub trait ReadUnit: Send {
    /// Whose queue it waits in.
    fn flow(&self) -> Flow;

    /// Whether somebody still waits for it. What nobody waits for need not be run.
    fn is_wanted(&self) -> bool;

    /// Does the work, on a view of one snapshot; or is told why there is none.
    fn run(self: Box<Self>, view: Result<&mut dyn View, StoreError>);
}

/// A closure as a read, and the receipt that tells its caller what it found.
pub(crate) fn read_unit<T, E, F>(flow: Flow, work: F) -> (Box<dyn ReadUnit>, Receipt<T, E>)
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: FnOnce(&mut dyn View) -> Result<T, E> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Typed { flow, work, reply }), Receipt(answer))
}

struct Typed<T, E, F> {
    flow: Flow,
    work: F,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> ReadUnit for Typed<T, E, F>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: FnOnce(&mut dyn View) -> Result<T, E> + Send + 'static,
{
    fn flow(&self) -> Flow {
        self.flow
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_canceled()
    }

    fn run(self: Box<Self>, view: Result<&mut dyn View, StoreError>) {
        let Self { work, reply, .. } = *self;
        // Nobody is obliged to wait for the answer.
        drop(reply.send(view.map_err(E::from).and_then(work)));
    }
}
