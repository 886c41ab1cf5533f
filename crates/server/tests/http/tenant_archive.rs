//! A tenant that goes to another host by an archive.

mod bent;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fastrand::Rng;
use serde_json::{Value, json};
use zip::ZipArchive;

use crate::cli::{CommandOutput, command, run, run_with};
use crate::space::form::bring_files;
use crate::space::ledger::seed;
use crate::space::{Client, PASSWORD, TestSpace, dataset_of, endpoint_on, in_memory};

/// Runs a command as an owner, whose password it reads.
fn as_owner(space: &TestSpace, tenant: &str, arguments: &[&str]) -> CommandOutput {
    let owner = format!("owner@{tenant}.example");
    run_with(space.home(), &[arguments, &["--as", &owner, "--password-file", "-"]].concat(), PASSWORD)
}

async fn publish(owner: &Client, slug: &str, policies: &[&Value]) {
    let policies: Vec<&Value> = policies.iter().map(|policy| &policy["id"]).collect();
    owner.put(&format!("/endpoints/{slug}/policies"), &json!({ "policy_ids": policies })).await.expect(200);
    owner.patch(&format!("/endpoints/{slug}"), &json!({ "published": true })).await.expect(200);
}

async fn policy(owner: &Client, body: Value) -> Value {
    owner.post("/policies", &body).await.expect(201).body
}

/// A tenant with something of all that goes into an archive.
async fn furnished() -> (TestSpace, Client) {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, "anna@acme.example", "user").await;
    let gone = space.member(&owner, "gone@acme.example", "admin").await;
    let id = gone.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned();
    owner.patch(&format!("/users/{id}"), &json!({ "status": "disabled" })).await.expect(200);
    owner.post("/groups", &json!({ "name": "readers", "description": "Who reads" })).await.expect(201);
    let emails = json!({ "emails": ["anna@acme.example", "guest@elsewhere.example"] });
    owner.post("/groups/readers/members", &emails).await.expect(200);

    let birds =
        dataset_of(&owner, "birds", &[("penguin", "Penguins swim."), ("owl", "Owls fly at night.")]).await;
    let document =
        json!({ "document_id": "kiwi", "content": "Kiwis do not fly.", "metadata": { "page": 7 } });
    let documents = json!({ "documents": [document] });
    owner.post(&format!("/datasets/{birds}/documents?wait=true"), &documents).await.expect(200);
    bring_files(&owner, &birds, true, &[("wings/gull.txt", "Gulls fly over the sea.")]).await;
    dataset_of(&owner, "nothing", &[]).await;

    let readers = policy(
        &owner,
        json!({
            "name": "who reads", "policy_type": "access",
            "configuration": { "mode": "allow", "patterns": ["group:readers", "*@acme.example"] },
        }),
    )
    .await;
    let limit = policy(
        &owner,
        json!({
            "name": "not too often", "policy_type": "rate_limit", "enforcement": "shadow",
            "configuration": { "rate": "5/m", "scope": "user", "window": "sliding" },
        }),
    )
    .await;
    endpoint_on(&owner, &birds, "birds").await;
    publish(&owner, "birds", &[&readers, &limit]).await;
    let expected = json!([
        { "identity": { "email": "victor@elsewhere.example" }, "verdict": "denied", "note": "never" },
        { "identity": { "email": "anna@acme.example" }, "verdict": "allowed" },
    ]);
    owner.put("/endpoints/birds/expectations", &json!({ "expectations": expected })).await.expect(200);
    let draft = json!({
        "name": "Drafts", "slug": "drafts", "summary": "Not yet", "dataset_id": birds, "response_type": "raw",
    });
    owner.post("/endpoints", &draft).await.expect(201);
    owner.patch("/retention", &json!({ "log_personal_data": 100 })).await.expect(200);
    owner.post("/retention/holds", &json!({ "reason": "a trial" })).await.expect(201);
    owner.patch("/tenant", &json!({ "max_key_days": 30 })).await.expect(200);
    (space, owner)
}

