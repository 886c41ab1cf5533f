//! A refusal, and how it is told: as the engine tells its own errors.

use http::StatusCode;
use serde_json::json;

/// The most characters of a message, which may quote what a caller sent.
const MAX_MESSAGE_CHARS: usize = 400;

/// A refusal: its status, and a message for whoever sent the request and for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    /// What this guard does not let through.
    pub(crate) fn forbidden(message: impl AsRef<str>) -> Self {
        Self::new(StatusCode::FORBIDDEN, &format!("docker-guard: {}", message.as_ref()))
    }

    /// What is no request that could be understood.
    pub(crate) fn malformed(message: impl AsRef<str>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, &format!("docker-guard: {}", message.as_ref()))
    }

    /// A name that is taken by something that is not the space's.
    pub(crate) fn conflict(message: impl AsRef<str>) -> Self {
        Self::new(StatusCode::CONFLICT, &format!("docker-guard: {}", message.as_ref()))
    }

    /// What is not there, or is not the space's: which of the two, the answer does not tell.
    pub(crate) fn not_found(kind: &str, name: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, &format!("No such {kind}: {name}"))
    }

    /// The engine cannot be reached, or answers what is no answer.
    pub(crate) fn bad_gateway(message: impl AsRef<str>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, &format!("docker-guard: {}", message.as_ref()))
    }

    /// The engine does not answer in time.
    pub(crate) fn timeout(message: impl AsRef<str>) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, &format!("docker-guard: {}", message.as_ref()))
    }

    fn new(status: StatusCode, message: &str) -> Self {
        // A line of the log stays one line, and an answer is short, whatever was sent.
        let printable = |letter: char| if letter.is_control() { '\u{fffd}' } else { letter };
        Self { status, message: message.chars().take(MAX_MESSAGE_CHARS).map(printable).collect() }
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The body of the answer, in the engine's form.
    pub(crate) fn body(&self) -> Vec<u8> {
        json!({ "message": self.message }).to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n3_a_refusal_is_a_short_line_of_json_whatever_it_quotes() {
        let long = format!("a\n\u{1b}[2J{}", "\u{7}\"".repeat(10_000));
        let body = Refusal::forbidden(&long).body();
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let message = value["message"].as_str().unwrap();
        assert_eq!(message.chars().count(), MAX_MESSAGE_CHARS);
        assert!(!message.chars().any(char::is_control), "{message:?}");
    }
}
