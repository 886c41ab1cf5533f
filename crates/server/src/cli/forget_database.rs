//! The command `syft-space forget-database`: it gives up a vector database that never comes back.

use std::path::Path;

use clap::Args;
use serde_json::json;
use syft_space_domain::audit::Origin;
use syft_space_domain::dataset::forget_database;
use syft_space_domain::ids::DatasetId;
use syft_space_domain::store::Flow;

use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::output::Output;
use crate::config::Settings;
use crate::startup::wiring;
use crate::telemetry;

/// Whose database.
#[derive(Args)]
pub(super) struct ForgetDatabaseArguments {
    /// The id of the dataset whose vectors lie there, be it removed already: the log names it
    #[arg(value_name = "DATASET")]
    dataset: DatasetId,
}

/// Gives it up. A running server has the home's lock, and this says so.
pub(super) fn run(
    home: &Path,
    settings: &Settings,
    ForgetDatabaseArguments { dataset }: &ForgetDatabaseArguments,
    out: &mut Output,
) -> anyhow::Result<()> {
    telemetry::start(settings);
    let opened = wiring::open_unreconciled(home, settings)?;
    let operator = opened.operator.clone();
    let tenants = opened.space.store.read(Flow::Installation, move |view| view.tenant_ids(&operator));
    let context = opened.space.request_context(Origin::default())?;
    // Tenants may have datasets of equal ids; a person has one in mind, whose database is gone with the other's.
    let mut forgotten = None;
    for tenant in tenants.wait()? {
        let places = forget_database(&opened.space, &context, &opened.operator, tenant, *dataset)?;
        if let Some(places) = places {
            forgotten.get_or_insert_with(Vec::new).extend(places);
        }
    }
    let Some(places) = forgotten else {
        let message = format!("there is no dataset {dataset} whose vectors lie in a vector database");
        return Err(CommandError::new(ExitStatus::NotFound, message).into());
    };
    if out.json {
        return out.document(&json!({ "dataset": dataset, "may_still_lie": places }));
    }
    for place in &places {
        out.line(&format!("may still lie there: {place}"))?;
    }
    out.line("Its vector database is given up: nothing there is asked for or waited for any more.")
}
