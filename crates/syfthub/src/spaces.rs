//! Other spaces of the marketplace, asked as their users ask this one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{RemoteSpaceError, RemoteSpaces};
use syft_space_domain::dataset::{
    DocumentId, Hit, Hits, Location, Metadata, NewDocument, RemoteEndpoint, SearchQuery,
};
use syft_space_domain::ids::TenantId;
use syft_space_domain::policy::Purpose;
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::TenantScope;
use syft_space_outbound::http::header::VIA;
use syft_space_outbound::http::{HeaderName, Method};
use syft_space_outbound::{OutboundError, Request, Response};

use crate::client::response_error::{message, printable};
use crate::http::HubHttp;

/// By what a space names itself in `Via` when it asks another (RFC 9110, section 7.6.3): nothing tells which space it is.
pub const VIA_PSEUDONYM: &str = "syft-space";

/// The time for a call. It is not tried again: what is asked may cost something.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
const MAX_RESPONSE_BYTES: usize = 1024 * 1024;
/// The most bytes of one text in it, and of all together: policies look through them.
const MAX_CONTENT_BYTES: usize = 32 * 1024;
const MAX_CONTENTS_BYTES: usize = 512 * 1024;
/// The most calls of one tenant at once.
const MAX_CALLS_PER_TENANT: usize = 16;

/// Asks endpoints of other spaces, the Python ones among them.
pub struct SyftSpaces {
    http: Arc<dyn HubHttp>,
    calls: Calls,
}

impl SyftSpaces {
    /// Asks through this client. It should be no hub's: a space that is slow would keep calls to hubs waiting.
    #[must_use]
    pub fn new(http: Arc<dyn HubHttp>) -> Self {
        Self { http, calls: Calls::default() }
    }

    async fn call(
        &self,
        endpoint: &RemoteEndpoint,
        token: &Secret<String>,
        query: &SearchQuery<'_>,
    ) -> Result<Hits, RemoteSpaceError> {
        let request = request(endpoint, token, query)?;
        let response = self.http.call(&request).await.map_err(of_outbound)?;
        if response.status != 200 {
            return Err(of_status(&response));
        }
        hits(&response.body, query.limit)
    }
}

impl RemoteSpaces for SyftSpaces {
    fn ask<'a>(
        &'a self,
        scope: &'a TenantScope,
        endpoint: &'a RemoteEndpoint,
        token: &'a Secret<String>,
        query: &'a SearchQuery<'a>,
    ) -> Pending<'a, Result<Hits, RemoteSpaceError>> {
        Box::pin(async move {
            let _call = self.calls.begin(scope.tenant()).ok_or(RemoteSpaceError::Busy)?;
            self.call(endpoint, token, query).await
        })
    }
}

/// How many calls each tenant has under way.
#[derive(Clone, Default)]
struct Calls(Arc<Mutex<HashMap<TenantId, usize>>>);

/// A call, until this is dropped.
struct Call(Calls, TenantId);

impl Calls {
    /// Begins a call of a tenant; `None` where it has as many as it may.
    fn begin(&self, tenant: TenantId) -> Option<Call> {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = calls.entry(tenant).or_default();
        if *of_tenant >= MAX_CALLS_PER_TENANT {
            return None;
        }
        *of_tenant += 1;
        Some(Call(self.clone(), tenant))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut calls = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_tenant) = calls.get_mut(&self.1) {
            *of_tenant -= 1;
            if *of_tenant == 0 {
                calls.remove(&self.1);
            }
        }
    }
}

/// A question as spaces of both kinds take it.
#[derive(Serialize)]
struct Question<'a> {
    messages: &'a str,
    limit: usize,
    similarity_threshold: f32,
    include_metadata: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'a str>,
}

fn request(
    endpoint: &RemoteEndpoint,
    token: &Secret<String>,
    query: &SearchQuery<'_>,
) -> Result<Request, RemoteSpaceError> {
    let question = Question {
        messages: query.text,
        limit: query.limit,
        similarity_threshold: query.threshold.get(),
        include_metadata: true,
        purpose: endpoint.purpose.as_ref().map(Purpose::as_str),
    };
    let body =
        serde_json::to_vec(&question).map_err(|error| RemoteSpaceError::Unavailable(error.to_string()))?;
    let url = format!("{}/api/v1/endpoints/{}/query", endpoint.url, endpoint.slug);
    let request = Request::new(Method::POST, &url).and_then(|request| {
        let request = request
            .bearer(token)?
            .header(VIA, &format!("1.1 {VIA_PSEUDONYM}"))?
            .body("application/json", body)
            .timeout(CALL_TIMEOUT)
            .max_response_bytes(MAX_RESPONSE_BYTES);
        match &endpoint.tenant_name {
            Some(name) => request.header(HeaderName::from_static("x-tenant-name"), name.as_str()),
            None => Ok(request),
        }
    });
    request.map_err(of_outbound)
}

