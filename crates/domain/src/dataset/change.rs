//! Changing a dataset.

use std::sync::Arc;

use futures_executor::block_on;

use crate::access::Permission;
use crate::audit::{Action, ChangeCode, Changes, ObjectKind, RequestContext};
use crate::dataset::manage::{
    active, check_databases, check_marketplace, check_name, permission_for, want_database,
};
use crate::dataset::ports::DatasetView;
use crate::dataset::remove_vectors::remove_vectors;
use crate::dataset::{ChangeVectors, Dataset, DatasetError, NewRetrieval, VectorLocation};
use crate::encoder::ports::Encoders;
use crate::identity::Principal;
use crate::ids::DatasetId;
use crate::marketplace::ports::MarketplaceView;
use crate::space::Space;
use crate::store::View;
use crate::tenant::TenantScope;
use crate::text::{Line, Name};
use crate::unit::{Recorded, check_revision};

/// A dataset is to be changed; `None` leaves a part as it is.
#[derive(Clone, Default)]
pub struct ChangeDataset {
    /// Its name.
    pub name: Option<Name>,
    /// One sentence about it.
    pub summary: Option<Line>,
    /// Words to find it by.
    pub tags: Option<Line>,
    /// How it is searched.
    pub retrieval: NewRetrieval,
    /// Where its vectors lie. In another place they are made anew, once those in the old one are gone.
    pub vectors: ChangeVectors,
    /// Only if this is still its revision.
    pub if_revision: Option<u64>,
}

/// Where the vectors of a dataset lay, and where they are to lie.
#[derive(Clone)]
struct Moved {
    from: VectorLocation,
    to: VectorLocation,
}

/// Changes a dataset. Blocks on a disk, and where its vectors move, on the database in which they lie: they are gone from there
/// before the change is stored. Whoever asks meanwhile finds by words what they found by meaning.
///
/// # Errors
/// When there is no such dataset or it has been changed since, the name is taken, its encoder is not installed or not needed, the settings
/// of its vector database, or of the other space that it asks, do not go with its type, the database in which its vectors lie does not let
/// them go, the caller's role does not permit it, or a port failed.
pub fn change_dataset(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: DatasetId,
    change: ChangeDataset,
) -> Result<Dataset, DatasetError> {
    let scope = principal.scope(Permission::WriteDatasets)?;
    if change.vectors.is_empty() {
        return store(space, context, principal, id, change, None);
    }
    // Nothing is encoded into the old place meanwhile: whoever encodes waits for this lock, and then looks where the place is.
    space.datasets.with_lock(id, || {
        let tried = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Dataset, id);
        // Whatever would be refused is refused before anything goes.
        let (wanted, encoders) = (change.clone(), Arc::clone(&space.meaning.encoders));
        let (databases, sealer) = (space.meaning.databases.clone(), Arc::clone(&space.sealer));
        let try_out = move |view: &mut dyn View, scope: &TenantScope| {
            let before = active(view, scope, id)?.ok_or(DatasetError::NotFound)?;
            let from = before.vectors;
            let to = wanted.vectors.of::<DatasetError>(Some(&from), &databases, &*sealer, scope, id)?;
            let moved = Moved { from, to };
            changed(view, scope, id, &wanted, Some(&moved), &*encoders)?;
            Ok::<_, DatasetError>(moved)
        };
        let moved = block_on(space.read_ahead(principal, Permission::WriteDatasets, &tried, try_out))?;
        let Moved { from, to } = &moved;
        principal.scope(permission_for(to))?;
        if !to.is_same_place(from) {
            remove_vectors(space, &scope, id, from)?;
        }
        let was_provisioned = from.provisioned().is_some();
        let stored = store(space, context, principal, id, change, Some(moved));
        if stored.is_err() {
            // What went is made anew where it was.
            if was_provisioned {
                space.meaning.databases.want(&scope, id);
            }
            space.meaning.queue.add(scope, id);
        }
        stored
    })
}

/// What a dataset is once it is changed, and what of it is another then.
fn changed<V: DatasetView + MarketplaceView + ?Sized>(
    view: &mut V,
    scope: &TenantScope,
    id: DatasetId,
    change: &ChangeDataset,
    moved: Option<&Moved>,
    encoders: &dyn Encoders,
) -> Result<(Dataset, Changes), DatasetError> {
    let mut dataset = active(view, scope, id)?.ok_or(DatasetError::NotFound)?;
    check_revision(change.if_revision, dataset.revision, DatasetError::Changed)?;
    let mut changes = Changes::default();
    if let Some(name) = &change.name {
        check_name(view, scope, name.as_str(), id)?;
        changes.replace(ChangeCode::ChangedName, &mut dataset.name, name.clone().into());
    }
    if let Some(summary) = &change.summary {
        changes.replace(ChangeCode::ChangedSummary, &mut dataset.summary, summary.clone().into());
    }
    if let Some(tags) = &change.tags {
        changes.replace(ChangeCode::ChangedTags, &mut dataset.tags, tags.clone().into());
    }
    if !change.retrieval.is_empty() {
        if dataset.vectors.remote().is_some() {
            return Err(DatasetError::RemoteSearch);
        }
        let retrieval = change.retrieval.of(&dataset.retrieval, encoders)?;
        if retrieval.mode() != dataset.retrieval.mode() {
            changes.note(ChangeCode::ChangedSearch);
        }
        if retrieval.encoder() != dataset.retrieval.encoder() {
            changes.note(ChangeCode::ChangedEncoder);
        }
        dataset.retrieval = retrieval;
    }
    if let Some(Moved { from, to }) = moved {
        if dataset.vectors != *from {
            return Err(DatasetError::Changed);
        }
        if to.provisioned().is_some() {
            check_databases(view, scope, id)?;
        }
        check_marketplace(view, scope, to)?;
        to.changes_from(from).into_iter().for_each(|code| changes.note(code));
        dataset.vectors = to.clone();
    }
    Ok((dataset, changes))
}

fn store(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: DatasetId,
    change: ChangeDataset,
    moved: Option<Moved>,
) -> Result<Dataset, DatasetError> {
    let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Dataset, id);
    let now = context.now;
    let permission = moved.as_ref().map_or(Permission::WriteDatasets, |moved| permission_for(&moved.to));
    let authorization = principal.authorize(permission, space.clock.now())?;
    let encoders = Arc::clone(&space.meaning.encoders);
    let encoded_anew = !change.retrieval.is_empty() || moved.is_some();
    let has_moved = moved.as_ref().is_some_and(|moved| !moved.to.is_same_place(&moved.from));
    let stored = space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let (mut dataset, changes) = changed(tx, &scope, id, &change, moved.as_ref(), &*encoders)?;
            dataset.revision += 1;
            dataset.updated_at = now;
            tx.update_dataset(&scope, &dataset)?;
            Ok(Recorded::new((*scope, dataset), event.clone().changing(changes)))
        })
        .wait();
    let (scope, dataset) = stored?;
    if has_moved {
        // Nothing is in the new place yet.
        space.meaning.queue.note(&scope, id, None);
        want_database(space, &scope, &dataset);
    }
    if encoded_anew {
        space.meaning.queue.add(scope, id);
    }
    Ok(dataset)
}
