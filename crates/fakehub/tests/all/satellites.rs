//! Newer hubs, on which spaces register themselves as satellites.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{World, endpoint, parts};

const SPACE: &str = "http://127.0.0.1:18090";
const OTHER: &str = "http://127.0.0.1:18091";

fn world() -> (World, String) {
    let world = World::with(|options| options.satellites = true);
    let owner = world.pat("spaceowner");
    (world, owner)
}

async fn register(world: &World, bearer: &str, base_url: &str) -> String {
    let body = json!({"kind": "space", "base_url": base_url});
    let answer = world.post("/api/v1/satellites", Some(bearer), body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_older_hub_has_no_such_route() {
    let world = World::new();
    let owner = world.pat("spaceowner");
    let body = json!({"kind": "space", "base_url": SPACE});
    let answer = world.post("/api/v1/satellites", Some(&owner), body).await;
    assert_eq!((answer.status, answer.body), (404, json!({"detail": "Not Found"})));
    world.hub.set_satellites(true);
    register(&world, &owner, SPACE).await;
}

#[tokio::test]
async fn a_space_registers_once_and_moves_with_its_id() {
    let (world, owner) = world();
    let id = register(&world, &owner, &format!("{SPACE}/")).await;
    assert_eq!(register(&world, &owner, SPACE).await, id);
    let path = format!("/api/v1/satellites/{id}");
    let one = world.get(&path, Some(&owner)).await;
    assert_eq!((&one.body["base_url"], &one.body["kind"]), (&json!(SPACE), &json!("space")));
    assert_eq!(world.get("/api/v1/satellites", Some(&owner)).await.body, json!([one.body]));

    let put = async |base_url: &str| {
        world.call(Method::PUT, &path, Some(&owner), Some(json!({"base_url": base_url}))).await
    };
    assert_eq!(put("http://127.0.0.1:18099").await.body["id"], json!(id));
    register(&world, &owner, OTHER).await;
    assert_eq!(put(OTHER).await.status, 409, "another of the owner's is there");
    assert_eq!(put("nowhere").await.status, 422);
    assert_eq!(world.get(&path, Some(&world.pat("alice"))).await.status, 404, "another's is not there");
    assert_eq!(world.call(Method::DELETE, &path, Some(&owner), None).await.status, 204);
    assert_eq!(world.call(Method::DELETE, &path, Some(&owner), None).await.status, 404);
    let station = json!({"kind": "station", "base_url": OTHER});
    assert_eq!(world.post("/api/v1/satellites", Some(&owner), station).await.status, 409);
}

#[tokio::test]
async fn a_name_stands_for_the_only_satellite_of_its_owner() {
    let (world, owner) = world();
    let alice = world.pat("alice");
    let ask = async || world.get("/api/v1/token?aud=spaceowner", Some(&alice)).await;
    assert_eq!(ask().await.body["detail"]["code"], "AUDIENCE_NOT_FOUND");
    let id = register(&world, &owner, SPACE).await;
    let minted = ask().await;
    assert_eq!(parts(minted.body["target_token"].as_str().unwrap()).1["aud"], json!(id));
    register(&world, &owner, OTHER).await;
    let ambiguous = ask().await;
    assert_eq!((ambiguous.status, &ambiguous.body["detail"]["count"]), (422, &json!(2)));
}

#[tokio::test]
async fn a_token_is_verified_for_one_satellite_or_for_any_of_the_callers() {
    let (world, owner) = world();
    let [one, other] = [register(&world, &owner, SPACE).await, register(&world, &owner, OTHER).await];
    let token = world.hub.mint_token("alice", &one).unwrap();
    let verify = async |satellite: Value| {
        let body = json!({"token": token, "satellite_id": satellite});
        world.post("/api/v1/verify", Some(&owner), body).await
    };
    assert_eq!(verify(Value::Null).await.body["valid"], true);
    assert_eq!(verify(json!(one)).await.body["aud"], json!(one));
    assert_eq!(verify(json!(other)).await.body["error"], "audience_mismatch");
    assert_eq!(verify(json!("0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11")).await.status, 404);
    assert_eq!(verify(json!("nonsense")).await.status, 422);
}

#[tokio::test]
async fn a_write_names_its_satellite_when_there_are_several() {
    let (world, owner) = world();
    let first = register(&world, &owner, SPACE).await;
    let publish = async |slug: &str, query: &str| {
        world.post(&format!("/api/v1/endpoints{query}"), Some(&owner), endpoint(slug)).await
    };
    assert_eq!(publish("one-docs", "").await.body["satellite_id"], json!(first));
    let second = register(&world, &owner, OTHER).await;
    let ambiguous = publish("two-docs", "").await;
    assert_eq!((ambiguous.status, &ambiguous.body["detail"]["count"]), (422, &json!(2)));
    assert_eq!(publish("two-docs", &format!("?satellite_id={second}")).await.status, 201);
    let found = world.get("/api/v1/endpoints/public", None).await.body;
    let urls: Vec<&Value> =
        found.as_array().unwrap().iter().map(|endpoint| &endpoint["connect"][0]["config"]["url"]).collect();
    assert_eq!(urls, [SPACE, OTHER]);

    let health = async |satellite: Value| {
        let reports = json!([{"slug": "two-docs", "status": "healthy"}]);
        let body = json!({"url": "http://127.0.0.1:18092", "endpoints": reports, "satellite_id": satellite});
        world.post("/api/v1/endpoints/health", Some(&owner), body).await.status
    };
    assert_eq!(health(Value::Null).await, 422);
    assert_eq!(health(json!(second)).await, 200);
    let moved = world.get(&format!("/api/v1/satellites/{second}"), Some(&owner)).await.body;
    assert_eq!(moved["base_url"], "http://127.0.0.1:18092");
    assert_ne!(moved["last_seen_at"], Value::Null);

    let removed =
        world.call(Method::DELETE, &format!("/api/v1/satellites/{second}"), Some(&owner), None).await;
    assert_eq!(removed.status, 204);
    assert_eq!(world.get("/spaceowner/two-docs", None).await.status, 404, "its endpoints are inactive");
    assert_eq!(world.get("/spaceowner/one-docs", None).await.status, 200);
}

#[tokio::test]
async fn a_report_or_a_domain_registers_the_first_space() {
    let (world, owner) = world();
    let body = json!({"url": SPACE, "endpoints": [{"slug": "none", "status": "healthy"}]});
    assert_eq!(world.post("/api/v1/endpoints/health", Some(&owner), body).await.status, 200);
    let alice = world.pat("alice");
    let body = Some(json!({"domain": OTHER}));
    assert_eq!(world.call(Method::PUT, "/api/v1/users/me", Some(&alice), body).await.status, 200);
    for (bearer, base_url) in [(owner, SPACE), (alice, OTHER)] {
        let own = world.get("/api/v1/satellites", Some(&bearer)).await.body;
        assert_eq!((own.as_array().unwrap().len(), &own[0]["base_url"]), (1, &json!(base_url)));
    }
}
