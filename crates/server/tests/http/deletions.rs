//! That a removed document or dataset is gone is certified: signed, once every store has confirmed it, and no moment before.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cli::{CommandOutput, run};
use crate::erasures::found_in;
use crate::receipts::{line, proof_path};
use crate::space::{Answer, Client, TestSpace, dataset_of, in_memory, until};

/// What stands in a document that is to go, and nowhere else.
const MARKER: &str = "zanzibarquokka";

/// The certificate, once there is one.
async fn certified(client: &Client, path: &str) -> Answer {
    until("it is confirmed", async || client.get(path).await.status == 200).await;
    client.get(path).await.expect(200)
}

fn note(certificate: &Answer) -> &str {
    certificate.body["certificate"].as_str().unwrap()
}

/// Verifies in a home where there is nothing.
fn verify(folder: &tempfile::TempDir, note: &str, arguments: &[&str]) -> CommandOutput {
    let (nowhere, file): (PathBuf, _) = (folder.path().join("nowhere"), folder.path().join("certificate"));
    std::fs::write(&file, note).unwrap();
    run(&nowhere, &[&["privacy", "verify", file.to_str().unwrap()][..], arguments].concat())
}

#[tokio::test]
async fn g2_that_a_document_is_gone_is_certified_and_verifies_offline() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let text = format!("The {MARKER} sleeps.");
    let dataset = dataset_of(&owner, "d", &[("a", &text), ("b", "Penguins swim.")]).await;
    let (document, certificate) =
        (format!("/datasets/{dataset}/documents/a"), format!("/datasets/{dataset}/documents/a/certificate"));
    owner.get(&certificate).await.expect_problem(404, "not_found");
    owner.delete(&document).await.expect(204);
    let shown = certified(&owner, &certificate).await;
    assert_eq!(owner.get(&certificate).await.expect(200).body, shown.body, "it is the same again");
    let told = owner.audit("&action=sensitive_delete").await;
    assert_eq!(told.len(), 2, "it is recorded once: {told:?}");
    assert_eq!((&told[0]["actor"]["kind"], &told[0]["reason_code"]), (&json!("system"), &json!("removed")));
    assert_eq!(told[1]["reason_code"], json!(format!("chunks_1,bytes_{}", text.len())));
    // Who puts it in again has that certified by nobody, and of what was removed before it is true still.
    let again = json!({ "documents": [{ "document_id": "a", "content": "Another one." }] });
    owner.post(&format!("/datasets/{dataset}/documents?wait=true"), &again).await.expect(200);
    assert_eq!(owner.get(&certificate).await.expect(200).body, shown.body);
    owner.delete(&document).await.expect(204);
    let second = certified(&owner, &certificate).await;
    // Who may not remove documents is told of no removal.
    let viewer = space.member(&owner, "v@acme.example", "viewer").await;
    viewer.get(&certificate).await.expect_problem(403, "forbidden");
    if in_memory() {
        return;
    }
    assert_ne!(line(note(&second), "asked_at"), line(note(&shown), "asked_at"));
    let note = note(&shown);
    assert_eq!((line(note, "dataset"), line(note, "document")), (dataset, "a".to_owned()));
    assert_eq!(
        (line(note, "chunks"), line(note, "bytes"), line(note, "documents")),
        ("1".to_owned(), text.len().to_string(), String::new())
    );
    assert_eq!(
        (line(note, "number"), json!(line(note, "ended_at")), json!(line(note, "asked_at"))),
        (told[0]["seq"].to_string(), told[0]["time"].clone(), told[1]["time"].clone())
    );
    let folder = tempfile::tempdir().unwrap();
    let key = run(space.home(), &["audit", "key"]).expect(0).stdout.trim().to_owned();
    let proof = folder.path().join("proof");
    std::fs::write(&proof, space.anybody().get(&proof_path(note)).await.expect(200).text).unwrap();
    let export = folder.path().join("log.jsonl").to_str().unwrap().to_owned();
    run(space.home(), &["audit", "export", "--file", &export]).expect(0);
    let against = ["--key", &key, "--proof", proof.to_str().unwrap(), "--export", &export];
    let told = verify(&folder, note, &against).expect(0).stdout;
    for sentence in [
        "the document a of the dataset",
        "chunks (1)",
        "signed by the key that you named",
        "The event is in the log",
        "the event is the end of this deletion",
    ] {
        assert!(told.contains(sentence), "{sentence}: {told}");
    }
    let told: Value = serde_json::from_str(&verify(&folder, note, &["--json"]).expect(0).stdout).unwrap();
    assert_eq!((&told["document_id"], &told["deleted"]["chunks"]), (&json!("a"), &json!(1)));
    for (name, value) in [("document", "b"), ("chunks", "9"), ("gone_from", "documents"), ("number", "1")] {
        let bent =
            note.replacen(&format!("\n{name}: {}\n", line(note, name)), &format!("\n{name}: {value}\n"), 1);
        assert_ne!(bent, note, "{name}");
        verify(&folder, &bent, &["--key", &key]).expect(4);
    }
    let bent = std::fs::read_to_string(&export).unwrap().replace("sensitive_delete", "sensitive_read");
    std::fs::write(&export, bent).unwrap();
    verify(&folder, note, &["--export", &export]).expect(4);
}

