//! Every field of every body × every value that is wrong for it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use syft_space::http::reason::Reason;
use syft_space::http::route_table::{Method, ROUTES, Route};

use crate::hostile::case::{Answer, Case, Expect, exchange};
use crate::hostile::values::{Kind, Wrong};
use crate::hostile::world::World;

/// A field of a body: where, what it holds, and whether it may be null.
pub struct Field(pub &'static str, pub Kind, bool);

const fn is(pointer: &'static str, kind: Kind) -> Field {
    Field(pointer, kind, false)
}

const fn may_be(pointer: &'static str, kind: Kind) -> Field {
    Field(pointer, kind, true)
}

/// Every field that a route takes. A route with a body that does not stand here fails the test.
pub fn fields(route: &Route) -> Vec<Field> {
    use Kind::*;
    match (route.method, route.path.trim_start_matches("/api/v1")) {
        (Method::Post, "/auth/register") => vec![
            is("/email", Email),
            is("/password", NewPassword),
            is("/tenant_name", TenantName),
            may_be("/setup_token", Token),
        ],
        (Method::Post, "/auth/login") => {
            vec![
                is("/email", Email),
                is("/password", Password),
                may_be("/tenant", TenantName),
                may_be("/totp", Token),
            ]
        }
        (Method::Post, "/auth/reset") => vec![is("/token", Token), is("/new_password", NewPassword)],
        (Method::Post, "/auth/totp") => vec![is("/password", Password)],
        (Method::Delete, "/auth/totp") => vec![is("/password", Password), is("/code", Token)],
        (Method::Post, "/auth/totp/confirm" | "/auth/totp/recovery-codes") => vec![is("/code", Token)],
        (Method::Patch, "/tenant") => vec![is("/second_factor_roles", List), is("/max_key_days", Count)],
        (Method::Put, "/auth/password") => {
            vec![is("/current_password", Password), is("/new_password", NewPassword)]
        }
        (Method::Patch, "/users/{id}") => vec![is("/role", Word), is("/status", Word)],
        (Method::Post, "/invitations") => vec![is("/email", Email), is("/role", Word)],
        (Method::Post, "/invitations/accept") => vec![is("/token", Token), is("/password", NewPassword)],
        (Method::Post, "/access-review/sign-off") => vec![is("/digest", Word), is("/review_token", Token)],
        (Method::Post, "/api-keys") => vec![
            is("/name", Name),
            is("/scopes", List),
            may_be("/endpoints", List),
            may_be("/addresses", List),
            may_be("/expires_at", Word),
        ],
        (Method::Post, "/api-keys/{id}/rotate") => vec![is("/overlap_seconds", Seconds)],
        (Method::Post, "/datasets") => vec![
            is("/name", Name),
            is("/dtype", Word),
            is("/summary", Line),
            is("/tags", Line),
            is("/configuration", Object),
            is("/configuration/stemming", Word),
            is("/configuration/stop_words", Word),
            is("/configuration/tokenizer", Word),
            is("/search", Word),
            is("/encoder", Word),
        ],
        (Method::Patch, "/datasets/{id}") => vec![
            is("/name", Name),
            is("/summary", Line),
            is("/tags", Line),
            is("/search", Word),
            is("/encoder", Word),
        ],
        (Method::Post, "/datasets/{id}/search") => {
            vec![
                is("/query", Question),
                may_be("/limit", Limit),
                may_be("/context", ContextSize),
                may_be("/similarity_threshold", Share),
                is("/explain", Flag),
            ]
        }
        (Method::Post, "/datasets/{id}/documents") => vec![
            is("/documents", List),
            is("/documents/0", Object),
            may_be("/documents/0/document_id", DocumentId),
            may_be("/documents/0/title", Name),
            is("/documents/0/content", Content),
            is("/documents/0/metadata", Object),
        ],
        (Method::Post, "/auth/refresh") => vec![is("/refresh_token", Token)],
        (Method::Post, "/endpoints") => vec![
            is("/name", Name),
            is("/slug", Slug),
            is("/summary", Line),
            is("/description", Prose),
            is("/tags", Line),
            is("/dataset_id", Id),
            may_be("/model_id", Id),
            is("/response_type", Word),
            is("/published", Flag),
        ],
        (Method::Patch, "/endpoints/{slug}") => vec![
            is("/name", Name),
            is("/slug", Slug),
            is("/summary", Line),
            is("/description", Prose),
            is("/tags", Line),
            is("/published", Flag),
        ],
        (Method::Put, "/endpoints/{slug}/policies") => vec![is("/policy_ids", List)],
        (Method::Post, "/endpoints/{slug}/policies/explain") => vec![
            is("/identity", Object),
            is("/identity/email", Email),
            may_be("/identity/issuer", Issuer),
            may_be("/identity/sub", Issuer),
            may_be("/identity/role", Word),
            may_be("/messages", Any),
            may_be("/purpose", Purpose),
            may_be("/address", Word),
            may_be("/at", Word),
        ],
        (Method::Post, "/endpoints/{slug}/query") => vec![
            is("/messages", Any),
            may_be("/similarity_threshold", Share),
            may_be("/limit", Limit),
            may_be("/context", ContextSize),
            may_be("/purpose", Purpose),
            may_be("/include_metadata", Flag),
            may_be("/stream", Flag),
            may_be("/max_tokens", Count),
            may_be("/temperature", Penalty),
            may_be("/stop_sequences", List),
            may_be("/presence_penalty", Penalty),
            may_be("/frequency_penalty", Penalty),
            may_be("/extras", Object),
        ],
        (Method::Post, "/policies") => {
            vec![is("/name", Name), is("/policy_type", Word), is("/configuration", Any)]
        }
        (Method::Post, "/policies/lint") => vec![
            is("/endpoint", Slug),
            is("/policies", List),
            is("/policies/0", Object),
            is("/policies/0/policy_type", Word),
            is("/policies/0/configuration", Any),
        ],
        (Method::Post, "/policies/simulate") => vec![
            is("/policy_id", Id),
            is("/configuration", Any),
            is("/identities", List),
            is("/identities/0", Object),
            is("/identities/0/email", Email),
        ],
        (Method::Patch, "/policies/{id}") => vec![is("/name", Name), is("/configuration", Any)],
        (Method::Post, "/marketplaces") => vec![
            is("/name", Slug),
            is("/url", HubUrl),
            may_be("/issuer", Issuer),
            may_be("/username", HubUsername),
            is("/take_over", Flag),
            is("/credential", Object),
            is("/credential/type", Word),
            is("/credential/token", Token),
            is("/credential/username", Line),
            is("/credential/password", Token),
        ],
        (Method::Post, "/endpoints/{slug}/listings") => vec![is("/marketplace_id", Id)],
        (Method::Patch, "/marketplaces/{id}") => vec![
            is("/name", Slug),
            is("/take_over", Flag),
            is("/credential", Object),
            is("/credential/type", Word),
            is("/credential/token", Token),
            is("/credential/username", Line),
            is("/credential/password", Token),
        ],
        (method, path) => panic!("{method} {path} takes a body: say which fields it has"),
    }
}

pub fn cases(world: &World) -> Vec<Case> {
    let mut cases = Vec::new();
    for route in ROUTES.iter().filter(|route| world.body(route).is_some()) {
        for Field(pointer, kind, nullable) in fields(route) {
            for wrong in kind.of_other_types(nullable) {
                // Objects of another shape are the next rows' business.
                cases.push(case(
                    world,
                    route,
                    pointer,
                    &wrong,
                    Expect::At(Reason::Invalid, pointer.to_owned()),
                ));
            }
            for wrong in kind.not_allowed() {
                if let Some(expect) = expected(route, pointer, kind, &wrong) {
                    cases.push(case(world, route, pointer, &wrong, expect));
                }
            }
        }
        cases.push(one_field_too_many(world, route));
    }
    cases.extend(by_hand(world));
    cases
}

/// What a value that is not allowed is answered with; `None` where it is allowed after all.
fn expected(route: &Route, pointer: &str, kind: Kind, wrong: &Wrong) -> Option<Expect> {
    let large = wrong.json.len() > 1024 * 1024 && !route.path.ends_with("/documents");
    Some(match kind {
        _ if large => Expect::Refused(Reason::TooLarge),
        // Whoever may not register learns nothing about passwords.
        Kind::NewPassword if wrong.what == "common" && route.path.ends_with("/register") => {
            Expect::Refused(Reason::RegistrationClosed)
        }
        Kind::Password | Kind::NewPassword => Expect::Refused(Reason::PasswordRefused),
        // What is no dataset's configuration, or an identity, is told by the field that it lacks or has too many.
        Kind::Object
            if ["/configuration", "/documents/0", "/policies/0", "/identities/0", "/credential"]
                .contains(&pointer) =>
        {
            Expect::At(Reason::Invalid, format!("{pointer}/k"))
        }
        Kind::Object if pointer == "/identity" => Expect::At(Reason::Invalid, "/identity/k".to_owned()),
        Kind::Object if pointer == "/extras" => return None,
        _ => Expect::At(Reason::Invalid, pointer.to_owned()),
    })
}

fn case(world: &World, route: &'static Route, pointer: &str, wrong: &Wrong, expect: Expect) -> Case {
    let body = with(world.body(route).unwrap(), pointer, &wrong.json);
    Case::new(format!("{pointer} {}", wrong.what), route, world.request(route).body(body).bytes(), expect)
}

/// A body with JSON text, of whatever kind, in the place of one of its values.
pub fn with(mut body: Value, pointer: &str, json: &str) -> String {
    const PLACEHOLDER: &str = "@@here@@";
    let mut at = &mut body;
    for key in pointer.split('/').skip(1) {
        at = match key.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => &mut at[key],
        };
    }
    *at = json!(PLACEHOLDER);
    body.to_string().replace(&format!("\"{PLACEHOLDER}\""), json)
}

