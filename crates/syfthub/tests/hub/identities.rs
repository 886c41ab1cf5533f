//! Tests of identities: who people are, how often the hub is asked, and what happens when it cannot be.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{HubId, MarketplaceId};
use syft_space_domain::marketplace::ports::{
    HubAccess, HubError, HubIdentity, IdentifyError, SatelliteIdentities,
};
use syft_space_domain::marketplace::{
    Audience, HubCredential, HubRole, HubUrl, HubUsername, Marketplace, SatelliteClaims,
};
use syft_space_domain::sealing::Sealed;
use syft_space_domain::secret::Secret;
use syft_space_outbound::OutboundError;
use syft_space_syfthub::{HubHttp, IdentitySettings, SyftHub, SyftHubIdentities};
use tokio::sync::Semaphore;

use crate::support::{FakeHub, ISSUER, ManualClock, NOW, Seeded, Trusted, URL, answer, at};

fn identities(hub: &Arc<FakeHub>) -> Arc<SyftHubIdentities> {
    identities_trusting(Trusted::one(), hub)
}

fn identities_trusting(trusted: Arc<Trusted>, hub: &Arc<FakeHub>) -> Arc<SyftHubIdentities> {
    let http: Arc<dyn HubHttp> = hub.clone();
    let client = SyftHub::new(http, ManualClock::new(NOW), &Seeded::new(2)).unwrap();
    Arc::new(SyftHubIdentities::new(Arc::new(client), trusted, IdentitySettings::default()))
}

fn claims(subject: &str, audience: &str) -> SatelliteClaims {
    SatelliteClaims {
        hub: HubId::from_bytes([1; 16]),
        subject: subject.to_owned(),
        audience: Audience::parse(audience).unwrap(),
        role: HubRole::User,
        issued_at: at(NOW),
        not_before: at(NOW),
        expires_at: at(NOW + 60),
    }
}

fn access() -> Result<HubAccess, HubError> {
    let credential = HubCredential::Pat(Secret::new("syft_pat_x".to_owned()));
    Ok(HubAccess { url: HubUrl::parse(URL).unwrap(), credential })
}

async fn who(
    identities: &SyftHubIdentities,
    claims: &SatelliteClaims,
    seconds: i64,
) -> Result<HubIdentity, IdentifyError> {
    identities.identify(claims, "the.very.token", &account(1), &access, at(seconds)).await
}

/// The account as it was after so many changes.
fn account(revision: u64) -> Marketplace {
    Marketplace {
        id: MarketplaceId::from_bytes([2; 16]),
        name: "market".parse().unwrap(),
        hub: HubId::from_bytes([1; 16]),
        username: "spaceowner".parse().unwrap(),
        satellite: None,
        credential: Sealed::from_bytes(Vec::new()),
        told_url: None,
        revision,
        created_at: at(NOW),
        updated_at: at(NOW),
    }
}

fn valid(subject: &str, audience: &str) -> Value {
    json!({"valid": true, "sub": subject, "aud": audience, "username": "alice", "email": "alice@example.com",
           "role": "user", "exp": NOW + 60, "iat": NOW})
}

fn invalid(error: &str) -> Value {
    json!({"valid": false, "error": error, "message": "No."})
}

fn alice() -> HubIdentity {
    HubIdentity {
        username: HubUsername::parse("alice").unwrap(),
        email: Some(Email::parse("alice@example.com").unwrap()),
        role: HubRole::User,
    }
}

#[tokio::test]
async fn a2_a_person_is_asked_for_once_in_ten_minutes() {
    let hub = FakeHub::new(|_| answer(200, valid("2", "spaceowner")));
    let identities = identities(&hub);
    for seconds in [0, 1, 60, 599] {
        assert_eq!(who(&identities, &claims("2", "spaceowner"), NOW + seconds).await, Ok(alice()));
    }
    let seen = hub.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].call, "POST /api/v1/verify");
    assert_eq!(seen[0].bearer.as_deref(), Some("syft_pat_x"));
    assert_eq!(seen[0].body, r#"{"token":"the.very.token"}"#);
    assert_eq!(who(&identities, &claims("2", "spaceowner"), NOW + 600).await, Ok(alice()));
    assert_eq!(hub.calls(), 2);
}

#[tokio::test]
async fn a2_a_hub_that_is_at_another_url_by_now_is_asked_for_everybody_anew() {
    let hub = FakeHub::new(|_| answer(200, valid("2", "spaceowner")));
    let trusted = Trusted::one();
    let identities = identities_trusting(Arc::clone(&trusted), &hub);
    for calls in [1, 2] {
        for _ in 0..3 {
            assert_eq!(who(&identities, &claims("2", "spaceowner"), NOW).await, Ok(alice()));
            assert_eq!(hub.calls(), calls);
        }
        // It may be somebody else's, whose second user is another.
        *trusted.0.lock().unwrap() = vec![crate::support::hub(1, ISSUER, "https://elsewhere.example.org")];
    }
}

