//! What is held about somebody goes when they ask: all of it, everywhere, whatever happens meanwhile, and the log stays whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cli::run;
use crate::exports::somebody_everywhere;
use crate::held_bodies::Held;
use crate::space::{Client, PASSWORD, TestSpace, in_memory};

/// What stands in many places of somebody, and nowhere else.
pub const MARKERS: [&str; 4] =
    ["quetzal-marker@marked.example", "marked-agent/4711", "marked key 4711", "marked quetzal last sing"];

pub async fn id_of(client: &Client) -> String {
    client.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned()
}

/// Takes what an owner has to see to by hand off the tenant's rules.
pub async fn forget_rules(owner: &Client) {
    owner.put("/endpoints/birds/expectations", &json!({ "expectations": [] })).await.expect(200);
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": [] })).await.expect(200);
    for policy in owner.get("/policies?limit=100").await.expect(200).body["items"].as_array().unwrap() {
        if policy["name"] == "named" {
            owner.delete(&format!("/policies/{}", policy["id"].as_str().unwrap())).await.expect(204);
        }
    }
}

/// Waits until the only erasure has ended, and answers it.
pub async fn ended(owner: &Client) -> Value {
    all_ended(owner, 1).await.remove(0)
}

/// Waits until there are so many erasures, and all have ended.
pub async fn all_ended(owner: &Client, number: usize) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let erasures = owner.get("/erasures").await.expect(200).body["items"].as_array().unwrap().clone();
        assert!((1..=number).contains(&erasures.len()), "{erasures:?}");
        let is_ended = erasures.iter().all(|erasure| !erasure["ended_at"].is_null());
        if is_ended && erasures.len() == number {
            return erasures;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{erasures:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Each file below a folder in which one of the markers stands, and which.
pub fn found_in(folder: &Path, markers: &[&[u8]]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(found_in(&path, markers));
        } else if let Ok(bytes) = fs::read(&path) {
            for marker in markers {
                if bytes.windows(marker.len()).any(|window| window == *marker) {
                    found.push(format!("{} in {}", String::from_utf8_lossy(marker), path.display()));
                }
            }
        }
    }
    found
}

pub fn markers() -> Vec<&'static [u8]> {
    MARKERS.iter().map(|marker| marker.as_bytes()).collect()
}

/// All events of the tenant's log, by their numbers: what is told of each that names nobody.
async fn whole_log(owner: &Client) -> BTreeMap<u64, Value> {
    let (mut events, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let page = owner.get(&format!("/audit?limit=100{cursor}")).await.expect(200).body;
        for event in page["items"].as_array().unwrap() {
            let mut event = event.clone();
            for personal in ["address", "api_key", "purpose"] {
                event.as_object_mut().unwrap().remove(personal);
            }
            events.insert(event["seq"].as_u64().unwrap(), event);
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return events,
        }
    }
}

