//! The description of the API says what the API does: all of it, and nothing else. That every answer is one of those
//! described is checked with each request of these tests (`space/described.rs`).

mod filled_space;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use syft_space::http::openapi;
use syft_space::http::reason::Reason;
use syft_space::http::route_table::{Guard, ROUTES, Route};

use filled_space::FilledSpace;

use crate::approving::asked;
use crate::factors::authenticator::Authenticator;
use crate::space::openapi_check::{DOCUMENT, operation, resolve, validator};
use crate::space::{Client, TestSpace};

/// The media types in which a route takes a body, with their schemas and examples.
fn bodies(route: &Route) -> Vec<(&'static str, &'static Value)> {
    let content = operation(route)["requestBody"]["content"].as_object();
    content.into_iter().flatten().map(|(name, media)| (name.as_str(), media)).collect()
}

#[tokio::test]
async fn i1_anybody_may_read_the_description_which_is_that_of_the_table() {
    let space = TestSpace::start().await;
    let told = space.anybody().get("/openapi.json").await.expect(200);
    assert_eq!(told.body, *DOCUMENT);
    assert_eq!(told.body["openapi"], "3.1.1");
    let small = TestSpace::with(&[("max_body_bytes", "2048")]).await;
    let told = small.anybody().get("/openapi.json").await.expect(200);
    let login = &told.body["paths"]["/api/v1/auth/login"]["post"];
    assert_eq!(login["requestBody"]["description"], "At most 2048 bytes.");
}

#[test]
fn i1_every_route_is_described_and_no_other() {
    let mut described = BTreeSet::new();
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let routes: BTreeSet<String> =
        ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(described, routes);
    let ids: BTreeSet<String> = ROUTES.iter().map(openapi::operation_id).collect();
    assert_eq!(ids.len(), ROUTES.len(), "each operation has a name of its own");
    let tags: Vec<&Value> = DOCUMENT["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for route in ROUTES {
        let operation = operation(route);
        assert!(tags.contains(&&operation["tags"][0]), "{} is in no group of TAGS", route.name);
        assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 5), "{}", route.name);
        let answers: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
        assert!(
            answers.iter().any(|status| status.starts_with('2') || *status == "303"),
            "{} answers nothing",
            route.name
        );
        let bearer = operation["security"] != json!([]);
        assert_eq!(bearer, matches!(route.guard, Guard::Member(_)), "{}", route.name);
    }
}

#[test]
fn i1_every_reason_code_is_described_with_its_status_and_what_it_means() {
    let mut described = BTreeMap::new();
    for response in DOCUMENT["components"]["responses"].as_object().unwrap().values() {
        let problem = &response["content"]["application/problem+json"];
        for (code, example) in problem["examples"].as_object().unwrap() {
            let example = &example["value"];
            assert!(validator(&problem["schema"]).is_valid(example), "{code}: {example}");
            described.insert(code.clone(), example["status"].as_u64().unwrap());
        }
    }
    // The host's operator alone is asked for a tenant, and the document is the network's.
    let all: BTreeMap<String, u64> = Reason::ALL
        .iter()
        .filter(|reason| **reason != Reason::TenantRequired)
        .map(|reason| (reason.code().to_owned(), u64::from(reason.status().as_u16())))
        .collect();
    assert_eq!(described, all, "a reason that no route refuses for is not there, or one is not described");
    let told = DOCUMENT["components"]["schemas"]["ReasonCode"]["description"].as_str().unwrap();
    for reason in Reason::ALL {
        assert!(told.contains(&format!(
            "* `{}` ({}): {}",
            reason.code(),
            reason.status().as_u16(),
            reason.meaning()
        )));
        assert!(reason.meaning().len() > 10, "{} has no meaning", reason.code());
    }
}

