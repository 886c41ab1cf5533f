//! The aggregator's requests to spaces, and how it reads their responses.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use syft_space_fakehub::Route;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::World;

/// A fake space with one response for every request. It records the requests.
struct FakeSpace {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl FakeSpace {
    async fn with_response(status: &str, headers: &str, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let length = body.len();
        let response = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
        );
        let recorded = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let request = serve(connection, &response).await;
                recorded.lock().unwrap().push(request);
            }
        });
        Self { url, requests }
    }

    async fn with_json(status: &str, body: Value) -> Self {
        Self::with_response(status, "content-type: application/json\r\n", &body.to_string()).await
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(connection: TcpStream, response: &str) -> String {
    let mut connection = BufReader::new(connection);
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).await.unwrap();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        request.push_str(&line);
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.unwrap();
    request.push_str(std::str::from_utf8(&body).unwrap());
    connection.write_all(response.as_bytes()).await.unwrap();
    request
}

fn world() -> World {
    World::with(|options| options.aggregator_backoff = Duration::ZERO)
}

fn chat(url: &str) -> Value {
    json!({
        "prompt": "How high is Kilimanjaro?", "model": {"url": "", "slug": ""},
        "data_sources": [{"url": url, "slug": "space-docs", "name": "", "tenant_name": "acme",
            "owner_username": "spaceowner"}],
        "endpoint_tokens": {"spaceowner": "a.b.c"}, "transaction_tokens": {}, "top_k": 5, "max_tokens": 1,
        "temperature": 0.0, "similarity_threshold": 0.5, "stream": false, "retrieval_only": true,
    })
}

async fn retrieve(world: &World, body: Value) -> Value {
    let headers = [("x-correlation-id", "71c04d2c-66a8-46ce-92ed-fe832b3b53df")];
    let answer = world.send(Method::POST, "/aggregator/api/v1/chat", &headers, Some(&body.to_string())).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body
}

#[tokio::test]
async fn f11_a_space_gets_the_very_request_of_an_aggregator() {
    let world = world();
    let space = FakeSpace::with_json("200 OK", json!({})).await;
    retrieve(&world, chat(&space.url)).await;
    let host = space.url.replace("http://", "");
    let expected = format!(
        "POST /api/v1/endpoints/space-docs/query HTTP/1.1\r\nhost: {host}\r\naccept: */*\r\naccept-encoding: gzip, \
         deflate\r\nconnection: keep-alive\r\nuser-agent: python-httpx/0.28.1\r\ncontent-type: application/json\r\n\
         x-correlation-id: 71c04d2c-66a8-46ce-92ed-fe832b3b53df\r\nx-tenant-name: acme\r\nauthorization: Bearer \
         a.b.c\r\ncontent-length: 100\r\n\r\n{{\"messages\":\"How high is Kilimanjaro?\",\"limit\":5,\
         \"similarity_threshold\":0.5,\"include_metadata\":true}}"
    );
    assert_eq!(space.requests(), [expected]);
}

#[tokio::test]
async fn f11_without_a_token_or_a_tenant_the_headers_are_left_out() {
    let world = world();
    let space = FakeSpace::with_json("200 OK", json!({})).await;
    let mut body = chat(&space.url);
    body["endpoint_tokens"] = json!({});
    body["data_sources"][0]["tenant_name"] = Value::Null;
    retrieve(&world, body).await;
    let request = space.requests().remove(0);
    assert!(!request.contains("authorization") && !request.contains("x-tenant-name"), "{request}");
}

