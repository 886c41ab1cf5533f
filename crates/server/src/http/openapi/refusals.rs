//! The reasons for which a route may refuse, and their responses in the OpenAPI document.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use syft_space_domain::access::Permission;

use crate::http::reason::Reason;
use crate::http::route_table::{Guard, Method, Route};

/// Refusals of requests that are for no route.
pub(super) const REASONS_WITHOUT_ROUTE: &[Reason] = &[Reason::NoRoute, Reason::MethodNotAllowed];

/// Every reason for which a route may refuse.
#[must_use]
pub fn reasons(route: &Route) -> Vec<Reason> {
    let docs = &route.docs;
    let mut all = vec![
        Reason::Ambiguous,
        Reason::Malformed,
        Reason::Invalid,
        Reason::TooManyRequests,
        Reason::Internal,
    ];
    if let Guard::Member(permissions) = route.guard {
        all.extend([Reason::Unauthenticated, Reason::TokenInvalid, Reason::KeyExpired, Reason::Forbidden]);
        all.push(Reason::TenantEnding);
        if permissions.iter().any(|permission| *permission != Permission::OwnAccount) {
            all.push(Reason::SecondFactorRequired);
        }
    }
    if route.path.contains('{') {
        all.push(Reason::NotFound);
    }
    if docs.request_bodies.iter().any(Option::is_some) {
        all.extend([Reason::TooLarge, Reason::BodyTimeout, Reason::UnsupportedMediaType]);
    }
    if docs.if_match {
        all.push(Reason::Changed);
    }
    // What writes, if only the audit event of a refusal, may find the store busy, full or closed.
    if matches!(route.guard, Guard::Member(_)) || route.method != Method::Get {
        all.extend([Reason::Overloaded, Reason::Unavailable, Reason::StorageFull]);
    }
    if route.method != Method::Get {
        all.push(Reason::Conflict);
    }
    all.extend(docs.reasons);
    // In the order of their table, each once.
    Reason::ALL.iter().copied().filter(|reason| all.contains(reason)).collect()
}

/// The same, by status.
pub(super) fn by_status(route: &Route) -> BTreeMap<u16, Vec<Reason>> {
    let mut all: BTreeMap<u16, Vec<Reason>> = BTreeMap::new();
    for reason in reasons(route) {
        all.entry(reason.status().as_u16()).or_default().push(reason);
    }
    all
}

/// A reference to the response for these reasons, which are of one status. It is put among the others.
pub(super) fn response(reasons: &[Reason], responses: &mut Map<String, Value>) -> Value {
    let codes: Vec<&str> = reasons.iter().map(|reason| reason.code()).collect();
    let status = reasons.first().map_or(500, |reason| reason.status().as_u16());
    let name = format!("{status}.{}", codes.join("."));
    let reference = json!({ "$ref": format!("#/components/responses/{name}") });
    if responses.contains_key(&name) {
        return reference;
    }
    let lines: Vec<String> =
        reasons.iter().map(|reason| format!("* `{}`: {}", reason.code(), reason.meaning())).collect();
    let examples: Map<String, Value> = reasons
        .iter()
        .map(|reason| (reason.code().to_owned(), json!({ "value": example(*reason) })))
        .collect();
    let response = json!({
        "description": lines.join("\n"),
        "headers": headers(status, reasons),
        "content": { "application/problem+json": {
            "schema": {
                "allOf": [{ "$ref": "#/components/schemas/Problem" }],
                "properties": { "status": { "const": status }, "reason_code": { "enum": codes } },
            },
            "examples": examples,
        } },
    });
    responses.insert(name, response);
    reference
}

/// The headers that tell how limits stand.
pub(super) const LIMIT_HEADERS: [&str; 2] = ["RateLimit-Policy", "RateLimit"];

fn headers(status: u16, reasons: &[Reason]) -> Value {
    let told = |reason| matches!(reason, &Reason::RateLimited | &Reason::TooManyRequests);
    let limits: &[&str] = if reasons.iter().any(told) { &LIMIT_HEADERS } else { &[] };
    let also: &[&str] = match status {
        401 | 403 => &["WWW-Authenticate"],
        405 => &["Allow"],
        429 | 503 => &["Retry-After"],
        _ => &[],
    };
    let named = also.iter().chain(limits).chain(&["X-Request-Id"]);
    named
        .map(|name| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") })))
        .collect()
}

fn example(reason: Reason) -> Value {
    let mut problem = json!({
        "type": format!("urn:syft-space:problem:{}", reason.code()),
        "title": reason.title(),
        "status": reason.status().as_u16(),
        "detail": reason.meaning(),
        "instance": "urn:uuid:01a20bbd-cf00-7e0a-bffe-141009a3878b",
        "reason_code": reason.code(),
    });
    if let (Reason::Invalid, Some(problem)) = (reason, problem.as_object_mut()) {
        let error = json!({ "pointer": "/name", "message": "is empty" });
        problem.insert("detail".to_owned(), "/name: is empty".into());
        problem.insert("errors".to_owned(), json!([error]));
    }
    problem
}
