//! The way back in for who forgot their password: a token that works once, and a password that they alone choose.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cli;
use crate::factors::authenticator::enrol;
use crate::held_bodies::Held;
use crate::space::{Answer, Client, PASSWORD, TestSpace, in_memory};

const ANOTHER: &str = "nine herons wade past quiet mills";

async fn id_of(client: &Client) -> String {
    client.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned()
}

async fn reset(by: &Client, id: &str) -> Answer {
    by.send(by.request("POST", &format!("/users/{id}/reset"))).await
}

/// The token of a reset.
async fn token(by: &Client, id: &str) -> String {
    reset(by, id).await.expect(201).body["token"].as_str().unwrap().to_owned()
}

async fn redeem(client: &Client, token: &str, password: &str) -> Answer {
    client.post("/auth/reset", &json!({ "token": token, "new_password": password })).await
}

async fn log_in(client: &Client, email: &str, password: &str) -> Answer {
    client.post("/auth/login", &json!({ "email": email, "password": password })).await
}

/// An answer without what names the one request.
fn body(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    body["instance"] = Value::Null;
    body
}

#[tokio::test]
async fn a1_who_forgot_their_password_chooses_another_one_and_every_session_of_before_ends() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let ada = space.member(&owner, "ada@acme.example", "admin").await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let (id, anybody) = (id_of(&anna).await, space.anybody());
    let made = reset(&ada, &id).await.expect(201).body;
    assert_eq!(made["id"], json!(id));
    let token = made["token"].as_str().unwrap();
    assert_eq!(token.len(), 64);
    assert!(made["link"].as_str().unwrap().ends_with(&format!("/choose-password#reset={token}")));
    // It is theirs to use: until then nothing has changed.
    anna.get("/auth/me").await.expect(200);
    log_in(&anybody, "anna@acme.example", PASSWORD).await.expect(200);
    let change = json!({ "current_password": PASSWORD, "new_password": "somebody else chose these words" });
    let bytes = serde_json::to_vec(&change).unwrap();
    let held = Held::send(&anna, "PUT", "/auth/password", "application/json", &bytes, 1).await;
    redeem(&anybody, token, "fourteen chars").await.expect_problem(422, "password_refused");

    let used = redeem(&anybody, token, ANOTHER).await.expect(204);
    assert_eq!(used.text, "", "it logs nobody in");
    anna.get("/auth/me").await.expect_problem(401, "token_invalid");
    let (status, refused) = held.finish().await;
    assert_eq!((status, &refused["reason_code"]), (401, &json!("token_invalid")));
    log_in(&anybody, "anna@acme.example", PASSWORD).await.expect_problem(401, "credentials_wrong");
    log_in(&anybody, "anna@acme.example", ANOTHER).await.expect(200);

    let asked = owner.audit("&action=authn_token_created").await;
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (&asked[0]["reason_code"], &asked[0]["actor"]["id"]),
        (&json!("password_reset"), &json!(id_of(&ada).await))
    );
    assert_eq!(asked[0]["object"], json!({ "kind": "member", "id": id }));
    let set = owner.audit("&action=authn_password_change").await;
    assert_eq!((&set[0]["reason_code"], &set[0]["actor"]["id"]), (&json!("password_reset"), &json!(id)));
    let whole = owner.get("/audit?limit=100").await.text;
    assert!(!whole.contains(token) && !whole.contains(ANOTHER));
}

