//! Where an end comes: sizes, times, how many there may be, and what other settings forbid.

use std::time::Duration;

use serde_json::{Value, json};
use syft_space_fakehub::HubOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::open::PAGES;
use super::recorder::{Ask, Recorder};
use crate::space::form::{body, content_type, part};
use crate::space::{HUB_PASSWORD, Server, TestSpace};

/// How many accounts on hubs a tenant may have.
const MARKETPLACES_MAX: usize = 20;

pub async fn play() -> Recorder {
    let space = TestSpace::of(
        Server::start(&[
            ("outbound_allow", "127.0.0.1"),
            ("max_body_bytes", "2048"),
            ("max_documents_body_bytes", "4096"),
            ("max_upload_bytes", "8192"),
            ("docs_enabled", "false"),
            ("security_contact", "mailto:security@example.org"),
        ])
        .await,
    );
    let mut r = Recorder::new("limits", &space);
    r.found(&space, "owner", "acme").await;
    r.get("nobody", "/openapi.json").await;
    for path in PAGES {
        r.get("nobody", path).await;
    }
    sizes(&mut r).await;
    times(&mut r).await;
    marketplaces(&mut r, &space).await;
    r.log("owner", "/audit").await;
    r
}

async fn sizes(r: &mut Recorder) {
    r.make("dataset", "owner", "/datasets", json!({ "name": "small", "dtype": "embedded" })).await;
    let padded =
        |body: Value, length: usize| format!("{body}{}", " ".repeat(length - body.to_string().len()));
    let send = |target: &str, body: String| {
        Ask::new("owner", "POST", target).header("content-type", "application/json").body(body)
    };
    for length in [2048, 2049] {
        r.send(send("/datasets", padded(json!({ "name": "small", "dtype": "embedded" }), length))).await;
        r.send(send("/auth/login", padded(json!({ "email": "x@y.example", "password": "x" }), length))).await;
    }
    let documents = json!({ "documents": [{ "document_id": "doc", "content": "Penguins swim." }] });
    for length in [4096, 4097] {
        r.send(send("/datasets/«dataset»/documents?wait=true", padded(documents.clone(), length))).await;
    }
    for length in [7_000, 9_000] {
        let form = body(&[part("big.txt", "Penguins swim. ".repeat(length / 15).as_bytes())]);
        let ask = Ask::new("owner", "POST", "/datasets/«dataset»/documents?wait=true");
        r.send(ask.header("content-type", &content_type()).body(form)).await;
    }
}

/// A body that does not come.
async fn times(r: &mut Recorder) {
    let space = TestSpace::with(&[("body_timeout_seconds", "1")]).await;
    let address = space.anybody().root().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: space.example\r\nconnection: close\r\n\
                content-type: application/json\r\ncontent-length: 20\r\n\r\n{\"email\":";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut raw = Vec::new();
    let read = stream.read_to_end(&mut raw);
    drop(tokio::time::timeout(Duration::from_secs(30), read).await.expect("the server gives up"));
    r.note_raw("POST /api/v1/auth/login, and half a body", raw);
}

async fn marketplaces(r: &mut Recorder, space: &TestSpace) {
    let hub = space.hub();
    r.keep("hub", &hub.url());
    let account = |name: &str, url: &str, token: &str| {
        json!({
            "name": name, "url": url, "issuer": HubOptions::DEFAULT_ISSUER,
            "credential": { "type": "pat", "token": token },
        })
    };
    // What may not be called.
    for url in [
        "http://169.254.169.254",
        "https://10.0.0.1",
        "http://[::1]:9",
        "http://hub.example.org",
        "http://localhost",
    ] {
        r.post("owner", "/marketplaces", account("market", url, "syft_pat_x")).await;
    }
    for n in 0..=MARKETPLACES_MAX {
        let username = format!("account-{n}");
        hub.add_user(&username, &format!("{username}@hub.example"), HUB_PASSWORD).unwrap();
        let credential = hub.create_pat(&username).unwrap();
        r.keep(&format!("credential of {username}"), &credential);
        let token = format!("«credential of {username}»");
        let told = r.post("owner", "/marketplaces", account(&username, "«hub»", &token)).await;
        if n < MARKETPLACES_MAX {
            r.keep(&format!("market {n}"), told.text("/id"));
        }
    }
    r.pages("owner", "/marketplaces?limit=15").await;
    // Nobody has said where others reach this space.
    let endpoint = json!({ "name": "E", "slug": "endpoint", "dataset_id": "«dataset»", "response_type": "raw", "published": true });
    r.make("endpoint", "owner", "/endpoints", endpoint).await;
    let policy = json!({ "mode": "allow", "patterns": ["*"] });
    let policy = json!({ "name": "all", "policy_type": "access", "configuration": policy });
    r.make("policy", "owner", "/policies", policy).await;
    r.put("owner", "/endpoints/endpoint/policies", json!({ "policy_ids": ["«policy»"] })).await;
    r.post("owner", "/endpoints/endpoint/listings", json!({ "marketplace_id": "«market 0»" })).await;
}
