//! Who left or was removed is erased too, by the address that they had: whatever the log and other stores still know of them, and nothing of
//! other tenants.

use serde_json::{Value, json};

use crate::cli::run;
use crate::erasures::{MARKERS, all_ended, ended, forget_rules, found_in, id_of, markers};
use crate::exports::somebody_everywhere;
use crate::space::{Client, PASSWORD, TestSpace, in_memory};

async fn erase(owner: &Client, email: &str) -> crate::space::Answer {
    owner.post("/erasures", &json!({ "email": email })).await
}

#[tokio::test]
async fn g2_who_was_removed_is_erased_by_their_address_and_nothing_of_them_is_left() {
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let person = somebody_everywhere(&space, &owner).await;
    let id = id_of(&person).await;
    forget_rules(&owner).await;
    owner.delete(&format!("/users/{id}")).await.expect(204);
    owner.post("/invitations", &json!({ "email": MARKERS[0], "role": "user" })).await.expect(201);
    if !in_memory() {
        assert!(!found_in(space.home(), &markers()).is_empty(), "there is something to erase");
    }
    let begun = erase(&owner, MARKERS[0]).await.expect(202).body;
    assert_eq!((&begun["account_id"], &begun["asked_by"]), (&json!(id), &json!("owner")));
    let erasure = ended(&owner).await;
    let erased = &erasure["erased"];
    for (kind, least) in [
        ("accounts", 0),
        ("invitations", 1),
        ("logins", 1),
        ("group_members", 1),
        ("disclosures", 1),
        ("events", 8),
    ] {
        assert!(erased[kind].as_u64().unwrap() >= least, "{kind}: {erased}");
    }
    assert_eq!(owner.get("/invitations").await.expect(200).body["items"], json!([]));
    let path = begun["certificate_path"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
    space.anybody().get(path).await.expect(200);
    // Nobody of that address is known any more.
    erase(&owner, MARKERS[0]).await.expect_problem(404, "not_found");
    if !in_memory() {
        space.server().signal("TERM");
        assert_eq!(space.server().wait(), Some(0));
        let found = found_in(space.home(), &markers());
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[tokio::test]
async fn g2_all_accounts_that_somebody_had_are_erased_whoever_asks_and_who_has_the_address_later_is_not() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let email = "anna@acme.example";
    let mut ids = Vec::new();
    for _ in 0..3 {
        let anna = space.member(&owner, email, "viewer").await;
        ids.push(id_of(&anna).await);
        anna.delete("/auth/me").await.expect(204);
    }
    let anna = space.member(&owner, email, "viewer").await;
    ids.push(id_of(&anna).await);
    let begun = anna.delete("/me").await.expect(202).body;
    assert_eq!(begun["account_id"], json!(ids[3]));
    let later = space.member(&owner, email, "viewer").await;
    let erasures = all_ended(&owner, 4).await;
    let erased: Vec<&Value> = erasures.iter().map(|erasure| &erasure["account_id"]).collect();
    assert_eq!(erased, ids.iter().map(|id| json!(id)).collect::<Vec<_>>().iter().collect::<Vec<_>>());
    for id in &ids {
        owner.get(&format!("/erasures/{id}/certificate")).await.expect(200);
        let by_them = owner.audit(&format!("&actor={id}")).await;
        assert!(!by_them.is_empty() && by_them.iter().all(|event| event["address"].is_null()), "{by_them:?}");
    }
    // Whoever has the address now is a member as before, and what they do is known.
    let id = id_of(&later).await;
    space.log_in_to(email, PASSWORD, "acme").await;
    let by_later = owner.audit(&format!("&actor={id}&action=authn_login_success")).await;
    assert!(!by_later[0]["address"].is_null(), "{by_later:?}");
}

#[tokio::test]
async fn g2_by_an_address_a_member_is_erased_as_a_member_and_asking_again_finds_what_goes_already() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, "anna@acme.example", "viewer").await;
    let id = id_of(&anna).await;
    erase(&owner, "owner@acme.example").await.expect_problem(409, "last_owner");
    let hold = owner.post("/retention/holds", &json!({ "reason": "a trial" })).await.expect(201).body;
    erase(&owner, "anna@acme.example").await.expect_problem(409, "conflict");
    let hold = format!("/retention/holds/{}", hold["id"].as_str().unwrap());
    owner.delete(&hold).await.expect(204);
    let begun = erase(&owner, "Anna@ACME.example").await.expect(202).body;
    assert_eq!((&begun["account_id"], &begun["erased"]["accounts"]), (&json!(id), &json!(1)));
    anna.get("/auth/me").await.expect_problem(401, "token_invalid");
    let again = erase(&owner, "anna@acme.example").await.expect(202).body;
    assert_eq!((&again["account_id"], &again["certificate_path"]), (&json!(id), &Value::Null));
    assert_eq!(again["asked_at"], begun["asked_at"]);
    ended(&owner).await;
}

#[tokio::test]
async fn g4_a_legal_hold_keeps_who_was_a_member_too() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, "anna@acme.example", "viewer").await.delete("/auth/me").await.expect(204);
    owner.post("/retention/holds", &json!({ "reason": "a trial" })).await.expect(201);
    erase(&owner, "anna@acme.example").await.expect_problem(409, "conflict");
    assert_eq!(owner.audit("&reason=legal_hold").await.len(), 1);
    assert_eq!(owner.get("/erasures").await.expect(200).body["items"], json!([]));
}

#[tokio::test]
async fn z1_an_erasure_by_address_tells_nothing_of_other_tenants_and_touches_nothing_of_them() {
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    let other = space.found_another("globex").await;
    let anna = space.member(&other, "anna@acme.example", "admin").await;
    space.member(&other, "gone@acme.example", "viewer").await.delete("/auth/me").await.expect(204);
    let (mut answers, log) = (Vec::new(), other.audit("").await);
    for email in ["anna@acme.example", "gone@acme.example", "nobody@acme.example"] {
        let mut answer = erase(&owner, email).await.expect_problem(404, "not_found").body;
        answer["instance"] = Value::Null;
        answers.push(answer);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    // Who was a member of both is erased in the one alone.
    space.member(&owner, "anna@acme.example", "viewer").await.delete("/auth/me").await.expect(204);
    erase(&owner, "anna@acme.example").await.expect(202);
    ended(&owner).await;
    anna.get("/auth/me").await.expect(200);
    let after = other.audit("").await;
    let known: Vec<_> = after.iter().filter(|event| log.contains(event)).collect();
    assert_eq!(known.len(), log.len(), "each event is as it was");
    assert_eq!(other.get("/erasures").await.expect(200).body["items"], json!([]));
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    erase(&admin, "anna@acme.example").await.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn g2_the_command_line_erases_who_was_a_member() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, "anna@acme.example", "viewer").await;
    let id = id_of(&anna).await;
    anna.delete("/auth/me").await.expect(204);
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, PASSWORD).unwrap();
    let erase = |email: &str| {
        let arguments = ["privacy", "erase", email, "--as", "owner@acme.example", "--password-file"];
        run(space.home(), &[&arguments[..], &[password.to_str().unwrap()]].concat())
    };
    let told = erase("anna@acme.example").expect(0).stdout;
    assert!(told.contains(&id), "{told}");
    ended(&owner).await;
    let told = erase("nobody@acme.example").expect(3);
    assert!(told.stderr.contains("nobody of this address"), "{told:?}");
}