#[tokio::test]
async fn g2_what_is_held_about_somebody_goes_when_they_ask_and_the_log_stays_whole() {
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let person = somebody_everywhere(&space, &owner).await;
    let id = id_of(&person).await;
    if !in_memory() {
        assert!(!found_in(space.home(), &markers()).is_empty(), "there is something to erase");
    }
    // Somebody guesses at their address, and names no tenant.
    let guess = json!({ "email": MARKERS[0], "password": "seven wrong owls" });
    space.anybody().post("/auth/login", &guess).await.expect_problem(401, "credentials_wrong");
    let before = whole_log(&owner).await;
    let asked = person.delete("/me").await.expect(202).body;
    assert_eq!(
        (&asked["account_id"], &asked["asked_by"], &asked["ended_at"]),
        (&json!(id), &json!("person"), &Value::Null)
    );
    let told = owner.audit("&action=user_deleted").await;
    assert!(told.iter().any(|event| event["object"]["id"] == json!(id) && event["request_id"].is_string()));
    // From the very next request on they are nobody.
    person.get("/auth/me").await.expect_problem(401, "token_invalid");
    let login = json!({ "email": MARKERS[0], "password": PASSWORD, "tenant": "acme" });

    let erasure = ended(&owner).await;
    let erased = &erasure["erased"];
    for (kind, least) in [
        ("accounts", 1),
        ("sessions", 2),
        ("api_keys", 1),
        ("invitations", 1),
        ("password_resets", 1),
        ("approvals", 1),
        ("logins", 1),
        ("group_members", 1),
        ("disclosures", 1),
        ("events", 8),
    ] {
        assert!(erased[kind].as_u64().unwrap() >= least, "{kind}: {erased}");
    }
    assert_eq!(erasure["overdue"], false);
    // The tenant's own rules are left for an owner to see to.
    assert_eq!(erasure["naming_policies"].as_array().unwrap().len(), 1, "{erasure}");
    assert_eq!(erasure["naming_expectations"].as_array().unwrap().len(), 1, "{erasure}");
    assert_eq!(owner.get("/groups/marked").await.expect(200).body["members"], 1);

    // All that the log said is there still, but for what is personal; and what was charged stays in the books.
    let after = whole_log(&owner).await;
    for (seq, event) in &before {
        assert_eq!(after.get(seq), Some(event), "event {seq}");
    }
    assert_eq!(owner.get("/ledger/reconciliation").await.expect(200).body["sound"], true);
    assert!(after.values().filter(|event| event["reason_code"] == "person_erased").count() >= 3);
    assert!(!owner.get("/erasures").await.expect(200).text.contains(MARKERS[0]));

    forget_rules(&owner).await;
    if !in_memory() {
        space.server().signal("TERM");
        assert_eq!(space.server().wait(), Some(0));
        let found = found_in(space.home(), &markers());
        assert!(found.is_empty(), "{found:#?}");
        space.server().run_again().await;
    }
    space.anybody().post("/auth/login", &login).await.expect_problem(401, "credentials_wrong");
}

#[tokio::test]
async fn g2_an_erasure_goes_on_behind_a_kill_and_leaves_nothing() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let person = somebody_everywhere(&space, &owner).await;
    let id = id_of(&person).await;
    forget_rules(&owner).await;
    owner.send(owner.request("POST", &format!("/users/{id}/erasure"))).await.expect(202);
    // Once before it goes on, and then in the midst of it.
    for wait in [0, 5_000, 5_200, 5_400, 20, 60] {
        tokio::time::sleep(Duration::from_millis(wait)).await;
        space.server().kill();
        space.server().run_again().await;
    }
    // The token of before is still good.
    let owner = space.anybody().with_token(owner.token());
    let erasure = ended(&owner).await;
    assert_eq!((&erasure["account_id"], &erasure["asked_by"]), (&json!(id), &json!("owner")));
    assert!(erasure["erased"]["events"].as_u64().unwrap() >= 8, "{erasure}");
    space.server().signal("TERM");
    assert_eq!(space.server().wait(), Some(0));
    let found = found_in(space.home(), &markers());
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn g2_of_many_people_who_are_erased_at_once_no_byte_is_left_once_it_has_ended_while_the_server_runs() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let address =
        |n: usize| format!("{n:02}{}-quetzal-marker{}@marked.example", "x".repeat(n * 7 % 40), n * 31 % 17);
    let all: Vec<String> = (0..24).map(address).collect();
    owner.post("/groups", &json!({ "name": "marked" })).await.expect(201);
    for some in all.chunks(8) {
        owner.post("/groups/marked/members", &json!({ "emails": some })).await.expect(200);
        for email in some {
            space.member(&owner, email, "user").await;
            let guess = json!({ "email": email, "password": "seven wrong owls", "tenant": "acme" });
            space.anybody().post("/auth/login", &guess).await.expect_problem(401, "credentials_wrong");
        }
    }
    assert!(!found_in(space.home(), &[b"quetzal-marker"]).is_empty(), "there is something to erase");
    for email in &all {
        owner.post("/erasures", &json!({ "email": email })).await.expect(202);
    }
    for erasure in all_ended(&owner, all.len()).await {
        let id = erasure["account_id"].as_str().unwrap();
        owner.get(&format!("/erasures/{id}/certificate")).await.expect(200);
    }
    assert_eq!(found_in(space.home(), &[b"quetzal-marker"]), Vec::<String>::new());
}

