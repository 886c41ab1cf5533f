//! The audit log: what is in it, and who reads it.

use std::collections::HashSet;

use serde_json::{Value, json};
use syft_space::http::route_table::{Guard, Method, ROUTES};

use crate::space::{Client, PASSWORD, TestSpace, dataset_of, endpoint_on, only_policy};

async fn id_of(client: &Client) -> String {
    client.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned()
}

/// Calls every mutating route once, and names each by its place in the route table.
#[tokio::test]
async fn u1_every_mutating_route_emits_an_event_that_bears_its_request_id() {
    let space = TestSpace::start().await;
    let mut owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "d", &[("doc", "Penguins swim.")]).await;
    let spare = dataset_of(&owner, "spare", &[]).await;
    endpoint_on(&owner, &dataset, "things").await;
    let policy = json!({ "name": "p", "policy_type": "access", "configuration": { "mode": "allow", "patterns": ["*"] } });
    let review = json!({ "name": "r", "policy_type": "manual_review", "configuration": {} });
    let review = owner.post("/policies", &review).await.expect(201).body["id"].clone();
    endpoint_on(&owner, &dataset, "reviewed").await;
    owner.put("/endpoints/reviewed/policies", &json!({ "policy_ids": [review] })).await.expect(200);
    let policy_id =
        owner.post("/policies", &policy).await.expect(201).body["id"].as_str().unwrap().to_owned();
    let somebody = space.member(&owner, "s@acme.example", "user").await;
    let user = somebody.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    let asker = space.member(&owner, "asker@acme.example", "user").await;
    let mut waiting = Vec::new();
    for question in ["penguins", "owls"] {
        let refused = asker.ask("reviewed", question).await.expect_problem(403, "review_pending");
        waiting.push(refused.body["approval_id"].as_str().unwrap().to_owned());
    }
    let key = json!({ "name": "nightly", "scopes": ["write_datasets"] });
    let key = owner.post("/api-keys", &key).await.expect(201).body["id"].as_str().unwrap().to_owned();
    let hold =
        owner.post("/retention/holds", &json!({ "reason": "an audit" })).await.expect(201).body["id"].clone();
    let hold = hold.as_str().unwrap();
    let other = space.member(&owner, "other@acme.example", "user").await;
    let other = other.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    let erased = space.member(&owner, "erased@acme.example", "user").await;
    let erased = erased.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    let former = id_of(&space.member(&owner, "former@acme.example", "user").await).await;
    owner.delete(&format!("/users/{former}")).await.expect(204);
    let reset = owner.send(owner.request("POST", &format!("/users/{other}/reset"))).await.expect(201);
    let redeem = json!({ "token": reset.body["token"], "new_password": PASSWORD });
    let marketplace = space.marketplace(&owner, "market").await;
    let listing = json!({ "marketplace_id": marketplace });
    for slug in ["shown", "known"] {
        endpoint_on(&owner, &dataset, slug).await;
        only_policy(&owner, slug, json!({ "mode": "allow", "patterns": ["*"] })).await;
    }
    let known = owner.post("/endpoints/known/listings", &listing).await.expect(201).body["id"].clone();
    let known = known.as_str().unwrap();
    let invite = json!({ "email": "i@acme.example", "role": "user" });
    let invited = owner.post("/invitations", &invite).await.expect(201);
    // Of another address: those of the one that is accepted end with it.
    let another = json!({ "email": "spare@acme.example", "role": "user" });
    let spare_invite =
        owner.post("/invitations", &another).await.expect(201).body["id"].as_str().unwrap().to_owned();
    let accept = json!({ "token": invited.body["token"], "password": PASSWORD });
    let endpoint = json!({ "name": "e", "slug": "made", "dataset_id": dataset, "response_type": "raw" });
    let name = json!({ "name": "renamed" });

    let login = json!({ "email": "owner@acme.example", "password": PASSWORD });
    let refresh = space.anybody().post("/auth/login", &login).await.expect(200).body["refresh_token"].clone();
    space.anybody().post("/auth/login", &login).await.expect(200);
    let sessions = owner.get("/auth/sessions").await.expect(200).body["items"].clone();
    let session = sessions[2]["id"].as_str().unwrap();

    let calls: Vec<(&str, &str, String, Value)> = vec![
        (
            "POST",
            "/auth/login",
            "/auth/login".into(),
            json!({ "email": "owner@acme.example", "password": PASSWORD }),
        ),
        ("POST", "/auth/refresh", "/auth/refresh".into(), json!({ "refresh_token": refresh })),
        ("DELETE", "/auth/sessions/{id}", format!("/auth/sessions/{session}"), Value::Null),
        ("DELETE", "/auth/sessions", "/auth/sessions".into(), Value::Null),
        (
            "PUT",
            "/auth/password",
            "/auth/password".into(),
            json!({ "current_password": PASSWORD, "new_password": PASSWORD }),
        ),
        ("POST", "/auth/totp", "/auth/totp".into(), json!({ "password": PASSWORD })),
        ("PATCH", "/tenant", "/tenant".into(), json!({ "second_factor_roles": ["viewer"] })),
        ("PATCH", "/retention", "/retention".into(), json!({ "log_personal_data": 30 })),
        ("DELETE", "/retention/holds/{id}", format!("/retention/holds/{hold}"), Value::Null),
        ("POST", "/retention/sweep", "/retention/sweep".into(), json!({ "dry_run": false })),
        ("PATCH", "/users/{id}", format!("/users/{user}"), json!({ "role": "viewer" })),
        ("DELETE", "/users/{id}/sessions", format!("/users/{user}/sessions"), Value::Null),
        ("POST", "/users/{id}/reset", format!("/users/{user}/reset"), Value::Null),
        ("POST", "/auth/reset", "/auth/reset".into(), redeem),
        ("DELETE", "/users/{id}", format!("/users/{user}"), Value::Null),
        ("POST", "/users/{id}/erasure", format!("/users/{erased}/erasure"), Value::Null),
        ("POST", "/erasures", "/erasures".into(), json!({ "email": "former@acme.example" })),
        (
            "POST",
            "/audit/predecessor",
            "/audit/predecessor".into(),
            json!({ "log": "elsewhere/audit/acme", "size": 9, "root": "0a".repeat(32) }),
        ),
        // While it stands nobody is erased.
        ("POST", "/retention/holds", "/retention/holds".into(), json!({ "reason": "a trial" })),
        ("POST", "/invitations", "/invitations".into(), invite.clone()),
        ("POST", "/invitations/accept", "/invitations/accept".into(), accept),
        ("DELETE", "/invitations/{id}", format!("/invitations/{spare_invite}"), Value::Null),
        ("POST", "/api-keys", "/api-keys".into(), json!({ "name": "another", "scopes": ["query"] })),
        ("POST", "/api-keys/{id}/rotate", format!("/api-keys/{key}/rotate"), json!({ "overlap_seconds": 0 })),
        ("DELETE", "/api-keys/{id}", format!("/api-keys/{key}"), Value::Null),
        ("POST", "/datasets", "/datasets".into(), json!({ "name": "new", "dtype": "embedded" })),
        ("PATCH", "/datasets/{id}", format!("/datasets/{dataset}"), name.clone()),
        ("DELETE", "/datasets/{id}", format!("/datasets/{spare}"), Value::Null),
        (
            "POST",
            "/datasets/{id}/search",
            format!("/datasets/{dataset}/search"),
            json!({ "query": "penguins" }),
        ),
        (
            "POST",
            "/datasets/{id}/documents",
            format!("/datasets/{dataset}/documents?wait=true"),
            json!({ "documents": [{ "content": "x" }] }),
        ),
        (
            "DELETE",
            "/datasets/{id}/documents/{doc}",
            format!("/datasets/{dataset}/documents/doc"),
            Value::Null,
        ),
        ("POST", "/endpoints", "/endpoints".into(), endpoint),
        ("PATCH", "/endpoints/{slug}", "/endpoints/made".into(), name.clone()),
        (
            "PUT",
            "/endpoints/{slug}/policies",
            "/endpoints/things/policies".into(),
            json!({ "policy_ids": [] }),
        ),
        (
            "PUT",
            "/endpoints/{slug}/expectations",
            "/endpoints/things/expectations".into(),
            json!({ "expectations": [{ "identity": { "email": "a@b.example" }, "verdict": "denied" }] }),
        ),
        (
            "POST",
            "/endpoints/{slug}/query",
            "/endpoints/things/query".into(),
            json!({ "messages": "penguins" }),
        ),
        ("POST", "/endpoints/{slug}/listings", "/endpoints/shown/listings".into(), listing),
        ("POST", "/marketplaces/{id}/sync", format!("/marketplaces/{marketplace}/sync"), Value::Null),
        (
            "DELETE",
            "/endpoints/{slug}/listings/{listing}",
            format!("/endpoints/known/listings/{known}"),
            Value::Null,
        ),
        ("DELETE", "/endpoints/{slug}", "/endpoints/made".into(), Value::Null),
        ("POST", "/policies", "/policies".into(), policy),
        ("PATCH", "/policies/{id}", format!("/policies/{policy_id}"), name.clone()),
        (
            "POST",
            "/policies/{id}/rollback",
            format!("/policies/{policy_id}/rollback"),
            json!({ "revision": 1 }),
        ),
        ("DELETE", "/policies/{id}", format!("/policies/{policy_id}"), Value::Null),
        ("POST", "/groups", "/groups".into(), json!({ "name": "partners" })),
        ("PATCH", "/groups/{name}", "/groups/partners".into(), json!({ "description": "who works with us" })),
        (
            "POST",
            "/groups/{name}/members",
            "/groups/partners/members".into(),
            json!({ "emails": ["ada@partner.example"] }),
        ),
        (
            "PUT",
            "/groups/{name}/members/{address}",
            "/groups/partners/members/bob@partner.example".into(),
            Value::Null,
        ),
        (
            "DELETE",
            "/groups/{name}/members/{address}",
            "/groups/partners/members/bob@partner.example".into(),
            Value::Null,
        ),
        ("DELETE", "/groups/{name}", "/groups/partners".into(), Value::Null),
        ("POST", "/approvals/{id}/approve", format!("/approvals/{}/approve", waiting[0]), json!({})),
        ("POST", "/approvals/{id}/deny", format!("/approvals/{}/deny", waiting[1]), json!({ "note": "no" })),
        ("POST", "/approvals/deny", "/approvals/deny".into(), json!({ "endpoint": "reviewed" })),
        ("POST", "/marketplaces", "/marketplaces".into(), space.hub_account("another")),
        ("PATCH", "/marketplaces/{id}", format!("/marketplaces/{marketplace}"), name),
        ("DELETE", "/marketplaces/{id}", format!("/marketplaces/{marketplace}"), Value::Null),
    ];
    // What changes nothing by its nature, and what was called to get here.
    let quiet = [
        ("POST", "/endpoints/{slug}/policies/explain"),
        ("POST", "/policies/lint"),
        ("POST", "/policies/simulate"),
        ("POST", "/policies/replay"),
        ("POST", "/auth/register"),
    ];
    // Where a job can be canceled before it ends, the event is looked for: in `files`. Who leaves cannot look, nor who logs out:
    // in `identity`, `erasures` and `sessions`. What wants a code: in `factors`.
    // A provider calls for itself: in `oidc`. What names what was read before: in `access_review`. What ends the tenant, and keeps it: in
    // `tenant_end`.
    let elsewhere = [
        ("POST", "/datasets/{id}/jobs/{job}/cancel"),
        ("POST", "/access-review/sign-off"),
        ("DELETE", "/auth/me"),
        ("DELETE", "/me"),
        ("DELETE", "/tenant"),
        ("DELETE", "/tenant/end"),
        ("POST", "/auth/logout"),
        ("DELETE", "/auth/totp"),
        ("POST", "/auth/totp/confirm"),
        ("POST", "/auth/totp/recovery-codes"),
        ("POST", "/auth/oidc/{tenant}/{provider}/backchannel-logout"),
    ];
    let covered: HashSet<(String, String)> = calls
        .iter()
        .map(|(method, path, ..)| (*method, *path))
        .chain(quiet)
        .chain(elsewhere)
        .map(|(method, path)| (method.to_owned(), format!("/api/v1{path}")))
        .collect();
    for route in ROUTES {
        let named = (route.method.to_string(), route.path.to_owned());
        assert!(route.method == Method::Get || covered.contains(&named), "{named:?} is not called here");
        assert!(matches!(route.guard, Guard::Open | Guard::Member(_)));
    }
    for (method, route, path, body) in calls {
        let request = owner.request(method, &path);
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = owner.send(request).await;
        assert!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
        if let Some(token) = answer.body["access_token"].as_str() {
            owner = owner.with_token(token);
        }
        let log = owner.audit("").await;
        let recorded = log.iter().any(|event| event["request_id"] == answer.header("x-request-id"));
        assert!(recorded, "{method} {route} left no event");
    }
}

