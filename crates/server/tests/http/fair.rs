//! No tenant holds up another: one brings more than there is room or time for, and another is served meanwhile.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::space::form::{bring_files, content_type, part};
use crate::space::{Client, TestSpace, dataset_of, in_memory};

/// How many uploads a tenant may have under way.
const MAX_UPLOADS: usize = 16;

/// Begins an upload and leaves it there, in the middle of a file.
async fn hold(client: &Client, dataset: &str) -> TcpStream {
    let mut stream = TcpStream::connect(client.root().trim_start_matches("http://")).await.unwrap();
    let begun = part("held.txt", b"Penguins swim.");
    let head = format!(
        "POST /api/v1/datasets/{dataset}/documents HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: {}\r\ncontent-length: 500000\r\n\r\n",
        client.token(),
        content_type()
    );
    stream.write_all(&[head.as_bytes(), &begun[..begun.len() - 4]].concat()).await.unwrap();
    stream
}

/// Whether an upload more is refused because there are too many.
async fn is_full(client: &Client, dataset: &str) -> bool {
    let path = format!("/datasets/{dataset}/documents");
    // A form that is none: it is refused before it is read, or afterwards.
    let request = client.request("POST", &path).header("content-type", content_type()).body("no form");
    let answer = client.send(request).await;
    match answer.status {
        400 => false,
        503 => {
            let answer = answer.expect_problem(503, "overloaded");
            assert!(
                answer.text.contains("your tenant") && answer.header("retry-after") == "5",
                "{}",
                answer.text
            );
            true
        }
        _ => panic!("{}", answer.text),
    }
}

async fn until_there_is_room(client: &Client, dataset: &str) {
    for _ in 0..1_000 {
        if !is_full(client, dataset).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("there was no moment when that was so");
}

#[tokio::test]
async fn a_tenant_whose_uploads_are_slow_holds_no_thread_and_leaves_room_for_others() {
    // So that none of those that are held is given up however busy the machine is.
    let mut space = TestSpace::with(&[("registration", "open"), ("body_timeout_seconds", "600")]).await;
    let acme = space.found("acme").await;
    let globex = space.found_another("globex").await;
    let theirs = dataset_of(&acme, "slow", &[]).await;
    let own = dataset_of(&globex, "own", &[("hours", "The reading room opens at nine.")]).await;
    let threads = |pid: u32| std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    // A server that is no process of its own shares its threads with other tests.
    let server = (!in_memory()).then(|| space.server().pid());
    let before = server.map(threads);
    let mut held = Vec::new();
    for n in 0..MAX_UPLOADS {
        assert!(!is_full(&acme, &theirs).await, "{n} are held");
        held.push(hold(&acme, &theirs).await);
    }
    // To look takes a place for a moment, and the last one may have come just then and been refused.
    let is_held = |stream: &TcpStream| stream.try_read(&mut [0]).is_err();
    while !is_full(&acme, &theirs).await {
        held.retain(is_held);
        if held.len() < MAX_UPLOADS {
            held.push(hold(&acme, &theirs).await);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    held.retain(is_held);
    assert_eq!(held.len(), MAX_UPLOADS);
    if let Some((before, now)) = before.zip(server.map(threads)) {
        let more = now.saturating_sub(before);
        assert!(more < MAX_UPLOADS, "{more} threads more for uploads that wait");
    }

    // Further ones are refused at once, and the other tenant does all it likes.
    for _ in 0..100 {
        assert!(is_full(&acme, &theirs).await);
    }
    let listed = globex.get(&format!("/datasets/{own}/documents")).await.expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
    globex.get(&format!("/datasets/{own}/usage")).await.expect(200);
    assert_eq!(bring_files(&globex, &own, true, &[("a.txt", "Ants march.")]).await["status"], "succeeded");
    let documents = json!({ "documents": [{ "content": "Bees hum." }] });
    globex.post(&format!("/datasets/{own}/documents?wait=true"), &documents).await.expect(200);
    // So does this one, where it brings no files.
    acme.post(&format!("/datasets/{theirs}/documents?wait=true"), &documents).await.expect(200);

    // Whoever hangs up makes room, and what came of it is gone.
    held.pop();
    until_there_is_room(&acme, &theirs).await;
    drop(held);
    assert_eq!(bring_files(&acme, &theirs, true, &[("a.txt", "Ants march.")]).await["status"], "succeeded");
    let jobs = acme.get(&format!("/datasets/{theirs}/jobs")).await.expect(200).body;
    assert_eq!(jobs["items"].as_array().unwrap().len(), 2, "{jobs}");
}

#[tokio::test]
async fn a_held_upload_goes_on_where_it_was() {
    let space = TestSpace::start().await;
    let acme = space.found("acme").await;
    let id = dataset_of(&acme, "files", &[]).await;
    let mut stream = hold(&acme, &id).await;
    // Bytes in the smallest of pieces: what they hold of the boundary does not end the file.
    let pieces = b"\r\n---\r\n--";
    for piece in pieces.chunks(1) {
        stream.write_all(piece).await.unwrap();
    }
    let end = crate::space::form::body(&[]);
    stream.write_all(&[b"\r\n", &*end].concat()).await.unwrap();
    // The rest of what was announced is nothing of the form.
    let sent = part("held.txt", b"Penguins swim.").len() - 4 + pieces.len() + 2 + end.len();
    stream.write_all(&vec![b'x'; 500_000 - sent]).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer).await.unwrap();
    assert!(answer[..read].starts_with(b"HTTP/1.1 202"), "{}", String::from_utf8_lossy(&answer[..read]));
    bring_files(&acme, &id, true, &[("next.txt", "Ants march.")]).await;
    let document = acme.get(&format!("/datasets/{id}/documents/held.txt")).await.expect(200).body;
    // The reader in memory takes a text as it stands.
    let content = document["content"].as_str().unwrap().replace("\r\n", "\n");
    assert_eq!(content, "Penguins swi\n---\n--");
}

#[tokio::test]
async fn files_of_many_datasets_of_a_tenant_do_not_hold_up_a_file_of_another() {
    let space = TestSpace::open_to_all().await;
    let acme = space.found("acme").await;
    let globex = space.found_another("globex").await;
    let mut theirs = Vec::new();
    for n in 0..12 {
        theirs.push(dataset_of(&acme, &format!("many {n}"), &[]).await);
    }
    let own = dataset_of(&globex, "own", &[]).await;
    // Each job is a group, so that turns by datasets would come to all of them first.
    let sentence = |n: usize| format!("The ledger of number {n} holds entry {n}. ");
    let mut jobs = Vec::new();
    for dataset in &theirs {
        let files: Vec<_> = (0..400).map(|n| (format!("{n}.txt"), sentence(n).repeat(60))).collect();
        let job = bring_files(&acme, dataset, false, &files).await;
        jobs.push(format!("/datasets/{dataset}/jobs/{}", job["id"].as_str().unwrap()));
    }
    let waiting = async || {
        let mut waiting = 0;
        for job in &jobs {
            waiting += usize::from(acme.get(job).await.expect(200).body["status"] == "queued");
        }
        waiting
    };
    let before: usize = waiting().await;
    let job: Value = bring_files(&globex, &own, true, &[("a.txt", "Ants march.")]).await;
    assert_eq!(job["status"], "succeeded");
    let worked_at = before.saturating_sub(waiting().await);
    assert!(
        worked_at <= 5,
        "{worked_at} of {before} jobs of another tenant were begun before this one was done"
    );
}