/// A tenant, and its archive.
struct Exported {
    space: TestSpace,
    owner: Client,
    archive: String,
}

/// A tenant that was exported, and another space with a tenant that has nothing yet.
async fn exported() -> (Exported, TestSpace, Client) {
    let (space, owner) = furnished().await;
    let archive = archive_of(&space);
    as_owner(&space, "acme", &["tenants", "export", &archive]).expect(0);
    let other = TestSpace::start().await;
    let other_owner = other.found("moved").await;
    (Exported { space, owner, archive }, other, other_owner)
}

/// What there is in a tenant, without what is another wherever it is made.
async fn seen(owner: &Client) -> BTreeMap<String, Value> {
    let mut seen = BTreeMap::new();
    let datasets = owner.get("/datasets?limit=100").await.expect(200).body;
    let datasets = datasets["items"].as_array().unwrap();
    let mut paths = vec![
        "/groups?limit=100".to_owned(),
        "/groups/readers/members?limit=100".to_owned(),
        "/policies?limit=100".to_owned(),
        "/datasets?limit=100".to_owned(),
        "/endpoints?limit=100".to_owned(),
        "/endpoints/birds".to_owned(),
        "/endpoints/drafts".to_owned(),
        "/retention".to_owned(),
        "/tenant".to_owned(),
    ];
    for dataset in datasets {
        let id = dataset["id"].as_str().unwrap();
        paths.push(format!("/datasets/{id}/documents?limit=100"));
        let listed = owner.get(&format!("/datasets/{id}/documents?limit=100")).await.expect(200).body;
        for document in listed["items"].as_array().unwrap() {
            paths.push(format!("/datasets/{id}/documents/{}", document["document_id"].as_str().unwrap()));
        }
    }
    for path in paths {
        let mut body = owner.get(&path).await.expect(200).body;
        make_equal(&mut body);
        let mut path = path;
        for dataset in datasets {
            path = path.replace(dataset["id"].as_str().unwrap(), dataset["name"].as_str().unwrap());
        }
        seen.insert(path, body);
    }
    seen
}

/// Takes out ids and times, and the order that comes of them.
fn make_equal(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let another =
                ["id", "dataset_id", "created_at", "made_by", "updated_at", "added_at", "next_cursor"];
            members.retain(|name, _| !another.contains(&name.as_str()));
            members.values_mut().for_each(make_equal);
            if members.contains_key("second_factor_roles") {
                members.remove("name");
            }
            // What was made of a file comes as its text.
            if members.get("metadata").is_some_and(|metadata| metadata.get("source").is_some()) {
                members.retain(|name, _| !["sha256", "outdated"].contains(&name.as_str()));
            }
        }
        Value::Array(items) => {
            items.iter_mut().for_each(make_equal);
            items.sort_by_key(ToString::to_string);
        }
        _ => {}
    }
}

fn archive_of(space: &TestSpace) -> String {
    space.home().join("acme.zip").to_str().unwrap().to_owned()
}

