//! Files brought as a form: they become documents, each once, and what cannot be one is told of.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::space::form::{BOUNDARY, body, bring, bring_files, content_type, part, part_with};
use crate::space::{Client, TestSpace, dataset_of, in_memory};

/// SHA-256 of "Penguins swim.", from another implementation.
const PENGUINS: &str = "92f6f3cff9c9ccce94404bcb63d40a0843b06caf0bb0a9c1ce3b577c324349a5";

async fn listed(owner: &Client, dataset: &str) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let mut after = String::new();
    loop {
        let page = owner.get(&format!("/datasets/{dataset}/documents?limit=100{after}")).await.expect(200);
        for document in page.body["items"].as_array().unwrap() {
            all.insert(document["document_id"].as_str().unwrap().to_owned(), document.clone());
        }
        match page.body["next_cursor"].as_str() {
            Some(next) => after = format!("&cursor={next}"),
            None => return all,
        }
    }
}

async fn finds(owner: &Client, dataset: &str, words: &str) -> Vec<String> {
    let body = json!({ "query": words, "similarity_threshold": 0.0, "limit": 100 });
    let found = owner.post(&format!("/datasets/{dataset}/search"), &body).await.expect(200);
    let documents = found.body["documents"].as_array().unwrap();
    documents.iter().map(|document| document["document_id"].as_str().unwrap().to_owned()).collect()
}

/// Waits until a job has ended.
async fn ended(owner: &Client, dataset: &str, job: &Value) -> Value {
    let path = format!("/datasets/{dataset}/jobs/{}", job["id"].as_str().unwrap());
    for _ in 0..2_400 {
        let job = owner.get(&path).await.expect(200).body;
        if !matches!(job["status"].as_str(), Some("queued" | "running")) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the job did not end");
}

#[tokio::test]
async fn q2_files_become_documents_that_are_found_under_their_names() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let id = dataset_of(&owner, "files", &[]).await;
    let files = [
        ("birds.txt", "Penguins swim."),
        ("2026/fish.md", "# Of fish\n\nHerrings fly.\r\n--not a boundary\r\n"),
        ("Protokoll \"März\".txt", "Ostriches run."),
    ];
    let job = bring_files(&owner, &id, true, &files).await;
    let bytes: usize = files.iter().map(|(_, content)| content.len()).sum();
    assert_eq!(job["status"], "succeeded", "{job}");
    assert_eq!((&job["documents_total"], &job["documents_done"]), (&json!(3), &json!(3)));
    assert_eq!((&job["bytes_total"], &job["bytes_done"]), (&json!(bytes), &json!(bytes)));
    assert_eq!((&job["errors"], &job["documents_failed"]), (&json!([]), &json!(0)));
    assert_eq!((&job["rate_bytes_per_second"], &job["seconds_left"]), (&Value::Null, &Value::Null));

    assert_eq!(finds(&owner, &id, "penguins").await, ["birds.txt"]);
    let fish = finds(&owner, &id, "herrings").await;
    assert!(fish[0].starts_with("2026-fish.md-"), "{fish:?}");
    let listed = listed(&owner, &id).await;
    assert_eq!(listed["birds.txt"]["metadata"], json!({ "source": "birds.txt", "title": "birds.txt" }));
    assert_eq!(listed["birds.txt"]["sha256"], PENGUINS);
    assert_eq!(listed[&fish[0]]["metadata"]["source"], "2026/fish.md");
    let march = listed.values().find(|document| document["metadata"]["source"] == "Protokoll %22März%22.txt");
    assert_eq!(march.unwrap()["metadata"]["title"], "Protokoll %22März%22.txt");
    let read = owner.get(&format!("/datasets/{id}/documents/{}", fish[0])).await.expect(200);
    assert!(read.body["content"].as_str().unwrap().contains("--not a boundary"), "{}", read.text);
    // It is recorded who brought them.
    let events = owner.audit("&action=sensitive_create").await;
    let of_job: Vec<_> = events.iter().filter(|event| event["object"]["id"] == job["id"]).collect();
    assert_eq!(of_job.len(), 2, "brought by a person, ended by the system");
}

