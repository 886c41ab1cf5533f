//! Tests that size, time and number of calls are bounded.

use std::sync::Arc;
use std::time::Duration;

use syft_space_outbound::{ClientSettings, OutboundError};

use crate::support::{Reply, Server, answer, client, get, local, settings};

const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_body_that_is_too_long_is_cut_whether_it_says_so_or_not() {
    let told =
        Server::start(|_, _| Reply::Hang(b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n".to_vec())).await;
    let error = local().call(&get(&told.url("/")).max_response_bytes(1_000)).await.unwrap_err();
    assert_eq!(error, OutboundError::TooLarge(1_000));

    let endless = Server::start(|_, _| {
        Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".iter().copied().chain([b'x'; 4_000]).collect())
    })
    .await;
    let error = local().call(&get(&endless.url("/")).max_response_bytes(100_000)).await.unwrap_err();
    assert_eq!(error, OutboundError::TooLarge(100_000));

    let chunked = Server::start(|_, _| {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        Reply::Hang(format!("{head}3e9\r\n{}\r\n", "x".repeat(1_001)).into_bytes())
    })
    .await;
    let error = local().call(&get(&chunked.url("/")).max_response_bytes(1_000)).await.unwrap_err();
    assert_eq!(error, OutboundError::TooLarge(1_000));

    let just = Server::start(|_, _| answer(200, "", &"x".repeat(1_000))).await;
    assert_eq!(local().call(&get(&just.url("/")).max_response_bytes(1_000)).await.unwrap().body.len(), 1_000);
}

#[tokio::test]
async fn a_head_without_end_is_not_read_to_it() {
    let server = Server::start(|number, _| match number {
        0 => Reply::Endless(b"x-header: 0123456789\r\n".to_vec()),
        _ => Reply::Endless([&b"HTTP/1.1 200 OK\r\n"[..], &[b'x'; 200_000]].concat()),
    })
    .await;
    for _ in 0..2 {
        let mut request = get(&server.url("/"));
        request = request.timeout(Duration::from_secs(20));
        let error = client(ClientSettings { max_attempts: 1, ..settings("127.0.0.1") })
            .call(&request)
            .await
            .unwrap_err();
        assert_eq!(error, OutboundError::Broken);
    }
}

#[tokio::test]
async fn h3_interim_responses_without_end_are_not_read_to_it_and_hold_nobody_up() {
    let early = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    let endless = Server::start(move |_, _| Reply::Endless(early.repeat(1_000).into_bytes())).await;
    let request = get(&endless.url("/")).timeout(Duration::from_secs(60)).no_retry();
    let client = Arc::new(client(settings("127.0.0.1")));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (client, request) = (Arc::clone(&client), request.clone());
        calls.spawn(async move { client.call(&request).await });
    }
    let all = async {
        while let Some(outcome) = calls.join_next().await {
            assert_eq!(outcome.unwrap().unwrap_err(), OutboundError::Broken);
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all).await.expect("they are given up, and not waited for");
    // A few are nothing to speak of.
    let some = Server::start(move |_, _| {
        let last = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
        Reply::Bytes(format!("{}{last}", early.repeat(16)).into_bytes())
    })
    .await;
    assert_eq!(client.call(&get(&some.url("/"))).await.unwrap().body, "ok");
}

#[tokio::test]
async fn a_slow_head_and_a_slow_body_end_with_the_time() {
    for sent in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1234"] {
        let server = Server::start(|_, _| Reply::Hang(sent.as_bytes().to_vec())).await;
        let error = local().call(&get(&server.url("/")).timeout(SHORT)).await.unwrap_err();
        assert_eq!(error, OutboundError::Timeout, "{sent:?}");
        assert_eq!(server.hits(), 1);
    }
}

#[tokio::test]
async fn a_connection_that_is_never_made_whole_ends_with_its_time() {
    // It accepts, and says nothing to the TLS that is begun.
    let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://{}/", silent.local_addr().unwrap());
    let client = client(ClientSettings { connect_timeout: SHORT, max_attempts: 1, ..settings("127.0.0.1") });
    let error = client.call(&get(&url)).await.unwrap_err();
    assert_eq!(error, OutboundError::Connect("the other side is silent".to_owned()));
}

#[tokio::test]
async fn an_answer_that_is_cut_or_no_http_is_told_as_broken() {
    let settings = ClientSettings { max_attempts: 1, ..settings("127.0.0.1") };
    for sent in ["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1234", "HTTP/1.1 200"] {
        let server = Server::start(|_, _| Reply::Bytes(sent.as_bytes().to_vec())).await;
        let error = client(settings.clone()).call(&get(&server.url("/"))).await.unwrap_err();
        assert_eq!(error, OutboundError::Broken, "{sent:?}");
    }
}

#[tokio::test]
async fn calls_at_once_are_bounded_in_all_and_per_target() {
    let hang = || Server::start(|_, _| Reply::Hang(Vec::new()));
    let (slow, other) = (hang().await, Server::start(|_, _| answer(200, "", "")).await);
    let bounds = ClientSettings {
        max_concurrent_calls: 4,
        max_concurrent_calls_per_target: 3,
        ..settings("127.0.0.1")
    };
    let client = std::sync::Arc::new(client(bounds));
    let call = |url: String, within: Duration| {
        let client = std::sync::Arc::clone(&client);
        tokio::spawn(async move { client.call(&get(&url).timeout(within)).await })
    };
    let held: Vec<_> = (0..3).map(|_| call(slow.url("/"), Duration::from_secs(60))).collect();
    while slow.hits() < 3 {
        tokio::task::yield_now().await;
    }
    let waiting: Vec<_> = (0..5).map(|_| call(slow.url("/"), SHORT)).collect();
    // One target at its bound takes nothing from the others.
    assert_eq!(call(other.url("/"), Duration::from_secs(10)).await.unwrap().unwrap().status, 200);
    for call in waiting {
        assert_eq!(call.await.unwrap().unwrap_err(), OutboundError::Busy);
    }
    assert_eq!(slow.hits(), 3);

    let second = hang().await;
    let fourth = call(second.url("/"), Duration::from_secs(60));
    while second.hits() < 1 {
        tokio::task::yield_now().await;
    }
    let error = call(other.url("/"), SHORT).await.unwrap().unwrap_err();
    assert_eq!((error, other.hits()), (OutboundError::Busy, 1));
    // Who gives up makes room.
    fourth.abort();
    for call in held {
        call.abort();
    }
    assert_eq!(call(other.url("/"), Duration::from_secs(10)).await.unwrap().unwrap().status, 200);
}
