//! API keys as the host's operator sees them, and ends them.

use serde_json::{Value, json};

use super::{id, made, with_key};
use crate::cli::{run, stop};
use crate::held_bodies::Held;
use crate::space::{TestSpace, in_memory};

#[tokio::test]
async fn k2_the_operator_sees_whose_keys_there_are_and_revokes_one_at_once_behind_a_held_body_too() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    let theirs = space.found_another("globex").await;
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    let key = made(&admin, &["write_datasets"], json!({})).await;
    let kept = made(&owner, &["list_queryable"], json!({ "name": "watcher", "expires_at": soon() })).await;
    let foreign = made(&theirs, &["list_queryable"], json!({ "name": "of others" })).await;
    let at = |space: &TestSpace, more: &[&str]| run(space.home(), &[&["api-keys"], more].concat());

    // Where there are several tenants, one is named.
    at(&space, &["list"]).expect(4);
    let listed = at(&space, &["list", "--tenant", "acme", "--json"]).expect(0);
    assert!(!listed.stdout.contains("sps_"), "{listed:?}");
    let told =
        |item: &Value| ["holder", "name", "state"].map(|field| item[field].as_str().unwrap().to_owned());
    let told: Vec<_> = listed.items().iter().map(told).collect();
    assert_eq!(
        told,
        [["admin@acme.example", "nightly import", "works"], ["owner@acme.example", "watcher", "due"]]
    );
    let table = at(&space, &["list", "--tenant", "acme"]).expect(0).stdout;
    let lines: Vec<Vec<_>> =
        table.lines().map(|line| line.split("  ").filter(|cell| !cell.is_empty()).collect()).collect();
    let columns: Vec<&str> = lines[0].iter().map(|cell| cell.trim()).collect();
    assert_eq!(columns, ["HOLDER", "NAME", "STATE", "EXPIRES", "LAST USED", "ID"]);
    assert!(table.contains("(never)") && table.contains(&id(&key)), "{table}");
    assert!(!table.contains("of others"), "another tenant's are not among them: {table}");

    let client = with_key(&space, &key);
    let body = json!({ "name": "planted", "dtype": "embedded" }).to_string();
    let held = Held::send(&client, "POST", "/datasets", "application/json", body.as_bytes(), 1).await;
    // What is no key, or of another tenant, is none.
    let missing = "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11";
    for (wrong, code) in [("x", 2), (missing, 3), (id(&foreign).as_str(), 3)] {
        at(&space, &["revoke", wrong, "--tenant", "acme"]).expect(code);
    }
    let told = at(&space, &["revoke", &id(&key), "--tenant", "acme"]).expect(0).stdout;
    assert_eq!(told, "The key \"nightly import\" of admin@acme.example is refused from now on.\n");
    client.get("/datasets").await.expect_problem(401, "token_invalid");
    let (status, answer) = held.finish().await;
    assert_eq!((status, &answer["reason_code"]), (401, &json!("token_invalid")));
    at(&space, &["revoke", &id(&key), "--tenant", "acme"]).expect(3);
    with_key(&space, &kept).get("/endpoints").await.expect(200);
    with_key(&space, &foreign).get("/endpoints").await.expect(200);

    let event = &owner.audit("&action=authn_token_revoked").await[0];
    assert_eq!((&event["actor"]["kind"], &event["reason_code"]), (&json!("operator"), &json!("removed")));
    assert_eq!(event["api_key"], json!({ "id": id(&key), "name": "nightly import" }));
    assert!(theirs.audit("&action=authn_token_revoked").await.is_empty());
    // With no server running it is the same.
    stop(&mut space);
    let revoked = at(&space, &["revoke", &id(&kept), "--tenant", "acme", "--json"]).expect(0).json();
    assert_eq!((&revoked["name"], &revoked["holder"]), (&json!("watcher"), &json!("owner@acme.example")));
    assert!(at(&space, &["list", "--tenant", "acme", "--json"]).expect(0).items().is_empty());
}

/// An end that a key is due for.
fn soon() -> String {
    use syft_space_domain::time::Clock;
    let day = std::time::Duration::from_secs(24 * 60 * 60);
    syft_space::system::SystemClock.now().plus(7 * day).to_string()
}
