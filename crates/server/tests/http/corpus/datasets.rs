//! Datasets, their documents and jobs: made, changed, filled by JSON and by form, searched, and removed.

use serde_json::{Value, json};

use super::recorder::{Ask, Recorder};
use crate::space::TestSpace;
use crate::space::form::{body, content_type, part, part_with};

const MISSING: &str = "/datasets/0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11";
const BIRDS: &str = "/datasets/«birds»";

pub async fn play() -> Recorder {
    let space = TestSpace::open_to_all().await;
    let mut r = Recorder::new("datasets", &space);
    r.found(&space, "owner", "acme").await;
    r.found(&space, "foreigner", "globex").await;
    r.join("admin", "admin").await;
    r.join("viewer", "viewer").await;
    datasets(&mut r).await;
    documents(&mut r).await;
    jobs(&mut r).await;
    searches(&mut r).await;
    forms(&mut r).await;
    removals(&mut r).await;
    r.log("owner", "/audit").await;
    r.log("foreigner", "/audit").await;
    // Behind the logs: when the job in front of it ends is not known.
    canceled(&mut r).await;
    r
}

async fn datasets(r: &mut Recorder) {
    r.get("owner", "/datasets").await;
    r.make("birds", "owner", "/datasets", json!({ "name": "birds", "dtype": "embedded" })).await;
    r.make("fish", "admin", "/datasets", json!({
        "name": "Fish & <chips>", "dtype": "embedded", "summary": "What swims – “all” of it", "tags": "sea, salt",
        "configuration": { "tokenizer": "cjk", "stemming": "none", "stop_words": "none" },
    }))
    .await;
    r.make("theirs", "foreigner", "/datasets", json!({ "name": "birds", "dtype": "embedded" })).await;
    for body in [
        json!({ "name": "birds", "dtype": "embedded" }),
        json!({ "name": "birds" }),
        json!({ "name": "x", "dtype": "remote" }),
        json!({ "name": "", "dtype": "embedded" }),
        json!({ "name": "x", "dtype": "embedded", "configuration": { "stemming": "klingon" } }),
        json!({ "name": "x", "dtype": "embedded", "configuration": { "tokenizer": 7 } }),
        json!({ "name": "\u{1}", "dtype": "remote", "summary": "\n", "tags": "\n" }),
    ] {
        r.post("owner", "/datasets", body).await;
    }
    for target in ["/datasets", "/datasets/«birds»", "/datasets/«fish»", "/datasets/«birds»/usage"] {
        r.get("owner", target).await;
        r.get("viewer", target).await;
        r.send(Ask::new("viewer", "HEAD", target)).await;
    }
    r.pages("owner", "/datasets?limit=1").await;
    for target in [
        MISSING,
        "/datasets/«theirs»",
        "/datasets/«theirs»/usage",
        "/datasets/x",
        "/datasets?limit=0",
        "/datasets/«birds»?x",
    ] {
        r.get("owner", target).await;
    }
    let change = |body: Value| Ask::new("owner", "PATCH", BIRDS).json(&body);
    r.send(change(json!({ "summary": "Of birds" })).header("if-match", "\"9\"")).await;
    r.send(change(json!({ "summary": "Of birds" })).header("if-match", "\"1\"")).await;
    r.send(change(json!({ "summary": "Of birds" })).header("if-match", "\"1\"")).await;
    r.send(change(json!({ "summary": "Of birds" }))).await;
    for body in [
        json!({}),
        json!({ "name": "Fish & <chips>" }),
        json!({ "name": null }),
        json!({ "state": "active" }),
        json!({ "tags": "a, b" }),
    ] {
        r.send(change(body)).await;
    }
    r.patch("owner", "/datasets/«theirs»", json!({ "name": "mine" })).await;
    r.patch("owner", MISSING, json!({ "name": "mine" })).await;
}

