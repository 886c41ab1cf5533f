//! Sessions over HTTP: what keeps one up, and what ends it, for the very next request and for one whose body is on its way.

use serde_json::{Value, json};

use crate::cli::run;
use crate::held_bodies::Held;
use crate::space::{Client, PASSWORD, TestSpace, in_memory};

/// A session as its client keeps it.
struct Session {
    client: Client,
    refresh: String,
}

impl Session {
    fn of(space: &TestSpace, tokens: &Value) -> Self {
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        Self { client: space.anybody().with_token(&text("access_token")), refresh: text("refresh_token") }
    }

    async fn begin(space: &TestSpace, email: &str) -> Self {
        let login = json!({ "email": email, "password": PASSWORD });
        Self::of(space, &space.anybody().post("/auth/login", &login).await.expect(200).body)
    }

    async fn id(&self) -> String {
        let sessions = self.client.get("/auth/sessions").await.expect(200).body;
        let own = sessions["items"].as_array().unwrap().iter().find(|one| one["current"] == true).unwrap();
        own["id"].as_str().unwrap().to_owned()
    }
}

async fn refresh(space: &TestSpace, token: &str) -> crate::space::Answer {
    space.anybody().post("/auth/refresh", &json!({ "refresh_token": token })).await
}

#[tokio::test]
async fn a4_each_cause_that_ends_a_session_acts_on_the_next_request_and_on_a_held_body() {
    let space = TestSpace::start().await;
    let mut owner = space.found("acme").await;
    let at_once = ["others", "manager", "operator", "operator of all"];
    let causes = ["logout", "elsewhere", "reuse", "disabled", "removed", "left", "password", "restored"];
    for (n, cause) in causes.into_iter().chain(at_once).enumerate() {
        if matches!(cause, "restored" | "operator" | "operator of all") && in_memory() {
            continue;
        }
        let email = format!("ann{n}@acme.example");
        space.member(&owner, &email, "admin").await;
        let (session, other) = (Session::begin(&space, &email).await, Session::begin(&space, &email).await);
        let user = session.client.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
        let id = session.id().await;
        let body = json!({ "name": format!("planted {n}"), "dtype": "embedded" }).to_string();
        let held =
            Held::send(&session.client, "POST", "/datasets", "application/json", body.as_bytes(), 1).await;
        match cause {
            "logout" => {
                drop(session.client.send(session.client.request("POST", "/auth/logout")).await.expect(204));
            }
            "elsewhere" => drop(other.client.delete(&format!("/auth/sessions/{id}")).await.expect(204)),
            "reuse" => {
                let second = refresh(&space, &session.refresh).await.expect(200).body;
                refresh(&space, second["refresh_token"].as_str().unwrap()).await.expect(200);
                refresh(&space, &session.refresh).await.expect_problem(401, "refresh_token_invalid");
            }
            "disabled" => {
                let disabled = json!({ "status": "disabled" });
                owner.patch(&format!("/users/{user}"), &disabled).await.expect(200);
            }
            "removed" => drop(owner.delete(&format!("/users/{user}")).await.expect(204)),
            "left" => drop(other.client.delete("/auth/me").await.expect(204)),
            "password" => {
                let change = json!({ "current_password": PASSWORD, "new_password": PASSWORD });
                let tokens = other.client.put("/auth/password", &change).await.expect(200).body;
                let now = Session::of(&space, &tokens);
                now.client.get("/auth/me").await.expect(200);
                refresh(&space, &now.refresh).await.expect(200);
            }
            "others" => {
                let told = other.client.delete("/auth/sessions").await.expect(200).body;
                assert_eq!(told, json!({ "ended": 2 }), "the one that they joined with, and this");
            }
            "manager" => {
                let told = owner.delete(&format!("/users/{user}/sessions")).await.expect(200).body;
                assert_eq!(told, json!({ "ended": 3 }));
            }
            "operator" => {
                let told = run(space.home(), &["sessions", "revoke", "--email", &email, "--json"]).expect(0);
                assert_eq!(told.json(), json!({ "email": email, "ended": 3 }));
            }
            "operator of all" => {
                let told = run(space.home(), &["sessions", "revoke", "--all", "--tenant", "acme"]).expect(0);
                assert!(told.stdout.starts_with("Sessions of all members that have ended: "), "{told:?}");
                owner.get("/auth/me").await.expect_problem(401, "token_invalid");
                owner = space.log_in("owner@acme.example", PASSWORD).await;
            }
            _ => {
                let file = space.home().join("new-password");
                std::fs::write(&file, PASSWORD).unwrap();
                let file = file.to_str().unwrap();
                let create = ["owner", "create", "--restore", "--email", &email, "--tenant", "acme"];
                run(space.home(), &[&create[..], &["--password-file", file]].concat()).expect(0);
            }
        }
        session.client.get("/auth/me").await.expect_problem(401, "token_invalid");
        let (status, answer) = held.finish().await;
        assert_eq!((status, &answer["reason_code"]), (401, &json!("token_invalid")), "{cause}");
        refresh(&space, &session.refresh).await.expect_problem(401, "refresh_token_invalid");
        let goes_on = matches!(cause, "logout" | "elsewhere" | "reuse" | "others");
        let status = other.client.get("/auth/me").await.status;
        assert_eq!(status, if goes_on { 200 } else { 401 }, "{cause}: another session of the account");
    }
    assert_eq!(owner.get("/datasets").await.expect(200).body["items"], json!([]), "nothing was planted");
    let reused = owner.audit("&action=authn_token_reuse").await;
    assert_eq!((reused.len(), &reused[0]["object"]["kind"]), (1, &json!("session")));
    let ended = owner.audit("&action=session_expired").await;
    let told = |event: &Value| {
        let texts = [&event["reason_code"], &event["actor"]["kind"], &event["object"]["kind"]];
        let [reason, actor, object] = texts.map(|text| text.as_str().unwrap().to_owned());
        (reason, actor, object, event["count"].as_u64().unwrap())
    };
    let mut told: Vec<_> = ended.iter().map(told).collect();
    if !in_memory() {
        // Whoever lived still: the owner, those who ended one of theirs and went on, and whose password is another.
        let all = told.remove(0);
        assert_eq!((&*all.0, &*all.1, &*all.2), ("sessions_revoked", "operator", "tenant"));
        assert!(all.3 > 3, "{all:?}");
        assert_eq!(told.remove(0), ("sessions_revoked".into(), "operator".into(), "member".into(), 3));
    }
    let [revoked, others, elsewhere, logout] = [
        ("sessions_revoked", "member", 3),
        ("session_ended", "member", 2),
        ("session_ended", "session", 1),
        ("logged_out", "session", 1),
    ]
    .map(|(reason, object, count)| (reason.to_owned(), "account".to_owned(), object.to_owned(), count));
    assert_eq!(told, [revoked, others, elsewhere, logout]);
}

