//! A front door that speaks the dialect of chat completions, as a project that embeds this server would add it: one file.

use std::pin::Pin;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use futures_util::StreamExt;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use syft_space::http::problem::Problem;
use syft_space::http::refusal::Refusal;
use syft_space::http::request::Request;
use syft_space::http::route_docs::summary;
use syft_space::http::route_table::{Guard, Method, Route};
use syft_space_domain::access::Permission;
use syft_space_domain::dataset::{SearchQuery, SearchQueryError};
use syft_space_domain::endpoint::{
    AnswerPart, Conversation, ConversationError, Message, MessageRole, Query, QueryCall, QueryError,
};
use syft_space_domain::ids::RequestId;
use syft_space_domain::ledger::Amount;

pub const PATH: &str = "/v1/chat/completions";

/// The routes of the front door.
pub static CHAT_ROUTES: &[Route<ChatError>] = &[Route {
    method: Method::Post,
    path: PATH,
    guard: Guard::Member(&[Permission::Query]),
    name: "chat::complete",
    docs: summary("Complete a chat"),
    handler: |request| Box::pin(complete(request)),
}];

/// A request. What is asked stands in the body whole, and the endpoint with it.
#[derive(Deserialize, JsonSchema)]
struct ChatCompletion {
    model: String,
    messages: Vec<ChatMessage>,
}

#[derive(Deserialize, JsonSchema)]
struct ChatMessage {
    role: ChatRole,
    content: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ChatRole {
    System,
    User,
    Assistant,
    Tool,
}

impl From<ChatMessage> for Message {
    fn from(message: ChatMessage) -> Self {
        let role = match message.role {
            ChatRole::System => MessageRole::System,
            ChatRole::User => MessageRole::User,
            ChatRole::Assistant => MessageRole::Assistant,
            ChatRole::Tool => MessageRole::Tool,
        };
        Self { role, content: message.content }
    }
}

async fn complete(mut request: Request) -> Result<HttpResponse, ChatError> {
    let body: ChatCompletion = request.json().await?;
    let conversation = Conversation::of_messages(body.messages.into_iter().map(Into::into).collect())?;
    let query = Query::new(conversation, SearchQuery::DEFAULT_LIMIT, 0.0)?;
    let principal = request.take_principal()?;
    let call = QueryCall::open(request.space(), &request.context, principal, &body.model, None).await?;
    let mut answer = call.run(query).await?;
    let mut said = Vec::new();
    while let Some(part) = Pin::new(&mut answer.parts).next().await {
        let AnswerPart::References(references) = part?;
        said.extend(references.documents.iter().map(|hit| hit.content.to_string()));
    }
    let body = json!({
        "object": "chat.completion",
        "model": body.model,
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": said.join("\n\n") },
            "finish_reason": "stop",
        }],
        "cost": answer.cost().into_values().map(Amount::to_f64).sum::<f64>(),
    });
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(body.to_string()))
}

/// A refusal, in the form that clients of this dialect read.
pub struct ChatError {
    status: StatusCode,
    kind: &'static str,
    code: &'static str,
    message: String,
    retry_after: Option<u64>,
}

impl From<Problem> for ChatError {
    fn from(problem: Problem) -> Self {
        let (status, kind) = match problem.reason().status() {
            StatusCode::UNAUTHORIZED => (StatusCode::UNAUTHORIZED, "authentication_error"),
            StatusCode::FORBIDDEN => (StatusCode::FORBIDDEN, "permission_error"),
            StatusCode::NOT_FOUND => (StatusCode::NOT_FOUND, "not_found_error"),
            // There is no 422 in this dialect.
            StatusCode::UNPROCESSABLE_ENTITY => (StatusCode::BAD_REQUEST, "invalid_request_error"),
            status if status.is_client_error() => (status, "invalid_request_error"),
            status => (status, "server_error"),
        };
        Self {
            status,
            kind,
            code: problem.reason().code(),
            message: problem.detail().to_owned(),
            retry_after: problem.seconds_to_wait(),
        }
    }
}

impl From<QueryError> for ChatError {
    fn from(error: QueryError) -> Self {
        Problem::from(error).into()
    }
}

impl From<ConversationError> for ChatError {
    fn from(error: ConversationError) -> Self {
        Problem::field("", error).into()
    }
}

impl From<SearchQueryError> for ChatError {
    fn from(error: SearchQueryError) -> Self {
        Problem::field("", error).into()
    }
}

impl Refusal for ChatError {
    fn respond(&self, _: Option<RequestId>) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((CONTENT_TYPE, "application/json"));
        if let Some(seconds) = self.retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        let error = json!({ "message": self.message, "type": self.kind, "code": self.code, "param": null });
        response.body(json!({ "error": error }).to_string())
    }
}
