//! The route that queries an endpoint.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::VIA;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt;
use schemars::JsonSchema;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use syft_space_domain::dataset::{ContextSize, SearchQuery, Threshold};
use syft_space_domain::endpoint::{
    self, AnswerPart, Conversation, ConversationError, CorrelationId, CorrelationIdError, QueryCall,
};
use syft_space_domain::ledger::Currency;
use syft_space_domain::policy::{PolicyMetadata, Purpose};
use syft_space_syfthub::VIA_PSEUDONYM;

use crate::http::error_response::search_query_error;
use crate::http::problem::Problem;
use crate::http::rate_limit_headers;
use crate::http::reason::Reason;
use crate::http::receipts::{self, ASKED, CORRELATION_ID};
use crate::http::request::Request;
use crate::http::route_docs::Parameter;
use crate::routes::documents::Hit;
use crate::routes::shapes;
use crate::routes::{reply, rules};

/// A question. Unknown fields are ignored here, and here alone: marketplace clients send some. What a client
/// says of itself (`user_email`) or of payment (`transaction_token`) is among them, and is never believed.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Query {
    #[schemars(with = "shapes::MessagesShape")]
    messages: Messages,
    #[schemars(with = "Option<shapes::ThresholdShape>")]
    similarity_threshold: Option<Threshold>,
    /// What the question is for. Policies may hang on it, and it stands in the audit log.
    #[schemars(with = "Option<shapes::PurposeShape>")]
    purpose: Option<Purpose>,
    #[serde(default, deserialize_with = "rules::hit_limit")]
    #[schemars(with = "Option<shapes::HitLimitShape>")]
    limit: Option<u64>,
    /// How many chunks before and behind each hit are shown with it, from the same document.
    #[schemars(with = "Option<u32>", range(max = ContextSize::MAX))]
    context: Option<ContextSize>,
    /// Whether `metadata` is filled (the default), or `{}` in its place.
    include_metadata: Option<bool>,
    /// Streaming needs a model.
    #[schemars(with = "Option<shapes::FalseShape>")]
    stream: Option<bool>,
    // What follows is for models.
    #[serde(default, deserialize_with = "rules::max_tokens")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    max_tokens: Option<u64>,
    #[serde(default, deserialize_with = "rules::temperature")]
    #[schemars(range(min = 0.0, max = 2.0))]
    temperature: Option<f64>,
    #[serde(default, deserialize_with = "rules::stop_sequences")]
    #[schemars(length(max = 16))]
    stop_sequences: Option<Vec<String>>,
    #[serde(default, deserialize_with = "rules::penalty")]
    #[schemars(range(min = -2.0, max = 2.0))]
    presence_penalty: Option<f64>,
    #[serde(default, deserialize_with = "rules::penalty")]
    #[schemars(range(min = -2.0, max = 2.0))]
    frequency_penalty: Option<f64>,
    extras: Option<serde_json::Map<String, serde_json::Value>>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Messages {
    /// The question alone.
    Text(String),
    /// What was said, with the question among it.
    Conversation(Vec<Message>),
}

impl Default for Messages {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Query {
    /// A question by itself, with as many hits, and as much around each, as the server gives unless told.
    pub(crate) fn of_question(question: String, limit: Option<u64>, context: Option<ContextSize>) -> Self {
        Self { messages: Messages::Text(question), limit, context, ..Self::default() }
    }

    /// The same question, which finds what is at least as close as this, where that is named.
    pub(crate) fn above(self, similarity_threshold: Option<Threshold>) -> Self {
        Self { similarity_threshold, ..self }
    }