/// A refusal of a field that nobody knows names those that are known: they are those of this table.
#[tokio::test]
async fn i1_every_field_of_every_body_stands_in_the_table() {
    let world = World::make().await;
    let mut objects = 0;
    for route in ROUTES.iter().filter(|route| world.body(route).is_some() && !route.path.ends_with("/query"))
    {
        let table = fields(route);
        // The body itself, and each object in it that has fields of its own.
        let mut inside = vec![""];
        inside.extend(table.iter().filter(|field| field.1 == Kind::Object).map(|field| field.0));
        for object in inside {
            let body = with(world.body(route).unwrap(), &format!("{object}/no_such"), "1");
            let raw = exchange(world.address(), &world.request(route).body(body).bytes()).await;
            let answer: Value = serde_json::from_slice(&Answer::read(&raw).unwrap().body).unwrap();
            let message = answer["errors"][0]["message"].as_str().unwrap_or_default();
            let Some((_, known)) = message.split_once(", expected ") else {
                assert!(object.ends_with("/metadata"), "{} {object}: {answer}", route.path);
                continue;
            };
            let known: BTreeSet<String> = known.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            let ours = |field: &Field| {
                Some(field.0.strip_prefix(object)?.strip_prefix('/')?.split('/').next()?.to_owned())
            };
            let ours: BTreeSet<String> = table.iter().filter_map(ours).collect();
            assert_eq!(ours, known, "{} {} {object}", route.method, route.path);
            objects += 1;
        }
    }
    assert!(objects > 15, "{objects}");
}

fn one_field_too_many(world: &World, route: &'static Route) -> Case {
    let mut body = world.body(route).unwrap();
    body["__proto__"] = json!({ "role": "owner" });
    let bytes = world.request(route).body(body.to_string()).bytes();
    let expect = if route.path.ends_with("/query") {
        Expect::Harmless(200)
    } else {
        Expect::At(Reason::Invalid, "/__proto__".to_owned())
    };
    Case::new("with a field that nobody knows", route, bytes, expect)
}

fn by_hand(world: &World) -> Vec<Case> {
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
