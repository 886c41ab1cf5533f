//! The query route as marketplace callers use it: what they send, and what they can read of its answers.
//!
//! The facts were observed on a running hub with its aggregator, and on `syfthub-sdk` 0.3.1. A comment names the fact,
//! and the test holds that those clients are served unchanged. Where this server's own rules differ, they win, and the
//! test says so. Callers are members here: satellite tokens are not there yet.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::space::{Answer, Client, TestSpace, dataset_of, endpoint_on, only_policy};

/// A space with one published endpoint over two documents, and somebody who may query it.
struct QueriedSpace {
    space: TestSpace,
    owner: Client,
    alice: Client,
}

impl QueriedSpace {
    async fn start() -> Self {
        let space = TestSpace::start().await;
        let owner = space.found("acme").await;
        let texts = [
            ("kilimanjaro", "Kilimanjaro is 5895 metres high."),
            ("kenya", "Mount Kenya is 5199 metres high. Kilimanjaro is not far."),
        ];
        let dataset = dataset_of(&owner, "mountains", &texts).await;
        endpoint_on(&owner, &dataset, "space-docs").await;
        let alice = space.member(&owner, "alice@example.com", "user").await;
        Self { space, owner, alice }
    }

    async fn ask(&self, body: Value) -> Answer {
        self.alice.post("/endpoints/space-docs/query", &body).await
    }
}

fn ids(answer: &Answer) -> Vec<&str> {
    let documents = answer.body["references"]["documents"].as_array().unwrap();
    documents.iter().map(|document| document["document_id"].as_str().unwrap()).collect()
}

/// Whether there is a null anywhere in it.
fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(holds_null),
        Value::Object(fields) => fields.values().any(holds_null),
        _ => false,
    }
}

// The aggregator, retrieval: these headers in this order, and `messages` as one text.
#[tokio::test]
async fn q1_the_aggregators_retrieval_request_is_answered_byte_for_byte_as_it_sends_it() {
    let asked = QueriedSpace::start().await;
    let body = r#"{"messages":"How high is Kilimanjaro?","limit":5,"similarity_threshold":0.5,"include_metadata":true}"#;
    for tenant in ["x-tenant-name: acme\r\n", ""] {
        let head = format!(
            "POST /api/v1/endpoints/space-docs/query HTTP/1.1\r\nhost: 127.0.0.1:18090\r\naccept: */*\r\n\
             accept-encoding: gzip, deflate\r\nconnection: keep-alive\r\nuser-agent: python-httpx/0.28.1\r\n\
             content-type: application/json\r\nx-correlation-id: 71c04d2c-66a8-46ce-92ed-fe832b3b53df\r\n{tenant}\
             authorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
            asked.alice.token(),
            body.len()
        );
        let mut stream = TcpStream::connect(asked.alice.root().trim_start_matches("http://")).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let answer = one_answer(&mut stream).await;
        // Only 200 counts as success; the answer is plain JSON although gzip would be taken.
        assert!(answer.starts_with("http/1.1 200 ok\r\n"), "{answer}");
        assert!(
            !answer.contains("content-encoding") && answer.contains("content-type: application/json\r\n")
        );
        assert!(answer.contains("5895 metres"), "{answer}");
    }
}

/// Reads one answer of a connection that stays open, in lower case.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.unwrap();
        assert!(read > 0, "the connection was closed: {}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&answer).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() >= length.parse::<usize>().unwrap() {
            return text;
        }
    }
}

// The aggregator, model: `messages` is a list with roles, history between system and user; max_tokens, temperature,
// `stream: false` and an empty `stop_sequences` beside it.
#[tokio::test]
async fn q1_the_aggregators_model_request_is_answered_for_the_last_question_of_the_user() {
    let asked = QueriedSpace::start().await;
    let answer = asked
        .ask(json!({
            "messages": [
                { "role": "system", "content": "You are a knowledgeable AI assistant." },
                { "role": "user", "content": "What is a zebra?" },
                { "role": "assistant", "content": "An animal." },
                { "role": "user", "content": "How high is Kilimanjaro?" },
            ],
            "max_tokens": 1024, "temperature": 0.7, "stream": false, "stop_sequences": [],
        }))
        .await
        .expect(200);
    assert_eq!(ids(&answer)[0], "kilimanjaro");
    // An endpoint without a model says so by a null, never by a summary that looks like an answer.
    assert_eq!(answer.body["summary"], Value::Null);
}

