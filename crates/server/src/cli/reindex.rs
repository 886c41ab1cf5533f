//! `syft-space reindex`: the search indexes anew, from the stored documents.

use std::io::Write;
use std::path::Path;

use clap::Args;
use syft_space_domain::dataset::{DatasetState, catch_up};
use syft_space_domain::ids::DatasetId;

use crate::config::Settings;
use crate::{telemetry, wiring};

/// Which indexes.
#[derive(Args)]
pub(super) struct ReindexArguments {
    /// Only the index of this dataset
    #[arg(long, value_name = "ID")]
    dataset: Option<DatasetId>,
}

/// Builds indexes anew. A running server has the home's lock, and this says so.
pub(super) fn run(home: &Path, settings: &Settings, which: &ReindexArguments) -> anyhow::Result<()> {
    telemetry::start(settings);
    let opened = wiring::open_without_mending(home, settings)?;
    let datasets = opened.space.store.read()?.all_datasets(&opened.operator)?;
    let mut done = 0_u64;
    for (tenant, dataset) in datasets {
        let wanted = which.dataset.is_none_or(|id| id == dataset.id);
        if !wanted || dataset.state != DatasetState::Active {
            continue;
        }
        let scope = opened.operator.tenant(tenant);
        opened.space.engine.destroy(&scope, dataset.id)?;
        catch_up(&opened.space, &scope, dataset.index())?;
        let usage = opened.space.documents.usage(&scope, dataset.id)?;
        let (name, documents, chunks) = (&dataset.name, usage.documents, usage.chunks);
        writeln!(std::io::stdout(), "{} {name:?}: {documents} documents, {chunks} chunks", dataset.id)?;
        done += 1;
    }
    if let (Some(id), 0) = (which.dataset, done) {
        anyhow::bail!("there is no dataset {id}");
    }
    writeln!(std::io::stdout(), "{done} indexes built anew")?;
    Ok(())
}
