//! The engine: how it is called, over its Unix socket.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::refusal::Refusal;

/// The time for an answer that tells what is there.
pub(crate) const READ_TIME: Duration = Duration::from_secs(30);
/// The time for an answer to a change, behind the seconds that a container is given to end.
pub(crate) const CHANGE_TIME: Duration = Duration::from_secs(120);
/// The most bytes of an answer that is read here.
const MAX_READ_BYTES: usize = 16 * 1024 * 1024;

/// A call: all that is sent to the engine.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path and query string, without the version.
    pub(crate) target: String,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) time: Duration,
}

impl Call {
    /// A call that changes nothing.
    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self { method: Method::GET, target: target.into(), body: None, time: READ_TIME }
    }

    /// A call that changes something.
    pub(crate) fn change(method: Method, target: impl Into<String>) -> Self {
        Self { method, target: target.into(), body: None, time: CHANGE_TIME }
    }

    /// With a body of JSON.
    pub(crate) fn with_body(self, body: Vec<u8>) -> Self {
        Self { body: Some(body), ..self }
    }
}

/// The engine behind the guard.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    socket: PathBuf,
}

impl Engine {
    pub(crate) fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// Sends a call on a connection of its own, and waits for the head of the answer.
    ///
    /// # Errors
    /// When the engine cannot be reached, does not answer in time, or would have the connection for something else than HTTP.
    pub(crate) async fn send(
        &self,
        version: Option<u8>,
        call: Call,
    ) -> Result<http::Response<Incoming>, Refusal> {
        let time = call.time;
        let answer = timeout(time, self.exchange(version, call)).await;
        answer.unwrap_or_else(|_| Err(Refusal::timeout(format!("the engine does not answer in {time:?}"))))
    }

    async fn exchange(&self, version: Option<u8>, call: Call) -> Result<http::Response<Incoming>, Refusal> {
        let failed = |error: &dyn std::fmt::Display| {
            Refusal::bad_gateway(format!("the engine cannot be reached: {error}"))
        };
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| failed(&error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
        // It ends with the answer's body, or when nobody waits for that any more.
        tokio::spawn(connection);
        let prefix = version.map(|minor| format!("/v1.{minor}")).unwrap_or_default();
        let mut request =
            http::Request::builder().method(call.method).uri(format!("{prefix}{}", call.target));
        request = request.header(header::HOST, HeaderValue::from_static("docker"));
        if call.body.is_some() {
            request = request.header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let body = Full::new(Bytes::from(call.body.unwrap_or_default()));
        let request = request.body(body).map_err(|error| failed(&error))?;
        let answer = sender.send_request(request).await.map_err(|error| failed(&error))?;
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Refusal::bad_gateway("the engine would leave HTTP"));
        }
        Ok(answer)
    }

    /// Asks for something, and reads the whole answer; `None` where the engine says that it is not there.
    ///
    /// # Errors
    /// As [`send`](Self::send), and when the answer is an error, too long, or takes too long.
    pub(crate) async fn read(&self, version: Option<u8>, target: String) -> Result<Option<Bytes>, Refusal> {
        let answer = self.send(version, Call::get(target)).await?;
        let status = answer.status();
        if status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if status != StatusCode::OK {
            return Err(Refusal::bad_gateway(format!("the engine answers {}", status.as_u16())));
        }
        Self::whole(answer).await.map(Some)
    }

    /// The whole body of an answer.
    ///
    /// # Errors
    /// When it is too long, breaks off or takes too long.
    pub(crate) async fn whole(answer: http::Response<Incoming>) -> Result<Bytes, Refusal> {
        let body = timeout(READ_TIME, Limited::new(answer.into_body(), MAX_READ_BYTES).collect()).await;
        let body = body.map_err(|_| Refusal::timeout("the engine's answer does not end"))?;
        let body =
            body.map_err(|error| Refusal::bad_gateway(format!("the engine's answer breaks off: {error}")))?;
        Ok(body.to_bytes())
    }

    /// As [`read`](Self::read), of a type.
    ///
    /// # Errors
    /// As [`read`](Self::read), and when the answer is not of the type.
    pub(crate) async fn read_as<T: DeserializeOwned>(
        &self,
        version: Option<u8>,
        target: String,
    ) -> Result<Option<T>, Refusal> {
        self.read(version, target).await?.map(|answer| parse(&answer)).transpose()
    }
}

/// What an answer of the engine says.
///
/// # Errors
/// When it is not of the type.
pub(crate) fn parse<T: DeserializeOwned>(answer: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(answer)
        .map_err(|error| Refusal::bad_gateway(format!("the engine's answer is none: {error}")))
}
