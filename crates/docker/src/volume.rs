//! The volume of a database.

use bollard::models::{Volume, VolumeListResponse};
use bollard::query_parameters::{ListVolumesOptions, RemoveVolumeOptions};
use syft_space_domain::provisioning::ports::ProvisionError;

use crate::body::DatabaseForm;
use crate::engine::{CallError, Engine, ROUNDS, pause, removed};
use crate::names::{KIND, Labels, bears, filters};

/// The volumes that bear these labels.
pub(crate) async fn list(engine: &Engine, labels: &Labels) -> Result<Vec<Volume>, ProvisionError> {
    let options = Some(ListVolumesOptions { filters: Some(filters(labels)) });
    let listed = engine.call("listing volumes", engine.docker.list_volumes(options)).await?;
    let VolumeListResponse { volumes, warnings: _ } = listed;
    // A filter that an engine does not know, it leaves out.
    Ok(volumes.unwrap_or_default().into_iter().filter(|volume| bears(&volume.labels, labels)).collect())
}

/// Sees to the volume that a database is to have. Answers whether one is there that was made for another kind, and has to go first.
pub(crate) async fn ensure(engine: &Engine, form: &DatabaseForm<'_>) -> Result<bool, ProvisionError> {
    let name = form.name();
    let not_ours = || ProvisionError::NotOurs(format!("the volume {name}"));
    // A guard does not tell what it is.
    let refused = |error: CallError| if error.is_conflict() { not_ours() } else { error.into() };
    // An engine answers this with the volume that is there, if one is, whatever that is; and one that was started again without what is
    // special about it, until it is asked for that volume by itself.
    engine.call("making a volume", engine.docker.create_volume(form.volume())).await.map_err(refused)?;
    let volume = engine.call("looking at a volume", engine.docker.inspect_volume(&name)).await;
    let volume = volume.map_err(refused)?;
    if volume.name != name {
        return Err(ProvisionError::Nonsense("another volume than was asked for was made".to_owned()));
    }
    // A volume with options of its own may be any folder of the host.
    let labels = form.installation.database_labels(form.tenant, form.dataset);
    if !bears(&volume.labels, &labels) || volume.driver != "local" || !volume.options.is_empty() {
        return Err(not_ours());
    }
    Ok(volume.labels.get(KIND).is_none_or(|kind| kind != form.kind.as_str()))
}

/// Checks that no volume has a database's name. One that lost its labels is in no list, and has its data all the same.
pub(crate) async fn check_gone(engine: &Engine, name: &str) -> Result<(), ProvisionError> {
    match engine.call("looking for a volume", engine.docker.inspect_volume(name)).await {
        Err(error) if error.is_missing() => Ok(()),
        // A guard says so of one that bears no label of ours.
        Err(error) if error.is_conflict() => Err(still_there(name)),
        Err(error) => Err(error.into()),
        Ok(_) => Err(still_there(name)),
    }
}

fn still_there(name: &str) -> ProvisionError {
    ProvisionError::StillThere(format!(
        "the volume {name}, which bears no label of this installation any more: whoever runs the engine removes it"
    ))
}

/// Removes all that bear these labels, until the engine lists none.
pub(crate) async fn remove_all(engine: &Engine, labels: &Labels) -> Result<(), ProvisionError> {
    let mut held = "a volume".to_owned();
    for round in 0..ROUNDS {
        let found = list(engine, labels).await?;
        if found.is_empty() {
            return Ok(());
        }
        for volume in found {
            let options = Some(RemoveVolumeOptions { force: false });
            let result =
                engine.call("removing a volume", engine.docker.remove_volume(&volume.name, options)).await;
            held = removed(result)?.unwrap_or(held);
        }
        if round > 0 {
            pause(round).await;
        }
    }
    Err(ProvisionError::StillThere(held))
}
