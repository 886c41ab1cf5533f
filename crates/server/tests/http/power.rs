//! The power may fail at any moment: nothing is acknowledged before it is on the disk, and what is there opens whole.
#![cfg(target_os = "linux")]

pub mod shim;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::join_all;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::space::file_writer::{self, all_ended, spools_are_empty};
use crate::space::form::{bring, part};
use crate::space::ledger::{Ledger, check_home, prove, seed};
use crate::space::{
    Answer, Client, PASSWORD, Server, TestSpace, dataset_of, endpoint_on, in_memory, only_policy,
};
use shim::{Fsync, Shim, monotonic_ns};

const FSYNC_DELAY: Duration = Duration::from_millis(30);

/// An answer, and what must have been on the disk before it.
struct Acknowledgement {
    what: String,
    sent: i64,
    received: i64,
    files: Vec<String>,
}

impl Acknowledgement {
    /// The fsyncs of a file that began after the request was sent, and ended before its answer was there.
    fn covers(&self, fsync: &Fsync, file: &str) -> bool {
        fsync.path.ends_with(file) && fsync.start > self.sent && fsync.end < self.received
    }
}

/// Sends a request that must answer so, and notes when.
async fn timed(
    client: &Client,
    request: RequestBuilder,
    status: u16,
    dataset: Option<&str>,
) -> (Answer, Acknowledgement) {
    let sent = monotonic_ns();
    let answer = client.send(request).await;
    let received = monotonic_ns();
    let answer = answer.expect(status);
    let mut files = vec!["app.db-wal".to_owned()];
    files.extend(dataset.map(|id| format!("{id}/documents.db-wal")));
    let what = format!("{status} {}", answer.text);
    (answer, Acknowledgement { what, sent, received, files })
}

async fn slow_server(shim: &Shim) -> TestSpace {
    let mut server = Server::prepare(&[]);
    let mut command = server.command();
    shim.slow(&mut command, server.home(), FSYNC_DELAY);
    server.run(command);
    TestSpace::of(server)
}

/// Each kind of write and query once, one after the other, with nothing else going on.
async fn one_by_one(space: &TestSpace, owner: &Client) -> Vec<Acknowledgement> {
    let anybody = space.anybody();
    let mut all = Vec::new();
    let mut send =
        async |client: &Client, method: &str, path: &str, body: Value, status: u16, dataset: Option<&str>| {
            let request = client.request(method, path);
            let request = if body.is_null() { request } else { request.json(&body) };
            let (answer, told) = timed(client, request, status, dataset).await;
            all.push(told);
            answer.body
        };
    let login = |password: &str| json!({ "email": "owner@power.example", "password": password });
    send(&anybody, "POST", "/auth/login", login(PASSWORD), 200, None).await;
    send(&anybody, "POST", "/auth/login", login("nine owls dance under copper moons"), 401, None).await;
    let invited = json!({ "email": "guest@power.example", "role": "user" });
    let invited = send(owner, "POST", "/invitations", invited, 201, None).await;
    let accepted = json!({ "token": invited["token"], "password": PASSWORD });
    send(&anybody, "POST", "/invitations/accept", accepted, 201, None).await;

    let dataset = json!({ "name": "alone", "dtype": "embedded" });
    let dataset =
        send(owner, "POST", "/datasets", dataset, 201, None).await["id"].as_str().unwrap().to_owned();
    let path = format!("/datasets/{dataset}");
    send(owner, "PATCH", &path, json!({ "summary": "changed" }), 200, None).await;
    let documents =
        |id: &str| json!({ "documents": [{ "document_id": id, "content": "A text of its own." }] });
    for (wait, status) in [("true", 200), ("false", 202), ("true", 200)] {
        // The third replaces the first, and ends the job that was left by the second.
        let path = format!("{path}/documents?wait={wait}");
        let id = if wait == "true" { "first" } else { "second" };
        let job = send(owner, "POST", &path, documents(id), status, Some(&dataset)).await;
        let job = format!("/datasets/{dataset}/jobs/{}", job["job"]["id"].as_str().unwrap());
        while !matches!(
            owner.get(&job).await.expect(200).body["status"].as_str(),
            Some("succeeded" | "failed")
        ) {}
    }
    send(owner, "DELETE", &format!("{path}/documents/second"), Value::Null, 204, Some(&dataset)).await;

    let endpoint = json!({
        "name": "alone", "slug": "alone", "dataset_id": dataset, "response_type": "raw", "published": true,
    });
    send(owner, "POST", "/endpoints", endpoint, 201, None).await;
    let query = || json!({ "messages": "a text", "similarity_threshold": 0.0 });
    send(owner, "POST", "/endpoints/alone/query", query(), 200, None).await;
    send(owner, "POST", "/endpoints/nothing/query", query(), 404, None).await;
    let policy = json!({
        "name": "nobody", "policy_type": "access", "configuration": { "mode": "deny", "patterns": ["*"] },
    });
    let policy = send(owner, "POST", "/policies", policy, 201, None).await["id"].clone();
    send(owner, "PUT", "/endpoints/alone/policies", json!({ "policy_ids": [policy] }), 200, None).await;
    send(owner, "POST", "/endpoints/alone/query", query(), 403, None).await;
    send(owner, "POST", &format!("{path}/search"), json!({ "query": "text" }), 200, None).await;
    send(owner, "GET", &format!("{path}/documents/first"), Value::Null, 200, None).await;
    send(owner, "DELETE", "/endpoints/alone", Value::Null, 204, None).await;
    send(owner, "DELETE", &format!("/policies/{}", policy.as_str().unwrap()), Value::Null, 204, None).await;
    send(owner, "DELETE", &path, Value::Null, 204, None).await;
    all
}