#[tokio::test]
async fn u1_the_log_is_filtered_and_paged() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let dataset = dataset_of(&owner, "d", &[("doc", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    for _ in 0..5 {
        anna.ask("birds", "penguins").await.expect(200);
    }
    let id = anna.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    assert_eq!(owner.audit("&action=endpoint_query").await.len(), 5);
    assert_eq!(owner.audit(&format!("&action=endpoint_query&actor={id}")).await.len(), 5);
    assert_eq!(owner.audit("&outcome=denied").await.len(), 0);
    let all = owner.audit("").await;
    let middle = all[3]["time"].as_str().unwrap();
    let since = owner.audit(&format!("&since={middle}")).await;
    let until = owner.audit(&format!("&until={middle}")).await;
    assert_eq!(since.len() + until.len(), all.len());
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner.get(&format!("/audit?limit=4{cursor}")).await.expect(200);
        seen.extend(
            page.body["items"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()),
        );
        // Events that come meanwhile do not move what follows.
        anna.ask("birds", "penguins").await.expect(200);
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (1..=u64::try_from(all.len()).unwrap()).rev().collect::<Vec<_>>());
    let page = owner.get("/audit?limit=1").await.expect(200).body;
    let last = page["items"][0]["seq"].as_u64().unwrap();
    let projection =
        [&page["projection"]["seq"], &page["projection"]["lag"]].map(|number| number.as_u64().unwrap());
    assert_eq!(projection.iter().sum::<u64>(), last, "the index and its lag are this log's: {projection:?}");
    for bad in ["action=what", "outcome=maybe", "actor=me", "since=yesterday", "cursor=0", "limit=0"] {
        owner.get(&format!("/audit?{bad}")).await.expect_problem(422, "invalid");
    }
}

#[tokio::test]
async fn u1_failed_logins_and_refusals_are_there_and_secrets_are_not() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let wrong = "the wrong words entirely, friend";
    let body = json!({ "email": "owner@acme.example", "password": wrong });
    space.anybody().post("/auth/login", &body).await.expect_problem(401, "credentials_wrong");
    let viewer = space.member(&owner, "v@acme.example", "viewer").await;
    viewer.get("/audit").await.expect_problem(403, "forbidden");
    let failed = owner.audit("&action=authn_login_fail").await;
    assert_eq!((failed.len(), &failed[0]["outcome"]), (1, &json!("denied")));
    let refused = owner.audit("&action=authz_fail").await;
    assert_eq!(refused[0]["object"], json!({ "kind": "route", "id": "GET /api/v1/audit" }));
    let whole = owner.get("/audit?limit=100").await.text;
    for secret in [wrong, PASSWORD, owner.token(), viewer.token()] {
        assert!(!whole.contains(secret));
    }
}
