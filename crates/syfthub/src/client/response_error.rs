//! The errors that stand for a hub's responses, and for calls without one.

use serde_json::Value;
use syft_space_domain::marketplace::ports::HubError;
use syft_space_domain::text::turns_direction;
use syft_space_outbound::{OutboundError, Response};

/// The most characters of a hub's message that are passed on.
const MAX_MESSAGE_CHARS: usize = 300;

/// The message of a hub, on one line and cut: `detail` is a text, an object with a message, or a list of those.
pub(crate) fn message(answer: &Response) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let detail = body.get("detail").unwrap_or(&Value::Null);
    let text = match detail {
        Value::String(text) => Some(text.as_str()),
        Value::Object(detail) => detail.get("message").and_then(Value::as_str),
        Value::Array(list) => list.first().and_then(|first| first.get("msg")).and_then(Value::as_str),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    };
    match text {
        Some(text) => printable(text),
        None => format!("it answered {}", answer.status),
    }
}

/// A text with printable characters only, cut to the longest message.
pub(crate) fn printable(text: &str) -> String {
    // Marks that turn the direction of writing are no control characters, and could dress up what follows.
    let plain = |c: char| if c.is_control() || turns_direction(c) { ' ' } else { c };
    text.chars().take(MAX_MESSAGE_CHARS).map(plain).collect::<String>().trim().to_owned()
}

/// The error for a status; `None` for success.
pub(super) fn from_status(answer: &Response) -> Option<HubError> {
    Some(match answer.status {
        200..=299 => return None,
        401 => HubError::Unauthorized(message(answer)),
        404 | 405 => HubError::NotFound,
        408 | 429 | 500..=599 => HubError::Unavailable(message(answer)),
        400..=499 => HubError::Refused(message(answer)),
        status => HubError::Unreadable(format!("it answered {status}, which no hub does")),
    })
}

/// The error for a call without a response.
pub(super) fn from_outbound(error: OutboundError) -> HubError {
    match error {
        OutboundError::TargetNotAllowed(why) => HubError::NotAllowed(why.to_string()),
        OutboundError::TooLarge(_) => HubError::Unreadable(error.to_string()),
        // What cannot stand in a header is no token.
        OutboundError::Header => HubError::Unauthorized(error.to_string()),
        OutboundError::Unresolved(_) => HubError::Unresolved,
        OutboundError::Url(_)
        | OutboundError::Connect(_)
        | OutboundError::Tls(_)
        | OutboundError::Timeout
        | OutboundError::Busy
        | OutboundError::Broken => HubError::Unavailable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use syft_space_outbound::http::HeaderMap;

    use super::*;

    fn answer(status: u16, body: &str) -> Response {
        Response { status, headers: HeaderMap::new(), body: body.to_owned().into() }
    }

    #[test]
    fn what_a_hub_says_is_read_in_each_of_its_forms_and_cut() {
        let long = format!(r#"{{"detail":"{}"}}"#, "ä".repeat(1_000));
        for (body, text) in [
            (r#"{"detail":"slug already exists"}"#, "slug already exists"),
            (r#"{"detail":{"code":"X","message":"Audience 'x'"}}"#, "Audience 'x'"),
            (r#"{"detail":[{"msg":"Field required","loc":[]}]}"#, "Field required"),
            (r#"{"detail":"a\r\nb\u001b[31m\u202e"}"#, "a  b [31m"),
            (r#"{"detail":7}"#, "it answered 400"),
            (r#"{"detail":[]}"#, "it answered 400"),
            ("<html>", "it answered 400"),
            (&long, &"ä".repeat(300)),
        ] {
            assert_eq!(message(&answer(400, body)), text, "{body}");
        }
    }

    #[test]
    fn each_status_has_its_meaning() {
        let of = |status| from_status(&answer(status, r#"{"detail":"why"}"#));
        assert_eq!(of(200), None);
        assert_eq!(of(204), None);
        assert_eq!(of(401), Some(HubError::Unauthorized("why".to_owned())));
        assert_eq!(of(404), Some(HubError::NotFound));
        for status in [400, 403, 409, 422] {
            assert_eq!(of(status), Some(HubError::Refused("why".to_owned())));
        }
        for status in [429, 500, 503] {
            assert_eq!(of(status), Some(HubError::Unavailable("why".to_owned())));
        }
        assert!(matches!(of(307), Some(HubError::Unreadable(_))));
    }
}
