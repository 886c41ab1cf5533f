//! The end of a tenant: who is let in until then, who may keep it, and that all of it goes, whatever happens meanwhile, and nothing of anybody else.

use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::{Value, json};
use syft_space_fakehub::HubOptions;

use crate::cli::run;
use crate::erasures::found_in;
use crate::exports::{columns_with, somebody_everywhere};
use crate::held_bodies::Held;
use crate::marketplace_fixture::{hub, register};
use crate::retention;
use crate::space::form::bring_files;
use crate::space::{Client, PASSWORD, TestSpace, dataset_of, endpoint_on, in_memory, only_policy, until};

/// What stands in a tenant in many places, and nowhere else.
const MARKERS: [&str; 7] = [
    "quetzal-marker@marked.example",
    "marked-agent/4711",
    "marked key 4711",
    "marked quetzal",
    "markedgroup",
    "markedmarket",
    "owner@acme.example",
];

fn markers() -> Vec<&'static [u8]> {
    MARKERS.iter().map(|marker| marker.as_bytes()).collect()
}

/// Ends a tenant, and answers what is told.
async fn end(owner: &Client, name: &str) -> Value {
    let request = owner.request("DELETE", "/tenant").json(&json!({ "tenant_name": name }));
    owner.send(request).await.expect(200).body
}

async fn me(client: &Client) -> Value {
    client.get("/auth/me").await.expect(200).body
}

/// A space in which anybody may found a tenant, and a tenant can be kept for so many days.
async fn space_of(days: &str) -> TestSpace {
    TestSpace::with(&[("registration", "open"), ("tenant_end_days", days)]).await
}

/// All that somebody in the tenant `other` sees of it.
async fn seen(other: &Client) -> Vec<Value> {
    let mut seen = Vec::new();
    for path in [
        "/tenant",
        "/users",
        "/datasets",
        "/endpoints",
        "/policies",
        "/groups",
        "/api-keys",
        "/erasures",
        "/marketplaces",
    ] {
        seen.push(other.get(path).await.expect(200).body);
    }
    seen.push(other.ask("others", "What sings?").await.expect(200).body["references"]["documents"].clone());
    seen
}

/// Another tenant, with something of its own.
async fn another(space: &TestSpace) -> Client {
    let other = space.found_another("other").await;
    let dataset = dataset_of(&other, "others", &[("a", "An owl sings at night.")]).await;
    endpoint_on(&other, &dataset, "others").await;
    other.post("/groups", &json!({ "name": "others" })).await.expect(201);
    let key = json!({ "name": "others", "scopes": ["query"] });
    other.post("/api-keys", &key).await.expect(201);
    other
}

/// Waits until a tenant's name is free, and founds it anew.
async fn found_again(space: &TestSpace, name: &str) -> Client {
    let email = format!("owner@{name}.example");
    let body = json!({ "email": email, "password": PASSWORD, "tenant_name": name });
    until("the name is free", async || space.anybody().post("/auth/register", &body).await.status == 201)
        .await;
    space.log_in(&email, PASSWORD).await
}