#[tokio::test]
async fn q2_without_waiting_the_files_are_taken_in_in_the_background() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let id = dataset_of(&owner, "files", &[]).await;
    let job = bring_files(&owner, &id, false, &[("birds.txt", "Penguins swim.")]).await;
    assert!(matches!(job["status"].as_str(), Some("queued" | "running" | "succeeded")), "{job}");
    assert_eq!(ended(&owner, &id, &job).await["status"], "succeeded");
    assert_eq!(finds(&owner, &id, "penguins").await, ["birds.txt"]);
}

#[tokio::test]
async fn q2_what_is_there_already_is_not_taken_in_again() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let id = dataset_of(&owner, "files", &[]).await;
    let counts = |job: &Value| {
        ["documents_done", "documents_unchanged", "documents_duplicate", "chunks"]
            .map(|field| job[field].as_u64().unwrap())
    };
    let first = [("a.txt", "Penguins swim."), ("b.txt", "Ostriches run."), ("copy.txt", "Penguins swim.")];
    let job = bring_files(&owner, &id, true, &first).await;
    assert_eq!(counts(&job), [3, 0, 1, 2], "a content that comes twice is stored once");
    let job = bring_files(&owner, &id, true, &first).await;
    assert_eq!(counts(&job), [3, 2, 1, 0], "the same again changes nothing");
    assert_eq!(listed(&owner, &id).await.len(), 2);

    // What was under another name before is no duplicate when that other file changes in the same request.
    let moved = [("moved.txt", "Penguins swim."), ("a.txt", "Eagles soar.")];
    let job = bring_files(&owner, &id, true, &moved).await;
    assert_eq!(counts(&job), [2, 0, 0, 2]);
    assert_eq!(finds(&owner, &id, "penguins").await, ["moved.txt"]);
    assert_eq!(finds(&owner, &id, "eagles").await, ["a.txt"]);

    // Documents that come as JSON are compared by content and metadata.
    let path = format!("/datasets/{id}/documents?wait=true");
    let document =
        |title: &str| json!({ "documents": [{ "document_id": "j", "title": title, "content": "x" }] });
    let job = |answer: crate::space::Answer| answer.expect(200).body["job"].clone();
    assert_eq!(counts(&job(owner.post(&path, &document("one")).await)), [1, 0, 0, 1]);
    assert_eq!(counts(&job(owner.post(&path, &document("one")).await)), [1, 1, 0, 0]);
    assert_eq!(counts(&job(owner.post(&path, &document("two")).await)), [1, 0, 0, 1]);
    assert_eq!(listed(&owner, &id).await["j"]["metadata"]["title"], "two");
}

#[tokio::test]
async fn k16_a_file_that_gives_no_document_is_an_error_of_the_job_and_the_rest_goes_on() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let id = dataset_of(&owner, "files", &[]).await;
    let large = vec![b'x'; 32 * 1024 * 1024 + 1];
    let long = format!("{}.txt", "x".repeat(1_100));
    let files: [(&str, &[u8]); 10] = [
        ("../../etc/passwd.txt", b"a"),
        ("/etc/shadow.txt", b"b"),
        ("a\\..\\b.txt", b"c"),
        ("turned\u{202e}txt.exe", b"d"),
        ("tool.exe", b"MZ"),
        ("latin.txt", b"M\xe4rz"),
        ("empty.txt", b""),
        ("blank.txt", b" \r\n "),
        ("large.txt", &large),
        (&long, b"e"),
    ];
    let mut parts: Vec<_> = files.iter().map(|(name, content)| part(name, content)).collect();
    parts.insert(5, part("good.txt", b"Penguins swim."));
    let job = owner.send(bring(&owner, &id, true, &parts)).await.expect(200).body["job"].clone();
    assert_eq!(job["status"], "succeeded", "{job}");
    assert_eq!(
        (&job["documents_total"], &job["documents_done"], &job["documents_failed"]),
        (&json!(11), &json!(1), &json!(10))
    );
    let errors = job["errors"].as_array().unwrap();
    let messages = [
        "parts joined",
        "parts joined",
        "parts joined",
        "parts joined",
        "ending",
        "UTF-8",
        "the file is empty",
        "no text",
        "split it",
        "1024 bytes",
    ];
    for ((error, (name, _)), message) in errors.iter().zip(&files).zip(messages) {
        let shown = error["file"].as_str().unwrap();
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
        assert!(shown.starts_with(&name[..3]) && shown.chars().count() < 220, "{error}");
        assert!(!shown.contains('\u{202e}'), "a name is shown without marks that deceive: {shown}");
    }
    assert_eq!(listed(&owner, &id).await.keys().collect::<Vec<_>>(), ["good.txt"]);

    let job = bring_files(&owner, &id, true, &[("tool.exe", "MZ")]).await;
    assert_eq!(job["status"], "failed", "a job that stored nothing has failed: {job}");
}