#[tokio::test]
async fn what_is_found_is_shown_by_its_title() {
    let world = world();
    let entry = json!({"policy_type": "mpp_per_request", "kind": "payment", "status": "charged", "amount": 0.5,
        "currency": "USD"});
    let free = json!({"policy_type": "mpp_per_request", "kind": "payment", "status": "free", "amount": 9.0});
    let body = json!({
        "summary": {"message": {"content": "High."}},
        "references": {"documents": [
            {"content": "5,895 m", "similarity_score": 0.7, "metadata": {"title": "Kilimanjaro"}},
            {"content": "8,849 m", "similarity_score": 0.6, "metadata": {"document_title": "Everest"}},
        ]},
        "policy_metadata": {"outcome": "success", "entries": [entry, free]},
    });
    let space = FakeSpace::with_json("200 OK", body).await;
    let answer = retrieve(&world, chat(&space.url)).await;
    let path = "spaceowner/space-docs";
    let sources = json!({
        "Kilimanjaro": {"slug": path, "content": "5,895 m"}, "Everest": {"slug": path, "content": "8,849 m"},
        "Document from spaceowner/space-docs": {"slug": path, "content": "High."},
    });
    assert_eq!(answer["sources"], sources);
    let info = json!([{"path": path, "documents_retrieved": 3, "status": "success", "error_message": null}]);
    assert_eq!(answer["retrieval_info"], info);
    let billing = &answer["billing"];
    assert_eq!((&billing["total_cost"], &billing["currency"]), (&json!(0.5), &json!("USD")));
    assert_eq!(billing["entries"][0]["source"], path);
    assert_eq!(world.hub.calls(Route::ServiceReport), 0);
}

