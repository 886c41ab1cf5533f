//! Bodies that never end, and bodies that never come: every route that reads one has a limit of time.

use std::time::Duration;

use futures_util::future::join_all;
use syft_space::http::reason::Reason;
use syft_space::http::route_table::ROUTES;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::hostile::case::{Answer, Case, Expect, exchange};
use crate::hostile::world::World;

#[tokio::test]
async fn i1_an_endless_body_is_cut_off_on_every_route_that_reads_one() {
    let world = World::with(&[("max_body_bytes", "4096"), ("max_documents_body_bytes", "8192")]).await;
    let mut tried = 0;
    for route in ROUTES.iter().filter(|route| world.body(route).is_some()) {
        let mut bytes = world.request(route).head("HTTP/1.1");
        bytes.extend_from_slice(b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n");
        let chunk = format!("400\r\n{}\r\n", " ".repeat(1024));
        // It has an end here, which nobody reads to.
        bytes.extend_from_slice(chunk.repeat(4_000).as_bytes());
        let case = Case::new("a body without an end", route, bytes, Expect::Refused(Reason::TooLarge));
        let (_, verdict) = case.run(world.address()).await;
        verdict.unwrap_or_else(|why| panic!("{why}"));
        tried += 1;
    }
    assert!(tried > 10, "{tried}");
    world.still_serves().await;
}

#[tokio::test]
async fn i1_a_body_in_drops_is_given_up_in_time_on_every_route_and_others_are_served() {
    let world = World::with(&[("body_timeout_seconds", "1"), ("head_timeout_seconds", "2")]).await;
    let slow = ROUTES.iter().filter(|route| world.body(route).is_some()).map(async |route| {
        let mut stream = TcpStream::connect(world.address()).await.unwrap();
        let mut head = world.request(route).head("HTTP/1.1");
        head.extend_from_slice(b"content-length: 1000\r\n\r\n");
        stream.write_all(&head).await.unwrap();
        let (mut read, mut write) = stream.split();
        let drip = async {
            while write.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            std::future::pending::<()>().await;
        };
        let mut answer = Vec::new();
        let answered = read.read_to_end(&mut answer);
        tokio::select! {
            _ = answered => {}
            () = drip => {}
            () = tokio::time::sleep(Duration::from_secs(30)) => panic!("{}: never given up", route.path),
        }
        let answer = Answer::read(&answer).unwrap_or_else(|| panic!("{}: no answer", route.path));
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((answer.status, &body["reason_code"]), (408, &"body_timeout".into()), "{}", route.path);
    });
    let others = async {
        for _ in 0..20 {
            world.owner.get("/auth/me").await.expect(200);
        }
    };
    tokio::join!(join_all(slow), others);
    // A head in drops is given up, too, before it is a request.
    let raw = exchange(world.address(), b"GET /health/live HTTP/1.1\r\nx-slow: ").await;
    let answer = Answer::read(&raw).unwrap();
    assert_eq!((answer.status, answer.body.len()), (408, 0));
    world.still_serves().await;
}