#[tokio::test]
async fn a4_who_may_manage_a_member_ends_all_their_sessions_and_nothing_else_of_theirs() {
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    let theirs = space.found_another("globex").await;
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    let user = space.member(&owner, "user@acme.example", "user").await;
    let sessions_of = async |client: &Client| {
        format!("/users/{}/sessions", client.get("/auth/me").await.body["id"].as_str().unwrap())
    };
    let (of_owner, of_admin, of_user) =
        (sessions_of(&owner).await, sessions_of(&admin).await, sessions_of(&user).await);
    let key = json!({ "name": "nightly", "scopes": ["query", "list_queryable"] });
    let key = user.post("/api-keys", &key).await.expect(201).body["api_key"].as_str().unwrap().to_owned();
    // Neither a User nor a key, nor somebody of another tenant; and an Admin touches no Owner and no Admin.
    user.delete(&of_admin).await.expect_problem(403, "forbidden");
    space.anybody().with_token(&key).delete(&of_user).await.expect_problem(403, "forbidden");
    theirs.delete(&of_user).await.expect_problem(404, "not_found");
    for of in [&of_owner, &of_admin] {
        admin.delete(of).await.expect_problem(403, "role_not_yours");
    }
    let refused = &owner.audit("&action=session_expired&outcome=denied").await;
    assert_eq!((refused.len(), &refused[0]["reason_code"]), (2, &json!("role_not_yours")));

    assert_eq!(admin.delete(&of_user).await.expect(200).body, json!({ "ended": 1 }));
    user.get("/auth/me").await.expect_problem(401, "token_invalid");
    let again = admin.delete(&of_user).await.expect(200);
    assert_eq!(again.body, json!({ "ended": 0 }));
    let told = &owner.audit("&action=session_expired").await[0];
    assert_eq!((&told["count"], &told["request_id"]), (&json!(0), &json!(again.header("x-request-id"))));
    // The key works on, and the password opens another session.
    space.anybody().with_token(&key).get("/endpoints").await.expect(200);
    let back = Session::begin(&space, "user@acme.example").await;
    assert_eq!(back.client.delete("/auth/sessions").await.expect(200).body, json!({ "ended": 0 }));
    back.client.get("/auth/me").await.expect(200);
    // An Owner may end theirs like anybody's, this one too.
    assert_eq!(owner.delete(&of_owner).await.expect(200).body, json!({ "ended": 1 }));
    owner.get("/auth/me").await.expect_problem(401, "token_invalid");
    theirs.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn a4_the_operator_says_whose_sessions_end_and_in_which_tenant() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::open_to_all().await;
    let ours = space.found("acme").await;
    let theirs = space.found_another("globex").await;
    let revoke =
        |space: &TestSpace, more: &[&str]| run(space.home(), &[&["sessions", "revoke"], more].concat());
    // Nobody's, or everybody's and one's, is a slip.
    for wrong in [&["--tenant", "acme"][..], &["--tenant", "acme", "--all", "--email", "owner@acme.example"]]
    {
        revoke(&space, wrong).expect(2);
    }
    revoke(&space, &["--all"]).expect(4);
    revoke(&space, &["--all", "--tenant", "nowhere"]).expect(3);
    revoke(&space, &["--email", "owner@acme.example", "--tenant", "globex"]).expect(3);
    ours.get("/auth/me").await.expect(200);
    let told = revoke(&space, &["--all", "--tenant", "acme", "--json"]).expect(0).json();
    assert_eq!(told, json!({ "email": null, "ended": 1 }));
    ours.get("/auth/me").await.expect_problem(401, "token_invalid");
    theirs.get("/auth/me").await.expect(200);
    // With no server running it is the same.
    let session = Session::begin(&space, "owner@acme.example").await;
    crate::cli::stop(&mut space);
    let args = ["--email", "owner@acme.example", "--tenant", "acme"];
    let told = revoke(&space, &args).expect(0).stdout;
    assert!(told.starts_with("Sessions of owner@acme.example that have ended: 1."), "{told}");
    space.server().run_again().await;
    let client = space.anybody().with_token(session.client.token());
    client.get("/auth/me").await.expect_problem(401, "token_invalid");
    refresh(&space, &session.refresh).await.expect_problem(401, "refresh_token_invalid");
}