#[tokio::test]
async fn g1_a_tenant_goes_to_another_host_by_an_archive_and_is_there_as_it_was() {
    if in_memory() {
        return;
    }
    let (space, owner) = furnished().await;
    let archive = archive_of(&space);
    let exported = as_owner(&space, "acme", &["tenants", "export", &archive, "--json"]).expect(0).json();
    let counted = ["groups", "policies", "datasets", "documents", "endpoints", "members"];
    assert_eq!(counted.map(|kind| exported[kind].as_u64().unwrap()), [1, 2, 2, 4, 2, 3], "{exported}");
    let again = as_owner(&space, "acme", &["tenants", "export", &archive]).expect(2);
    assert!(again.stderr.contains("is there already"), "{again:?}");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(&archive).unwrap().permissions().mode() & 0o777, 0o600);

    // Its log verifies with what is in it alone.
    let log = file_of(&archive, "audit.jsonl");
    let (export, checkpoint) = (space.home().join("log"), space.home().join("checkpoint"));
    fs::write(&export, &log).unwrap();
    fs::write(&checkpoint, file_of(&archive, "checkpoint.txt")).unwrap();
    let manifest: Value = serde_json::from_slice(&file_of(&archive, "manifest.json")).unwrap();
    let nowhere = space.home().join("nowhere");
    let [export, checkpoint] = [&export, &checkpoint].map(|path| path.to_str().unwrap());
    let key = manifest["log_key"].as_str().unwrap();
    let verified = ["audit", "verify", export, "--checkpoint", checkpoint, "--key", key, "--json"];
    let verified = run(&nowhere, &verified).expect(0).json();
    assert_eq!(verified["events"], exported["events"]);

    let other = TestSpace::start().await;
    let other_owner = other.found("moved").await;
    let imported = as_owner(&other, "moved", &["tenants", "import", &archive, "--json"]);
    // That anna may ask holds again once she has joined.
    let told = imported.expect(5).json();
    let left = told["imported"]["left"].as_array().unwrap();
    assert_eq!(left.len(), 1, "{told}");
    assert_eq!(left[0]["what"], "expectations of the endpoint birds");
    assert_eq!(seen(&other_owner).await, seen(&owner).await);
    let expected = other_owner.get("/endpoints/birds/expectations").await.expect(200).body;
    assert_eq!(expected["expectations"].as_array().unwrap().len(), 1);
    assert_eq!(expected["expectations"][0]["identity"]["email"], "victor@elsewhere.example");

    let invitations = told["imported"]["invitations"].as_array().unwrap();
    let invited: Vec<&str> = invitations.iter().map(|invited| invited["email"].as_str().unwrap()).collect();
    assert_eq!(invited, ["owner@acme.example", "anna@acme.example"], "and nobody who was disabled");
    let accept = json!({ "token": invitations[1]["token"], "password": PASSWORD });
    other.anybody().post("/invitations/accept", &accept).await.expect(201);
    let anna = other.log_in("anna@acme.example", PASSWORD).await;
    let before = space.log_in("anna@acme.example", PASSWORD).await;
    for question in ["penguins", "who does not fly?", "sea"] {
        let [is, was] = [&anna, &before].map(|anna| anna.ask("birds", question));
        let (mut is, mut was) = (is.await.expect(200).body, was.await.expect(200).body);
        for answer in [&mut is, &mut was] {
            make_equal(&mut answer["references"]);
        }
        assert_eq!(is["references"]["documents"], was["references"]["documents"], "{question}");
    }
    // What was changed since is nobody's to undo; what was left is tried again.
    other_owner.patch("/endpoints/birds", &json!({ "summary": "Told otherwise here" })).await.expect(200);
    let birds = other_owner.get("/endpoints/birds").await.expect(200).body;
    let path = format!("/datasets/{}/documents/owl", birds["dataset_id"].as_str().unwrap());
    other_owner.delete(&path).await.expect(204);
    other_owner.delete("/groups/readers/members/guest@elsewhere.example").await.expect(204);
    other_owner.patch("/retention", &json!({ "log_personal_data": 40 })).await.expect(200);
    let before = seen(&other_owner).await;
    let again = as_owner(&other, "moved", &["tenants", "import", &archive, "--json"]).expect(0).json();
    assert_eq!(again["imported"]["documents"], 0);
    assert_eq!(seen(&other_owner).await, before);
    let expected = other_owner.get("/endpoints/birds/expectations").await.expect(200).body;
    assert_eq!(expected["expectations"].as_array().unwrap().len(), 2, "anna has joined: {expected}");
    assert_eq!(journals(&archive), Vec::<String>::new(), "it is done");

    // The log of the archive is named in the new one, once, as its checkpoint has it.
    let note = fs::read_to_string(checkpoint).unwrap();
    let [log, size, root] = [0, 1, 2].map(|line| note.lines().nth(line).unwrap());
    let root = hex::encode(STANDARD.decode(root).unwrap());
    let named = other_owner.audit("&action=config_change").await;
    let named = named.iter().filter(|event| event["object"] == json!({ "kind": "audit", "id": log }));
    let named: Vec<&Value> = named.map(|event| &event["reason_code"]).collect();
    assert_eq!(named, [&json!(format!("predecessor_named_{size}_{root}"))]);
}

