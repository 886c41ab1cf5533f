//! Second factors: enrolled, asked for, lost, and demanded by a tenant.

pub mod authenticator;
mod demanded;
mod qr_code;
mod walk;

use futures_util::future::join_all;
use serde_json::{Value, json};

use self::authenticator::{Authenticator, enrol, recovery_codes};
use crate::cli::run;
use crate::space::{Answer, Client, PASSWORD, TestSpace, in_memory};

const OWNER: &str = "owner@acme.example";
const WRONG: &str = "the wrong words entirely, friend";

async fn log_in(client: &Client, email: &str, password: &str, code: Option<&str>) -> Answer {
    let mut body = json!({ "email": email, "password": password });
    if let Some(code) = code {
        body["totp"] = code.into();
    }
    client.post("/auth/login", &body).await
}

fn token_of(client: &Client, answer: &Answer) -> Client {
    client.with_token(answer.body["access_token"].as_str().unwrap())
}

/// What a problem says, without what is each request's own.
fn said(answer: &Answer) -> (u16, Value, Value) {
    (answer.status, answer.body["reason_code"].clone(), answer.body["detail"].clone())
}

#[tokio::test]
async fn a5_a_code_of_the_step_before_of_the_present_and_of_the_next_logs_in_once_and_no_other_does() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let nobody = space.anybody();
    assert_eq!(
        owner.get("/auth/totp").await.expect(200).body,
        json!({ "enrolled": false, "since": null, "recovery_codes_left": 0 })
    );
    let begun = owner.post("/auth/totp", &json!({ "password": PASSWORD })).await.expect(201);
    // Nothing is asked for before it is confirmed, and it gives way to one that begins later.
    log_in(&nobody, OWNER, PASSWORD, None).await.expect(200);
    let again = owner.post("/auth/totp", &json!({ "password": PASSWORD })).await.expect(201);
    let [first, app] =
        [&begun, &again].map(|begun| Authenticator::of(begun.body["secret"].as_str().unwrap()));
    let confirm = async |code: &str| owner.post("/auth/totp/confirm", &json!({ "code": code })).await;
    confirm(&first.code(0).await).await.expect_problem(403, "code_wrong");
    for drift in [-2, 2] {
        confirm(&app.code(drift).await).await.expect_problem(403, "code_wrong");
    }
    let confirmed = confirm(&app.code(-1).await).await.expect(200);
    assert_eq!(recovery_codes(&confirmed.body).len(), 10);
    confirm(&app.code(0).await).await.expect_problem(409, "conflict");
    owner.post("/auth/totp", &json!({ "password": PASSWORD })).await.expect_problem(409, "conflict");
    let status = owner.get("/auth/totp").await.expect(200).body;
    assert_eq!((&status["enrolled"], &status["recovery_codes_left"]), (&json!(true), &json!(10)));

    let missing = log_in(&nobody, OWNER, PASSWORD, None).await.expect_problem(401, "totp_required");
    assert!(missing.body["detail"].as_str().unwrap().contains("`totp`"));
    // The code of the step before was used to confirm.
    for drift in [-2, -1, 2] {
        // Each is made when it is sent: a code of the step after the next is good in the next.
        let code = app.code(drift).await;
        log_in(&nobody, OWNER, PASSWORD, Some(&code)).await.expect_problem(401, "totp_wrong");
    }
    log_in(&nobody, OWNER, PASSWORD, Some(&app.wrong_code().await)).await.expect_problem(401, "totp_wrong");
    for drift in [0, 1] {
        let code = app.code(drift).await;
        let logged_in = log_in(&nobody, OWNER, PASSWORD, Some(&code)).await.expect(200);
        token_of(&nobody, &logged_in).get("/auth/me").await.expect(200);
        log_in(&nobody, OWNER, PASSWORD, Some(&code)).await.expect_problem(401, "totp_wrong");
    }
    // A code before one that was used is none any more.
    log_in(&nobody, OWNER, PASSWORD, Some(&app.code(0).await)).await.expect_problem(401, "totp_wrong");
    for nonsense in ["", "12345", "1234567", "abcdef", "１２３４５６", "' OR 1=1 --", &"9".repeat(5_000)]
    {
        log_in(&nobody, OWNER, PASSWORD, Some(nonsense)).await.expect_problem(401, "totp_wrong");
    }
}

