//! Datasets.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::dataset::{
    AnalyzerSettings, ChangeDataset, Dataset, NewDataset, Usage, begin_removal, change_dataset,
    create_dataset, dataset, datasets, finish_removal, usage as usage_of,
};
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
#[schemars(rename = "Dataset")]
pub(crate) struct Shown {
    #[schemars(with = "shapes::IdShape")]
    id: String,
    name: String,
    #[schemars(with = "shapes::DatasetTypeShape")]
    dtype: &'static str,
    summary: String,
    tags: String,
    #[schemars(with = "shapes::AnalyzerShape")]
    configuration: AnalyzerSettings,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
    #[schemars(with = "shapes::TimeShape")]
    updated_at: Timestamp,
}

impl From<Dataset> for Shown {
    fn from(dataset: Dataset) -> Self {
        Self {
            id: dataset.id.to_string(),
            name: dataset.name,
            dtype: Dataset::DTYPE,
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
    reply::list(datasets(request.space(), request.principal()?, page)?, Shown::from)
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let found = dataset(request.space(), request.principal()?, id(&request)?)?;
    reply::resource(StatusCode::OK, found.revision, &Shown::from(found))
}

/// How much a dataset holds.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DatasetUsage")]
pub(crate) struct Held {
    documents: u64,
    chunks: u64,
    /// Of text.
    bytes: u64,
}

impl From<Usage> for Held {
    fn from(Usage { documents, chunks, bytes }: Usage) -> Self {
        Self { documents, chunks, bytes }
    }
}

pub(crate) async fn usage(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    let (state, principal) = (Arc::clone(&request.state), request.principal()?.clone());
    let held = reply::blocking(move || usage_of(&state.space, &principal, id)).await??;
    reply::json(StatusCode::OK, &Held::from(held))
}

fn embedded(value: &str, _: &()) -> garde::Result {
    if value == Dataset::DTYPE {
        Ok(())
    } else {
        Err(garde::Error::new(format_args!("dtype is {}; this version has no other", Dataset::DTYPE)))
    }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewDataset")]
pub(crate) struct CreateBody {
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
    #[schemars(with = "shapes::AnalyzerShape")]
    configuration: AnalyzerSettings,
}

pub(crate) async fn create(request: Request) -> Result<HttpResponse, Problem> {
    let body: CreateBody = request.json().await?;
    let wanted = NewDataset {
        name: take("/name", text::name(&body.name))?,
        summary: take("/summary", text::line(&body.summary))?,
        tags: take("/tags", text::line(&body.tags))?,
        analyzer: body.configuration,
    };
    let made = create_dataset(request.space(), &request.call, request.principal()?, wanted).await?;
    reply::resource(StatusCode::CREATED, made.revision, &Shown::from(made))
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChangeDataset")]
pub(crate) struct ChangeBody {
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

pub(crate) async fn change(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    dataset(request.space(), request.principal()?, id)?;
    let body: ChangeBody = request.merge_patch().await?;
    let change = ChangeDataset {
        name: body.name,
        summary: body.summary,
        tags: body.tags,
        if_revision: request.if_match(),
    };
    let changed = change_dataset(request.space(), &request.call, request.principal()?, id, change).await?;
    reply::resource(StatusCode::OK, changed.revision, &Shown::from(changed))
}

pub(crate) async fn remove(request: Request) -> Result<HttpResponse, Problem> {
    let (id, if_revision) = (id(&request)?, request.if_match());
    let scope = begin_removal(request.space(), &request.call, request.principal()?, id, if_revision).await?;
    let (state, call) = (Arc::clone(&request.state), request.call.clone());
    reply::blocking(move || finish_removal(&state.space, &context, &scope, id)).await??;
    Ok(reply::nothing())
}

fn id(request: &Request) -> Result<DatasetId, Problem> {
    request.path("id", "dataset")
}
