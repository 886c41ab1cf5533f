//! Bodies that are wrong in ways of their own.

use serde_json::{Value, json};
use syft_space::http::reason::Reason;
use syft_space::http::route_table::{Method, ROUTES, Route};

use crate::hostile::case::{Case, Expect};
use crate::hostile::values::{Kind, Wrong};
use crate::hostile::world::World;

pub fn cases(world: &World) -> Vec<Case> {
    let route = |method: Method, path: &str| {
        let at = |route: &&Route| route.method == method && route.path.trim_start_matches("/api/v1") == path;
        ROUTES.iter().find(at).unwrap()
    };
    let mut cases = Vec::new();
    let mut add = |method, path, body: Value, pointer: &str| {
        let route = route(method, path);
        let name: String = body.to_string().chars().take(120).collect();
        let bytes = world.request(route).body(body.to_string()).bytes();
        cases.push(Case::new(name, route, bytes, Expect::At(Reason::Invalid, pointer.to_owned())));
    };
    let policy = |configuration: Value| json!({ "name": "p", "policy_type": "access", "configuration": configuration });
    for (configuration, pointer) in [
        (json!(null), ""),
        (json!(7), ""),
        (json!([]), ""),
        (json!({}), "/mode"),
        (json!({ "mode": "allow" }), "/patterns"),
        (json!({ "mode": "ALLOW", "patterns": [] }), "/mode"),
        (json!({ "mode": ["allow"], "patterns": [] }), "/mode"),
        (json!({ "mode": "allow", "patterns": "*" }), "/patterns"),
        (json!({ "mode": "allow", "patterns": { "0": "*" } }), "/patterns"),
        (json!({ "mode": "allow", "patterns": [7] }), "/patterns/0"),
        (json!({ "mode": "allow", "patterns": [null] }), "/patterns/0"),
        (json!({ "mode": "allow", "patterns": [["*"]] }), "/patterns/0"),
        (json!({ "mode": "allow", "patterns": ["*"], "guests": "yes" }), "/guests"),
        (json!({ "mode": "allow", "patterns": ["*"], "admin": true }), ""),
        (json!({ "allowed_users": [], "denied_users": [] }), ""),
        (json!({ "allowed_users": ["a@b.example"], "denied_users": ["a@b.example"] }), ""),
        (json!({ "allowed_users": "a@b.example" }), "/allowed_users"),
        (json!({ "allowed_users": ["a?b@b.example"] }), "/allowed_users/0"),
    ] {
        add(Method::Post, "/policies", policy(configuration), &format!("/configuration{pointer}"));
    }
    for (configuration, pointer) in schedules() {
        let body = json!({ "name": "p", "policy_type": "schedule", "configuration": configuration });
        add(Method::Post, "/policies", body, &format!("/configuration{pointer}"));
    }
    for pattern in patterns() {
        let configuration = json!({ "mode": "allow", "patterns": ["*@good.example", pattern] });
        add(Method::Post, "/policies", policy(configuration), "/configuration/patterns/1");
        let configuration = json!({ "configuration": { "patterns": [pattern] } });
        add(Method::Patch, "/policies/{id}", configuration, "/configuration/patterns/0");
    }
    let many: Vec<String> = (0..10_001).map(|n| format!("a{n}@b.example")).collect();
    add(
        Method::Post,
        "/policies",
        policy(json!({ "mode": "allow", "patterns": many })),
        "/configuration/patterns",
    );
    for (patch, pointer) in [
        (json!({ "mode": null }), "/mode"),
        (json!({ "patterns": null }), "/patterns"),
        (json!(7), ""),
        (json!([]), ""),
    ] {
        let pointer = format!("/configuration{pointer}");
        add(Method::Patch, "/policies/{id}", json!({ "configuration": patch }), &pointer);
    }

    let attach = |ids: Value| json!({ "policy_ids": ids });
    let policies = "/endpoints/{slug}/policies";
    let Wrong { json: unknown, .. } = &Kind::Id.not_allowed()[2];
    let unknown: Value = serde_json::from_str(unknown).unwrap();
    let known = &world.things.policy;
    add(Method::Put, policies, attach(json!([7])), "/policy_ids/0");
    add(Method::Put, policies, attach(json!([null])), "/policy_ids/0");
    for ids in [json!(["x"]), json!([unknown]), json!([known, known]), json!([known, "../.."])] {
        add(Method::Put, policies, attach(ids), "/policy_ids");
    }
    add(Method::Put, policies, attach(json!(vec![known; 10_000])), "/policy_ids");

    let documents = "/datasets/{id}/documents";
    let many = vec![json!({ "content": "x" }); 10_001];
    for (body, pointer) in [
        (json!({ "documents": [] }), "/documents"),
        (json!({ "documents": many }), "/documents"),
        (
            json!({ "documents": [{ "content": "x", "document_id": "a" }, { "content": "y", "document_id": "a" }] }),
            "/documents/1/document_id",
        ),
        (json!({ "documents": [["id", "title", "content", {}]] }), "/documents/0"),
        (json!({ "documents": [{ "title": "x" }] }), "/documents/0"),
        (json!({ "documents": [{ "content": "x" }, "y"] }), "/documents/1"),
        (json!({ "documents": [{ "content": "x", "tenant_id": "other" }] }), "/documents/0/tenant_id"),
    ] {
        add(Method::Post, documents, body, pointer);
    }
    add(
        Method::Post,
        "/endpoints/{slug}/policies/explain",
        json!({ "identity": { "email": null } }),
        "/identity/email",
    );

    let victor = json!({ "identity": { "email": "victor@elsewhere.example" }, "verdict": "denied" });
    for (expectations, pointer) in [
        (
            json!([victor, { "identity": { "email": null }, "verdict": "denied" }]),
            "/expectations/1/identity/email",
        ),
        (
            json!([{ "identity": { "issuer": "https://hub.example", "sub": "x" }, "verdict": "denied" }]),
            "/expectations/0/identity",
        ),
        (json!([{ "identity": { "email": "victor@elsewhere.example" } }]), "/expectations/0"),
        (json!([{ "verdict": "denied" }]), "/expectations/0"),
        (json!(vec![victor; 51]), "/expectations"),
    ] {
        let body = json!({ "expectations": expectations });
        add(Method::Put, "/endpoints/{slug}/expectations", body, pointer);
    }

    let one = json!({ "policy_type": "access", "configuration": { "mode": "allow", "patterns": [] } });
    let other = json!({ "policy_type": "access", "configuration": { "mode": "allow", "patterns": ["a"] } });
    for (body, pointer) in [
        (json!({}), ""),
        (json!({ "endpoint": "things", "policies": [] }), ""),
        (json!({ "policies": vec![&one; 21] }), "/policies"),
        (json!({ "policies": [one, other] }), "/policies/1/configuration/patterns/0"),
    ] {
        add(Method::Post, "/policies/lint", body, pointer);
    }

    let id = "01a20bbd-c8f1-7a51-9d9e-0c7c1b7f5a10";
    for body in [json!({ "note": "no" }), json!({ "endpoint": "things", "caller_id": id })] {
        add(Method::Post, "/approvals/deny", body, "");
    }

    let query = "/endpoints/{slug}/query";
    for (messages, at) in [
        (json!(null), ""),
        (json!(7), ""),
        (json!(true), ""),
        (json!({}), ""),
        (json!(""), ""),
        (json!(" \u{3000}"), ""),
        (json!([]), ""),
        (json!([7]), "/0"),
        (json!([[]]), "/0"),
        (json!([["user", "x"]]), "/0"),
        (json!([{}]), "/0"),
        (json!([{ "role": "user" }]), "/0"),
        (json!([{ "content": "x" }]), "/0"),
        (json!([{ "role": "user", "content": "x" }, { "role": "root", "content": "x" }]), "/1/role"),
        (json!([{ "role": "USER", "content": "x" }]), "/0/role"),
        (json!([{ "role": 0, "content": "x" }]), "/0/role"),
        (json!([{ "role": "user", "content": 7 }]), "/0/content"),
        (json!([{ "role": "user", "content": null }]), "/0/content"),
        (json!([{ "role": "user", "content": ["x"] }]), "/0/content"),
        (json!([{ "role": "user", "content": "" }]), "/0/content"),
        (json!([{ "role": "user", "content": "x" }, { "role": "user", "content": " " }]), "/1/content"),
        (json!([{ "role": "system", "content": "no question" }]), ""),
        (json!("x".repeat(32 * 1024 + 1)), ""),
        (json!([{ "role": "user", "content": "x".repeat(32 * 1024 + 1) }]), "/0/content"),
        (json!("x".repeat(1_000_000)), ""),
    ] {
        add(Method::Post, query, json!({ "messages": messages }), &format!("/messages{at}"));
    }
    add(Method::Post, query, json!({}), "");
    let base = |key: &str, value: Value| {
        let mut body = json!({ "messages": "What thing?" });
        body[key] = value;
        body
    };
    add(Method::Post, query, base("stream", json!(true)), "/stream");
    add(Method::Post, query, base("stop_sequences", json!(vec!["x"; 17])), "/stop_sequences");
    add(Method::Post, query, base("stop_sequences", json!([7])), "/stop_sequences/0");
    add(Method::Post, query, base("temperature", json!(-0.1)), "/temperature");
    cases
}

