//! Tests of the calls: each request is as hubs expect it, and each response means what they mean.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use syft_space_domain::marketplace::ports::{
    HealthReport, HubAccess, HubClient, HubError, OwnMark, Publication, PublishedPolicy,
};
use syft_space_domain::marketplace::{HubCredential, HubUrl, SatelliteId};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;
use syft_space_outbound::OutboundError;
use syft_space_syfthub::{HubHttp, SyftHub};

use crate::support::{FakeHub, ManualClock, NOW, Seeded, Seen, answer, at};

const SATELLITE: &str = "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11";

fn client(hub: &Arc<FakeHub>) -> SyftHub {
    let http: Arc<dyn HubHttp> = hub.clone();
    SyftHub::new(http, ManualClock::new(NOW), &Seeded::new(4)).unwrap()
}

fn access() -> HubAccess {
    let credential = HubCredential::Pat(Secret::new("syft_pat_x".to_owned()));
    HubAccess { url: HubUrl::parse("https://hub.example.org/hub/").unwrap(), credential }
}

fn satellite() -> SatelliteId {
    SATELLITE.parse().unwrap()
}

fn mark(satellite: Option<SatelliteId>) -> OwnMark {
    OwnMark { url: "https://space.example.org".to_owned(), tenant_name: "acme".to_owned(), satellite }
}

/// An endpoint as the hub shows it to its owner.
fn shown(slug: &str, url: &str, tenant: &str) -> Value {
    json!({"slug": slug, "is_active": false, "connect": [{"config": {"url": url, "tenant_name": tenant}}]})
}

fn publication() -> Publication {
    Publication {
        slug: "space-docs".to_owned(),
        name: "n".repeat(200),
        summary: "s".repeat(600),
        readme: "# Docs".to_owned(),
        tags: vec!["Open Data".to_owned(), "日本".to_owned()],
        policies: vec![PublishedPolicy {
            policy_type: "access".to_owned(),
            description: "by address".to_owned(),
        }],
        tenant_name: "acme".to_owned(),
    }
}

fn body(seen: &Seen) -> Value {
    serde_json::from_str(&seen.body).unwrap()
}

#[tokio::test]
async fn q4_an_endpoint_is_shown_as_hubs_expect_it() {
    let hub = FakeHub::new(|_| answer(201, "{}"));
    client(&hub).publish(&access(), &mark(Some(satellite())), &publication()).await.unwrap();
    let seen = hub.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].call, format!("POST /hub/api/v1/endpoints?satellite_id={SATELLITE}"));
    assert_eq!(seen[0].bearer.as_deref(), Some("syft_pat_x"));
    assert_eq!(
        body(&seen[0]),
        json!({
            "slug": "space-docs", "type": "data_source", "name": "n".repeat(100), "visibility": "public",
            "description": "s".repeat(500), "version": "0.1.0", "readme": "# Docs\n\nTags: 日本",
            "tags": ["open-data"],
            "policies": [{"type": "access", "version": "1.0", "enabled": true, "description": "by address",
                          "config": {}}],
            "connect": [{"type": "rest_api", "enabled": true, "description": "",
                         "config": {"url": "", "tenant_name": "acme"}}],
        })
    );
}

