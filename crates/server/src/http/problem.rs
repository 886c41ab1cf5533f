//! The answer to a refused request: RFC 9457 `application/problem+json`.

mod body;

use std::borrow::Cow;

use actix_web::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder};
use syft_space_domain::audit::ReasonCode;
use syft_space_domain::ids::{ApprovalId, RequestId};
use syft_space_domain::policy::{LimitStatus, PolicyMetadata};

use crate::http::rate_limit_headers;
use crate::http::reason::Reason;

pub use body::FieldError;
pub(crate) use body::Problem as ProblemBody;

/// A refusal on its way to the caller.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    reason: Reason,
    detail: String,
    errors: Vec<FieldError>,
    tenants: Option<Vec<String>>,
    approval: Option<ApprovalId>,
    policy: Option<PolicyMetadata>,
    limits: Vec<LimitStatus>,
    retry_after: Option<u64>,
    allow: Option<String>,
    is_unrecorded: bool,
}

const KEY_ADDRESS_NOT_ALLOWED: &str = "the API key may not be used from this address";
const KEY_INVALID: &str = "the API key is not valid, or was revoked, or its text was replaced when it was rotated: its holder sees \
                           its keys at GET /api/v1/api-keys, and rotates one, or makes another, for a new text";
const TOKEN_EXPIRED: &str = "the token has expired; log in again, or get a new one";

/// The most characters of a detail.
const MAX_DETAIL_CHARS: usize = 2_000;
/// The most characters of a pointer, and of a message. Part of them may be the caller's own text, which has no end.
const MAX_FIELD_ERROR_CHARS: usize = 500;
/// The most parts of a body that one refusal tells of.
pub(super) const MAX_FIELD_ERRORS: usize = 100;
/// The most of them that the detail repeats.
const FIELD_ERRORS_IN_DETAIL: usize = 5;

