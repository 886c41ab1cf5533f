//! The request that a handler gets: its caller is known, and methods read its path, query string, headers and body.

use std::sync::Arc;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, IF_MATCH};
use actix_web::web::Path;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use syft_space_domain::Space;
use syft_space_domain::audit::RequestContext;
use syft_space_domain::identity::Principal;
use syft_space_domain::page::{Cursor, PageLimit, PageLimitError, PageRequest};
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::OperatorScope;

use crate::http::body::BodyStream;
use crate::http::body_budget::BodyBytes;
use crate::http::caller::Caller;
use crate::http::drain;
use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::receipts;
use crate::http::route_docs::RouteDocs;
use crate::http::state::State;

/// The future of a handler, which refuses in the form of its front door.
pub type HandlerFuture<E = Problem> = LocalBoxFuture<'static, Result<HttpResponse, E>>;

/// A request that has passed the guard of its route.
pub struct Request {
    /// The state that all requests share.
    pub state: Arc<State>,
    /// The request id, its time and its origin.
    pub context: RequestContext,
    /// Who sent it; `None` only on routes that are open to anybody, and on those that are the operator's alone.
    pub caller: Option<Caller>,
    /// The operator's scope, where it came through the control socket without a token.
    pub operator: Option<Arc<OperatorScope>>,
    /// The parameters of its query string.
    pub parameters: Parameters,
    /// The most bytes of its body, where that is plain JSON.
    pub max_json_bytes: usize,
    /// The bytes that its body takes of the budget of all.
    pub body_bytes: BodyBytes,
    /// The request itself, with its body set aside until it is read.
    pub http: HttpRequest,
}

impl Request {
    /// Every port.
    #[must_use]
    pub fn space(&self) -> &Space {
        &self.state.space
    }

    /// Who sent it: as of now, once the body is read.
    ///
    /// # Errors
    /// When there is no caller: a route with the wrong guard fails closed.
    pub fn principal(&self) -> Result<&Principal, Problem> {
        self.caller.as_ref().map(Caller::principal).ok_or_else(no_caller)
    }

    /// Who sent it, for a use case that owns its caller: as of now, once the body is read. From then on the request has none.
    ///
    /// # Errors
    /// As for [`Request::principal`].
    pub fn take_principal(&mut self) -> Result<Principal, Problem> {
        self.caller.take().map(Caller::into_principal).ok_or_else(no_caller)
    }

    /// Asks anew who sent it and whether they may, for a handler that has waited: a caller who was removed, disabled or
    /// demoted meanwhile gets the answer that their next request would get.
    ///
    /// # Errors
    /// That answer.
    pub(crate) async fn renew(&mut self) -> Result<(), Problem> {
        if let Some(caller) = self.caller.take() {
            self.caller = Some(caller.renew(&self.state, &self.context).await?);
        }
        Ok(())
    }

    /// The operator's scope, on a route that is theirs alone.
    ///
    /// # Errors
    /// When it is not the operator's: a route with the wrong guard fails closed.
    pub fn operator(&self) -> Result<&OperatorScope, Problem> {
        self.operator.as_deref().ok_or_else(Problem::no_route)
    }

    /// A part of the path, parsed. What cannot be an id is the id of nothing.
    ///
    /// # Errors
    /// When it does not parse: the answer is that of a thing that does not exist.
    pub fn path<T: std::str::FromStr>(&self, name: &str, what: &str) -> Result<T, Problem> {
        let text = self.http.match_info().get(name).unwrap_or_default();
        text.parse().map_err(|_| Problem::new(Reason::NotFound, format!("there is no such {what}")))
    }

