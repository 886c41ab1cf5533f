//! Tests of which calls are retried, and how often.

use std::time::Duration;

use syft_space_outbound::{ClientSettings, OutboundError, Request, http::Method};

use crate::support::{Reply, Server, answer, client, get, local, settings};

fn post(url: &str) -> Request {
    Request::new(Method::POST, url).unwrap().body("application/json", b"{}".to_vec())
}

#[tokio::test]
async fn a_call_that_fails_in_passing_is_tried_three_times_and_no_more() {
    for status in [502, 503, 504] {
        let server =
            Server::start(move |number, _| answer(if number < 2 { status } else { 200 }, "", "")).await;
        assert_eq!(local().call(&get(&server.url("/"))).await.unwrap().status, 200);
        assert_eq!(server.hits(), 3);
    }
    let server = Server::start(|_, _| answer(503, "", "down")).await;
    let last = local().call(&get(&server.url("/"))).await.unwrap();
    assert_eq!((last.status, last.body.as_ref(), server.hits()), (503, &b"down"[..], 3));
    assert_eq!(local().call(&get(&server.url("/")).no_retry()).await.unwrap().status, 503);
    assert_eq!(server.hits(), 4);

    let server = Server::start(|_, _| Reply::Bytes(Vec::new())).await;
    assert_eq!(local().call(&get(&server.url("/"))).await.unwrap_err(), OutboundError::Broken);
    assert_eq!(server.hits(), 3);
}

#[tokio::test]
async fn a_call_that_changes_something_is_repeated_only_if_it_says_that_it_may() {
    let server = Server::start(|_, _| answer(503, "", "")).await;
    assert_eq!(local().call(&post(&server.url("/"))).await.unwrap().status, 503);
    assert_eq!(server.hits(), 1);
    assert_eq!(local().call(&post(&server.url("/")).allow_retry()).await.unwrap().status, 503);
    assert_eq!(server.hits(), 4);
}

#[tokio::test]
async fn what_will_not_pass_is_not_tried_again() {
    for status in [200, 400, 401, 404, 429, 500] {
        let server = Server::start(move |_, _| answer(status, "", "")).await;
        assert_eq!(local().call(&get(&server.url("/"))).await.unwrap().status, status);
        assert_eq!(server.hits(), 1, "{status}");
    }
    let server = Server::start(|_, _| answer(200, "", "too long")).await;
    assert!(local().call(&get(&server.url("/")).max_response_bytes(1)).await.is_err());
    assert_eq!(server.hits(), 1);
}

#[tokio::test]
async fn a_refused_connection_is_told_as_such() {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let client = client(ClientSettings { max_attempts: 2, ..settings("127.0.0.1") });
    let error = client.call(&get(&format!("http://{free}/"))).await.unwrap_err();
    assert_eq!(error, OutboundError::Connect("connection refused".to_owned()));
}

#[tokio::test]
async fn no_repetition_is_begun_that_could_not_end_in_time() {
    let server = Server::start(|_, _| answer(503, "", "")).await;
    let got = local().call(&get(&server.url("/")).timeout(Duration::from_millis(99))).await;
    assert_eq!((got.unwrap().status, server.hits()), (503, 1));
}