/// Brings small files and a large one as a form: they, their list and their job are on the disk before the answer.
async fn files(owner: &Client, dataset: &str) -> Acknowledgement {
    let large = "A file of its own. ".repeat(20_000);
    let parts = [
        part("first.txt", b"A file."),
        part("second.md", b"# Another file"),
        part("third.txt", large.as_bytes()),
    ];
    let (answer, mut told) = timed(owner, bring(owner, dataset, false, &parts), 202, None).await;
    let job = answer.body["job"]["id"].as_str().unwrap();
    told.files
        .extend(["/000000.pack", "/000002", "/files.json.new", ""].map(|name| format!("spool/{job}{name}")));
    all_ended(owner, dataset).await;
    told
}

/// Writes and queries of one client, of many at once.
async fn among_others(owner: &Client, number: usize) -> Vec<Acknowledgement> {
    let name = format!("among-{number}");
    let dataset = dataset_of(owner, &name, &[]).await;
    endpoint_on(owner, &dataset, &name).await;
    only_policy(owner, &name, json!({ "mode": "allow", "patterns": ["*"] })).await;
    let mut all = Vec::new();
    all.push(files(owner, &dataset).await);
    for round in 0..4 {
        let change = owner
            .request("PATCH", &format!("/endpoints/{name}"))
            .json(&json!({ "summary": format!("{round}") }));
        all.push(timed(owner, change, 200, None).await.1);
        let document = json!({ "documents": [{ "content": format!("Text {round} of {name}.") }] });
        let add = owner.request("POST", &format!("/datasets/{dataset}/documents?wait=true")).json(&document);
        all.push(timed(owner, add, 200, Some(&dataset)).await.1);
        let query =
            owner.request("POST", &format!("/endpoints/{name}/query")).json(&json!({ "messages": "text" }));
        all.push(timed(owner, query, 200, None).await.1);
    }
    all
}

#[tokio::test]
async fn r1_u1_nothing_is_acknowledged_before_its_fsync_returned() {
    if in_memory() {
        return;
    }
    let shim = Shim::build();
    let space = slow_server(&shim).await;
    let owner = space.found("power").await;

    let mut told = one_by_one(&space, &owner).await;
    let dataset = dataset_of(&owner, "files alone", &[]).await;
    told.push(files(&owner, &dataset).await);
    // What needs no disk does without: the proof is not that the disk is always at work.
    let (_, free) = timed(&owner, owner.request("GET", "/auth/me"), 200, None).await;
    assert!(!shim.fsyncs().iter().any(|fsync| free.covers(fsync, "")), "a read waited for the disk");

    let alone = told.len();
    told.extend(join_all((0..6).map(|number| among_others(&owner, number))).await.into_iter().flatten());
    let fsyncs = shim.fsyncs();
    assert!(
        fsyncs.iter().all(|fsync| u128::try_from(fsync.end - fsync.start).unwrap() >= FSYNC_DELAY.as_nanos())
    );
    for acknowledgement in &told {
        for file in &acknowledgement.files {
            let before = fsyncs.iter().any(|fsync| acknowledgement.covers(fsync, file));
            assert!(before, "answered before {file} was on the disk: {}", acknowledgement.what);
        }
    }
    println!("{alone} answers alone and {} at once, {} fsyncs", told.len() - alone, fsyncs.len());
}

#[tokio::test]
async fn r1_a_copy_cut_at_the_last_fsync_opens_whole() {
    if in_memory() {
        return;
    }
    let mut rng = Rng::with_seed(seed());
    for _ in 0..prove("ROUNDS", 3) {
        let shim = Shim::build();
        let mut server = Server::prepare(&[]);
        let mut command = server.command();
        shim.slow(&mut command, server.home(), Duration::from_millis(rng.u64(0..=3)));
        shim.keep(&mut command);
        server.run(command);
        let mut space = TestSpace::of(server);
        let owner = space.found("ledger").await;
        let mut ledger = Ledger::open(&owner, 8, rng.u64(..)).await;
        let dataset = dataset_of(&owner, "files", &[]).await;
        ledger.leave_out(&dataset);
        let writing = ledger.begin(&owner);
        let stop = Arc::new(AtomicBool::new(false));
        let bringing = tokio::spawn(file_writer::write(
            owner.clone(),
            dataset.clone(),
            "w".to_owned(),
            rng.fork(),
            Arc::clone(&stop),
        ));
        // The moment is what this is about.
        tokio::time::sleep(Duration::from_millis(rng.u64(300..=3_000))).await;
        space.server().kill();
        ledger.end(writing).await;
        stop.store(true, Ordering::Relaxed);
        let taken = bringing.await.unwrap();

        let mut server = Server::prepare(&[]);
        shim.rebuild(server.home(), &mut rng);
        server.run_again().await;
        let space = TestSpace::of(server);
        let owner = space.anybody().with_token(owner.token());
        ledger.check(&owner).await;
        ledger.check_whole_log(&owner).await;
        let mut files = 0;
        for job in &taken {
            files += file_writer::check(&owner, job).await;
        }
        all_ended(&owner, &dataset).await;
        spools_are_empty(space.home()).await;
        check_home(&owner, space.home()).await;
        println!("{} operations acknowledged: {:?}", ledger.acknowledged(), ledger.tally);
        println!("{} jobs of {files} files acknowledged", taken.len());
        assert!(ledger.acknowledged() > 0, "it was not under load");
    }
}