#[tokio::test]
async fn g2_that_a_dataset_is_gone_is_certified_by_the_command_line_too_and_behind_a_kill_no_byte_is_left() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let text = |n: usize| format!("The {MARKER} sleeps for the {n}th time. ").repeat(1 + n % 7);
    let all: Vec<(String, String)> =
        (0..60).map(|n| (format!("{:x}.md", n * 7_919 % 1_009), text(n))).collect();
    let documents: Vec<(&str, &str)> = all.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    let kept = dataset_of(&owner, "kept", &documents).await;
    let removed = dataset_of(&owner, "removed", &documents).await;
    let other = json!({ "documents": [{ "document_id": "other", "content": "Penguins swim." }] });
    owner.post(&format!("/datasets/{kept}/documents?wait=true"), &other).await.expect(200);
    assert!(!found_in(space.home(), &[MARKER.as_bytes()]).is_empty(), "it is there to be found");
    let of_dataset = format!("/datasets/{removed}/certificate");
    owner.get(&of_dataset).await.expect_problem(404, "not_found");
    owner.delete(&format!("/datasets/{removed}")).await.expect(204);
    for (id, _) in &documents {
        owner.delete(&format!("/datasets/{kept}/documents/{id}")).await.expect(204);
    }
    let shown = owner.get(&of_dataset).await.expect(200);
    for (id, _) in &documents {
        certified(&owner, &format!("/datasets/{kept}/documents/{id}/certificate")).await;
    }
    assert_eq!(found_in(space.home(), &[MARKER.as_bytes()]), Vec::<String>::new(), "while the server runs");
    space.server().kill();
    assert_eq!(found_in(space.home(), &[MARKER.as_bytes()]), Vec::<String>::new(), "and behind a kill");
    space.server().run_again().await;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("by-command").to_str().unwrap().to_owned();
    let certificate =
        |arguments: &[&str]| run(space.home(), &[&["datasets", "certificate"][..], arguments].concat());
    certificate(&[&removed, "--file", &file]).expect(0);
    let by_command = std::fs::read_to_string(&file).unwrap();
    assert_eq!(by_command, note(&shown));
    certificate(&[&removed, "--file", &file]).expect(2);
    let of_document = certificate(&["kept", "--document", documents[0].0]).expect(0).stdout;
    assert_eq!(line(&of_document, "document"), documents[0].0);
    certificate(&["kept", "--document", "other"]).expect(3);
    assert_eq!(
        (line(&by_command, "documents"), line(&by_command, "document")),
        ("60".to_owned(), String::new())
    );
    let proof = run(space.home(), &["receipt", "proof", &file]).expect(0).stdout;
    let proof_file = folder.path().join("proof");
    std::fs::write(&proof_file, proof).unwrap();
    let told = verify(&folder, &by_command, &["--proof", proof_file.to_str().unwrap()]).expect(0).stdout;
    assert!(told.contains("with all of its documents") && told.contains("documents (60)"), "{told}");
}