    /// The same question, for a purpose where one is named.
    pub(crate) fn for_purpose(self, purpose: Option<Purpose>) -> Self {
        Self { purpose, ..self }
    }
}

impl<'de> Deserialize<'de> for Messages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Messages;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of {role: system|user|assistant, content}")
            }
            fn visit_str<E>(self, text: &str) -> Result<Messages, E> {
                Ok(Messages::Text(text.to_owned()))
            }
            fn visit_string<E>(self, text: String) -> Result<Messages, E> {
                Ok(Messages::Text(text))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, messages: A) -> Result<Messages, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(messages)).map(Messages::Conversation)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Message {
    role: MessageRole,
    content: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MessageRole {
    System,
    User,
    Assistant,
}

impl From<Message> for endpoint::Message {
    fn from(Message { role, content }: Message) -> Self {
        let role = match role {
            MessageRole::System => endpoint::MessageRole::System,
            MessageRole::User => endpoint::MessageRole::User,
            MessageRole::Assistant => endpoint::MessageRole::Assistant,
        };
        Self { role, content }
    }
}

impl TryFrom<Messages> for Conversation {
    type Error = Problem;

    fn try_from(messages: Messages) -> Result<Self, Problem> {
        match messages {
            Messages::Text(text) => {
                Self::of_question(text).map_err(|error| Problem::field("/messages", error))
            }
            Messages::Conversation(messages) => {
                let messages = messages.into_iter().map(Into::into).collect();
                Self::of_messages(messages).map_err(|error| match error {
                    ConversationError::NoQuestion => Problem::field("/messages", error),
                    ConversationError::Question { index, .. } => {
                        Problem::field(format!("/messages/{index}/content"), error)
                    }
                })
            }
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Answer<'a> {
    #[schemars(with = "shapes::NothingShape")]
    summary: Option<()>,
    // Each type of endpoint that there is answers with them.
    #[schemars(with = "References<'static>")]
    references: Option<References<'a>>,
    /// What it costs, where a policy charges.
    #[schemars(range(min = 0.0))]
    cost: f64,
    /// In which currency, where it costs anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    #[schemars(with = "shapes::PolicyMetadataShape")]
    policy_metadata: &'a PolicyMetadata,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct References<'a> {
    documents: Vec<Hit<'a>>,
    provider_info: ProviderInfo,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ProviderInfo {
    search_engine: &'static str,
    response_time_ms: u64,
    /// Which share of the dataset can be found by meaning, where it is searched so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    encoded_share: Option<f64>,
}

/// A hint at the tenant.
pub(crate) const HEADERS: &[Parameter] = &[
    Parameter::new::<shapes::TenantHintShape>(
        "X-Tenant-Name",
        "The tenant that the caller believes to speak to. Another than the caller's own is answered as an unknown slug.",
    ),
    Parameter::new::<shapes::CorrelationIdShape>(
        CORRELATION_ID,
        "An id of the request. The same request with the same id is charged once in two minutes, for two repeats.",
    ),
    Parameter::new::<shapes::ReceiptWishShape>(
        ASKED,
        "Asks for a receipt: the answer, and a refusal that leaves an event of its own, has it as `Syft-Receipt`.",
    ),
];

/// The slug in the path, and the hint at the tenant.
fn target(http: &HttpRequest) -> (&str, Option<&str>) {
    let slug = http.match_info().get("slug").unwrap_or_default();
    // A value that is no text names no tenant.
    let hint = http.headers().get("x-tenant-name").map(|value| value.to_str().unwrap_or_default());
    (slug, hint)
}

/// Whether another space sent the request, for an endpoint of its own: it says so in `Via` (RFC 9110, section 7.6.3).
fn is_of_space(http: &HttpRequest) -> bool {
    let values = http.headers().get_all(VIA).filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|by| by.split_whitespace().nth(1) == Some(VIA_PSEUDONYM))
}

/// The id that the caller gave the request.
fn correlation(http: &HttpRequest) -> Result<Option<CorrelationId>, Problem> {
    let mut values = http.headers().get_all(CORRELATION_ID);
    let Some(value) = values.next() else { return Ok(None) };
    // Of two nobody could say which the request is named by, so none is one.
    let text = if values.next().is_none() { value.to_str().unwrap_or_default() } else { "" };
    let parsed = text.parse().map(Some);
    parsed.map_err(|error: CorrelationIdError| Problem::new(Reason::Malformed, error))
}

pub(crate) async fn query(mut request: Request) -> Result<HttpResponse, Problem> {
    receipts::asks(&request.http)?;
    let (slug, hint) = target(&request.http);
    endpoint::check_visible(request.space(), &request.context, request.principal()?, slug, hint).await?;
    let body: Query = request.json().await?;
    if body.stream == Some(true) {
        let detail =
            "stream is for endpoints with a model; this one answers at once: leave it out or send false";
        return Err(Problem::field("/stream", detail));
    }
    let limit = body.limit.unwrap_or(SearchQuery::DEFAULT_LIMIT);
    let threshold = body.similarity_threshold.unwrap_or_default().get();
    let query = endpoint::Query::new(body.messages.try_into()?, limit, threshold)
        .map_err(search_query_error("/messages"))?
        .with_context(body.context.unwrap_or_default())
        .for_purpose(body.purpose)
        .correlated(correlation(&request.http)?)
        .of_space(is_of_space(&request.http));
    let principal = request.take_principal()?;
    let (slug, hint) = target(&request.http);
    let call = QueryCall::open(request.space(), &request.context, principal, slug, hint).await?;
    let answer = call.run(query).await?;
    render(answer, body.include_metadata.unwrap_or(true)).await
}

/// Gathers the parts of an answer into one response.
async fn render(mut answer: endpoint::Answer, with_metadata: bool) -> Result<HttpResponse, Problem> {
    let mut found = None;
    while let Some(part) = answer.parts.next().await {
        match part? {
            AnswerPart::References(references) => found = Some(references),
        }
    }
    let references = found.as_ref().map(|found| References {
        documents: Hit::of_all(&found.documents, &found.contexts, with_metadata).collect(),
        provider_info: ProviderInfo {
            search_engine: found.engine,
            response_time_ms: found.search_ms,
            encoded_share: found.encoded_share,
        },
    });
    let cost = answer.cost();
    // Where it costs something in several, the entries tell of all.
    let (currency, amount) = cost.first_key_value().unzip();
    let body = Answer {
        summary: None,
        references,
        cost: amount.map_or(0.0, |amount| amount.to_f64()),
        currency: currency.map(Currency::as_str),
        policy_metadata: &answer.policy,
    };
    let mut response = reply::json(StatusCode::OK, &body)?;
    rate_limit_headers::insert(response.headers_mut(), &answer.limits);
    Ok(response)
}
