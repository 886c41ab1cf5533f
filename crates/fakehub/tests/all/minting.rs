//! Minting satellite tokens, and the JWKS.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use syft_space_fakehub::{HubKey, UserRole};

use crate::support::{NOW, World, parts};

async fn mint(world: &World, path: &str, bearer: Option<&str>) -> String {
    let answer = world.get(path, bearer).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["expires_in"], 60);
    assert_eq!(answer.body.as_object().unwrap().len(), 2);
    answer.body["target_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn f1_a_satellite_token_has_six_claims_and_lives_for_60_seconds() {
    let world = World::new();
    let alice = world.session("alice").await;
    let token = mint(&world, "/api/v1/token?aud=spaceowner", Some(&alice)).await;
    let (header, claims) = parts(&token);
    assert_eq!(header, json!({"alg": "RS256", "kid": "hub-key-1", "typ": "JWT"}));
    let expected = json!({
        "sub": "2", "iss": "https://hub.syft.com", "aud": "spaceowner", "exp": NOW + 60, "iat": NOW, "role": "user",
    });
    assert_eq!(claims, expected);
    assert_eq!(token.len(), 547);
}

#[tokio::test]
async fn f3_the_audience_is_lower_cased_and_trimmed() {
    let world = World::new();
    let token = mint(&world, "/api/v1/token?aud=%20SpaceOwner%20", Some(&world.pat("alice"))).await;
    assert_eq!(parts(&token).1["aud"], "spaceowner");
}

#[tokio::test]
async fn f1_two_tokens_of_one_second_are_the_same() {
    let world = World::new();
    let alice = world.pat("alice");
    let one = mint(&world, "/api/v1/token?aud=bob", Some(&alice)).await;
    assert_eq!(one, mint(&world, "/api/v1/token?aud=bob", Some(&alice)).await);
    world.clock.advance(Duration::from_secs(1));
    assert_ne!(one, mint(&world, "/api/v1/token?aud=bob", Some(&alice)).await);
}

#[tokio::test]
async fn f4_anybody_has_a_guest_token() {
    let world = World::new();
    let token = mint(&world, "/api/v1/token/guest?aud=spaceowner", None).await;
    let claims = parts(&token).1;
    assert_eq!((&claims["sub"], &claims["role"]), (&json!("guest"), &json!("guest")));
}

#[tokio::test]
async fn f5_the_role_is_the_users_of_the_moment() {
    let world = World::new();
    world.hub.set_role("alice", UserRole::Admin).unwrap();
    let token = mint(&world, "/api/v1/token?aud=bob", Some(&world.pat("alice"))).await;
    assert_eq!(parts(&token).1["role"], "admin");
}

#[tokio::test]
async fn f3_both_mint_routes_refuse_an_audience_that_is_none() {
    let world = World::new();
    let alice = world.session("alice").await;
    world.hub.set_active("bob", false).unwrap();
    let unknown = json!({"detail": {"code": "AUDIENCE_NOT_FOUND",
        "message": "Audience 'nobody' is not a registered user.", "audience": "nobody"}});
    let inactive = json!({"detail": {"code": "AUDIENCE_INACTIVE",
        "message": "Audience 'bob' is inactive and cannot receive tokens.", "audience": "bob"}});
    let blank = json!({"detail": {"code": "MISSING_AUDIENCE",
        "message": "The 'aud' query parameter is required."}});
    let missing = json!({"detail": [
        {"type": "missing", "loc": ["query", "aud"], "msg": "Field required", "input": null}]});
    for (query, status, body) in [
        ("?aud=nobody", 404, unknown),
        ("?aud=bob", 400, inactive),
        ("?aud=%20", 400, blank),
        ("", 422, missing),
    ] {
        for (route, bearer) in [("token", Some(alice.as_str())), ("token/guest", None)] {
            let answer = world.get(&format!("/api/v1/{route}{query}"), bearer).await;
            assert_eq!((answer.status, &answer.body), (status, &body), "{route}{query}");
        }
    }
}