    /// Parts of the path by their names, with nothing in them percent-encoded any more: for texts in which each character may
    /// stand.
    ///
    /// # Errors
    /// When they are not of the form of `T`: the answer is that of a thing that does not exist.
    pub async fn path_texts<T: DeserializeOwned>(&self, what: &str) -> Result<T, Problem> {
        let parts = Path::<T>::extract(&self.http).await;
        let parts = parts.map_err(|_| Problem::new(Reason::NotFound, format!("there is no such {what}")))?;
        Ok(parts.into_inner())
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// When its media type, its size or its content is not allowed, or it does not arrive in time.
    pub async fn json<T: DeserializeOwned + JsonSchema>(&mut self) -> Result<T, Problem> {
        self.check_media_type(&["application/json"])?;
        let body = self.body(self.max_json_bytes).await?;
        self.body_bytes.parse(&body)
    }

    /// Reads the body as a form (`application/x-www-form-urlencoded`), and gives its one field of this name.
    ///
    /// # Errors
    /// As for [`Self::json`]; and when the field is missing or stands twice.
    pub async fn form_field(&mut self, name: &str) -> Result<Secret<String>, Problem> {
        self.check_media_type(&["application/x-www-form-urlencoded"])?;
        let body = self.body(self.max_json_bytes).await?;
        let malformed = || Problem::new(Reason::Malformed, format!("send a form with one field {name}"));
        let text = std::str::from_utf8(&body).map_err(|_| malformed())?;
        let fields =
            actix_web::web::Query::<Vec<(String, String)>>::from_query(text).map_err(|_| malformed())?;
        let mut values = fields.into_inner().into_iter().filter(|(field, _)| field == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Ok(Secret::new(value)),
            _ => Err(malformed()),
        }
    }

    /// Reads the body as a merge patch (RFC 7396).
    ///
    /// # Errors
    /// As for [`Self::json`].
    pub async fn merge_patch<T: DeserializeOwned + JsonSchema>(&mut self) -> Result<T, Problem> {
        self.check_media_type(&["application/merge-patch+json", "application/json"])?;
        let body = self.body(self.max_json_bytes).await?;
        self.body_bytes.parse(&body)
    }

    /// Refuses a body of another media type, before it is read.
    ///
    /// # Errors
    /// When it is none of these, or the body is compressed.
    pub fn check_media_type(&self, accepted: &[&str]) -> Result<(), Problem> {
        let sent =
            self.http.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (essence, parameters) = sent.split_once(';').unwrap_or((sent, ""));
        let charset_fits = parameters.split(';').map(str::trim).filter(|text| !text.is_empty()).all(|text| {
            let parameter = text.to_ascii_lowercase();
            matches!(
                parameter.as_str(),
                "charset=utf-8" | "charset=\"utf-8\"" | "charset=utf8" | "charset=\"utf8\""
            )
        });
        self.check_coding()?;
        if charset_fits && accepted.iter().any(|media_type| essence.trim().eq_ignore_ascii_case(media_type)) {
            return Ok(());
        }
        let detail = format!("send the body as {} in UTF-8", accepted.join(" or "));
        Err(Problem::new(Reason::UnsupportedMediaType, detail))
    }

    /// Refuses a body that would have to be decompressed, before it is read.
    ///
    /// # Errors
    /// When `Content-Encoding` names a coding.
    pub(crate) fn check_coding(&self) -> Result<(), Problem> {
        let mut codings = self.http.headers().get_all(CONTENT_ENCODING);
        if codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Ok(());
        }
        let detail = "send the body as it is, without Content-Encoding: it is not decompressed here";
        Err(Problem::new(Reason::UnsupportedMediaType, detail))
    }

    /// Whether the body is said to be a form with files.
    #[must_use]
    pub fn is_form(&self) -> bool {
        let sent = self.http.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = sent.and_then(|sent| sent.split(';').next()).unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("multipart/form-data")
    }

    /// Reads the body as a stream, up to a limit and no slower than it may.
    ///
    /// # Errors
    /// When the `Content-Length` of the request is too large.
    pub(crate) fn body_stream(&self, max_bytes: u64) -> Result<BodyStream, Problem> {
        BodyStream::new(&self.http, max_bytes, self.state.limits.body_timeout)
    }