#[tokio::test]
async fn i1_a_form_that_is_none_is_refused_and_nothing_of_it_is_taken_in() {
    let space = TestSpace::with(&[("max_upload_bytes", "100000")]).await;
    let owner = space.found("acme").await;
    let id = dataset_of(&owner, "files", &[]).await;
    let good = || part("good.txt", b"Penguins swim.");
    let refused = async |parts: &[Vec<u8>], status: u16, reason: &str, words: &str| {
        let answer = owner.send(bring(&owner, &id, true, parts)).await.expect_problem(status, reason);
        assert!(answer.text.contains(words), "{}", answer.text);
    };
    refused(&[], 422, "invalid", "part with a filename").await;
    let without = part_with("form-data; name=\"title\"", &[b'x'; 70_000]);
    refused(&[good(), without], 422, "invalid", "no filename").await;
    refused(&[part_with("form-data; name=\"title\"", b"x")], 422, "invalid", "part with a filename").await;
    let latin = [
        &b"--"[..],
        BOUNDARY.as_bytes(),
        b"\r\ncontent-disposition: form-data; name=\"f\"; filename=\"Gr\xfc\xdfe.txt\"\r\n\r\nx\r\n",
    ];
    refused(&[good(), latin.concat()], 400, "malformed", "not UTF-8").await;
    for length in ["13", "15", "0", "140"] {
        let wrong = format!("form-data; name=\"f\"; filename=\"a.txt\"\r\ncontent-length: {length}");
        refused(&[good(), part_with(&wrong, b"Penguins dive.")], 422, "invalid", "14 bytes").await;
    }
    refused(
        &[good(), part_with("form-data; name=\"f\"; filename=\"\"", b"x")],
        422,
        "invalid",
        "no filename",
    )
    .await;
    let star = "form-data; name=\"f\"; filename*=UTF-8''";
    refused(&[good(), part_with(star, b"x")], 422, "invalid", "no filename").await;
    refused(&[not_chosen()], 422, "invalid", "no file was chosen").await;
    let field = || part_with("form-data; name=\"title\"", b"x");
    refused(&[field(), not_chosen(), not_chosen()], 422, "invalid", "no file was chosen").await;
    refused(&[good(), good()], 422, "invalid", "twice").await;
    let two = "form-data; name=\"f\"; filename=\"a.txt\"; filename=\"b.txt\"";
    refused(&[good(), part_with(two, b"x")], 400, "ambiguous", "twice").await;
    let two = "form-data; name=\"f\"; filename=\"a.txt\"\r\ncontent-disposition: form-data; name=\"f\"; filename=\"b.txt\"";
    refused(&[good(), part_with(two, b"x")], 400, "ambiguous", "twice").await;
    let coded = "form-data; name=\"f\"; filename=\"a.txt\"\r\ncontent-transfer-encoding: base64";
    refused(&[good(), part_with(coded, b"eA==")], 422, "invalid", "as they are").await;
    refused(&[good(), part_with("attachment", b"x")], 400, "malformed", "no form").await;
    refused(&[good(), part("large.txt", &[b'x'; 100_000])], 413, "too_large", "100000").await;
    let many: Vec<_> = (0..1_001).map(|n| part(&format!("{n}.txt"), b"")).collect();
    let many_space = TestSpace::start().await;
    let other = many_space.found("acme").await;
    let other_id = dataset_of(&other, "files", &[]).await;
    other.send(bring(&other, &other_id, true, &many)).await.expect_problem(422, "invalid");

    let path = format!("/datasets/{id}/documents");
    let send = async |content_type: &str, body: Vec<u8>| {
        owner.send(owner.request("POST", &path).header("content-type", content_type).body(body)).await
    };
    let whole = body(&[good()]);
    send("multipart/form-data", whole.clone()).await.expect_problem(400, "malformed");
    send("multipart/form-data; boundary=other", whole.clone()).await.expect_problem(400, "malformed");
    send("multipart/mixed; boundary=x", whole.clone()).await.expect_problem(415, "unsupported_media_type");
    send(&content_type(), whole[..whole.len() - 40].to_vec()).await.expect_problem(400, "malformed");
    send(&content_type(), b"nothing of a form".to_vec()).await.expect_problem(400, "malformed");
    send(&content_type(), Vec::new()).await.expect_problem(400, "malformed");

    assert_eq!(listed(&owner, &id).await.len(), 0);
    assert_eq!(owner.get(&format!("/datasets/{id}/jobs")).await.expect(200).body["items"], json!([]));
    // And the next form is taken.
    assert_eq!(bring_files(&owner, &id, true, &[("good.txt", "x")]).await["status"], "succeeded");
}