/// A text, cut short where it is longer than anybody reads.
fn cut(text: String, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

impl Problem {
    /// What is answered where there is nothing, and where there is something that is not the caller's to know of.
    pub(crate) fn no_route() -> Self {
        Self::new(Reason::NoRoute, "there is no such path; /api/v1/openapi.json tells which the API has")
    }

    /// A refusal; the detail says what to do.
    #[expect(clippy::needless_pass_by_value, reason = "an error is handed over where it is answered")]
    pub fn new(reason: Reason, detail: impl ToString) -> Self {
        // Every 503 says when to come back.
        let retry_after = (reason.status().as_u16() == 503).then_some(1);
        Self(Box::new(Parts {
            reason,
            detail: cut(detail.to_string(), MAX_DETAIL_CHARS),
            errors: Vec::new(),
            tenants: None,
            approval: None,
            policy: None,
            limits: Vec::new(),
            retry_after,
            allow: None,
            is_unrecorded: false,
        }))
    }

    /// Marks a refusal of the caller that no log has an event of.
    #[must_use]
    pub(crate) fn unrecorded(mut self) -> Self {
        self.0.is_unrecorded = true;
        self
    }

    /// Whether it is marked so.
    pub(crate) fn is_unrecorded(&self) -> bool {
        self.0.is_unrecorded
    }

    /// The token of the caller is not valid. Nobody learns more than that, but that a genuine one has expired, which stands in
    /// it: no verifier looks at a token's time before its signature.
    pub(crate) fn token_invalid(reason_code: &ReasonCode) -> Self {
        let detail = match reason_code {
            ReasonCode::KeyExpired => {
                let detail = "the API key has expired: its holder makes another";
                return Self::new(Reason::KeyExpired, detail);
            }
            ReasonCode::KeyAddressNotAllowed => {
                return Self::new(Reason::TokenInvalid, KEY_ADDRESS_NOT_ALLOWED);
            }
            ReasonCode::KeyMalformed | ReasonCode::KeyUnknown => KEY_INVALID,
            ReasonCode::TokenExpired | ReasonCode::SatelliteTokenExpired => TOKEN_EXPIRED,
            _ => "the token is not valid, or no longer; log in again, or get a new one",
        };
        Self::new(Reason::TokenInvalid, detail)
    }

    /// Says to a caller without a good token how users of a marketplace get one, who cannot log in here.
    #[must_use]
    pub(crate) fn for_hub_users(mut self) -> Self {
        let detail = match self.0.reason {
            Reason::Unauthenticated => {
                "send a token as `Authorization: Bearer …`: members get one of POST /api/v1/auth/login, users of a marketplace \
                 get a satellite token there"
            }
            Reason::TokenInvalid if [KEY_ADDRESS_NOT_ALLOWED, KEY_INVALID].contains(&&*self.0.detail) => {
                return self;
            }
            Reason::TokenInvalid if self.0.detail == TOKEN_EXPIRED => {
                "the token has expired: members log in again, users of a marketplace get a new satellite token there"
            }
            Reason::TokenInvalid => {
                "the token is not valid, or no longer: members log in again, users of a marketplace get a new satellite token \
                 there"
            }
            _ => return self,
        };
        detail.clone_into(&mut self.0.detail);
        self
    }

    /// One part of the body is not allowed.
    #[expect(clippy::needless_pass_by_value, reason = "an error is handed over where it is answered")]
    pub fn field(pointer: impl Into<String>, message: impl ToString) -> Self {
        Self::fields(vec![FieldError { pointer: pointer.into(), message: message.to_string() }])
    }

    /// Some parts of the body are not allowed.
    #[must_use]
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let found = errors.len();
        let shorten = |error: FieldError| FieldError {
            pointer: cut(error.pointer, MAX_FIELD_ERROR_CHARS),
            message: cut(error.message, MAX_FIELD_ERROR_CHARS),
        };
        let errors: Vec<_> = errors.into_iter().take(MAX_FIELD_ERRORS).map(shorten).collect();
        let line = |error: &FieldError| match error.pointer.as_str() {
            "" => error.message.clone(),
            pointer => format!("{pointer}: {}", error.message),
        };
        let mut lines: Vec<_> = errors.iter().take(FIELD_ERRORS_IN_DETAIL).map(line).collect();
        if found > lines.len() {
            // Beyond what is told nobody counts.
            let more =
                if found > MAX_FIELD_ERRORS { "many".to_owned() } else { (found - lines.len()).to_string() };
            lines.push(format!("and {more} more"));
        }
        let mut problem = Self::new(Reason::Invalid, lines.join("; "));
        problem.0.errors = errors;
        problem
    }

    /// Names the tenants to choose from.
    #[must_use]
    pub fn with_tenants(mut self, tenants: Vec<String>) -> Self {
        self.0.tenants = Some(tenants);
        self
    }

    /// Names the request by which a question waits for approval, or was denied.
    #[must_use]
    pub fn with_approval(mut self, id: ApprovalId) -> Self {
        self.0.approval = Some(id);
        self
    }

    /// Says how the policies decided.
    #[must_use]
    pub fn with_policy(mut self, policy: PolicyMetadata) -> Self {
        self.0.policy = Some(policy);
        self
    }

    /// Says how limits stand.
    #[must_use]
    pub fn with_limits(mut self, limits: Vec<LimitStatus>) -> Self {
        self.0.limits = limits;
        self
    }

    /// Says when to come back, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds.max(1));
        self
    }

    /// Says which methods the path knows.
    #[must_use]
    pub fn allow(mut self, methods: String) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// The reason for the refusal.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// What is wrong and what to do, for a person.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// What is wrong with each part of the body or query string.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// How the policies decided, where one refused.
    #[must_use]
    pub fn policy(&self) -> Option<&PolicyMetadata> {
        self.0.policy.as_ref()
    }

    /// How the limits stand that refused.
    #[must_use]
    pub fn limits(&self) -> &[LimitStatus] {
        &self.0.limits
    }

    /// When to come back, in seconds, where that is known.
    #[must_use]
    pub fn seconds_to_wait(&self) -> Option<u64> {
        self.0.retry_after
    }

    /// The response, to the request of this id where it has one.
    #[must_use]
    pub fn respond(&self, request: Option<RequestId>) -> HttpResponse {
        let Parts {
            reason,
            detail,
            errors,
            tenants,
            approval,
            policy,
            limits,
            retry_after,
            allow,
            is_unrecorded: _,
        } = &*self.0;
        let mut response = HttpResponseBuilder::new(reason.status());
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = retry_after {
            response.insert_header((RETRY_AFTER, *seconds));
        }
        if let Some(methods) = allow {
            response.insert_header((ALLOW, methods.as_str()));
        }
        match reason {
            Reason::Unauthenticated
            | Reason::CredentialsWrong
            | Reason::RefreshTokenInvalid
            | Reason::TotpRequired
            | Reason::TotpWrong => {
                response.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"syft-space\""));
            }
            Reason::TokenInvalid | Reason::KeyExpired => {
                response.insert_header((
                    WWW_AUTHENTICATE,
                    "Bearer realm=\"syft-space\", error=\"invalid_token\"",
                ));
            }
            Reason::Forbidden => {
                response.insert_header((
                    WWW_AUTHENTICATE,
                    "Bearer realm=\"syft-space\", error=\"insufficient_scope\"",
                ));
            }
            _ => {}
        }
        let body = body::Problem {
            r#type: format!("urn:syft-space:problem:{}", reason.code()),
            title: reason.title().into(),
            status: reason.status().as_u16(),
            detail: detail.into(),
            instance: request.map(|id| format!("urn:uuid:{id}")),
            reason_code: reason.code().into(),
            errors: (!errors.is_empty()).then_some(errors.into()),
            tenants: tenants.as_deref().map(Cow::from),
            approval_id: *approval,
            policy_metadata: policy.as_ref(),
        };
        // Strings and numbers alone: this always serialises.
        let mut response = response.body(serde_json::to_vec(&body).unwrap_or_default());
        rate_limit_headers::insert(response.headers_mut(), limits);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i1_a_refusal_is_never_much_longer_than_a_person_reads() {
        let wrong = FieldError { pointer: "/é".repeat(100_000), message: "ü".repeat(100_000) };
        let problem = Problem::fields(vec![wrong; 10_000]);
        assert_eq!(problem.0.errors.len(), MAX_FIELD_ERRORS);
        assert!(
            problem.0.errors.iter().all(|error| error.pointer.chars().count() <= MAX_FIELD_ERROR_CHARS + 1)
        );
        assert!(problem.0.detail.chars().count() <= MAX_DETAIL_CHARS + 1);
        let few = Problem::fields(vec![FieldError { pointer: "/a".to_owned(), message: "no".to_owned() }; 7]);
        assert!(few.0.detail.ends_with("/a: no; and 2 more"), "{}", few.0.detail);
    }
}
