//! A webhook, signed as Standard Webhooks has it.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::{Digest, Sha256};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;
use syft_space_outbound::http::header::RETRY_AFTER;
use syft_space_outbound::http::{HeaderMap, HeaderName, Method};
use syft_space_outbound::{Client, OutboundError, Request};

use crate::SinkError;
use crate::message::Message;

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The most bytes of an answer: it says nothing but its status.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The longest that a receiver can have the space wait.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);
/// The most secrets at once: the one that signs, and those that take its place.
const MAX_SECRETS: usize = 4;

/// What signs, each for itself: so a receiver may know the old one or the new one.
pub struct WebhookSecrets(Vec<Secret<Vec<u8>>>);

/// A text is no secret of a webhook. It is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret of a webhook is whsec_ and 24 to 64 bytes in Base64, one a line, {MAX_SECRETS} lines at most: make one with \
     `echo whsec_$(openssl rand -base64 32)`"
)]
pub struct SecretError;

impl WebhookSecrets {
    /// Reads them, one a line.
    ///
    /// # Errors
    /// When a line is no secret, or there are too many or none.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let read = |line: &str| {
            let bytes = STANDARD.decode(line.strip_prefix("whsec_")?).ok().map(Secret::new)?;
            (24..=64).contains(&bytes.expose().len()).then_some(bytes)
        };
        let secrets = lines.map(|line| read(line).ok_or(SecretError)).collect::<Result<Vec<_>, _>>()?;
        if (1..=MAX_SECRETS).contains(&secrets.len()) { Ok(Self(secrets)) } else { Err(SecretError) }
    }

    /// The header `webhook-signature`.
    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Result<String, SinkError> {
        let mut signatures = Vec::new();
        for secret in &self.0 {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose()).map_err(SinkError::unavailable)?;
            mac.update(format!("{id}.{timestamp}.").as_bytes());
            mac.update(body);
            signatures.push(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
        }
        Ok(signatures.join(" "))
    }
}

/// Posts to a URL.
pub struct WebhookSink {
    client: Arc<Client>,
    url: String,
    secrets: WebhookSecrets,
}

impl WebhookSink {
    /// A sink. Nothing is called yet.
    ///
    /// # Errors
    /// When the URL is none.
    pub fn new(client: Arc<Client>, url: String, secrets: WebhookSecrets) -> Result<Self, OutboundError> {
        Request::new(Method::POST, &url)?;
        Ok(Self { client, url, secrets })
    }

    pub(crate) async fn post(&self, batch: &[Message], now: Timestamp) -> Result<(), SinkError> {
        let id = batch_id(batch);
        let body = body(batch, now);
        let timestamp = now.as_unix_seconds();
        let signature = self.secrets.sign(&id, timestamp, &body)?;
        let name = HeaderName::from_static;
        let request = Request::new(Method::POST, &self.url)
            .and_then(|request| request.header(name("webhook-id"), &id))
            .and_then(|request| request.header(name("webhook-timestamp"), &timestamp.to_string()))
            .and_then(|request| request.header(name("webhook-signature"), &signature))
            .map_err(SinkError::unavailable)?
            .body("application/json", body)
            .no_retry()
            .max_response_bytes(MAX_ANSWER_BYTES)
            .timeout(TIMEOUT);
        let answer = self.client.call(&request).await.map_err(SinkError::unavailable)?;
        match answer.status {
            200..=299 => Ok(()),
            // What is too much for it, or is not understood: a smaller batch may be. 410 ends nothing by itself.
            status @ (400 | 413 | 422) => Err(SinkError::Refused(format!("the receiver answered {status}"))),
            status => {
                let error = format!("the receiver answered {status}");
                let wait = retry_after(&answer.headers, now).filter(|_| matches!(status, 429 | 503));
                Err(wait.map_or_else(
                    || SinkError::Unavailable(error.clone()),
                    |wait| SinkError::Later(error.clone(), wait),
                ))
            }
        }
    }
}