#[test]
fn i1_every_reference_leads_somewhere_and_every_schema_has_a_name_of_its_own() {
    fn walk(part: &Value, seen: &mut BTreeSet<String>) {
        match part {
            Value::Object(object) => {
                if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                    assert!(DOCUMENT.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
                    seen.insert(reference.to_owned());
                }
                object.values().for_each(|value| walk(value, seen));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, seen)),
            _ => {}
        }
    }
    let mut seen = BTreeSet::new();
    walk(&DOCUMENT, &mut seen);
    let schemas = DOCUMENT["components"]["schemas"].as_object().unwrap();
    for name in schemas.keys() {
        assert!(seen.contains(&format!("#/components/schemas/{name}")), "nothing refers to {name}");
        let stem = name.trim_end_matches(|last: char| last.is_ascii_digit());
        assert!(
            stem == name || !schemas.contains_key(stem),
            "two types are called {stem}: give one of them another name"
        );
    }
}

#[test]
fn i1_every_body_has_an_example_that_is_as_described() {
    let check = |what: String, media: &Value| {
        let example = media.get("example").unwrap_or_else(|| panic!("{what}: say one in examples.json"));
        let schema = validator(&media["schema"]);
        let wrong: Vec<String> = schema.iter_errors(example).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{what}: {wrong:?}\n{example}");
    };
    for route in ROUTES {
        for (media_type, media) in bodies(route) {
            if media_type.ends_with("json") {
                check(format!("{} request {media_type}", route.name), media);
            }
        }
        for (status, response) in operation(route)["responses"].as_object().unwrap() {
            let json = response.get("content").and_then(|content| content.get("application/json"));
            if let (true, Some(media)) = (status.starts_with('2'), json) {
                check(format!("{} {status}", route.name), media);
            }
        }
    }
}

