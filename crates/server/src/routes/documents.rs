//! The routes of the documents of a dataset, and of its search.

use std::fmt::Display;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize};
use syft_space_domain::audit::RequestContext;
use syft_space_domain::dataset::ports::TextExtractor;
use syft_space_domain::dataset::{
    self, ContentHash, ContextSize, DocumentId, IngestError, JobSnapshot, Location, Metadata, NewDocument,
    SearchQuery, Threshold,
};
use syft_space_domain::ids::{DatasetId, EventId};
use syft_space_domain::text::Name;
use syft_space_domain::time::Timestamp;

use crate::http::error_response::search_query_error;
use crate::http::problem::{FieldError, Problem};
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::http::route_docs::Parameter;
use crate::routes::datasets;
use crate::routes::hit_explanation::HitExplanation;
use crate::routes::jobs::StartedJob;
use crate::routes::reply;
use crate::routes::rules;
use crate::routes::shapes;
use crate::routes::upload;

/// The most documents of one request.
const MAX_DOCUMENTS_PER_REQUEST: usize = 10_000;

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct DocumentSummary {
    #[schemars(with = "shapes::DocumentIdShape")]
    pub(crate) document_id: DocumentId,
    #[schemars(with = "shapes::MetadataShape")]
    pub(crate) metadata: Metadata,
    pub(crate) bytes: u64,
    pub(crate) chunks: u64,
    #[schemars(with = "shapes::Sha256Shape")]
    pub(crate) sha256: ContentHash,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
    /// It was made of a file that would be read better now: bring it again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) outdated: bool,
}

