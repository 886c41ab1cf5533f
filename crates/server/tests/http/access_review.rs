//! The review of who can query what, as an owner reads it and as the operator does on the host.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cli::{run, run_with, stop};
use crate::space::{Client, PASSWORD, TestSpace, dataset_of, endpoint_on, in_memory, only_policy};

/// A tenant with an endpoint for `*@acme.example` and a draft; a user who has never logged in, one who left a key, and a viewer.
async fn furnished() -> (TestSpace, Client) {
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "hours", &[("hours", "The reading room opens at nine.")]).await;
    endpoint_on(&owner, &dataset, "hours").await;
    only_policy(&owner, "hours", json!({ "mode": "allow", "patterns": ["*@acme.example"] })).await;
    let draft = json!({ "name": "Draft", "slug": "draft", "dataset_id": dataset, "response_type": "raw" });
    owner.post("/endpoints", &draft).await.expect(201);
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    space.member(&owner, "vera@acme.example", "viewer").await;
    space.member(&owner, "bob@elsewhere.example", "user").await;
    let mut key = json!({ "name": "=nightly", "scopes": ["query"], "endpoints": ["hours"] });
    anna.post("/api-keys", &key).await.expect(201);
    key["endpoints"] = Value::Null;
    key["scopes"] = json!(["list_queryable"]);
    key["name"] = json!("lists");
    anna.post("/api-keys", &key).await.expect(201);
    (space, owner)
}

/// All of the review, page by page.
async fn review(client: &Client) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut page = client.get(&format!("/access-review?limit=2{cursor}")).await.expect(200).body;
        assert!(page["items"].as_array().unwrap().len() <= 2);
        all.append(page["items"].as_array_mut().unwrap());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

fn of<'a>(review: &'a [Value], name: &str) -> &'a Value {
    let found: Vec<_> = review.iter().filter(|subject| subject["name"] == name).collect();
    assert_eq!(found.len(), 1, "{name} in {review:?}");
    found[0]
}

/// The endpoints of a subject, each with why, and by which rule.
fn access(subject: &Value) -> Vec<[&str; 3]> {
    let of = |access: &'_ Value| {
        ["slug", "reason_code", "rule"].map(|field| access[field].as_str().map(str::to_owned))
    };
    let access = subject["access"].as_array().unwrap().iter();
    access.map(of).map(|fields| fields.map(|field| &*field.unwrap_or_default().leak())).collect()
}

#[tokio::test]
async fn z4_a_review_tells_who_can_query_what_and_why_and_what_nobody_uses() {
    let (space, owner) = furnished().await;
    let all = review(&owner).await;
    assert_eq!(all.len(), 4 + 2);
    let by_policy = ["hours", "allowed_by_policy", "*@acme.example"];
    let own_draft = ["draft", "member_of_tenant", ""];
    assert_eq!(access(of(&all, "owner@acme.example")), [own_draft, by_policy]);
    assert_eq!(access(of(&all, "anna@acme.example")), [by_policy]);
    assert_eq!(access(of(&all, "=nightly")), [by_policy]);
    for nothing in ["vera@acme.example", "bob@elsewhere.example", "lists"] {
        assert!(access(of(&all, nothing)).is_empty(), "{nothing}");
    }
    let key = of(&all, "=nightly");
    assert_eq!((&key["kind"], &key["member"]["email"]), (&json!("api_key"), &json!("anna@acme.example")));
    let state = (&key["api_key"]["due"], &key["api_key"]["unused"], &key["last_used_at"]);
    assert_eq!(state, (&json!(false), &json!(true), &Value::Null));
    assert!(of(&all, "anna@acme.example")["last_used_at"].is_string(), "a session began");
    assert_eq!(of(&all, "anna@acme.example")["member"]["second_factor"], false);

    // What changes is told at once.
    let vera = of(&all, "vera@acme.example")["id"].as_str().unwrap().to_owned();
    owner.patch(&format!("/users/{vera}"), &json!({ "role": "user" })).await.expect(200);
    let anna = of(&all, "anna@acme.example")["id"].as_str().unwrap().to_owned();
    owner.patch(&format!("/users/{anna}"), &json!({ "status": "disabled" })).await.expect(200);
    owner.patch("/tenant", &json!({ "second_factor_roles": ["user"] })).await.expect(200);
    let all = review(&owner).await;
    assert_eq!(access(of(&all, "vera@acme.example")), [by_policy]);
    assert_eq!(of(&all, "vera@acme.example")["member"]["must_enrol"], true);
    let anna = of(&all, "anna@acme.example");
    assert!(anna["member"]["active"] == false && access(anna).is_empty());
    assert!(all.iter().all(|subject| subject["kind"] != "api_key" || access(subject).is_empty()));
    // Nobody else learns of it.
    let stranger = space.found_another("globex").await;
    assert_eq!(review(&stranger).await.len(), 1);
}