/// What imports have written down beside an archive.
fn journals(archive: &str) -> Vec<String> {
    let folder = fs::read_dir(Path::new(archive).parent().unwrap()).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".import")).collect()
}

#[tokio::test]
async fn g1_an_import_that_is_killed_at_any_moment_goes_on_where_it_was() {
    if in_memory() {
        return;
    }
    let (Exported { space: _space, owner, archive }, other, other_owner) = exported().await;
    let password = other.home().join("password");
    fs::write(&password, PASSWORD).unwrap();
    let import = ["tenants", "import", &archive, "--as", "owner@moved.example", "--password-file"];
    let import = [&import[..], &[password.to_str().unwrap()]].concat();
    let mut rng = Rng::with_seed(seed());
    for _ in 0..8 {
        let mut running = command(other.home(), &import).stdout(Stdio::null()).spawn().unwrap();
        // The moment is what this is about.
        tokio::time::sleep(Duration::from_millis(rng.u64(100..=700))).await;
        running.kill().unwrap();
        running.wait().unwrap();
        let birds = other_owner.get("/endpoints/birds").await;
        if birds.status == 200 && birds.body["published"] == true {
            assert_eq!(
                birds.body["policies"].as_array().unwrap().len(),
                2,
                "it is published with its policies"
            );
        }
    }
    let ended = run(other.home(), &import);
    assert!(matches!(ended.code, Some(5 | 0)), "{ended:?}");
    assert_eq!(seen(&other_owner).await, seen(&owner).await);
    let invited = other_owner.get("/invitations").await.expect(200).body;
    assert_eq!(invited["items"].as_array().unwrap().len(), 2, "{invited}");
}

#[tokio::test]
async fn z1_an_import_touches_nothing_that_is_called_as_what_it_brings() {
    if in_memory() {
        return;
    }
    let (Exported { space: _space, archive, .. }, other, other_owner) = exported().await;
    other_owner.post("/groups", &json!({ "name": "readers" })).await.expect(201);
    let salaries = dataset_of(&other_owner, "salaries", &[("all", "Who gets how much.")]).await;
    endpoint_on(&other_owner, &salaries, "birds").await;
    other_owner.patch("/endpoints/birds", &json!({ "published": false })).await.expect(200);
    let before = other_owner.get("/endpoints/birds").await.expect(200).body;
    for _ in 0..2 {
        let refused = as_owner(&other, "moved", &["tenants", "import", &archive]).expect(4);
        assert!(refused.stderr.contains("a group readers already, and 1 more"), "{refused:?}");
    }
    assert_eq!(other_owner.get("/endpoints/birds").await.expect(200).body, before);
    assert_eq!(other_owner.get("/policies").await.expect(200).body["items"], json!([]));
    assert_eq!(journals(&archive), Vec::<String>::new());
}

/// The path of the journal of an import that was broken off behind this line; whatever it had done is undone by hand.
fn cut_journal(archive: &str, last: &str) {
    let path = Path::new(archive).with_file_name(journals(archive).pop().expect("a journal"));
    let text = fs::read_to_string(&path).unwrap();
    let end = text.find(last).unwrap_or_else(|| panic!("{last}: {text}"));
    let end = end + text[end..].find('\n').unwrap() + 1;
    fs::write(path, &text[..end]).unwrap();
}

