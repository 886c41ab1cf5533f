//! Endpoints, policies, explanations and queries of members.

use serde_json::{Value, json};

use super::recorder::{Ask, Recorder};
use crate::receipts::{line, text_of};
use crate::space::TestSpace;

const MISSING: &str = "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11";
const QUERY: &str = "/endpoints/birds/query";

pub async fn play() -> Recorder {
    let space = TestSpace::open_to_all().await;
    let mut r = Recorder::new("endpoints", &space);
    r.found(&space, "owner", "acme").await;
    r.found(&space, "foreigner", "globex").await;
    for (who, role) in [("admin", "admin"), ("anna", "user"), ("viewer", "viewer")] {
        r.join(who, role).await;
    }
    r.make("dataset", "owner", "/datasets", json!({ "name": "birds", "dtype": "embedded" })).await;
    let documents = json!({ "documents": [
        { "document_id": "owls", "title": "Owls", "content": "Owls hoot.", "metadata": { "page": 7 } },
        { "document_id": "kiwis", "content": "Kiwis walk." },
    ] });
    r.make("job", "owner", "/datasets/«dataset»/documents?wait=true", documents).await;
    endpoints(&mut r).await;
    policies(&mut r).await;
    drafts(&mut r).await;
    queries(&mut r).await;
    purposes(&mut r).await;
    prices(&mut r).await;
    disclosures(&mut r).await;
    schedules(&mut r).await;
    lints(&mut r).await;
    verdicts(&mut r).await;
    review(&mut r).await;
    removals(&mut r).await;
    r.log("owner", "/audit").await;
    r.log("foreigner", "/audit").await;
    r.found(&space, "witness", "initech").await;
    receipts(&mut r).await;
    r
}

/// What a receipt is of is proved to anybody who has it.
async fn receipts(r: &mut Recorder) {
    let ask = Ask::new("witness", "POST", "/endpoints/missing/query").header("x-syft-receipt", "1");
    let signed = r.quiet_header(ask.json(&json!({ "messages": "hoot" })), "syft-receipt").await;
    let receipt = text_of(&signed);
    let (log, tenant) =
        line(&receipt, "log").rsplit_once('/').map(|(log, id)| (log.to_owned(), id.to_owned())).unwrap();
    r.keep("installation", log.strip_suffix("/audit").unwrap());
    r.keep("tenant of the receipt", &tenant);
    r.keep("leaf", &line(&receipt, "leaf"));
    let path = format!("/receipts/«tenant of the receipt»/{}/«leaf»", line(&receipt, "number"));
    for query in ["", "?size=0", "?size=1", "?size=100000", "?x=1"] {
        r.get("nobody", &format!("{path}{query}")).await;
    }
    r.get("witness", &path).await;
}

fn endpoint(slug: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut body =
        json!({ "name": "Birds", "slug": slug, "dataset_id": "«dataset»", "response_type": "raw" });
    change(&mut body);
    body
}

async fn review(r: &mut Recorder) {
    for who in ["owner", "admin", "anna", "viewer", "foreigner"] {
        r.get(who, "/access-review").await;
    }
    let told = r.get("owner", "/access-review").await;
    r.keep("digest of all", told.text("/digest"));
    r.keep("review", told.text("/review_token"));
    let token = json!({ "digest": "«digest of all»", "review_token": "«review»" });
    r.post("admin", "/access-review/sign-off", token.clone()).await;
    r.post("owner", "/access-review/sign-off", token).await;
    for body in [
        json!({ "digest": "«digest of all»", "review_token": "00" }),
        json!({ "digest": "0", "review_token": "-" }),
        json!({}),
    ] {
        r.post("owner", "/access-review/sign-off", body).await;
    }
    for query in ["limit=2", "limit=0", "cursor=00", "format=csv"] {
        r.get("owner", &format!("/access-review?{query}")).await;
    }
}