/// The error for a call without a response.
fn of_outbound(error: OutboundError) -> RemoteSpaceError {
    match error {
        OutboundError::TargetNotAllowed(why) => RemoteSpaceError::NotAllowed(why.to_string()),
        OutboundError::TooLarge(_) => RemoteSpaceError::Unreadable(error.to_string()),
        error => RemoteSpaceError::Unavailable(error.to_string()),
    }
}

/// The error for a status other than success.
fn of_status(response: &Response) -> RemoteSpaceError {
    let told = message(response);
    match response.status {
        408 | 429 | 500..=599 => RemoteSpaceError::Unavailable(told),
        400..=499 => RemoteSpaceError::Refused(told),
        status => RemoteSpaceError::Unreadable(format!("it answered {status}, which no space does")),
    }
}

/// What spaces of both kinds answer, as far as it is of use here.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    references: Option<References>,
}

#[derive(Deserialize)]
struct References {
    #[serde(default)]
    documents: Vec<Document>,
}

#[derive(Deserialize)]
struct Document {
    document_id: String,
    content: String,
    #[serde(default)]
    metadata: Option<Metadata>,
    similarity_score: f32,
}

/// Reads an answer: as much as was asked for. The parser's message would quote what it read.
fn hits(body: &[u8], limit: usize) -> Result<Hits, RemoteSpaceError> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| {
        let why = if error.is_data() { "no answer to a query" } else { "no JSON" };
        RemoteSpaceError::Unreadable(format!("{why}, at column {}", error.column()))
    })?;
    let Some(references) = answer.references else {
        return Err(RemoteSpaceError::Unreadable("an answer without documents".to_owned()));
    };
    let documents = || references.documents.iter().take(limit).map(|document| document.content.len());
    if documents().max() > Some(MAX_CONTENT_BYTES) || documents().sum::<usize>() > MAX_CONTENTS_BYTES {
        return Err(RemoteSpaceError::Unreadable("more text than there may be".to_owned()));
    }
    let mut chunks: HashMap<DocumentId, u32> = HashMap::new();
    let hit = |document: Document| {
        let id = document_id(&document.document_id)?;
        // Of the two zeros the one that is written as 0.
        let score = document.similarity_score + 0.0;
        if !(0.0..=1.0).contains(&score) {
            return Err(RemoteSpaceError::Unreadable("a score that is not from 0 to 1".to_owned()));
        }
        let metadata = document.metadata.unwrap_or_default();
        if serde_json::to_vec(&metadata).map_or(0, |json| json.len()) > NewDocument::MAX_METADATA {
            return Err(RemoteSpaceError::Unreadable("metadata of more bytes than there may be".to_owned()));
        }
        let next = chunks.entry(id.clone()).or_default();
        let chunk = *next;
        *next = next.saturating_add(1);
        Ok(Hit {
            document: id,
            chunk,
            content: document.content.into(),
            metadata: Arc::new(metadata),
            location: Arc::new(Location::default()),
            highlight: Vec::new(),
            score,
        })
    };
    references.documents.into_iter().take(limit).map(hit).collect()
}

