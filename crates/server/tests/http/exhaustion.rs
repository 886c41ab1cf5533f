//! What a client without a token can take of the server, and for how long.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use crate::space::{Client, Server, TestSpace, in_memory};

/// Longer than the server takes to close a connection that it has answered.
const CLOSED: Duration = Duration::from_secs(15);

fn address(client: &Client) -> SocketAddr {
    client.root().trim_start_matches("http://").parse().unwrap()
}

async fn connect(client: &Client) -> TcpStream {
    TcpStream::connect(address(client)).await.unwrap()
}

/// A connection of another address of this host.
async fn connect_from(client: &Client, source: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{source}:0").parse().unwrap()).unwrap();
    socket.connect(address(client)).await.unwrap()
}

/// All that comes until the connection ends.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // It may end with a reset, where something was sent that nobody read.
    drop(timeout(CLOSED, stream.read_to_end(&mut answer)).await.expect("the connection is closed"));
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether a connection is served.
async fn is_served(stream: &mut TcpStream) -> bool {
    let request = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut answer = [0; 12];
    stream.write_all(request).await.is_ok()
        && timeout(CLOSED, stream.read_exact(&mut answer)).await.unwrap().is_ok()
        && answer == *b"HTTP/1.1 200"
}

fn answers(text: &str) -> usize {
    text.matches("HTTP/1.").count()
}