// A client's history is taken as it is kept there: an earlier turn may be empty, or longer than a question may be. Only
// the last message of the user's must be a question.
#[tokio::test]
async fn q1_what_was_said_before_the_question_makes_no_query_fail() {
    let asked = QueriedSpace::start().await;
    let long = "What is a zebra? ".repeat(3_000);
    for earlier in ["", " \n", "\u{3000}", &*long] {
        let said = |role: &str, content: &str| json!({ "role": role, "content": content });
        let history = |last: &str| {
            let turns = ["system", "user", "assistant", "user", "assistant"].map(|role| said(role, earlier));
            let messages = [&turns[..], &[said("user", last), said("assistant", earlier)]].concat();
            json!({ "messages": messages })
        };
        let answer = asked.ask(history("How high is Kilimanjaro?")).await.expect(200);
        assert_eq!(ids(&answer)[0], "kilimanjaro");
        let refused = asked.ask(history(earlier)).await.expect_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["pointer"], "/messages/5/content");
    }
}

// The aggregator with model streaming on: the same query twice, `accept: text/event-stream`, first `stream: false`,
// then true. This version has no models: the first is answered, the second refused in words.
#[tokio::test]
async fn q1_a_stream_is_refused_in_words_and_its_probe_is_answered() {
    let asked = QueriedSpace::start().await;
    let ask = |stream: bool| {
        let body = json!({ "messages": "How high is Kilimanjaro?", "stream": stream });
        let request = asked.alice.request("POST", "/endpoints/space-docs/query").json(&body);
        asked.alice.send(request.header("accept", "text/event-stream"))
    };
    assert_eq!(ask(false).await.expect(200).header("content-type"), "application/json");
    let refused = ask(true).await.expect_problem(422, "invalid");
    assert_eq!(refused.body["errors"][0]["pointer"], "/stream");
    assert!(refused.body["detail"].as_str().unwrap().contains("send false"));
}

// The SDK, `query_data_source`: no X-Correlation-ID, `user_email` in the body, no include_metadata.
#[tokio::test]
async fn q1_the_sdks_direct_request_is_answered() {
    let asked = QueriedSpace::start().await;
    let body = json!({
        "user_email": "alice@example.com", "messages": "How high is Kilimanjaro?", "limit": 5, "similarity_threshold": 0.5,
    });
    let answer = asked.ask(body).await.expect(200);
    assert_eq!(ids(&answer)[0], "kilimanjaro");
    assert!(answer.body["references"]["documents"][0]["metadata"].is_object());
}

// `user_email` and `transaction_token` are what a client says of itself: taken, and never trusted.
#[tokio::test]
async fn q1_what_a_client_says_of_itself_changes_nothing() {
    let asked = QueriedSpace::start().await;
    let admitted = json!({ "mode": "allow", "patterns": ["bob@example.com"] });
    only_policy(&asked.owner, "space-docs", admitted).await;
    let body = json!({
        "messages": "How high?", "user_email": "bob@example.com", "transaction_token": "paid", "role": "owner",
        "tenant": "acme", "identity": { "email": "bob@example.com" },
    });
    asked.ask(body.clone()).await.expect_problem(403, "access_denied");
    let event = &asked.owner.audit("&action=policy_violation").await[0];
    let alice = asked.alice.get("/auth/me").await.body["id"].clone();
    assert_eq!(event["actor"]["id"], alice, "the log names whom the token names: {event}");
    assert!(!event.to_string().contains("bob"), "{event}");
    let bob = asked.space.member(&asked.owner, "bob@example.com", "user").await;
    let mut body = body;
    body["user_email"] = json!("mallory@example.com");
    bob.post("/endpoints/space-docs/query", &body).await.expect(200);
    // Of any type: it is not read.
    for odd in [json!(null), json!(7), json!([]), json!({ "a": 1 }), json!("x".repeat(10_000))] {
        let body = json!({ "messages": "How high?", "user_email": odd, "transaction_token": odd });
        bob.post("/endpoints/space-docs/query", &body).await.expect(200);
    }
}

