//! Injected failures, and the recorded requests.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use futures_util::future::{Either, join, select};
use futures_util::pin_mut;
use reqwest::Method;
use serde_json::json;
use syft_space_fakehub::{FakeHub, FakeHubError, HubOptions, Mode, Route};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::World;

const JWKS: &str = "/.well-known/jwks.json";

#[test]
fn it_listens_on_loopback_alone() {
    for address in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::new(192, 0, 2, 1)] {
        let options = HubOptions { address: IpAddr::V4(address), ..HubOptions::new().unwrap() };
        assert!(matches!(FakeHub::start(options), Err(FakeHubError::NotLoopback(_))));
    }
}

#[tokio::test]
async fn a_hub_that_is_down_refuses_connections_and_comes_back_as_it_was() {
    let mut world = World::new();
    let url = world.hub.url();
    for _ in 0..3 {
        let before = world.get(JWKS, None).await;
        world.hub.down().unwrap();
        let refused = world.send(Method::GET, JWKS, &[], None).await.err().unwrap();
        assert!(refused.is_connect(), "{refused}");
        world.hub.up().unwrap();
        assert_eq!(world.hub.url(), url);
        assert_eq!(world.get(JWKS, None).await.body, before.body);
    }
    assert_eq!(world.login("alice", crate::support::PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_connection_that_was_kept_is_not_answered_when_the_hub_is_down() {
    let mut world = World::new();
    let client = reqwest::Client::new();
    let url = format!("{}{JWKS}", world.hub.url());
    for _ in 0..20 {
        assert!(client.get(&url).send().await.unwrap().text().await.is_ok());
        let before = world.hub.calls(Route::Jwks);
        world.hub.down().unwrap();
        assert!(client.get(&url).send().await.is_err());
        assert_eq!(world.hub.calls(Route::Jwks), before);
        world.hub.up().unwrap();
    }
}

#[tokio::test]
async fn a_hub_that_is_dropped_is_gone() {
    let World { hub, .. } = World::new();
    let url = hub.url();
    assert!(reqwest::get(format!("{url}{JWKS}")).await.is_ok());
    drop(hub);
    assert!(reqwest::get(format!("{url}{JWKS}")).await.unwrap_err().is_connect());
}

#[tokio::test]
async fn an_answer_can_be_cut_in_half() {
    let world = World::new();
    let whole = world.get(JWKS, None).await.text;
    world.hub.set_mode(Route::Jwks, Mode::Truncated);
    assert!(
        world.send(Method::GET, JWKS, &[], None).await.is_err(),
        "the connection ends before the answer does"
    );

    let address = world.hub.url().replace("http://", "");
    let mut connection = TcpStream::connect(&address).await.unwrap();
    connection.write_all(format!("GET {JWKS} HTTP/1.1\r\nhost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let (head, half) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {}", whole.len())), "{head}");
    assert_eq!(half, &whole[..whole.len() / 2]);

    world.hub.set_mode(Route::Jwks, Mode::Healthy);
    assert_eq!(world.get(JWKS, None).await.status, 200);
}

#[tokio::test]
async fn an_answer_can_be_500_or_nonsense_or_elsewhere_or_huge() {
    let world = World::new();
    world.hub.set_mode(Route::Jwks, Mode::Failing);
    assert_eq!(world.get(JWKS, None).await.status, 500);
    world.hub.set_mode(Route::Jwks, Mode::Garbage);
    let garbage = world.get(JWKS, None).await;
    assert_eq!(garbage.status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&garbage.text).is_err());
    world.hub.set_mode(Route::Jwks, Mode::Redirect("http://169.254.169.254/latest".to_owned()));
    let redirect = world.get(JWKS, None).await;
    assert_eq!(
        (redirect.status, &redirect.headers["location"]),
        (302, &"http://169.254.169.254/latest".parse().unwrap())
    );
    world.hub.set_mode(Route::Jwks, Mode::Oversized(1 << 20));
    let huge = world.get(JWKS, None).await;
    assert_eq!((huge.text.len(), huge.body["keys"].as_array().unwrap().len()), (1 << 20, 1));
    assert_eq!(world.get("/api/v1/auth/me", None).await.status, 401, "other routes are as they were");
    world.hub.set_mode_everywhere(Mode::Failing);
    assert_eq!(world.get("/api/v1/auth/me", None).await.status, 500);
}

#[tokio::test]
async fn a_route_can_be_slow() {
    let world = World::new();
    // The delay is longer than any client timeout.
    world.hub.set_mode(Route::Jwks, Mode::Slow(Duration::from_secs(3_600)));
    let client = reqwest::Client::builder().timeout(Duration::from_millis(50)).build().unwrap();
    let answer = client.get(format!("{}{JWKS}", world.hub.url())).send().await;
    assert!(answer.unwrap_err().is_timeout());
    world.hub.set_mode(Route::Jwks, Mode::Slow(Duration::from_millis(1)));
    assert_eq!(world.get(JWKS, None).await.status, 200);
}

#[tokio::test]
async fn a_route_can_be_held_until_it_is_let_go() {
    let world = World::new();
    world.hub.set_mode(Route::Jwks, Mode::Stalled);
    let two = join(world.get(JWKS, None), world.get(JWKS, None));
    let others = async {
        while world.hub.calls(Route::Jwks) < 2 {
            tokio::task::yield_now().await;
        }
        for _ in 0..5 {
            world.get("/api/v1/auth/me", None).await;
        }
    };
    pin_mut!(two, others);
    let first = select(&mut two, others).await;
    assert!(matches!(first, Either::Right(_)), "others are answered, and whoever asked waits");
    world.hub.set_mode(Route::Jwks, Mode::Healthy);
    let (one, other) = two.await;
    assert_eq!((one.status, other.status), (200, 200));
}

#[tokio::test]
async fn what_was_asked_can_be_counted_and_read() {
    let world = World::new();
    let owner = world.pat("spaceowner");
    assert_eq!(world.hub.calls(Route::CreatePat), 0, "what the handle does is no call");
    world.post("/api/v1/verify?x=1", Some(&owner), json!({"token": "t"})).await;
    world.get("/no/such/path", None).await;
    assert_eq!((world.hub.calls(Route::Verify), world.hub.calls(Route::Unknown)), (1, 1));
    let request = world.hub.requests(Route::Verify).remove(0);
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/api/v1/verify"));
    assert_eq!((request.bearer(), request.parameter("x")), (Some(owner.as_str()), Some("1")));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.body, br#"{"token":"t"}"#);
    world.hub.forget_requests();
    assert_eq!((world.hub.calls(Route::Verify), world.hub.requests(Route::Verify).len()), (0, 0));
}