/// What a browser sends of an input for files in which none was chosen.
fn not_chosen() -> Vec<u8> {
    part_with("form-data; name=\"more\"; filename=\"\"\r\ncontent-type: application/octet-stream", b"")
}

#[tokio::test]
async fn i1_an_input_that_was_left_empty_is_passed_over_and_an_empty_file_is_told_as_such() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let id = dataset_of(&owner, "files", &[]).await;
    let form = [not_chosen(), part("good.txt", b"Penguins swim."), not_chosen()];
    let job = owner.send(bring(&owner, &id, true, &form)).await.expect(200).body["job"].clone();
    assert_eq!((&job["status"], &job["documents_total"]), (&json!("succeeded"), &json!(1)), "{job}");
    assert_eq!(listed(&owner, &id).await.keys().collect::<Vec<_>>(), ["good.txt"]);

    for name in ["empty.txt", "empty.pdf", "empty.json"] {
        let form = [not_chosen(), part(name, b"")];
        let job = owner.send(bring(&owner, &id, true, &form)).await.expect(200).body["job"].clone();
        assert_eq!(job["status"], "failed", "{job}");
        assert_eq!(job["errors"][0]["message"], "the file is empty", "{job}");
        assert_eq!(job["errors"][0]["file"], name);
    }
}

/// Files of enough text that a job of them takes a while.
fn many(count: usize, word: &str) -> Vec<(String, String)> {
    let sentence = |n: usize| format!("The {word} of number {n} holds entry {n}. ");
    (0..count).map(|n| (format!("{word}/{n}.txt"), sentence(n).repeat(100))).collect()
}

#[tokio::test]
async fn q2_a_job_is_canceled_once_and_what_it_stored_stays() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    // A job may end before it is canceled: then another is brought.
    for round in 0..20 {
        let id = dataset_of(&owner, &format!("files {round}"), &[]).await;
        let job = bring_files(&owner, &id, false, &many(800, "ledger")).await;
        let path = format!("/datasets/{id}/jobs/{}", job["id"].as_str().unwrap());
        let answer = owner.post(&format!("{path}/cancel"), &Value::Null).await;
        if answer.status == 409 {
            continue;
        }
        let request = answer.header("x-request-id").to_owned();
        let canceled = answer.expect(200).body;
        assert_eq!(canceled["status"], "canceled", "{canceled}");
        assert!(canceled["finished_at"].is_string() && canceled["seconds_left"].is_null(), "{canceled}");
        assert!(owner.audit("").await.iter().any(|event| event["request_id"] == request.as_str()));
        let again = owner.post(&format!("{path}/cancel"), &Value::Null).await.expect(200);
        assert_eq!(again.body, canceled, "canceling again changes nothing");
        let stored = listed(&owner, &id).await;
        assert_eq!(canceled["documents_done"], stored.len());
        let found: std::collections::BTreeSet<_> = finds(&owner, &id, "ledger").await.into_iter().collect();
        assert!(found.is_subset(&stored.keys().cloned().collect()));
        assert_eq!(found.is_empty(), stored.is_empty(), "what was stored is found");
        assert_eq!(owner.get(&path).await.expect(200).body, canceled, "and nothing comes behind it");
        let next = bring_files(&owner, &id, true, &[("next.txt", "Penguins swim.")]).await;
        assert_eq!(next["status"], "succeeded", "the next job is worked off");
        assert_eq!(listed(&owner, &id).await.len(), stored.len() + 1);
        let ended = format!("/datasets/{id}/jobs/{}/cancel", next["id"].as_str().unwrap());
        owner.post(&ended, &Value::Null).await.expect_problem(409, "conflict");
        owner
            .post(&format!("/datasets/{id}/jobs/{id}/cancel"), &Value::Null)
            .await
            .expect_problem(404, "not_found");
        return;
    }
    panic!("no job was canceled before it ended");
}