/// A document's id; a hash of it where it would be none here.
fn document_id(text: &str) -> Result<DocumentId, RemoteSpaceError> {
    DocumentId::parse(text)
        .or_else(|_| DocumentId::parse(&format!("blake3-{}", blake3::hash(text.as_bytes()).to_hex())))
        .map_err(|error| RemoteSpaceError::Unreadable(printable(&error.to_string())))
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::task::{Context, Waker};

    use syft_space_domain::endpoint::Slug;
    use syft_space_domain::marketplace::Audience;
    use syft_space_domain::tenant::OperatorScope;

    use super::*;

    /// A space that never answers.
    struct Silent;

    impl HubHttp for Silent {
        fn call<'a>(&'a self, _: &'a Request) -> Pending<'a, Result<Response, OutboundError>> {
            Box::pin(pending())
        }
    }

    fn tenant(number: u8) -> TenantScope {
        OperatorScope::at_startup().tenant(TenantId::from_bytes([number; 16]))
    }

    fn endpoint() -> RemoteEndpoint {
        RemoteEndpoint {
            url: "https://space.example".parse().unwrap(),
            slug: Slug::parse("reports").unwrap(),
            owner: Audience::parse("olivia").unwrap(),
            marketplace: "0193a5b0-0000-7000-8000-000000000001".parse().unwrap(),
            tenant_name: None,
            purpose: None,
        }
    }

    #[test]
    fn h3_a_tenant_asks_so_much_at_once_and_leaves_the_others_theirs_however_its_calls_end() {
        let spaces = SyftSpaces::new(Arc::new(Silent));
        let (endpoint, token) = (endpoint(), Secret::new("a token".to_owned()));
        let query = SearchQuery::new("How high?", 5, 0.5).unwrap();
        let (one, other) = (tenant(1), tenant(2));
        let ask = |scope| spaces.ask(scope, &endpoint, &token, &query);
        let mut context = Context::from_waker(Waker::noop());
        let mut calls: Vec<_> = (0..MAX_CALLS_PER_TENANT).map(|_| ask(&one)).collect();
        assert!(calls.iter_mut().all(|call| call.as_mut().poll(&mut context).is_pending()));
        let refused = ask(&one).as_mut().poll(&mut context);
        assert!(matches!(refused, std::task::Poll::Ready(Err(RemoteSpaceError::Busy))), "{refused:?}");
        assert!(ask(&other).as_mut().poll(&mut context).is_pending());
        // Whoever hangs up makes room, and nothing is remembered of who asks no more.
        drop(calls.pop());
        assert!(ask(&one).as_mut().poll(&mut context).is_pending());
        drop(calls);
        assert_eq!(spaces.calls.0.lock().unwrap().len(), 0);
    }

    #[test]
    fn a2_nothing_is_sent_but_the_question_the_token_and_whose_endpoint_is_meant() {
        let (mut endpoint, token) = (endpoint(), Secret::new("a.b.c".to_owned()));
        endpoint.tenant_name = "harbor".parse().ok();
        endpoint.purpose = "teaching".parse().ok();
        let query = SearchQuery::new("How high?", 5, 0.5).unwrap();
        let request = request(&endpoint, &token, &query).unwrap();
        assert_eq!(request.url().as_str(), "https://space.example/api/v1/endpoints/reports/query");
        let mut headers: Vec<_> =
            request.headers().iter().map(|(name, value)| (name.as_str(), value)).collect();
        headers.sort_unstable_by_key(|(name, _)| *name);
        let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["authorization", "content-type", "via", "x-tenant-name"]);
        assert_eq!(headers.first().unwrap().1, "Bearer a.b.c");
        let body: serde_json::Value = serde_json::from_slice(request.body_bytes()).unwrap();
        let expected = serde_json::json!({
            "messages": "How high?", "limit": 5, "similarity_threshold": 0.5, "include_metadata": true, "purpose": "teaching",
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn q2_chunks_of_one_document_are_told_apart_by_their_order() {
        let documents = ["a", "b", "a", "Report (1).pdf", "Report (1).pdf"];
        let documents: Vec<_> = documents
            .iter()
            .map(|id| serde_json::json!({ "document_id": id, "content": "text", "similarity_score": 0.5, "metadata": null }))
            .collect();
        let answer =
            serde_json::json!({ "references": { "documents": documents }, "summary": null, "other": 1 });
        let hits = hits(answer.to_string().as_bytes(), 5).unwrap();
        let told: Vec<_> = hits.iter().map(|hit| (hit.document.as_str().len(), hit.chunk)).collect();
        assert_eq!(told, [(1, 0), (1, 0), (1, 1), (71, 0), (71, 1)]);
        // What is beyond that is not even looked at.
        let of = |texts: &[usize]| {
            let one = |length: &usize| serde_json::json!({ "document_id": "a", "content": "x".repeat(*length), "similarity_score": -0.0 });
            let documents: Vec<_> = texts.iter().map(one).collect();
            super::hits(
                serde_json::json!({ "references": { "documents": documents } }).to_string().as_bytes(),
                2,
            )
        };
        assert_eq!(of(&[1, 1, MAX_CONTENT_BYTES + 1]).unwrap().len(), 2);
        assert!(of(&[1, MAX_CONTENT_BYTES]).unwrap().iter().all(|hit| hit.score.is_sign_positive()));
        assert!(matches!(of(&[MAX_CONTENT_BYTES + 1]), Err(RemoteSpaceError::Unreadable(_))));
    }
}
