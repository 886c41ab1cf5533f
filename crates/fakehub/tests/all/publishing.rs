//! Publishing endpoints, their lists, and their health reports.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{World, endpoint};

const SPACE: &str = "http://127.0.0.1:18090";

/// A hub on which `spaceowner` has a domain, and a credential of that user.
async fn world() -> (World, String) {
    let world = World::new();
    let owner = world.pat("spaceowner");
    let answer =
        world.call(Method::PUT, "/api/v1/users/me", Some(&owner), Some(json!({"domain": SPACE}))).await;
    assert_eq!(answer.status, 200);
    (world, owner)
}

async fn public(world: &World) -> Vec<Value> {
    world.get("/api/v1/endpoints/public?limit=100", None).await.body.as_array().unwrap().clone()
}

#[tokio::test]
async fn what_is_published_is_found_with_the_owners_url_and_the_tenants_name() {
    let (world, owner) = world().await;
    let made = world.post("/api/v1/endpoints", Some(&owner), endpoint("space-docs")).await;
    assert_eq!((made.status, &made.body["is_active"]), (201, &json!(true)), "{}", made.text);
    let found = &public(&world).await[0];
    let connection = json!({"type": "rest_api", "enabled": true, "description": "",
        "config": {"url": SPACE, "tenant_name": "acme"}});
    assert_eq!(found["connect"], json!([connection]));
    assert_eq!((&found["owner_username"], &found["slug"]), (&json!("spaceowner"), &json!("space-docs")));
    assert_eq!(found["policies"][0]["version"], "1.0");
    for hidden in ["id", "user_id", "is_active", "visibility", "contributors"] {
        assert_eq!(found[hidden], Value::Null, "{hidden}");
    }
    for path in ["/api/v1/endpoints/public/spaceowner/space-docs", "/spaceowner/space-docs"] {
        assert_eq!(world.get(path, None).await.body, *found, "{path}");
    }
    assert_eq!(world.post("/spaceowner/space-docs", None, json!({})).await.status, 403);
}

#[tokio::test]
async fn a_slug_is_taken_once_and_changed_or_removed_by_name() {
    let (world, owner) = world().await;
    world.post("/api/v1/endpoints", Some(&owner), endpoint("space-docs")).await;
    let again = world.post("/api/v1/endpoints", Some(&owner), endpoint("space-docs")).await;
    assert_eq!((again.status, again.body), (400, json!({"detail": "slug already exists - already taken"})));
    let another = world.post("/api/v1/endpoints", Some(&world.pat("alice")), endpoint("space-docs")).await;
    assert_eq!(another.status, 201, "each owner has slugs of their own");

    let path = "/api/v1/endpoints/slug/space-docs";
    let changed =
        world.call(Method::PATCH, path, Some(&owner), Some(json!({"name": "New", "slug": "other"}))).await;
    assert_eq!(
        (changed.status, &changed.body["name"], &changed.body["slug"]),
        (200, &json!("New"), &json!("space-docs"))
    );
    assert_eq!(changed.body["policies"][0]["type"], "access", "what is left out stays");
    let removed = world.call(Method::DELETE, path, Some(&owner), None).await;
    assert_eq!((removed.status, removed.text.as_str()), (204, ""));
    assert_eq!(world.call(Method::DELETE, path, Some(&owner), None).await.status, 404);
    assert_eq!(public(&world).await[0]["owner_username"], "alice");
}

