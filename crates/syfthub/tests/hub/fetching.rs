//! Tests of when a hub's keys are fetched, and what becomes of tokens meanwhile.

use std::sync::Arc;

use serde_json::json;
use syft_space_domain::marketplace::SatelliteRefused;
use syft_space_outbound::OutboundError;

use crate::support::{
    FakeHub, ISSUER, KID, NOW, OTHER, OURS, Trusted, URL, answer, claims, claims_at, hub, set, tokens,
    trusting, verify,
};

#[tokio::test]
async fn a2_the_first_token_brings_the_keys_and_the_next_ones_need_no_call() {
    let hub = FakeHub::showing(vec![OURS.shown(KID)]);
    let tokens = tokens(&hub);
    for number in 0..20 {
        assert!(verify(&tokens, &OURS.token(KID, &claims_at(NOW - number)), NOW).await.is_ok());
    }
    let seen = hub.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].call.as_str(), &seen[0].bearer), ("GET /.well-known/jwks.json", &None));
}

#[tokio::test]
async fn a2_callers_who_come_at_once_wait_for_one_fetch() {
    let hub = FakeHub::showing(vec![OURS.shown(KID)]);
    let tokens = tokens(&hub);
    hub.gate.forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let callers: Vec<_> = (0..50)
        .map(|number| {
            let tokens = Arc::clone(&tokens);
            tokio::spawn(
                async move { verify(&tokens, &OURS.token(KID, &claims_at(NOW - number)), NOW).await },
            )
        })
        .collect();
    hub.until_called(1).await;
    hub.gate.add_permits(1_000);
    for caller in callers {
        assert!(caller.await.unwrap().is_ok());
    }
    assert_eq!(hub.calls(), 1);
}

#[tokio::test]
async fn a2_a_new_key_is_found_at_once_also_under_the_old_name() {
    for kid in ["hub-key-2", KID] {
        let hub = FakeHub::showing(vec![OURS.shown(KID)]);
        let tokens = tokens(&hub);
        assert!(verify(&tokens, &OURS.token(KID, &claims()), NOW).await.is_ok());
        hub.now_shows(vec![OTHER.shown(kid)]);
        assert!(verify(&tokens, &OTHER.token(kid, &claims()), NOW + 1).await.is_ok());
        assert_eq!(hub.calls(), 2);
        // The old key is gone, and what it verified is forgotten, long before its end.
        let old = verify(&tokens, &OURS.token(KID, &claims()), NOW + 1).await.err().unwrap();
        assert!(matches!(old, SatelliteRefused::UnknownKey | SatelliteRefused::BadSignature), "{old:?}");
    }
}

#[tokio::test]
async fn a2_who_comes_while_an_older_fetch_is_under_way_gets_one_of_their_own() {
    let hub = FakeHub::showing(vec![OURS.shown(KID)]);
    let tokens = tokens(&hub);
    assert!(verify(&tokens, &OURS.token(KID, &claims()), NOW).await.is_ok());
    // Somebody's nonsense brings a fetch, which the hub answers from before its rotation.
    hub.gate.forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let before = set(&[OURS.shown(KID)]);
    let after = set(&[OTHER.shown(KID)]);
    let mut answers = vec![after, before];
    hub.now_plays(move |_| answers.pop().unwrap());
    let spawn = |token: String| {
        let tokens = Arc::clone(&tokens);
        tokio::spawn(async move { verify(&tokens, &token, NOW).await })
    };
    let nonsense = spawn(OURS.token("nonsense", &claims()));
    hub.until_called(2).await;
    let valid = spawn(OTHER.token(KID, &claims()));
    tokio::task::yield_now().await;
    hub.gate.add_permits(10);
    assert_eq!(nonsense.await.unwrap().err(), Some(SatelliteRefused::UnknownKey));
    assert!(valid.await.unwrap().is_ok());
    assert_eq!(hub.calls(), 3);
}

#[tokio::test]
async fn a2_who_goes_away_takes_no_fetch_along() {
    let hub = FakeHub::showing(vec![OURS.shown(KID)]);
    let tokens = tokens(&hub);
    hub.gate.forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let gone = Arc::clone(&tokens);
    let gone = tokio::spawn(async move { verify(&gone, &OURS.token(KID, &claims()), NOW).await });
    hub.until_called(1).await;
    gone.abort();
    assert!(gone.await.is_err());
    hub.gate.add_permits(10);
    assert!(verify(&tokens, &OURS.token(KID, &claims()), NOW).await.is_ok());
    // The one that was left behind may have come just in time, or one more was needed.
    assert!(hub.calls() <= 2);
}

