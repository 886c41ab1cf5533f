//! The routes of datasets.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::PortError;
use syft_space_domain::dataset::{self, DatasetState, DatasetType, DocumentId, NewRetrieval, SearchMode};
use syft_space_domain::encoder::EncoderName;
use syft_space_domain::ids::DatasetId;
use syft_space_domain::privacy;
use syft_space_domain::provisioning::{DatabaseCondition, ProvisioningReason, ProvisioningState};
use syft_space_domain::text::{Line, Name};
use syft_space_domain::time::Timestamp;

use crate::http::json::present;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::dataset_configuration::{
    ChangeDatasetConfiguration, DatasetConfiguration, NewDatasetConfiguration,
};
use crate::routes::erasures::Certificate;
use crate::routes::reply;
use crate::routes::shapes;

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Dataset {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: DatasetId,
    pub(crate) name: String,
    #[schemars(with = "shapes::DatasetTypeShape")]
    pub(crate) dtype: DatasetType,
    pub(crate) summary: String,
    pub(crate) tags: String,
    pub(crate) configuration: DatasetConfiguration,
    #[schemars(with = "shapes::SearchModeShape")]
    pub(crate) search: SearchMode,
    /// The encoder of its vectors, where it is searched by meaning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::EncoderNameShape")]
    pub(crate) encoder: Option<EncoderName>,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) updated_at: Timestamp,
}

