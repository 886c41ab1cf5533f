//! The command `syft-space jobs list`.

use clap::Subcommand;

use crate::cli::api::ApiClient;
use crate::cli::datasets::find_dataset;
use crate::cli::instant::time;
use crate::cli::lists::list_all;
use crate::cli::output::{Column, Output, number, text};
use crate::routes::jobs::Job;

/// What one can do with jobs.
#[derive(Subcommand)]
pub(super) enum Jobs {
    /// List those of a dataset, the newest first
    List {
        /// The dataset's name, or its id
        #[arg(long, value_name = "NAME")]
        dataset: String,
    },
}

const JOBS: &[Column<Job>] = &[
    text("STARTED", |job| time(job.created_at)),
    text("STATUS", |job| job.status.as_str().to_owned()),
    number("DONE", |job| job.documents_done.to_string()),
    number("OF", |job| job.documents_total.to_string()),
    number("CHUNKS", |job| job.chunks.to_string()),
    number("BYTES", |job| job.bytes.to_string()),
    number("ERRORS", |job| job.errors.len().to_string()),
    text("FINISHED", |job| job.finished_at.map_or_else(String::new, time)),
    text("ID", |job| job.id.to_string()),
];

pub(super) async fn run(api: &ApiClient, what: &Jobs, out: &mut Output) -> anyhow::Result<()> {
    let Jobs::List { dataset } = what;
    let dataset = find_dataset(api, dataset).await?.id;
    list_all(api, &format!("/api/v1/datasets/{dataset}/jobs"), JOBS, out).await
}
