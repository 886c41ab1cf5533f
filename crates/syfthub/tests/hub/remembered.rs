//! Tests of what is remembered of tokens, and when it is forgotten.

use syft_space_domain::marketplace::SatelliteRefused;

use crate::support::{FakeHub, KID, NOW, OURS, claims, claims_at, tokens, verify};

#[tokio::test]
async fn a2_a_token_that_was_seen_ends_as_one_never_seen_before() {
    let hub = FakeHub::showing(vec![OURS.shown(KID)]);
    let warm = tokens(&hub);
    let token = OURS.token(KID, &claims());
    for offset in [0, 30, 64, 65, 3, -5, -6, 64, 65, 1_000, 0] {
        let cold = tokens(&hub);
        let now = NOW + offset;
        assert_eq!(verify(&warm, &token, now).await, verify(&cold, &token, now).await, "{offset}");
    }
    assert_eq!(verify(&warm, &token, NOW + 65).await.err(), Some(SatelliteRefused::Expired));
    assert_eq!(verify(&warm, &token, NOW - 6).await.err(), Some(SatelliteRefused::NotYetValid));
}

#[tokio::test]
async fn a2_more_tokens_than_are_remembered_all_pass() {
    let hub = FakeHub::showing(vec![OURS.shown(KID)]);
    let tokens = tokens(&hub);
    let token = |number: i64| {
        let mut claims = claims_at(NOW);
        claims["sub"] = number.to_string().into();
        OURS.token(KID, &claims)
    };
    let all: Vec<String> = (0..1_500).map(token).collect();
    for token in all.iter().chain(&all) {
        assert!(verify(&tokens, token, NOW).await.is_ok());
    }
    assert_eq!(hub.calls(), 1);
}
