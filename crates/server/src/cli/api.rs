//! The API of a space, as its host's operator calls it: HTTP over the control socket.

use std::time::Duration;

use anyhow::Context;
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};
use serde_json::Value;

use crate::cli::exit::{CommandError, ExitStatus};
use crate::http::listener::OPERATOR_TENANT;
use crate::startup::control::SocketPath;

/// How long a server may take to say that it is there.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A client of the control socket.
pub(super) struct ApiClient {
    client: Client,
    tenant: Option<String>,
    _socket: SocketPath,
}

/// A page of a list.
pub(super) struct Page {
    pub(super) items: Vec<Value>,
    pub(super) next: Option<String>,
}

impl ApiClient {
    /// A client of this socket, at work in this tenant where one is named.
    pub(super) fn new(socket: SocketPath, tenant: Option<String>) -> anyhow::Result<Self> {
        let client = Client::builder().unix_socket(socket.path()).no_proxy().build()?;
        Ok(Self { client, tenant, _socket: socket })
    }

    /// Whether a server answers.
    pub(super) async fn ping(&self) -> anyhow::Result<bool> {
        let ping = self.request(Method::GET, "/health/live", &[])?.timeout(PING_TIMEOUT);
        let Ok(answer) = ping.send().await else { return Ok(false) };
        let (status, body) = (answer.status(), answer.bytes().await.unwrap_or_default());
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if status.is_success() { Ok(true) } else { Err(refusal(status, &body).into()) }
    }

    /// A request to a path, with a query string.
    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
    ) -> anyhow::Result<RequestBuilder> {
        let mut url = Url::parse(&format!("http://space{path}"))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.client.request(method, url);
        Ok(match &self.tenant {
            Some(tenant) => request.header(OPERATOR_TENANT.as_str(), tenant),
            None => request,
        })
    }

    /// Sends a request, and returns the body of its response.
    pub(super) async fn send(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let answer = request.send().await.context("the server did not answer")?;
        let status = answer.status();
        let body = answer.bytes().await.context("the server's answer broke off")?;
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if status.is_success() { Ok(body) } else { Err(refusal(status, &body).into()) }
    }

    /// Sends a GET request, and returns the body of its response.
    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Value> {
        self.send(self.request(Method::GET, path, query)?).await
    }

    /// Reads a page of a list.
    pub(super) async fn page(
        &self,
        path: &str,
        query: &[(&str, &str)],
        cursor: Option<&str>,
    ) -> anyhow::Result<Page> {
        let mut query = query.to_vec();
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let mut body = self.get(path, &query).await?;
        let Some(Value::Array(items)) = body.get_mut("items").map(Value::take) else {
            anyhow::bail!("the server answered no list");
        };
        let next = body.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
        Ok(Page { items, next })
    }
}

/// The error of a command whose request was refused.
fn refusal(status: StatusCode, body: &Value) -> CommandError {
    let exit_status = match status {
        StatusCode::NOT_FOUND => ExitStatus::NotFound,
        _ if status.is_client_error() => ExitStatus::Refused,
        _ => ExitStatus::Failed,
    };
    let detail = body.get("detail").and_then(Value::as_str);
    let mut message = detail.map_or_else(|| format!("the server answered {status}"), str::to_owned);
    if let Some(tenants) = body.get("tenants").and_then(Value::as_array) {
        let names: Vec<_> = tenants.iter().filter_map(Value::as_str).collect();
        message = format!("{message}, with --tenant: {}", names.join(", "));
    }
    CommandError::new(exit_status, message)
}