impl From<dataset::Dataset> for Dataset {
    fn from(dataset: dataset::Dataset) -> Self {
        Self {
            id: dataset.id,
            name: dataset.name,
            dtype: dataset.vectors.dataset_type(),
            summary: dataset.summary,
            tags: dataset.tags,
            configuration: DatasetConfiguration::of(dataset.analyzer, &dataset.vectors),
            search: dataset.retrieval.mode(),
            encoder: dataset.retrieval.encoder().cloned(),
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
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct DatasetUsage {
    pub(crate) documents: u64,
    pub(crate) chunks: u64,
    /// Of text.
    pub(crate) bytes: u64,
    /// How far its vectors are, where it is searched by meaning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) vectors: Option<DatasetVectors>,
    /// How its vector database is, where the space makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<ProvisionedDatabase>,
}

/// A vector database that the space makes for a dataset.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ProvisionedDatabase {
    #[schemars(with = "shapes::ProvisioningStateShape")]
    pub(crate) state: ProvisioningState,
    /// What keeps it from being ready, where it was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::ProvisioningReasonShape")]
    pub(crate) reason: Option<ProvisioningReason>,
}

/// How far a dataset's vectors are.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct DatasetVectors {
    /// The encoder whose vectors are searched: the one before, until those of a new one are whole.
    #[schemars(with = "shapes::EncoderNameShape")]
    pub(crate) encoder: EncoderName,
    /// How many chunks have a vector of it.
    pub(crate) chunks: u64,
}

impl From<dataset::DatasetUsage> for DatasetUsage {
    fn from(dataset::DatasetUsage { held, vectors, database }: dataset::DatasetUsage) -> Self {
        let vectors = vectors
            // Counted before what was removed meanwhile.
            .map(|progress| DatasetVectors {
                encoder: progress.searched,
                chunks: progress.encoded_chunks.min(held.chunks),
            });
        let database =
            database.map(|DatabaseCondition { state, reason }| ProvisionedDatabase { state, reason });
        Self { documents: held.documents, chunks: held.chunks, bytes: held.bytes, vectors, database }
    }
}

pub(crate) async fn usage(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    let (state, principal) = (Arc::clone(&request.state), request.principal()?.clone());
    let usage = reply::blocking(&request, move || dataset::usage(&state.space, &principal, id)).await??;
    reply::json(StatusCode::OK, &DatasetUsage::from(usage))
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDataset {
    #[schemars(with = "shapes::NameShape")]
    pub(crate) name: Name,
    #[schemars(with = "shapes::DatasetTypeShape")]
    pub(crate) dtype: DatasetType,
    #[serde(default)]
    #[schemars(with = "shapes::LineShape")]
    pub(crate) summary: Line,
    #[serde(default)]
    #[schemars(with = "shapes::LineShape")]
    pub(crate) tags: Line,
    #[serde(default)]
    pub(crate) configuration: NewDatasetConfiguration,
    /// How it is searched: unless told by words, and by both where its vectors lie in a vector database.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::SearchModeShape")]
    pub(crate) search: Option<SearchMode>,
    /// The encoder of its vectors, where it is searched by meaning: the only one that is installed, unless told.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::EncoderNameShape")]
    pub(crate) encoder: Option<EncoderName>,
}

pub(crate) async fn create(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: NewDataset = request.json().await?;
    let wanted = dataset::NewDataset {
        name: body.name,
        summary: body.summary,
        tags: body.tags,
        analyzer: body.configuration.analyzer(),
        retrieval: NewRetrieval { mode: body.search, encoder: body.encoder },
        vectors: body.configuration.vectors(body.dtype)?,
    };
    let created =
        dataset::create_dataset(request.space(), &request.context, request.principal()?, wanted).await?;
    reply::resource(StatusCode::CREATED, created.revision, &Dataset::from(created))
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeDataset {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::NameShape")]
    pub(crate) name: Option<Name>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::LineShape")]
    pub(crate) summary: Option<Line>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::LineShape")]
    pub(crate) tags: Option<Line>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::SearchModeShape")]
    pub(crate) search: Option<SearchMode>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::EncoderNameShape")]
    pub(crate) encoder: Option<EncoderName>,
    /// What is to keep its vectors. They are made anew there, once they are gone where they were.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::DatasetTypeShape")]
    pub(crate) dtype: Option<DatasetType>,
    #[serde(default, skip_serializing_if = "ChangeDatasetConfiguration::is_empty")]
    pub(crate) configuration: ChangeDatasetConfiguration,
}

pub(crate) async fn change(mut request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    dataset::dataset(request.space(), request.principal()?, id).await?;
    let body: ChangeDataset = request.merge_patch().await?;
    let change = dataset::ChangeDataset {
        name: body.name,
        summary: body.summary,
        tags: body.tags,
        retrieval: NewRetrieval { mode: body.search, encoder: body.encoder },
        vectors: body.configuration.change(body.dtype)?,
        if_revision: request.if_match(),
    };
    let (state, context, principal) =
        (Arc::clone(&request.state), request.context.clone(), request.principal()?.clone());
    let change = move || dataset::change_dataset(&state.space, &context, &principal, id, change);
    let changed = reply::blocking(&request, change).await??;
    reply::resource(StatusCode::OK, changed.revision, &Dataset::from(changed))
}

/// A dataset that nobody sees any more, and whose vector database, or the engine that made it, has not confirmed yet that its vectors are
/// gone. It is asked until it does.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct DatasetRemoval {
    #[schemars(with = "shapes::DatasetStateShape")]
    state: DatasetState,
}

pub(crate) async fn remove(request: Request) -> Result<HttpResponse, Problem> {
    let (id, if_revision) = (id(&request)?, request.if_match());
    let scope =
        dataset::begin_removal(request.space(), &request.context, request.principal()?, id, if_revision)
            .await?;
    let (state, context) = (Arc::clone(&request.state), request.context.clone());
    let removed =
        reply::blocking(&request, move || dataset::finish_removal(&state.space, &context, &scope, id));
    match removed.await? {
        // Nobody sees it any more, and nothing but its vectors is left. Their database is asked until it confirms that they are gone.
        Err(PortError::Vectors(_) | PortError::Database(_)) => {
            reply::json(StatusCode::ACCEPTED, &DatasetRemoval { state: DatasetState::Deleting })
        }
        removed => {
            removed?;
            Ok(reply::no_content())
        }
    }
}

pub(crate) async fn certificate(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    certify(request, id, None).await
}

/// Answers the certificate that a dataset is gone, or a document of one.
pub(super) async fn certify(
    request: Request,
    id: DatasetId,
    document: Option<DocumentId>,
) -> Result<HttpResponse, Problem> {
    let (state, context, principal) =
        (Arc::clone(&request.state), request.context.clone(), request.principal()?.clone());
    let certified = reply::blocking(&request, move || {
        privacy::certify_deletion(&state.space, &context, &principal, id, document.as_ref())
    });
    reply::json(StatusCode::OK, &Certificate::from(certified.await??))
}

fn id(request: &Request) -> Result<DatasetId, Problem> {
    request.path("id", "dataset")
}
