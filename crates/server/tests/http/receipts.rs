//! Receipts: a caller can prove what they were told and when, without the server, and learns nothing of anybody else by it.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cli::{CommandOutput, run};
use crate::marketplace_fixture::MarketplaceFixture;
use crate::space::{Answer, Client, TestSpace, dataset_of, endpoint_on, in_memory, only_policy, until};

async fn space_with_endpoint() -> (TestSpace, Client) {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "d", &[("doc", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "things").await;
    (space, owner)
}

fn question(text: &str) -> Value {
    json!({ "messages": text, "similarity_threshold": 0.0 })
}

/// Asks, and wants a receipt.
async fn ask(client: &Client, slug: &str, text: &str) -> Answer {
    let request = client.request("POST", &format!("/endpoints/{slug}/query"));
    client.send(request.header("x-syft-receipt", "1").json(&question(text))).await
}

/// The text of the receipt of an answer; nothing where it has none.
fn receipt_of(answer: &Answer) -> Option<String> {
    Some(text_of(answer.headers.get("syft-receipt")?.to_str().unwrap()))
}

/// The text of a receipt, as the header has it.
pub fn text_of(header: &str) -> String {
    String::from_utf8(URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

/// The value of a line of a receipt; empty where it has no such line.
pub fn line(receipt: &str, name: &str) -> String {
    let value = receipt.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    value.unwrap_or_default().to_owned()
}

fn sha256(bytes: impl AsRef<[u8]>) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where what somebody has kept lies, far from any home.
struct Kept(tempfile::TempDir);

impl Kept {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Verifies in a home where there is nothing.
    fn verify(&self, receipt: &str, arguments: &[&str]) -> CommandOutput {
        let nowhere: PathBuf = self.0.path().join("nowhere");
        let receipt = self.file("receipt", receipt);
        let mut all = vec!["receipt", "verify", &receipt];
        all.extend(arguments);
        let ran = run(&nowhere, &all);
        assert!(!nowhere.exists(), "nothing is made by verifying");
        ran
    }
}

/// Where the proof of a receipt is, under the API's base.
pub fn proof_path(receipt: &str) -> String {
    let [log, seq, leaf] = ["log", "number", "leaf"].map(|name| line(receipt, name));
    format!("/receipts/{}/{seq}/{leaf}", log.rsplit_once('/').unwrap().1)
}

/// The same of one more answer of an endpoint.
pub async fn proof_of_answer(client: &Client, slug: &str) -> String {
    proof_path(&receipt_of(&ask(client, slug, "thing").await).unwrap())
}

#[tokio::test]
async fn u1_an_answer_has_a_receipt_that_verifies_offline_with_its_body_its_proof_and_the_log() {
    if in_memory() {
        return;
    }
    let (space, owner) = space_with_endpoint().await;
    let plain = owner.ask("things", "penguins").await.expect(200);
    assert_eq!(receipt_of(&plain), None, "who asks for none gets none");
    let request = owner.request("POST", "/endpoints/things/query").header("x-syft-receipt", "1");
    let request = request.header("x-correlation-id", "case-4711").json(&question("penguins"));
    let answer = owner.send(request).await.expect(200);
    let receipt = receipt_of(&answer).unwrap();
    assert_eq!(line(&receipt, "request"), answer.header("x-request-id"));
    assert_eq!(line(&receipt, "status"), "200");
    assert_eq!(line(&receipt, "outcome"), "success");
    assert_eq!(line(&receipt, "endpoint"), "things");
    assert_eq!(line(&receipt, "correlation"), "case-4711");
    assert_eq!(line(&receipt, "answer"), sha256(&answer.text));
    assert_eq!(line(&receipt, "question"), sha256(question("penguins").to_string()));
    let event = &owner.audit("&action=endpoint_query").await[0];
    assert_eq!(event["seq"].to_string(), line(&receipt, "number"), "the event was there before the answer");
    assert_eq!(event["time"], line(&receipt, "time"));

    let kept = Kept::new();
    let key = run(space.home(), &["audit", "key"]).expect(0).stdout.trim().to_owned();
    assert_eq!(line(&receipt, "key"), key);
    let (body, asked) =
        (kept.file("body", &answer.text), kept.file("asked", question("penguins").to_string()));
    // The proof is for anybody who has the receipt.
    let proof = space.anybody().get(&proof_path(&receipt)).await.expect(200);
    let proof = kept.file("proof", &proof.text);
    let export = kept.0.path().join("log.jsonl").to_str().unwrap().to_owned();
    run(space.home(), &["audit", "export", "--file", &export]).expect(0);
    let told = kept.verify(&receipt, &[]).expect(0).stdout;
    assert!(
        told.contains("the key that the receipt names itself") && told.contains("--proof shows it"),
        "{told}"
    );
    let all = ["--key", &key, "--body", &body, "--question", &asked, "--proof", &proof, "--export", &export];
    let told = kept.verify(&receipt, &all).expect(0).stdout;
    for sentence in [
        "signed by the key that you named",
        "The answer that you have is the one that was given",
        "The request that you have is the one",
        "The event is in the log",
        "In the exported log the event is what the receipt says",
    ] {
        assert!(told.contains(sentence), "{sentence}: {told}");
    }
    // As the header has it.
    kept.verify(answer.header("syft-receipt"), &all).expect(0);
    // By a checkpoint that somebody keeps.
    let checkpoint = owner.get("/audit/checkpoint").await.expect(200).body;
    let size = checkpoint["size"].to_string();
    let path = kept.file("again", &receipt);
    let by_size = run(space.home(), &["receipt", "proof", &path, "--size", &size]).expect(0).stdout;
    let by_size = kept.file("by-size", by_size);
    let notes = kept.file("notes", checkpoint["checkpoint"].as_str().unwrap());
    let told = kept.verify(&receipt, &["--key", &key, "--proof", &by_size, "--checkpoint", &notes]).expect(0);
    assert!(told.stdout.contains("checkpoint that you have vouches"), "{told:?}");
    kept.verify(&receipt, &["--proof", &by_size]).expect(2);
    // What does not fit.
    for (option, file) in [("--body", &asked), ("--question", &body)] {
        let told = kept.verify(&receipt, &[option, file]).expect(4);
        assert!(told.stderr.contains("does not verify"), "{told:?}");
    }
    let other = receipt_of(&ask(&owner, "things", "penguins").await.expect(200)).unwrap();
    kept.verify(&other, &["--proof", &proof]).expect(4);
    kept.verify(&other, &["--export", &export]).expect(4);
    let bent = fs::read_to_string(&export).unwrap().replace("\"success\"", "\"denied\"");
    let bent = kept.file("bent", bent);
    kept.verify(&receipt, &["--export", &bent]).expect(4);
}

#[tokio::test]
async fn u1_a_receipt_that_was_changed_or_is_of_another_space_does_not_verify() {
    if in_memory() {
        return;
    }
    let (_space, owner) = space_with_endpoint().await;
    let (_other_space, stranger) = space_with_endpoint().await;
    let receipt = receipt_of(&ask(&owner, "things", "penguins").await.expect(200)).unwrap();
    let foreign = receipt_of(&ask(&stranger, "things", "penguins").await.expect(200)).unwrap();
    let kept = Kept::new();
    let key = line(&receipt, "key");
    kept.verify(&receipt, &["--key", &key]).expect(0);
    kept.verify(&foreign, &["--key", &key]).expect(4);
    for name in ["log", "number", "leaf", "time", "request", "endpoint", "question", "answer"] {
        let value = line(&receipt, name);
        let mut chars: Vec<char> = value.chars().collect();
        let last = chars.iter().rposition(char::is_ascii_alphanumeric).unwrap();
        let last = if name == "time" { last - 2 } else { last };
        chars[last] = if chars[last] == '1' { '2' } else { '1' };
        let changed: String = chars.into_iter().collect();
        let bent = receipt.replacen(&format!("\n{name}: {value}\n"), &format!("\n{name}: {changed}\n"), 1);
        assert_ne!(bent, receipt, "{name}");
        kept.verify(&bent, &["--key", &key]).expect(4);
        kept.verify(&bent, &[]).expect(4);
    }
    for (name, value) in [("status", "403"), ("outcome", "denied"), ("key", &line(&foreign, "key"))] {
        let before = format!("\n{name}: {}\n", line(&receipt, name));
        let bent = receipt.replacen(&before, &format!("\n{name}: {value}\n"), 1);
        kept.verify(&bent, &[]).expect(4);
    }
    for text in ["", "a", &receipt[..receipt.len() / 2]] {
        kept.verify(text, &[]).expect(4);
    }
}

#[tokio::test]
async fn u1_a_refusal_has_a_receipt_and_what_leaves_no_event_has_none() {
    if in_memory() {
        return;
    }
    let (space, owner) = space_with_endpoint().await;
    let user = space.member(&owner, "u@acme.example", "user").await;
    let viewer = space.member(&owner, "v@acme.example", "viewer").await;
    let kept = Kept::new();
    let check = |answer: &Answer, outcome: &str| {
        let receipt = receipt_of(answer).unwrap_or_else(|| panic!("{answer:?}"));
        assert_eq!(line(&receipt, "outcome"), outcome);
        assert_eq!(line(&receipt, "status"), answer.status.to_string());
        let body = kept.file("body", &answer.text);
        kept.verify(&receipt, &["--body", &body]).expect(0);
        receipt
    };
    only_policy(&owner, "things", json!({ "mode": "deny", "patterns": ["u@acme.example"] })).await;
    let denied = ask(&user, "things", "penguins").await.expect_problem(403, "access_denied");
    check(&denied, "denied");
    let receipt = check(&ask(&user, "nothing", "penguins").await.expect_problem(404, "not_found"), "denied");
    assert_eq!(line(&receipt, "question"), "", "what was not read is not told of");
    check(&ask(&viewer, "things", "penguins").await.expect_problem(403, "forbidden"), "denied");
    // Of a draft, which is there, no more is told than of what is not.
    owner.patch("/endpoints/things", &json!({ "published": false })).await.expect(200);
    let hidden = check(&ask(&user, "things", "penguins").await.expect_problem(404, "not_found"), "denied");
    let names = |receipt: &str| -> Vec<String> {
        receipt.lines().filter_map(|line| Some(line.split_once(": ")?.0.to_owned())).collect()
    };
    assert_eq!(names(&hidden), names(&receipt));
    owner.patch("/endpoints/things", &json!({ "published": true })).await.expect(200);
    let limit = json!({ "rate": "1/h", "window": "strict" });
    let limit = json!({ "name": "l", "policy_type": "rate_limit", "configuration": limit });
    let limited = owner.post("/policies", &limit).await.expect(201);
    let ids = json!({ "policy_ids": [limited.body["id"]] });
    owner.put("/endpoints/things/policies", &ids).await.expect(200);
    check(&ask(&owner, "things", "penguins").await.expect(200), "success");
    check(&ask(&owner, "things", "penguins").await.expect_problem(429, "rate_limited"), "denied");
    // No event, no receipt; and whoever is nobody here learns nothing of a log.
    let streamed = json!({ "messages": "penguins", "stream": true });
    let path = "/endpoints/things/query";
    let wanted = |client: &Client| client.request("POST", path).header("x-syft-receipt", "1");
    let invalid = owner.send(wanted(&owner).json(&streamed)).await.expect_problem(422, "invalid");
    assert_eq!(receipt_of(&invalid), None);
    let anybody = space.anybody();
    let unknown = anybody.send(wanted(&anybody).json(&question("penguins"))).await;
    assert_eq!(receipt_of(&unknown.expect_problem(401, "unauthenticated")), None);
    for wish in ["0", "yes", ""] {
        let request = owner.request("POST", path).header("x-syft-receipt", wish).json(&question("penguins"));
        owner.send(request).await.expect_problem(400, "malformed");
    }
    let twice = wanted(&owner).header("x-syft-receipt", "1").json(&question("penguins"));
    owner.send(twice).await.expect_problem(400, "malformed");
}

#[tokio::test]
async fn u1_a_guest_has_a_receipt_and_its_proof_and_nobody_has_one_by_guessing() {
    if in_memory() {
        return;
    }
    let market = MarketplaceFixture::start().await;
    market.policy(json!({ "mode": "allow", "patterns": [], "guests": true })).await;
    let guest = market.guest();
    let answer = ask(&guest, "space-docs", "How high is Kilimanjaro?").await.expect(200);
    let receipt = receipt_of(&answer).unwrap();
    for own in ["policy", "actor", "address", "guest", "127.0.0.1"] {
        assert!(!receipt.contains(own), "{own}: {receipt}");
    }
    let anybody = market.space.anybody();
    let proof = anybody.get(&proof_path(&receipt)).await.expect(200);
    let kept = Kept::new();
    let proof = kept.file("proof", &proof.text);
    kept.verify(&receipt, &["--proof", &proof]).expect(0);

    let (log, seq, leaf) = (line(&receipt, "log"), line(&receipt, "number"), line(&receipt, "leaf"));
    let log = log.rsplit_once('/').unwrap().1;
    let (other_leaf, nowhere) = ("00".repeat(32), "01a20be1-4074-7f2a-8d9e-0b6a1f3c5d7e");
    let (long, upper, plus) = ("0".repeat(64), leaf.to_uppercase(), format!("+{seq}"));
    let mut told = Vec::new();
    for (log, seq, leaf) in [
        (log, seq.as_str(), other_leaf.as_str()),
        (log, "1", &leaf),
        (log, "0", &leaf),
        (log, "1000000", &leaf),
        (log, "9223372036854775807", &leaf),
        (log, "18446744073709551615", &leaf),
        (log, &long, &leaf),
        (log, &plus, &leaf),
        (log, &seq, &upper),
        (log, &seq, "00"),
        (nowhere, &seq, &leaf),
        ("installation", "1", &leaf),
    ] {
        let path = format!("/receipts/{log}/{seq}/{leaf}");
        let mut body = anybody.get(&path).await.expect_problem(404, "not_found").body;
        body.as_object_mut().unwrap().remove("instance");
        told.push(body);
    }
    assert!(told.iter().all(|body| *body == told[0]), "all are refused alike: {told:?}");
    let path = proof_path(&receipt);
    anybody.get(&format!("{path}?size=0")).await.expect_problem(422, "invalid");
    anybody.get(&format!("{path}?size=1000000")).await.expect_problem(404, "not_found");
    let before = anybody.get(&format!("{path}?size=1")).await.expect_problem(404, "not_found");
    assert!(before.body["detail"].as_str().unwrap().contains("not among the first 1"));
}

#[tokio::test]
async fn u1_callers_at_once_each_get_their_own_receipt() {
    if in_memory() {
        return;
    }
    let (space, owner) = space_with_endpoint().await;
    let mut asking = Vec::new();
    for n in 0..40 {
        let owner = owner.clone();
        asking.push(tokio::spawn(async move {
            if n % 4 == 3 {
                return (owner.ask("things", "penguins").await.expect(200), false);
            }
            (ask(&owner, "things", &format!("penguins {n}")).await.expect(200), true)
        }));
    }
    let mut numbers = std::collections::BTreeSet::new();
    for asked in asking {
        let (answer, wanted) = asked.await.unwrap();
        let Some(receipt) = receipt_of(&answer) else {
            assert!(!wanted);
            continue;
        };
        assert!(wanted, "nobody gets one unasked");
        assert_eq!(line(&receipt, "request"), answer.header("x-request-id"));
        assert_eq!(line(&receipt, "answer"), sha256(&answer.text));
        assert!(numbers.insert(line(&receipt, "number")), "no two have one number");
        space.anybody().get(&proof_path(&receipt)).await.expect(200);
    }
    assert_eq!(numbers.len(), 30);
}

#[tokio::test]
async fn r1_u1_what_a_receipt_is_of_outlives_a_kill_right_behind_the_answer() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = space_with_endpoint().await;
    let kept = Kept::new();
    for _ in 0..5 {
        let owner = space.anybody().with_token(owner.token());
        let receipt = receipt_of(&ask(&owner, "things", "penguins").await.expect(200)).unwrap();
        space.server().kill();
        space.server().run_again().await;
        let proof = space.anybody().get(&proof_path(&receipt)).await.expect(200);
        let proof = kept.file("proof", &proof.text);
        kept.verify(&receipt, &["--proof", &proof]).expect(0);
    }
}

#[tokio::test]
async fn g2_the_receipt_of_a_person_who_was_erased_still_verifies() {
    if in_memory() {
        return;
    }
    let (space, owner) = space_with_endpoint().await;
    only_policy(&owner, "things", json!({ "mode": "allow", "patterns": ["*"] })).await;
    let user = space.member(&owner, "gone@acme.example", "user").await;
    let id = user.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned();
    let receipt = receipt_of(&ask(&user, "things", "penguins").await.expect(200)).unwrap();
    owner.send(owner.request("POST", &format!("/users/{id}/erasure"))).await.expect(202);
    until("the erasure has ended", async || {
        !owner.get("/erasures").await.expect(200).body["items"][0]["ended_at"].is_null()
    })
    .await;
    let kept = Kept::new();
    let proof = kept.file("proof", &space.anybody().get(&proof_path(&receipt)).await.expect(200).text);
    let export = kept.0.path().join("log.jsonl").to_str().unwrap().to_owned();
    run(space.home(), &["audit", "export", "--file", &export]).expect(0);
    kept.verify(&receipt, &["--proof", &proof, "--export", &export]).expect(0);
}
