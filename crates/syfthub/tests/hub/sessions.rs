//! Tests of how sessions and tokens for other spaces are cached and renewed.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use syft_space_domain::marketplace::ports::{HubAccess, HubClient, HubError};
use syft_space_domain::marketplace::{Audience, HubCredential, HubUrl};
use syft_space_domain::secret::Secret;
use syft_space_outbound::OutboundError;
use syft_space_syfthub::{HubHttp, SyftHub};
use tokio::sync::Semaphore;

use crate::support::{FakeHub, ManualClock, NOW, Seeded, Seen, URL, answer};

fn client(hub: &Arc<FakeHub>, clock: &Arc<ManualClock>) -> Arc<SyftHub> {
    let http: Arc<dyn HubHttp> = hub.clone();
    Arc::new(SyftHub::new(http, clock.clone(), &Seeded::new(3)).unwrap())
}

fn with_password(password: &str) -> HubAccess {
    let password = Secret::new(password.to_owned());
    let credential = HubCredential::Password { username: "space owner".to_owned(), password };
    HubAccess { url: HubUrl::parse(URL).unwrap(), credential }
}

fn with_pat() -> HubAccess {
    let credential = HubCredential::Pat(Secret::new("syft_pat_x".to_owned()));
    HubAccess { url: HubUrl::parse(URL).unwrap(), credential }
}

fn access_token(exp: i64) -> String {
    format!("x.{}.y", URL_SAFE_NO_PAD.encode(json!({"exp": exp, "sub": "1"}).to_string()))
}

fn session(exp: i64) -> serde_json::Value {
    json!({"access_token": access_token(exp), "refresh_token": format!("refresh-{exp}"), "token_type": "bearer"})
}

fn me() -> serde_json::Value {
    json!({"id": 1, "username": "SpaceOwner", "email": "owner@example.org", "role": "user", "is_active": true})
}

/// A hub whose sessions last half an hour from the time that its clock shows.
fn hub(clock: &Arc<ManualClock>) -> Arc<FakeHub> {
    use syft_space_domain::time::Clock;
    let clock = Arc::clone(clock);
    FakeHub::new(move |seen| {
        let exp = clock.now().as_unix_seconds() + 1_800;
        match seen.call.as_str() {
            "POST /api/v1/auth/login" | "POST /api/v1/auth/refresh" => answer(200, session(exp)),
            _ => answer(200, me()),
        }
    })
}

fn calls(hub: &FakeHub) -> Vec<String> {
    hub.seen().into_iter().map(|seen: Seen| seen.call).collect()
}