#[tokio::test]
async fn i1_every_example_of_a_request_is_accepted_and_answered_as_its_example_says() {
    let space = TestSpace::start().await;
    let mut told = ExampleSender {
        space: &space,
        client: space.anybody(),
        swaps: Vec::new(),
        seen: BTreeSet::new(),
        wait: false,
    };
    let setup = space.setup_token();
    told.swap("the text of the file setup-token in the home", &setup);
    let owner = told.send("auth_register", "", 201).await;
    let tokens = told.send("auth_login", "", 200).await;
    told.client = space.anybody().with_token(tokens["access_token"].as_str().unwrap());
    told.swap("the refresh token that was given out", tokens["refresh_token"].as_str().unwrap());
    told.send("auth_refresh", "", 200).await;
    told.send("sessions_list", "", 200).await;
    told.send("sessions_end_others", "", 200).await;
    assert_eq!(told.send("auth_me", "", 200).await["id"], owner["id"]);
    let begun = told.send("totp_enrol", "", 201).await;
    let app = Authenticator::of(begun["secret"].as_str().unwrap());
    // As of one moment: were the step over in between, the first would be of two steps ago.
    for (code, example) in app.codes([-1, 0, 1], 10).await.iter().zip(["287082", "081804", "050471"]) {
        told.swap(example, code);
    }
    told.send("totp_confirm", "", 200).await;
    told.send("totp_renew_recovery_codes", "", 201).await;
    told.send("totp_status", "", 200).await;
    told.send("totp_remove", "", 204).await;
    told.send("tenant_change", "", 200).await;
    told.send("tenant_get", "", 200).await;
    told.send("tenant_end", "", 200).await;
    told.send("tenant_keep", "", 204).await;
    let changed = told.send("auth_change_password", "", 200).await;
    told.client = space.anybody().with_token(changed["access_token"].as_str().unwrap());
    let invited = told.send("invitations_create", "", 201).await;
    told.swap("the token that was handed over", invited["token"].as_str().unwrap());
    let joined = told.send("invitations_accept", "", 201).await;
    let reset = told.send("users_reset", joined["id"].as_str().unwrap(), 201).await;
    told.swap("the token of the reset", reset["token"].as_str().unwrap());
    told.send("auth_redeem_reset", "", 204).await;
    told.send("users_change", joined["id"].as_str().unwrap(), 200).await;
    told.send("sessions_end_of_member", joined["id"].as_str().unwrap(), 200).await;
    space.member(&told.client, "leaver@library.example", "viewer").await;
    told.swap("anna@example.org", "leaver@library.example");
    told.send("erasures_of_address", "", 202).await;
    told.swaps.pop();
    let key = told.send("api_keys_create", "", 201).await["id"].as_str().unwrap().to_owned();
    told.send("api_keys_get", &key, 200).await;
    told.send("api_keys_rotate", &key, 200).await;
    let dataset = told.send("datasets_create", "", 201).await["id"].as_str().unwrap().to_owned();
    told.swap("01a20bbd-ca2a-7dd6-bade-87bf86a90c2f", &dataset);
    told.send("datasets_change", &dataset, 200).await;
    told.send("documents_add", &dataset, 202).await;
    told.wait = true;
    told.send("documents_add", &dataset, 200).await;
    told.wait = false;
    told.send("documents_search", &dataset, 200).await;
    told.send("endpoints_create", "", 201).await;
    told.send("endpoints_change", "opening-hours", 200).await;
    let policy = told.send("policies_create", "", 201).await["id"].as_str().unwrap().to_owned();
    told.swap("01a20bbd-cd35-7a08-9c6b-3f2e8d5a1b77", &policy);
    told.send("policies_change", &policy, 200).await;
    told.send("policy_revisions_roll_back", &policy, 200).await;
    told.send("endpoints_attach", "opening-hours", 200).await;
    told.send("expectations_set", "opening-hours", 200).await;
    told.send("retention_sweep", "", 200).await;
    told.send("retention_change", "", 200).await;
    told.send("retention_hold", "", 201).await;
    told.send("audit_proofs_name_predecessor", "", 204).await;
    told.send("groups_create", "", 201).await;
    for id in ["groups_change", "groups_add", "groups_get", "groups_members"] {
        told.send(id, "partners", 200).await;
    }
    let asker = space.member(&told.client, "asker@library.example", "user").await;
    let waiting = asked(&told.client, &asker, &dataset).await;
    told.send("approvals_approve", &waiting, 200).await;
    let refused = asker.ask("asked", "more things").await.expect_problem(403, "review_pending");
    told.send("approvals_deny_all", "", 200).await;
    told.send("approvals_deny", refused.body["approval_id"].as_str().unwrap(), 200).await;
    let account = space.hub_account_of("spaceowner", "openmined");
    told.swap("https://hub.example.org", account["url"].as_str().unwrap());
    told.swap("a personal access token of the hub", account["credential"]["token"].as_str().unwrap());
    let marketplace = told.send("marketplaces_create", "", 201).await["id"].as_str().unwrap().to_owned();
    told.send("marketplaces_change", &marketplace, 200).await;
    told.send("marketplaces_get", &marketplace, 200).await;
    told.swap("01a20bbe-1c52-7f3e-9a41-5d7c6b0e2f18", &marketplace);
    told.send("listings_create", "opening-hours", 201).await;
    told.send("listings_list", "opening-hours", 200).await;
    told.send("listings_sync", &marketplace, 200).await;
    told.send("endpoints_explain", "opening-hours", 200).await;
    told.send("policy_lint_lint", "", 200).await;
    told.send("policy_simulation_simulate", "", 200).await;
    told.send("policy_replay_replay", "", 200).await;
    let answer = told.send("query_query", "opening-hours", 200).await;
    assert_eq!(answer["references"]["documents"][0]["document_id"], "hours");
    let review = told.send("access_review_list", "", 200).await;
    told.swap("7b2274686973223a226f6e65227d", review["review_token"].as_str().unwrap());
    told.swap(
        "3f0a6f1e5a0a53f1c2b7f0fbd0d3e5a1b4c7d9e2f30516273849506172839405",
        review["digest"].as_str().unwrap(),
    );
    told.send("access_review_sign_off", "", 200).await;
    // What takes a form alone is an identity provider's to call.
    let takes_json =
        |route: &&Route| bodies(route).iter().any(|(media_type, _)| media_type.ends_with("json"));
    let with_body = ROUTES.iter().filter(takes_json);
    let with_body: BTreeSet<String> = with_body.map(openapi::operation_id).collect();
    assert_eq!(
        told.seen.intersection(&with_body).count(),
        with_body.len(),
        "{:?}",
        with_body.difference(&told.seen)
    );
}