#[tokio::test]
async fn a2_good_keys_stay_whatever_a_hub_answers() {
    let hub = FakeHub::showing(vec![OURS.shown(KID)]);
    let tokens = tokens(&hub);
    assert!(verify(&tokens, &OURS.token(KID, &claims()), NOW).await.is_ok());
    let short = json!({"kty": "RSA", "kid": KID, "n": "AQAB", "e": "AQAB"}).to_string();
    let mut now = NOW;
    for nonsense in [
        answer(200, ""),
        answer(200, "<html>"),
        answer(200, "[]"),
        answer(200, "{}"),
        answer(200, r#"{"keys":[]}"#),
        answer(200, r#"{"keys":[1]}"#),
        answer(200, format!(r#"{{"keys":[{short}]}}"#)),
        answer(302, ""),
        answer(404, r#"{"detail":"Not Found"}"#),
        answer(500, ""),
        Err(OutboundError::TooLarge(65_536)),
        Err(OutboundError::Timeout),
        Err(OutboundError::Connect("connection refused".to_owned())),
    ] {
        hub.now_plays(move |_| nonsense.clone());
        now += 30;
        let calls = hub.calls();
        let unknown = verify(&tokens, &OURS.token("hub-key-9", &claims_at(now)), now).await;
        assert_eq!(unknown.err(), Some(SatelliteRefused::UnknownKey));
        assert!(hub.calls() > calls);
        assert!(verify(&tokens, &OURS.token(KID, &claims_at(now)), now).await.is_ok());
    }
    // And long after they are older than the hub said.
    let later = now + 100_000;
    assert!(verify(&tokens, &OURS.token(KID, &claims_at(later)), later).await.is_ok());
}

#[tokio::test]
async fn a2_a_hub_that_never_showed_a_key_is_told_apart_from_a_wrong_token() {
    let hub = FakeHub::new(|_| Err(OutboundError::Timeout));
    let tokens = tokens(&hub);
    for _ in 0..10 {
        let outcome = verify(&tokens, &OURS.token(KID, &claims()), NOW).await;
        assert_eq!(outcome.err(), Some(SatelliteRefused::KeysUnavailable));
    }
    // As many attempts as on any suspicion, failed ones too.
    assert_eq!(hub.calls(), 3);
    hub.now_shows(vec![OURS.shown(KID)]);
    assert!(verify(&tokens, &OURS.token(KID, &claims_at(NOW + 10)), NOW + 10).await.is_ok());
}

#[tokio::test]
async fn a2_keys_are_refreshed_ahead_of_their_age_and_nobody_waits() {
    let hub = FakeHub::showing(vec![OURS.shown(KID)]);
    let tokens = tokens(&hub);
    assert!(verify(&tokens, &OURS.token(KID, &claims()), NOW).await.is_ok());
    hub.gate.forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    // Three quarters of an hour later a fetch begins, and the hub is slow: the caller passes meanwhile.
    let later = NOW + 2_700;
    assert!(verify(&tokens, &OURS.token(KID, &claims_at(later)), later).await.is_ok());
    hub.until_called(2).await;
    assert!(verify(&tokens, &OURS.token(KID, &claims_at(later - 1)), later).await.is_ok());
    assert_eq!(hub.calls(), 2);
    hub.gate.add_permits(10);
}

#[tokio::test]
async fn a2_after_a_quiet_night_old_keys_are_not_believed_unasked() {
    let hub = FakeHub::showing(vec![OURS.shown(KID)]);
    let tokens = tokens(&hub);
    assert!(verify(&tokens, &OURS.token(KID, &claims()), NOW).await.is_ok());
    hub.now_shows(vec![OTHER.shown("hub-key-2")]);
    let later = NOW + 30_000;
    let old = verify(&tokens, &OURS.token(KID, &claims_at(later)), later).await;
    assert_eq!(old.err(), Some(SatelliteRefused::UnknownKey));
}

#[tokio::test]
async fn a2_hubs_do_not_verify_for_each_other() {
    let trusted = Trusted::one();
    trusted.0.lock().unwrap().push(hub(2, "https://other.example", "https://other.example"));
    let shows = |seen: &crate::support::Seen| {
        assert_eq!(seen.call, "GET /.well-known/jwks.json");
        set(&[OURS.shown(KID)])
    };
    let played = FakeHub::new(shows);
    let tokens = trusting(Arc::clone(&trusted), &played);
    let mut theirs = claims();
    theirs["iss"] = json!("https://other.example");
    assert!(verify(&tokens, &OURS.token(KID, &claims()), NOW).await.is_ok());
    // From now on the hubs show different keys.
    played.now_shows(vec![OTHER.shown(KID)]);
    let other = verify(&tokens, &OTHER.token(KID, &theirs), NOW).await.unwrap();
    assert_eq!(other.hub, hub(2, ISSUER, URL).id);
    let crossed = verify(&tokens, &OURS.token(KID, &theirs), NOW).await;
    assert_eq!(crossed.err(), Some(SatelliteRefused::BadSignature));
}

#[tokio::test]
async fn a2_trust_that_is_withdrawn_or_moved_ends_for_tokens_that_were_seen() {
    let trusted = Trusted::one();
    let played = FakeHub::showing(vec![OURS.shown(KID)]);
    let tokens = trusting(Arc::clone(&trusted), &played);
    let token = OURS.token(KID, &claims());
    assert!(verify(&tokens, &token, NOW).await.is_ok());

    played.now_shows(vec![OTHER.shown(KID)]);
    *trusted.0.lock().unwrap() = vec![hub(1, ISSUER, "https://moved.example.org")];
    assert_eq!(verify(&tokens, &token, NOW).await.err(), Some(SatelliteRefused::BadSignature));

    trusted.0.lock().unwrap().clear();
    assert_eq!(verify(&tokens, &token, NOW).await.err(), Some(SatelliteRefused::UnknownIssuer));
}