#[tokio::test]
async fn f2_a_token_is_minted_for_active_users_alone() {
    let world = World::new();
    let alice = world.session("alice").await;
    let satellite = world.hub.mint_token("alice", "bob").unwrap();
    let refused = json!({"detail": "Could not validate credentials"});
    for bearer in [None, Some("nonsense"), Some(satellite.as_str())] {
        let answer = world.get("/api/v1/token?aud=spaceowner", bearer).await;
        assert_eq!((answer.status, &answer.body), (401, &refused));
    }
    world.hub.set_active("alice", false).unwrap();
    assert_eq!(world.get("/api/v1/token?aud=spaceowner", Some(&alice)).await.status, 401);
    let slash = world.get("/api/v1/token/", None).await;
    assert_eq!((slash.status, slash.body), (404, json!({"detail": "Not Found"})));
}

#[tokio::test]
async fn f6_the_keys_are_shown_for_an_hour_and_to_get_alone() {
    let world = World::new();
    let answer = world.get("/.well-known/jwks.json", None).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["cache-control"], "public, max-age=3600");
    assert!(!answer.headers.contains_key("etag"));
    let keys = answer.body["keys"].as_array().unwrap();
    let key = keys[0].as_object().unwrap();
    let mut names: Vec<&str> = key.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!((keys.len(), names), (1, vec!["alg", "e", "kid", "kty", "n", "use"]));
    assert_eq!((&key["kid"], &key["e"]), (&json!("hub-key-1"), &json!("AQAB")));
    assert_eq!(key["n"].as_str().unwrap().len(), 342, "2048 bits");

    let head = world.call(Method::HEAD, "/.well-known/jwks.json", None, None).await;
    assert_eq!(head.status, 405);
    assert_eq!(world.get("/.well-known/openid-configuration", None).await.status, 404);
}

async fn published_keys(world: &World) -> Vec<Value> {
    world.get("/.well-known/jwks.json", None).await.body["keys"].as_array().unwrap().clone()
}

async fn verdict(world: &World, token: &str) -> Value {
    let owner = world.pat("spaceowner");
    world.post("/api/v1/verify", Some(&owner), json!({"token": token})).await.body
}

#[tokio::test]
async fn k4_a_key_can_be_another_under_the_same_id() {
    let world = World::new();
    let before = published_keys(&world).await;
    let old = world.hub.mint_token("alice", "spaceowner").unwrap();
    world.hub.replace_key(HubKey::insecure_test_key(1).unwrap()).unwrap();
    let after = published_keys(&world).await;
    assert_eq!((&before[0]["kid"], before.len()), (&after[0]["kid"], after.len()));
    assert_ne!(before[0]["n"], after[0]["n"]);
    assert_eq!(verdict(&world, &old).await["error"], "invalid_signature");
    let new = world.hub.mint_token("alice", "spaceowner").unwrap();
    assert_eq!(verdict(&world, &new).await["valid"], true);
}

#[tokio::test]
async fn k4_a_new_key_can_stand_beside_the_old_one() {
    let world = World::new();
    let old = world.hub.mint_token("alice", "spaceowner").unwrap();
    world.hub.add_key(HubKey::insecure_test_key(1).unwrap().named("hub-key-2")).unwrap();
    let kids: Vec<Value> = published_keys(&world).await.iter().map(|key| key["kid"].clone()).collect();
    assert_eq!(kids, [json!("hub-key-1"), json!("hub-key-2")]);
    let new = world.hub.mint_token("alice", "spaceowner").unwrap();
    assert_eq!(parts(&new).0["kid"], "hub-key-2");
    for token in [old, new] {
        assert_eq!(verdict(&world, &token).await["valid"], true);
    }
}

#[tokio::test]
async fn k4_any_keys_can_be_shown() {
    let world = World::new();
    let good = world.hub.key().jwk().unwrap();
    let short = HubKey::insecure_short_test_key().unwrap().named("short").jwk().unwrap();
    assert_eq!(short["n"].as_str().unwrap().len(), 171, "1024 bits");
    let mut encrypting = good.clone();
    encrypting["use"] = json!("enc");
    for keys in [vec![], vec![good.clone(), good, short, encrypting], vec![json!("no key")]] {
        world.hub.publish_keys(keys.clone());
        assert_eq!(published_keys(&world).await, keys);
    }
}
