//! Removing a dataset: first it is said and gone from sight, then its bytes go, then its row.

use crate::access::Permission;
use crate::audit::{Action, Actor, ChangeCode, ObjectKind, RequestContext};
use crate::dataset::manage::active;
use crate::dataset::remove_vectors::remove_vectors;
use crate::dataset::{DatasetError, DatasetState, Usage};
use crate::identity::Principal;
use crate::ids::DatasetId;
use crate::port_error::PortError;
use crate::privacy::DeletedContent;
use crate::space::Space;
use crate::store::StoreError;
use crate::tenant::{TenantScope, WriteScope};
use crate::unit::{Recorded, check_revision};

/// Takes a dataset out of sight, for good. [`finish_removal`] removes what it held.
///
/// # Errors
/// When there is no such dataset, it has been changed since or endpoints search it, the caller's role does not permit it,
/// or a port failed.
pub async fn begin_removal(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: DatasetId,
    if_revision: Option<u64>,
) -> Result<TenantScope, DatasetError> {
    principal.scope(Permission::WriteDatasets)?;
    let event = principal
        .event(context, Action::ConfigChange)?
        .on(ObjectKind::Dataset, id)
        .changing(ChangeCode::Removed);
    let now = context.now;
    let authorization = principal.authorize(Permission::WriteDatasets, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let mut dataset = active(tx, &scope, id)?.ok_or(DatasetError::NotFound)?;
            check_revision(if_revision, dataset.revision, DatasetError::Changed)?;
            let users = tx.endpoints_of_dataset(&scope, id)?;
            if !users.is_empty() {
                let slugs = users.into_iter().map(|endpoint| endpoint.slug.to_string()).collect();
                return Err(DatasetError::InUse(slugs).into());
            }
            dataset.state = DatasetState::Deleting;
            dataset.revision += 1;
            dataset.updated_at = now;
            tx.update_dataset(&scope, &dataset)?;
            Ok(Recorded::new(*scope, event.clone()))
        })
        .await
}

/// How much a dataset holds, where that is known: of a database that cannot be read, and behind a kill, it is not.
fn held(space: &Space, scope: &TenantScope, id: DatasetId) -> DeletedContent {
    match space.documents.usage(scope, id) {
        Ok(Usage { documents, chunks, bytes }) if documents > 0 => {
            DeletedContent { documents: Some(documents), chunks: Some(chunks), bytes: Some(bytes) }
        }
        _ => DeletedContent::default(),
    }
}

/// Removes all that a dataset held, which [`begin_removal`] took out of sight, and then its row. It can be called
/// again until it answers. Blocks on a disk, and on the vector database where its vectors lie in one: its row stays until that has
/// confirmed that they are gone.
///
/// # Errors
/// When a port failed: it is among the [`UnconfirmedRemovals`](super::UnconfirmedRemovals) then. Where its vectors, or the database that
/// was made for them, could not be removed ([`PortError::Vectors`], [`PortError::Database`]), nothing else of it is left but its row.
pub fn finish_removal(
    space: &Space,
    context: &RequestContext,
    scope: &TenantScope,
    id: DatasetId,
) -> Result<(), PortError> {
    let event = context.event(scope, Action::SensitiveDelete, Actor::System)?.on(ObjectKind::Dataset, id);
    let scope = *scope;
    space.meaning.removals.add(scope, id);
    // Whoever takes files in stops early, and is then waited for.
    space.ingestion.stop_all(id);
    space.datasets.with_lock(id, || {
        // Another may have ended it while this waited.
        if let Some(dataset) = space.store.read(&scope, move |view| view.dataset(&scope, id)).wait()? {
            let deleted = space.meaning.removals.counted(id, || held(space, &scope, id));
            space.engine.destroy(&scope, id)?;
            let vectors = remove_vectors(space, &scope, id, &dataset.vectors);
            space.spool.destroy(&scope, id)?;
            space.documents.destroy(&scope, id)?;
            // A server of others may be away. No text waits for it.
            vectors?;
            let event = event.clone().changing(deleted.changes());
            let removed: Result<(), StoreError> = space
                .store
                .write(move |tx| {
                    tx.remove_dataset(&WriteScope::of_system(&scope), id)?;
                    Ok(Recorded::new((), event.clone()))
                })
                .wait();
            removed?;
        }
        space.meaning.removals.forget(id);
        Ok(())
    })
}