#[tokio::test]
async fn a1_a_used_replaced_or_unknown_token_is_one_answer_and_of_64_at_once_one_sets_the_password() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let (id, anybody) = (id_of(&anna).await, space.anybody());
    let replaced = token(&owner, &id).await;
    let good = token(&owner, &id).await;
    let passwords: Vec<String> = (0..64).map(|n| format!("{n} herons wade past quiet mills")).collect();
    let all = join_all(passwords.iter().map(|password| redeem(&anybody, &good, password))).await;
    let taken: Vec<&String> =
        all.iter().zip(&passwords).filter(|(it, _)| it.status == 204).map(|(_, it)| it).collect();
    assert_eq!(taken.len(), 1);
    assert!(all.iter().all(|answer| [204, 404, 503].contains(&answer.status)));
    log_in(&anybody, "anna@acme.example", taken[0]).await.expect(200);
    let no_such = "0".repeat(64);
    let mut refused = Vec::new();
    for dead in [replaced.as_str(), &good, &no_such, "no token", &replaced[1..]] {
        // What is no password is not told apart either.
        for password in [ANOTHER, "short"] {
            refused.push(body(&redeem(&anybody, dead, password).await.expect_problem(404, "not_found")));
        }
    }
    assert!(refused.windows(2).all(|two| two[0] == two[1]), "{refused:?}");
    // A token of another kind opens nothing here.
    let invited = owner.post("/invitations", &json!({ "email": "i@acme.example", "role": "user" })).await;
    let invitation = invited.expect(201).body["token"].as_str().unwrap().to_owned();
    redeem(&anybody, &invitation, ANOTHER).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn h5_guesses_of_tokens_cost_no_hash_and_few_events() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anybody = space.anybody();
    let began = Instant::now();
    for _ in 0..5 {
        log_in(&anybody, "nobody@acme.example", ANOTHER).await.expect_problem(401, "credentials_wrong");
    }
    let hashes = began.elapsed();
    let began = Instant::now();
    for n in 0..50 {
        redeem(&anybody, &format!("{n:064}"), ANOTHER).await.expect_problem(404, "not_found");
    }
    assert!(began.elapsed() < hashes * 5, "{:?} for 50 guesses, {hashes:?} for 5 hashes", began.elapsed());
    assert!(owner.audit("&action=authn_token_fail").await.is_empty(), "they are no tenant's matter");
}

#[tokio::test]
async fn z3_who_may_not_manage_a_member_resets_nothing_and_nobody_gets_around_their_own_password() {
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    let ada = space.member(&owner, "ada@acme.example", "admin").await;
    let ulf = space.member(&owner, "ulf@acme.example", "user").await;
    let stranger = space.found_another("globex").await;
    let (owners, adas, ulfs) = (id_of(&owner).await, id_of(&ada).await, id_of(&ulf).await);
    reset(&ada, &owners).await.expect_problem(403, "role_not_yours");
    reset(&ulf, &adas).await.expect_problem(403, "forbidden");
    reset(&owner, &owners).await.expect_problem(409, "conflict");
    reset(&ada, &adas).await.expect_problem(409, "conflict");
    let denied = owner.audit("&action=authn_token_created&outcome=denied").await;
    let reasons: Vec<&str> = denied.iter().map(|event| event["reason_code"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["own_account", "own_account", "role_not_yours"]);
    // A foreign tenant's member is one who is not there.
    let unknown = format!("{}0000", &ulfs[..ulfs.len() - 4]);
    let foreign = reset(&stranger, &ulfs).await.expect_problem(404, "not_found");
    let nobody = reset(&stranger, &unknown).await.expect_problem(404, "not_found");
    assert_eq!(body(&foreign), body(&nobody));
    owner.patch(&format!("/users/{ulfs}"), &json!({ "status": "disabled" })).await.expect(200);
    reset(&owner, &ulfs).await.expect_problem(409, "conflict");
}

#[tokio::test]
async fn h2_a_reset_ends_with_its_makers_right_and_with_what_the_member_was() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anybody = space.anybody();
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let id = id_of(&anna).await;
    let dead = async |token: &str| {
        redeem(&anybody, token, ANOTHER).await.expect_problem(404, "not_found");
    };
    let role = async |id: &str, role: &str| {
        owner.patch(&format!("/users/{id}"), &json!({ "role": role })).await.expect(200);
    };
    // The maker is demoted, and made an admin again.
    let ada = space.member(&owner, "ada@acme.example", "admin").await;
    let (made, adas) = (token(&ada, &id).await, id_of(&ada).await);
    role(&adas, "user").await;
    let ended = owner.audit("&action=config_change").await;
    assert_eq!((&ended[0]["reason_code"], &ended[0]["count"]), (&json!("resets_ended"), &json!(1)));
    dead(&made).await;
    role(&adas, "admin").await;
    dead(&made).await;
    // They leave, or are removed.
    let made = token(&ada, &id).await;
    ada.delete("/auth/me").await.expect(204);
    dead(&made).await;
    let ben = space.member(&owner, "ben@acme.example", "admin").await;
    let made = token(&ben, &id).await;
    owner.delete(&format!("/users/{}", id_of(&ben).await)).await.expect(204);
    dead(&made).await;
    // The member's role changes, they change their password, are disabled, removed.
    let made = token(&owner, &id).await;
    role(&id, "viewer").await;
    dead(&made).await;
    let made = token(&owner, &id).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "four otters sleep below the pier" });
    anna.put("/auth/password", &change).await.expect(200);
    dead(&made).await;
    let made = token(&owner, &id).await;
    for status in ["disabled", "active"] {
        owner.patch(&format!("/users/{id}"), &json!({ "status": status })).await.expect(200);
        dead(&made).await;
    }
    let made = token(&owner, &id).await;
    owner.delete(&format!("/users/{id}")).await.expect(204);
    dead(&made).await;
}

