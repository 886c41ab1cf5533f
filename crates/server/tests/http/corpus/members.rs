//! Members and invitations: who may change whom, revisions, pages, and what becomes of a token.

use std::time::Duration;

use serde_json::json;

use super::recorder::{Ask, Recorder};
use crate::space::{PASSWORD, TestSpace};

const MISSING: &str = "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11";

pub async fn play() -> Recorder {
    let space = TestSpace::open_to_all().await;
    let mut r = Recorder::new("members", &space);
    r.found(&space, "owner", "acme").await;
    r.found(&space, "foreigner", "globex").await;
    taken(&mut r).await;
    for (who, role) in [
        ("admin", "admin"),
        ("user", "user"),
        ("viewer", "viewer"),
        ("second", "owner"),
        ("another", "admin"),
    ] {
        r.join(who, role).await;
    }
    lists(&mut r).await;
    invitations(&mut r).await;
    changes(&mut r).await;
    last_owner(&mut r).await;
    tenants(&mut r).await;
    passwords(&mut r).await;
    resets(&mut r).await;
    audit(&mut r).await;
    r.log("owner", "/audit").await;
    r.log("foreigner", "/audit").await;
    r
}

/// Names that are taken already.
async fn taken(r: &mut Recorder) {
    for (email, tenant) in
        [("owner@acme.example", "initech"), ("new@acme.example", "acme"), ("owner@acme.example", "acme")]
    {
        let body = json!({ "email": email, "password": PASSWORD, "tenant_name": tenant });
        r.post("nobody", "/auth/register", body).await;
    }
}

async fn lists(r: &mut Recorder) {
    for target in ["/users", "/users?limit=100", "/invitations", "/users/«account of user»"] {
        r.get("owner", target).await;
        r.get("admin", target).await;
        r.send(Ask::new("admin", "HEAD", target)).await;
    }
    r.pages("owner", "/users?limit=2").await;
    for target in [
        "/users?limit=0",
        "/users?limit=101",
        "/users?limit=x",
        "/users?cursor=x",
        "/users?cursor=",
        "/users?limit=1&limit=1",
        "/users?role=owner",
        "/users/x",
        "/users/«account of foreigner»",
        "/users/0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11",
        "/users/%ff",
    ] {
        r.get("owner", target).await;
    }
}

async fn invitations(r: &mut Recorder) {
    for (who, role) in [("admin", "owner"), ("admin", "admin"), ("admin", "viewer"), ("owner", "root")] {
        let told = r.post(who, "/invitations", json!({ "email": "x@acme.example", "role": role })).await;
        if told.status < 300 {
            r.keep("invitation", told.text("/id"));
            r.keep("invitation token", told.text("/token"));
        }
    }
    for (name, email, role) in
        [("of an admin", "y@acme.example", "admin"), ("of a viewer", "y@acme.example", "viewer")]
    {
        let told = r.post("owner", "/invitations", json!({ "email": email, "role": role })).await;
        r.keep(&format!("invitation {name}"), told.text("/id"));
        r.keep(&format!("invitation token {name}"), told.text("/token"));
    }
    // Who is a member already is not invited.
    r.post("owner", "/invitations", json!({ "email": "user@acme.example", "role": "viewer" })).await;
    r.pages("owner", "/invitations?limit=1").await;
    r.delete("admin", "/invitations/«invitation of an admin»").await;
    r.delete("foreigner", "/invitations/«invitation»").await;
    for who in ["admin", "admin", "owner"] {
        r.delete(who, "/invitations/«invitation»").await;
    }
    r.post("nobody", "/invitations/accept", json!({ "token": "«invitation token»", "password": PASSWORD }))
        .await;
    r.delete("owner", "/invitations/x").await;
    r.get("owner", "/invitations").await;
}

