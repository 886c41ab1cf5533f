//! What does an aggregator ask of a space, and what does it make of the answer?
//!
//! A stand-in for the part of a marketplace that retrieves: `POST /aggregator/api/v1/chat` with `retrieval_only`, which is
//! what the SDK's `search.query` calls. It calls no model.

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
use crate::server::Shared;
use crate::wire::{Answer, Answered, Request};

const TIMEOUT: Duration = Duration::from_secs(30);
/// How often a space is asked that fails by itself.
const TRIES: u32 = 3;

/// What the SDK sends. What it sends besides is for models.
#[derive(Deserialize)]
struct Chat {
    prompt: String,
    #[serde(default)]
    data_sources: Vec<Source>,
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

/// An endpoint of a space, and where it is.
#[derive(Deserialize)]
struct Source {
    url: String,
    slug: String,
    tenant_name: Option<String>,
    owner_username: Option<String>,
}

impl Source {
    fn path(&self) -> String {
        format!("{}/{}", self.owner_username.as_deref().unwrap_or_default(), self.slug)
    }
}

/// The body of a retrieval, its members in the order in which they are sent.
#[derive(Serialize)]
struct Query<'a> {
    messages: &'a str,
    limit: u32,
    similarity_threshold: f64,
    include_metadata: bool,
}

/// Whoever asks in one chat, and for whom.
struct Asking<'a> {
    client: Client,
    chat: &'a Chat,
    correlation_id: String,
    backoff: Duration,
    shared: &'a Arc<Shared>,
}

pub(crate) async fn chat(shared: &Arc<Shared>, request: &Request, backoff: Duration) -> Answered {
    let body = request.object()?;
    let read = |error: serde_json::Error| Answer::bad_value("chat", &error.to_string(), body.clone());
    let chat: Chat = serde_json::from_value(body.clone()).map_err(read)?;
    if !chat.retrieval_only {
        return Err(Answer::detail(501, "this stand-in retrieves, and calls no model: send retrieval_only"));
    }
    let client = Client::builder().redirect(Policy::none()).no_proxy().timeout(TIMEOUT).build();
    let client = client.map_err(|error| Answer::detail(500, error.to_string()))?;
    let correlation_id = match request.header("x-correlation-id") {
        Some(id) => id.to_owned(),
        None => random_uuid()?.to_string(),
    };
    let asking = Asking { client, chat: &chat, correlation_id, backoff, shared };
    let outcomes = join_all(chat.data_sources.iter().map(|source| asking.outcome(source))).await;
    Ok(Answer::json(200, outcome::combined(&outcomes)))
}

impl Asking<'_> {
    async fn outcome(&self, source: &Source) -> Outcome {
        let outcome = match self.ask(source).await {
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

    /// Asks, and again where the space failed by itself.
    async fn ask(&self, source: &Source) -> reqwest::Result<Response> {
        let mut tries = 1;
        loop {
            let response = self.once(source).await?;
            let fails = matches!(response.status().as_u16(), 500 | 502 | 503 | 504);
            if !fails || tries == TRIES {
                return Ok(response);
            }
            actix_web::rt::time::sleep(self.backoff * tries).await;
            tries += 1;
        }
    }

    /// One request, with the headers that an aggregator sends, in its order.
    async fn once(&self, source: &Source) -> reqwest::Result<Response> {
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
        let query = Query {
            messages: &self.chat.prompt,
            limit: self.chat.top_k,
            similarity_threshold: self.chat.similarity_threshold,
            include_metadata: true,
        };
        // Strings and numbers always serialise.
        request.body(serde_json::to_vec(&query).unwrap_or_default()).send().await
    }

    async fn read(&self, source: &Source, response: Response) -> Outcome {
        let status = response.status();
        let asks_for_payment = response
            .headers()
            .get("www-authenticate")
            .is_some_and(|value| value.as_bytes().to_ascii_lowercase().starts_with(b"payment"));
        let text = match response.text().await {
            Ok(text) => text,
            Err(error) => {
                return Outcome::failed(source.path(), "error", &format!("Unexpected error: {error}"));
            }
        };
        if status == StatusCode::PAYMENT_REQUIRED && asks_for_payment && self.chat.user_token.is_some() {
            return self.pay(source, &text);
        }
        outcome::read(source.path(), status.as_u16(), &text)
    }

    /// Asks the hub to pay, which has no wallet for anybody.
    fn pay(&self, source: &Source, text: &str) -> Outcome {
        let token = self.chat.user_token.as_deref().unwrap_or_default();
        let body = json!({"www_authenticate": "Payment", "endpoint_slug": source.slug});
        let status = self.shared.answer_to_ourselves(Route::PayFromWallet, Some(token), &body);
        let why = format!("Payment failed: Client error '{status}' for url '/api/v1/wallet/pay'");
        Outcome::failed(source.path(), "payment_failed", &why).with_entries_of(text)
    }

    /// Tells the hub, with the query in plain text, as aggregators do.
    fn report(&self, source: &Source, outcome: &Outcome) {
        let body = json!({
            "correlation_id": self.correlation_id, "service": "aggregator", "event": "data_source.query.failed",
            "message": outcome.error, "endpoint": source.path(), "request_data": {"query": self.chat.prompt},
        });
        self.shared.answer_to_ourselves(Route::ServiceReport, None, &body);
    }
}
