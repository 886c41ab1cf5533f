//! The requests and responses of the hub.

use serde_json::{Value, json};

/// A request that the hub received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its path, decoded.
    pub path: String,
    /// The parameters of the query string, decoded.
    pub query: Vec<(String, String)>,
    /// Its headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// The IP address of the client.
    pub peer: String,
}

impl Request {
    /// The first header of this name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The first parameter of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(parameter, _)| parameter == name).map(|(_, value)| value.as_str())
    }

    /// Its bearer token.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    }

    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').skip(1).collect()
    }

    /// The body as a JSON object.
    pub(crate) fn object(&self) -> Result<Value, HubResponse> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(members)) => Ok(Value::Object(members)),
            Ok(other) => {
                let message = "Input should be a valid dictionary or object to extract fields from";
                Err(HubResponse::invalid("model_attributes_type", &["body"], message, other))
            }
            Err(_) if self.body.is_empty() => {
                Err(HubResponse::invalid("missing", &["body"], "Field required", Value::Null))
            }
            Err(_) => {
                Err(HubResponse::invalid("json_invalid", &["body", "0"], "JSON decode error", json!({})))
            }
        }
    }

    /// A number in the query string that must lie in a range.
    pub(crate) fn number(
        &self,
        name: &str,
        default: usize,
        range: (usize, usize),
    ) -> Result<usize, HubResponse> {
        let Some(text) = self.parameter(name) else { return Ok(default) };
        let (min, max) = range;
        let number = text.parse().ok().filter(|number| (min..=max).contains(number));
        let message = format!("Input should be an integer from {min} to {max}");
        number.ok_or_else(|| HubResponse::invalid("int_parsing", &["query", name], &message, json!(text)))
    }
}

/// A required string member of a body.
pub(crate) fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, HubResponse> {
    match body.get(name) {
        Some(Value::String(text)) => Ok(text),
        None => Err(HubResponse::invalid("missing", &["body", name], "Field required", body.clone())),
        Some(other) => Err(HubResponse::invalid(
            "string_type",
            &["body", name],
            "Input should be a valid string",
            other.clone(),
        )),
    }
}

/// A response of the hub.
#[derive(Debug)]
pub(crate) struct HubResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// JSON; `None` for a response without a body.
    pub(crate) body: Option<Value>,
}

impl HubResponse {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    pub(crate) fn no_content() -> Self {
        Self { status: 204, headers: Vec::new(), body: None }
    }

    /// An error, in the form that all of the hub's errors have.
    pub(crate) fn detail(status: u16, detail: impl Into<Value>) -> Self {
        Self::json(status, json!({"detail": detail.into()}))
    }

    /// An error with a code.
    pub(crate) fn coded(status: u16, code: &str, message: &str) -> Self {
        Self::detail(status, json!({"code": code, "message": message}))
    }

    pub(crate) fn not_found() -> Self {
        Self::detail(404, "Not Found")
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::detail(405, "Method Not Allowed")
    }

    pub(crate) fn unauthorized() -> Self {
        Self::detail(401, "Could not validate credentials")
    }

    pub(crate) fn too_many_requests() -> Self {
        Self::detail(429, "Too many requests. Please slow down and try again later.")
    }

    /// A validation error of one member of the request.
    pub(crate) fn invalid(kind: &str, location: &[&str], message: &str, input: impl Into<Value>) -> Self {
        let input: Value = input.into();
        Self::detail(422, json!([{"type": kind, "loc": location, "msg": message, "input": input}]))
    }

    /// A value of a body's member that violates a rule of the hub.
    pub(crate) fn bad_value(member: &str, reason: &str, input: impl Into<Value>) -> Self {
        Self::invalid("value_error", &["body", member], &format!("Value error, {reason}"), input)
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// A failure of OpenSSL in a handler.
impl From<crate::FakeHubError> for HubResponse {
    fn from(error: crate::FakeHubError) -> Self {
        Self::detail(500, error.to_string())
    }
}

/// The result of a handler. Both sides are responses; `?` returns early.
pub(crate) type HandlerResult = Result<HubResponse, HubResponse>;
