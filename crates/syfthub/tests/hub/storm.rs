//! Tests that a storm of nonsense does not reach the hub, and keeps nobody out.

use std::sync::Arc;

use syft_space_domain::marketplace::SatelliteRefused;

use crate::support::{FakeHub, KID, NOW, OTHER, OURS, claims_at, header, tokens, verify};

#[tokio::test]
async fn k4_ten_thousand_random_kids_bring_three_fetches_and_one_each_ten_seconds() {
    let hub = FakeHub::showing(vec![OURS.shown(KID)]);
    let tokens = tokens(&hub);
    assert!(verify(&tokens, &OURS.token(KID, &claims_at(NOW)), NOW).await.is_ok());
    let before = hub.calls();
    let genuine = OURS.token(KID, &claims_at(NOW));
    let signature = genuine.rsplit('.').next().unwrap();
    let seconds = 40;
    for number in 0..10_000i64 {
        let now = NOW + number * seconds / 10_000;
        let forged = OURS_FORGED.replace("KID", &number.to_string());
        let token = format!("{}.{signature}", parts(&forged, now));
        assert_eq!(verify(&tokens, &token, now).await.err(), Some(SatelliteRefused::UnknownKey));
        if number % 100 == 0 {
            let valid = OURS.token(KID, &claims_at(now - number % 7));
            assert!(verify(&tokens, &valid, now).await.is_ok(), "{number}");
        }
    }
    let fetches = i64::try_from(hub.calls() - before).unwrap();
    assert!(fetches <= 3 + seconds / 10, "{fetches}");
    assert!(fetches >= 3, "a storm must not be mistaken for silence: {fetches}");
}

const OURS_FORGED: &str = r#"{"alg":"RS256","kid":"random-KID","typ":"JWT"}"#;

fn parts(header: &str, now: i64) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = URL_SAFE_NO_PAD.encode(claims_at(now).to_string());
    format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header))
}

#[tokio::test]
async fn k4_a_rotation_in_the_midst_of_a_storm_is_found_within_ten_seconds() {
    let hub = FakeHub::showing(vec![OURS.shown(KID)]);
    let tokens = tokens(&hub);
    let nonsense = |number: i64, now: i64| OURS.token(&format!("random-{number}"), &claims_at(now));
    for number in 0..50 {
        assert!(verify(&tokens, &nonsense(number, NOW), NOW).await.is_err());
    }
    hub.now_shows(vec![OTHER.shown(KID)]);
    // The bucket is empty.
    assert!(verify(&tokens, &OTHER.token(KID, &claims_at(NOW)), NOW).await.is_err());
    // Nonsense takes the next fetch, and so it works for everybody.
    let later = NOW + 10;
    assert!(verify(&tokens, &nonsense(99, later), later).await.is_err());
    assert!(verify(&tokens, &OTHER.token(KID, &claims_at(later)), later).await.is_ok());
    // Also the very token that was refused before.
    assert!(verify(&tokens, &OTHER.token(KID, &claims_at(NOW)), later).await.is_ok());
}

#[tokio::test]
async fn k4_the_same_wrong_token_brings_one_fetch_only() {
    let hub = FakeHub::showing(vec![OURS.shown(KID)]);
    let tokens = tokens(&hub);
    assert!(verify(&tokens, &OURS.token(KID, &claims_at(NOW)), NOW).await.is_ok());
    let wrong = OTHER.token(KID, &claims_at(NOW));
    for _ in 0..1_000 {
        let outcome = verify(&tokens, &wrong, NOW).await;
        assert_eq!(outcome.err(), Some(SatelliteRefused::BadSignature));
    }
    assert_eq!(hub.calls(), 2);
}

#[tokio::test]
async fn k4_what_is_wrong_without_any_key_asks_nobody() {
    let hub = FakeHub::showing(vec![OURS.shown(KID)]);
    let tokens = tokens(&hub);
    let mut foreign = claims_at(NOW);
    foreign["iss"] = "https://evil.example".into();
    for token in [
        String::new(),
        "a.b.c".to_owned(),
        OURS.token(KID, &foreign),
        OURS.sign(&header(KID).to_string(), "{}"),
        OURS.sign(r#"{"alg":"none","typ":"JWT","kid":"x"}"#, &claims_at(NOW).to_string()),
        "x".repeat(5_000),
    ] {
        assert!(verify(&tokens, &token, NOW).await.is_err());
    }
    assert_eq!(hub.calls(), 0);
}

#[tokio::test]
async fn k4_a_crowd_of_strangers_at_a_slow_hub_keeps_no_known_caller_waiting() {
    let hub = FakeHub::showing(vec![OURS.shown(KID)]);
    let tokens = tokens(&hub);
    assert!(verify(&tokens, &OURS.token(KID, &claims_at(NOW)), NOW).await.is_ok());
    hub.gate.forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let crowd: Vec<_> = (0..2_000)
        .map(|number| {
            let tokens = Arc::clone(&tokens);
            let token = format!("{}.AAAA", parts(&OURS_FORGED.replace("KID", &number.to_string()), NOW));
            tokio::spawn(async move { verify(&tokens, &token, NOW).await })
        })
        .collect();
    hub.until_called(2).await;
    assert!(verify(&tokens, &OURS.token(KID, &claims_at(NOW - 1)), NOW).await.is_ok());
    hub.gate.add_permits(1_000);
    for one in crowd {
        assert_eq!(one.await.unwrap().err(), Some(SatelliteRefused::UnknownKey));
    }
    assert!(hub.calls() <= 4, "{}", hub.calls());
}