/// Sends the examples of the description, with what was really made in the places of what they name.
struct ExampleSender<'a> {
    space: &'a TestSpace,
    client: Client,
    swaps: Vec<(String, String)>,
    seen: BTreeSet<String>,
    wait: bool,
}

impl ExampleSender<'_> {
    fn swap(&mut self, from: &str, to: &str) {
        self.swaps.push((from.to_owned(), to.to_owned()));
    }

    async fn send(&mut self, id: &str, thing: &str, status: u16) -> Value {
        let route = ROUTES.iter().find(|route| openapi::operation_id(route) == id).unwrap();
        self.seen.insert(id.to_owned());
        let path = route.path.replace("{id}", thing).replace("{slug}", thing).replace("{name}", thing);
        let path = if self.wait { format!("{path}?wait=true") } else { path };
        let mut answered = Value::Null;
        let examples: Vec<Option<Value>> = match bodies(route) {
            none if none.is_empty() => vec![None],
            some => some.iter().filter_map(|(_, media)| media.get("example").cloned()).map(Some).collect(),
        };
        for (n, example) in examples.into_iter().enumerate() {
            let client =
                if matches!(route.guard, Guard::Open) { &self.space.anybody() } else { &self.client };
            let mut request = client.request(&route.method.to_string(), &format!("/{path}"));
            if let Some(example) = example {
                let swapped =
                    self.swaps.iter().fold(example.to_string(), |text, (from, to)| text.replace(from, to));
                request = request.header("content-type", bodies(route)[n].0).body(swapped);
            }
            answered = client.send(request).await.expect(status).body;
        }
        if status == 204 {
            return answered;
        }
        let example = openapi::example(id, &status.to_string()).unwrap();
        let keys = |body: &Value| body.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(&answered), keys(&example), "{id}: the example answers with other fields");
        answered
    }
}

#[tokio::test]
async fn i1_every_described_parameter_is_read_and_any_other_is_refused() {
    let furnished = FilledSpace::new().await;
    let bad = |name: &str| match name {
        "limit" => "0",
        // What is no cursor otherwise, no schema can say.
        "cursor" | "key_name" => "",
        "wait" => "maybe",
        "seq" | "size" | "from" | "to" => "0",
        "after" => "-1",
        "reason" | "principal" | "document" => "No such thing",
        "action" | "outcome" | "actor" | "since" | "until" | "state" | "endpoint" | "payer" | "purpose" => {
            "no such thing"
        }
        other => panic!("{other}: say what it refuses"),
    };
    for route in ROUTES {
        if route.docs.ignores_unknown_parameters {
            // Whoever sends somebody there adds what they like: a parameter that stands twice is refused, and no other.
            furnished.owner.send(furnished.request(route, "?nonsense=1&state=x")).await.expect(404);
            let twice = furnished.owner.send(furnished.request(route, "?state=x&state=y")).await;
            twice.expect_problem(400, "ambiguous");
            continue;
        }
        let refused = furnished.owner.send(furnished.request(route, "?nonsense=1")).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["pointer"], "/nonsense", "{}", route.name);
        for parameter in operation(route)["parameters"].as_array().unwrap() {
            if parameter["in"] != "query" {
                continue;
            }
            let name = parameter["name"].as_str().unwrap();
            let query = format!("?{name}={}", bad(name));
            let refused =
                furnished.owner.send(furnished.request(route, &query)).await.expect_problem(422, "invalid");
            assert_eq!(refused.body["errors"][0]["pointer"], format!("/{name}"), "{}", route.name);
            assert!(
                !validator(&parameter["schema"]).is_valid(&json!(bad(name))),
                "{name} is described too widely"
            );
        }
    }
}

