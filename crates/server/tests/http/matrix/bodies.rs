//! What each route takes.

use serde_json::{Value, json};
use syft_space::http::route_table::{Method, Route};

use crate::matrix::Fixture;
use crate::space::PASSWORD;

/// The job has ended, so that nobody can stop it any more: it stands for the one success that the matrix has not.
pub(super) const CANCEL_PATH: &str = "/datasets/{id}/jobs/{job}/cancel";
/// The endpoint has no policy by then, so that nobody can list it.
pub(super) const LISTINGS_PATH: &str = "/endpoints/{slug}/listings";
/// Of one's own second factor, which nobody has: one begins, and the code is wrong.
pub(super) const TOTP_PATH: &str = "/auth/totp";
pub(super) const SIGN_OFF_PATH: &str = "/access-review/sign-off";
pub(super) const CONFIRM_PATH: &str = "/auth/totp/confirm";
pub(super) const RECOVERY_CODES_PATH: &str = "/auth/totp/recovery-codes";
/// It is approved by then, and taken back.
pub(super) const DENY_PATH: &str = "/approvals/{id}/deny";
/// It takes no body.
pub(super) const SYNC_PATH: &str = "/marketplaces/{id}/sync";
/// It takes a form, and is an identity provider's to call.
pub(super) const PROVIDER_LOGOUT_PATH: &str = "/auth/oidc/{tenant}/{provider}/backchannel-logout";
/// Nor do these.
pub(super) const LOGOUT_PATH: &str = "/auth/logout";
pub(super) const RESET_PATH: &str = "/users/{id}/reset";
pub(super) const ERASURE_PATH: &str = "/users/{id}/erasure";
pub(super) const ERASURES_PATH: &str = "/api/v1/erasures";
/// Nobody is erased, and nothing removed.
pub(super) const CERTIFICATE_PATH: &str = "/certificate";