async fn endpoints(r: &mut Recorder) {
    r.get("owner", "/endpoints").await;
    r.make("birds", "owner", "/endpoints", endpoint("birds", |_| {})).await;
    r.make(
        "owls",
        "admin",
        "/endpoints",
        endpoint("owls", |body| {
            body["summary"] = json!("Of owls");
            body["description"] = json!("First line.\nSecond “line” with <b>no</b> HTML.");
            body["tags"] = json!("night, wood");
            body["published"] = json!(true);
            body["model_id"] = json!(null);
        }),
    )
    .await;
    for body in [
        endpoint("birds", |_| {}),
        endpoint("Not A Slug", |_| {}),
        endpoint(MISSING, |_| {}),
        endpoint("kiwis", |body| body["dataset_id"] = json!(MISSING)),
        endpoint("kiwis", |body| body["dataset_id"] = json!("x")),
        endpoint("kiwis", |body| body["response_type"] = json!("summary")),
        endpoint("kiwis", |body| body["model_id"] = json!(MISSING)),
        endpoint("kiwis", |body| body["published"] = json!("yes")),
        endpoint("kiwis", |body| drop(body.as_object_mut().unwrap().remove("name"))),
        json!({}),
    ] {
        r.post("owner", "/endpoints", body).await;
    }
    // A dataset of another tenant is none.
    r.post("foreigner", "/endpoints", endpoint("birds", |_| {})).await;
    for target in [
        "/endpoints",
        "/endpoints/birds",
        "/endpoints/«birds»",
        "/endpoints/owls",
        "/endpoints/birds/listings",
    ] {
        for who in ["owner", "viewer", "anna", "foreigner"] {
            r.get(who, target).await;
        }
    }
    r.pages("owner", "/endpoints?limit=1").await;
    r.pages("anna", "/endpoints?limit=1").await;
    for target in ["/endpoints/missing", "/endpoints/X", "/endpoints?limit=0", "/endpoints?published=true"] {
        r.get("owner", target).await;
    }
    let change = |body: Value| Ask::new("owner", "PATCH", "/endpoints/birds").json(&body);
    r.send(change(json!({ "name": "All birds" })).header("if-match", "\"2\"")).await;
    r.send(change(json!({ "name": "All birds" })).header("if-match", "\"1\"")).await;
    for body in [
        json!({}),
        json!({ "summary": "Of all birds", "description": "Two\nlines", "tags": "x" }),
        json!({ "slug": "Other" }),
        json!({ "published": null }),
        json!({ "name": "a\tb" }),
    ] {
        r.send(change(body)).await;
    }
    r.patch("owner", "/endpoints/missing", json!({ "name": "x" })).await;
    r.patch("foreigner", "/endpoints/«birds»", json!({ "name": "x" })).await;
}

fn policy(name: &str, configuration: Value) -> Value {
    let mut body = json!({ "name": name, "policy_type": "access" });
    body["configuration"] = configuration;
    body
}