#[tokio::test]
async fn z1_what_somebody_else_made_while_an_import_was_broken_off_is_theirs_however_often_it_goes_on() {
    if in_memory() {
        return;
    }
    let (Exported { space: _space, archive, .. }, other, other_owner) = exported().await;
    as_owner(&other, "moved", &["tenants", "import", &archive]).expect(5);
    // As if it had been broken off behind its first policy, and all but that is of others.
    cut_journal(&archive, r#"{"done":{"step":"group_members""#);
    other_owner.delete("/endpoints/birds").await.expect(204);
    other_owner.delete("/endpoints/drafts").await.expect(204);
    for dataset in other_owner.get("/datasets").await.expect(200).body["items"].as_array().unwrap() {
        other_owner.delete(&format!("/datasets/{}", dataset["id"].as_str().unwrap())).await;
    }
    for policy in other_owner.get("/policies").await.expect(200).body["items"].as_array().unwrap() {
        other_owner.delete(&format!("/policies/{}", policy["id"].as_str().unwrap())).await.expect(204);
    }
    other_owner.delete("/groups/readers").await.expect(204);
    other_owner.post("/groups", &json!({ "name": "readers" })).await.expect(201);
    let mallory = json!({ "emails": ["mallory@elsewhere.example"] });
    other_owner.post("/groups/readers/members", &mallory).await.expect(200);
    let salaries = dataset_of(&other_owner, "birds", &[("owl", "Who gets how much.")]).await;
    endpoint_on(&other_owner, &salaries, "birds").await;
    other_owner.patch("/endpoints/birds", &json!({ "published": false })).await.expect(200);
    let before = other_owner.get("/endpoints/birds").await.expect(200).body;
    for _ in 0..3 {
        let told = as_owner(&other, "moved", &["tenants", "import", &archive]).expect(5).stdout;
        for left in
            ["the group readers", "the policy \"who reads\"", "the dataset \"birds\"", "the endpoint birds"]
        {
            assert!(told.contains(&format!("Not brought in: {left}")), "{left}: {told}");
        }
        assert_eq!(other_owner.get("/endpoints/birds").await.expect(200).body, before);
        let path = format!("/datasets/{salaries}/documents");
        assert_eq!(other_owner.get(&path).await.expect(200).body["items"].as_array().unwrap().len(), 1);
        let members = other_owner.get("/groups/readers/members").await.expect(200).body;
        assert_eq!(members["items"].as_array().unwrap().len(), 1, "{members}");
    }
}

#[tokio::test]
async fn z1_an_import_that_goes_on_publishes_nothing_that_decides_otherwise_by_now() {
    if in_memory() {
        return;
    }
    let (Exported { space: _space, archive, .. }, other, other_owner) = exported().await;
    as_owner(&other, "moved", &["tenants", "import", &archive]).expect(5);
    // An invitation was made, and its link shown to nobody.
    cut_journal(&archive, r#"{"begun":{"step":"invitation_issued","name":"anna@acme.example""#);
    let told = as_owner(&other, "moved", &["tenants", "import", &archive]).expect(5).stdout;
    assert!(told.contains("the invitation of anna@acme.example: one is open"), "{told}");

    // It was published, and nobody wrote that down.
    cut_journal(&archive, r#"{"begun":{"step":"endpoint_ready","name":"birds""#);
    let told = as_owner(&other, "moved", &["tenants", "import", &archive]).expect(5).stdout;
    assert!(!told.contains("somebody has changed it"), "{told}");

    cut_journal(&archive, r#"{"done":{"step":"endpoint","name":"birds""#);
    other_owner.patch("/endpoints/birds", &json!({ "published": false })).await.expect(200);
    let policies = other_owner.get("/policies").await.expect(200).body;
    let policies = policies["items"].as_array().unwrap();
    let reads = policies.iter().find(|policy| policy["name"] == "who reads").unwrap();
    let wider = json!({ "configuration": { "mode": "allow", "patterns": ["*"] } });
    let path = format!("/policies/{}", reads["id"].as_str().unwrap());
    other_owner.put("/endpoints/birds/expectations", &json!({ "expectations": [] })).await.expect(200);
    other_owner.patch(&path, &wider).await.expect(200);
    let told = as_owner(&other, "moved", &["tenants", "import", &archive]).expect(5).stdout;
    assert!(told.contains("the endpoint birds: a policy of it says something else"), "{told}");
    assert_eq!(other_owner.get("/endpoints/birds").await.expect(200).body["published"], false);
}

#[tokio::test]
async fn r5_one_import_at_a_time_writes_down_what_it_made_and_follows_no_link() {
    if in_memory() {
        return;
    }
    let (Exported { space: _space, archive, .. }, other, other_owner) = exported().await;
    let tenant = other_owner.get("/tenant").await.expect(200).body["id"].as_str().unwrap().to_owned();
    let journal = format!("{archive}.{tenant}.import");
    let import = || as_owner(&other, "moved", &["tenants", "import", &archive]);
    {
        let held = File::create(&journal).unwrap();
        held.lock().unwrap();
        assert!(import().expect(4).stderr.contains("is being imported into this tenant already"));
    }
    fs::remove_file(&journal).unwrap();
    let victim = other.home().join("victim");
    std::os::unix::fs::symlink(&victim, &journal).unwrap();
    import().expect(1);
    assert!(!victim.exists());
    fs::remove_file(&journal).unwrap();
    for path in ["/groups", "/policies", "/datasets", "/endpoints", "/invitations"] {
        assert_eq!(other_owner.get(path).await.expect(200).body["items"], json!([]), "{path}");
    }
}

#[tokio::test]
async fn r5_documents_that_are_too_much_for_one_request_are_brought_in_several() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let heavy = dataset_of(&owner, "heavy", &[]).await;
    let values: Vec<f64> = vec![1.5; 1_200];
    for part in 0..3 {
        let document = |n: usize| {
            let id = format!("d{part}-{n}");
            json!({ "document_id": id, "content": format!("Document {id}."), "metadata": { "values": values } })
        };
        let documents: Vec<Value> = (0..100).map(document).collect();
        let path = format!("/datasets/{heavy}/documents?wait=true");
        owner.post(&path, &json!({ "documents": documents })).await.expect(200);
    }
    let archive = archive_of(&space);
    as_owner(&space, "acme", &["tenants", "export", &archive]).expect(0);
    let other = TestSpace::with(&[("max_documents_body_bytes", "65536")]).await;
    let _other_owner = other.found("moved").await;
    let told = as_owner(&other, "moved", &["tenants", "import", &archive, "--json"]).expect(0).json();
    assert_eq!(told["imported"]["documents"], 300, "{told}");
}

fn file_of(archive: &str, name: &str) -> Vec<u8> {
    let mut zip = ZipArchive::new(File::open(archive).unwrap()).unwrap();
    let mut bytes = Vec::new();
    zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

#[tokio::test]
async fn z4_who_does_not_own_a_tenant_neither_takes_it_away_nor_fills_it() {
    if in_memory() {
        return;
    }
    let (space, owner) = furnished().await;
    let archive = archive_of(&space);
    as_owner(&space, "acme", &["tenants", "export", &archive]).expect(0);
    space.member(&owner, "admin@acme.example", "admin").await;
    let before = seen(&owner).await;
    let other = space.home().join("other.zip");
    for command in [["tenants", "export", other.to_str().unwrap()], ["tenants", "import", &archive]] {
        let arguments = [&command[..], &["--as", "admin@acme.example", "--password-file", "-"]].concat();
        let told = run_with(space.home(), &arguments, PASSWORD).expect(4).stderr;
        assert!(told.contains("who may: owner"), "{told}");
    }
    assert!(!other.exists());
    assert_eq!(seen(&owner).await, before);
}
