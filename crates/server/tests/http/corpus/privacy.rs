//! What people may ask for of what is held about them: to see it, and to have it erased.

use super::recorder::{Ask, Recorder};
use crate::space::TestSpace;

const MISSING: &str = "00000000-0000-7000-8000-000000000000";

pub async fn play() -> Recorder {
    let space = TestSpace::open_to_all().await;
    let mut r = Recorder::new("privacy", &space);
    r.found(&space, "owner", "acme").await;
    r.found(&space, "foreigner", "globex").await;
    r.join("admin", "admin").await;
    r.join("user", "user").await;
    r.join("viewer", "viewer").await;
    exports(&mut r).await;
    erasures(&mut r).await;
    tenant_end(&mut r).await;
    r.log("owner", "/audit").await;
    r
}

async fn exports(r: &mut Recorder) {
    for who in ["nobody", "owner", "viewer"] {
        r.get(who, "/me/export").await;
    }
    let of_user = "/users/«account of user»/export";
    for who in ["nobody", "user", "admin", "foreigner", "owner"] {
        r.get(who, of_user).await;
    }
    for id in [MISSING, "x"] {
        r.get("owner", &format!("/users/{id}/export")).await;
    }
    r.send(Ask::new("owner", "HEAD", "/me/export")).await;
}

async fn erasures(r: &mut Recorder) {
    for who in ["nobody", "admin", "owner"] {
        r.get(who, "/erasures").await;
    }
    let reason = serde_json::json!({ "reason": "a trial" });
    let hold = r.post("owner", "/retention/holds", reason).await;
    r.delete("viewer", "/me").await;
    r.send(Ask::new("owner", "POST", "/users/«account of user»/erasure")).await;
    r.delete("owner", &format!("/retention/holds/{}", hold.text("/id"))).await;
    for who in ["nobody", "owner"] {
        r.delete(who, "/me").await;
    }
    let begun = r.delete("viewer", "/me").await;
    let path: Vec<&str> = begun.text("/certificate_path").rsplit('/').collect();
    r.keep("token of the certificate", path[0]);
    r.keep("acme", path[2]);
    r.delete("viewer", "/me").await;
    // One after the other, so that their events stand in one order.
    ended(r, 1).await;
    certificates(r).await;
    for (who, whom) in [
        ("nobody", "«account of user»"),
        ("admin", "«account of user»"),
        ("foreigner", "«account of user»"),
        ("owner", "«account of owner»"),
        ("owner", MISSING),
        ("owner", "x"),
        ("owner", "«account of user»"),
        ("owner", "«account of user»"),
    ] {
        r.send(Ask::new(who, "POST", &format!("/users/{whom}/erasure"))).await;
    }
    ended(r, 2).await;
    former(r).await;
    ended(r, 3).await;
    r.get("owner", "/erasures").await;
    r.pages("owner", "/erasures").await;
    r.get("owner", "/erasures?cursor=x").await;
}

async fn tenant_end(r: &mut Recorder) {
    let named = |name: &str| serde_json::json!({ "tenant_name": name });
    let end = |who: &str, name: &str| Ask::new(who, "DELETE", "/tenant").json(&named(name));
    r.delete("owner", "/tenant/end").await;
    for (who, name) in
        [("nobody", "acme"), ("admin", "acme"), ("foreigner", "acme"), ("owner", "globex"), ("owner", "A")]
    {
        r.send(end(who, name)).await;
    }
    let reason = serde_json::json!({ "reason": "a trial" });
    let hold = r.post("owner", "/retention/holds", reason).await;
    r.send(end("owner", "acme")).await;
    r.delete("owner", &format!("/retention/holds/{}", hold.text("/id"))).await;
    for _ in 0..2 {
        r.send(end("owner", "acme")).await;
    }
    for (who, path) in
        [("owner", "/tenant"), ("owner", "/datasets"), ("admin", "/datasets"), ("admin", "/auth/me")]
    {
        r.get(who, path).await;
    }
    for who in ["owner", "admin"] {
        r.post(who, "/endpoints/things/query", serde_json::json!({ "messages": "What thing?" })).await;
        r.post(who, "/groups", serde_json::json!({ "name": "late" })).await;
        r.delete(who, "/tenant/end").await;
    }
    r.get("admin", "/datasets").await;
}

async fn certificates(r: &mut Recorder) {
    let of_viewer = "/erasures/«account of viewer»/certificate";
    for who in ["nobody", "admin", "foreigner", "owner"] {
        r.get(who, of_viewer).await;
    }
    for id in [MISSING, "x"] {
        r.get("owner", &format!("/erasures/{id}/certificate")).await;
    }
    r.get("nobody", "/certificates/«acme»/«account of viewer»/«token of the certificate»").await;
    let nothing = format!("/certificates/{MISSING}/«account of viewer»/{}", "00".repeat(32));
    r.get("nobody", &nothing).await;
}

async fn former(r: &mut Recorder) {
    r.join("leaver", "viewer").await;
    r.delete("leaver", "/auth/me").await;
    let email = |email: &str| serde_json::json!({ "email": email });
    for who in ["nobody", "admin", "foreigner"] {
        r.post(who, "/erasures", email("leaver@acme.example")).await;
    }
    for unknown in ["nobody@acme.example", "foreigner@globex.example", "owner@acme.example", "x"] {
        r.post("owner", "/erasures", email(unknown)).await;
    }
    r.post("owner", "/erasures", email("leaver@acme.example")).await;
}

/// Waits until so many erasures have ended.
async fn ended(r: &mut Recorder, most: usize) {
    r.until("owner", "/erasures", |list| {
        let items = list["items"].as_array().unwrap();
        items.len() == most && items.iter().all(|erasure| !erasure["ended_at"].is_null())
    })
    .await;
}