#[tokio::test]
async fn g2_a_request_that_was_under_way_leaves_nothing_of_whoever_was_erased_meanwhile() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let person = space.member(&owner, "anna@acme.example", "admin").await;
    let id = id_of(&person).await;
    let key = json!({ "name": "annas own key", "scopes": ["write_datasets"] });
    let made = person.post("/api-keys", &key).await.expect(201).body;
    let with_key = space.anybody().with_token(made["api_key"].as_str().unwrap());
    let body = json!({ "name": "late", "dtype": "embedded" }).to_string();
    let mut held = Vec::new();
    for who in [&person, &with_key] {
        held.push(Held::send(who, "POST", "/datasets", "application/json", body.as_bytes(), 1).await);
    }
    person.delete("/me").await.expect(202);
    ended(&owner).await;
    let before = owner.audit("").await.len();
    for held in held {
        assert_eq!(held.finish().await.0, 401);
    }
    // And one that comes later.
    person.get("/auth/me").await.expect_problem(401, "token_invalid");
    let told = owner.audit("&action=authn_token_fail").await;
    let of_person: Vec<_> = told.iter().filter(|event| event["actor"]["id"] == json!(id)).collect();
    assert!(of_person.len() >= 2 && owner.audit("").await.len() > before, "{told:?}");
    for event in of_person {
        assert_eq!((&event["address"], &event["api_key"]), (&Value::Null, &Value::Null), "{event}");
    }
}

#[tokio::test]
async fn g2_the_last_owner_stays_and_only_an_owner_has_others_erased() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    let viewer = space.member(&owner, "viewer@acme.example", "viewer").await;
    let id = id_of(&viewer).await;
    owner.delete("/me").await.expect_problem(409, "last_owner");
    let own = id_of(&owner).await;
    owner
        .send(owner.request("POST", &format!("/users/{own}/erasure")))
        .await
        .expect_problem(409, "last_owner");
    admin.send(admin.request("POST", &format!("/users/{id}/erasure"))).await.expect_problem(403, "forbidden");
    admin.get("/erasures").await.expect_problem(403, "forbidden");
    assert_eq!(owner.get("/erasures").await.expect(200).body["items"], json!([]));
    viewer.delete("/me").await.expect(202);
    viewer.delete("/me").await.expect_problem(401, "token_invalid");
    owner.send(owner.request("POST", &format!("/users/{id}/erasure"))).await.expect_problem(404, "not_found");
    // The address may come back, and is somebody new.
    let again = space.member(&owner, "viewer@acme.example", "viewer").await;
    assert_ne!(id_of(&again).await, id);
    ended(&owner).await;
    again.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn g2_the_command_line_erases_a_member_and_tells_how_far_that_is() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = id_of(&space.member(&owner, "anna@acme.example", "viewer").await).await;
    space.member(&owner, "bob@acme.example", "viewer").await;
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    fs::write(&password, PASSWORD).unwrap();
    let by = |arguments: &[&str], by: &str| {
        let file = password.to_str().unwrap();
        let account = ["--as", by, "--password-file", file];
        run(space.home(), &[&["privacy"][..], arguments, &account].concat())
    };
    let refused = by(&["erase", "anna@acme.example"], "bob@acme.example");
    assert_ne!(refused.code, Some(0), "{}", refused.stdout);
    for who in ["owner@acme.example", "bob@acme.example"] {
        let whom = if who.starts_with("bob") { who } else { "anna@acme.example" };
        let ran = by(&["erase", whom], who);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stdout.contains(whom), "{}", ran.stdout);
    }
    let listed = by(&["erasures"], "owner@acme.example");
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    assert!(listed.stdout.contains(&anna) && listed.stdout.contains("person"), "{}", listed.stdout);
}
