//! Documents of a dataset, and what a search of it finds.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::dataset::{
    SearchQuery, ContentHash, Document, DocumentError, DocumentId, DocumentSummary, Hit, IngestError, JobSnapshot,
    Metadata, NewDocument, dataset, document, documents, finish_ingestion, finish_later, ingestion_scope,
    remove_document, search_dataset, start_ingestion,
};
use syft_space_domain::ids::DatasetId;
use syft_space_domain::time::Timestamp;

use crate::http::about::Parameter;
use crate::http::json;
use crate::http::mapping::ask_refused;
use crate::http::problem::{FieldError, Problem};
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::routes::jobs::Started;
use crate::routes::reply;
use crate::routes::rules;
use crate::routes::shapes;
use crate::routes::upload;

/// The most documents of one request.
const DOCUMENTS_MAX: usize = 10_000;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DocumentSummary")]
pub(crate) struct Listed {
    #[schemars(with = "shapes::DocumentIdShape")]
    document_id: String,
    #[schemars(with = "shapes::MetadataShape")]
    metadata: Metadata,
    bytes: u64,
    chunks: u64,
    #[schemars(with = "shapes::HashShape")]
    sha256: ContentHash,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
}

impl From<DocumentSummary> for Listed {
    fn from(one: DocumentSummary) -> Self {
        Self {
            document_id: one.id.to_string(),
            metadata: one.metadata,
            bytes: one.bytes,
            chunks: one.chunks,
            sha256: one.sha256,
            created_at: one.created_at,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Document")]
pub(crate) struct Whole {
    #[schemars(with = "shapes::DocumentIdShape")]
    document_id: String,
    content: String,
    #[schemars(with = "shapes::MetadataShape")]
    metadata: Metadata,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
}

impl From<Document> for Whole {
    fn from(one: Document) -> Self {
        let Document { id, content, metadata, created_at, .. } = one;
        Self { document_id: id.to_string(), content, metadata, created_at }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    dataset(request.space(), request.principal()?, id)?;
    let page = request.query().page()?;
    let (state, principal) = (Arc::clone(&request.state), request.principal()?.clone());
    let found = reply::blocking(move || documents(&state.space, &principal, id, page)).await??;
    reply::list(found, Listed::from)
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let (id, name) = (id(&request)?, document_id(&request)?);
    let (state, call, principal) = (Arc::clone(&request.state), request.call.clone(), request.principal()?.clone());
    let found = reply::blocking(move || document(&state.space, &context, &principal, id, &name)).await??;
    reply::json(StatusCode::OK, &Whole::from(found))
}

pub(crate) async fn remove(request: Request) -> Result<HttpResponse, Problem> {
    let (id, name) = (id(&request)?, document_id(&request)?);
    let (state, call, principal) = (Arc::clone(&request.state), request.call.clone(), request.principal()?.clone());
    reply::blocking(move || remove_document(&state.space, &context, &principal, id, &name)).await??;
    Ok(reply::nothing())
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AddDocuments")]
pub(crate) struct AddBody {
    #[garde(length(min = 1, max = DOCUMENTS_MAX), dive)]
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

pub(crate) async fn add(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    dataset(request.space(), request.principal()?, id)?;
    let wait = request.query().parse::<bool>("wait")?.unwrap_or(false);
    if request.is_form() {
        return upload::files(&request, id, wait).await;
    }
    request.check_media_type(&["application/json"]).map_err(|_| {
        let detail = "send documents as application/json in UTF-8, or files as multipart/form-data";
        Problem::new(Reason::UnsupportedMediaType, detail)
    })?;
    let body = request.body(request.state.limits.documents_body_bytes).await?;
    let (state, call, principal) = (Arc::clone(&request.state), request.call.clone(), request.principal()?.clone());
    let job = reply::blocking(move || {
        let body: AddBody = json::parse(&body)?;
        let documents = take_documents(body, &context)?;
        let job = start_ingestion(&state.space, &context, &principal, id, documents)?;
        let scope = ingestion_scope(&principal)?;
        if !wait {
            finish_later(&state.space, &scope, job.clone());
            return Ok::<_, Problem>(job);
        }
        match finish_ingestion(&state.space, &context, &scope, job.clone()) {
            Ok(job) => Ok(job),
            // Somebody stopped it meanwhile.
            Err(IngestError::Ended(job)) => Ok(*job),
            Err(error) => {
                if let IngestError::PortError(_) = error {
                    finish_later(&state.space, &scope, job);
                }
                Err(error.into())
            }
        }
    })
    .await??;
    let status = if wait { StatusCode::OK } else { StatusCode::ACCEPTED };
    reply::json(status, &Started::from(JobSnapshot { job, pace: None }))
}

/// Checks every document, so that one answer tells of all that is wrong.
fn take_documents(body: AddBody, call: &syft_space_domain::audit::RequestContext) -> Result<Vec<NewDocument>, Problem> {
    let mut taken: Vec<NewDocument> = Vec::with_capacity(body.documents.len());
    let mut errors = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (n, one) in body.documents.into_iter().enumerate() {
        let mut refuse = |field: &str, message: String| {
            errors.push(FieldError { pointer: format!("/documents/{n}{field}"), message });
        };
        let id = match one.document_id {
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
        let mut metadata = one.metadata;
        if let Some(title) = one.title {
            metadata.insert("title".to_owned(), title.into());
        }
        match NewDocument::new(id, one.content, metadata) {
            Ok(document) => taken.push(document),
            Err(error @ DocumentError::MetadataTooLong) => refuse("/metadata", error.to_string()),
            Err(error) => refuse("/content", error.to_string()),
        }
    }
    if errors.is_empty() { Ok(taken) } else { Err(Problem::fields(errors)) }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Search")]
pub(crate) struct SearchBody {
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
#[schemars(rename = "Hit")]
pub(crate) struct Reference<'a> {
    #[schemars(with = "shapes::DocumentIdShape")]
    document_id: &'a str,
    content: &'a str,
    #[schemars(with = "shapes::MetadataShape")]
    metadata: Shown<'a>,
    #[schemars(with = "shapes::ScoreShape")]
    similarity_score: f32,
}

impl<'a> Reference<'a> {
    pub(super) fn of(hit: &'a Hit, with_metadata: bool) -> Self {
        Self {
            document_id: hit.document.as_str(),
            content: &hit.content,
            metadata: Shown { metadata: &hit.metadata, hidden: !with_metadata },
            similarity_score: hit.score,
        }
    }
}

/// Metadata, or an empty object in its place: clients cannot read a null there.
struct Shown<'a> {
    metadata: &'a Metadata,
    hidden: bool,
}

impl Serialize for Shown<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.hidden {
            return serializer.collect_map(std::iter::empty::<(&str, &str)>());
        }
        self.metadata.serialize(serializer)
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Hits")]
pub(crate) struct Found<'a> {
    documents: Vec<Reference<'a>>,
}

pub(crate) async fn search(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    dataset(request.space(), request.principal()?, id)?;
    let body: SearchBody = request.json().await?;
    let limit = body.limit.unwrap_or(SearchQuery::DEFAULT_LIMIT);
    let threshold = rules::closeness(body.similarity_threshold);
    let ask = SearchQuery::new(body.query, limit, threshold).map_err(ask_refused("/query"))?;
    let hits = search_dataset(request.space(), &request.call, request.principal()?, id, &ask).await?;
    reply::json(
        StatusCode::OK,
        &Found { documents: hits.iter().map(|hit| Reference::of(hit, true)).collect() },
    )
}

fn id(request: &Request) -> Result<DatasetId, Problem> {
    request.path("id", "dataset")
}

fn document_id(request: &Request) -> Result<DocumentId, Problem> {
    request.path("doc", "document")
}