async fn policies(r: &mut Recorder) {
    r.get("owner", "/policies").await;
    let allow = json!({ "mode": "allow", "patterns": ["anna@acme.example", "*@partner.example"] });
    r.make("allow", "owner", "/policies", policy("our people", allow)).await;
    r.make(
        "deny",
        "admin",
        "/policies",
        policy("not these", json!({ "denied_users": ["Eve@Evil.Example"] })),
    )
    .await;
    r.make(
        "guests",
        "owner",
        "/policies",
        policy("guests", json!({ "mode": "allow", "patterns": [], "guests": true })),
    )
    .await;
    r.make(
        "unused",
        "owner",
        "/policies",
        policy("unused", json!({ "allowed_users": ["*"], "denied_users": [] })),
    )
    .await;
    for configuration in [
        json!({}),
        json!(7),
        json!({ "mode": "maybe", "patterns": [] }),
        json!({ "mode": "allow" }),
        json!({ "mode": "allow", "patterns": ["a@b@c", "ok@x.example"] }),
        json!({ "mode": "allow", "patterns": [7] }),
        json!({ "mode": "deny", "patterns": ["*"], "guests": "yes" }),
        json!({ "mode": "deny", "patterns": ["*"], "more": 1 }),
        json!({ "allowed_users": ["a@b.example"], "denied_users": ["c@d.example"] }),
        json!({ "mode": "deny", "patterns": [], "guests": true }),
    ] {
        r.post("owner", "/policies", policy("p", configuration)).await;
    }
    r.post("owner", "/policies", json!({ "name": "p", "policy_type": "rate_limit", "configuration": {} }))
        .await;
    r.pages("viewer", "/policies?limit=2").await;
    for target in [
        "/policies/«allow»",
        "/policies/«deny»",
        "/policies/x",
        "/policies/0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11",
    ] {
        r.get("owner", target).await;
        r.get("foreigner", target).await;
    }
    let change = |body: Value| Ask::new("owner", "PATCH", "/policies/«deny»").json(&body);
    r.send(change(json!({ "name": "never these" })).header("if-match", "\"5\"")).await;
    r.send(change(json!({ "name": "never these" })).header("if-match", "\"1\"")).await;
    for body in [
        json!({ "configuration": { "patterns": ["*@evil.example"] } }),
        json!({ "configuration": { "mode": null } }),
        json!({ "configuration": { "patterns": ["x"] } }),
        json!({ "configuration": [] }),
        json!({ "policy_type": "access" }),
        json!({}),
    ] {
        r.send(change(body)).await;
    }
    let attach = |ids: &[&str]| {
        Ask::new("owner", "PUT", "/endpoints/birds/policies").json(&json!({ "policy_ids": ids }))
    };
    r.send(attach(&["«allow»", "«deny»"])).await;
    r.send(attach(&["«deny»", "«allow»"]).header("if-match", "\"1\"")).await;
    for ids in [&["«allow»", "«allow»"][..], &[MISSING], &["x"], &["«unused»"; 21], &["«deny»", "«allow»"]]
    {
        r.send(attach(ids)).await;
    }
    r.put("owner", "/endpoints/missing/policies", json!({ "policy_ids": [] })).await;
    r.get("owner", "/endpoints/birds").await;
    for who in ["viewer", "owner"] {
        r.delete(who, "/policies/«allow»").await;
    }
    r.send(Ask::new("owner", "DELETE", "/policies/«unused»").header("if-match", "\"2\"")).await;
    r.delete("foreigner", "/policies/«unused»").await;
    r.delete("owner", "/policies/«unused»").await;
    r.delete("owner", "/policies/«unused»").await;
}

/// What is a draft is there for those alone who may change it.
async fn drafts(r: &mut Recorder) {
    for published in [false, true] {
        r.patch("owner", "/endpoints/birds", json!({ "published": published })).await;
        for who in ["owner", "admin", "anna", "viewer", "foreigner"] {
            r.post(who, QUERY, json!({ "messages": "Who, owls, hoot?", "similarity_threshold": 0.0 })).await;
        }
        r.get("anna", "/endpoints").await;
        explain(r, json!({ "email": "anna@acme.example" })).await;
    }
    r.post("anna", "/endpoints/missing/query", json!({ "messages": "Who, owls, hoot?" })).await;
    r.post("anna", "/endpoints/«birds»/query", json!({ "messages": "Who, owls, hoot?" })).await;
}

