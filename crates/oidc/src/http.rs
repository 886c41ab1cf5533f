//! The guarded client as the HTTP client of the protocol.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openidconnect::http::header::{AUTHORIZATION, CONTENT_TYPE};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use syft_space_outbound::{Client, OutboundError, Request};

/// The most bytes of what a provider answers.
const MAX_RESPONSE_BYTES: usize = 128 * 1024;
/// The time for one call.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Calls providers through the guarded client.
#[derive(Clone)]
pub(crate) struct GuardedHttp(pub(crate) Arc<Client>);

type CallFuture<'c> = Pin<Box<dyn Future<Output = Result<HttpResponse, OutboundError>> + Send + 'c>>;

impl<'c> AsyncHttpClient<'c> for GuardedHttp {
    type Error = OutboundError;
    type Future = CallFuture<'c>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let mut sent = Request::new(head.method, &head.uri.to_string())?
                .max_response_bytes(MAX_RESPONSE_BYTES)
                .timeout(TIMEOUT);
            for (name, value) in &head.headers {
                sent = match name {
                    &CONTENT_TYPE => sent,
                    &AUTHORIZATION => sent.authorization(value.clone()),
                    name => sent.header(name.clone(), value.to_str().map_err(|_| OutboundError::Header)?)?,
                };
            }
            if !body.is_empty() {
                sent = sent.body("application/x-www-form-urlencoded", body);
            }
            let response = self.0.call(&sent).await?;
            let mut answer = HttpResponse::new(response.body.to_vec());
            *answer.status_mut() = openidconnect::http::StatusCode::from_u16(response.status)
                .map_err(|_| OutboundError::Broken)?;
            *answer.headers_mut() = response.headers;
            Ok(answer)
        })
    }
}