    /// Reads the body, up to a bound and within a time, and asks anew who sent it.
    ///
    /// # Errors
    /// When it is too large, too slow, or cut off, when bodies take too much memory already; or when its sender may not send
    /// it any more.
    pub async fn body(&mut self, max: usize) -> Result<Vec<u8>, Problem> {
        let too_large = || Problem::new(Reason::TooLarge, format!("the body may have {max} bytes at most"));
        let announced = self.http.headers().get(actix_web::http::header::CONTENT_LENGTH);
        let announced =
            announced.and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<u64>().ok());
        if announced.is_some_and(|bytes| bytes > u64::try_from(max).unwrap_or(u64::MAX)) {
            return Err(too_large());
        }
        let expected = announced.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or_default();
        let Some(mut payload) = drain::take(&self.http) else { return Ok(Vec::new()) };
        let whole = async {
            // Grown by doubling, it would take up to twice the memory that the budget knows of.
            let mut body = Vec::with_capacity(expected);
            while let Some(chunk) = payload.next().await {
                let chunk = chunk.map_err(|error| {
                    Problem::new(Reason::Malformed, format!("the body was cut off or is malformed: {error}"))
                })?;
                if body.len().saturating_add(chunk.len()) > max {
                    return Err(too_large());
                }
                body.extend_from_slice(&chunk);
                self.body_bytes.grow_to(body.len())?;
            }
            Ok(body)
        };
        let read = tokio::time::timeout(self.state.limits.body_timeout, whole).await.unwrap_or_else(|_| {
            let seconds = self.state.limits.body_timeout.as_secs();
            Err(Problem::new(Reason::BodyTimeout, format!("the whole body must arrive within {seconds} s")))
        });
        if read.is_err() {
            drain::set_aside(&self.http, payload);
        }
        let body = read?;
        receipts::note_question(&self.http, &body);
        self.renew().await?;
        Ok(body)
    }

    /// The parameters of the query string.
    #[must_use]
    pub fn query(&self) -> &Parameters {
        &self.parameters
    }

    /// The revision that `If-Match` demands, where it is sent. A tag that we never gave out matches nothing
    /// (RFC 9110, section 13.1.1): it becomes 0, which no revision is.
    #[must_use]
    pub fn if_match(&self) -> Option<u64> {
        let text = self.http.headers().get(IF_MATCH)?.to_str().unwrap_or_default().trim();
        if text == "*" {
            return None;
        }
        let revision = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        // Rust would take a plus sign, too.
        let revision = revision.filter(|text| !text.starts_with('+'));
        Some(revision.and_then(|text| text.parse().ok()).unwrap_or(0))
    }
}

fn no_caller() -> Problem {
    Problem::new(Reason::Unauthenticated, "send an access token")
}

/// The query string, decoded.
///
/// # Errors
/// When it cannot be decoded.
pub(crate) fn query_pairs(http: &HttpRequest) -> Result<Vec<(String, String)>, Problem> {
    let decoded = actix_web::web::Query::<Vec<(String, String)>>::from_query(http.query_string());
    let decoded =
        decoded.map_err(|error| Problem::new(Reason::Malformed, format!("the query string: {error}")))?;
    Ok(decoded.into_inner())
}

/// The parameters of a query string.
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query string: each parameter at most once, and none that is not known.
    ///
    /// # Errors
    /// When a parameter stands twice, is unknown where that is not ignored, or is not decodable.
    pub fn read(http: &HttpRequest, docs: &RouteDocs) -> Result<Self, Problem> {
        let known = docs.query;
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in query_pairs(http)? {
            if !known.iter().any(|parameter| parameter.name == name) {
                if docs.ignores_unknown_parameters {
                    continue;
                }
                let known = match known {
                    [] => "none".to_owned(),
                    _ => known.iter().map(|parameter| parameter.name).collect::<Vec<_>>().join(", "),
                };
                let detail = format!("there is no parameter {name:?} here; known: {known}");
                return Err(Problem::field(format!("/{name}"), detail));
            }
            if pairs.iter().any(|(seen, _)| *seen == name) {
                return Err(Problem::new(Reason::Ambiguous, format!("the parameter {name} stands twice")));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// A parameter's text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter, parsed.
    ///
    /// # Errors
    /// When it does not parse.
    pub fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, Problem> {
        let parsed = self.get(name).map(str::parse).transpose();
        parsed.map_err(|error| Problem::field(format!("/{name}"), error))
    }

    /// The page of a list that is asked for.
    ///
    /// # Errors
    /// When `limit` or `cursor` does not parse.
    pub fn page<K: std::str::FromStr>(&self) -> Result<PageRequest<K>, Problem> {
        let limit = match self.get("limit") {
            // Rust would take a plus sign, too.
            Some(text) if text.starts_with('+') => return Err(PageLimitError.into()),
            Some(text) => PageLimit::parse(text.parse().unwrap_or(0))?,
            None => PageLimit::DEFAULT,
        };
        let after = self.get("cursor").map(Cursor::decode).transpose()?;
        Ok(PageRequest { limit, after })
    }
}
