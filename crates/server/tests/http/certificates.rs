//! The certificate of an erasure: signed, the same whenever it is asked for, and had by whom it is about; it names nobody.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cli::{CommandOutput, run};
use crate::erasures::{MARKERS, ended, forget_rules, id_of};
use crate::exports::somebody_everywhere;
use crate::receipts::{line, proof_path};
use crate::space::{Client, PASSWORD, TestSpace, in_memory};

/// What somebody keeps, far from any home.
struct Kept(tempfile::TempDir);

impl Kept {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Verifies in a home where there is nothing.
    fn verify(&self, certificate: &str, arguments: &[&str]) -> CommandOutput {
        let nowhere: PathBuf = self.0.path().join("nowhere");
        let certificate = self.file("certificate", certificate);
        let ran = run(&nowhere, &[&["privacy", "verify", &certificate][..], arguments].concat());
        assert!(!nowhere.exists(), "nothing is made by verifying");
        ran
    }
}

fn handed_out(begun: &Value) -> String {
    begun["certificate_path"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned()
}

#[tokio::test]
async fn g2_whoever_was_erased_gets_a_signed_certificate_that_verifies_offline_and_names_nobody() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let person = somebody_everywhere(&space, &owner).await;
    let id = id_of(&person).await;
    let begun = person.delete("/me").await.expect(202).body;
    let path = handed_out(&begun);
    let of_owner = format!("/erasures/{id}/certificate");
    let early = owner.get(&of_owner).await.expect_problem(409, "conflict");
    assert!(early.body["detail"].as_str().unwrap().contains("has not ended"), "{early:?}");
    space.anybody().get(&path).await.expect_problem(409, "conflict");
    let erasure = ended(&owner).await;
    assert_eq!(erasure["certificate_path"], Value::Null, "it is shown once");

    let certificate = owner.get(&of_owner).await.expect(200);
    assert_eq!(space.anybody().get(&path).await.expect(200).body, certificate.body);
    assert_eq!(owner.get(&of_owner).await.expect(200).body, certificate.body, "it is the same again");
    for marker in MARKERS {
        assert!(!certificate.text.contains(marker), "{marker}");
    }
    if in_memory() {
        return;
    }
    let note = certificate.body["certificate"].as_str().unwrap();
    assert_eq!(line(note, "account"), id);
    assert_eq!(
        (line(note, "asked_by"), line(note, "ended_at")),
        ("person".into(), erasure["ended_at"].as_str().unwrap().into())
    );
    for (kind, rows) in erasure["erased"].as_object().unwrap() {
        assert_eq!(line(note, kind), rows.to_string(), "{kind}");
    }
    assert_eq!((line(note, "naming_policies"), line(note, "naming_expectations")), ("1".into(), "1".into()));
    let told = owner.audit("&reason=person_erased").await;
    assert_eq!((told[0]["seq"].to_string(), &told[0]["time"]), (line(note, "number"), &erasure["ended_at"]));

    let kept = Kept::new();
    let key = run(space.home(), &["audit", "key"]).expect(0).stdout.trim().to_owned();
    assert_eq!(certificate.body["verifier_key"], json!(key));
    // The person has the proof by the leaf, as whoever has a receipt.
    let proof = space.anybody().get(&proof_path(note)).await.expect(200).text;
    let proof = kept.file("proof", &proof);
    let export = kept.0.path().join("log.jsonl").to_str().unwrap().to_owned();
    run(space.home(), &["audit", "export", "--file", &export]).expect(0);
    let told = kept.verify(note, &["--key", &key, "--proof", &proof, "--export", &export]).expect(0).stdout;
    for sentence in [
        "signed by the key that you named",
        "accounts (1)",
        "The event is in the log",
        "the event is the end of this erasure",
        "1 policies and the expectations of 1 endpoints",
    ] {
        assert!(told.contains(sentence), "{sentence}: {told}");
    }
    // As an editor or a mail has left it.
    for note in [note.trim_end().to_owned(), note.replace('\n', "\r\n")] {
        kept.verify(&note, &["--key", &key]).expect(0);
    }
    // As the answer has it, and with the key that it names itself.
    assert!(kept.verify(&certificate.text, &[]).expect(0).stdout.contains("names itself"));
    let file = kept.file("again", note);
    let by_command = run(space.home(), &["receipt", "proof", &file]).expect(0).stdout;
    let by_command = kept.file("by-command", &by_command);
    kept.verify(note, &["--key", &key, "--proof", &by_command]).expect(0);

    for (name, value) in [("events", "0"), ("sessions", "9"), ("asked_by", "owner"), ("number", "1")] {
        let before = format!("\n{name}: {}\n", line(note, name));
        let bent = note.replacen(&before, &format!("\n{name}: {value}\n"), 1);
        assert_ne!(bent, note, "{name}");
        let told = kept.verify(&bent, &["--key", &key]).expect(4);
        assert!(told.stderr.contains("does not verify"), "{told:?}");
    }
    kept.verify(note, &["--key", &key.replacen("syft-space/", "syft-space/0", 1)]).expect(2);
    kept.verify(&note[..note.len() / 2], &[]).expect(4);
    let bent = fs::read_to_string(&export).unwrap().replace("person_erased", "role_not_yours");
    kept.verify(note, &["--export", &kept.file("bent", &bent)]).expect(4);
}