impl DocumentSummary {
    fn of(document: dataset::DocumentSummary, extractor: &dyn TextExtractor) -> Self {
        Self {
            outdated: dataset::is_outdated(&document, extractor),
            document_id: document.id,
            metadata: document.metadata,
            bytes: document.bytes,
            chunks: document.chunks,
            sha256: document.sha256,
            created_at: document.created_at,
        }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Document {
    #[schemars(with = "shapes::DocumentIdShape")]
    document_id: DocumentId,
    content: String,
    #[schemars(with = "shapes::MetadataShape")]
    metadata: Metadata,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
}

impl From<dataset::Document> for Document {
    fn from(document: dataset::Document) -> Self {
        let dataset::Document { id, content, metadata, created_at, .. } = document;
        Self { document_id: id, content, metadata, created_at }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    dataset::dataset(request.space(), request.principal()?, id).await?;
    let page = request.query().page()?;
    let (state, principal) = (Arc::clone(&request.state), request.principal()?.clone());
    let found =
        reply::blocking(&request, move || dataset::documents(&state.space, &principal, id, page)).await??;
    let extractor = Arc::clone(&request.space().extractor);
    reply::list(found, move |document| DocumentSummary::of(document, &*extractor)).await
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let (id, name) = (id(&request)?, document_id(&request)?);
    let (state, context, principal) =
        (Arc::clone(&request.state), request.context.clone(), request.principal()?.clone());
    let found =
        reply::blocking(&request, move || dataset::document(&state.space, &context, &principal, id, &name))
            .await??;
    reply::json(StatusCode::OK, &Document::from(found))
}

pub(crate) async fn remove(request: Request) -> Result<HttpResponse, Problem> {
    let (id, name) = (id(&request)?, document_id(&request)?);
    let (state, context, principal) =
        (Arc::clone(&request.state), request.context.clone(), request.principal()?.clone());
    reply::blocking(&request, move || {
        dataset::remove_document(&state.space, &context, &principal, id, &name)
    })
    .await??;
    Ok(reply::no_content())
}

pub(crate) async fn certificate(request: Request) -> Result<HttpResponse, Problem> {
    let (id, name) = (id(&request)?, document_id(&request)?);
    datasets::certify(request, id, Some(name)).await
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddDocuments {
    #[serde(deserialize_with = "not_too_many")]
    #[schemars(length(min = 1, max = MAX_DOCUMENTS_PER_REQUEST))]
    documents: Vec<AddDocument>,
}

fn not_too_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AddDocument>, D::Error> {
    rules::checked(deserializer, |documents: &Vec<AddDocument>| match documents.len() {
        0 => Err("length is lower than 1".to_owned()),
        1..=MAX_DOCUMENTS_PER_REQUEST => Ok(()),
        _ => Err(format!("length is greater than {MAX_DOCUMENTS_PER_REQUEST}")),
    })
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddDocument {
    #[schemars(with = "Option<shapes::DocumentIdShape>")]
    document_id: Option<String>,
    #[schemars(with = "Option<shapes::NameShape>")]
    title: Option<String>,
    #[schemars(with = "shapes::ContentShape")]
    content: String,
    #[serde(default)]
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
    let mut body_bytes = request.body_bytes.take();
    let job = reply::blocking(&request, move || {
        let parsed: AddDocuments = body_bytes.parse(&body)?;
        let documents = parse_documents(parsed, &context)?;
        let job = dataset::start_ingestion(&state.space, &context, &principal, id, documents)?;
        drop((body, body_bytes));
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

/// Checks every document, so that one answer tells of all that is wrong: among them may be two of the same id.
fn parse_documents(body: AddDocuments, context: &RequestContext) -> Result<Vec<NewDocument>, Problem> {
    let mut parsed: Vec<NewDocument> = Vec::with_capacity(body.documents.len());
    let mut errors = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (n, document) in body.documents.into_iter().enumerate() {
        let AddDocument { document_id, title, content, mut metadata } = document;
        let mut refuse = |field: &str, error: &dyn Display| {
            let pointer = format!("/documents/{n}{field}");
            errors.push(FieldError { pointer, message: error.to_string() });
        };
        let id = match document_id.as_deref().map(DocumentId::parse).transpose() {
            Ok(Some(id)) => Some(id),
            Ok(None) => Some(EventId::generate(context.now, &*context.entropy)?.into()),
            Err(error) => {
                refuse("/document_id", &error);
                None
            }
        };
        if let Some(id) = id.as_ref().filter(|id| !seen.insert(DocumentId::clone(id))) {
            refuse("/document_id", &format_args!("{id} stands twice in this request"));
        }
        match title.as_deref().map(Name::parse).transpose() {
            Ok(title) => metadata.extend(title.map(|title| ("title".to_owned(), title.as_str().into()))),
            Err(error) => refuse("/title", &error),
        }
        if let Err(error) = NewDocument::check_content(&content) {
            refuse("/content", &error);
        }
        if let Err(error) = NewDocument::check_metadata(&metadata) {
            refuse("/metadata", &error);
        }
        parsed.extend(id.map(|id| NewDocument { id, content, metadata }));
    }
    if errors.is_empty() { Ok(parsed) } else { Err(Problem::fields(errors)) }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    #[serde(deserialize_with = "rules::question")]
    #[schemars(with = "shapes::QuestionShape")]
    query: String,
    #[serde(default, deserialize_with = "rules::hit_limit")]
    #[schemars(with = "Option<shapes::HitLimitShape>")]
    limit: Option<u64>,
    /// How many chunks before and behind each hit are shown with it, from the same document.
    #[schemars(with = "Option<u32>", range(max = ContextSize::MAX))]
    context: Option<ContextSize>,
    #[schemars(with = "Option<shapes::ThresholdShape>")]
    similarity_threshold: Option<Threshold>,
    /// Whether each hit tells how it came to its place.
    #[serde(default)]
    explain: bool,
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
    /// What stands around it in its document, where `context` asks for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<HitContext<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<HitExplanation>,
}

/// The texts of the chunks around a hit, each side in the document's order.
#[derive(Serialize, JsonSchema)]
pub(crate) struct HitContext<'a> {
    before: Vec<&'a str>,
    after: Vec<&'a str>,
}

impl<'a> HitContext<'a> {
    fn of(context: &'a dataset::HitContext) -> Self {
        let texts = |chunks: &'a [dataset::Hit]| chunks.iter().map(|chunk| &*chunk.content).collect();
        Self { before: texts(&context.before), after: texts(&context.after) }
    }
}

impl<'a> Hit<'a> {
    /// Hits, each with what stands around it; `contexts` are none, or as many.
    pub(super) fn of_all(
        hits: &'a [dataset::Hit],
        contexts: &'a [dataset::HitContext],
        with_metadata: bool,
    ) -> impl Iterator<Item = Self> {
        let contexts = contexts.iter().map(|context| Some(HitContext::of(context)));
        let contexts = contexts.chain(std::iter::repeat_with(|| None));
        hits.iter().zip(contexts).map(move |(hit, context)| Self { context, ..Self::of(hit, with_metadata) })
    }

    fn of(hit: &'a dataset::Hit, with_metadata: bool) -> Self {
        Self {
            document_id: hit.document.as_str(),
            content: &hit.content,
            metadata: ShownMetadata { hit, hidden: !with_metadata },
            similarity_score: hit.score,
            context: None,
            explanation: None,
        }
    }
}

/// Metadata and where the chunk stands, or an empty object in their place: clients cannot read a null there.
struct ShownMetadata<'a> {
    hit: &'a dataset::Hit,
    hidden: bool,
}

impl Serialize for ShownMetadata<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.hidden {
            return serializer.collect_map(std::iter::empty::<(&str, &str)>());
        }
        let Location { page, heading, anchor } = &*self.hit.location;
        let mut shown = serializer.serialize_map(None)?;
        for (key, value) in &*self.hit.metadata {
            shown.serialize_entry(key, value)?;
        }
        // What the owner says by these names goes first.
        let is_free = |key: &str| !self.hit.metadata.contains_key(key);
        if let Some(page) = page.filter(|_| is_free("page")) {
            shown.serialize_entry("page", &page)?;
        }
        for (key, text) in [("heading", heading), ("anchor", anchor)] {
            if let Some(text) = text.as_ref().filter(|_| is_free(key)) {
                shown.serialize_entry(key, text)?;
            }
        }
        if !self.hit.highlight.is_empty() && is_free("highlight") {
            shown.serialize_entry("highlight", &self.hit.highlight)?;
        }
        shown.end()
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Hits<'a> {
    documents: Vec<Hit<'a>>,
    /// Which share of the dataset can be found by meaning, where it is searched so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    encoded_share: Option<f64>,
}

pub(crate) async fn search(mut request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    dataset::dataset(request.space(), request.principal()?, id).await?;
    let body: Search = request.json().await?;
    let (limit, threshold) = (body.limit.unwrap_or(SearchQuery::DEFAULT_LIMIT), body.similarity_threshold);
    let query = SearchQuery::new(&body.query, limit, threshold.unwrap_or_default().get())
        .map_err(search_query_error("/query"))?
        .with_context(body.context.unwrap_or_default());
    let found =
        dataset::search_dataset(request.space(), &request.context, request.principal()?, id, &query).await?;
    let (explanations, contexts) = (found.explanations(), found.contexts());
    let documents = Hit::of_all(&found.hits, &contexts, true).zip(&explanations);
    let documents = documents.map(|(hit, explanation)| {
        let explanation = body.explain.then(|| HitExplanation::of(explanation));
        Hit { explanation, ..hit }
    });
    reply::json(StatusCode::OK, &Hits { documents: documents.collect(), encoded_share: found.encoded_share })
}

fn id(request: &Request) -> Result<DatasetId, Problem> {
    request.path("id", "dataset")
}

fn document_id(request: &Request) -> Result<DocumentId, Problem> {
    request.path("doc", "document")
}