#[tokio::test]
async fn z4_an_owner_signs_off_what_they_have_read_and_the_log_says_as_of_when() {
    let (space, owner) = furnished().await;
    let read = async || owner.get("/access-review?limit=100").await.expect(200).body;
    let seen = read().await;
    let body = |token: &Value| json!({ "digest": seen["digest"], "review_token": token });
    // It is what they have read, whatever happens since.
    owner.patch("/endpoints/draft", &json!({ "published": true })).await.expect(200);
    let signed = owner.post("/access-review/sign-off", &body(&seen["review_token"])).await.expect(200);
    assert_eq!(signed.body, json!({ "as_of": seen["as_of"], "digest": seen["digest"] }));
    let events = owner.audit("&action=access_reviewed").await;
    let id = format!("{}/{}", seen["as_of"].as_str().unwrap(), seen["digest"].as_str().unwrap());
    assert_eq!(events[0]["object"], json!({ "kind": "access_review", "id": id }));
    let now = read().await;
    assert_ne!(now["digest"], seen["digest"]);
    // Half of it is none of it, and what another tenant's owner read is none of this one.
    let page = owner.get("/access-review?limit=2").await.expect(200).body;
    assert!(page["digest"].is_null() && page["review_token"].is_null());
    let stranger = space.found_another("globex").await;
    let theirs = stranger.get("/access-review").await.expect(200).body;
    let cursor = Value::String(
        String::from_utf8(hex::decode(page["next_cursor"].as_str().unwrap()).unwrap()).unwrap(),
    );
    for none in [&cursor, &theirs["review_token"], &now["review_token"], &json!("00"), &json!("")] {
        let refused = owner.post("/access-review/sign-off", &body(none)).await;
        assert!(refused.expect_problem(409, "conflict").text.contains("read one to its end"));
    }
    let path = format!("/access-review?cursor={}", page["next_cursor"].as_str().unwrap());
    stranger.get(&path).await.expect_problem(422, "invalid");
    for bad in [json!("g"), json!("a".repeat(1_001)), json!(7), Value::Null] {
        owner.post("/access-review/sign-off", &body(&bad)).await.expect_problem(422, "invalid");
    }
    assert_eq!(owner.audit("&action=access_reviewed").await.len(), 1);
}

/// What whoever keeps a review as JSON makes of it, as the docs say.
fn digest_of(review: &[Value]) -> String {
    review.iter().fold("0".repeat(64), |before, subject| {
        let mut texts = vec![before];
        let mut add =
            |of: &Value, fields: &[&str]| fields.iter().for_each(|field| put(&of[*field], &mut texts));
        let role = subject["entry"]["role"].as_str().filter(|_| subject["kind"] == "oidc_provider");
        let role = role.map_or_else(String::new, |role| format!(":{role}"));
        let [kind, id] = ["kind", "id"].map(|field| subject[field].as_str().unwrap());
        add(&json!({ "key": format!("{kind}:{id}{role}") }), &["key"]);
        add(subject, &["name"]);
        let of_member = ["account_id", "email", "role", "active", "password", "second_factor", "must_enrol"];
        let of_key = ["scopes", "addresses", "expires_at"];
        let of_entry = ["role", "issuer", "domains", "claim", "groups", "expires_at"];
        for (part, fields) in [("member", &of_member[..]), ("api_key", &of_key), ("entry", &of_entry)] {
            if !subject[part].is_null() {
                add(&subject[part], fields);
            }
        }
        add(subject, &["reads_content"]);
        add(&json!({ "count": subject["access"].as_array().unwrap().len() }), &["count"]);
        for access in subject["access"].as_array().unwrap() {
            add(access, &["endpoint_id", "slug", "reason_code", "policy_id", "rule"]);
            let policies = access["policies"].as_array().unwrap();
            add(&json!({ "count": policies.len() }), &["count"]);
            policies.iter().for_each(|policy| add(policy, &["id", "revision"]));
            if let Some(groups) = access["groups"].as_array() {
                add(&json!({ "word": "groups", "count": groups.len() }), &["word", "count"]);
                groups.iter().for_each(|group| add(group, &["name", "revision"]));
            }
        }
        let mut hash = Sha256::new();
        for text in texts {
            hash.update(u64::try_from(text.len()).unwrap().to_le_bytes());
            hash.update(text);
        }
        hex::encode(hash.finalize())
    })
}

/// A value as the texts that a digest is of.
fn put(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Null => texts.push(String::new()),
        Value::String(text) => texts.push(text.clone()),
        Value::Bool(is) => texts.push(if *is { "yes" } else { "no" }.to_owned()),
        Value::Array(values) => {
            texts.push(values.len().to_string());
            values.iter().for_each(|value| put(value, texts));
        }
        other => texts.push(other.to_string()),
    }
}