/// What is no schedule, and where.
fn schedules() -> Vec<(Value, &'static str)> {
    let with = |days: Value, from: &str, until: &str| json!({ "zone": "UTC", "open": [{ "days": days, "from": from, "until": until }] });
    let open = json!([{ "days": ["mon"], "from": "08:00", "until": "18:00" }]);
    vec![
        (json!({}), "/zone"),
        (json!({ "zone": ["UTC"], "open": open }), "/zone"),
        (json!({ "zone": "../../etc/localtime", "open": open }), "/zone"),
        (json!({ "zone": "Europe/Berlin\0", "open": open }), "/zone"),
        (json!({ "zone": "\u{415}urope/Berlin", "open": open }), "/zone"),
        (json!({ "zone": "Factory", "open": open }), "/zone"),
        (json!({ "zone": "x".repeat(100_000), "open": open }), "/zone"),
        (json!({ "zone": "UTC", "open": [] }), "/open"),
        (json!({ "zone": "UTC", "open": vec![7; 51] }), "/open"),
        (json!({ "zone": "UTC", "open": [null] }), "/open/0"),
        (with(json!(["MON"]), "08:00", "18:00"), "/open/0/days/0"),
        (with(json!(vec!["mon"; 8]), "08:00", "18:00"), "/open/0/days"),
        (with(json!(["mon"]), "24:00", "18:00"), "/open/0/from"),
        (with(json!(["mon"]), "08:00", "8 pm"), "/open/0/until"),
        (with(json!(["mon"]), "08:00", "08:00"), "/open/0/until"),
        (json!({ "zone": "UTC", "open": open, "closed": vec!["2026-12-24"; 401] }), "/closed"),
        (json!({ "zone": "UTC", "open": open, "closed": ["2026-02-30"] }), "/closed/0"),
        (json!({ "zone": "UTC", "open": open, "closed": ["-002026-12-24", "2026-12-24"] }), "/closed/0"),
        (json!({ "zone": "UTC", "open": open, "timezone": "UTC" }), ""),
    ]
}

/// Texts that are no patterns.
fn patterns() -> Vec<String> {
    let mut patterns: Vec<String> = [
        "",
        " ",
        "**",
        "ada",
        "*example.com",
        "*@*@*",
        "a@evil.example@example.com",
        "*@",
        "@*",
        "*@*..com",
        "*@.*",
        "*@example.com ",
        "*@exam ple.com",
        "*@example.com\n",
        "*\0@example.com",
        "\u{202e}*@example.com",
        "mar\u{212a}*@example.com",
        "*@\u{212a}elvin.example",
        "*@m\u{fc}n*.example",
        "*@[127.0.0.1]",
        "*@127.0.0.1",
        "(a+)+$@example.com",
        "[a-z]*@example.com",
        "' OR '1'='1",
        "<script>@example.com",
        "hub:openmined/ada",
        "*@*.xn--a.com",
        "\"*\"@example.com",
    ]
    .map(str::to_owned)
    .to_vec();
    patterns.push(format!("{}@example.com", "*".repeat(309)));
    patterns.push(format!("{}*@example.com", "a".repeat(65)));
    patterns.push("*a".repeat(5_000) + "@example.com");
    patterns.push("@".repeat(10_000));
    patterns
}
