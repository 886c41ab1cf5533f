//! What comes to the hub, and what it answers.

use serde_json::{Value, json};

/// A request that the hub received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its path, decoded.
    pub path: String,
    /// What stands behind the `?`, decoded.
    pub query: Vec<(String, String)>,
    /// Its headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// From which address it came.
    pub peer: String,
}

impl Request {
    /// The first header of this name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// The first parameter of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
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
    pub(crate) fn object(&self) -> Result<Value, Answer> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(members)) => Ok(Value::Object(members)),
            Ok(other) => {
                let message = "Input should be a valid dictionary or object to extract fields from";
                Err(Answer::invalid("model_attributes_type", &["body"], message, other))
            }
            Err(_) if self.body.is_empty() => {
                Err(Answer::invalid("missing", &["body"], "Field required", Value::Null))
            }
            Err(_) => Err(Answer::invalid("json_invalid", &["body", "0"], "JSON decode error", json!({}))),
        }
    }

    /// A number in the query string that must lie in a range.
    pub(crate) fn number(&self, name: &str, default: usize, range: (usize, usize)) -> Result<usize, Answer> {
        let Some(text) = self.parameter(name) else { return Ok(default) };
        let (least, most) = range;
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        let message = format!("Input should be an integer from {least} to {most}");
        number.ok_or_else(|| Answer::invalid("int_parsing", &["query", name], &message, json!(text)))
    }
}

/// A text member of a body that must be there.
pub(crate) fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, Answer> {
    match body.get(name) {
        Some(Value::String(text)) => Ok(text),
        None => Err(Answer::invalid("missing", &["body", name], "Field required", body.clone())),
        Some(other) => Err(Answer::invalid(
            "string_type",
            &["body", name],
            "Input should be a valid string",
            other.clone(),
        )),
    }
}

/// An answer of the hub.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// JSON; `None` for an answer without a body.
    pub(crate) body: Option<Value>,
}

impl Answer {
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

    pub(crate) fn too_many() -> Self {
        Self::detail(429, "Too many requests. Please slow down and try again later.")
    }

    /// One broken rule of a request's shape.
    pub(crate) fn invalid(kind: &str, place: &[&str], message: &str, input: impl Into<Value>) -> Self {
        let input: Value = input.into();
        Self::detail(422, json!([{"type": kind, "loc": place, "msg": message, "input": input}]))
    }

    /// A value of a body's member that a rule of the hub refuses.
    pub(crate) fn bad_value(member: &str, why: &str, input: impl Into<Value>) -> Self {
        Self::invalid("value_error", &["body", member], &format!("Value error, {why}"), input)
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// A handler that failed because OpenSSL did.
impl From<crate::FakeHubError> for Answer {
    fn from(error: crate::FakeHubError) -> Self {
        Self::detail(500, error.to_string())
    }
}

/// What a route answers; both are answers, and `?` ends it early.
pub(crate) type Answered = Result<Answer, Answer>;
