//! A provider that fails: whoever needs it is told so, and nobody else is held up.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::oidc::logout::tell;
use crate::oidc::provider::Fault;
use crate::oidc::world::{World, person};
use crate::space::PASSWORD;

const DOCUMENT: &str = "/.well-known/openid-configuration";

#[tokio::test]
async fn a1_a_document_that_is_wrong_or_not_to_be_had_begins_no_sign_in() {
    for fault in ["issuer", "huge", "redirect", "status", "text", "jwks", "private"] {
        let world = World::new(Value::Null).await;
        let provider = &world.provider;
        let mut document = provider.document();
        match fault {
            "issuer" => document["issuer"] = json!("https://evil.example"),
            "jwks" => provider.fault("/jwks", Fault::Says(json!({ "keys": [] }))),
            // Addresses that the document names are as guarded as its own.
            "private" => document["jwks_uri"] = json!("http://10.0.0.1:9/jwks"),
            _ => {}
        }
        provider.fault(
            DOCUMENT,
            match fault {
                "huge" => Fault::Huge,
                "redirect" => Fault::Redirects(format!("{}/elsewhere", provider.issuer())),
                "status" => Fault::Status(500),
                "text" => Fault::Says(json!("nothing")),
                _ => Fault::Says(document),
            },
        );
        let refused = world.get("/auth/oidc/acme/work/start", None).await;
        let refused = refused.expect_problem(503, "identity_provider_unavailable");
        assert_eq!(refused.header("retry-after"), "10");
        let called = provider.state().calls.len();
        assert!(!provider.state().calls.iter().any(|path| path == "/elsewhere"), "no redirect is followed");
        // It is left alone for a while.
        world
            .get("/auth/oidc/acme/work/start", None)
            .await
            .expect_problem(503, "identity_provider_unavailable");
        assert_eq!(provider.state().calls.len(), called, "{fault}");
    }
}

#[tokio::test]
async fn a1_a_private_address_is_called_only_where_the_operator_allows_it() {
    let world = World::with(&[("outbound_allow", "")], Value::Null).await;
    world.get("/auth/oidc/acme/work/start", None).await.expect_problem(503, "identity_provider_unavailable");
    assert!(world.provider.state().calls.is_empty());
}

#[tokio::test]
async fn a1_a_token_endpoint_that_is_wrong_or_not_to_be_had_signs_nobody_in() {
    let world = World::new(Value::Null).await;
    let carol = || person("carol", "carol@allowed.example");
    for (fault, status, reason) in [
        (Fault::Says(json!({ "access_token": "a", "token_type": "Bearer" })), 403, "sign_in_refused"),
        // Whoever brings a code must not have the provider taken for one that is down.
        (Fault::Status(500), 403, "sign_in_refused"),
        (Fault::Redirects("http://127.0.0.1:9/".to_owned()), 403, "sign_in_refused"),
        (Fault::Huge, 403, "sign_in_refused"),
        (Fault::BreaksOff, 503, "identity_provider_unavailable"),
    ] {
        world.provider.fault("/token", fault);
        world.sign_in(carol()).await.expect_problem(status, reason);
        world.provider.mend();
    }
}

#[tokio::test]
async fn a1_an_answer_that_cannot_be_had_for_one_code_shuts_nobody_else_out() {
    let world = World::new(Value::Null).await;
    let carol = || person("carol", "carol@allowed.example");
    // Somebody's groups fill more than is read, what stands before the provider breaks off at a code that somebody made up, or it
    // thinks about it for too long.
    for (fault, status, reason) in [
        (Fault::Huge, 403, "sign_in_refused"),
        (Fault::BreaksOff, 503, "identity_provider_unavailable"),
        (Fault::Hangs, 503, "identity_provider_unavailable"),
    ] {
        world.provider.fault("/token", fault);
        world.sign_in(person("eve", "eve@allowed.example")).await.expect_problem(status, reason);
        world.provider.mend();
        world.sign_in(carol()).await.expect(200);
    }
}

#[tokio::test]
async fn a1_a_provider_that_hangs_holds_up_few_and_nobody_else() {
    let world = World::new(Value::Null).await;
    world.provider.fault(DOCUMENT, Fault::Hangs);
    let began = Instant::now();
    let waiting = async {
        let all = (0..40).map(|_| world.get("/auth/oidc/acme/work/start", None));
        futures_util::future::join_all(all).await
    };
    let others = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let asked = Instant::now();
        let login = json!({ "email": "owner@acme.example", "password": PASSWORD });
        world.space.anybody().post("/auth/login", &login).await.expect(200);
        asked.elapsed()
    };
    let (answers, login_took) = tokio::join!(waiting, others);
    for answer in answers {
        answer.expect_problem(503, "identity_provider_unavailable");
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(login_took < Duration::from_secs(4), "{login_took:?}");
    let calls = world.provider.state().calls.len();
    assert!(calls <= 3, "one asks for all, and tries it again a few times: {calls}");
}

#[tokio::test]
async fn a1_codes_that_the_provider_leaves_without_an_answer_hold_up_no_start_and_no_logout() {
    let world = World::new(Value::Null).await;
    let carol = world.client(&world.sign_in(person("carol", "carol@allowed.example")).await.expect(200));
    world.provider.fault("/token", Fault::Hangs);
    let waiting = async {
        let all = (0..30).map(|n| {
            let who = format!("u{n}");
            world.sign_in(person(&who, &format!("{who}@allowed.example")))
        });
        futures_util::future::join_all(all).await
    };
    let others = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let asked = Instant::now();
        world.start().await;
        let out = world.provider.logout_token(&json!({ "sub": "carol" }), |_, _| {});
        tell(&world, &out).await.expect(200);
        carol.get("/auth/me").await.expect_problem(401, "token_invalid");
        asked.elapsed()
    };
    let (answers, took) = tokio::join!(waiting, others);
    for answer in answers {
        answer.expect_problem(503, "identity_provider_unavailable");
    }
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn a1_a_document_that_is_not_to_be_had_on_suspicion_keeps_nobody_from_signing_in() {
    let world = World::new(Value::Null).await;
    let carol = || person("carol", "carol@allowed.example");
    world.sign_in(carol()).await.expect(200);
    tokio::time::sleep(Duration::from_secs(11)).await;
    world.provider.fault(DOCUMENT, Fault::Status(500));
    let unknown = world.provider.logout_token(&json!({ "sub": "x" }), |header, _| header["kid"] = json!("x"));
    tell(&world, &unknown).await.expect_problem(400, "logout_token_invalid");
    world.sign_in(carol()).await.expect(200);
}