async fn documents(r: &mut Recorder) {
    let path = "/datasets/«birds»/documents";
    let wait = "/datasets/«birds»/documents?wait=true";
    let long = "Penguins swim. ".repeat(400);
    r.make("first job", "owner", wait, json!({ "documents": [
        { "document_id": "penguins", "title": "Penguins", "content": "Penguins swim.", "metadata": { "year": 2026 } },
        { "document_id": "ostriches", "content": "Ostriches run.\r\n\r\n# Emus\n\nEmus run, too.\u{0}".trim_end_matches('\0') },
        { "document_id": "long", "title": "Long", "content": long },
    ] }))
    .await;
    // The same again, another text, and one without an id.
    r.make("second job", "owner", wait, json!({ "documents": [
        { "document_id": "penguins", "title": "Penguins", "content": "Penguins swim.", "metadata": { "year": 2026 } },
        { "document_id": "ostriches", "content": "Ostriches run fast." },
        { "content": "Kiwis walk." },
    ] }))
    .await;
    for documents in [
        json!([]),
        json!([{}]),
        json!([{ "content": "" }]),
        json!([{ "content": "x", "document_id": "../x" }]),
        json!([{ "content": "x", "document_id": "a" }, { "content": "y", "document_id": "a" }, { "content": "" }]),
        json!([{ "content": "x", "metadata": [] }]),
        json!([{ "content": "x", "title": "a\nb" }]),
        json!([{ "content": "x", "metadata": { "long": "x".repeat(17_000) } }]),
    ] {
        r.post("owner", wait, json!({ "documents": documents })).await;
    }
    r.post("owner", "/datasets/«birds»/documents?wait=maybe", json!({ "documents": [] })).await;
    r.post("owner", &format!("{MISSING}/documents"), json!({ "documents": [] })).await;
    r.post("owner", "/datasets/«theirs»/documents", json!({ "documents": [{ "content": "x" }] })).await;
    r.send(Ask::new("owner", "POST", wait).header("content-type", "text/plain").body("Penguins swim.")).await;
    r.send(Ask::new("owner", "POST", wait).header("content-type", "application/json").body("{")).await;
    r.get("owner", path).await;
    r.pages("admin", "/datasets/«birds»/documents?limit=2").await;
    r.get("owner", "/datasets/«birds»/usage").await;
    for target in [
        "/datasets/«birds»/documents/penguins",
        "/datasets/«birds»/documents/ostriches",
        "/datasets/«birds»/documents/missing",
        "/datasets/«birds»/documents/a%20b",
        "/datasets/«theirs»/documents/penguins",
        "/datasets/«birds»/documents?cursor=x",
        "/datasets/«theirs»/documents",
    ] {
        r.get("owner", target).await;
    }
    r.get("viewer", "/datasets/«birds»/documents/penguins").await;
    for who in ["owner", "owner", "viewer", "foreigner"] {
        r.delete(who, "/datasets/«birds»/documents/ostriches").await;
    }
    let gone = "/datasets/«birds»/documents/ostriches/certificate";
    r.until("owner", gone, |shown| shown["certificate"].is_string()).await;
    for who in ["owner", "viewer", "foreigner"] {
        r.get(who, gone).await;
    }
    for target in ["/datasets/«birds»/documents/penguins/certificate", "/datasets/«birds»/certificate"] {
        r.get("owner", target).await;
    }
    r.get("owner", "/datasets/«birds»/usage").await;
}

async fn jobs(r: &mut Recorder) {
    // Without waiting it is told that the job is queued.
    let documents = json!({ "documents": [{ "document_id": "owls", "content": "Owls hoot." }] });
    r.make("background job", "owner", "/datasets/«birds»/documents", documents).await;
    let background = "/datasets/«birds»/jobs/«background job»";
    r.until("owner", background, |job| job["status"] == "succeeded").await;
    for target in [
        background,
        "/datasets/«birds»/jobs",
        "/datasets/«fish»/jobs",
        "/datasets/«fish»/jobs/«background job»",
        "/datasets/«birds»/jobs/0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11",
        "/datasets/«birds»/jobs/x",
        "/datasets/«theirs»/jobs",
        "/datasets/«birds»/jobs?limit=1000",
    ] {
        r.get("owner", target).await;
    }
    r.pages("owner", "/datasets/«birds»/jobs?limit=1").await;
    for target in ["«background job»", "x", "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11"] {
        r.send(Ask::new("owner", "POST", &format!("/datasets/«birds»/jobs/{target}/cancel"))).await;
    }
}

async fn searches(r: &mut Recorder) {
    let search = "/datasets/«birds»/search";
    for body in [
        json!({ "query": "hoot", "similarity_threshold": 0.0 }),
        json!({ "query": "Who hoots, owls?", "limit": 1, "similarity_threshold": 0 }),
        json!({ "query": "zebra" }),
        json!({ "query": "" }),
        json!({ "query": "hoot", "limit": 0 }),
        json!({ "query": "hoot", "limit": 101 }),
        json!({ "query": "hoot", "similarity_threshold": 1.5 }),
        json!({ "query": "x".repeat(33_000) }),
        json!({ "query": 7 }),
        json!({ "question": "hoot" }),
    ] {
        r.post("owner", search, body).await;
    }
    r.post("viewer", search, json!({ "query": "hoot" })).await;
    r.post("owner", "/datasets/«theirs»/search", json!({ "query": "hoot" })).await;
    r.post("owner", "/datasets/«fish»/search", json!({ "query": "hoot" })).await;
}