#[tokio::test]
async fn an_endpoint_that_breaks_a_rule_is_a_422() {
    let (world, owner) = world().await;
    let more = |part: Value| json!([part]);
    for (member, value) in [
        ("slug", json!("docs")),
        ("slug", json!("ab")),
        ("slug", json!("Upper-case")),
        ("slug", json!("two--hyphens")),
        ("type", json!("folder")),
        ("visibility", json!("secret")),
        ("name", json!("")),
        ("tags", json!(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"])),
        ("policies", more(json!({"type": "access", "addresses": []}))),
        ("connect", more(json!({"type": "rest_api", "version": "1.0"}))),
        ("connect", more(json!({"config": {}}))),
    ] {
        let mut body = endpoint("space-docs");
        body[member] = value;
        let answer = world.post("/api/v1/endpoints", Some(&owner), body).await;
        assert_eq!(answer.status, 422, "{member}: {}", answer.text);
    }
    assert_eq!(world.post("/api/v1/endpoints", None, endpoint("space-docs")).await.status, 401);
    assert!(public(&world).await.is_empty());
}

#[tokio::test]
async fn the_lists_come_in_pages() {
    let (world, owner) = world().await;
    for n in 0..12 {
        world.post("/api/v1/endpoints", Some(&owner), endpoint(&format!("docs-{n}"))).await;
    }
    for (path, bearer) in [("/api/v1/endpoints/public", None), ("/api/v1/endpoints", Some(owner.as_str()))] {
        let page = async |query: &str| world.get(&format!("{path}{query}"), bearer).await;
        assert_eq!(page("").await.body.as_array().unwrap().len(), 10);
        let last = page("?skip=10&limit=5").await;
        let slugs: Vec<&Value> =
            last.body.as_array().unwrap().iter().map(|endpoint| &endpoint["slug"]).collect();
        assert_eq!(slugs, ["docs-10", "docs-11"]);
        assert_eq!(page("?skip=12").await.body, json!([]));
        for bad in ["?limit=0", "?limit=101", "?skip=-1", "?skip=x"] {
            assert_eq!(page(bad).await.status, 422, "{bad}");
        }
    }
}

#[tokio::test]
async fn a_private_endpoint_is_its_owners_and_an_internal_one_every_users() {
    let (world, owner) = world().await;
    let alice = world.pat("alice");
    for (visibility, statuses) in [("private", [401, 404, 200]), ("internal", [401, 200, 200])] {
        let mut body = endpoint(&format!("{visibility}-docs"));
        body["visibility"] = json!(visibility);
        world.post("/api/v1/endpoints", Some(&owner), body).await;
        let path = format!("/api/v1/endpoints/public/spaceowner/{visibility}-docs");
        for (bearer, status) in [None, Some(alice.as_str()), Some(owner.as_str())].into_iter().zip(statuses) {
            assert_eq!(world.get(&path, bearer).await.status, status, "{visibility}");
        }
    }
    assert!(public(&world).await.is_empty());
}

#[tokio::test]
async fn sync_replaces_all_and_takes_a_batch_or_nothing() {
    let (world, owner) = world().await;
    world.post("/api/v1/endpoints", Some(&owner), endpoint("old-docs")).await;
    let sync = async |endpoints: Value| {
        world.post("/api/v1/endpoints/sync", Some(&owner), json!({"endpoints": endpoints})).await
    };
    let twice = sync(json!([endpoint("space-docs"), endpoint("space-docs")])).await;
    let error = "Duplicate slug 'space-docs' in batch (first occurrence takes precedence)";
    let detail = json!({"code": "VALIDATION_ERROR", "message": "Batch validation failed with 1 error(s)",
        "errors": [{"index": 1, "field": "slug", "error": error}]});
    assert_eq!((twice.status, &twice.body["detail"]), (400, &detail));
    assert_eq!(public(&world).await[0]["slug"], "old-docs");

    let replaced = sync(json!([endpoint("space-docs"), endpoint("more-docs")])).await;
    assert_eq!(
        (replaced.status, &replaced.body["synced"], &replaced.body["deleted"]),
        (200, &json!(2), &json!(1))
    );
    assert_eq!(replaced.body["endpoints"][0]["slug"], "space-docs");
    let none = sync(json!([])).await;
    assert_eq!(none.body, json!({"synced": 0, "deleted": 2, "endpoints": []}));
    assert_eq!(sync(vec![endpoint("space-docs"); 301].into()).await.status, 422);
}

fn report(slug: &str, status: &str, ttl: i64) -> Value {
    json!({"url": SPACE, "ttl_seconds": ttl,
        "endpoints": [{"slug": slug, "status": status, "checked_at": "2026-11-23T20:25:41Z"}]})
}

#[tokio::test]
async fn an_endpoint_without_news_of_late_is_inactive_and_its_owner_still_sees_it() {
    let (world, owner) = world().await;
    world.post("/api/v1/endpoints", Some(&owner), endpoint("space-docs")).await;
    let active = async || {
        let own = world.get("/api/v1/endpoints", Some(&owner)).await.body[0]["is_active"] == json!(true);
        let found = world.get("/spaceowner/space-docs", None).await.status == 200;
        assert_eq!((own, public(&world).await.len()), (found, usize::from(found)));
        found
    };
    let health = async |status, ttl| {
        let answer =
            world.post("/api/v1/endpoints/health", Some(&owner), report("space-docs", status, ttl)).await;
        assert_eq!((answer.status, answer.body), (200, json!({"updated": 1, "ignored": 0})));
    };
    world.clock.advance(Duration::from_secs(141));
    assert!(active().await);
    world.clock.advance(Duration::from_secs(1));
    assert!(!active().await, "three failing cycles after it was published");
    health("healthy", 600).await;
    world.clock.advance(Duration::from_secs(600 + 141));
    assert!(active().await);
    world.clock.advance(Duration::from_secs(1));
    assert!(!active().await, "three failing cycles after the report's end");
    health("healthy", 3_600).await;
    world.clock.advance(Duration::from_secs(1_800 + 142));
    assert!(!active().await, "no report is believed for longer than 1,800 s");
    health("healthy", 600).await;
    health("unhealthy", 600).await;
    world.clock.advance(Duration::from_secs(142));
    assert!(!active().await, "bad news is no good news");
}

#[tokio::test]
async fn a_report_moves_the_owner_and_counts_unknown_slugs() {
    let (world, owner) = world().await;
    world.post("/api/v1/endpoints", Some(&owner), endpoint("space-docs")).await;
    let mut body = report("space-docs", "healthy", 1_800);
    body["url"] = json!("http://127.0.0.1:18091");
    let unknown = json!({"slug": "unknown", "status": "healthy", "checked_at": "2026-11-23T20:25:41Z"});
    body["endpoints"].as_array_mut().unwrap().push(unknown);
    let answer = world.post("/api/v1/endpoints/health", Some(&owner), body).await;
    assert_eq!(answer.body, json!({"updated": 1, "ignored": 1}));
    assert_eq!(public(&world).await[0]["connect"][0]["config"]["url"], "http://127.0.0.1:18091");

    let mut empty = report("space-docs", "healthy", 1_800);
    empty["endpoints"] = json!([]);
    for body in [report("space-docs", "healthy", 3_601), empty] {
        assert_eq!(world.post("/api/v1/endpoints/health", Some(&owner), body).await.status, 422);
    }
}

#[tokio::test]
async fn a_domain_is_an_origin_or_a_tunnel() {
    let (world, owner) = world().await;
    for (domain, status) in [
        ("https://space.example.org", 200),
        ("tunneling:spaceowner", 200),
        ("ftp://space.example.org", 422),
        ("https://space.example.org/path", 422),
        ("space.example.org", 422),
        ("tunneling:", 422),
    ] {
        let body = Some(json!({"domain": domain}));
        let answer = world.call(Method::PUT, "/api/v1/users/me", Some(&owner), body).await;
        assert_eq!(answer.status, status, "{domain}");
    }
}
