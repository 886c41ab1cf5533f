//! The API of a space, as its host's operator calls it: HTTP over the control socket.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cli::exit::{CommandError, ExitStatus};
use crate::http::listener::OPERATOR_TENANT;
use crate::http::problem::ProblemBody;
use crate::routes::reply::List;
use crate::startup::control::SocketPath;

/// How long a server may take to say that it is there.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A client of the control socket.
pub(super) struct ApiClient {
    client: Client,
    tenant: Option<String>,
    _socket: SocketPath,
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
    pub(super) async fn send(&self, request: RequestBuilder) -> anyhow::Result<Vec<u8>> {
        let answer = request.send().await.context("the server did not answer")?;
        let status = answer.status();
        let body = answer.bytes().await.context("the server's answer broke off")?;
        if status.is_success() { Ok(body.into()) } else { Err(refusal(status, &body).into()) }
    }

    /// Sends a request, and reads the body of its response.
    pub(super) async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        let body = self.send(request).await?;
        serde_json::from_slice(&body).context("the server's answer is not what this version knows")
    }

    /// Sends a POST request with a JSON body, and reads the body of its response.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.read(self.request(Method::POST, path, &[])?.json(body)).await
    }

    /// Sends a GET request, and reads the body of its response.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.read(self.request(Method::GET, path, &[])?).await
    }

    /// Reads all of a list.
    pub(super) async fn all<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<Vec<T>> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = self.page::<T>(path, &[("limit", "100")], cursor.as_deref()).await?;
            all.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }

    /// Reads a page of a list.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        cursor: Option<&str>,
    ) -> anyhow::Result<List<T>> {
        let mut query = query.to_vec();
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        self.read(self.request(Method::GET, path, &query)?).await
    }
}

/// The error of a command whose request was refused.
fn refusal(status: StatusCode, body: &[u8]) -> CommandError {
    let exit_status = match status {
        StatusCode::NOT_FOUND => ExitStatus::NotFound,
        _ if status.is_client_error() => ExitStatus::Refused,
        _ => ExitStatus::Failed,
    };
    let message = match serde_json::from_slice(body) {
        Ok(ProblemBody { detail, tenants: None, .. }) => detail.into_owned(),
        Ok(ProblemBody { detail, tenants: Some(tenants), .. }) => {
            format!("{detail}, with --tenant: {}", tenants.join(", "))
        }
        Err(_) => format!("the server answered {status}"),
    };
    CommandError::new(exit_status, message)
}

/// Reads an argument of the command line, and refuses it by its name, in the server's words, where it is not allowed.
pub(super) fn option<T: FromStr<Err: Display>>(name: &str, text: &str) -> Result<T, CommandError> {
    text.parse().map_err(|error| CommandError::new(ExitStatus::Refused, format!("{name}: {error}")))
}
