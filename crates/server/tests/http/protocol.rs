//! What HTTP itself demands, whatever the route.

use serde_json::json;
use syft_space::http::route_table::{Method, ROUTES};
use syft_space::system::SystemClock;
use syft_space_domain::time::{Clock, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::space::{Client, TestSpace, dataset_of, endpoint_on};

#[tokio::test]
async fn i1_unknown_paths_and_methods_are_problems_too() {
    let space = TestSpace::start().await;
    let nobody = space.anybody();
    for path in
        ["//api", "//api/v1", "/nothing", "//%2e%2e/etc/passwd", "//api/v2/datasets", "/datasets/x/y/z/w"]
    {
        nobody.get(path).await.expect_problem(404, "no_route");
    }
    for route in ROUTES {
        let path = route
            .path
            .replace("{id}", "x")
            .replace("{slug}", "x")
            .replace("{doc}", "x")
            .replace("{job}", "x");
        let known: Vec<Method> =
            ROUTES.iter().filter(|other| other.path == route.path).map(|other| other.method).collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            if known.iter().any(|allowed| allowed.to_string() == method) {
                continue;
            }
            let answer = nobody.send(nobody.request(method, &format!("/{path}"))).await;
            let answer = answer.expect_problem(405, "method_not_allowed");
            for method in &known {
                assert!(
                    answer.header("allow").contains(&method.to_string()),
                    "{path}: {}",
                    answer.header("allow")
                );
            }
        }
    }
}

#[tokio::test]
async fn i1_a_slash_at_the_end_makes_no_difference_and_no_redirect() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    owner.get("/datasets/").await.expect(200);
    owner.post("/datasets/", &json!({ "name": "d", "dtype": "embedded" })).await.expect(201);
    owner.get("//health/live/").await.expect(200);
}

#[tokio::test]
async fn n1_every_answer_bears_the_headers_of_a_careful_server_and_no_banner() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    for answer in [
        owner.get("/auth/me").await,
        owner.get("/nothing").await,
        owner.get("//health/live").await,
        owner.post("/datasets", &json!({})).await,
        space.anybody().get("/datasets").await,
    ] {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("server"), "");
        assert_eq!(answer.header("x-powered-by"), "");
        assert_eq!(answer.header("set-cookie"), "");
        assert!(answer.header("x-request-id").len() == 36, "{answer:?}");
    }
}

#[tokio::test]
async fn i1_bodies_that_cannot_be_read_are_400_and_bodies_that_are_not_allowed_are_422() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let send = async |media: &str, body: String| {
        owner.send(owner.request("POST", "/datasets").header("content-type", media).body(body)).await
    };
    let json = "application/json";
    let deep = format!("{{\"name\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for bad in
        ["", "{", "nonsense", "{\"name\":\"a\",\"name\":\"b\",\"dtype\":\"embedded\"}", &deep, "\u{feff}{}"]
    {
        send(json, bad.to_owned()).await.expect_problem(400, "malformed");
    }
    for (bad, pointer) in [
        ("{\"dtype\":\"embedded\"}", ""),
        ("{\"name\":7,\"dtype\":\"embedded\"}", "/name"),
        ("{\"name\":\"\",\"dtype\":\"embedded\"}", "/name"),
        ("{\"name\":\"a\\u0000b\",\"dtype\":\"embedded\"}", "/name"),
        ("{\"name\":\"a\\u202eb\",\"dtype\":\"embedded\"}", "/name"),
        ("{\"name\":\"a\",\"dtype\":\"other\"}", "/dtype"),
        ("{\"name\":\"a\",\"dtype\":\"embedded\",\"owner\":\"me\"}", "/owner"),
        ("{\"name\":\"a\",\"dtype\":\"embedded\",\"configuration\":{\"x\":1}}", "/configuration/x"),
        ("[]", ""),
        ("null", ""),
    ] {
        let refused = send(json, bad.to_owned()).await.expect_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{bad}: {}", refused.text);
    }
    for media in
        ["text/plain", "application/xml", "application/jsonx", "", "application/json; charset=latin1"]
    {
        send(media, "{}".to_owned()).await.expect_problem(415, "unsupported_media_type");
    }
    // Many clients leave the hyphen out.
    for (charset, name) in [("UTF-8", "ok"), ("utf8", "fine"), ("\"UTF8\"", "good")] {
        let media = format!("application/json; charset={charset}");
        send(&media, format!("{{\"name\":\"{name}\",\"dtype\":\"embedded\"}}")).await.expect(201);
    }
}

#[tokio::test]
async fn i1_bodies_that_are_too_large_are_413_also_when_nobody_said_how_large() {
    let space = TestSpace::with(&[("max_body_bytes", "2048"), ("max_documents_body_bytes", "4096")]).await;
    let owner = space.found("acme").await;
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(3_000));
    let announced = owner.request("POST", "/datasets").header("content-type", "application/json").body(large);
    owner.send(announced).await.expect_problem(413, "too_large");
    let id = dataset_of(&owner, "d", &[]).await;
    for path in ["/datasets".to_owned(), format!("/datasets/{id}/documents")] {
        let answer = endless(&owner, &format!("/api/v1{path}")).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    }
    // Nor does anybody read on who is refused for another reason.
    let stranger = endless(&space.anybody(), "/api/v1/datasets").await;
    assert!(stranger.starts_with("HTTP/1.1 401"), "{stranger}");
    owner.get("/auth/me").await.expect(200);
}