async fn queries(r: &mut Recorder) {
    for body in [
        json!({ "messages": "owls hoot" }),
        json!({ "messages": "zebra" }),
        json!({ "messages": "hoot", "similarity_threshold": 0.0, "limit": 1, "include_metadata": false }),
        json!({ "messages": [
            { "role": "system", "content": "You know birds." },
            { "role": "user", "content": "hoot" },
            { "role": "assistant", "content": "" },
        ], "similarity_threshold": 0.0, "max_tokens": 100, "temperature": 0.7, "stream": false, "stop_sequences": [],
            "presence_penalty": 1, "frequency_penalty": -1, "extras": { "a": 1 }, "user_email": "owner@acme.example" }),
        json!({}),
        json!({ "messages": "" }),
        json!({ "messages": [] }),
        json!({ "messages": 7 }),
        json!({ "messages": [{ "role": "tool", "content": "x" }] }),
        json!({ "messages": [{ "role": "assistant", "content": "x" }] }),
        json!({ "messages": [{ "role": "user", "content": " " }] }),
        json!({ "messages": "x", "limit": 0 }),
        json!({ "messages": "x", "limit": 101 }),
        json!({ "messages": "x", "similarity_threshold": 1.5 }),
        json!({ "messages": "x", "temperature": 3, "max_tokens": 0, "stop_sequences": vec![""; 17] }),
        json!({ "messages": "x", "stream": true }),
        json!({ "messages": "x", "extras": [] }),
        json!({ "messages": "x".repeat(33_000) }),
    ] {
        r.post("anna", QUERY, body).await;
    }
    for tenant in ["acme", "globex", "", "ACME"] {
        let ask = Ask::new("anna", "POST", QUERY).header("x-tenant-name", tenant);
        r.send(ask.json(&json!({ "messages": "hoot", "similarity_threshold": 0.0 }))).await;
    }
    let wish = Ask::new("anna", "POST", QUERY).header("x-syft-receipt", "yes");
    r.send(wish.json(&json!({ "messages": "hoot" }))).await;
    r.send(Ask::new("anna", "POST", QUERY).header("content-type", "text/plain").body("hoot")).await;
    r.send(Ask::new("anna", "POST", QUERY).header("content-type", "application/json").body("{\"messages\":"))
        .await;
    let twice = "{\"messages\":\"hoot\",\"messages\":\"walk\"}";
    r.send(Ask::new("anna", "POST", QUERY).header("content-type", "application/json").body(twice)).await;
    r.get("anna", QUERY).await;
}

/// What a query is for, where a policy demands that it is said.
async fn purposes(r: &mut Recorder) {
    let of = |allowed: Value| json!({ "name": "purposes", "policy_type": "purpose", "configuration": { "allowed": allowed } });
    for allowed in [json!([]), json!(["for fun"])] {
        r.post("owner", "/policies", of(allowed)).await;
    }
    let told = r.post("owner", "/policies", of(json!(["teaching", "DUO:0000006"]))).await;
    r.keep("purposes", told.text("/id"));
    r.put("owner", "/endpoints/birds/policies", json!({ "policy_ids": ["«purposes»"] })).await;
    for purpose in [json!(null), json!("teaching"), json!("advertising"), json!("for fun"), json!(7)] {
        r.post("anna", QUERY, json!({ "messages": "hoot", "similarity_threshold": 0.0, "purpose": purpose }))
            .await;
        let identity = json!({ "email": "anna@acme.example" });
        let body =
            json!({ "identity": identity, "purpose": purpose, "messages": "hoot", "address": "192.0.2.1" });
        r.post("owner", "/endpoints/birds/policies/explain", body).await;
    }
    r.get("anna", "/endpoints").await;
    r.put("owner", "/endpoints/birds/policies", json!({ "policy_ids": [] })).await;
    r.delete("owner", "/policies/«purposes»").await;
}

/// What a query costs, what of it is told, and what comes when all is spent.
async fn prices(r: &mut Recorder) {
    let of = |configuration: Value| json!({ "name": "prices", "policy_type": "accounting", "configuration": configuration });
    for bad in [
        json!({ "currency": "EUR" }),
        json!({ "price": 1, "currency": "EUR" }),
        json!({ "price": "1", "currency": "EUR", "unit": "token" }),
    ] {
        r.post("owner", "/policies", of(bad)).await;
    }
    let price =
        json!({ "price": "0.25", "currency": "EUR", "period": "total", "free_quota": 1, "budget": "0.25" });
    let told = r.post("owner", "/policies", of(price)).await;
    r.keep("prices", told.text("/id"));
    r.put("owner", "/endpoints/birds/policies", json!({ "policy_ids": ["«prices»"] })).await;
    for _ in 0..3 {
        r.post("anna", QUERY, json!({ "messages": "hoot", "similarity_threshold": 0.0 })).await;
    }
    explain(r, json!({ "email": "anna@acme.example" })).await;
    for who in ["owner", "admin", "anna", "viewer", "foreigner"] {
        for path in ["/ledger/transfers", "/ledger/balances", "/ledger/reconciliation"] {
            r.get(who, path).await;
        }
    }
    for query in ["limit=1", "limit=0", "cursor=00"] {
        r.get("owner", &format!("/ledger/transfers?{query}")).await;
        r.get("owner", &format!("/ledger/balances?{query}")).await;
    }
    r.put("owner", "/endpoints/birds/policies", json!({ "policy_ids": [] })).await;
    r.delete("owner", "/policies/«prices»").await;
}