#[tokio::test]
async fn g2_a_certificate_is_told_to_nobody_but_an_owner_and_who_has_its_token() {
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    let stranger = space.found_another("globex").await;
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    let anna = space.member(&owner, "anna@acme.example", "viewer").await;
    let bob = space.member(&owner, "bob@acme.example", "viewer").await;
    let (id, bobs) = (id_of(&anna).await, id_of(&bob).await);
    let asked = owner.send(owner.request("POST", &format!("/users/{id}/erasure"))).await.expect(202).body;
    let path = handed_out(&asked);
    ended(&owner).await;
    space.anybody().get(&path).await.expect(200);
    let of_owner = format!("/erasures/{id}/certificate");
    admin.get(&of_owner).await.expect_problem(403, "forbidden");
    space.anybody().get(&of_owner).await.expect_problem(401, "unauthenticated");
    stranger.get(&of_owner).await.expect_problem(404, "not_found");
    owner.get(&format!("/erasures/{bobs}/certificate")).await.expect_problem(404, "not_found");
    // Whatever of the path is another's, the answer is that of what is not there.
    let (of_account, token) = path.rsplit_once('/').unwrap();
    let (of_tenant, _) = of_account.rsplit_once('/').unwrap();
    let left =
        space.member(&stranger, "eve@globex.example", "viewer").await.delete("/me").await.expect(202).body;
    let globex = handed_out(&left).split('/').nth(2).unwrap().to_owned();
    let mut answers = Vec::new();
    for other in [
        format!("{of_account}/{}", "0".repeat(64)),
        format!("{of_account}/{}", token.to_uppercase()),
        format!("{of_account}/x"),
        format!("{of_tenant}/{bobs}/{token}"),
        format!("/certificates/{globex}/{id}/{token}"),
        format!("/certificates/nobody/{id}/{token}"),
    ] {
        let mut answer = space.anybody().get(&other).await.expect_problem(404, "not_found").body;
        answer["instance"] = Value::Null;
        answers.push(answer);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn g2_the_command_line_gets_a_certificate_once_an_erasure_has_ended() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, "anna@acme.example", "viewer").await;
    let id = id_of(&anna).await;
    let kept = Kept::new();
    let password = kept.file("password", PASSWORD);
    let by_owner = |arguments: &[&str]| {
        let account = ["--as", "owner@acme.example", "--password-file", &password];
        run(space.home(), &[&["privacy"][..], arguments, &account].concat())
    };
    by_owner(&["certificate", &id]).expect(3);
    let erased = by_owner(&["erase", "anna@acme.example"]).expect(0).stdout;
    assert!(erased.contains("/api/v1/certificates/"), "{erased}");
    ended(&owner).await;
    let note = by_owner(&["certificate", &id]).expect(0).stdout;
    kept.verify(&note, &[]).expect(0);
    let file = kept.0.path().join("written").to_str().unwrap().to_owned();
    let told = by_owner(&["certificate", &id, "--file", &file]).expect(0).stdout;
    assert_eq!(told, format!("The certificate is written to {file}.\n"));
    assert_eq!(fs::read_to_string(&file).unwrap(), note);
    by_owner(&["certificate", &id, "--file", &file]).expect(2);
    by_owner(&["certificate", "nobody"]).expect(2);
    let told = run(&kept.0.path().join("nowhere"), &["--json", "privacy", "verify", &file]).expect(0);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((&told["account_id"], &told["erased"]["accounts"]), (&json!(id), &json!(1)));
}

#[tokio::test]
async fn g4_nothing_of_an_erasure_is_certified_while_a_part_is_left() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let person = somebody_everywhere(&space, &owner).await;
    let id = id_of(&person).await;
    forget_rules(&owner).await;
    let path = handed_out(&person.delete("/me").await.expect(202).body);
    let clients: [(&Client, String); 2] =
        [(&owner, format!("/erasures/{id}/certificate")), (&space.anybody(), path)];
    loop {
        let is_ended = !owner.get("/erasures").await.expect(200).body["items"][0]["ended_at"].is_null();
        for (who, path) in &clients {
            let answer = who.get(path).await;
            if is_ended {
                answer.expect(200);
            } else if answer.status != 200 {
                answer.expect_problem(409, "conflict");
            }
        }
        if is_ended {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}
