//! The routes of the documents of a dataset, and of its search.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::audit::RequestContext;
use syft_space_domain::dataset::{
    self, ContentHash, DocumentError, DocumentId, IngestError, JobSnapshot, Metadata, NewDocument,
    SearchQuery,
};
use syft_space_domain::ids::DatasetId;
use syft_space_domain::time::Timestamp;

use crate::http::error_response::search_query_error;
use crate::http::json;
use crate::http::problem::{FieldError, Problem};
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::http::route_docs::Parameter;
use crate::routes::jobs::StartedJob;
use crate::routes::reply;
use crate::routes::rules;
use crate::routes::shapes;
use crate::routes::upload;

/// The most documents of one request.
const MAX_DOCUMENTS_PER_REQUEST: usize = 10_000;

#[derive(Serialize, JsonSchema)]
pub(crate) struct DocumentSummary {
    #[schemars(with = "shapes::DocumentIdShape")]
    document_id: String,
    #[schemars(with = "shapes::MetadataShape")]
    metadata: Metadata,
    bytes: u64,
    chunks: u64,
    #[schemars(with = "shapes::Sha256Shape")]
    sha256: ContentHash,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
}

impl From<dataset::DocumentSummary> for DocumentSummary {
    fn from(document: dataset::DocumentSummary) -> Self {
        Self {
            document_id: document.id.to_string(),
            metadata: document.metadata,
            bytes: document.bytes,
            chunks: document.chunks,
            sha256: document.sha256,
            created_at: document.created_at,
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Document {
    #[schemars(with = "shapes::DocumentIdShape")]
    document_id: String,
    content: String,
    #[schemars(with = "shapes::MetadataShape")]
    metadata: Metadata,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
}

impl From<dataset::Document> for Document {
    fn from(document: dataset::Document) -> Self {
        let dataset::Document { id, content, metadata, created_at, .. } = document;
        Self { document_id: id.to_string(), content, metadata, created_at }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    dataset::dataset(request.space(), request.principal()?, id).await?;
    let page = request.query().page()?;
    let (state, principal) = (Arc::clone(&request.state), request.principal()?.clone());
    let found = reply::blocking(move || dataset::documents(&state.space, &principal, id, page)).await??;
    reply::list(found, DocumentSummary::from).await
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let (id, name) = (id(&request)?, document_id(&request)?);
    let (state, context, principal) =
        (Arc::clone(&request.state), request.context.clone(), request.principal()?.clone());
    let found =
        reply::blocking(move || dataset::document(&state.space, &context, &principal, id, &name)).await??;
    reply::json(StatusCode::OK, &Document::from(found))
}

pub(crate) async fn remove(request: Request) -> Result<HttpResponse, Problem> {
    let (id, name) = (id(&request)?, document_id(&request)?);
    let (state, context, principal) =
        (Arc::clone(&request.state), request.context.clone(), request.principal()?.clone());
    reply::blocking(move || dataset::remove_document(&state.space, &context, &principal, id, &name))
        .await??;
    Ok(reply::no_content())
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddDocuments {
    #[garde(length(min = 1, max = MAX_DOCUMENTS_PER_REQUEST), dive)]
    documents: Vec<AddDocument>,
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddDocument {
    #[garde(skip)]
    #[schemars(with = "Option<shapes::DocumentIdShape>")]
    document_id: Option<String>,
    #[garde(custom(rules::optional(rules::name)))]
    #[schemars(with = "Option<shapes::NameShape>")]
    title: Option<String>,
    #[garde(skip)]
    #[schemars(with = "shapes::ContentShape")]
    content: String,
    #[serde(default)]
    #[garde(skip)]
    #[schemars(with = "shapes::MetadataShape")]
    metadata: Metadata,
}

/// Whether to wait for the job.
pub(crate) const WAIT: &[Parameter] =
    &[Parameter::new::<bool>("wait", "Whether to answer only when the job has ended, then with 200.")];

pub(crate) async fn add(mut request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    dataset::dataset(request.space(), request.principal()?, id).await?;
    let wait = request.query().parse::<bool>("wait")?.unwrap_or(false);
    if request.is_form() {
        return upload::files(&mut request, id, wait).await;
    }
    request.check_media_type(&["application/json"]).map_err(|_| {
        let detail = "send documents as application/json in UTF-8, or files as multipart/form-data";
        Problem::new(Reason::UnsupportedMediaType, detail)
    })?;
    let body = request.body(request.state.limits.documents_body_bytes).await?;
    let (state, context, principal) =
        (Arc::clone(&request.state), request.context.clone(), request.principal()?.clone());
    let job = reply::blocking(move || {
        let body: AddDocuments = json::parse(&body)?;
        let documents = parse_documents(body, &context)?;
        let job = dataset::start_ingestion(&state.space, &context, &principal, id, documents)?;
        let scope = dataset::ingestion_scope(&principal)?;
        if !wait {
            dataset::finish_later(&state.space, &scope, job.clone());
            return Ok::<_, Problem>(job);
        }
        match dataset::finish_ingestion(&state.space, &context, &scope, job.clone()) {
            Ok(job) => Ok(job),
            // Somebody stopped it meanwhile.
            Err(IngestError::Ended(job)) => Ok(*job),
            Err(error) => {
                if let IngestError::PortError(_) = error {
                    dataset::finish_later(&state.space, &scope, job);
                }
                Err(error.into())
            }
        }
    })
    .await??;
    if wait {
        request.renew().await?;
    }
    let status = if wait { StatusCode::OK } else { StatusCode::ACCEPTED };
    reply::json(status, &StartedJob::from(JobSnapshot { job, rate: None }))
}

/// Checks every document, so that one answer tells of all that is wrong.
fn parse_documents(body: AddDocuments, context: &RequestContext) -> Result<Vec<NewDocument>, Problem> {
    let mut parsed: Vec<NewDocument> = Vec::with_capacity(body.documents.len());
    let mut errors = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (n, document) in body.documents.into_iter().enumerate() {
        let mut refuse = |field: &str, message: String| {
            errors.push(FieldError { pointer: format!("/documents/{n}{field}"), message });
        };
        let id = match document.document_id {
            Some(text) => DocumentId::parse(&text),
            None => DocumentId::parse(
                &syft_space_domain::ids::EventId::generate(context.now, &*context.entropy)?.to_string(),
            ),
        };
        let id = match id {
            Ok(id) => id,
            Err(error) => {
                refuse("/document_id", error.to_string());
                continue;
            }
        };
        if !seen.insert(id.clone()) {
            refuse("/document_id", format!("{id} stands twice in this request"));
        }
        let mut metadata = document.metadata;
        if let Some(title) = document.title {
            metadata.insert("title".to_owned(), title.into());
        }
        match NewDocument::new(id, document.content, metadata) {
            Ok(document) => parsed.push(document),
            Err(error @ DocumentError::MetadataTooLong) => refuse("/metadata", error.to_string()),
            Err(error) => refuse("/content", error.to_string()),
        }
    }
    if errors.is_empty() { Ok(parsed) } else { Err(Problem::fields(errors)) }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    #[garde(custom(rules::question))]
    #[schemars(with = "shapes::QuestionShape")]
    query: String,
    #[garde(skip)]
    #[schemars(with = "Option<shapes::HitLimitShape>")]
    limit: Option<u64>,
    #[garde(custom(rules::threshold))]
    #[schemars(with = "Option<shapes::ThresholdShape>")]
    similarity_threshold: Option<f64>,
}

/// A found chunk, in the form of a query's answer too.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Hit<'a> {
    #[schemars(with = "shapes::DocumentIdShape")]
    document_id: &'a str,
    content: &'a str,
    #[schemars(with = "shapes::MetadataShape")]
    metadata: ShownMetadata<'a>,
    #[schemars(with = "shapes::ScoreShape")]
    similarity_score: f32,
}

impl<'a> Hit<'a> {
    pub(super) fn of(hit: &'a dataset::Hit, with_metadata: bool) -> Self {
        Self {
            document_id: hit.document.as_str(),
            content: &hit.content,
            metadata: ShownMetadata { metadata: &hit.metadata, hidden: !with_metadata },
            similarity_score: hit.score,
        }
    }
}

/// Metadata, or an empty object in its place: clients cannot read a null there.
struct ShownMetadata<'a> {
    metadata: &'a Metadata,
    hidden: bool,
}

impl Serialize for ShownMetadata<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.hidden {
            return serializer.collect_map(std::iter::empty::<(&str, &str)>());
        }
        self.metadata.serialize(serializer)
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Hits<'a> {
    documents: Vec<Hit<'a>>,
}

pub(crate) async fn search(mut request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    dataset::dataset(request.space(), request.principal()?, id).await?;
    let body: Search = request.json().await?;
    let limit = body.limit.unwrap_or(SearchQuery::DEFAULT_LIMIT);
    let threshold = rules::threshold_or_default(body.similarity_threshold);
    let query = SearchQuery::new(&body.query, limit, threshold).map_err(search_query_error("/query"))?;
    let hits =
        dataset::search_dataset(request.space(), &request.context, request.principal()?, id, &query).await?;
    reply::json(StatusCode::OK, &Hits { documents: hits.iter().map(|hit| Hit::of(hit, true)).collect() })
}

fn id(request: &Request) -> Result<DatasetId, Problem> {
    request.path("id", "dataset")
}

fn document_id(request: &Request) -> Result<DocumentId, Problem> {
    request.path("doc", "document")
}