#[tokio::test]
async fn r1_a_reset_and_its_use_outlive_a_kill_right_behind_their_answers() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let id = id_of(&anna).await;
    let made = token(&owner, &id).await;
    space.server().kill();
    space.server().run_again().await;
    redeem(&space.anybody(), &made, ANOTHER).await.expect(204);
    space.server().kill();
    space.server().run_again().await;
    redeem(&space.anybody(), &made, PASSWORD).await.expect_problem(404, "not_found");
    log_in(&space.anybody(), "anna@acme.example", PASSWORD).await.expect_problem(401, "credentials_wrong");
    log_in(&space.anybody(), "anna@acme.example", ANOTHER).await.expect(200);
}

#[tokio::test]
async fn a1_the_operator_lets_a_tenants_only_owner_back_in() {
    if in_memory() {
        return;
    }
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    let only = cli::run(space.home(), &["users", "reset", "owner@acme.example", "--json"]).expect(0).json();
    space.found_another("globex").await;
    let said = cli::run(space.home(), &["users", "reset", "owner@acme.example"]).expect(4);
    assert!(said.stderr.contains("--tenant: acme, globex"), "{}", said.stderr);
    let none = cli::run(space.home(), &["users", "reset", "owner@acme.example", "--tenant", "globex"]);
    assert!(none.stderr.contains("owner@acme.example is no member here"), "{}", none.stderr);
    let said =
        cli::run(space.home(), &["users", "reset", "Owner@Acme.example", "--tenant", "acme"]).expect(0);
    let link = said.stdout.split_once("#reset=").unwrap().1.trim();
    assert!(said.stdout.contains(&format!("\n  {link}\n")), "{}", said.stdout);
    let first = only["token"].as_str().unwrap();
    redeem(&space.anybody(), first, ANOTHER).await.expect_problem(404, "not_found");
    redeem(&space.anybody(), link, ANOTHER).await.expect(204);
    owner.get("/auth/me").await.expect_problem(401, "token_invalid");
    let owner = space.log_in("owner@acme.example", ANOTHER).await;
    let asked = owner.audit("&action=authn_token_created").await;
    assert_eq!((asked.len(), &asked[0]["actor"]), (2, &json!({ "kind": "operator" })));
}

#[tokio::test]
async fn h1_the_page_to_choose_a_password_runs_its_own_script_and_reaches_nobody_else() {
    let space = TestSpace::start().await;
    let anybody = space.anybody();
    for (path, has) in
        [("/choose-password", "choose-password.js"), ("/choose-password.js", "/api/v1/auth/reset")]
    {
        let url = format!("{}{path}", anybody.root());
        let answer = reqwest::get(url).await.unwrap();
        assert_eq!(answer.status(), 200);
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
        let text = answer.text().await.unwrap();
        assert!(text.contains(has));
        // What is typed is masked, and comes from a password manager or the clipboard as well.
        let masked = text.matches("type=\"password\" autocomplete=\"new-password\"").count();
        assert_eq!(masked, text.matches("<input").count(), "{text}");
        for hindrance in ["paste", "maxlength", "pattern=", "keydown", "oninput"] {
            assert!(!text.contains(hindrance), "{path}: {hindrance}");
        }
    }
}

#[tokio::test]
async fn a1_a_reset_leaves_the_second_factor_on_and_the_shorter_password_beside_it() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let (id, anybody) = (id_of(&anna).await, space.anybody());
    let app = enrol(&anna).await.app;
    redeem(&anybody, &token(&owner, &id).await, ANOTHER).await.expect(204);
    log_in(&anybody, "anna@acme.example", ANOTHER).await.expect_problem(401, "totp_required");
    let login = json!({ "email": "anna@acme.example", "password": ANOTHER, "totp": app.code(0).await });
    anybody.post("/auth/login", &login).await.expect(200);

    // Where the tenant demands a factor of the role, fewer characters are enough; and such a password needs one from then on.
    let short = "kelp%Zori4";
    let reset = token(&owner, &id).await;
    redeem(&anybody, &reset, short).await.expect_problem(422, "password_refused");
    owner.patch("/tenant", &json!({ "second_factor_roles": ["user"] })).await.expect(200);
    redeem(&anybody, &reset, short).await.expect(204);
    owner.patch("/tenant", &json!({ "second_factor_roles": [] })).await.expect(200);
    log_in(&anybody, "anna@acme.example", short).await.expect_problem(401, "totp_required");
}
