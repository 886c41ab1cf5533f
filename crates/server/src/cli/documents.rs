//! The commands `syft-space documents list|remove`.

use clap::Subcommand;
use reqwest::Method;
use syft_space_domain::dataset::FileName;

use crate::cli::api::{ApiClient, option};
use crate::cli::datasets::find_dataset;
use crate::cli::exit::{CommandError, ExitStatus, status_of};
use crate::cli::instant::time;
use crate::cli::lists::list_all;
use crate::cli::output::{Column, Output, number, text};
use crate::routes::documents::DocumentSummary;

/// What one can do with documents.
#[derive(Subcommand)]
pub(super) enum Documents {
    /// List those of a dataset
    List {
        /// The dataset's name, or its id
        #[arg(long, value_name = "NAME")]
        dataset: String,
    },
    /// Remove some of a dataset: they are found no more
    Remove {
        /// The dataset's name, or its id
        #[arg(long, value_name = "NAME")]
        dataset: String,
        /// Each one's id, or the path of the file that it was made of
        #[arg(value_name = "DOCUMENT", required = true)]
        documents: Vec<String>,
    },
}

const DOCUMENTS: &[Column<DocumentSummary>] = &[
    text("DOCUMENT", |document| document.document_id.to_string()),
    text("TITLE", |document| {
        let title = document.metadata.get("title").and_then(serde_json::Value::as_str);
        title.unwrap_or_default().to_owned()
    }),
    number("CHUNKS", |document| document.chunks.to_string()),
    number("BYTES", |document| document.bytes.to_string()),
    text("STORED", |document| time(document.created_at)),
];

pub(super) async fn run(api: &ApiClient, what: &Documents, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Documents::List { dataset } => {
            let dataset = find_dataset(api, dataset).await?.id;
            list_all(api, &format!("/api/v1/datasets/{dataset}/documents"), DOCUMENTS, out).await
        }
        Documents::Remove { dataset, documents } => {
            // All are looked at before one is removed.
            let names: Vec<FileName> =
                documents.iter().map(|name| option("DOCUMENT", name)).collect::<Result<_, _>>()?;
            let found = find_dataset(api, dataset).await?;
            for (removed, name) in names.iter().enumerate() {
                let path = format!("/api/v1/datasets/{}/documents/{}", found.id, name.document_id());
                if let Err(error) = api.send(api.request(Method::DELETE, &path, &[])?).await {
                    let error = match status_of(&error) {
                        ExitStatus::NotFound => unknown(dataset, name).into(),
                        _ => error,
                    };
                    let done = format!("{removed} of {} documents removed", names.len());
                    return Err(match removed {
                        0 => error,
                        _ => CommandError::partial(&done, &error).into(),
                    });
                }
                if !out.json {
                    out.line(&format!("{name} is removed."))?;
                }
            }
            if out.json { out.document(&serde_json::json!({ "removed": documents })) } else { Ok(()) }
        }
    }
}

/// What was named is no document of a dataset.
fn unknown(dataset: &str, name: &FileName) -> CommandError {
    let message = format!(
        "there is no document {:?} in the dataset {dataset:?}; `syft-space documents list` shows which there are",
        name.as_str()
    );
    CommandError::new(ExitStatus::NotFound, message)
}