#[tokio::test]
async fn q2_jobs_are_listed_the_newest_first_page_by_page_while_others_come() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let id = dataset_of(&owner, "files", &[]).await;
    let mut brought = Vec::new();
    for n in 0..5 {
        let job = bring_files(&owner, &id, true, &[(format!("{n}.txt"), format!("Text {n}."))]).await;
        brought.insert(0, job["id"].clone());
    }
    let page = async |query: String| {
        let page = owner.get(&format!("/datasets/{id}/jobs?limit=2{query}")).await.expect(200).body;
        let ids: Vec<Value> = page["items"].as_array().unwrap().iter().map(|job| job["id"].clone()).collect();
        (ids, page["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}")))
    };
    let (first, cursor) = page(String::new()).await;
    assert_eq!(first, brought[..2]);
    let newest = bring_files(&owner, &id, true, &[("later.txt", "A later text.")]).await;
    let (second, cursor) = page(cursor.unwrap()).await;
    assert_eq!(second, brought[2..4], "what came meanwhile moves nothing");
    let (third, end) = page(cursor.unwrap()).await;
    assert_eq!((&third[..], end), (&brought[4..], None));
    assert_eq!(page(String::new()).await.0[0], newest["id"]);
}

#[tokio::test]
async fn q2_a_running_job_tells_how_fast_it_goes_and_others_take_their_turn() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let long = dataset_of(&owner, "long", &[]).await;
    let jobs = [
        bring_files(&owner, &long, false, &many(900, "first")).await,
        bring_files(&owner, &long, false, &many(900, "second")).await,
    ];
    let short = dataset_of(&owner, "short", &[]).await;
    bring_files(&owner, &short, true, &[("birds.txt", "Penguins swim.")]).await;
    let path = format!("/datasets/{long}/jobs/{}", jobs[1]["id"].as_str().unwrap());
    let mut seen_running = false;
    let last = loop {
        let job = owner.get(&path).await.expect(200).body;
        let number = |field: &str| job[field].as_u64();
        let status = job["status"].as_str().unwrap().to_owned();
        assert!(number("bytes_done") <= number("bytes_total"), "{job}");
        assert_eq!(number("rate_bytes_per_second").is_some(), status == "running", "{job}");
        assert!(number("seconds_left").is_none() || status == "running", "{job}");
        seen_running |= number("rate_bytes_per_second") > Some(0) && number("seconds_left").is_some();
        if !matches!(&*status, "queued" | "running") {
            break job;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert!(seen_running, "its pace was never told: {last}");
    assert_eq!((&last["status"], &last["documents_done"]), (&json!("succeeded"), &json!(900)), "{last}");
    assert_eq!(last["bytes_done"], last["bytes_total"]);
    assert_eq!(listed(&owner, &long).await.len(), 1_800);
}

#[tokio::test]
async fn i1_a_form_that_never_ends_is_given_up_and_nothing_of_it_stays() {
    let space = TestSpace::with(&[("body_timeout_seconds", "1")]).await;
    let owner = space.found("acme").await;
    let id = dataset_of(&owner, "files", &[]).await;
    let mut stream = TcpStream::connect(owner.root().trim_start_matches("http://")).await.unwrap();
    let begun = part("birds.txt", b"Penguins swim.");
    let head = format!(
        "POST /api/v1/datasets/{id}/documents HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: {}\r\ncontent-length: 5000\r\n\r\n",
        owner.token(),
        content_type()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&begun[..begun.len() - 4]).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("body_timeout"), "{answer}");
    assert_eq!(owner.get(&format!("/datasets/{id}/jobs")).await.expect(200).body["items"], json!([]));
    if !in_memory() {
        let mut folders = vec![space.home().join("tenants")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let name = entry.file_name().into_string().unwrap();
                assert!(!name.starts_with("000000"), "{}", entry.path().display());
                folders.extend(entry.file_type().unwrap().is_dir().then(|| entry.path()));
            }
        }
    }
}