// Unknown fields are ignored on the query route; upstream ignores them everywhere, here they are refused elsewhere.
#[tokio::test]
async fn i1_unknown_fields_are_ignored_on_the_query_route_and_refused_on_every_other() {
    let asked = QueriedSpace::start().await;
    let body = json!({ "messages": "How high?", "some_new_field": { "of": ["a", "later", "client"] } });
    asked.ask(body).await.expect(200);
    let message = json!([{ "role": "user", "content": "How high?", "name": "alice" }]);
    asked.ask(json!({ "messages": message })).await.expect(200);
    let body = json!({ "name": "n", "dtype": "embedded", "some_new_field": 1 });
    asked.owner.post("/datasets", &body).await.expect_problem(422, "invalid");
}

// Upstream's fields and their bounds: limit from 1 without an end, penalties from -2 to 2, extras an object, each of
// them optional. Here limit ends at 100 and temperature at 2.
#[tokio::test]
async fn i1_every_field_of_upstream_is_taken_within_the_published_bounds() {
    let asked = QueriedSpace::start().await;
    let whole = json!({
        "messages": "How high?", "similarity_threshold": 0.5, "limit": 5, "include_metadata": true, "max_tokens": 100,
        "temperature": 0.7, "stop_sequences": [], "stream": false, "presence_penalty": 0.0, "frequency_penalty": 0.0,
        "extras": {},
    });
    asked.ask(whole.clone()).await.expect(200);
    for (field, good, bad) in [
        ("limit", vec![json!(1), json!(100)], vec![json!(0), json!(101), json!(1.5), json!("5")]),
        ("context", vec![json!(0), json!(3)], vec![json!(-1), json!(4), json!(1.5), json!("1")]),
        (
            "similarity_threshold",
            vec![json!(0), json!(1), json!(0.25)],
            vec![json!(-0.1), json!(1.1), json!("0.5")],
        ),
        ("max_tokens", vec![json!(1), json!(1_000_000)], vec![json!(0), json!(-1)]),
        ("temperature", vec![json!(0), json!(2)], vec![json!(-0.1), json!(2.1)]),
        ("presence_penalty", vec![json!(-2), json!(2)], vec![json!(-2.1), json!(2.1)]),
        ("frequency_penalty", vec![json!(-2), json!(2)], vec![json!(-2.1), json!(2.1)]),
        ("stop_sequences", vec![json!(vec!["a"; 16])], vec![json!("a"), json!([1]), json!(vec!["a"; 17])]),
        ("extras", vec![json!({ "any": [1, null] })], vec![json!([]), json!("a")]),
        ("include_metadata", vec![json!(false)], vec![json!("true"), json!(1)]),
    ] {
        let with = |value: &Value| {
            let mut body = whole.clone();
            body[field] = value.clone();
            asked.ask(body)
        };
        for value in good.iter().chain([&Value::Null]) {
            let answer = with(value).await;
            assert_eq!(answer.status, 200, "{field} {value}: {}", answer.text);
        }
        for value in &bad {
            let refused = with(value).await.expect_problem(422, "invalid");
            let pointer = refused.body["errors"][0]["pointer"].as_str().unwrap();
            assert!(pointer.starts_with(&format!("/{field}")), "{field} {value}: {pointer}");
        }
    }
}