#[tokio::test]
async fn a5_of_many_who_show_one_code_at_once_one_is_let_in() {
    let space = TestSpace::start().await;
    let enrolled = enrol(&space.found("acme").await).await;
    let nobody = space.anybody();
    for code in [enrolled.app.code(0).await, enrolled.recovery_codes[3].clone()] {
        let tries = (0..8).map(|_| log_in(&nobody, OWNER, PASSWORD, Some(&code)));
        let answers = join_all(tries).await;
        let let_in = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(let_in, 1, "{answers:?}");
        for answer in answers.into_iter().filter(|answer| answer.status != 200) {
            answer.expect_problem(401, "totp_wrong");
        }
    }
}

#[tokio::test]
async fn a5_who_knows_no_password_does_not_learn_whether_there_is_a_second_factor() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, "plain@acme.example", "user").await;
    let app = enrol(&owner).await.app;
    let nobody = space.anybody();
    let code = app.code(0).await;
    let mut answers = Vec::new();
    for email in [OWNER, "plain@acme.example", "nobody@acme.example"] {
        for code in [None, Some(code.as_str()), Some("000000"), Some("")] {
            let answer = log_in(&nobody, email, WRONG, code).await.expect_problem(401, "credentials_wrong");
            answers.push(said(&answer));
        }
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    // It was not used up by them.
    log_in(&nobody, OWNER, PASSWORD, Some(&code)).await.expect(200);
    // Where none is asked for, none is looked at.
    log_in(&nobody, "plain@acme.example", PASSWORD, Some("000000")).await.expect(200);
}

#[tokio::test]
async fn a5_a_recovery_code_stands_in_once_and_the_log_tells_how_many_are_left() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let enrolled = enrol(&owner).await;
    let nobody = space.anybody();
    let [one, other, ..] = enrolled.recovery_codes.as_slice() else { panic!("there are ten") };
    log_in(&nobody, OWNER, PASSWORD, Some(one)).await.expect(200);
    log_in(&nobody, OWNER, PASSWORD, Some(one)).await.expect_problem(401, "totp_wrong");
    // As it may be typed.
    let typed = format!(" {} ", other.to_uppercase().replace('-', " "));
    let back = token_of(&nobody, &log_in(&nobody, OWNER, PASSWORD, Some(&typed)).await.expect(200));
    assert_eq!(back.get("/auth/totp").await.expect(200).body["recovery_codes_left"], 8);
    let used = back.audit("&action=authn_factor_change").await;
    let reasons: Vec<_> = used.iter().take(2).map(|event| event["reason_code"].as_str().unwrap()).collect();
    assert_eq!(
        reasons,
        ["recovery_code_used,recovery_codes_left_8", "recovery_code_used,recovery_codes_left_9"]
    );

    let renew = async |code: &str| back.post("/auth/totp/recovery-codes", &json!({ "code": code })).await;
    renew(&enrolled.app.wrong_code().await).await.expect_problem(403, "code_wrong");
    let renewed = recovery_codes(&renew(&enrolled.app.code(0).await).await.expect(201).body);
    assert_eq!(renewed.len(), 10);
    assert!(renewed.iter().all(|code| !enrolled.recovery_codes.contains(code)));
    log_in(&nobody, OWNER, PASSWORD, Some(&enrolled.recovery_codes[5]))
        .await
        .expect_problem(401, "totp_wrong");
    log_in(&nobody, OWNER, PASSWORD, Some(&renewed[5])).await.expect(200);
    // Neither they nor the secret stand in the log.
    let log = back.get("/audit?limit=100").await.expect(200).text;
    for code in enrolled.recovery_codes.iter().chain(&renewed) {
        assert!(!log.contains(code.as_str()));
    }
}