#[tokio::test]
async fn a2_who_is_known_needs_no_credential() {
    let hub = FakeHub::new(|_| answer(200, valid("2", "spaceowner")));
    let identities = identities(&hub);
    who(&identities, &claims("2", "spaceowner"), NOW).await.unwrap();
    let none = || -> Result<HubAccess, HubError> { panic!("nobody is to be asked") };
    let known = identities.identify(&claims("2", "spaceowner"), "t", &account(1), &none, at(NOW)).await;
    assert_eq!(known, Ok(alice()));
}

#[tokio::test]
async fn a2_who_comes_at_once_is_asked_for_once_and_others_do_not_wait() {
    let hub = FakeHub::new(|seen| {
        let subject = if seen.body.contains("other") { "3" } else { "2" };
        answer(200, valid(subject, "spaceowner"))
    });
    hub.gate.forget_permits(Semaphore::MAX_PERMITS);
    let identities = identities(&hub);
    let crowd: Vec<_> = (0..100)
        .map(|_| {
            let identities = Arc::clone(&identities);
            tokio::spawn(async move { who(&identities, &claims("2", "spaceowner"), NOW).await })
        })
        .collect();
    hub.until_called(1).await;
    let theirs = claims("3", "spaceowner");
    let account = account(1);
    let other = identities.identify(&theirs, "other.token.x", &account, &access, at(NOW));
    let (other, ()) = tokio::join!(other, async {
        hub.until_called(2).await;
        hub.gate.add_permits(10);
    });
    assert!(other.is_ok());
    for one in crowd {
        assert_eq!(one.await.unwrap(), Ok(alice()));
    }
    assert_eq!(hub.calls(), 2);
}

#[tokio::test]
async fn a2_who_comes_and_goes_asks_no_oftener_than_who_waits() {
    let hub = FakeHub::new(|_| answer(200, valid("2", "spaceowner")));
    hub.gate.forget_permits(Semaphore::MAX_PERMITS);
    let identities = identities(&hub);
    for _ in 0..10 {
        let hasty = Arc::clone(&identities);
        let hasty = tokio::spawn(async move { who(&hasty, &claims("2", "spaceowner"), NOW).await });
        hub.until_called(1).await;
        tokio::task::yield_now().await;
        hasty.abort();
        assert!(hasty.await.is_err());
    }
    hub.gate.add_permits(10);
    assert_eq!(who(&identities, &claims("2", "spaceowner"), NOW).await, Ok(alice()));
    assert_eq!(hub.calls(), 1);
}

#[tokio::test]
async fn a2_what_the_hub_said_last_serves_for_an_hour_when_it_cannot_be_asked() {
    let hub = FakeHub::new(|_| answer(200, valid("2", "spaceowner")));
    let identities = identities(&hub);
    let claims = claims("2", "spaceowner");
    who(&identities, &claims, NOW).await.unwrap();
    hub.now_plays(|_| Err(OutboundError::Timeout));
    for seconds in [600, 601, 629] {
        assert_eq!(who(&identities, &claims, NOW + seconds).await, Ok(alice()));
    }
    assert_eq!(hub.calls(), 2, "it is not asked by each caller");
    assert_eq!(who(&identities, &claims, NOW + 630).await, Ok(alice()));
    assert_eq!(hub.calls(), 3);
    assert_eq!(who(&identities, &claims, NOW + 3_599).await, Ok(alice()));
    let late = who(&identities, &claims, NOW + 3_630).await;
    assert!(matches!(late, Err(IdentifyError::Unavailable(HubError::Unavailable(_), _))), "{late:?}");
    hub.now_plays(|_| answer(200, valid("2", "spaceowner")));
    assert_eq!(who(&identities, &claims, NOW + 3_660).await, Ok(alice()));
}

#[tokio::test]
async fn a2_whom_the_hub_deactivates_is_forgotten_at_the_next_asking() {
    for error in ["user_inactive", "user_not_found", "invalid_user_id"] {
        let hub = FakeHub::new(|_| answer(200, valid("2", "spaceowner")));
        let identities = identities(&hub);
        let claims = claims("2", "spaceowner");
        who(&identities, &claims, NOW).await.unwrap();
        hub.now_plays(move |_| answer(200, invalid(error)));
        let refused = Err(IdentifyError::NotVouchedFor(format!("{error}: No.")));
        assert_eq!(who(&identities, &claims, NOW + 600).await, refused);
        assert_eq!(who(&identities, &claims, NOW + 601).await, refused);
        assert_eq!(hub.calls(), 2, "a refusal is remembered shortly");
        // Nothing that was known before comes back when the hub is down.
        hub.now_plays(|_| Err(OutboundError::Timeout));
        let later = who(&identities, &claims, NOW + 640).await;
        assert!(matches!(later, Err(IdentifyError::Unavailable(..))), "{later:?}");
    }
}