#[tokio::test]
async fn h3_an_unread_body_closes_the_connection_whatever_the_path_and_method() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let refused = [
        ("POST /nothing", 404),
        ("PUT /api/v1/nothing/at/all", 404),
        ("POST /docs/other.js", 404),
        ("BREW /api/v1/auth/login", 405),
        ("PUT /health/live", 405),
        ("POST /docs", 405),
        ("DELETE /api/v1/datasets", 405),
        ("POST /api/v1/users", 405),
        ("POST /api/v1/datasets", 401),
        ("GET /api/v1/datasets", 401),
        ("POST /api/v1/auth/login", 415),
        ("GET /health/live", 200),
        ("GET /docs/swagger-ui.css", 200),
    ];
    let framings = ["transfer-encoding: chunked", "content-length: 1000000"];
    let cases = refused.iter().flat_map(|refused| framings.map(|framing| (refused, framing)));
    let owner = &owner;
    join_all(cases.map(async |((line, status), framing)| {
        let mut stream = connect(owner).await;
        let head = format!("{line} HTTP/1.1\r\nhost: x\r\n{framing}\r\n\r\n1\r\nx\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let (mut read, mut write) = stream.split();
        let mut answer = Vec::new();
        // A byte now and then keeps no connection open.
        let drip = async {
            loop {
                sleep(Duration::from_millis(300)).await;
                drop(write.write_all(b"1\r\nx\r\n").await);
            }
        };
        tokio::select! {
            ended = timeout(CLOSED, read.read_to_end(&mut answer)) => {
                assert!(ended.is_ok(), "{line}, {framing}: it stays open");
            }
            () = drip => {}
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{line}, {framing}: {answer:.200}");
        assert!(answer.contains("connection: close\r\n"), "{line}, {framing}: {answer:.600}");
        assert_eq!(answers(&answer), 1, "{line}, {framing}");
    }))
    .await;
    owner.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn h3_what_is_sent_behind_a_request_that_closes_the_connection_is_not_done() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let bearer = format!("authorization: Bearer {}\r\n", owner.token());
    let json = "content-type: application/json\r\n";
    let body = "content-length: 2\r\n\r\n{}";
    let second = |name: &str| {
        let body = json!({ "name": name, "dtype": "embedded" }).to_string();
        format!(
            "POST /api/v1/datasets HTTP/1.1\r\nhost: x\r\n{bearer}{json}content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let closing = [
        (401, format!("POST /api/v1/datasets HTTP/1.1\r\nhost: x\r\n{json}{body}")),
        (404, format!("POST /nothing HTTP/1.1\r\nhost: x\r\n{json}{body}")),
        (405, format!("BREW /api/v1/datasets HTTP/1.1\r\nhost: x\r\n{json}{body}")),
        (415, format!("POST /api/v1/datasets HTTP/1.1\r\nhost: x\r\n{bearer}{body}")),
        (400, format!("POST /api/v1/datasets HTTP/1.1\r\nhost: x\r\n{bearer}{bearer}{json}{body}")),
        (200, "GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned()),
        (200, "GET /health/live HTTP/1.0\r\nhost: x\r\n\r\n".to_owned()),
        (200, format!("GET /health/live HTTP/1.1\r\nhost: x\r\n{body}")),
        (200, "GET /docs/swagger-ui.js HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned()),
    ];
    for (number, (status, first)) in closing.iter().enumerate() {
        let mut stream = connect(&owner).await;
        let behind = second(&format!("d{number}")).repeat(3);
        stream.write_all(format!("{first}{behind}").as_bytes()).await.unwrap();
        let answer = until_closed(&mut stream).await;
        assert_eq!(answer.split(' ').nth(1), Some(status.to_string().as_str()), "{first}: {answer:.200}");
        assert_eq!(answers(&answer), 1, "{first}: {answer:.2000}");
        let announced: usize =
            answer.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
        let (_, came) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(came.len(), announced, "{first}: the whole answer comes");
    }
    let datasets = owner.get("/datasets").await.expect(200);
    assert_eq!(datasets.body["items"], json!([]), "nothing behind them was done");
    // Behind an answer that keeps the connection, it is.
    let mut stream = connect(&owner).await;
    let kept = format!("GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n{}", second("kept"));
    stream
        .write_all(kept.replace(json, "connection: close\r\ncontent-type: application/json\r\n").as_bytes())
        .await
        .unwrap();
    assert_eq!(answers(&until_closed(&mut stream).await), 2);
}

#[tokio::test]
async fn h3_bodies_of_open_routes_are_small_and_all_bodies_share_a_budget() {
    let space = TestSpace::with(&[("max_bodies_bytes", "400000")]).await;
    let owner = space.found("acme").await;
    let long = json!({ "email": "a@b.example", "password": "x".repeat(9_000) });
    for path in ["/auth/login", "/auth/register", "/invitations/accept"] {
        space.anybody().post(path, &long).await.expect_problem(413, "too_large");
    }
    // A password of the most bytes fits, however it is escaped.
    let escaped = "\\u0041".repeat(1_024);
    let body = format!("{{\"email\":\"a@b.example\",\"password\":\"{escaped}\"}}");
    let login = space.anybody().request("POST", "/auth/login").header("content-type", "application/json");
    space.anybody().send(login.body(body)).await.expect_problem(401, "credentials_wrong");

    // One who takes most of the budget and does not finish.
    let head = format!(
        "POST /api/v1/datasets HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 190000\r\n\r\n{}",
        owner.token(),
        " ".repeat(180_000)
    );
    let hold = async || {
        let mut held = connect(&owner).await;
        held.write_all(head.as_bytes()).await.unwrap();
        held
    };
    let mut held = hold().await;
    let large = json!({ "name": "d", "dtype": "embedded", "summary": "x".repeat(60_000) });
    let refused = async {
        loop {
            let answer = owner.post("/datasets", &large).await;
            if answer.status == 503 {
                return answer;
            }
            // While the held body is on its way, the other may be first, and the held one is refused.
            let is_answered =
                held.try_read(&mut [0]).err().is_none_or(|error| error.kind() != ErrorKind::WouldBlock);
            if is_answered {
                held = hold().await;
            }
        }
    };
    let refused = timeout(CLOSED, refused).await.expect("a body beyond the budget is refused");
    refused.expect_problem(503, "overloaded");
    owner.get("/auth/me").await.expect(200);
    drop(held);
    let again = async { while owner.post("/datasets", &large).await.status == 503 {} };
    timeout(CLOSED, again).await.expect("its bytes come back");
}

#[tokio::test]
async fn h3_a_peer_has_a_bound_of_connections_and_leaves_the_others_theirs() {
    let space = TestSpace::with(&[("max_connections_per_peer", "4")]).await;
    let nobody = space.anybody();
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut stream = connect_from(&nobody, "127.0.0.7").await;
        assert!(is_served(&mut stream).await);
        held.push(stream);
    }
    let mut beyond = connect_from(&nobody, "127.0.0.7").await;
    assert!(!is_served(&mut beyond).await, "the fifth is closed");
    let mut other = connect_from(&nobody, "127.0.0.8").await;
    assert!(is_served(&mut other).await, "another peer has its own");
    drop(held.pop());
    let again = async {
        while !is_served(&mut connect_from(&nobody, "127.0.0.7").await).await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(CLOSED, again).await.expect("one that ended makes room");
}

#[tokio::test]
async fn h3_a_trusted_proxy_has_as_many_connections_as_it_needs() {
    let settings = [("max_connections_per_peer", "2"), ("behind_proxy", "127.0.0.9")];
    let space = TestSpace::with(&settings).await;
    let nobody = space.anybody();
    let mut held = Vec::new();
    for _ in 0..20 {
        let mut stream = connect_from(&nobody, "127.0.0.9").await;
        assert!(is_served(&mut stream).await);
        held.push(stream);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn h3_a_reader_who_does_not_read_is_let_go_of_in_time() {
    let settings = [("write_timeout_seconds", "2"), ("max_connections_per_peer", "1")];
    let space = TestSpace::with(&settings).await;
    let nobody = space.anybody();
    let mut idle = connect_from(&nobody, "127.0.0.7").await;
    let wanted = "GET /docs/swagger-ui.js HTTP/1.1\r\nhost: x\r\n\r\n".repeat(8);
    idle.write_all(wanted.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(first, *b"HTTP/1.1 200");
    let begun = Instant::now();
    let let_go = async {
        while !is_served(&mut connect_from(&nobody, "127.0.0.7").await).await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), let_go).await.expect("its connection ends");
    assert!(begun.elapsed() > Duration::from_millis(1_500), "it has its time");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn h3_readers_who_do_not_read_take_a_piece_of_memory_each_and_not_their_answers() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let pid = space.server().pid();
    let nobody = space.anybody();
    assert!(is_served(&mut connect(&nobody).await).await);
    let before = resident_kib(pid);
    let wanted = "GET /docs/swagger-ui.js HTTP/1.1\r\nhost: x\r\n\r\n".repeat(8)
        + &"GET /api/v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(8);
    let mut held = Vec::new();
    for _ in 0..200 {
        let mut stream = connect(&nobody).await;
        stream.write_all(wanted.as_bytes()).await.unwrap();
        // The answer has begun.
        stream.read_exact(&mut [0; 12]).await.unwrap();
        held.push(stream);
    }
    nobody.get("/health").await.expect(200);
    let taken = resident_kib(pid).saturating_sub(before);
    assert!(taken < 48 * 1024, "{taken} KiB for 200 connections");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn h3_the_limit_of_open_files_is_raised_to_what_the_connections_need_or_it_says_what_is_missing() {
    if in_memory() {
        return;
    }
    for (limits, allowed) in [("-Sn 300", 2_036), ("-n 700", 700)] {
        let mut server = Server::prepare(&[("max_connections", "500")]);
        let serve = server.command();
        let log = server.home().with_extension("log");
        let mut limited = std::process::Command::new("sh");
        limited.args(["-c", &format!("ulimit {limits}; exec \"$0\" \"$@\"")]);
        limited.arg(serve.get_program()).args(serve.get_args());
        for (name, value) in serve.get_envs() {
            match value {
                Some(value) => limited.env(name, value),
                None => limited.env_remove(name),
            };
        }
        limited.stderr(std::fs::File::create(&log).unwrap());
        server.run(limited);
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.pid())).unwrap();
        let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap().to_owned();
        assert_eq!(line.split_whitespace().nth(3), Some(allowed.to_string().as_str()), "{line}");
        drop(server);
        let said = std::fs::read_to_string(&log).unwrap();
        std::fs::remove_file(&log).unwrap();
        let is_told = said.contains("max_connections = 500") && said.contains("needed=2036");
        assert_eq!(is_told, allowed < 2_036, "{said}");
    }
}

/// The memory of a process that is resident.
#[cfg(target_os = "linux")]
fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