#[tokio::test]
async fn a5_a_second_factor_is_begun_by_the_password_and_taken_off_by_both() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let nobody = space.anybody();
    owner
        .post("/auth/totp", &json!({ "password": WRONG }))
        .await
        .expect_problem(403, "current_password_wrong");
    owner.post("/auth/totp", &json!({})).await.expect_problem(422, "invalid");
    let remove = async |client: &Client, password: &str, code: &str| {
        let body = json!({ "password": password, "code": code });
        client.send(client.request("DELETE", "/auth/totp").json(&body)).await
    };
    for (path, body) in [
        ("/auth/totp/confirm", json!({ "code": "000000" })),
        ("/auth/totp/recovery-codes", json!({ "code": "000000" })),
    ] {
        owner.post(path, &body).await.expect_problem(404, "not_found");
    }
    remove(&owner, PASSWORD, "000000").await.expect_problem(404, "not_found");

    let enrolled = enrol(&owner).await;
    let code = enrolled.app.code(0).await;
    remove(&owner, WRONG, &code).await.expect_problem(403, "current_password_wrong");
    remove(&owner, PASSWORD, &enrolled.app.wrong_code().await).await.expect_problem(403, "code_wrong");
    log_in(&nobody, OWNER, PASSWORD, None).await.expect_problem(401, "totp_required");
    // A wrong password has not used the code up.
    remove(&owner, PASSWORD, &code).await.expect(204);
    log_in(&nobody, OWNER, PASSWORD, None).await.expect(200);
    let failed = owner.audit("&action=authn_factor_change_fail").await;
    let reasons: Vec<_> = failed.iter().map(|event| event["reason_code"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["totp_wrong", "credentials_wrong", "credentials_wrong"]);
    let changed = owner.audit("&action=authn_factor_change").await;
    let reasons: Vec<_> = changed.iter().map(|event| event["reason_code"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["removed", "confirmed", "created"]);
    // One that begins anew has another secret, and the codes of before are gone.
    let anew = enrol(&owner).await;
    log_in(&nobody, OWNER, PASSWORD, Some(&enrolled.recovery_codes[0]))
        .await
        .expect_problem(401, "totp_wrong");
    log_in(&nobody, OWNER, PASSWORD, Some(&anew.recovery_codes[0])).await.expect(200);
}

#[tokio::test]
async fn h5_guesses_at_codes_are_few_from_wherever_and_shut_nobody_out_who_has_a_recovery_code() {
    let space = TestSpace::start().await;
    let enrolled = enrol(&space.found("acme").await).await;
    let mut answered = 0;
    loop {
        // A stranger knows the password, and comes from ever other addresses; from the owner's too.
        let stranger = space.anybody().at_address(&format!("127.0.4.{}", 1 + answered % 200));
        let guesser = if answered % 2 == 0 { stranger } else { space.anybody() };
        let answer = log_in(&guesser, OWNER, PASSWORD, Some(&enrolled.app.wrong_code().await)).await;
        match answer.status {
            401 => answered += 1,
            503 => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            _ => break drop(answer.expect_problem(429, "too_many_guesses")),
        }
    }
    assert_eq!(answered, 10);
    // A right code is answered nowhere any more.
    let code = enrolled.app.code(0).await;
    for guesser in [space.anybody().at_address("127.0.4.250"), space.anybody()] {
        log_in(&guesser, OWNER, PASSWORD, Some(&code)).await.expect_problem(429, "too_many_guesses");
        log_in(&guesser, OWNER, PASSWORD, None).await.expect_problem(401, "totp_required");
        log_in(&guesser, OWNER, WRONG, None).await.expect_problem(401, "credentials_wrong");
    }
    log_in(&space.anybody(), OWNER, PASSWORD, Some(&enrolled.recovery_codes[0])).await.expect(200);
}

#[tokio::test]
async fn z1_a_second_factor_is_of_one_account_in_one_tenant() {
    let space = TestSpace::open_to_all().await;
    let ours = space.found("acme").await;
    let theirs = space.found_another("globex").await;
    // The same person in both.
    let here = space.member(&theirs, OWNER, "user").await;
    let enrolled = enrol(&ours).await;
    assert_eq!(here.get("/auth/totp").await.expect(200).body["enrolled"], false);
    let nobody = space.anybody();
    let to = async |tenant: &str, code: Option<&str>| {
        let mut body = json!({ "email": OWNER, "password": PASSWORD, "tenant": tenant });
        if let Some(code) = code {
            body["totp"] = code.into();
        }
        nobody.post("/auth/login", &body).await
    };
    to("globex", None).await.expect(200);
    to("acme", None).await.expect_problem(401, "totp_required");
    let other = enrol(&here).await;
    to("globex", Some(&enrolled.recovery_codes[0])).await.expect_problem(401, "totp_wrong");
    to("acme", Some(&other.recovery_codes[0])).await.expect_problem(401, "totp_wrong");
    to("acme", Some(&enrolled.recovery_codes[0])).await.expect(200);
    to("globex", Some(&other.recovery_codes[0])).await.expect(200);
    let told = theirs.audit("&action=authn_factor_change").await;
    assert_eq!(told.len(), 3, "begun, confirmed, and a recovery code: of their own tenant alone");
}

#[tokio::test]
async fn r1_who_was_not_told_the_recovery_codes_logs_in_by_the_app_and_gets_new_ones() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let begun = owner.post("/auth/totp", &json!({ "password": PASSWORD })).await.expect(201);
    let app = Authenticator::of(begun.body["secret"].as_str().unwrap());
    owner.post("/auth/totp/confirm", &json!({ "code": app.code(-1).await })).await.expect(200);
    // The answer was lost, and with it the codes.
    space.server().kill();
    space.server().run_again().await;
    let nobody = space.anybody();
    // What was used before stays used.
    log_in(&nobody, OWNER, PASSWORD, Some(&app.code(-1).await)).await.expect_problem(401, "totp_wrong");
    let back =
        token_of(&nobody, &log_in(&nobody, OWNER, PASSWORD, Some(&app.code(0).await)).await.expect(200));
    let renewed =
        back.post("/auth/totp/recovery-codes", &json!({ "code": app.code(1).await })).await.expect(201);
    log_in(&nobody, OWNER, PASSWORD, Some(&recovery_codes(&renewed.body)[0])).await.expect(200);
}