#[tokio::test]
async fn a4_of_many_refreshes_at_once_with_one_token_comes_one_next_token() {
    let space = TestSpace::start().await;
    space.found("acme").await;
    let session = Session::begin(&space, "owner@acme.example").await;
    let at_once = (0..64).map(|_| refresh(&space, &session.refresh));
    let answers = futures_util::future::join_all(at_once).await;
    let next: Vec<Value> =
        answers.into_iter().map(|answer| answer.expect(200).body["refresh_token"].clone()).collect();
    assert!(next.iter().all(|token| *token == next[0]), "{next:?}");
    assert_ne!(next[0], json!(session.refresh));
    refresh(&space, next[0].as_str().unwrap()).await.expect(200);
}

#[tokio::test]
async fn a4_a_lost_answer_is_had_again_behind_a_kill() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    space.found("acme").await;
    let session = Session::begin(&space, "owner@acme.example").await;
    let lost = refresh(&space, &session.refresh).await.expect(200).body["refresh_token"].clone();
    space.server().kill();
    space.server().run_again().await;
    let again = refresh(&space, &session.refresh).await.expect(200).body;
    assert_eq!(again["refresh_token"], lost);
    Session::of(&space, &again).client.get("/auth/me").await.expect(200);
    refresh(&space, lost.as_str().unwrap()).await.expect(200);
}

#[tokio::test]
async fn a4_one_sees_and_ends_ones_own_sessions_alone() {
    let space = TestSpace::open_to_all().await;
    let ours = space.found("acme").await;
    let theirs = space.found_another("globex").await;
    let session = Session::begin(&space, "owner@acme.example").await;
    let foreign = Session::begin(&space, "owner@globex.example").await;
    let listed = session.client.get("/auth/sessions").await.expect(200).body;
    let items = listed["items"].as_array().unwrap();
    assert_eq!((items.len(), &listed["next_cursor"]), (2, &Value::Null));
    let current: Vec<bool> = items.iter().map(|one| one["current"].as_bool().unwrap()).collect();
    assert_eq!(current, [false, true]);
    assert_eq!(items[1]["address"], "127.0.0.1");
    let text = listed.to_string();
    assert!(!text.contains("refresh") && !text.contains(&session.refresh[..64]), "{text}");
    let missing = "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11";
    for (client, id) in [(&ours, foreign.id().await), (&theirs, session.id().await)] {
        let mut answers = Vec::new();
        for id in [id.as_str(), missing] {
            let mut answer =
                client.delete(&format!("/auth/sessions/{id}")).await.expect_problem(404, "not_found").body;
            answer["instance"] = Value::Null;
            answers.push(answer);
        }
        assert_eq!(answers[0], answers[1]);
    }
    refresh(&space, &foreign.refresh).await.expect(200);
    // A refresh token names its tenant, whatever it is sent with, and is no access token; nor is one a refresh token.
    let body = json!({ "refresh_token": session.refresh });
    let tokens = theirs.post("/auth/refresh", &body).await.expect(200).body;
    let session = Session::of(&space, &tokens);
    assert_eq!(session.client.get("/auth/me").await.body["tenant_name"], "acme");
    space.anybody().with_token(&session.refresh).get("/auth/me").await.expect_problem(401, "token_invalid");
    for wrong in [session.client.token(), "", "0", &"0".repeat(128), &session.refresh[1..]] {
        refresh(&space, wrong).await.expect_problem(401, "refresh_token_invalid");
    }
    // What nobody can be told from is in no tenant's log.
    assert!(ours.audit("&action=authn_token_fail").await.is_empty());
}