#[tokio::test]
async fn i1_every_described_field_of_a_body_is_read_and_any_other_is_refused() {
    let furnished = FilledSpace::new().await;
    // What a policy may demand is known once it is known which one is meant.
    let policy =
        furnished.things.iter().find(|(place, _)| *place == "/api/v1/policies/{id}").unwrap().1.clone();
    let mut fields = 0;
    for route in ROUTES {
        for (media_type, media) in bodies(route) {
            let Some(example) = media.get("example") else { continue };
            let schema = resolve(&media["schema"]);
            let send = async |field: &str, value: Value| {
                let mut body = example.clone();
                body[field] = value;
                let request = furnished.request(route, "").header("content-type", media_type);
                let body = body.to_string().replace("01a20bbd-cd35-7a08-9c6b-3f2e8d5a1b77", &policy);
                furnished.owner.send(request.body(body)).await
            };
            for field in schema["properties"].as_object().unwrap().keys() {
                // No field takes both a list of lists and an object of a list.
                for wrong in [json!([[[]]]), json!({ "wrong": [] })] {
                    let mut body = example.clone();
                    body[field] = wrong.clone();
                    if validator(&media["schema"]).is_valid(&body) {
                        continue;
                    }
                    let refused = send(field, wrong).await.expect_problem(422, "invalid");
                    let pointer = refused.body["errors"][0]["pointer"].as_str().unwrap();
                    assert!(pointer.starts_with(&format!("/{field}")), "{}: {field}: {pointer}", route.name);
                    fields += 1;
                }
            }
            let other = send("nonsense", json!(1)).await;
            if schema["additionalProperties"] == json!(false) {
                let refused = other.expect_problem(422, "invalid");
                assert_eq!(refused.body["errors"][0]["pointer"], "/nonsense", "{}", route.name);
            } else {
                assert_eq!(
                    openapi::operation_id(route),
                    "query_query",
                    "one route alone ignores what it does not know"
                );
                other.expect(200);
            }
        }
    }
    assert!(fields > 60, "{fields}");
}

#[tokio::test]
async fn i1_if_match_is_heeded_where_it_is_described() {
    let furnished = FilledSpace::new().await;
    let mut heeded = 0;
    for route in ROUTES {
        let parameters = operation(route)["parameters"].as_array().unwrap();
        if !parameters.iter().any(|parameter| parameter["name"] == "If-Match") {
            continue;
        }
        let mut request = furnished.request(route, "").header("if-match", "\"4711\"");
        if let Some((media_type, media)) = bodies(route).first() {
            let policy = &furnished.things[3].1;
            let body = media["example"].to_string().replace("01a20bbd-cd35-7a08-9c6b-3f2e8d5a1b77", policy);
            request = request.header("content-type", *media_type).body(body);
        }
        furnished.owner.send(request).await.expect_problem(412, "changed");
        heeded += 1;
    }
    assert!(heeded >= 9, "{heeded}");
}

#[tokio::test]
async fn n1_the_page_has_all_it_needs_from_the_server_itself_and_may_reach_nothing_else() {
    let space = TestSpace::start().await;
    let nobody = space.anybody();
    let page = nobody.get("//docs").await.expect(200);
    let mut files = 0;
    for attribute in ["href=\"", "src=\""] {
        for rest in page.text.split(attribute).skip(1) {
            let target = rest.split('"').next().unwrap();
            if target != "data:," {
                assert!(target.starts_with('/') && !target.starts_with("//"), "{target} is elsewhere");
                nobody.get(&format!("/{target}")).await.expect(200);
                files += 1;
            }
        }
    }
    assert_eq!(files, 4, "a style, two scripts, the description");
    assert!(!page.text.contains("<script>") && !page.text.contains("style="), "nothing inline");
    for path in ["//docs", "//docs/start.js", "//docs/swagger-ui.js", "//docs/swagger-ui.css"] {
        let answer = nobody.get(path).await.expect(200);
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("http") && !policy.contains('*') && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
    }
    let without = TestSpace::with(&[("docs_enabled", "false")]).await;
    for path in ["//docs", "//docs/start.js", "//docs/swagger-ui.js", "//docs/swagger-ui.css"] {
        without.anybody().get(path).await.expect_problem(404, "no_route");
    }
    without.anybody().get("/openapi.json").await.expect(200);
}