// Defaults: limit 5, similarity_threshold 0.5, include_metadata true.
#[tokio::test]
async fn q2_what_is_left_out_has_upstreams_defaults() {
    let asked = QueriedSpace::start().await;
    let many: Vec<(String, String)> =
        (0..8).map(|n| (format!("peak-{n}"), "A peak of rock and ice.".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    let dataset = dataset_of(&asked.owner, "peaks", &many).await;
    endpoint_on(&asked.owner, &dataset, "peaks").await;
    let short = json!({ "messages": "rock and ice" });
    let said = json!({ "messages": "rock and ice", "limit": 5, "similarity_threshold": 0.5, "include_metadata": true });
    let ask = async |slug: &str, body: &Value| {
        let mut answer = asked.alice.post(&format!("/endpoints/{slug}/query"), body).await.expect(200).body;
        answer["references"]["provider_info"] = Value::Null;
        answer
    };
    let answer = ask("peaks", &short).await;
    assert_eq!(answer["references"]["documents"].as_array().unwrap().len(), 5);
    assert_eq!(answer, ask("peaks", &said).await);
    // A chunk with half of the question's words is below the default threshold.
    let half = json!({ "messages": "Kilimanjaro Kenya far metres" });
    let mut low = half.clone();
    low["similarity_threshold"] = json!(0);
    let (kept, all) = (ask("space-docs", &half).await, ask("space-docs", &low).await);
    let scores = |answer: &Value| -> Vec<f64> {
        let documents = answer["references"]["documents"].as_array().unwrap();
        documents.iter().map(|document| document["similarity_score"].as_f64().unwrap()).collect()
    };
    assert_eq!(scores(&kept), scores(&all).into_iter().filter(|score| *score >= 0.5).collect::<Vec<_>>());
    assert!(scores(&kept).len() < scores(&all).len());
}

// The answer: references.documents[].{document_id, content, metadata, similarity_score}, provider_info, cost and
// policy_metadata at top level. A null number or a null metadata fails the whole source in the aggregator.
#[tokio::test]
async fn q1_an_answer_has_every_part_that_clients_read_and_no_null_inside() {
    let asked = QueriedSpace::start().await;
    for body in [
        json!({ "messages": "How high is Kilimanjaro?" }),
        json!({ "messages": "How high is Kilimanjaro?", "include_metadata": false }),
        json!({ "messages": "words that are nowhere: zzyzx" }),
    ] {
        let answer = asked.ask(body.clone()).await.expect(200);
        let parts: BTreeSet<_> = answer.body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(parts, BTreeSet::from(["cost", "policy_metadata", "references", "summary"]));
        assert!(!holds_null(&answer.body["references"]), "{}", answer.text);
        assert!(!holds_null(&answer.body["policy_metadata"]) && answer.body["cost"].is_number());
        assert!(answer.body["references"]["provider_info"]["response_time_ms"].is_u64());
        for document in answer.body["references"]["documents"].as_array().unwrap() {
            let score = document["similarity_score"].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&score));
            assert!(document["content"].is_string() && document["metadata"].is_object());
        }
        assert_eq!(answer.body["policy_metadata"], json!({ "outcome": "success", "entries": [] }));
    }
}

// Titles are read from metadata.title; metadata is left empty where a client asks for none.
#[tokio::test]
async fn q1_a_documents_title_is_in_its_metadata_where_clients_look_for_it() {
    let asked = QueriedSpace::start().await;
    let dataset = dataset_of(&asked.owner, "titled", &[]).await;
    let document =
        json!({ "title": "Of mountains", "content": "Elbrus is 5642 metres high.", "metadata": { "n": 1 } });
    let path = format!("/datasets/{dataset}/documents?wait=true");
    asked.owner.post(&path, &json!({ "documents": [document] })).await.expect(200);
    endpoint_on(&asked.owner, &dataset, "titled").await;
    let highlight = json!([[0, 6], [22, 26]]);
    let whole = json!({ "n": 1, "title": "Of mountains", "highlight": highlight });
    for (with, expected) in [(true, whole), (false, json!({}))] {
        let body = json!({ "messages": "How high is Elbrus?", "include_metadata": with });
        let answer = asked.alice.post("/endpoints/titled/query", &body).await.expect(200);
        assert_eq!(answer.body["references"]["documents"][0]["metadata"], expected);
    }
}

// X-Tenant-Name comes from what was published; upstream demands it and lets it choose the tenant. Here it is a hint.
#[tokio::test]
async fn k5_the_tenant_header_may_agree_and_never_chooses() {
    let asked = QueriedSpace::start().await;
    let ask = |tenant: Option<&'static [u8]>| {
        let request = asked.alice.request("POST", "/endpoints/space-docs/query");
        let request = request.json(&json!({ "messages": "How high?" }));
        asked.alice.send(match tenant {
            Some(tenant) => request.header("x-tenant-name", tenant),
            None => request,
        })
    };
    ask(None).await.expect(200);
    ask(Some(b"acme")).await.expect(200);
    let unknown = asked.alice.ask("no-such-slug", "How high?").await.expect_problem(404, "not_found");
    for other in [b"globex".as_slice(), b"root", b"ACME", b"acme2", b"", b"\xff\xfe", b"' OR 1=1 --"] {
        let refused = ask(Some(other)).await.expect_problem(404, "not_found");
        assert_eq!(
            refused.body["detail"], unknown.body["detail"],
            "it does not tell whether the tenant is there"
        );
    }
}