#[tokio::test]
async fn z1_what_one_tenants_account_is_refused_is_not_held_against_anothers_callers() {
    let hub = FakeHub::new(|_| answer(200, invalid("audience_mismatch")));
    let identities = identities(&hub);
    let broken = who(&identities, &claims("2", "broken"), NOW).await;
    assert_eq!(broken, Err(IdentifyError::NotVouchedFor("audience_mismatch: No.".to_owned())));
    hub.now_plays(|_| answer(200, valid("2", "spaceowner")));
    assert_eq!(who(&identities, &claims("2", "spaceowner"), NOW).await, Ok(alice()));
    hub.now_plays(|_| answer(401, r#"{"detail":"Could not validate credentials"}"#));
    assert_eq!(
        who(&identities, &claims("2", "broken"), NOW + 700).await,
        Ok(alice()),
        "it is the same person"
    );
}

#[tokio::test]
async fn a2_a_token_that_ends_on_its_way_takes_nobodys_identity() {
    let hub = FakeHub::new(|_| answer(200, valid("2", "spaceowner")));
    let identities = identities(&hub);
    let claims = claims("2", "spaceowner");
    who(&identities, &claims, NOW).await.unwrap();
    hub.now_plays(|_| answer(200, invalid("token_expired")));
    assert_eq!(who(&identities, &claims, NOW + 600).await, Ok(alice()));
}

#[tokio::test]
async fn a2_an_answer_about_somebody_else_or_none_is_not_believed() {
    for body in [
        valid("3", "spaceowner"),
        valid("2", "other"),
        json!({"valid": true}),
        json!({"valid": "true"}),
        json!([]),
        json!({"valid": true, "sub": "2", "aud": "spaceowner", "username": "a b", "role": "user"}),
        json!({"valid": true, "sub": "2", "aud": "spaceowner", "username": "alice", "role": "owner"}),
    ] {
        let told = body.to_string();
        let hub = FakeHub::new(move |_| answer(200, &told));
        let outcome = who(&identities(&hub), &claims("2", "spaceowner"), NOW).await;
        assert!(
            matches!(outcome, Err(IdentifyError::Unavailable(HubError::Unreadable(_), _))),
            "{body}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a2_an_address_that_cannot_be_compared_is_none_and_the_role_is_the_tokens() {
    let hub = FakeHub::new(|_| {
        let mut body = valid("2", "spaceowner");
        (body["email"], body["role"]) = (json!("not an address"), json!("admin"));
        answer(200, body)
    });
    let someone = who(&identities(&hub), &claims("2", "spaceowner"), NOW).await.unwrap();
    assert_eq!((someone.email, someone.role), (None, HubRole::User));
}

#[tokio::test]
async fn a2_who_is_known_does_not_wait_for_a_hub_that_hangs_and_is_asked_for_behind_that() {
    let hub = FakeHub::new(|_| answer(200, valid("2", "spaceowner")));
    let identities = identities(&hub);
    let claims = claims("2", "spaceowner");
    who(&identities, &claims, NOW).await.unwrap();
    hub.gate.forget_permits(Semaphore::MAX_PERMITS);
    let begun = tokio::time::Instant::now();
    assert_eq!(who(&identities, &claims, NOW + 600).await, Ok(alice()));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    // Whoever comes while the hub is asked does not wait at all.
    let begun = tokio::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(who(&identities, &claims, NOW + 601).await, Ok(alice()));
    }
    assert!(begun.elapsed() < Duration::from_millis(200), "{:?}", begun.elapsed());
    assert_eq!(hub.calls(), 2);
    // What the hub says in the end counts.
    hub.now_plays(|_| answer(200, invalid("user_inactive")));
    hub.gate.add_permits(10);
    for _ in 0..1_000 {
        if who(&identities, &claims, NOW + 602).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the hub's word did not count");
}

#[tokio::test]
async fn a2_a_failure_says_when_the_hub_is_asked_again_and_a_new_credential_forgets_it() {
    let hub = FakeHub::new(|_| answer(401, r#"{"detail":"Could not validate credentials"}"#));
    let identities = identities(&hub);
    let claims = claims("2", "spaceowner");
    let ask = async |revision, seconds| {
        identities.identify(&claims, "the.very.token", &account(revision), &access, at(NOW + seconds)).await
    };
    let wait = |outcome: Result<HubIdentity, IdentifyError>| match outcome {
        Err(IdentifyError::Unavailable(HubError::Unauthorized(_), again)) => again.as_secs_f64(),
        other => panic!("{other:?}"),
    };
    for (seconds, left) in [(0, 30.0), (12, 18.0), (29, 1.0)] {
        let told = wait(ask(1, seconds).await);
        assert!((told - left).abs() < 2.0, "{told} after {seconds}");
    }
    assert_eq!(hub.calls(), 1);
    hub.now_plays(|_| answer(200, valid("2", "spaceowner")));
    assert_eq!(ask(2, 1).await, Ok(alice()), "at once");
    assert_eq!(ask(1, 40).await, Ok(alice()));
}
