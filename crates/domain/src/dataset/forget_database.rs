//! Giving up a vector database that never comes back.

use crate::audit::{Action, Actor, ChangeCode, ObjectKind, RequestContext};
use crate::dataset::VectorLocation;
use crate::dataset::ports::LostDatabases;
use crate::ids::{DatasetId, TenantId};
use crate::port_error::PortError;
use crate::space::Space;
use crate::store::StoreError;
use crate::tenant::{OperatorScope, WriteScope};
use crate::unit::Recorded;

/// Gives up the vector database of a dataset, for the operator who knows that it never comes back: nothing there is asked for or waited for
/// any more. The dataset's vectors are in the space from then on, and made anew there; one that is being removed can end. Answers where each
/// collection may still lie, for whoever can remove it by hand, and `None` where there is no such dataset or it uses no database. Blocks on a
/// disk, and is for a space that serves nobody meanwhile.
///
/// # Errors
/// When a port failed; it can be done again.
pub fn forget_database(
    space: &Space,
    context: &RequestContext,
    operator: &OperatorScope,
    tenant: TenantId,
    id: DatasetId,
) -> Result<Option<Vec<String>>, PortError> {
    let scope = operator.tenant(tenant);
    let found = space.store.read(&scope, move |view| view.dataset(&scope, id)).wait()?;
    let Some(mut dataset) = found.filter(|found| found.vectors.kind().is_some()) else { return Ok(None) };
    let forgotten = space.meaning.vectors.forget(&scope, id, LostDatabases::All)?;
    let event = context
        .event(&scope, Action::ConfigChange, Actor::Operator)?
        .on(ObjectKind::Dataset, id)
        .changing(ChangeCode::ChangedVectorDatabase);
    dataset.vectors = VectorLocation::Embedded;
    dataset.revision = dataset.revision.saturating_add(1);
    dataset.updated_at = context.now;
    let changed: Result<(), StoreError> = space
        .store
        .write(move |tx| {
            tx.update_dataset(&WriteScope::of_system(&scope), &dataset)?;
            Ok(Recorded::new((), event.clone()))
        })
        .wait();
    changed?;
    Ok(Some(forgotten))
}