/// How much a caller may be shown, and what owners see of that.
async fn disclosures(r: &mut Recorder) {
    let of = |configuration: Value| json!({ "name": "shown", "policy_type": "disclosure_limit", "configuration": configuration });
    for bad in [json!({}), json!({ "cap": 1, "window": "1w" }), json!({ "cap": 1, "scope": "key" })] {
        r.post("owner", "/policies", of(bad)).await;
    }
    let told = r.post("owner", "/policies", of(json!({ "cap": 1, "window": "1d" }))).await;
    r.keep("shown", told.text("/id"));
    r.put("owner", "/endpoints/birds/policies", json!({ "policy_ids": ["«shown»"] })).await;
    for question in ["hoot", "hoot", "walk"] {
        r.post("anna", QUERY, json!({ "messages": question, "similarity_threshold": 0.0 })).await;
    }
    for who in ["owner", "admin", "anna", "viewer", "foreigner"] {
        r.get(who, "/policies/«shown»/coverage").await;
    }
    r.get("owner", "/policies/«allow»/coverage").await;
    r.put("owner", "/endpoints/birds/policies", json!({ "policy_ids": [] })).await;
    r.delete("owner", "/policies/«shown»").await;
}

/// When an endpoint answers.
async fn schedules(r: &mut Recorder) {
    let hours = json!([{ "days": ["fri", "mon"], "from": "22:00", "until": "06:00" }]);
    let of = |configuration: Value| json!({ "name": "hours", "policy_type": "schedule", "configuration": configuration });
    for wrong in [
        json!({ "zone": "Berlin", "open": hours }),
        json!({ "zone": "UTC", "open": [] }),
        json!({ "zone": "UTC", "open": hours, "closed": ["tomorrow"] }),
    ] {
        r.post("owner", "/policies", of(wrong)).await;
    }
    let told = r.post("owner", "/policies", of(json!({ "zone": "europe/berlin", "open": hours }))).await;
    r.keep("hours", told.text("/id"));
    r.patch("owner", "/policies/«hours»", json!({ "configuration": { "closed": ["2027-01-04"] } })).await;
    r.put("owner", "/endpoints/birds/policies", json!({ "policy_ids": ["«hours»"] })).await;
    for at in ["2027-01-01T21:00:00Z", "2027-01-01T20:59:59Z", "2027-01-04T21:00:00Z"] {
        let identity = json!({ "email": "anna@acme.example" });
        r.post("owner", "/endpoints/birds/policies/explain", json!({ "identity": identity, "at": at })).await;
    }
    r.put("owner", "/endpoints/birds/policies", json!({ "policy_ids": [] })).await;
    r.delete("owner", "/policies/«hours»").await;
}