#[tokio::test]
async fn a2_a_password_begins_a_session_that_is_kept_and_renewed_ahead_of_its_end() {
    let clock = ManualClock::new(NOW);
    let hub = hub(&clock);
    let client = client(&hub, &clock);
    let access = with_password("p&ss w=rd");
    for _ in 0..3 {
        let account = client.account(&access).await.unwrap();
        assert_eq!((account.subject.as_str(), account.username.as_str()), ("1", "spaceowner"));
    }
    let seen = hub.seen();
    assert_eq!(seen[0].call, "POST /api/v1/auth/login");
    assert_eq!(seen[0].body, "username=space+owner&password=p%26ss+w%3Drd");
    assert_eq!(seen[1].bearer.as_deref(), Some(access_token(NOW + 1_800).as_str()));
    assert_eq!(seen.len(), 4);

    clock.set(NOW + 1_349);
    client.account(&access).await.unwrap();
    assert_eq!(hub.calls(), 5);
    clock.set(NOW + 1_350);
    client.account(&access).await.unwrap();
    assert_eq!(calls(&hub)[5..], ["POST /api/v1/auth/refresh", "GET /api/v1/auth/me"]);
    assert_eq!(hub.seen()[5].body, format!(r#"{{"refresh_token":"refresh-{}"}}"#, NOW + 1_800));
    assert_eq!(hub.seen()[6].bearer.as_deref(), Some(access_token(NOW + 3_150).as_str()));
}

#[tokio::test]
async fn a2_a_session_that_cannot_be_renewed_serves_to_its_end_and_no_longer() {
    let clock = ManualClock::new(NOW);
    let hub = hub(&clock);
    let client = client(&hub, &clock);
    let access = with_password("p");
    client.account(&access).await.unwrap();
    hub.now_plays(|seen| match seen.call.as_str() {
        "GET /api/v1/auth/me" => answer(200, me()),
        _ => Err(OutboundError::Timeout),
    });
    clock.set(NOW + 1_790);
    assert!(client.account(&access).await.is_ok());
    clock.set(NOW + 1_799);
    assert!(matches!(client.account(&access).await, Err(HubError::Unavailable(_))));
}

#[tokio::test]
async fn a2_a_session_that_the_hub_ended_is_begun_anew_once() {
    let clock = ManualClock::new(NOW);
    let hub = hub(&clock);
    let client = client(&hub, &clock);
    let access = with_password("p");
    client.account(&access).await.unwrap();
    hub.now_plays(|seen| {
        let fresh = seen.bearer.as_deref() == Some(access_token(NOW + 9_000).as_str());
        match seen.call.as_str() {
            "POST /api/v1/auth/login" => answer(200, session(NOW + 9_000)),
            "GET /api/v1/auth/me" if fresh => answer(200, me()),
            _ => answer(401, r#"{"detail":"Could not validate credentials"}"#),
        }
    });
    assert!(client.account(&access).await.is_ok());
    let me = "GET /api/v1/auth/me";
    assert_eq!(calls(&hub)[2..], [me, "POST /api/v1/auth/login", me]);
}

#[tokio::test]
async fn a2_a_wrong_credential_is_tried_once_a_minute_and_no_oftener() {
    let clock = ManualClock::new(NOW);
    let hub = FakeHub::new(|_| answer(401, r#"{"detail":"Invalid credentials"}"#));
    let client = client(&hub, &clock);
    for seconds in [0, 1, 59] {
        clock.set(NOW + seconds);
        assert!(matches!(client.account(&with_password("p")).await, Err(HubError::Unauthorized(_))));
    }
    assert_eq!(hub.calls(), 1);
    // A new one is another credential.
    assert!(matches!(client.account(&with_password("q")).await, Err(HubError::Unauthorized(_))));
    assert_eq!(hub.calls(), 2);
    clock.set(NOW + 60);
    assert!(matches!(client.account(&with_password("p")).await, Err(HubError::Unauthorized(_))));
    assert_eq!(hub.calls(), 3);
    // A personal access token is sent as it is, and there is nothing to begin anew.
    assert!(matches!(client.account(&with_pat()).await, Err(HubError::Unauthorized(_))));
    assert_eq!((hub.calls(), hub.seen()[3].bearer.as_deref()), (4, Some("syft_pat_x")));
}

#[tokio::test]
async fn a2_a_token_for_another_space_is_got_once_for_all_and_renewed_ahead_of_its_end() {
    let clock = ManualClock::new(NOW);
    let mut number = 0;
    let hub = FakeHub::new(move |_| {
        number += 1;
        answer(200, json!({"target_token": format!("token-{number}"), "expires_in": 60}))
    });
    let client = client(&hub, &clock);
    let audience = Audience::parse("spaceowner").unwrap();
    hub.gate.forget_permits(Semaphore::MAX_PERMITS);
    let crowd: Vec<_> = (0..50)
        .map(|_| {
            let (client, audience) = (Arc::clone(&client), audience.clone());
            tokio::spawn(async move {
                client.satellite_token(&with_pat(), &audience).await.map(|token| token.token)
            })
        })
        .collect();
    hub.until_called(1).await;
    hub.gate.add_permits(1_000);
    for one in crowd {
        assert_eq!(one.await.unwrap().unwrap().expose(), "token-1");
    }
    assert_eq!(calls(&hub), ["GET /api/v1/token?aud=spaceowner"]);

    let token = |client: Arc<SyftHub>, audience: Audience| async move {
        client.satellite_token(&with_pat(), &audience).await.map(|token| token.token.expose().clone())
    };
    clock.set(NOW + 44);
    assert_eq!(token(Arc::clone(&client), audience.clone()).await.unwrap(), "token-1");
    clock.set(NOW + 45);
    assert_eq!(token(Arc::clone(&client), audience.clone()).await.unwrap(), "token-2");
    // Another audience, and another account, have their own.
    let other = Audience::parse("0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11").unwrap();
    assert_eq!(token(Arc::clone(&client), other).await.unwrap(), "token-3");

    hub.now_plays(|_| Err(OutboundError::Timeout));
    clock.set(NOW + 100);
    assert_eq!(token(Arc::clone(&client), audience.clone()).await.unwrap(), "token-2");
    clock.set(NOW + 104);
    assert!(token(Arc::clone(&client), audience.clone()).await.is_err());
    assert_eq!(hub.calls(), 4, "a failure is told for a moment, and not repeated by everybody");
}