/// A body that the route takes. A route that has none stands here too: a new route fails the test until somebody
/// has said what it takes.
pub fn body(route: &Route, things: &Fixture, n: usize) -> Option<Value> {
    let path = route.path.trim_start_matches("/api/v1");
    match (route.method, path) {
        (Method::Delete, TOTP_PATH) => Some(json!({ "password": PASSWORD, "code": "000000" })),
        (Method::Post, TOTP_PATH) => Some(json!({ "password": PASSWORD })),
        (Method::Post, CONFIRM_PATH | RECOVERY_CODES_PATH) => Some(json!({ "code": "000000" })),
        (Method::Patch, "/tenant") => Some(json!({ "second_factor_roles": [] })),
        (Method::Delete, "/tenant") => Some(json!({ "tenant_name": "acme" })),
        (Method::Patch, "/retention") => Some(json!({ "log_personal_data": 100 + n })),
        (Method::Post, "/erasures") => Some(json!({ "email": format!("erased{n}@n.example") })),
        (Method::Post, "/retention/sweep") => Some(json!({ "dry_run": true })),
        (Method::Post, "/retention/holds") => Some(json!({ "reason": format!("trial {n}") })),
        (Method::Post, "/audit/predecessor") => {
            Some(json!({ "log": "elsewhere/audit/acme", "size": 1 + n, "root": "0a".repeat(32) }))
        }
        (Method::Post, "/groups") => Some(json!({ "name": format!("made-{n}") })),
        (Method::Patch, "/groups/{name}") => Some(json!({ "description": format!("renamed {n}") })),
        (Method::Post, "/groups/{name}/members") => Some(json!({ "emails": ["more@things.example"] })),
        (Method::Get | Method::Delete, _)
        | (Method::Put, "/groups/{name}/members/{address}")
        | (
            Method::Post,
            CANCEL_PATH | RESET_PATH | ERASURE_PATH | SYNC_PATH | LOGOUT_PATH | PROVIDER_LOGOUT_PATH,
        ) => None,
        (Method::Post, LISTINGS_PATH) => Some(json!({ "marketplace_id": things.marketplace })),
        (Method::Post, "/auth/register") => {
            Some(json!({ "email": "n@n.example", "password": PASSWORD, "tenant_name": "nobodys" }))
        }
        (Method::Post, "/auth/login") => Some(json!({ "email": "n@n.example", "password": PASSWORD })),
        (Method::Post, "/auth/refresh") => Some(json!({ "refresh_token": "no such token" })),
        // It stays the same, so that whoever logs in later knows it.
        (Method::Put, "/auth/password") => {
            Some(json!({ "current_password": PASSWORD, "new_password": PASSWORD }))
        }
        (Method::Patch, "/users/{id}") => Some(json!({ "role": "viewer" })),
        (Method::Post, "/invitations") => {
            Some(json!({ "email": format!("i{n}@n.example"), "role": "viewer" }))
        }
        (Method::Post, "/invitations/accept") => {
            Some(json!({ "token": "no such token", "password": PASSWORD }))
        }
        (Method::Post, "/access-review/sign-off") => {
            Some(json!({ "digest": "0".repeat(64), "review_token": "00" }))
        }
        (Method::Post, "/api-keys") => {
            Some(json!({ "name": format!("made {n}"), "scopes": ["read_metadata"] }))
        }
        (Method::Post, "/api-keys/{id}/rotate") => Some(json!({ "overlap_seconds": 60 })),
        (Method::Post, "/auth/reset") => Some(json!({ "token": "no such token", "new_password": PASSWORD })),
        (Method::Post, "/datasets") => Some(json!({ "name": format!("made {n}"), "dtype": "embedded" })),
        (Method::Post, "/marketplaces") => Some(things.account.clone()),
        (Method::Patch, "/marketplaces/{id}") => Some(json!({ "name": format!("renamed-{n}") })),
        (Method::Patch, "/datasets/{id}" | "/endpoints/{slug}" | "/policies/{id}") => {
            Some(json!({ "name": format!("renamed {n}") }))
        }
        (Method::Post, "/datasets/{id}/search") => Some(json!({ "query": "thing" })),
        (Method::Post, "/datasets/{id}/documents") => Some(json!({ "documents": [{ "content": "More." }] })),
        (Method::Post, "/endpoints") => Some(json!({
            "name": "made", "slug": format!("made-{n}"), "dataset_id": things.dataset, "response_type": "raw",
        })),
        (Method::Put, "/endpoints/{slug}/policies") => Some(json!({ "policy_ids": [] })),
        // From a hub on which nobody has an account: what is expected of them hangs on nothing.
        (Method::Put, "/endpoints/{slug}/expectations") => Some(json!({ "expectations": [{
            "identity": { "issuer": "https://nobody.example", "sub": "nobody", "role": "user" },
            "verdict": "denied",
        }] })),
        (Method::Post, "/endpoints/{slug}/policies/explain") => {
            Some(json!({ "identity": { "email": "a@b.example" } }))
        }
        (Method::Post, "/endpoints/{slug}/query") => Some(json!({ "messages": "What thing?" })),
        (Method::Post, "/approvals/{id}/approve" | DENY_PATH) => Some(json!({ "note": "as agreed" })),
        (Method::Post, "/approvals/deny") => Some(json!({ "endpoint": things.slug })),
        (Method::Post, "/policies/lint") => Some(json!({
            "policies": [{ "policy_type": "access", "configuration": { "mode": "allow", "patterns": ["*"] } }],
        })),
        (Method::Post, "/policies/simulate") => Some(json!({
            "policy_id": things.policy, "configuration": { "mode": "allow", "patterns": ["*"] },
            "identities": [{ "email": "a@b.example" }],
        })),
        (Method::Post, "/policies/replay") => {
            Some(json!({ "policy_id": things.policy, "configuration": { "mode": "deny", "patterns": [] } }))
        }
        (Method::Post, "/policies/{id}/rollback") => Some(json!({ "revision": 1 })),
        (Method::Post, "/policies") => Some(json!({
            "name": "made", "policy_type": "access", "configuration": { "mode": "allow", "patterns": ["*"] },
        })),
        (method, path) => {
            panic!("{method} {path} is in the route table and not in the matrix: say what it takes")
        }
    }
}
