//! Logging out by a provider's word.

use serde_json::{Value, json};

use crate::oidc::provider::{CLIENT_ID, now};
use crate::oidc::world::{World, person};
use crate::space::{Answer, Client, in_memory};

const PATH: &str = "/auth/oidc/acme/work/backchannel-logout";

pub async fn tell(world: &World, token: &str) -> Answer {
    send(world, &format!("logout_token={token}")).await
}

async fn send(world: &World, form: &str) -> Answer {
    let anybody = world.space.anybody();
    let request = anybody.request("POST", PATH).header("content-type", "application/x-www-form-urlencoded");
    anybody.send(request.body(form.to_owned())).await
}

async fn signed_in(world: &World, sub: &str, sid: &str) -> Client {
    let mut claims = person(sub, &format!("{sub}@allowed.example"));
    claims["sid"] = json!(sid);
    world.client(&world.sign_in(claims).await.expect(200))
}

#[tokio::test]
async fn a4_whoever_logs_out_at_their_provider_is_refused_on_the_very_next_request() {
    let world = World::new(Value::Null).await;
    let (first, second) = (signed_in(&world, "carol", "s1").await, signed_in(&world, "carol", "s2").await);
    let dora = signed_in(&world, "dora", "s3").await;
    let right = |about: Value| world.provider.logout_token(&about, |_, _| {});
    tell(&world, &right(json!({ "sub": "carol", "sid": "s1" }))).await.expect(200);
    first.get("/auth/me").await.expect_problem(401, "token_invalid");
    second.get("/auth/me").await.expect(200);
    // One that does not fit together means nobody, and is done.
    tell(&world, &right(json!({ "sub": "dora", "sid": "s2" }))).await.expect(200);
    second.get("/auth/me").await.expect(200);
    let third = signed_in(&world, "carol", "s4").await;
    tell(&world, &right(json!({ "sub": "carol" }))).await.expect(200);
    for gone in [second, third] {
        gone.get("/auth/me").await.expect_problem(401, "token_invalid");
    }
    dora.get("/auth/me").await.expect(200);
    tell(&world, &right(json!({ "sid": "s3" }))).await.expect(200);
    dora.get("/auth/me").await.expect_problem(401, "token_invalid");
    let ended = world.owner.audit("&action=session_expired").await;
    let counts: Vec<_> = ended.iter().map(|event| (&event["reason_code"], &event["count"])).collect();
    let reason = json!("provider_logged_out");
    assert_eq!(counts, [(&reason, &json!(1)), (&reason, &json!(2)), (&reason, &json!(1))]);
    // They may sign in anew.
    signed_in(&world, "carol", "s5").await.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn a4_what_is_no_logout_token_logs_nobody_out_and_none_counts_twice() {
    let world = World::new(Value::Null).await;
    let carol = signed_in(&world, "carol", "s1").await;
    let event = "http://schemas.openid.net/event/backchannel-logout";
    type Edit = Box<dyn Fn(&mut Value, &mut Value)>;
    let set = |name: &'static str, value: Value| -> (String, Edit) {
        (format!("{name}: {value}"), Box::new(move |_, claims| claims[name] = value.clone()))
    };
    let head = |name: &'static str, value: Value| -> (String, Edit) {
        (format!("header {name}: {value}"), Box::new(move |header, _| header[name] = value.clone()))
    };
    let drop_claim = |name: &'static str| -> (String, Edit) {
        (format!("no {name}"), Box::new(move |_, claims| drop(claims.as_object_mut().unwrap().remove(name))))
    };
    for (what, edit) in [
        head("typ", json!("JWT")),
        head("alg", json!("none")),
        head("alg", json!("HS256")),
        head("kid", json!("unknown")),
        head("crit", json!(["exp"])),
        set("nonce", json!("n")),
        set("nonce", Value::Null),
        set("iss", json!("https://evil.example")),
        set("aud", json!("another")),
        set("aud", json!([CLIENT_ID, "another"])),
        set("aud", json!([])),
        set("iat", json!(now() - 3_600)),
        set("iat", json!(now() + 3_600)),
        set("exp", json!(now() - 1)),
        set("jti", json!("")),
        set("events", json!({})),
        set("events", json!({ event: true })),
        set("events", json!([event])),
        set("sub", json!(7)),
        drop_claim("sub"),
        drop_claim("iss"),
        drop_claim("aud"),
        drop_claim("iat"),
        drop_claim("exp"),
        drop_claim("jti"),
        drop_claim("events"),
    ] {
        let token = world.provider.logout_token(&json!({ "sub": "carol" }), edit);
        let answer = tell(&world, &token).await;
        assert_eq!(
            (answer.status, &answer.body["reason_code"]),
            (400, &json!("logout_token_invalid")),
            "{what}: {}",
            answer.text
        );
    }
    for token in ["", "x", "a.b.c"] {
        tell(&world, token).await.expect_problem(400, "logout_token_invalid");
    }
    for form in ["logout_token=a&logout_token=b", "", "token=a"] {
        send(&world, form).await.expect_problem(400, "malformed");
    }
    world
        .space
        .anybody()
        .post(PATH, &json!({ "logout_token": "a" }))
        .await
        .expect_problem(415, "unsupported_media_type");
    carol.get("/auth/me").await.expect(200);
    let token = world.provider.logout_token(&json!({ "sub": "carol" }), |_, _| {});
    tell(&world, &token).await.expect(200);
    let carol = signed_in(&world, "carol", "s1").await;
    tell(&world, &token).await.expect_problem(400, "logout_token_invalid");
    carol.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn a4_a_logout_token_is_verified_by_the_key_that_took_the_place_of_another_under_its_name() {
    let world = World::new(Value::Null).await;
    let carol = signed_in(&world, "carol", "s1").await;
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    world.provider.replace_key();
    tell(&world, &world.provider.logout_token(&json!({ "sub": "carol" }), |_, _| {})).await.expect(200);
    carol.get("/auth/me").await.expect_problem(401, "token_invalid");
}

#[tokio::test]
async fn a4_a_logout_at_the_provider_is_not_forgotten_with_the_process_by_a_sign_in_that_began_before() {
    if in_memory() {
        // Nothing outlives its process.
        return;
    }
    let mut world = World::new(Value::Null).await;
    let mut claims = person("carol", "carol@allowed.example");
    claims["sid"] = json!("s1");
    let started = world.start().await;
    let back = world.provider.authorize(&started.url, claims);
    let out = world.provider.logout_token(&json!({ "sub": "carol", "sid": "s1" }), |_, _| {});
    tell(&world, &out).await.expect(200);
    let path = back.path().strip_prefix("/api/v1").unwrap().to_owned();
    world.space.server().kill();
    world.space.server().run_again().await;
    let callback = format!("{path}?{}", back.query().unwrap());
    world.get(&callback, Some(&started.cookie)).await.expect_problem(400, "sign_in_invalid");
    // They may begin anew.
    signed_in(&world, "carol", "s2").await.get("/auth/me").await.expect(200);
}
