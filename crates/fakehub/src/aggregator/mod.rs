//! A fake of the hub's aggregator: it queries spaces, and combines their results.
//!
//! `POST /aggregator/api/v1/chat` with `retrieval_only` is what the SDK's `search.query` calls. It calls no model.

mod outcome;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aggregator::outcome::Outcome;
use crate::keys::random_uuid;
use crate::routes::Route;
use crate::shared::Shared;
use crate::wire::{HandlerResult, HubResponse, Request};

/// The timeout of a request to a space.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// The attempts at a space that answers 500, 502, 503 or 504.
const MAX_ATTEMPTS: u32 = 3;

/// The request of the SDK, without the members for models.
#[derive(Deserialize)]
struct ChatRequest {
    prompt: String,
    #[serde(default)]
    data_sources: Vec<DataSource>,
    #[serde(default)]
    endpoint_tokens: serde_json::Map<String, Value>,
    user_token: Option<String>,
    #[serde(default = "default_top_k")]
    top_k: u32,
    #[serde(default = "default_threshold")]
    similarity_threshold: f64,
    #[serde(default)]
    retrieval_only: bool,
}

fn default_top_k() -> u32 {
    5
}

fn default_threshold() -> f64 {
    0.5
}

/// An endpoint of a space, with its URL.
#[derive(Deserialize)]
struct DataSource {
    url: String,
    slug: String,
    tenant_name: Option<String>,
    owner_username: Option<String>,
}

impl DataSource {
    fn path(&self) -> String {
        format!("{}/{}", self.owner_username.as_deref().unwrap_or_default(), self.slug)
    }
}

/// The body of a query to a space, with its members in the order of the real aggregator.
#[derive(Serialize)]
struct QueryBody<'a> {
    messages: &'a str,
    limit: u32,
    similarity_threshold: f64,
    include_metadata: bool,
}

/// Queries the data sources of one chat request.
struct Retriever<'a> {
    client: Client,
    chat: &'a ChatRequest,
    correlation_id: String,
    backoff: Duration,
    shared: &'a Arc<Shared>,
}

pub(crate) async fn chat(shared: &Arc<Shared>, request: &Request, backoff: Duration) -> HandlerResult {
    let body = request.object()?;
    let invalid = |error: serde_json::Error| HubResponse::bad_value("chat", &error.to_string(), body.clone());
    let chat: ChatRequest = serde_json::from_value(body.clone()).map_err(invalid)?;
    if !chat.retrieval_only {
        return Err(HubResponse::detail(
            501,
            "this stand-in retrieves, and calls no model: send retrieval_only",
        ));
    }
    let client = Client::builder().redirect(Policy::none()).no_proxy().timeout(REQUEST_TIMEOUT).build();
    let client = client.map_err(|error| HubResponse::detail(500, error.to_string()))?;
    let correlation_id = match request.header("x-correlation-id") {
        Some(id) => id.to_owned(),
        None => random_uuid()?.to_string(),
    };
    let retriever = Retriever { client, chat: &chat, correlation_id, backoff, shared };
    let outcomes = join_all(chat.data_sources.iter().map(|source| retriever.outcome(source))).await;
    Ok(HubResponse::json(200, outcome::combine(&outcomes)))
}

impl Retriever<'_> {
    async fn outcome(&self, source: &DataSource) -> Outcome {
        let outcome = match self.send_with_retries(source).await {
            Ok(response) => self.read(source, response).await,
            Err(error) if error.is_timeout() => {
                Outcome::failed(source.path(), "timeout", "Request timed out")
            }
            Err(error) if error.is_connect() => Outcome::failed(
                source.path(),
                "error",
                &format!(
                    "Cannot reach data source at {}: All connection attempts failed. Check that the space runs.",
                    source.url
                ),
            ),
            Err(error) => Outcome::failed(source.path(), "error", &format!("Unexpected error: {error}")),
        };
        if outcome.status != "success" {
            self.report(source, &outcome);
        }
        outcome
    }

    /// Sends the query, with retries after a server error.
    async fn send_with_retries(&self, source: &DataSource) -> reqwest::Result<Response> {
        let mut attempts = 1;
        loop {
            let response = self.send(source).await?;
            let is_server_error = matches!(response.status().as_u16(), 500 | 502 | 503 | 504);
            if !is_server_error || attempts == MAX_ATTEMPTS {
                return Ok(response);
            }
            actix_web::rt::time::sleep(self.backoff * attempts).await;
            attempts += 1;
        }
    }

    /// Sends the query, with the headers of the real aggregator in its order.
    async fn send(&self, source: &DataSource) -> reqwest::Result<Response> {
        let url = format!("{}/api/v1/endpoints/{}/query", source.url.trim_end_matches('/'), source.slug);
        let host = url.split('/').nth(2).unwrap_or_default();
        let mut request = self
            .client
            .post(&url)
            .header("host", host)
            .header("accept", "*/*")
            .header("accept-encoding", "gzip, deflate")
            .header("connection", "keep-alive")
            .header("user-agent", "python-httpx/0.28.1")
            .header("content-type", "application/json")
            .header("x-correlation-id", &self.correlation_id);
        if let Some(tenant) = &source.tenant_name {
            request = request.header("x-tenant-name", tenant);
        }
        let owner = source.owner_username.as_deref().unwrap_or_default();
        if let Some(token) = self.chat.endpoint_tokens.get(owner).and_then(Value::as_str) {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let query = QueryBody {
            messages: &self.chat.prompt,
            limit: self.chat.top_k,
            similarity_threshold: self.chat.similarity_threshold,
            include_metadata: true,
        };
        // Strings and numbers always serialize.
        request.body(serde_json::to_vec(&query).unwrap_or_default()).send().await
    }

    async fn read(&self, source: &DataSource, response: Response) -> Outcome {
        let status = response.status();
        let requires_payment = response
            .headers()
            .get("www-authenticate")
            .is_some_and(|value| value.as_bytes().to_ascii_lowercase().starts_with(b"payment"));
        let text = match response.text().await {
            Ok(text) => text,
            Err(error) => {
                return Outcome::failed(source.path(), "error", &format!("Unexpected error: {error}"));
            }
        };
        if status == StatusCode::PAYMENT_REQUIRED && requires_payment && self.chat.user_token.is_some() {
            return self.pay(source, &text);
        }
        outcome::from_response(source.path(), status.as_u16(), &text)
    }

    /// Pays through the hub, where no user has a wallet.
    fn pay(&self, source: &DataSource, text: &str) -> Outcome {
        let token = self.chat.user_token.as_deref().unwrap_or_default();
        let body = json!({"www_authenticate": "Payment", "endpoint_slug": source.slug});
        let status = self.shared.call_internally(Route::PayFromWallet, Some(token), &body);
        let message = format!("Payment failed: Client error '{status}' for url '/api/v1/wallet/pay'");
        Outcome::failed(source.path(), "payment_failed", &message).with_policy_entries(text)
    }

    /// Reports the failure to the hub, with the query in plain text, as the real aggregator does.
    fn report(&self, source: &DataSource, outcome: &Outcome) {
        let body = json!({
            "correlation_id": self.correlation_id, "service": "aggregator", "event": "data_source.query.failed",
            "message": outcome.error, "endpoint": source.path(), "request_data": {"query": self.chat.prompt},
        });
        self.shared.call_internally(Route::ServiceReport, None, &body);
    }
}