async fn forms(r: &mut Recorder) {
    let target = "/datasets/«fish»/documents?wait=true";
    let form = |parts: &[Vec<u8>]| {
        Ask::new("owner", "POST", target).header("content-type", &content_type()).body(body(parts))
    };
    let long = format!("{}.txt", "x".repeat(1_100));
    for parts in [
        vec![part("herring.txt", b"Herrings shine."), part("2026/eel.md", b"# Eels\n\nEels wind.")],
        vec![part("herring.txt", b"Herrings shine."), part("copy.txt", b"Herrings shine.")],
        vec![
            part("empty.txt", b""),
            part("../out.txt", b"x"),
            part("x.exe", b"MZ"),
            part("bad.txt", b"\xff\xfe\xff"),
        ],
        vec![
            part("good.txt", b"Carps wait."),
            part("none", b"x"),
            part("/etc/passwd.txt", b"x"),
            part(&long, b"x"),
        ],
        vec![part("twice.txt", b"x"), part("twice.txt", b"y")],
        vec![part_with("form-data; name=\"title\"", b"A title")],
        vec![part_with("attachment; filename=\"a.txt\"", b"x")],
        vec![],
    ] {
        r.send(form(&parts)).await;
    }
    let good = body(&[part("a.txt", b"x")]);
    let send = |media: &str, body: Vec<u8>| {
        Ask::new("owner", "POST", target).header("content-type", media).body(body)
    };
    r.send(send("multipart/form-data", good.clone())).await;
    r.send(send(&content_type(), good[..40].to_vec())).await;
    r.send(send(&content_type(), good.clone()).header("content-encoding", "gzip")).await;
    r.send(send("multipart/mixed; boundary=x", good)).await;
    r.get("owner", "/datasets/«fish»/documents").await;
    r.get("owner", "/datasets/«fish»/jobs").await;
    r.get("owner", "/datasets/«fish»/usage").await;
    for document in ["herring.txt", "good.txt"] {
        r.get("owner", &format!("/datasets/«fish»/documents/{document}")).await;
    }
}

async fn removals(r: &mut Recorder) {
    r.make(
        "endpoint",
        "owner",
        "/endpoints",
        json!({
            "name": "Birds", "slug": "birds", "dataset_id": "«birds»", "response_type": "raw",
        }),
    )
    .await;
    for who in ["viewer", "foreigner", "owner"] {
        r.delete(who, BIRDS).await;
    }
    r.delete("owner", "/endpoints/birds").await;
    r.send(Ask::new("owner", "DELETE", BIRDS).header("if-match", "\"1\"")).await;
    for _ in 0..2 {
        r.delete("owner", BIRDS).await;
    }
    for target in [
        BIRDS,
        "/datasets/«birds»/usage",
        "/datasets/«birds»/documents",
        "/datasets/«birds»/jobs",
        "/datasets/«birds»/certificate",
        "/datasets/«birds»/documents/ostriches/certificate",
        "/datasets",
    ] {
        r.get("owner", target).await;
    }
    r.delete("owner", "/datasets/x").await;
    r.delete("owner", MISSING).await;
}

/// A job that waits behind a long one is canceled.
async fn canceled(r: &mut Recorder) {
    r.make("slow", "owner", "/datasets", json!({ "name": "slow", "dtype": "embedded" })).await;
    let bring = |content: &[u8]| {
        let ask = Ask::new("owner", "POST", "/datasets/«slow»/documents");
        ask.header("content-type", &content_type()).body(body(&[part("file.txt", content)]))
    };
    r.quiet(bring("Penguins swim far. ".repeat(100_000).as_bytes())).await;
    let told = r.send(bring(b"Ostriches run.")).await;
    r.keep("waiting job", told.text("/job/id"));
    for _ in 0..2 {
        r.send(Ask::new("owner", "POST", "/datasets/«slow»/jobs/«waiting job»/cancel")).await;
    }
    r.get("owner", "/datasets/«slow»/jobs/«waiting job»").await;
}