#[tokio::test]
async fn a_refusal_is_read_as_an_aggregator_reads_it() {
    let refusal = |outcome: &str| {
        let entry = json!({"policy_type": "access", "kind": "access", "status": "rejected"});
        json!({"detail": "not for you", "policy_metadata": {"outcome": outcome, "entries": [entry]}})
    };
    for (status, outcome, expected, message, kept) in [
        ("401 Unauthorized", "access_denied", "error", "HTTP 401: Invalid or expired token", false),
        ("402 Payment Required", "payment_required", "error", "HTTP 402: not for you", true),
        ("403 Forbidden", "access_denied", "access_denied", "Access denied: not for you", true),
        ("403 Forbidden", "anything", "access_denied", "Access denied: not for you", true),
        ("403 Forbidden", "rate_limited", "error", "Unexpected error: 1 validation error", false),
        ("403 Forbidden", "policy_violation", "error", "Unexpected error: 1 validation error", false),
        ("404 Not Found", "none", "error", "HTTP 404: not for you", true),
        ("429 Too Many Requests", "rate_limited", "error", "HTTP 429: not for you", true),
        ("201 Created", "success", "error", "HTTP 201: not for you", true),
        ("307 Temporary Redirect", "none", "error", "HTTP 307: not for you", true),
    ] {
        let world = world();
        let space = FakeSpace::with_json(status, refusal(outcome)).await;
        let answer = retrieve(&world, chat(&space.url)).await;
        let info = &answer["retrieval_info"][0];
        assert_eq!(info["status"], expected, "{status} {outcome}");
        assert!(info["error_message"].as_str().unwrap().starts_with(message), "{info}");
        assert_eq!(answer["billing"].is_object(), kept, "{status} {outcome}");
        assert_eq!(space.requests().len(), 1, "{status} is not asked again");
        let report = world.hub.requests(Route::ServiceReport).remove(0);
        assert!(
            String::from_utf8_lossy(&report.body).contains("How high is Kilimanjaro?"),
            "the query is told"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let world = world();
    let other = FakeSpace::with_json("200 OK", json!({})).await;
    let elsewhere = format!("location: {}/\r\ncontent-type: application/json\r\n", other.url);
    let space =
        FakeSpace::with_response("307 Temporary Redirect", &elsewhere, "{\"detail\":\"there\"}").await;
    let info = retrieve(&world, chat(&space.url)).await["retrieval_info"][0].clone();
    assert_eq!(info["error_message"], "HTTP 307: there");
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_space_that_fails_by_itself_is_asked_three_times() {
    for status in
        ["500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"]
    {
        let world = world();
        let space = FakeSpace::with_json(status, json!({"detail": "boom"})).await;
        let info = retrieve(&world, chat(&space.url)).await["retrieval_info"][0].clone();
        assert_eq!(info["error_message"], format!("HTTP {}: boom", &status[..3]));
        assert_eq!(space.requests().len(), 3, "{status}");
    }
}

#[tokio::test]
async fn one_null_spoils_a_whole_source() {
    let found = json!({"content": "5,895 m", "similarity_score": 0.7, "metadata": {"title": "Kilimanjaro"}});
    for member in ["similarity_score", "metadata"] {
        let world = world();
        let mut spoilt = found.clone();
        spoilt[member] = Value::Null;
        let body = json!({"references": {"documents": [found, spoilt]}});
        let space = FakeSpace::with_json("200 OK", body).await;
        let answer = retrieve(&world, chat(&space.url)).await;
        assert_eq!(
            (&answer["sources"], &answer["retrieval_info"][0]["status"]),
            (&json!({}), &json!("error"))
        );
    }
}

#[tokio::test]
async fn what_is_no_json_and_what_is_not_there_is_an_error_of_that_source_alone() {
    let world = world();
    let html = FakeSpace::with_response("200 OK", "content-type: text/html\r\n", "<html></html>").await;
    let page =
        FakeSpace::with_response("404 Not Found", "content-type: text/html\r\n", "<html></html>").await;
    let good = FakeSpace::with_json("200 OK", json!({})).await;
    // The port is bound but not listened on: connections are refused, and no other process gets the port.
    let closed = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    closed.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let closed_address = closed.local_addr().unwrap().as_socket().unwrap();
    let mut body = chat(&html.url);
    let source = |url: &str| json!({"url": url, "slug": "space-docs", "owner_username": "spaceowner"});
    body["data_sources"] = json!([
        source(&html.url),
        source(&page.url),
        source(&format!("http://{closed_address}")),
        source(&good.url)
    ]);
    let answer = retrieve(&world, body).await;
    let info: Vec<(&Value, &str)> = answer["retrieval_info"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (&entry["status"], entry["error_message"].as_str().unwrap_or_default()))
        .collect();
    for ((status, message), (expected, beginning)) in info.into_iter().zip([
        ("error", "Unexpected error: Expecting value"),
        ("error", "The data source 'spaceowner/space-docs' is currently unreachable."),
        ("error", "Cannot reach data source at http://127.0.0.1"),
        ("success", ""),
    ]) {
        assert_eq!(status, expected, "{message}");
        assert!(message.starts_with(beginning), "{message}");
    }
}

#[tokio::test]
async fn a_payment_is_tried_for_a_user_and_nobody_has_a_wallet() {
    let world = world();
    let challenge = "www-authenticate: Payment id=\"1\"\r\ncontent-type: application/json\r\n";
    let space = FakeSpace::with_response("402 Payment Required", challenge, "{\"detail\":\"pay\"}").await;
    let without = retrieve(&world, chat(&space.url)).await;
    assert_eq!(without["retrieval_info"][0]["error_message"], "HTTP 402: pay");
    let mut body = chat(&space.url);
    body["user_token"] = json!(world.pat("alice"));
    let info = retrieve(&world, body).await["retrieval_info"][0].clone();
    assert_eq!(info["status"], "payment_failed");
    assert!(info["error_message"].as_str().unwrap().contains("400 Bad Request"), "{info}");
    assert_eq!((world.hub.calls(Route::PayFromWallet), space.requests().len()), (1, 2));
}

#[tokio::test]
async fn a_chat_with_a_model_is_refused() {
    let world = world();
    let mut body = chat("http://127.0.0.1:1");
    body["retrieval_only"] = json!(false);
    assert_eq!(world.post("/aggregator/api/v1/chat", None, body).await.status, 501);
    assert_eq!(world.post("/aggregator/api/v1/chat", None, json!({})).await.status, 422);
    assert_eq!(world.get("/aggregator/api/v1/chat", None).await.status, 405);
}