/// Sends chunks until the server has had enough.
async fn endless(client: &Client, path: &str) -> String {
    let mut stream = TcpStream::connect(client.root().trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n",
        client.token()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("400\r\n{}\r\n", " ".repeat(1024));
    for _ in 0..1_000 {
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    // The server may close while chunks are still on their way.
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn i1_a_body_that_never_comes_is_given_up_and_holds_nobody_up() {
    let space = TestSpace::with(&[("body_timeout_seconds", "1")]).await;
    let owner = space.found("acme").await;
    let mut stream = TcpStream::connect(owner.root().trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST /api/v1/datasets HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 50\r\n\r\n{{",
        owner.token()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    owner.get("/auth/me").await.expect(200);
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("body_timeout"), "{answer}");
}

#[tokio::test]
async fn i1_what_stands_twice_or_in_the_wrong_place_is_refused() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let raw = async |head: String| {
        let mut stream = TcpStream::connect(owner.root().trim_start_matches("http://")).await.unwrap();
        stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let bearer = format!("authorization: Bearer {}\r\n", owner.token());
    let get = "GET /api/v1/auth/me HTTP/1.1\r\nhost: x\r\n";
    assert!(raw(format!("{get}{bearer}")).await.starts_with("HTTP/1.1 200"));
    for twice in [format!("{bearer}{bearer}"), format!("{bearer}x-tenant-name: a\r\nx-tenant-name: b\r\n")] {
        let answer = raw(format!("{get}{twice}")).await;
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("ambiguous"), "{answer}");
    }
    let in_url = format!("/auth/me?access_token={}", owner.token());
    space.anybody().get(&in_url).await.expect_problem(400, "ambiguous");
    owner.get("/auth/me?Access_Token=x").await.expect_problem(400, "ambiguous");
    for scheme in ["Basic b3duZXI6eA==", "Bearer", "Bearer ", "bearer"] {
        let request = space.anybody().request("GET", "/auth/me").header("authorization", scheme);
        owner.send(request).await.expect_problem(401, "token_invalid");
    }
    // Two messages in one: the second is never taken for a request of its own.
    let smuggled =
        "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n";
    let answer = raw(smuggled.to_owned()).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn k9_a_forwarded_address_is_recorded_only_from_a_trusted_proxy() {
    for (trusted, recorded) in [(None, "127.0.0.1"), (Some("127.0.0.0/8"), "203.0.113.7")] {
        let settings: Vec<_> = trusted.map(|net| ("behind_proxy", net)).into_iter().collect();
        let space = TestSpace::with(&settings).await;
        let owner = space.found("acme").await;
        let dataset = dataset_of(&owner, "d", &[("doc", "Penguins swim.")]).await;
        endpoint_on(&owner, &dataset, "birds").await;
        let ask = owner.request("POST", "/endpoints/birds/query").json(&json!({ "messages": "penguins" }));
        owner.send(ask.header("x-forwarded-for", "198.51.100.1, 203.0.113.7")).await.expect(200);
        assert_eq!(owner.audit("").await[0]["address"], recorded);
    }
}

#[tokio::test]
async fn q1_health_is_open_and_head_is_get_without_a_body() {
    let space = TestSpace::start().await;
    let nobody = space.anybody();
    for path in ["//health/live", "//health/ready", "/health"] {
        let whole = nobody.get(path).await.expect(200);
        let head = nobody.send(nobody.request("HEAD", path)).await.expect(200);
        assert_eq!((head.text.as_str(), head.header("content-type")), ("", whole.header("content-type")));
    }
    assert_eq!(nobody.get("/health").await.body["status"], "healthy");
}

#[tokio::test]
async fn v1_security_txt_is_there_where_a_contact_is_named_and_pages_stand_alone() {
    let space = TestSpace::start().await;
    space.anybody().get("//.well-known/security.txt").await.expect_problem(404, "no_route");
    for page in ["//", "//docs"] {
        let answer = space.anybody().get(page).await.expect(200);
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{page}");
    }
    let space =
        TestSpace::with(&[("security_contact", "mailto:security@example.org,https://example.org/report")])
            .await;
    let answer = space.anybody().get("//.well-known/security.txt").await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let lines: Vec<&str> = answer.text.lines().collect();
    assert_eq!(lines[..2], ["Contact: mailto:security@example.org", "Contact: https://example.org/report"]);
    let expires = Timestamp::parse(lines[2].strip_prefix("Expires: ").unwrap()).unwrap();
    let days = expires.since(SystemClock.now()).as_secs() / 86_400;
    assert!((80..=90).contains(&days), "{}", answer.text);
    assert!(lines[3].starts_with("Canonical: ") && lines[3].ends_with("/.well-known/security.txt"));
    assert!(answer.text.ends_with('\n') && lines.len() == 4, "{}", answer.text);
}
