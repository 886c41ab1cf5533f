//! The command `syft-space reindex`: it builds the search indexes anew from the stored documents.

use std::path::Path;

use clap::Args;
use serde_json::json;
use syft_space_domain::dataset::{DatasetState, catch_up};
use syft_space_domain::store::{Flow, StoreError};

use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::output::Output;
use crate::config::Settings;
use crate::startup::wiring;
use crate::telemetry;

/// Which indexes.
#[derive(Args)]
pub(super) struct ReindexArguments {
    /// Only the index of this dataset: its name, in whichever tenant, or its id
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
}

/// Builds indexes anew. A running server has the home's lock, and this says so.
pub(super) fn run(
    home: &Path,
    settings: &Settings,
    which: &ReindexArguments,
    out: &mut Output,
) -> anyhow::Result<()> {
    telemetry::start(settings);
    let opened = wiring::open_unreconciled(home, settings)?;
    let operator = opened.operator.clone();
    let datasets = opened.space.store.read(Flow::Installation, move |view| {
        let mut datasets = Vec::new();
        for tenant in view.tenant_ids(&operator)? {
            let own = view.all_datasets(&operator.tenant(tenant))?;
            datasets.extend(own.into_iter().map(|dataset| (tenant, dataset)));
        }
        Ok::<_, StoreError>(datasets)
    });
    let datasets = datasets.wait()?;
    let mut done = Vec::new();
    for (tenant, dataset) in datasets {
        let is_meant = |named: &String| *named == dataset.name || *named == dataset.id.to_string();
        let wanted = which.dataset.as_ref().is_none_or(is_meant);
        if !wanted || dataset.state != DatasetState::Active {
            continue;
        }
        let scope = opened.operator.tenant(tenant);
        opened.space.engine.destroy(&scope, dataset.id)?;
        catch_up(&opened.space, &scope, dataset.index())?;
        let usage = opened.space.documents.usage(&scope, dataset.id)?;
        let (name, documents, chunks) = (&dataset.name, usage.documents, usage.chunks);
        if !out.json {
            out.line(&format!("{} {name:?}: {documents} documents, {chunks} chunks", dataset.id))?;
        }
        done.push(
            json!({ "id": dataset.id.to_string(), "name": name, "documents": documents, "chunks": chunks }),
        );
    }
    if let (Some(named), true) = (&which.dataset, done.is_empty()) {
        return Err(CommandError::new(ExitStatus::NotFound, format!("there is no dataset {named:?}")).into());
    }
    if out.json {
        return out.document(&json!({ "items": done }));
    }
    let indexes = if done.len() == 1 { "index" } else { "indexes" };
    out.line(&format!("{} {indexes} built anew", done.len()))
}