#[tokio::test]
async fn q4_an_endpoint_that_is_shown_already_is_changed() {
    let hub = FakeHub::new(|seen| match seen.call.split(' ').next() {
        Some("POST") => answer(400, r#"{"detail":"slug already exists - already taken"}"#),
        Some("GET") => answer(200, json!([shown("space-docs", "https://space.example.org", "acme")])),
        _ => answer(200, "{}"),
    });
    client(&hub).publish(&access(), &mark(None), &publication()).await.unwrap();
    let seen = hub.seen();
    assert_eq!(seen[0].call, "POST /hub/api/v1/endpoints");
    assert_eq!(seen[1].call, "GET /hub/api/v1/endpoints?skip=0&limit=25");
    assert_eq!(seen[2].call, "PATCH /hub/api/v1/endpoints/slug/space-docs");
    let (mut made, changed) = (body(&seen[0]), body(&seen[2]));
    for member in ["slug", "type"] {
        made.as_object_mut().unwrap().remove(member).unwrap();
    }
    assert_eq!(made, changed);
}

#[tokio::test]
async fn q4_an_endpoint_that_the_hub_refuses_says_why() {
    let reserved = r#"{"detail":[{"msg":"'docs' is a reserved slug and cannot be used"}]}"#;
    let hub = FakeHub::new(move |_| answer(422, reserved));
    let error = client(&hub).publish(&access(), &mark(None), &publication()).await.unwrap_err();
    assert_eq!(error, HubError::Refused("'docs' is a reserved slug and cannot be used".to_owned()));
    assert_eq!(hub.calls(), 1);
}

#[tokio::test]
async fn q4_to_unlist_what_is_not_shown_is_no_error() {
    for (status, ends_well) in [(204, true), (404, true), (401, false), (503, false)] {
        let hub = FakeHub::new(move |seen| match seen.call.split(' ').next() {
            Some("GET") => answer(200, json!([shown("space-docs", "https://space.example.org/", "acme")])),
            _ => answer(status, ""),
        });
        let outcome = client(&hub).unpublish(&access(), &mark(None), "space-docs").await;
        assert_eq!(outcome.is_ok(), ends_well, "{status}");
        assert_eq!(hub.seen()[1].call, "DELETE /hub/api/v1/endpoints/slug/space-docs");
    }
    let hub = FakeHub::new(|_| answer(200, "[]"));
    assert_eq!(client(&hub).unpublish(&access(), &mark(None), "space-docs").await, Ok(()));
    assert_eq!(hub.calls(), 1);
}

#[tokio::test]
async fn q4_what_is_not_our_own_is_neither_changed_nor_deleted_on_whatever_page_it_stands() {
    for (url, tenant) in [
        ("https://other.example.org", "acme"),
        ("https://space.example.org", "globex"),
        ("http://space.example.org", "acme"),
        ("", "acme"),
    ] {
        let hub = FakeHub::new(move |seen| match seen.call.split(' ').next() {
            Some("POST") => answer(400, r#"{"detail":"slug already exists - already taken"}"#),
            Some("GET") if seen.call.contains("skip=0") => {
                answer(200, json!(vec![shown("another", "https://space.example.org", "acme"); 25]))
            }
            Some("GET") => answer(200, json!([shown("space-docs", url, tenant)])),
            _ => panic!("{seen:?}"),
        });
        let outcome = client(&hub).publish(&access(), &mark(None), &publication()).await;
        assert_eq!(outcome, Err(HubError::NotOurs("space-docs".to_owned())), "{url} {tenant}");
        assert_eq!(client(&hub).unpublish(&access(), &mark(None), "space-docs").await, Ok(()));
    }
}

#[tokio::test]
async fn q4_health_is_reported_as_hubs_expect_it() {
    let hub = FakeHub::new(|_| answer(200, r#"{"updated":2,"ignored":3}"#));
    let client = client(&hub);
    let checked_at = Timestamp::from_unix_micros(at(NOW).as_unix_micros() + 123_456);
    let reports = [("a", true), ("b", false)].map(|(slug, healthy)| HealthReport {
        slug: slug.to_owned(),
        healthy,
        checked_at,
    });
    let (url, long) = ("https://space.example.org", Duration::from_secs(99_999));
    assert_eq!(client.report_health(&access(), Some(satellite()), url, &reports, long).await, Ok(3));
    assert_eq!(client.report_health(&access(), None, url, &[], long).await, Ok(0));
    let seen = hub.seen();
    assert_eq!(seen.len(), 1, "a report on nothing is not sent");
    assert_eq!(seen[0].call, "POST /hub/api/v1/endpoints/health");
    assert_eq!(
        body(&seen[0]),
        json!({
            "url": url, "ttl_seconds": 1_800, "satellite_id": SATELLITE,
            "endpoints": [
                {"slug": "a", "status": "healthy", "checked_at": "2027-01-15T08:00:00Z"},
                {"slug": "b", "status": "unhealthy", "checked_at": "2027-01-15T08:00:00Z"},
            ],
        })
    );
}

#[tokio::test]
async fn a2_a_space_registers_where_hubs_know_satellites_and_goes_on_where_not() {
    let url = "https://space.example.org";
    for status in [200, 201] {
        let hub = FakeHub::new(move |_| answer(status, json!({"id": SATELLITE, "kind": "space"})));
        let id = client(&hub).register_satellite(&access(), url).await;
        assert_eq!(id, Ok(Some(satellite())));
        assert_eq!(hub.seen()[0].call, "POST /hub/api/v1/satellites");
        assert_eq!(body(&hub.seen()[0]), json!({"kind": "space", "base_url": url}));
    }
    for (status, body, outcome) in [
        (404, r#"{"detail":"Not Found"}"#, Ok(None)),
        (409, r#"{"detail":"taken"}"#, Err(HubError::Refused("taken".to_owned()))),
        (401, "", Err(HubError::Unauthorized("it answered 401".to_owned()))),
        (201, r#"{"id":"x"}"#, Err(HubError::Unreadable("the id of a satellite is no UUID".to_owned()))),
    ] {
        let hub = FakeHub::new(move |_| answer(status, body));
        assert_eq!(client(&hub).register_satellite(&access(), url).await, outcome);
    }
    // Some hubs say that an origin is taken, also to the satellite that is there.
    for (kind, base_url, outcome) in [
        ("space", "https://SPACE.example.org/", Ok(Some(satellite()))),
        ("space", "https://other.example.org", Err(HubError::Refused("taken".to_owned()))),
        ("station", url, Err(HubError::Refused("taken".to_owned()))),
    ] {
        let there = json!([{"id": SATELLITE, "kind": kind, "base_url": base_url}]);
        let hub = FakeHub::new(move |seen| match seen.call.split(' ').next() {
            Some("GET") => answer(200, &there),
            _ => answer(409, r#"{"detail":{"code":"CONFLICT","message":"taken"}}"#),
        });
        assert_eq!(client(&hub).register_satellite(&access(), url).await, outcome);
    }
    for status in [204, 404] {
        let hub = FakeHub::new(move |_| answer(status, ""));
        client(&hub).remove_satellite(&access(), satellite()).await.unwrap();
        assert_eq!(hub.seen()[0].call, format!("DELETE /hub/api/v1/satellites/{SATELLITE}"));
    }
}

#[tokio::test]
async fn a2_a_bearers_identity_is_asked_for_with_the_satellite_that_is_meant() {
    let hub = FakeHub::new(|_| {
        answer(200, r#"{"valid":false,"error":"user_inactive","message":"User 'bob' is no longer active."}"#)
    });
    let error = client(&hub).identify(&access(), Some(satellite()), "a.b.c").await.unwrap_err();
    assert_eq!(error, HubError::Refused("user_inactive: User 'bob' is no longer active.".to_owned()));
    assert_eq!(body(&hub.seen()[0]), json!({"token": "a.b.c", "satellite_id": SATELLITE}));
}

#[tokio::test]
async fn a2_what_no_hub_answers_is_told_as_such_and_quotes_nothing() {
    for body in ["", "<html>hunter2", "[]", "{}", r#"{"id":"hunter2","username":"x","email":"y"}"#, "null"] {
        let hub = FakeHub::new(move |_| answer(200, body));
        let error = client(&hub).account(&access()).await.unwrap_err();
        assert!(matches!(error, HubError::Unreadable(_)), "{error:?}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let hub = FakeHub::new(|_| Err(OutboundError::TooLarge(1)));
    assert!(matches!(client(&hub).account(&access()).await, Err(HubError::Unreadable(_))));
    let hub = FakeHub::new(|_| answer(302, ""));
    assert!(matches!(client(&hub).account(&access()).await, Err(HubError::Unreadable(_))));
    let broken = HubCredential::Pat(Secret::new("a\nb".to_owned()));
    let access = HubAccess { credential: broken, ..access() };
    assert!(matches!(client(&hub).account(&access).await, Err(HubError::Unauthorized(_))));
}

#[tokio::test]
async fn a2_a_credential_that_a_hub_refuses_is_known_as_such_until_it_accepts_it_or_another_comes() {
    let hub = FakeHub::new(|_| answer(401, r#"{"detail":"Account is deactivated"}"#));
    let client = client(&hub);
    assert_eq!(client.refusal(&access()), None);
    client.publish(&access(), &mark(None), &publication()).await.unwrap_err();
    let refusal = client.refusal(&access()).unwrap();
    assert_eq!((refusal.at, refusal.why.as_str()), (at(NOW), "Account is deactivated"));
    let credential = HubCredential::Pat(Secret::new("another".to_owned()));
    assert_eq!(client.refusal(&HubAccess { credential, ..access() }), None);
    hub.now_plays(|_| answer(503, ""));
    client.account(&access()).await.unwrap_err();
    assert!(client.refusal(&access()).is_some(), "a hub that fails says nothing of it");
    hub.now_plays(|_| {
        answer(200, r#"{"id":1,"username":"spaceowner","email":"a@b.c","domain":"https://x.example"}"#)
    });
    assert_eq!(client.account(&access()).await.unwrap().domain.as_deref(), Some("https://x.example"));
    assert_eq!(client.refusal(&access()), None);
}