#[tokio::test]
async fn a5_the_operator_takes_a_second_factor_off_and_ends_the_sessions_and_a_new_password_does_not() {
    if in_memory() {
        return;
    }
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    space.found_another("globex").await;
    let enrolled = enrol(&owner).await;
    let nobody = space.anybody();
    let disable = |more: &[&str]| run(space.home(), &[&["users", "disable-2fa", OWNER], more].concat());
    disable(&[]).expect(4);
    disable(&["--tenant", "globex"]).expect(3);
    // Whose password the operator sets anew has their second factor still.
    let words = space.home().join("words");
    std::fs::write(&words, format!("{PASSWORD}\n")).unwrap();
    let set = ["owner", "create", "--email", OWNER, "--tenant", "acme", "--restore"];
    run(space.home(), &[&set[..], &["--password-file", words.to_str().unwrap()]].concat()).expect(0);
    owner.get("/auth/me").await.expect_problem(401, "token_invalid");
    log_in(&nobody, OWNER, PASSWORD, None).await.expect_problem(401, "totp_required");
    let back = log_in(&nobody, OWNER, PASSWORD, Some(&enrolled.recovery_codes[0])).await.expect(200);
    let back = token_of(&nobody, &back);

    let told = disable(&["--tenant", "acme"]).expect(0).stdout;
    assert!(told.contains("has no second factor any more"), "{told}");
    back.get("/auth/me").await.expect_problem(401, "token_invalid");
    let back = token_of(&nobody, &log_in(&nobody, OWNER, PASSWORD, None).await.expect(200));
    let event = &back.audit("&action=authn_factor_change").await[0];
    assert_eq!((&event["actor"]["kind"], &event["reason_code"]), (&json!("operator"), &json!("removed")));
    disable(&["--tenant", "acme"]).expect(4);
}
