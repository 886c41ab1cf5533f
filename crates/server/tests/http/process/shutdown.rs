//! The shutdown: the server answers what is under way, and ends in order.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::space::{Client, TestSpace, in_memory};

const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(20);
const BODY: &str = r#"{"name":"sent slowly","dtype":"embedded"}"#;

/// A request that the server has begun to serve, and whose body it still waits for.
async fn begin(owner: &Client) -> TcpStream {
    let address = owner.root().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/v1/datasets HTTP/1.1\r\nHost: space\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        owner.token(),
        BODY.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(&BODY.as_bytes()[..10]).await.unwrap();
    stream
}

/// Waits until the server takes no new connection.
async fn closed(owner: &Client) {
    let address = owner.root().trim_start_matches("http://");
    let refused = async { while TcpStream::connect(address).await.is_ok() {} };
    timeout(SHUTDOWN_TIMEOUT, refused).await.unwrap();
}

#[tokio::test]
async fn sigterm_and_sigint_let_a_request_under_way_end() {
    if in_memory() {
        return;
    }
    for signal in ["TERM", "INT"] {
        let mut space = TestSpace::start().await;
        let owner = space.found("drain").await;
        let mut stream = begin(&owner).await;
        space.server().signal(signal);
        closed(&owner).await;
        stream.write_all(&BODY.as_bytes()[10..]).await.unwrap();
        let mut answer = vec![0; 1024];
        let length = timeout(SHUTDOWN_TIMEOUT, stream.read(&mut answer)).await.unwrap().unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 201 Created"), "after SIG{signal}: {answer}");
        assert_eq!(space.server().wait(), Some(0), "after SIG{signal}");
        space.server().run_again().await;
        let owner = space.anybody().with_token(owner.token());
        let datasets = owner.get("/datasets").await.expect(200);
        assert_eq!(datasets.body["items"][0]["name"], "sent slowly");
    }
}

#[tokio::test]
async fn nobody_holds_a_stop_up_for_longer_than_is_set() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::with(&[("shutdown_timeout_seconds", "1")]).await;
    let owner = space.found("stall").await;
    let _never_ended = begin(&owner).await;
    space.server().signal("TERM");
    closed(&owner).await;
    let mut server = space;
    let ended = tokio::task::spawn_blocking(move || server.server().wait());
    assert_eq!(timeout(SHUTDOWN_TIMEOUT, ended).await.unwrap().unwrap(), Some(0));
}

#[tokio::test]
async fn a_signal_that_comes_as_the_server_says_that_it_listens_ends_it_in_order() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    for signal in ["TERM", "INT"].into_iter().cycle().take(10) {
        space.server().signal(signal);
        assert_eq!(space.server().wait(), Some(0), "SIG{signal}");
        space.server().run_again().await;
    }
}
