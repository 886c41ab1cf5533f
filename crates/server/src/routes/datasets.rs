//! The routes of datasets.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::dataset::{self, AnalyzerSettings};
use syft_space_domain::ids::DatasetId;
use syft_space_domain::text;
use syft_space_domain::time::Timestamp;

use crate::http::json::present;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::rules::{self, take};
use crate::routes::shapes;

#[derive(Serialize, JsonSchema)]
pub(crate) struct Dataset {
    #[schemars(with = "shapes::IdShape")]
    id: String,
    name: String,
    #[schemars(with = "shapes::DatasetTypeShape")]
    dtype: &'static str,
    summary: String,
    tags: String,
    #[schemars(with = "shapes::DatasetConfigurationShape")]
    configuration: AnalyzerSettings,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
    #[schemars(with = "shapes::TimeShape")]
    updated_at: Timestamp,
}

impl From<dataset::Dataset> for Dataset {
    fn from(dataset: dataset::Dataset) -> Self {
        Self {
            id: dataset.id.to_string(),
            name: dataset.name,
            dtype: dataset::Dataset::DTYPE,
            summary: dataset.summary,
            tags: dataset.tags,
            configuration: dataset.analyzer,
            created_at: dataset.created_at,
            updated_at: dataset.updated_at,
        }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.query().page()?;
    let found = dataset::datasets(request.space(), request.principal()?, page).await?;
    reply::list(found, Dataset::from).await
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let found = dataset::dataset(request.space(), request.principal()?, id(&request)?).await?;
    reply::resource(StatusCode::OK, found.revision, &Dataset::from(found))
}

/// How much a dataset holds.
#[derive(Serialize, JsonSchema)]
pub(crate) struct DatasetUsage {
    documents: u64,
    chunks: u64,
    /// Of text.
    bytes: u64,
}

impl From<dataset::Usage> for DatasetUsage {
    fn from(usage: dataset::Usage) -> Self {
        Self { documents: usage.documents, chunks: usage.chunks, bytes: usage.bytes }
    }
}

pub(crate) async fn usage(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    let (state, principal) = (Arc::clone(&request.state), request.principal()?.clone());
    let usage = reply::blocking(move || dataset::usage(&state.space, &principal, id)).await??;
    reply::json(StatusCode::OK, &DatasetUsage::from(usage))
}

fn embedded(value: &str, _: &()) -> garde::Result {
    if value == dataset::Dataset::DTYPE {
        Ok(())
    } else {
        Err(garde::Error::new(format_args!(
            "dtype is {}; this version has no other",
            dataset::Dataset::DTYPE
        )))
    }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDataset {
    #[garde(custom(rules::name))]
    #[schemars(with = "shapes::NameShape")]
    name: String,
    #[garde(custom(embedded))]
    #[schemars(with = "shapes::DatasetTypeShape")]
    dtype: String,
    #[serde(default)]
    #[garde(custom(rules::line))]
    #[schemars(with = "shapes::LineShape")]
    summary: String,
    #[serde(default)]
    #[garde(custom(rules::line))]
    #[schemars(with = "shapes::LineShape")]
    tags: String,
    #[serde(default)]
    #[garde(skip)]
    #[schemars(with = "shapes::DatasetConfigurationShape")]
    configuration: AnalyzerSettings,
}

pub(crate) async fn create(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: NewDataset = request.json().await?;
    let wanted = dataset::NewDataset {
        name: take("/name", text::name(&body.name))?,
        summary: take("/summary", text::line(&body.summary))?,
        tags: take("/tags", text::line(&body.tags))?,
        analyzer: body.configuration,
    };
    let created =
        dataset::create_dataset(request.space(), &request.context, request.principal()?, wanted).await?;
    reply::resource(StatusCode::CREATED, created.revision, &Dataset::from(created))
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeDataset {
    #[serde(default, deserialize_with = "present")]
    #[garde(custom(rules::optional(rules::name)))]
    #[schemars(with = "shapes::NameShape")]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[garde(custom(rules::optional(rules::line)))]
    #[schemars(with = "shapes::LineShape")]
    summary: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[garde(custom(rules::optional(rules::line)))]
    #[schemars(with = "shapes::LineShape")]
    tags: Option<String>,
}

pub(crate) async fn change(mut request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    dataset::dataset(request.space(), request.principal()?, id).await?;
    let body: ChangeDataset = request.merge_patch().await?;
    let change = dataset::ChangeDataset {
        name: body.name,
        summary: body.summary,
        tags: body.tags,
        if_revision: request.if_match(),
    };
    let changed =
        dataset::change_dataset(request.space(), &request.context, request.principal()?, id, change).await?;
    reply::resource(StatusCode::OK, changed.revision, &Dataset::from(changed))
}

pub(crate) async fn remove(request: Request) -> Result<HttpResponse, Problem> {
    let (id, if_revision) = (id(&request)?, request.if_match());
    let scope =
        dataset::begin_removal(request.space(), &request.context, request.principal()?, id, if_revision)
            .await?;
    let (state, context) = (Arc::clone(&request.state), request.context.clone());
    reply::blocking(move || dataset::finish_removal(&state.space, &context, &scope, id)).await??;
    Ok(reply::no_content())
}

fn id(request: &Request) -> Result<DatasetId, Problem> {
    request.path("id", "dataset")
}