async fn changes(r: &mut Recorder) {
    let users = |who: &str| format!("/users/«account of {who}»");
    let change = |body: serde_json::Value| Ask::new("owner", "PATCH", "/users/«account of user»").json(&body);
    for tag in ["\"7\"", "\"0\"", "nonsense", "W/\"1\""] {
        r.send(change(json!({ "role": "viewer" })).header("if-match", tag)).await;
        r.send(Ask::new("owner", "DELETE", "/users/«account of user»").header("if-match", tag)).await;
    }
    r.send(change(json!({ "role": "viewer" })).header("if-match", "\"1\"")).await;
    r.send(change(json!({ "role": "user" })).header("if-match", "\"1\"")).await;
    r.send(change(json!({ "role": "user" })).header("if-match", "*")).await;
    r.send(change(json!({ "role": "user" })).header("if-match", "*").header("if-match", "*")).await;
    for body in [
        json!({}),
        json!({ "role": "root" }),
        json!({ "status": "gone" }),
        json!({ "email": "x" }),
        json!([]),
    ] {
        r.patch("owner", &users("user"), body).await;
    }
    let patch = Ask::new("owner", "PATCH", "/users/«account of user»");
    r.send(patch.header("content-type", "application/merge-patch+json").body(r#"{"role":"user"}"#)).await;
    for (who, whom, body) in [
        ("admin", "user", json!({ "role": "admin" })),
        ("admin", "admin", json!({ "role": "owner" })),
        ("admin", "owner", json!({ "role": "user" })),
        ("admin", "another", json!({ "status": "disabled" })),
        ("admin", "viewer", json!({ "role": "user", "status": "active" })),
        ("user", "user", json!({ "role": "owner" })),
        ("owner", "foreigner", json!({ "role": "viewer" })),
    ] {
        r.patch(who, &users(whom), body).await;
    }
    r.patch("owner", &format!("/users/{MISSING}"), json!({ "role": "viewer" })).await;
    for (who, whom) in [("admin", "owner"), ("admin", "another"), ("user", "viewer"), ("owner", "foreigner")]
    {
        r.delete(who, &users(whom)).await;
    }
    // A token is no good any more from the next request on, and stays so.
    r.get("viewer", "/auth/me").await;
    r.patch("admin", &users("viewer"), json!({ "status": "disabled" })).await;
    r.get("viewer", "/auth/me").await;
    r.post("nobody", "/auth/login", json!({ "email": "viewer@acme.example", "password": PASSWORD })).await;
    r.patch("admin", &users("viewer"), json!({ "status": "active" })).await;
    r.get("viewer", "/auth/me").await;
    // Tokens tell whole seconds, and those of the second in which somebody was disabled stay refused.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    r.log_in("viewer", "viewer@acme.example").await;
    r.get("viewer", "/auth/me").await;
    r.delete("admin", &users("viewer")).await;
    r.get("viewer", "/auth/me").await;
    r.delete("admin", &users("viewer")).await;
    r.get("admin", &users("viewer")).await;
}

async fn last_owner(r: &mut Recorder) {
    let me = "/users/«account of owner»";
    r.patch("owner", "/users/«account of second»", json!({ "status": "disabled" })).await;
    r.patch("owner", me, json!({ "role": "admin" })).await;
    r.patch("owner", me, json!({ "status": "disabled" })).await;
    r.delete("owner", me).await;
    r.patch("owner", "/users/«account of second»", json!({ "status": "active" })).await;
    r.delete("owner", "/users/«account of second»").await;
}

/// Who has an account in two tenants says which they mean, or means the older.
async fn tenants(r: &mut Recorder) {
    let told =
        r.post("foreigner", "/invitations", json!({ "email": "user@acme.example", "role": "viewer" })).await;
    r.keep("invitation elsewhere", told.text("/id"));
    r.keep("invitation token elsewhere", told.text("/token"));
    let accepted = json!({ "token": "«invitation token elsewhere»", "password": PASSWORD });
    r.post("nobody", "/invitations/accept", accepted).await;
    let body = json!({ "email": "user@acme.example", "password": PASSWORD });
    r.post("nobody", "/auth/login", body.clone()).await;
    for tenant in ["initech", "acme", "globex"] {
        let mut body = body.clone();
        body["tenant"] = json!(tenant);
        let told = r.post("nobody", "/auth/login", body).await;
        if told.status == 200 {
            let token = told.text("/access_token").to_owned();
            r.bear(&format!("user of {tenant}"), &token);
            r.get(&format!("user of {tenant}"), "/auth/me").await;
        }
    }
    // Who leaves one is in the other still; a tenant's last owner stays.
    for who in ["user of globex", "user of globex", "user of acme", "foreigner", "nobody"] {
        r.delete(who, "/auth/me").await;
    }
    r.get("user of acme", "/auth/me").await;
}

/// Changing one's own password, and what ends with it.
/// Who asks for a reset of whose password, and what a token is good for.
async fn resets(r: &mut Recorder) {
    const ANOTHER: &str = "nine herons wade past quiet mills";
    r.join("forgetful", "viewer").await;
    let redeem = |token: &str, new: &str| json!({ "token": token, "new_password": new });
    for (who, whose) in [
        ("nobody", "forgetful"),
        ("forgetful", "another"),
        ("another", "owner"),
        ("another", "another"),
        ("owner", "owner"),
        ("foreigner", "forgetful"),
    ] {
        r.send(Ask::new(who, "POST", &format!("/users/«account of {whose}»/reset"))).await;
    }
    for target in [format!("/users/{MISSING}/reset"), "/users/x/reset".to_owned()] {
        r.send(Ask::new("owner", "POST", &target)).await;
    }
    let told = r.send(Ask::new("another", "POST", "/users/«account of forgetful»/reset")).await;
    r.keep("reset token", told.text("/token"));
    for body in [
        redeem("no such token", ANOTHER),
        redeem("no such token", "short"),
        redeem("«reset token»", "short"),
        json!({ "token": "«reset token»" }),
        json!({ "token": "«reset token»", "password": ANOTHER }),
        redeem("«reset token»", ANOTHER),
        redeem("«reset token»", ANOTHER),
    ] {
        r.post("nobody", "/auth/reset", body).await;
    }
    r.get("forgetful", "/auth/me").await;
}

async fn passwords(r: &mut Recorder) {
    const ANOTHER: &str = "nine herons wade past quiet mills";
    let path = "/auth/password";
    let change = |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
    for (current, new) in [
        ("a guess among many others", ANOTHER),
        (PASSWORD, "fourteen chars"),
        (PASSWORD, "passwordpassword"),
        (PASSWORD, "another@acme.example"),
        (PASSWORD, &"x".repeat(1_025)),
    ] {
        r.put("another", path, change(current, new)).await;
    }
    for body in [json!({}), json!({ "current_password": PASSWORD, "password": ANOTHER })] {
        r.put("another", path, body).await;
    }
    let told = r.put("another", path, change(PASSWORD, ANOTHER)).await;
    r.get("another", "/auth/me").await;
    r.put("another", path, change(ANOTHER, PASSWORD)).await;
    r.bear("another", told.text("/access_token"));
    r.get("another", "/auth/me").await;
    for password in [PASSWORD, ANOTHER] {
        let body = json!({ "email": "another@acme.example", "password": password });
        r.post("nobody", "/auth/login", body).await;
    }
}

/// The log as the API gives it, and by each of its filters.
async fn audit(r: &mut Recorder) {
    r.get("admin", "/audit?limit=3").await;
    r.get("foreigner", "/audit").await;
    r.get("foreigner", "/audit/proof?seq=1&size=1").await;
    r.get("foreigner", "/audit/proof?seq=4&size=3").await;
    r.get("foreigner", "/audit/consistency?from=1&to=1").await;
    r.get("foreigner", "/audit/consistency?from=1&to=999999").await;
    r.get("foreigner", "/audit/impact?principal=owner@acme.example").await;
    r.get("foreigner", "/audit/impact?key_name=none").await;
    r.get("foreigner", "/audit/impact?document=none/none").await;
    r.get("foreigner", "/audit/impact?document=none").await;
    r.get("foreigner", "/audit/impact?key_name=a&principal=a@b.example").await;
    r.get("foreigner", "/audit/export?after=999999").await;
    r.get("foreigner", "/audit/tail?after=999999").await;
    r.send(Ask::new("foreigner", "GET", "/audit/tail").header("last-event-id", "x")).await;
    r.send(Ask::new("foreigner", "HEAD", "/audit/tail")).await;
    r.pages("foreigner", "/audit?limit=2").await;
    for filter in [
        "action=user_created",
        "action=privilege_permissions_changed&outcome=denied",
        "outcome=failure",
        "actor=«account of admin»",
        "actor=0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11",
        "since=2100-01-01T00:00:00Z",
        "until=2000-01-01T00:00:00Z",
        "since=2000-01-01T00:00:00Z&until=2100-01-01T00:00:00Z&action=user_deleted",
        "principal=admin@acme.example&action=authz_fail",
        "principal=nobody@acme.example",
        "endpoint=nowhere&reason=access_denied",
        "key_name=none",
        "principal=nobody",
        "reason=No+reason",
        "action=nonsense",
        "outcome=nonsense",
        "actor=nonsense",
        "since=yesterday",
        "until=tomorrow",
        "limit=0",
        "cursor=zz",
        "tenant=globex",
        "action=user_created&action=user_deleted",
    ] {
        r.get("admin", &format!("/audit?{filter}")).await;
    }
}
