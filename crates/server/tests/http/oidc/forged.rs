//! ID tokens that say nothing: each is refused, whatever is wrong with it.

use serde_json::{Value, json};

use crate::oidc::provider::{CLIENT_ID, Signed, now};
use crate::oidc::world::{World, person};

type Edit = Box<dyn Fn(&mut Value, &mut Value) + Send>;

fn claim(name: &'static str, value: Value) -> (String, Signed, Edit) {
    let what = format!("{name}: {value}");
    (what, Signed::Well, Box::new(move |_, claims| claims[name] = value.clone()))
}

fn without(name: &'static str) -> (String, Signed, Edit) {
    let edit = move |_: &mut Value, claims: &mut Value| drop(claims.as_object_mut().unwrap().remove(name));
    (format!("no {name}"), Signed::Well, Box::new(edit))
}

fn header(name: &'static str, value: Value) -> (String, Signed, Edit) {
    let what = format!("header {name}: {value}");
    (what, Signed::Well, Box::new(move |header, _| header[name] = value.clone()))
}

fn signed(how: Signed) -> (String, Signed, Edit) {
    (format!("{how:?}"), how, Box::new(|_, _| {}))
}

#[tokio::test]
async fn a1_a_token_that_is_wrong_in_one_thing_signs_nobody_in() {
    let world = World::new(Value::Null).await;
    let carol = || person("carol", "carol@allowed.example");
    world.sign_in(carol()).await.expect(200);
    let issuer = world.provider.issuer().to_owned();
    for (what, how, edit) in [
        signed(Signed::None),
        signed(Signed::Hs256),
        signed(Signed::OtherKey),
        header("alg", json!("PS256")),
        header("alg", json!("HS256")),
        header("alg", json!("none")),
        header("kid", json!("unknown")),
        header("crit", json!(["exp"])),
        header("typ", json!("logout+jwt")),
        claim("nonce", json!("another")),
        without("nonce"),
        claim("iss", json!(format!("{issuer}/"))),
        claim("iss", json!("https://evil.example")),
        without("iss"),
        claim("aud", json!("another")),
        claim("aud", json!([CLIENT_ID, "another"])),
        claim("aud", json!([])),
        without("aud"),
        claim("azp", json!("another")),
        claim("exp", json!(now() - 1)),
        without("exp"),
        claim("iat", json!(now() - 3_600)),
        claim("iat", json!(now() + 3_600)),
        without("iat"),
        without("sub"),
        claim("sub", json!("")),
        claim("sub", json!("a".repeat(256))),
        claim("sid", json!(7)),
    ] {
        world.provider.forge(how, edit);
        let refused = world.sign_in(carol()).await;
        assert_eq!(
            (refused.status, &refused.body["reason_code"]),
            (403, &json!("sign_in_refused")),
            "{what}: {}",
            refused.text
        );
        world.provider.mend();
    }
    // And what is right in all of that does, once more.
    world.provider.forge(Signed::Well, |_, claims| {
        claims["azp"] = json!(CLIENT_ID);
        claims["aud"] = json!([CLIENT_ID]);
        claims["sid"] = json!("s");
    });
    world.sign_in(carol()).await.expect(200);
}

#[tokio::test]
async fn a1_a_key_that_is_new_is_fetched_and_not_for_each_token_that_names_one() {
    let world = World::new(Value::Null).await;
    let carol = || person("carol", "carol@allowed.example");
    world.sign_in(carol()).await.expect(200);
    let fetched = || world.provider.state().calls.iter().filter(|path| *path == "/jwks").count();
    assert_eq!(fetched(), 1, "the keys are kept");
    world.sign_in(carol()).await.expect(200);
    assert_eq!(fetched(), 1);
    // What was fetched a moment ago is not fetched again, whoever names unknown keys.
    for _ in 0..5 {
        world.provider.forge(Signed::Well, |header, _| header["kid"] = json!("unknown"));
        world.sign_in(carol()).await.expect_problem(403, "sign_in_refused");
    }
    assert_eq!(fetched(), 1);
    world.provider.mend();
    // Ten seconds later it is.
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    world.provider.forge(Signed::NewKey, |_, _| {});
    world.sign_in(carol()).await.expect(200);
    assert_eq!(fetched(), 2);
}

#[tokio::test]
async fn a1_a_key_that_took_the_place_of_another_under_its_name_is_fetched() {
    let world = World::new(Value::Null).await;
    let carol = || person("carol", "carol@allowed.example");
    world.sign_in(carol()).await.expect(200);
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    world.provider.replace_key();
    world.sign_in(carol()).await.expect(200);
}