/// What is odd about patterns, and what a change of a policy would do.
async fn lints(r: &mut Recorder) {
    r.put("owner", "/endpoints/birds/policies", json!({ "policy_ids": ["«deny»", "«allow»"] })).await;
    for who in ["owner", "admin", "anna", "viewer"] {
        r.post(who, "/policies/lint", json!({ "endpoint": "birds" })).await;
    }
    let access = |mode: &str, patterns: &[&str]| json!({ "policy_type": "access", "configuration": { "mode": mode, "patterns": patterns } });
    let odd =
        ["ada@x.org", "*@x.org", "*@*.com", "*@gmail.com", "*@ab--*.org", "a*b*c@*d*.y.org", "eve@z.org"];
    for body in [
        json!({ "policies": [access("allow", &odd), access("deny", &["*@z.org"])] }),
        json!({ "policies": [] }),
        json!({ "policies": [{ "policy_type": "purpose", "configuration": { "allowed": ["teaching"] } }] }),
        json!({ "policies": [access("allow", &["ada"])] }),
        json!({ "policies": [{ "policy_type": "astrology", "configuration": {} }] }),
        json!({ "policies": [access("allow", &[])], "endpoint": "birds" }),
        json!({ "endpoint": "missing" }),
        json!({ "endpoint": null }),
        json!({}),
    ] {
        r.post("owner", "/policies/lint", body).await;
    }
    r.post("foreigner", "/policies/lint", json!({ "endpoint": "birds" })).await;

    let allow = |patterns: Value| json!({ "mode": "allow", "patterns": patterns });
    let identities = json!([{ "email": "anna@acme.example" }, { "email": "x@partner.example" }]);
    for configuration in
        [allow(json!([])), allow(json!(["*"])), allow(json!(["anna@acme.example"])), json!({})]
    {
        let body =
            json!({ "policy_id": "«allow»", "configuration": configuration, "identities": identities });
        for who in ["owner", "anna", "foreigner"] {
            r.post(who, "/policies/simulate", body.clone()).await;
        }
    }
    for identities in [json!([]), json!([{ "email": "nobody" }]), json!([{}]), json!("anna@acme.example")] {
        let body =
            json!({ "policy_id": "«allow»", "configuration": allow(json!(["*"])), "identities": identities });
        r.post("owner", "/policies/simulate", body).await;
    }
    for configuration in [allow(json!(["anna@acme.example"])), allow(json!([])), json!({})] {
        let until = "2020-01-02T00:00:00Z";
        let body = json!({ "policy_id": "«allow»", "configuration": configuration, "until": until });
        for who in ["owner", "anna", "foreigner"] {
            r.post(who, "/policies/replay", body.clone()).await;
        }
    }
    let body = json!({ "policy_id": "«allow»", "configuration": allow(json!([])), "until": "yesterday" });
    r.post("owner", "/policies/replay", body).await;
    r.put("owner", "/endpoints/birds/policies", json!({ "policy_ids": [] })).await;
}

async fn explain(r: &mut Recorder, identity: Value) {
    r.post("owner", "/endpoints/birds/policies/explain", json!({ "identity": identity })).await;
}

/// Who may, who may not, and what the owner is told of why.
async fn verdicts(r: &mut Recorder) {
    for ids in [&["«deny»", "«allow»"][..], &["«deny»"], &["«allow»", "«guests»"], &["«guests»"], &[]]
    {
        r.put("owner", "/endpoints/birds/policies", json!({ "policy_ids": ids })).await;
        for who in ["owner", "anna"] {
            r.post(who, QUERY, json!({ "messages": "hoot", "similarity_threshold": 0.0 })).await;
        }
        for email in ["anna@acme.example", "x@evil.example", "x@partner.example", "x@elsewhere.example"] {
            explain(r, json!({ "email": email })).await;
        }
        r.get("anna", "/endpoints").await;
    }
    for identity in [
        json!({}),
        json!({ "email": "nobody" }),
        json!({ "email": null }),
        json!({ "issuer": "https://hub.example.org", "sub": "2", "role": "user" }),
        json!({ "issuer": "https://hub.example.org", "sub": "2", "role": "guest", "email": "x@partner.example" }),
        json!({ "issuer": "https://hub.example.org" }),
        json!({ "issuer": "https://hub.example.org", "sub": "", "role": "root" }),
        json!({ "name": "x" }),
        json!("anna@acme.example"),
    ] {
        explain(r, identity).await;
    }
    let identity = json!({ "identity": { "email": "anna@acme.example" } });
    for (who, slug) in [("owner", "missing"), ("viewer", "birds"), ("foreigner", "«birds»")] {
        r.post(who, &format!("/endpoints/{slug}/policies/explain"), identity.clone()).await;
    }
}

async fn removals(r: &mut Recorder) {
    r.send(Ask::new("owner", "DELETE", "/endpoints/birds").header("if-match", "\"1\"")).await;
    r.delete("foreigner", "/endpoints/«birds»").await;
    r.delete("owner", "/endpoints/birds/listings/x").await;
    r.delete("owner", &format!("/endpoints/birds/listings/{MISSING}")).await;
    for who in ["viewer", "owner", "owner"] {
        r.delete(who, "/endpoints/birds").await;
    }
    r.post("anna", QUERY, json!({ "messages": "hoot" })).await;
    for policy in ["allow", "deny", "guests"] {
        r.delete("owner", &format!("/policies/«{policy}»")).await;
    }
    r.get("owner", "/policies").await;
}