#[tokio::test]
async fn z4_an_auditor_makes_the_digest_again_from_what_they_were_given() {
    let (space, owner) = furnished().await;
    // Whether users of a hub may query hangs on their address alone, and so on who is in a group.
    space.marketplace(&owner, "market").await;
    owner.post("/groups", &json!({ "name": "partners" })).await.expect(201);
    only_policy(&owner, "hours", json!({ "mode": "allow", "patterns": ["group:partners"] })).await;
    let invited = json!({ "email": "next@acme.example", "role": "viewer" });
    owner.post("/invitations", &invited).await.expect(201);
    let key = json!({ "name": "inside", "scopes": ["query", "list_queryable"], "addresses": ["10.0.0.0/8", "::1"] });
    owner.post("/api-keys", &key).await.expect(201);
    let page = owner.get("/access-review?limit=100").await.expect(200).body;
    assert_eq!(digest_of(page["items"].as_array().unwrap()), page["digest"].as_str().unwrap());
    let users = page["items"].as_array().unwrap().iter().find(|one| one["kind"] == "hub_users").unwrap();
    assert_eq!(users["access"][0]["groups"], json!([{ "name": "partners", "revision": 1 }]), "{users}");
    owner.post("/groups/partners/members", &json!({ "emails": ["ada@partner.example"] })).await.expect(200);
    let later = owner.get("/access-review?limit=100").await.expect(200).body;
    assert_eq!(digest_of(later["items"].as_array().unwrap()), later["digest"].as_str().unwrap());
    assert_ne!(later["digest"], page["digest"], "who is in a group is of the review");
}

#[tokio::test]
async fn z4_an_api_key_reviews_access_with_all_scopes_that_it_takes() {
    let (space, owner) = furnished().await;
    let all = ["read_audit", "read_members", "read_metadata"];
    let reviewed = async |scopes: &[&str]| {
        let made = owner.post("/api-keys", &json!({ "name": "auditor", "scopes": scopes })).await.expect(201);
        let auditor = space.anybody().with_token(made.body["api_key"].as_str().unwrap());
        auditor.get("/access-review").await
    };
    reviewed(&all).await.expect(200);
    for missing in all {
        let some: Vec<_> = all.into_iter().filter(|scope| *scope != missing).collect();
        reviewed(&some).await.expect_problem(403, "forbidden");
    }
}

#[tokio::test]
async fn z4_the_operator_reviews_access_on_the_host_as_a_table_as_csv_and_as_json() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = furnished().await;
    let json = review(&owner).await;
    let told = run(space.home(), &["access-review", "--json"]).expect(0);
    assert_eq!(told.items(), json);
    let digest = owner.get("/access-review?limit=100").await.expect(200).body["digest"].take();
    let (_, command) = told.stderr.split_once("syft-space sign-off --as EMAIL ").unwrap();
    let [of, token] = <[&str; 2]>::try_from(command.split_whitespace().collect::<Vec<_>>()).unwrap();
    let sign = |as_whom, of: &str| {
        let arguments = ["sign-off", of, token, "--as", as_whom, "--password-file", "-"];
        run_with(space.home(), &arguments, &format!("{PASSWORD}\n"))
    };
    let signed = sign("owner@acme.example", of).expect(0).stdout;
    assert!(signed.contains(of) && signed.contains("is signed off"), "{signed}");
    let signed = owner.audit("&action=access_reviewed").await;
    assert!(signed[0]["object"]["id"].as_str().unwrap().ends_with(of) && signed.len() == 1, "{signed:?}");
    sign("anna@acme.example", of).expect(4);
    sign("owner@acme.example", &"0".repeat(64)).expect(4);
    sign("owner@acme.example", "0").expect(2);
    assert_eq!(of, digest);
    let table = run(space.home(), &["access-review"]).expect(0).stdout;
    assert!(table.starts_with("KIND") && table.contains("anna@acme.example: =nightly"), "{table}");
    let line = table.lines().find(|line| line.contains("bob@elsewhere.example")).unwrap();
    assert!(line.contains("(none)") && line.contains("no second factor"), "{line}");
    let told = run(space.home(), &["access-review", "--csv"]).expect(0);
    assert!(told.stderr.contains(digest.as_str().unwrap()), "{}", told.stderr);
    let csv = told.stdout;
    let lines: Vec<_> = csv.split("\r\n").collect();
    assert_eq!(lines[0], "kind,who,holder,role,endpoint,reason,policy,rule,last_used,ends,remarks,id");
    // The owner reads two endpoints.
    assert_eq!(lines.len(), 1 + json.len() + 1 + 1, "{csv}");
    assert!(lines.iter().any(|line| line.starts_with("api key,anna@acme.example: =nightly,")), "{csv}");
    run(space.home(), &["access-review", "--csv", "--json"]).expect(2);
    stop(&mut space);
    assert_eq!(run(space.home(), &["access-review", "--csv"]).expect(0).stdout, csv, "without a server too");
}