#[tokio::test]
async fn g2_a_tenant_that_ends_lets_in_its_owners_alone_and_is_as_before_once_it_is_kept() {
    let space = space_of("30").await;
    let owner = space.found("acme").await;
    let other = another(&space).await;
    let dataset = dataset_of(&owner, "notes", &[("a", "The quetzal sang at noon.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    let mut members = Vec::new();
    for role in ["admin", "user", "viewer"] {
        members.push(space.member(&owner, &format!("{role}@acme.example"), role).await);
    }
    let key = json!({ "name": "nightly", "scopes": ["query"] });
    let key = members[1].post("/api-keys", &key).await.expect(201).body;
    let with_key = space.anybody().with_token(key["api_key"].as_str().unwrap());
    let login = json!({ "email": "user@acme.example", "password": PASSWORD });
    let refresh = space.anybody().post("/auth/login", &login).await.expect(200).body["refresh_token"].clone();
    let invited = json!({ "email": "late@acme.example", "role": "viewer" });
    let invited = owner.post("/invitations", &invited).await.expect(201).body["token"].clone();
    let before = seen(&other).await;

    // The wrong name ends nothing, and only an owner ends anything.
    let wrong = owner.request("DELETE", "/tenant").json(&json!({ "tenant_name": "other" }));
    owner.send(wrong).await.expect_problem(422, "invalid");
    for member in &members {
        let request = member.request("DELETE", "/tenant").json(&json!({ "tenant_name": "acme" }));
        member.send(request).await.expect_problem(403, "forbidden");
        member.delete("/tenant/end").await.expect_problem(403, "forbidden");
    }
    owner.delete("/tenant/end").await.expect_problem(409, "conflict");
    assert_eq!(owner.get("/tenant").await.expect(200).body["end"], Value::Null);

    let told = end(&owner, "acme").await;
    assert_eq!(owner.get("/tenant").await.expect(200).body["end"], told["end"]);
    assert_eq!(end(&owner, "acme").await, told, "asking once more changes nothing");
    for member in &members {
        for path in ["/auth/me", "/me/export", "/endpoints"] {
            let refused = member.get(path).await.expect_problem(403, "tenant_ending");
            assert!(!refused.text.contains("tenant/end"), "{}", refused.text);
        }
        member.ask("birds", "What sang?").await.expect_problem(403, "tenant_ending");
        member.delete("/tenant/end").await.expect_problem(403, "tenant_ending");
    }
    with_key.ask("birds", "What sang?").await.expect_problem(403, "tenant_ending");
    space.anybody().post("/auth/login", &login).await.expect_problem(403, "tenant_ending");
    let wrong = json!({ "email": "user@acme.example", "password": "seven wrong owls dance" });
    space.anybody().post("/auth/login", &wrong).await.expect_problem(401, "credentials_wrong");
    let kept_up = json!({ "refresh_token": refresh });
    space.anybody().post("/auth/refresh", &kept_up).await.expect_problem(403, "tenant_ending");
    let accept = json!({ "token": invited, "password": PASSWORD });
    space.anybody().post("/invitations/accept", &accept).await.expect_problem(403, "tenant_ending");

    // An owner looks, takes out what is theirs, and changes nothing that others would see.
    let back = space.log_in("owner@acme.example", PASSWORD).await;
    for path in [
        "/auth/me",
        "/tenant",
        "/users",
        "/datasets",
        "/endpoints",
        "/policies",
        "/audit",
        "/me/export",
        "/retention",
    ] {
        back.get(path).await.expect(200);
    }
    let documents = format!("/datasets/{dataset}/documents");
    back.get(&documents).await.expect(200);
    back.get(&format!("{documents}/a")).await.expect(200);
    let refused = back.ask("birds", "What sang?").await.expect_problem(403, "tenant_ending");
    assert!(refused.text.contains("/api/v1/tenant/end"), "{}", refused.text);
    back.post("/groups", &json!({ "name": "late" })).await.expect_problem(403, "tenant_ending");
    let invite = json!({ "email": "later@acme.example", "role": "user" });
    back.post("/invitations", &invite).await.expect_problem(403, "tenant_ending");
    back.patch("/endpoints/birds", &json!({ "name": "Late" })).await.expect_problem(403, "tenant_ending");
    assert_eq!(seen(&other).await, before, "another tenant is as before");

    back.delete("/tenant/end").await.expect(204);
    assert_eq!(owner.get("/tenant").await.expect(200).body["end"], Value::Null);
    for member in &members {
        assert_eq!(me(member).await["tenant_name"], "acme");
    }
    with_key.ask("birds", "What sang?").await.expect(200);
    space.anybody().post("/auth/refresh", &kept_up).await.expect(200);
    space.anybody().post("/invitations/accept", &accept).await.expect(201);
    let log = owner.audit("").await;
    let told = |reason: &str| log.iter().filter(|event| event["reason_code"] == reason).count();
    assert_eq!([told("end_requested"), told("repeated"), told("kept")], [1, 1, 1]);
    assert!(told("tenant_ending") >= 15, "{}", told("tenant_ending"));
}

#[tokio::test]
async fn h1_a_request_that_is_on_its_way_as_the_tenant_ends_or_goes_does_nothing() {
    let space = space_of("30").await;
    let owner = space.found("acme").await;
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    let body = json!({ "name": "late", "dtype": "embedded" }).to_string();
    let ending = json!({ "tenant_name": "acme" }).to_string();
    let held = Held::send(&admin, "POST", "/datasets", "application/json", body.as_bytes(), 1).await;
    let second = Held::send(&owner, "DELETE", "/tenant", "application/json", ending.as_bytes(), 1).await;
    let told = end(&owner, "acme").await;
    let (status, answer) = held.finish().await;
    assert_eq!((status, &answer["reason_code"]), (403, &json!("tenant_ending")));
    // Asked at the same time it ends once.
    let (status, answer) = second.finish().await;
    assert_eq!((status, &answer), (200, &told));
    // And by an owner who is none any more it does not.
    let boss = space.log_in("owner@acme.example", PASSWORD).await;
    boss.delete("/tenant/end").await.expect(204);
    let late = space.member(&owner, "late@acme.example", "owner").await;
    let held = Held::send(&late, "DELETE", "/tenant", "application/json", ending.as_bytes(), 1).await;
    let id = me(&late).await["id"].as_str().unwrap().to_owned();
    owner.patch(&format!("/users/{id}"), &json!({ "role": "admin" })).await.expect(200);
    let (status, answer) = held.finish().await;
    assert_eq!((status, &answer["reason_code"]), (403, &json!("forbidden")));
    assert_eq!(owner.get("/tenant").await.expect(200).body["end"], Value::Null);
}

#[tokio::test]
async fn g2_users_of_a_marketplace_are_refused_and_hubs_show_nothing_of_a_tenant_that_ends() {
    let hub = hub();
    let space = space_of("30").await;
    let owner = space.found("acme").await;
    space.trust(HubOptions::DEFAULT_ISSUER, &hub.url()).await;
    let marketplace = register(&owner, &hub, HubOptions::DEFAULT_ISSUER, "spaceowner", "syfthub").await;
    let dataset = dataset_of(&owner, "mountains", &[("k", "Kilimanjaro is 5895 metres high.")]).await;
    endpoint_on(&owner, &dataset, "space-docs").await;
    only_policy(&owner, "space-docs", json!({ "mode": "allow", "patterns": ["*"] })).await;
    let listing = json!({ "marketplace_id": marketplace });
    owner.post("/endpoints/space-docs/listings", &listing).await.expect(201);
    let shown = async || {
        let url = format!("{}/api/v1/endpoints/public/spaceowner/space-docs", hub.url());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.get(url).send().await.unwrap().status().as_u16() == 200
    };
    until("the hub shows the endpoint", shown).await;
    let alice = space.anybody().with_token(&hub.mint_token("alice", "spaceowner").unwrap());
    alice.ask("space-docs", "How high is Kilimanjaro?").await.expect(200);
    end(&owner, "acme").await;
    alice.ask("space-docs", "How high is Kilimanjaro?").await.expect_problem(403, "tenant_ending");
    until("the hub shows nothing", async || !shown().await).await;
    owner.delete("/tenant/end").await.expect(204);
    alice.ask("space-docs", "How high is Kilimanjaro?").await.expect(200);
    until("the hub shows it again", shown).await;
}

/// Puts something of every kind into the tenant `acme`, with the markers in it.
async fn fill(space: &TestSpace, owner: &Client) {
    somebody_everywhere(space, owner).await;
    owner.post("/groups", &json!({ "name": "markedgroup" })).await.expect(201);
    let addresses: Vec<String> = (0..1_000).map(|n| format!("m{n}@marked.example")).collect();
    owner.post("/groups/markedgroup/members", &json!({ "emails": addresses })).await.expect(200);
    let marketplace = space.marketplace(owner, "markedmarket").await;
    let dataset = dataset_of(owner, "marked quetzal", &[]).await;
    let texts: Vec<(String, String)> = (0..40)
        .map(|n| (format!("{n}.txt"), format!("The marked quetzal sings for the {n}th time.\n").repeat(5)))
        .collect();
    bring_files(owner, &dataset, true, &texts).await;
    endpoint_on(owner, &dataset, "listed").await;
    only_policy(owner, "listed", json!({ "mode": "allow", "patterns": ["*"] })).await;
    let listing = json!({ "marketplace_id": marketplace });
    owner.post("/endpoints/listed/listings", &listing).await.expect(201);
    for n in 0..30 {
        owner.ask("listed", &format!("What does the marked quetzal do, {n}?")).await.expect(200);
    }
    // What somebody does who names no tenant.
    for email in [MARKERS[0], MARKERS[6]] {
        let guess = json!({ "email": email, "password": "seven wrong owls dance" });
        space.anybody().post("/auth/login", &guess).await.expect_problem(401, "credentials_wrong");
    }
    // While more files are on their way.
    bring_files(owner, &dataset, false, &texts[..20]).await;
}

/// The events of the installation's log of an action.
fn installation_events(home: &Path, action: &str) -> Vec<Value> {
    let arguments = ["audit", "list", "--installation", "--action", action, "--json", "--all"];
    run(home, &arguments).expect(0).items()
}

/// What is left of the tenant `acme` in the home of a space that is stopped: nothing but its id, in what stays.
fn assert_nothing_left(home: &Path, tenant: &str) {
    let found = found_in(home, &markers());
    assert!(found.is_empty(), "{found:#?}");
    let raw: Vec<u8> = hex_bytes(tenant);
    let columns = columns_with(&home.join("app.db"), &[&raw, tenant.as_bytes()]);
    let expected = [("audit_events", "object_id"), ("ended_tenants", "id")];
    let expected = expected.map(|(table, column)| (table.to_owned(), column.to_owned()));
    let mut columns = columns;
    columns.sort();
    assert_eq!(columns, expected);
}

fn hex_bytes(id: &str) -> Vec<u8> {
    let digits = id.replace('-', "");
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

#[tokio::test]
async fn g2_all_of_a_tenant_goes_when_its_time_is_over_and_its_name_is_free_then() {
    let mut space = space_of("0").await;
    let owner = space.found("acme").await;
    fill(&space, &owner).await;
    let other = another(&space).await;
    let before = seen(&other).await;
    let tenant = owner.get("/tenant").await.expect(200).body["id"].as_str().unwrap().to_owned();
    if !in_memory() {
        assert!(found_in(space.home(), &markers()).len() > MARKERS.len(), "there is something to remove");
    }
    end(&owner, "acme").await;
    until("nobody is let in any more", async || owner.get("/auth/me").await.status == 401).await;
    owner.delete("/tenant/end").await.expect_problem(401, "token_invalid");
    let again = found_again(&space, "acme").await;
    assert_eq!(seen(&other).await, before, "another tenant is as before");
    for path in ["/datasets", "/endpoints", "/policies", "/groups", "/marketplaces", "/api-keys"] {
        assert_eq!(again.get(path).await.expect(200).body["items"], json!([]), "{path}");
    }
    assert_ne!(again.get("/tenant").await.expect(200).body["id"], json!(tenant));
    assert_eq!(again.audit("").await.last().unwrap()["seq"], 1);
    owner.get("/auth/me").await.expect_problem(401, "token_invalid");
    if in_memory() {
        return;
    }
    let told = installation_events(space.home(), "tenant_deleted");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["object"], json!({ "kind": "tenant", "id": tenant }));
    let reason = told[0]["reason_code"].as_str().unwrap();
    for part in ["log_size_", "log_root_", "accounts_", "datasets_2", "log_"] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    // The address of the owner is somebody's again by now.
    let mine = again.request("DELETE", "/tenant").json(&json!({ "tenant_name": "acme" }));
    again.send(mine).await.expect(200);
    until("it is gone again", async || installation_events(space.home(), "tenant_deleted").len() == 2).await;
    space.server().signal("TERM");
    assert_eq!(space.server().wait(), Some(0));
    assert_nothing_left(space.home(), &tenant);
}

#[tokio::test]
async fn g2_a_removal_that_is_killed_twenty_times_ends_and_leaves_nothing() {
    if in_memory() {
        return;
    }
    let mut space = space_of("0").await;
    let owner = space.found("acme").await;
    fill(&space, &owner).await;
    let other = another(&space).await;
    let before = seen(&other).await;
    let tenant = owner.get("/tenant").await.expect(200).body["id"].as_str().unwrap().to_owned();
    end(&owner, "acme").await;
    let mut unfinished = 0;
    for wait in 0..20 {
        tokio::time::sleep(Duration::from_millis(wait * 4)).await;
        space.server().kill();
        let rows = columns_with(&space.home().join("app.db"), &[&hex_bytes(&tenant)]);
        unfinished += usize::from(rows.iter().any(|(table, _)| table != "ended_tenants"));
        space.server().run_again().await;
    }
    assert!(unfinished >= 3, "it was killed before it had ended, {unfinished} times");
    until("all is gone", async || !installation_events(space.home(), "tenant_deleted").is_empty()).await;
    let other = space.anybody().with_token(other.token());
    assert_eq!(seen(&other).await, before, "another tenant is as before");
    assert_eq!(installation_events(space.home(), "tenant_deleted").len(), 1);
    assert_eq!(space.anybody().get("//health/ready").await.expect(200).body, json!({ "status": "ready" }));
    space.server().signal("TERM");
    assert_eq!(space.server().wait(), Some(0));
    assert_nothing_left(space.home(), &tenant);
}

#[tokio::test]
async fn g4_while_a_legal_hold_stands_a_tenant_does_not_end_and_nothing_goes_before_its_time() {
    let mut space = space_of("30").await;
    let owner = space.found("acme").await;
    let other = another(&space).await;
    let ending = || owner.request("DELETE", "/tenant").json(&json!({ "tenant_name": "acme" }));
    retention::hold(&owner, "a trial").await;
    owner.send(ending()).await.expect_problem(409, "conflict");
    assert!(owner.audit("&outcome=denied").await.iter().any(|event| event["reason_code"] == "legal_hold"));
    retention::release_all(&owner).await;
    end(&owner, "acme").await;
    // One that is made meanwhile.
    retention::hold(&owner, "another trial").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    owner.get("/tenant").await.expect(200);
    if in_memory() {
        return;
    }
    space.server().kill();
    let mut database = SqliteConnection::establish(space.home().join("app.db").to_str().unwrap()).unwrap();
    database.batch_execute("UPDATE tenants SET ends_at = end_asked_at WHERE name = 'acme'").unwrap();
    drop(database);
    space.server().run_again().await;
    let owner = space.anybody().with_token(owner.token());
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(me(&owner).await["tenant_name"], "acme", "its time is over, and a hold stands");
    retention::release_all(&owner).await;
    until("nobody is let in any more", async || owner.get("/auth/me").await.status == 401).await;
    found_again(&space, "acme").await;
    assert_eq!(me(&space.anybody().with_token(other.token())).await["tenant_name"], "other");
}

#[tokio::test]
async fn g2_the_operator_ends_a_tenant_that_nobody_has_any_more_and_keeps_it() {
    if in_memory() {
        return;
    }
    let space = space_of("7").await;
    let owner = space.found("acme").await;
    let other = another(&space).await;
    let by = |arguments: &[&str]| run(space.home(), &[&["tenants"][..], arguments].concat());
    by(&["end", "nobody"]).expect(3);
    by(&["end", "No Name"]).expect(2);
    by(&["keep", "acme"]).expect(4);
    let ended = by(&["end", "acme"]).expect(0);
    assert!(ended.stdout.contains("`syft-space tenants keep acme`"), "{ended:?}");
    assert!(by(&["end", "acme"]).expect(0).stdout.contains("ends already"));
    by(&["end", "acme", "--tenant", "other"]).expect(2);
    let listed = by(&["list", "--json"]).expect(0).items();
    let acme = listed.iter().find(|tenant| tenant["name"] == "acme").unwrap();
    assert_eq!((acme["end"]["ends_at"].is_string(), &acme["is_going"]), (true, &json!(false)));
    assert!(by(&["list"]).expect(0).stdout.contains("ENDS"));
    owner.ask("nothing", "What?").await.expect_problem(403, "tenant_ending");
    other.get("/datasets").await.expect(200);
    let event = owner.audit("&reason=end_requested").await;
    assert_eq!(event[0]["actor"]["kind"], "operator");
    by(&["keep", "acme"]).expect(0);
    owner.get("/datasets").await.expect(200);
    owner.ask("nothing", "What?").await.expect_problem(404, "not_found");
}
