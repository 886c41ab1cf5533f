//! The commands `syft-space datasets`.

use std::path::PathBuf;

use clap::Subcommand;
use reqwest::Method;
use serde::Serialize;
use serde_json::{Map, Value, json};
use syft_space_domain::dataset::{DatasetType, DocumentId, SearchMode, VectorDatabaseUrl};
use syft_space_domain::ids::DatasetId;

use crate::cli::api::{ApiClient, option};
use crate::cli::certificates::CertificateFile;
use crate::cli::exit::{CommandError, ExitStatus, is_refused_for};
use crate::cli::instant::time;
use crate::cli::lists::{Described, Description, list_described, to_text};
use crate::cli::output::{Column, Output, number, text};
use crate::cli::password::secret_from_file;
use crate::http::reason::Reason;
use crate::routes::datasets::{ChangeDataset, Dataset, DatasetUsage};
use crate::routes::endpoints::Endpoint;

/// What one can do with datasets.
#[derive(Subcommand)]
pub(super) enum Datasets {
    /// List all of them
    List,
    /// Show one of them, and how much it holds
    Show {
        /// Its name, or its id
        #[arg(value_name = "NAME")]
        dataset: String,
    },
    /// Give one of them another name
    Rename {
        /// Its name, or its id
        #[arg(value_name = "NAME")]
        dataset: String,
        /// What it is to be called
        #[arg(value_name = "NEW_NAME")]
        name: String,
    },
    /// Have one of them searched by words, by meaning or by both
    SetSearch {
        /// Its name, or its id
        #[arg(value_name = "NAME")]
        dataset: String,
        /// words, meaning or both
        #[arg(value_name = "MODE")]
        mode: String,
        /// The encoder of its vectors [default: the one it has, or the only one that is installed]
        #[arg(long, value_name = "NAME")]
        encoder: Option<String>,
    },
    /// Have the vectors of one of them kept by the space, or by a vector database
    SetVectors {
        /// Its name, or its id
        #[arg(value_name = "NAME")]
        dataset: String,
        /// embedded, chroma or qdrant
        #[arg(value_name = "TYPE")]
        dtype: String,
        /// Have the space make a vector database for it, in a container, where its operator has set that up
        #[arg(long, conflicts_with_all = ["url", "credential_file"])]
        provisioned: bool,
        /// Where the vector database is: https://host or https://host:port
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// A file with what it knows the space by: a token of Chroma's, an API key of Qdrant's; `-` is standard input
        #[arg(long, value_name = "FILE")]
        credential_file: Option<PathBuf>,
    },
    /// Get the signed certificate that one of them is gone, or a document of one
    Certificate {
        /// Its id; its name, where a document of it is meant
        #[arg(value_name = "DATASET")]
        dataset: String,
        /// The document that was removed
        #[arg(long, value_name = "ID")]
        document: Option<String>,
        #[command(flatten)]
        file: CertificateFile,
    },
    /// Remove one that no endpoint is over, with all of its documents
    Remove {
        /// Its name, or its id
        #[arg(value_name = "NAME")]
        dataset: String,
    },
}

const DATASETS: &[Column<Described<Dataset>>] = &[
    text("NAME", |dataset| dataset.item.name.clone()),
    number("DOCUMENTS", |dataset| dataset.description.first.clone()),
    number("CHUNKS", |dataset| dataset.description.second.clone()),
    text("SUMMARY", |dataset| dataset.item.summary.clone()),
    text("CHANGED", |dataset| time(dataset.item.updated_at)),
    text("ID", |dataset| dataset.item.id.to_string()),
];

const PATH: &str = "/api/v1/datasets";

/// A dataset, and how much it holds.
#[derive(Serialize)]
struct DatasetWithUsage {
    #[serde(flatten)]
    dataset: Dataset,
    #[serde(flatten)]
    usage: DatasetUsage,
}

