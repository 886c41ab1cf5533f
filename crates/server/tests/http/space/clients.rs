//! A client of the API.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::openapi_check;

/// An HTTP client with one identity, or none.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    root: String,
    token: Option<String>,
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// The body as JSON; null where it is none.
    pub body: Value,
    pub text: String,
    asked: String,
}

impl Answer {
    /// The answer to a request that another client has sent, to a path that is not described.
    pub async fn read(asked: String, mut response: reqwest::Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let is_endless = headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let text = if is_endless {
            // What comes first is there at once, and nobody waits for the end.
            String::from_utf8_lossy(&response.chunk().await?.unwrap_or_default()).into_owned()
        } else {
            response.text().await?
        };
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Self { status, headers, body, text, asked })
    }

    /// The same, to a path of the API: it is held against the description.
    pub async fn of(method: &str, path: &str, response: reqwest::Response) -> Self {
        let answer = Self::read(format!("{method} {path}"), response).await.unwrap();
        openapi_check::check(method, path, answer.status, &answer.headers, &answer.text);
        answer
    }

    /// Demands a status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered {}: {}", self.asked, self.status, self.text);
        self
    }

    /// Demands a problem of this status and reason, complete in all its parts.
    #[track_caller]
    pub fn expect_problem(self, status: u16, reason: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.asked);
        assert_eq!(answer.body["reason_code"], reason, "{}: {}", answer.asked, answer.text);
        assert_eq!(answer.body["status"], status);
        assert!(answer.body["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{}", answer.text);
        assert!(answer.body["type"].is_string() && answer.body["title"].is_string());
        assert_eq!(answer.body["instance"], format!("urn:uuid:{}", answer.header("x-request-id")));
        if matches!(status, 429 | 503) {
            assert!(
                answer.header("retry-after").parse::<u64>().is_ok(),
                "{} says when to come back",
                answer.asked
            );
        }
        if status == 401 {
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
        }
        answer
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Client {
    pub fn new(root: &str) -> Self {
        // Loopback only: no proxy of the machine may stand between.
        // A connection that was idle for long may just be closed by the server.
        let http = reqwest::Client::builder().no_proxy().pool_idle_timeout(Duration::from_secs(2));
        let http = http.build().unwrap();
        Self { http, root: root.to_owned(), token: None }
    }

    /// Somebody who comes from another address of this host.
    pub fn at_address(&self, address: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().local_address(Some(address.parse().unwrap()));
        Self { http: http.build().unwrap(), ..self.clone() }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// Where the server is, without a path.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// A request under the API's base, or to a path outside of it when it begins with two slashes.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url = match path.strip_prefix('/') {
            Some(outside) if outside.starts_with('/') => format!("{}{outside}", self.root),
            _ => format!("{}/api/v1{path}", self.root),
        };
        let request = self.http.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap()
    }

    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let request = request.build()?;
        let asked = format!("{} {}", request.method(), request.url());
        let (method, path) = (request.method().to_string(), request.url().path().to_owned());
        let answer = Answer::read(asked, self.http.execute(request).await?).await?;
        openapi_check::check(&method, &path, answer.status, &answer.headers, &answer.text);
        Ok(answer)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request("POST", path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request("PUT", path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request("PATCH", path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request("DELETE", path)).await
    }

    /// Asks an endpoint.
    pub async fn ask(&self, slug: &str, question: &str) -> Answer {
        let body = serde_json::json!({ "messages": question, "similarity_threshold": 0.0 });
        self.post(&format!("/endpoints/{slug}/query"), &body).await
    }

    /// The events of the tenant's log, the newest first.
    pub async fn audit(&self, filter: &str) -> Vec<Value> {
        let answer = self.get(&format!("/audit?limit=100{filter}")).await.expect(200);
        answer.body["items"].as_array().unwrap().clone()
    }
}