// A call without a token, as the SDK makes for models and the aggregator for an owner it has no token of.
#[tokio::test]
async fn a1_a_call_without_a_token_is_401_with_a_text_for_a_person() {
    let asked = QueriedSpace::start().await;
    let body = json!({ "user_email": "alice@example.com", "messages": "How high?" });
    for slug in ["space-docs", "no-such-slug"] {
        let path = format!("/endpoints/{slug}/query");
        let refused = asked.space.anybody().post(&path, &body).await.expect_problem(401, "unauthenticated");
        assert!(refused.body["detail"].is_string());
    }
}

// One token serves all calls of a chat, and several at once: a repeated token is no replay.
#[tokio::test]
async fn a1_a_token_is_good_for_every_call_until_it_expires() {
    let asked = QueriedSpace::start().await;
    let calls = (0..8).map(|_| asked.alice.ask("space-docs", "How high is Kilimanjaro?"));
    for answer in futures_util::future::join_all(calls).await {
        answer.expect(200);
    }
}

// A refusal by policy: 403, `policy_metadata` at top level (nested in `detail` it is lost), `detail` one string, the
// entry's `reason_code` one that the SDK knows. Upstream's detail leaks the e-mail and the patterns; this one does not.
#[tokio::test]
async fn z2_a_refusal_by_policy_is_one_that_the_aggregator_can_read_and_leaks_nothing() {
    let asked = QueriedSpace::start().await;
    let only = json!({ "mode": "allow", "patterns": ["*@secret-partner.example"] });
    only_policy(&asked.owner, "space-docs", only).await;
    let refused = asked.ask(json!({ "messages": "How high?" })).await.expect_problem(403, "access_denied");
    assert!(refused.body["detail"].is_string());
    assert_eq!(refused.body["policy_metadata"]["outcome"], "access_denied");
    let entry = &refused.body["policy_metadata"]["entries"][0];
    let read = ["policy_type", "kind", "status", "reason_code"].map(|field| entry[field].as_str().unwrap());
    assert_eq!(read, ["access", "access", "rejected", "ACCESS_DENIED"]);
    assert!(!refused.text.contains("secret-partner") && !refused.text.contains("alice@"), "{}", refused.text);
}

// Every other refusal that a client prints: `detail` is one string, never a list; no redirect, and no cookie.
#[tokio::test]
async fn i1_every_refusal_of_the_query_route_has_a_detail_that_clients_can_print() {
    let asked = QueriedSpace::start().await;
    let path = "/endpoints/space-docs/query";
    let viewer = asked.space.member(&asked.owner, "viewer@example.com", "viewer").await;
    let good = json!({ "messages": "How high?" });
    let with_type = |media: &str| {
        let request = asked.alice.request("POST", path).header("content-type", media);
        asked.alice.send(request.body(good.to_string()))
    };
    for (status, answer) in [
        (401, asked.alice.with_token("expired").post(path, &good).await),
        (403, viewer.post(path, &good).await),
        (404, asked.alice.ask("no-such-slug", "How high?").await),
        (405, asked.alice.get(path).await),
        (415, with_type("text/plain").await),
        (422, asked.ask(json!({ "messages": [] })).await),
        (422, asked.ask(json!({})).await),
    ] {
        let answer = answer.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(answer.body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{}", answer.text);
        assert_eq!((answer.header("location"), answer.header("set-cookie")), ("", ""));
    }
    // Where the framework of others redirects a slash, a redirected POST would be an error to the aggregator.
    asked.alice.post(&format!("{path}/"), &good).await.expect(200);
}

// Status exactly 200 whatever is found: `{}` or nothing found is no error, 201 would be one.
#[tokio::test]
async fn q1_nothing_found_is_200_with_an_empty_list() {
    let asked = QueriedSpace::start().await;
    let answer = asked.ask(json!({ "messages": "zzyzx" })).await.expect(200);
    assert_eq!(answer.body["references"]["documents"], json!([]));
}

// Scripts and stations ask `/api/v1/health` for `{"status":"healthy","version":…}`.
#[tokio::test]
async fn q1_health_is_what_deployment_scripts_ask_for() {
    let asked = QueriedSpace::start().await;
    for path in ["/health", "/health/"] {
        let health = asked.space.anybody().get(path).await.expect(200);
        assert_eq!(health.body["status"], "healthy");
        assert!(health.body["version"].is_string());
    }
}
