//! How every refusal is answered: RFC 9457 `application/problem+json`.

use actix_web::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder};
use schemars::JsonSchema;
use serde::Serialize;
use syft_space_domain::endpoint::PolicyMetadata;
use syft_space_domain::ids::RequestId;

use crate::http::reason::Reason;
use crate::routes::shapes;

/// One part of a body that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldError {
    /// Where: a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong with it, and what would be right.
    pub message: String,
}

/// A refusal on its way to the caller.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    reason: Reason,
    detail: String,
    errors: Vec<FieldError>,
    tenants: Option<Vec<String>>,
    policy: Option<PolicyMetadata>,
    retry_after: Option<u64>,
    allow: Option<String>,
}

/// A refusal (RFC 9457).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct Body<'a> {
    /// `urn:syft-space:problem:` and the reason code.
    r#type: String,
    /// What it is called, for a person.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What is wrong and what to do, for a person.
    detail: &'a str,
    /// The request's id, as in `X-Request-Id` and in the audit log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    instance: Option<String>,
    #[schemars(with = "shapes::ReasonShape")]
    reason_code: &'static str,
    /// What is wrong with each part of a body or query string.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schemars(with = "Vec<FieldError>")]
    errors: &'a [FieldError],
    /// The tenants to choose from, where one must be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<shapes::TenantNameShape>")]
    tenants: Option<&'a [String]>,
    /// How the policies decided, where one refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::PolicyMetadataShape")]
    policy_metadata: Option<&'a PolicyMetadata>,
}

/// The most characters of a detail.
const DETAIL_MAX: usize = 2_000;
/// The most characters of a pointer, and of a message. Part of them may be the caller's own text, which has no end.
const PART_MAX: usize = 500;
/// The most parts of a body that one refusal tells of.
const PARTS_MAX: usize = 100;
/// The most of them that the detail repeats.
const PARTS_IN_DETAIL: usize = 5;

/// A text, cut short where it is longer than anybody reads.
fn cut(text: String, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

impl Problem {
    /// A refusal; the detail says what to do.
    #[expect(clippy::needless_pass_by_value, reason = "an error is handed over where it is answered")]
    pub fn new(reason: Reason, detail: impl ToString) -> Self {
        // Every 503 says when to come back.
        let retry_after = (reason.status().as_u16() == 503).then_some(1);
        Self(Box::new(Parts {
            reason,
            detail: cut(detail.to_string(), DETAIL_MAX),
            errors: Vec::new(),
            tenants: None,
            policy: None,
            retry_after,
            allow: None,
        }))
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
        let part = |one: FieldError| FieldError {
            pointer: cut(one.pointer, PART_MAX),
            message: cut(one.message, PART_MAX),
        };
        let errors: Vec<_> = errors.into_iter().take(PARTS_MAX).map(part).collect();
        let say = |one: &FieldError| match one.pointer.as_str() {
            "" => one.message.clone(),
            pointer => format!("{pointer}: {}", one.message),
        };
        let mut said: Vec<_> = errors.iter().take(PARTS_IN_DETAIL).map(say).collect();
        if found > said.len() {
            said.push(format!("and {} more", found - said.len()));
        }
        let mut problem = Self::new(Reason::Invalid, said.join("; "));
        problem.0.errors = errors;
        problem
    }

    /// Names the tenants to choose from.
    #[must_use]
    pub fn with_tenants(mut self, tenants: Vec<String>) -> Self {
        self.0.tenants = Some(tenants);
        self
    }

    /// Says how the policies decided.
    #[must_use]
    pub fn with_policy(mut self, policy: PolicyMetadata) -> Self {
        self.0.policy = Some(policy);
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

    /// Why.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// The answer, to the request of this id where it got one.
    #[must_use]
    pub fn respond(&self, request: Option<RequestId>) -> HttpResponse {
        let Parts { reason, detail, errors, tenants, policy, retry_after, allow } = &*self.0;
        let mut response = HttpResponseBuilder::new(reason.status());
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = retry_after {
            response.insert_header((RETRY_AFTER, *seconds));
        }
        if let Some(methods) = allow {
            response.insert_header((ALLOW, methods.as_str()));
        }
        match reason {
            Reason::Unauthenticated | Reason::CredentialsWrong => {
                response.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"syft-space\""));
            }
            Reason::TokenInvalid => {
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
        let body = Body {
            r#type: format!("urn:syft-space:problem:{}", reason.code()),
            title: reason.title(),
            status: reason.status().as_u16(),
            detail,
            instance: request.map(|id| format!("urn:uuid:{id}")),
            reason_code: reason.code(),
            errors,
            tenants: tenants.as_deref(),
            policy_metadata: policy.as_ref(),
        };
        // Strings and numbers alone: this always serialises.
        response.body(serde_json::to_vec(&body).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i1_a_refusal_is_never_much_longer_than_a_person_reads() {
        let wrong = FieldError { pointer: "/é".repeat(100_000), message: "ü".repeat(100_000) };
        let problem = Problem::fields(vec![wrong; 10_000]);
        assert_eq!(problem.0.errors.len(), PARTS_MAX);
        assert!(problem.0.errors.iter().all(|one| one.pointer.chars().count() <= PART_MAX + 1));
        assert!(problem.0.detail.chars().count() <= DETAIL_MAX + 1);
        let few = Problem::fields(vec![FieldError { pointer: "/a".to_owned(), message: "no".to_owned() }; 7]);
        assert!(few.0.detail.ends_with("/a: no; and 2 more"), "{}", few.0.detail);
    }
}
