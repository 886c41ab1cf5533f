//! The verdicts of `/verify`. Each has status 200.

use std::time::Duration;

use serde_json::{Value, json};
use syft_space_fakehub::{HubKey, UserRole};

use crate::support::{NOW, World};

async fn verdict(world: &World, caller: &str, token: &str) -> Value {
    let answer = world.post("/api/v1/verify", Some(&world.pat(caller)), json!({"token": token})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body
}

#[tokio::test]
async fn f2_a_valid_token_tells_name_and_address() {
    let world = World::new();
    let token = world.hub.mint_token("alice", "spaceowner").unwrap();
    let expected = json!({
        "valid": true, "sub": "2", "email": "alice@example.com", "username": "alice", "role": "user",
        "aud": "spaceowner", "exp": NOW + 60, "iat": NOW,
    });
    // A token can be verified more than once.
    for _ in 0..2 {
        assert_eq!(verdict(&world, "spaceowner", &token).await, expected);
    }
    world.hub.set_email("alice", "alice@elsewhere.example").unwrap();
    assert_eq!(verdict(&world, "spaceowner", &token).await["email"], "alice@elsewhere.example");
}

#[tokio::test]
async fn f4_a_guest_has_one_address_for_all() {
    let world = World::new();
    let token = world.hub.mint_guest_token("spaceowner").unwrap();
    let expected = json!({
        "valid": true, "sub": "guest", "email": "guest@syfthub.org", "username": "guest", "role": "guest",
        "aud": "spaceowner", "exp": NOW + 60, "iat": NOW,
    });
    assert_eq!(verdict(&world, "spaceowner", &token).await, expected);
}

#[tokio::test]
async fn f5_the_role_is_the_tokens_not_that_of_today() {
    let world = World::new();
    world.hub.set_role("alice", UserRole::Admin).unwrap();
    let token = world.hub.mint_token("alice", "spaceowner").unwrap();
    world.hub.set_role("alice", UserRole::User).unwrap();
    assert_eq!(verdict(&world, "spaceowner", &token).await["role"], "admin");
}

#[tokio::test]
async fn f2_what_is_wrong_with_a_token_has_a_code() {
    let world = World::new();
    let good = world.hub.mint_token("alice", "spaceowner").unwrap();
    let key = world.hub.key();
    let claims = |name: &str, value: Value| {
        let mut claims = json!({"sub": "2", "iss": "https://hub.syft.com", "aud": "spaceowner", "exp": NOW + 60,
            "iat": NOW, "role": "user"});
        claims[name] = value;
        claims
    };
    let usual = claims("role", json!("user"));
    let forged = HubKey::insecure_test_key(2).unwrap().sign(&key.header(), &usual).unwrap();
    let with_header = |header: Value| key.sign(&header, &usual).unwrap();
    for (token, error) in [
        (forged, "invalid_signature"),
        ("nonsense".to_owned(), "invalid_token_format"),
        (good.rsplit_once('.').unwrap().0.to_owned(), "invalid_token_format"),
        (with_header(json!({"alg": "RS256", "typ": "JWT"})), "missing_kid"),
        (with_header(json!({"alg": "RS256", "kid": "another"})), "unknown_key"),
        (with_header(json!({"alg": "none", "kid": "hub-key-1"})), "invalid_token"),
        (world.hub.mint_claims(&claims("iss", json!("https://evil.example"))).unwrap(), "invalid_issuer"),
        (world.hub.mint_claims(&claims("exp", json!(NOW))).unwrap(), "token_expired"),
        (world.hub.mint_claims(&claims("exp", json!("soon"))).unwrap(), "decode_error"),
        (world.hub.mint_claims(&claims("sub", json!("x"))).unwrap(), "invalid_user_id"),
        (world.hub.mint_claims(&claims("sub", json!("99"))).unwrap(), "user_not_found"),
    ] {
        let verdict = verdict(&world, "spaceowner", &token).await;
        assert_eq!((&verdict["valid"], &verdict["error"]), (&json!(false), &json!(error)));
        assert_eq!(verdict.as_object().unwrap().len(), 3, "{verdict}");
    }
    let message = "Token audience 'spaceowner' does not match authorized audience 'alice'. You are not authorized to \
                   verify this token.";
    let mismatch = json!({"valid": false, "error": "audience_mismatch", "message": message});
    assert_eq!(verdict(&world, "alice", &good).await, mismatch);
}

#[tokio::test]
async fn f2_a_token_ends_without_leeway() {
    let world = World::new();
    let token = world.hub.mint_token("alice", "spaceowner").unwrap();
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(verdict(&world, "spaceowner", &token).await["valid"], true);
    world.clock.advance(Duration::from_secs(1));
    let ended = json!({"valid": false, "error": "token_expired", "message": "The token has expired."});
    assert_eq!(verdict(&world, "spaceowner", &token).await, ended);
}

#[tokio::test]
async fn f2_a_deactivated_user_is_seen_here() {
    let world = World::new();
    let token = world.hub.mint_token("bob", "spaceowner").unwrap();
    world.hub.set_active("bob", false).unwrap();
    let inactive =
        json!({"valid": false, "error": "user_inactive", "message": "User 'bob' is no longer active."});
    assert_eq!(verdict(&world, "spaceowner", &token).await, inactive);
}

#[tokio::test]
async fn f2_without_a_credential_or_a_token_there_is_no_verdict() {
    let world = World::new();
    let answer = world.post("/api/v1/verify", None, json!({"token": "x"})).await;
    assert_eq!((answer.status, answer.body), (401, json!({"detail": "Could not validate credentials"})));
    assert!(!answer.headers.contains_key("www-authenticate"), "the hub's error handler drops it");
    let answer = world.post("/api/v1/verify", Some(&world.pat("spaceowner")), json!({})).await;
    assert_eq!((answer.status, &answer.body["detail"][0]["loc"]), (422, &json!(["body", "token"])));
}
