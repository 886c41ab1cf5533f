//! What people are shown of what is held about them: all of it, and nothing of anybody else.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::{SqliteConnection, sql_query};
use serde_json::{Value, json};

use crate::cli::run;
use crate::space::{Client, PASSWORD, TestSpace, dataset_of, endpoint_on, in_memory};

const ADDRESS: &str = "quetzal-marker@marked.example";
const OTHER: &str = "somebody-else@other.example";
const USER_AGENT: &str = "marked-agent/4711";
const KEY_NAME: &str = "marked key 4711";
const QUESTION: &str = "When did the marked quetzal last sing?";

/// The files of an archive, by their names.
pub type Files = BTreeMap<String, String>;

pub fn unpacked(archive: &[u8]) -> Files {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut files = Files::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        let name = file.name().unwrap().into_owned();
        files.insert(name, text);
    }
    files
}

async fn fetch(client: &Client, path: &str) -> Files {
    let answer = client.request("GET", path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/zip");
    unpacked(&answer.bytes().await.unwrap())
}

fn things(files: &Files, file: &str) -> Vec<Value> {
    serde_json::from_str(&files[&format!("{file}.json")]).unwrap()
}

async fn id_of(client: &Client) -> String {
    client.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned()
}

async fn policy(owner: &Client, name: &str, policy_type: &str, configuration: Value) -> Value {
    let body = json!({ "name": name, "policy_type": policy_type, "configuration": configuration });
    owner.post("/policies", &body).await.expect(201).body["id"].clone()
}

async fn only(owner: &Client, slug: &str, policies: &[&Value]) {
    owner.put(&format!("/endpoints/{slug}/policies"), &json!({ "policy_ids": policies })).await.expect(200);
}

/// An admin of whom there is something in each place in which there can be something of an account.
pub async fn somebody_everywhere(space: &TestSpace, owner: &Client) -> Client {
    let mut person = space.member(owner, ADDRESS, "admin").await;
    let login = space.anybody().request("POST", "/auth/login").header("user-agent", USER_AGENT);
    let login = login.json(&json!({ "email": ADDRESS, "password": PASSWORD, "tenant": "acme" }));
    let answer = space.anybody().send(login).await.expect(200);
    person = person.with_token(answer.body["access_token"].as_str().unwrap());
    // Somebody guesses at their password, and is refused.
    let wrong = json!({ "email": ADDRESS, "password": "seven wrong owls", "tenant": "acme" });
    space.anybody().post("/auth/login", &wrong).await.expect_problem(401, "credentials_wrong");
    person.post("/auth/totp", &json!({ "password": PASSWORD })).await.expect(201);
    person
        .post("/api-keys", &json!({ "name": KEY_NAME, "scopes": ["query"], "addresses": ["127.0.0.1"] }))
        .await
        .expect(201);
    person.post("/invitations", &json!({ "email": OTHER, "role": "user" })).await.expect(201);
    let forgetful = id_of(&space.member(owner, "forgetful@acme.example", "user").await).await;
    person.send(person.request("POST", &format!("/users/{forgetful}/reset"))).await.expect(201);
    let own = id_of(&person).await;
    owner.send(owner.request("POST", &format!("/users/{own}/reset"))).await.expect(201);
    owner.post("/groups", &json!({ "name": "marked" })).await.expect(201);
    owner.post("/groups/marked/members", &json!({ "emails": [ADDRESS, OTHER] })).await.expect(200);

    let dataset = dataset_of(owner, "notes", &[("a", "The marked quetzal sang at noon.")]).await;
    for slug in ["birds", "reviewed"] {
        endpoint_on(owner, &dataset, slug).await;
    }
    let named =
        policy(&person, "named", "access", json!({ "mode": "allow", "patterns": [ADDRESS, OTHER] })).await;
    let price = json!({ "price": "0.02", "currency": "EUR", "budget": "1.00" });
    let price = policy(owner, "price", "accounting", price).await;
    let cap =
        policy(owner, "cap", "disclosure_limit", json!({ "unit": "documents", "cap": 50, "window": "30d" }))
            .await;
    only(owner, "birds", &[&named, &price, &cap]).await;
    let expected =
        json!([{ "identity": { "email": ADDRESS }, "verdict": "allowed", "note": "as agreed in May" }]);
    owner.put("/endpoints/birds/expectations", &json!({ "expectations": expected })).await.expect(200);
    person.ask("birds", QUESTION).await.expect(200);

    let review = policy(owner, "review", "manual_review", json!({ "keep_prompt": true })).await;
    only(owner, "reviewed", &[&review]).await;
    person.ask("reviewed", QUESTION).await.expect_problem(403, "review_pending");
    let asker = space.member(owner, "asker@acme.example", "user").await;
    let waits = asker.ask("reviewed", "Another question?").await.expect_problem(403, "review_pending");
    let waits = waits.body["approval_id"].as_str().unwrap().to_owned();
    let note = json!({ "note": "marked note" });
    person.post(&format!("/approvals/{waits}/approve"), &note).await.expect(200);
    owner.patch(&format!("/users/{own}"), &json!({ "role": "admin" })).await.expect(200);
    person
}

#[tokio::test]
async fn g1_an_export_holds_all_that_is_held_about_a_member_and_of_others_nothing() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let person = somebody_everywhere(&space, &owner).await;
    let id = id_of(&person).await;
    let files = fetch(&person, "/me/export").await;

    assert!(files["README.md"].contains("`acme`") && files["README.md"].contains("`events.json`"));
    let complete: Value = serde_json::from_str(&files["complete.json"]).unwrap();
    for (file, count) in complete.as_object().unwrap() {
        assert_eq!(json!(things(&files, file).len()), *count, "{file}");
        let has_none = ["identities"].contains(&file.as_str());
        assert_eq!(count == 0, has_none, "{file}: {count}");
    }
    assert_eq!(files.len(), complete.as_object().unwrap().len() + 2);

    let account = &things(&files, "account")[0];
    assert_eq!((&account["id"], &account["email"]), (&json!(id), &json!(ADDRESS)));
    assert_eq!(account["second_factor"]["confirmed_at"], Value::Null);
    assert!(files["sessions.json"].contains(USER_AGENT) && files["events.json"].contains(USER_AGENT));
    assert!(files["api_keys.json"].contains(KEY_NAME) && files["events.json"].contains(KEY_NAME));
    assert!(files["approvals.json"].contains(QUESTION) && files["approvals.json"].contains("marked note"));
    assert!(files["expectations.json"].contains("as agreed in May"));
    assert!(files["groups.json"].contains("marked"));
    assert_eq!(things(&files, "password_resets").len(), 2);
    assert_eq!(things(&files, "transfers").len(), 1);
    let events = things(&files, "events");
    let done = |action: &str| events.iter().filter(|event| event["action"] == action).count();
    assert!(done("authn_login_success") >= 2 && done("authn_login_fail") == 1 && done("endpoint_query") == 1);
    // What an owner did to them is told, and nothing of that owner.
    let by_owner = events.iter().find(|event| event["action"] == "privilege_permissions_changed").unwrap();
    assert_eq!((&by_owner["by_you"], &by_owner["personal"]["address"]), (&json!(false), &Value::Null));
    let all: String = files.values().map(String::as_str).collect();
    let owner_id = id_of(&owner).await;
    for other in [
        OTHER,
        "owner@acme.example",
        "asker@acme.example",
        "forgetful@acme.example",
        &owner_id,
        "Another question",
    ] {
        assert!(!all.contains(other), "{other} stands in an export that is another's");
    }
    assert!(!all.contains("$argon2id$"));

    // An owner gets the same, and it stands in the log before it is answered.
    let at_request = fetch(&owner, &format!("/users/{id}/export")).await;
    assert_eq!(at_request["account.json"], files["account.json"]);
    let read = owner.audit("&action=sensitive_read").await;
    let told = |event: &Value| (event["object"]["id"].clone(), event["actor"]["id"].clone());
    assert_eq!(told(&read[0]), (json!(id), json!(owner_id)));
    assert_eq!(told(&read[1]), (json!(id), json!(id)));
    // Nobody else does, and nobody of another tenant.
    person.get(&format!("/users/{owner_id}/export")).await.expect_problem(403, "forbidden");
    owner.get("/users/0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11/export").await.expect_problem(404, "not_found");
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    of: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// The columns of a database in which any of these bytes stand.
pub fn columns_with(database: &Path, markers: &[&[u8]]) -> Vec<(String, String)> {
    let mut connection = SqliteConnection::establish(database.to_str().unwrap()).unwrap();
    let columns = "SELECT t.name AS of, c.name AS name FROM sqlite_schema t, pragma_table_info(t.name) c \
                   WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
    let columns: Vec<Column> = sql_query(columns).load(&mut connection).unwrap();
    let mut found = Vec::new();
    for Column { name, of } in columns {
        let has = |marker: &&[u8]| {
            let hex: String = marker.iter().map(|byte| format!("{byte:02x}")).collect();
            let query = format!(
                "SELECT COUNT(*) AS count FROM \"{of}\" WHERE instr(CAST(\"{name}\" AS BLOB), x'{hex}') > 0"
            );
            sql_query(query).get_result::<Count>(&mut connection).unwrap().count > 0
        };
        if markers.iter().any(has) {
            found.push((of, name));
        }
    }
    found
}

#[tokio::test]
async fn g1_wherever_somebody_stands_in_the_database_the_register_says_in_which_file_it_is_or_why_in_none() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let person = somebody_everywhere(&space, &owner).await;
    let files = fetch(&person, "/me/export").await;
    let id = id_of(&person).await;
    let raw: Vec<u8> = id
        .replace('-', "")
        .as_bytes()
        .chunks(2)
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect();
    space.server().kill();
    let markers: [&[u8]; 5] =
        [ADDRESS.as_bytes(), id.as_bytes(), &raw, USER_AGENT.as_bytes(), KEY_NAME.as_bytes()];
    let found = columns_with(&space.home().join("app.db"), &markers);
    let register = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/register.toml");
    let register: toml::Table = std::fs::read_to_string(register).unwrap().parse().unwrap();
    for (table, column) in &found {
        let row = &register["app"][table][column];
        if let Some(file) = row.get("export") {
            let count = things(&files, file.as_str().unwrap()).len();
            assert!(count > 0, "{table}.{column} is about them, and {file} is empty");
        } else {
            let excuse = row["excused"].as_str().unwrap();
            // What tells of no person, and the texts of the tenant, do not name anybody by their id or address.
            assert_eq!(excuse, "derived", "{table}.{column} is about them, and in no file");
        }
    }
    let tables: std::collections::BTreeSet<_> = found.iter().map(|(table, _)| table.as_str()).collect();
    for table in [
        "accounts",
        "sessions",
        "api_keys",
        "invitations",
        "password_resets",
        "group_members",
        "policies",
        "policy_revisions",
        "expectations",
        "approvals",
        "disclosures",
        "transfers",
        "balances",
        "audit_events",
        "audit_persons",
        "recovery_codes",
    ] {
        // One begins with the confirmation of a second factor, the other names an account in its key.
        let is_seeded = !["recovery_codes"].contains(&table);
        assert_eq!(tables.contains(table), is_seeded, "{table}: {tables:?}");
    }
}

#[tokio::test]
async fn g1_the_command_line_writes_an_archive_for_oneself_and_an_owner_for_each() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, "anna@acme.example", "viewer").await;
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, PASSWORD).unwrap();
    let export = |file: &str, of: &str, by: &str| {
        let file = folder.path().join(file);
        let arguments = [
            "privacy",
            "export",
            of,
            "--file",
            file.to_str().unwrap(),
            "--as",
            by,
            "--password-file",
            password.to_str().unwrap(),
        ];
        (run(space.home(), &arguments), file)
    };
    for (n, by) in ["anna@acme.example", "owner@acme.example"].into_iter().enumerate() {
        let (ran, file) = export(&format!("{n}.zip"), "anna@acme.example", by);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let files = unpacked(&std::fs::read(&file).unwrap());
        assert!(files["account.json"].contains("anna@acme.example") && files.contains_key("complete.json"));
        let (again, _) = export(&format!("{n}.zip"), "anna@acme.example", by);
        assert_eq!(again.code, Some(2), "a file that is there is not written over: {}", again.stderr);
    }
    let (refused, file) = export("others.zip", "owner@acme.example", "anna@acme.example");
    assert_ne!(refused.code, Some(0));
    assert!(!file.exists());
}