pub(super) async fn run(api: &ApiClient, what: &Datasets, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Datasets::List => {
            let count = async |dataset: &Dataset| {
                let usage: DatasetUsage = api.get(&format!("{PATH}/{}/usage", dataset.id)).await?;
                Ok(Description { first: usage.documents.to_string(), second: usage.chunks.to_string() })
            };
            list_described(api, PATH, &[], DATASETS, u64::MAX, out, count).await
        }
        Datasets::Show { dataset } => {
            let dataset = find_dataset(api, dataset).await?;
            let usage = api.get(&format!("{PATH}/{}/usage", dataset.id)).await?;
            let found = DatasetWithUsage { dataset, usage };
            if out.json {
                return out.document(&found);
            }
            let Value::Object(fields) = serde_json::to_value(found)? else { return Ok(()) };
            const FIELDS: &[Column<(String, Value)>] =
                &[text("WHAT", |(name, _)| name.clone()), text("VALUE", |(_, value)| to_text(value))];
            let mut table = out.table(FIELDS);
            table.items(&Vec::from_iter(fields))?;
            table.end().map(drop)
        }
        Datasets::Rename { dataset, name } => {
            let found = find_dataset(api, dataset).await?;
            let change = ChangeDataset { name: Some(option("NEW_NAME", name)?), ..ChangeDataset::default() };
            let renamed = change_dataset(api, &found, &change).await?;
            if out.json {
                return out.document(&renamed);
            }
            out.line(&format!("{} is called {} now.", found.name, renamed.name))
        }
        Datasets::SetSearch { dataset, mode, encoder } => {
            let found = find_dataset(api, dataset).await?;
            let change = ChangeDataset {
                search: Some(option("MODE", mode)?),
                encoder: encoder.as_deref().map(|name| option("--encoder", name)).transpose()?,
                ..ChangeDataset::default()
            };
            let changed = change_dataset(api, &found, &change).await?;
            if out.json {
                return out.document(&changed);
            }
            let by = match &changed.encoder {
                Some(encoder) => {
                    format!(" now, by {encoder}; its vectors follow while the space runs")
                }
                None => String::new(),
            };
            let mode = match changed.search {
                SearchMode::Both => "words and meaning",
                mode => mode.as_str(),
            };
            out.line(&format!("{} is searched by {mode}{by}.", changed.name))
        }
        Datasets::SetVectors { dataset, dtype, provisioned, url, credential_file } => {
            let found = find_dataset(api, dataset).await?;
            let dtype: DatasetType = option("TYPE", dtype)?;
            let mut configuration = Map::new();
            if *provisioned {
                configuration.insert("provisioned".to_owned(), true.into());
            }
            if let Some(url) = url {
                let url: VectorDatabaseUrl = option("--url", url)?;
                configuration.insert("url".to_owned(), url.as_str().into());
            }
            if let Some(path) = credential_file {
                let credential = secret_from_file(path, "--credential-file", "the credential")?;
                configuration.insert("credential".to_owned(), credential.expose().as_str().into());
            }
            let change = json!({ "dtype": dtype, "configuration": configuration });
            let changed = change_dataset(api, &found, &change).await?;
            if out.json {
                return out.document(&changed);
            }
            let keeper = match changed.dtype {
                DatasetType::Embedded => "the space itself".to_owned(),
                other if changed.configuration.provisioned == Some(true) => {
                    format!("a {other} database that the space makes")
                }
                other => format!("the {other} server at {}", url.as_deref().unwrap_or("the address it had")),
            };
            out.line(&format!(
                "The vectors of {} are kept by {keeper}; they follow while the space runs.",
                changed.name
            ))
        }
        Datasets::Certificate { dataset, document, file } => {
            file.check()?;
            let document =
                document.as_deref().map(|id| option::<DocumentId>("--document", id)).transpose()?;
            // One that is gone has no name any more.
            let id = match dataset.parse::<DatasetId>() {
                Ok(id) => id,
                Err(_) => find_dataset(api, dataset).await?.id,
            };
            let of_document = document.map(|document| format!("/documents/{document}")).unwrap_or_default();
            file.fetch(api, &format!("{PATH}/{id}{of_document}/certificate"), out).await
        }
        Datasets::Remove { dataset } => {
            let found = find_dataset(api, dataset).await?;
            let path = format!("{PATH}/{}", found.id);
            let removed = match api.send(api.request(Method::DELETE, &path, &[])?).await {
                Ok(removed) => removed,
                Err(error) => return Err(in_use(api, &found, error).await),
            };
            if out.json {
                return out.document(&found);
            }
            let vectors = if removed.is_empty() {
                ""
            } else {
                " Its vector database has not confirmed yet that its vectors are gone: the space asks until it does."
            };
            out.line(&format!("The dataset {} is removed, with all of its documents.{vectors}", found.name))?;
            out.line(&format!(
                "`syft-space datasets certificate {}` gives the proof that it is gone, once it is.",
                found.id
            ))
        }
    }
}

async fn change_dataset(
    api: &ApiClient,
    dataset: &Dataset,
    change: &impl Serialize,
) -> anyhow::Result<Dataset> {
    let request = api.request(Method::PATCH, &format!("{PATH}/{}", dataset.id), &[])?;
    api.read(request.json(change)).await
}

/// Says of a dataset that is not removed which endpoints are over it, and how they are removed.
async fn in_use(api: &ApiClient, dataset: &Dataset, error: anyhow::Error) -> anyhow::Error {
    if !is_refused_for(&error, Reason::InUse) {
        return error;
    }
    let endpoints: Vec<Endpoint> = api.all("/api/v1/endpoints").await.unwrap_or_default();
    let over: Vec<_> = endpoints.iter().filter(|endpoint| endpoint.dataset_id == dataset.id).collect();
    let Some(first) = over.first() else { return error };
    let slugs: Vec<_> = over.iter().map(|endpoint| endpoint.slug.as_str()).collect();
    let message = format!(
        "the dataset {:?} is asked by {}; `syft-space endpoints remove {}` removes one",
        dataset.name,
        slugs.join(", "),
        first.slug
    );
    CommandError::new(ExitStatus::Refused, message).into()
}

/// The dataset of this name or id.
pub(super) async fn find_dataset(api: &ApiClient, named: &str) -> anyhow::Result<Dataset> {
    look_up_dataset(api, named).await?.ok_or_else(|| {
        let message =
            format!("there is no dataset {named:?}; `syft-space datasets list` shows which there are");
        CommandError::new(ExitStatus::NotFound, message).into()
    })
}

/// The dataset of this name or id, where there is one.
pub(super) async fn look_up_dataset(api: &ApiClient, named: &str) -> anyhow::Result<Option<Dataset>> {
    let all = api.all::<Dataset>(PATH).await?;
    Ok(all.into_iter().find(|dataset| dataset.name == named || dataset.id.to_string() == named))
}