/// How long the receiver asks not to be called again, in seconds or as a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let wait = if is_number {
        // More than there is a number for is very long.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let date = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        let now = Duration::from_micros(u64::try_from(now.as_unix_micros()).unwrap_or_default());
        date.saturating_sub(now)
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

/// The same for the same events, however often they are sent.
fn batch_id(batch: &[Message]) -> String {
    let mut digest = Sha256::new();
    for message in batch {
        digest.update(message.id.as_bytes());
    }
    let digest = hex::encode(digest.finalize());
    format!("msg_{}", digest.get(..32).unwrap_or(&digest))
}

/// What is posted: each event is JSON already, and stands in it as it is.
fn body(batch: &[Message], now: Timestamp) -> Vec<u8> {
    let events: Vec<&str> = batch.iter().map(|message| message.line.as_str()).collect();
    let kind = json!("syft-space.audit.events");
    format!(r#"{{"type":{kind},"timestamp":"{now}","data":{{"events":[{}]}}}}"#, events.join(","))
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use syft_space_domain::audit::{Action, Outcome};
    use syft_space_domain::ids::EventId;

    use super::*;

    fn message(n: u8) -> Message {
        Message {
            id: EventId::from_bytes([n; 16]),
            time: Timestamp::from_unix_micros(0),
            action: Action::SysStartup,
            outcome: Outcome::Success,
            line: format!("{{\"n\":{n}}}"),
        }
    }

    #[test]
    fn u1_a_batch_is_signed_as_the_standard_has_it() {
        // The example of the standard's own libraries.
        let secrets = WebhookSecrets::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let signed = secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let two = format!("whsec_{}\nwhsec_{}\n", STANDARD.encode([1; 24]), STANDARD.encode([2; 64]));
        let signed = WebhookSecrets::parse(&two).unwrap().sign("a", 1, b"").unwrap();
        assert_eq!(signed.split(' ').filter(|one| one.starts_with("v1,")).count(), 2);
    }

    #[test]
    fn u1_a_receiver_says_for_how_long_it_is_let_alone_and_an_hour_at_most() {
        // 2026-11-29T12:00:00Z
        let now = Timestamp::from_unix_micros(1_795_953_600_000_000);
        let asked = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, now).map(|wait| wait.as_secs())
        };
        for (text, seconds) in [
            ("0", 0),
            (" 120 ", 120),
            ("3600", 3_600),
            ("86400", 3_600),
            ("99999999999999999999999", 3_600),
            ("Sun, 29 Nov 2026 12:02:00 GMT", 120),
            ("Sun, 29 Nov 2026 11:00:00 GMT", 0),
            ("Fri, 01 Jan 2100 00:00:00 GMT", 3_600),
        ] {
            assert_eq!(asked(text), Some(seconds), "{text}");
        }
        for text in ["", "-1", "+5", "1.5", "soon", "2026-11-29T12:02:00Z"] {
            assert_eq!(asked(text), None, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn u1_what_is_no_secret_is_refused_and_not_repeated() {
        let long = format!("whsec_{}", STANDARD.encode([1; 65]));
        let short = format!("whsec_{}", STANDARD.encode([1; 23]));
        let many = format!("whsec_{}\n", STANDARD.encode([1; 32])).repeat(5);
        for wrong in ["", "\n", "whsec_", "hunter2", "whsec_????", &long, &short, &many] {
            let error = WebhookSecrets::parse(wrong).err().unwrap().to_string();
            assert!(!error.contains("hunter2") && !error.contains("????"), "{error}");
        }
    }

    #[test]
    fn u1_the_same_events_have_the_same_id_and_others_another() {
        let (one, two) = (batch_id(&[message(1), message(2)]), batch_id(&[message(1)]));
        assert_eq!(one, batch_id(&[message(1), message(2)]));
        assert_ne!(one, two);
        assert_eq!(two.len(), 36);
        let told: serde_json::Value =
            serde_json::from_slice(&body(&[message(1), message(2)], Timestamp::from_unix_micros(0))).unwrap();
        assert_eq!(told["data"]["events"], json!([{ "n": 1 }, { "n": 2 }]));
        assert_eq!(told["type"], "syft-space.audit.events");
    }
}
