//! The log is bent in the database and in an export, in each way there is; who kept a checkpoint finds it out without a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::{Value, json};

use crate::cli::{CommandOutput, run, stop};
use crate::receipts::proof_of_answer;
use crate::space::{Client, TestSpace, dataset_of, endpoint_on, in_memory};

/// What somebody has kept of a log: its key, checkpoints of several sizes, and an export.
struct Kept {
    key: String,
    checkpoints: PathBuf,
    export: PathBuf,
    folder: tempfile::TempDir,
}

async fn busy_space() -> (TestSpace, Client) {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "d", &[("doc", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "things").await;
    for _ in 0..12 {
        owner.ask("things", "penguins").await.expect(200);
    }
    (space, owner)
}

async fn keep(space: &TestSpace, owner: &Client) -> Kept {
    let folder = tempfile::tempdir().unwrap();
    let key = run(space.home(), &["audit", "key"]).expect(0).stdout.trim().to_owned();
    let mut checkpoints = String::new();
    for _ in 0..2 {
        checkpoints.push_str(&run(space.home(), &["audit", "checkpoint"]).expect(0).stdout);
        for _ in 0..3 {
            owner.ask("things", "penguins").await.expect(200);
        }
    }
    let export = folder.path().join("log.jsonl");
    run(space.home(), &["audit", "export", "--file", export.to_str().unwrap()]).expect(0);
    let file = folder.path().join("log.checkpoints");
    fs::write(&file, checkpoints).unwrap();
    Kept { key, checkpoints: file, export, folder }
}

impl Kept {
    /// Verifies an export in a home where there is nothing.
    fn verify(&self, export: &Path) -> CommandOutput {
        let nowhere = self.folder.path().join("nowhere");
        let checkpoints = self.checkpoints.to_str().unwrap();
        let arguments =
            ["audit", "verify", export.to_str().unwrap(), "--checkpoint", checkpoints, "--key", &self.key];
        let ran = run(&nowhere, &arguments);
        assert!(!nowhere.exists(), "nothing is made by verifying");
        ran
    }

    fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.export).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Verifies other lines in the place of those that were exported.
    fn verify_lines(&self, lines: &[Value]) -> CommandOutput {
        let file = self.folder.path().join("bent.jsonl");
        fs::write(&file, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        self.verify(&file)
    }
}

/// Sizes of the two checkpoints.
fn sizes(kept: &Kept) -> Vec<usize> {
    let text = fs::read_to_string(&kept.checkpoints).unwrap();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

#[tokio::test]
async fn u1_every_way_to_bend_an_exported_log_is_found_without_the_server() {
    if in_memory() {
        return;
    }
    let (space, owner) = busy_space().await;
    let kept = keep(&space, &owner).await;
    let whole = kept.verify(&kept.export).expect(0);
    assert!(whole.stdout.contains("those that were signed"), "{whole:?}");
    let lines = kept.lines();
    let [first, second] = sizes(&kept)[..] else { panic!("two checkpoints") };
    assert!(first > 15 && second > first + 2 && lines.len() > second);

    let bent = |bend: &dyn Fn(&mut Vec<Value>)| {
        let mut bent = lines.clone();
        bend(&mut bent);
        let ran = kept.verify_lines(&bent).expect(4);
        assert!(ran.stderr.contains("does not verify"), "{ran:?}");
        ran.stderr
    };
    let within = format!("one of the events {} to {second} is not what it was", first + 1);
    // Fields of an event behind the first checkpoint.
    for (field, value) in [
        ("action", json!("user_deleted")),
        ("outcome", json!("failure")),
        ("count", json!(2)),
        ("time", json!("2026-01-01T00:00:00Z")),
        ("actor", json!({ "kind": "system" })),
        ("object", json!(null)),
        ("reason_code", json!("forbidden")),
        ("request_id", json!(null)),
        ("policy", json!({ "id": "01a20be1-4074-7f2a-8d9e-0b6a1f3c5d7e", "revision": 1 })),
        ("id", json!("01a20be1-4074-7f2a-8d9e-0b6a1f3c5d7e")),
    ] {
        let told = bent(&|lines| lines[first][field] = value.clone());
        assert!(told.contains(&within), "{field}: {told}");
    }
    assert!(bent(&|lines| lines[2]["outcome"] = json!("denied")).contains("one of the events 1 to"));
    // What it says of a person.
    let told = bent(&|lines| lines[6]["person"]["data"]["address"] = json!("192.0.2.1"));
    assert!(told.contains("event 7 says of a person"), "{told}");
    let told = bent(&|lines| lines[6]["person"]["salt"] = json!("00".repeat(16)));
    assert!(told.contains("event 7 says of a person"), "{told}");
    // With another commitment that fits, the event is another.
    let told = bent(&|lines| {
        lines[first]["person_commitment"] = json!("11".repeat(32));
        lines[first]["person"] = json!(null);
    });
    assert!(told.contains(&within), "{told}");
    // Left out, put in, moved, cut off.
    assert!(bent(&|lines| drop(lines.remove(4))).contains("event 5 is missing"));
    assert!(bent(&|lines| lines.insert(4, lines[3].clone())).contains("stands behind event 4"));
    assert!(bent(&|lines| lines.swap(4, 5)).contains("event 5 is missing"));
    assert!(bent(&|lines| lines.truncate(second - 1)).contains("its end was cut off, or it was rolled back"));
    assert!(bent(&|lines| lines.clear()).contains("ends with event 0"));
    // One is left out, and the others are numbered anew.
    let told = bent(&|lines| {
        lines.remove(1);
        for (n, line) in lines.iter_mut().enumerate() {
            line["seq"] = json!(n + 1);
        }
    });
    assert!(told.contains("is not what it was"), "{told}");
    // An event of another's log.
    let told = bent(&|lines| lines[9]["log"] = json!("01a20be1-4074-7f2a-8d9e-0b6a1f3c5d7e"));
    assert!(told.contains("event 10 is of another log"), "{told}");
    bent(&|lines| lines.iter_mut().for_each(|line| line["log"] = json!(null)));
    bent(&|lines| lines[3] = json!({ "seq": 4 }));
    // What was erased is told, and is no fault.
    let mut erased = lines.clone();
    erased[3]["person"] = json!(null);
    assert!(kept.verify_lines(&erased).expect(0).stdout.contains("1 of them"), "an erasure");

    // So is what was left out.
    let apart = kept.folder.path().join("apart.jsonl");
    run(space.home(), &["audit", "export", "--without-persons", "--file", apart.to_str().unwrap()]).expect(0);
    let exported = fs::read_to_string(&apart).unwrap();
    for told in ["127.0.0.1", "\"salt\""] {
        assert!(
            fs::read_to_string(&kept.export).unwrap().contains(told) && !exported.contains(told),
            "{told}"
        );
    }
    let verified = kept.verify(&apart).expect(0).stdout;
    assert!(verified.contains("is not there: it was erased, or left out"), "{verified}");

    // Checkpoints that are bent, or another key's.
    let text = fs::read_to_string(&kept.checkpoints).unwrap();
    fs::write(&kept.checkpoints, text.replacen(&format!("\n{first}\n"), &format!("\n{}\n", first - 1), 1))
        .unwrap();
    assert!(kept.verify(&kept.export).expect(4).stderr.contains("it was changed"));
}

pub fn execute(home: &Path, statement: &str) {
    let database = home.join("app.db");
    let mut connection = SqliteConnection::establish(database.to_str().unwrap()).unwrap();
    connection.batch_execute(statement).unwrap();
}

/// All events of the tenant: the installation's log has the key of zeros.
pub const OF_TENANT: &str = "log <> zeroblob(16)";

#[tokio::test]
async fn u1_every_way_to_bend_the_log_in_the_database_is_found_by_whoever_kept_a_checkpoint() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = busy_space().await;
    let kept = keep(&space, &owner).await;
    stop(&mut space);
    let home = space.home().to_owned();
    let database = home.join("app.db");
    let before = fs::read(&database).unwrap();
    for bend in [
        format!("UPDATE audit_events SET outcome = 'denied' WHERE {OF_TENANT} AND seq = 9;"),
        format!("UPDATE audit_events SET time = time + 1 WHERE {OF_TENANT} AND seq = 10;"),
        format!(
            "UPDATE audit_events SET actor_kind = 'system', actor_id = NULL, actor_role = NULL WHERE {OF_TENANT} AND seq = 11;"
        ),
        format!("UPDATE audit_events SET count = 5 WHERE {OF_TENANT} AND seq = 12;"),
        format!("UPDATE audit_events SET request_id = NULL WHERE {OF_TENANT} AND seq = 5;"),
        format!("UPDATE audit_events SET reason_code = 'forbidden' WHERE {OF_TENANT} AND seq = 5;"),
        format!(
            "UPDATE audit_persons SET data = CAST('{{\"address\":\"192.0.2.9\"}}' AS BLOB) WHERE {OF_TENANT} AND seq = 7;"
        ),
        format!("UPDATE audit_persons SET salt = zeroblob(16) WHERE {OF_TENANT} AND seq = 7;"),
        format!("UPDATE audit_events SET person_commitment = zeroblob(32) WHERE {OF_TENANT} AND seq = 7;"),
        format!("DELETE FROM audit_events WHERE {OF_TENANT} AND seq = 8;"),
        // Two change places.
        format!(
            "UPDATE audit_events SET seq = 100000 WHERE {OF_TENANT} AND seq = 8;
             UPDATE audit_events SET seq = 8 WHERE {OF_TENANT} AND seq = 9;
             UPDATE audit_events SET seq = 9 WHERE {OF_TENANT} AND seq = 100000;"
        ),
        // The end is cut off, and the head made to fit: the tree over it is made anew by the server.
        format!(
            "DELETE FROM audit_events WHERE {OF_TENANT} AND seq > 10;
             DELETE FROM audit_checkpoints;
             INSERT INTO audit_tree_backlog SELECT log, 0, x'' FROM audit_logs WHERE {OF_TENANT};
             UPDATE audit_logs SET last_seq = 10, frontier = x'' WHERE {OF_TENANT};"
        ),
        // The log is rewritten as a whole: an event is changed, and all hashes are made anew.
        format!(
            "UPDATE audit_events SET outcome = 'denied' WHERE {OF_TENANT} AND seq = 9;
             DELETE FROM audit_checkpoints;
             INSERT INTO audit_tree_backlog SELECT log, 0, x'' FROM audit_logs WHERE {OF_TENANT};
             UPDATE audit_logs SET frontier = x'' WHERE {OF_TENANT};"
        ),
    ] {
        execute(&home, &bend);
        let export = kept.folder.path().join("bent.jsonl");
        drop(fs::remove_file(&export));
        let exported = run(&home, &["audit", "export", "--file", export.to_str().unwrap()]);
        // What cannot be read any more is found out as well.
        if exported.code == Some(0) {
            let told = kept.verify(&export).expect(4);
            assert!(told.stderr.contains("does not verify"), "{bend}: {told:?}");
        } else {
            assert!(bend.starts_with("DELETE"), "{bend}: {exported:?}");
        }
        for suffix in ["-wal", "-shm"] {
            drop(fs::remove_file(home.join(format!("app.db{suffix}"))));
        }
        fs::write(&database, &before).unwrap();
    }
    let whole = kept.folder.path().join("whole.jsonl");
    run(&home, &["audit", "export", "--file", whole.to_str().unwrap()]).expect(0);
    kept.verify(&whole).expect(0);
}

#[tokio::test]
async fn u1_a_log_that_was_bent_while_the_server_was_down_is_not_signed_any_more() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = busy_space().await;
    let receipt = proof_of_answer(&owner, "things").await;
    let known = owner.get("/audit/checkpoint").await.expect(200);
    assert!(known.body["size"].as_u64().unwrap() > 10);
    assert!(space.anybody().get("//health/ready").await.body.get("audit").is_none());
    stop(&mut space);
    // An event is changed, and the tree made to fit it; the last checkpoint stays.
    execute(
        space.home(),
        &format!(
            "UPDATE audit_events SET outcome = 'denied' WHERE {OF_TENANT} AND seq = 9;
             INSERT INTO audit_tree_backlog SELECT log, 0, x'' FROM audit_logs WHERE {OF_TENANT};
             UPDATE audit_logs SET frontier = x'' WHERE {OF_TENANT};"
        ),
    );
    space.server().run_again().await;
    assert!(space.anybody().get("//health/ready").await.body.get("audit").is_none());
    space.anybody().get(&receipt).await.expect_problem(500, "internal");
    let health = space.anybody().get("//health/ready").await.expect(200);
    assert_eq!(health.body["audit"], "changed", "whoever finds it out has the operator know");
    let owner = space.log_in("owner@acme.example", crate::space::PASSWORD).await;
    owner.get("/audit/checkpoint").await.expect_problem(500, "internal");
    // What has grown is looked at when the server stops, and when it starts.
    stop(&mut space);
    space.server().run_again().await;
    let recorded = loop {
        let arguments = ["audit", "list", "--installation", "--action", "audit_integrity_fail", "--json"];
        let found = run(space.home(), &arguments).expect(0).items();
        if !found.is_empty() {
            break found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    while space.anybody().get("//health/ready").await.expect(200).body["audit"] != "changed" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(recorded[0]["reason_code"], "audit_log_changed");
    assert_eq!(recorded[0]["actor"]["kind"], "system");
    assert_eq!(recorded[0]["object"]["kind"], "audit");
}

#[tokio::test]
async fn u1_a_log_of_which_something_is_lost_is_told_of_as_soon_as_it_grows() {
    if in_memory() {
        return;
    }
    let (mut space, _) = busy_space().await;
    for lost in [
        "DELETE FROM audit_logs WHERE ",
        "UPDATE audit_logs SET last_seq = last_seq + 1 WHERE ",
        "UPDATE audit_logs SET frontier = x'00' WHERE ",
        "DELETE FROM audit_events WHERE seq > 9 AND ",
        "DELETE FROM audit_events WHERE seq = 9 AND ",
    ] {
        stop(&mut space);
        let kept = std::fs::read(space.home().join("app.db")).unwrap();
        execute(
            space.home(),
            &format!("{lost}{OF_TENANT}; UPDATE audit_checkpoints SET size = size - 1 WHERE {OF_TENANT};"),
        );
        space.server().run_again().await;
        while space.anybody().get("//health/ready").await.expect(200).body["audit"] != "changed" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        stop(&mut space);
        for behind in ["app.db-wal", "app.db-shm"] {
            let _absent = std::fs::remove_file(space.home().join(behind));
        }
        std::fs::write(space.home().join("app.db"), kept).unwrap();
        space.server().run_again().await;
        assert!(space.anybody().get("//health/ready").await.expect(200).body.get("audit").is_none());
    }
}

#[tokio::test]
async fn u1_a_checkpoint_that_was_cut_at_any_byte_is_told_of_and_those_before_it_count() {
    if in_memory() {
        return;
    }
    let (space, owner) = busy_space().await;
    let kept = keep(&space, &owner).await;
    let notes = fs::read_to_string(&kept.checkpoints).unwrap();
    let second = notes.match_indices("syft-space/").nth(2).unwrap().0;
    let (before, last) = notes.split_at(second);
    assert_eq!(sizes(&kept).len(), 2);
    for cut in 0..=last.len() {
        fs::write(&kept.checkpoints, [before.as_bytes(), &last.as_bytes()[..cut]].concat()).unwrap();
        let ran = kept.verify(&kept.export).expect(0);
        let is_torn = 0 < cut && cut < last.trim_end().len();
        assert_eq!(ran.stderr.contains("its last checkpoint is torn"), is_torn, "cut at {cut}: {ran:?}");
    }
    // Alone it is none.
    fs::write(&kept.checkpoints, &last[..last.len() / 2]).unwrap();
    assert!(kept.verify(&kept.export).expect(2).stderr.contains("torn"));
    // What was changed and not cut does not pass for torn.
    let changed = last.replacen("syft-space/", "soft-space/", 1);
    fs::write(&kept.checkpoints, format!("{before}{changed}")).unwrap();
    kept.verify(&kept.export).expect(4);
}

#[tokio::test]
async fn u1_a_log_is_exported_in_the_forms_of_others_which_verify_does_not_take_for_its_own() {
    if in_memory() {
        return;
    }
    let (space, owner) = busy_space().await;
    let kept = keep(&space, &owner).await;
    for (format, place) in [("ocsf", "/class_uid"), ("ecs", "/event/action"), ("cloudevents", "/specversion")]
    {
        let export = kept.folder.path().join(format);
        let file = export.to_str().unwrap();
        run(space.home(), &["audit", "export", "--format", format, "--file", file]).expect(0);
        let text = fs::read_to_string(&export).unwrap();
        assert!(text.lines().count() >= kept.lines().len(), "{format}");
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            assert!(event.pointer(place).is_some(), "{line}");
        }
        assert!(kept.verify(&export).expect(4).stderr.contains("is no event"), "{format}");
    }
    let installation =
        run(space.home(), &["audit", "export", "--installation", "--format", "ocsf"]).expect(0);
    assert!(installation.stdout.contains("\"log_name\":\"installation\""), "{installation:?}");
}

#[tokio::test]
async fn u1_the_api_proves_what_is_in_the_log_and_that_it_has_only_grown() {
    let space = TestSpace::open_to_all().await;
    let (owner, other) = (space.found("acme").await, space.found_another("others").await);
    for _ in 0..5 {
        other.post("/datasets", &json!({ "name": "d", "dtype": "embedded" })).await;
    }
    let size = owner.get("/audit/checkpoint").await.expect(200).body["size"].as_u64().unwrap();
    let proof = owner.get(&format!("/audit/proof?seq=1&size={size}")).await.expect(200).body;
    assert_eq!((&proof["seq"], &proof["size"]), (&json!(1), &json!(size)));
    let grown = owner.get(&format!("/audit/consistency?from=1&to={size}")).await.expect(200).body;
    assert_eq!(grown["to_root"], proof["root"]);
    assert_eq!(grown["from_root"], owner.get("/audit/proof?seq=1&size=1").await.expect(200).body["root"]);
    for path in ["/audit/proof?seq=100000", "/audit/proof?seq=2&size=1", "/audit/consistency?from=100000"] {
        owner.get(path).await.expect_problem(404, "not_found");
    }
    for path in
        ["/audit/proof?seq=0", "/audit/proof?seq=%2B1", "/audit/consistency?to=x", "/audit/export?after=-1"]
    {
        owner.get(path).await.expect_problem(422, "invalid");
    }
    let exported = owner.get("/audit/export").await.expect(200).body;
    assert_eq!(exported["items"][0]["seq"], 1);
    let items = u64::try_from(exported["items"].as_array().unwrap().len()).unwrap();
    assert_eq!(items, exported["size"].as_u64().unwrap());
    assert!(!exported.to_string().contains("others.example"), "nothing of another tenant's");
    let read = owner.audit("&action=sensitive_read").await;
    assert_eq!(read[0]["object"], json!({ "kind": "audit", "id": "1" }));
    let rest = owner.get(&format!("/audit/export?after={}", exported["size"])).await.expect(200).body;
    assert_eq!(rest["items"][0]["action"], "sensitive_read");
}

#[tokio::test]
async fn u1_checkpoints_are_kept_in_a_second_place_too() {
    if in_memory() {
        return;
    }
    let second = tempfile::tempdir().unwrap();
    let folder = second.path().join("checkpoints");
    let mut space = TestSpace::with(&[("audit_checkpoint_folder", folder.to_str().unwrap())]).await;
    let owner = space.found("acme").await;
    owner.get("/auth/me").await.expect(200);
    let key = run(space.home(), &["audit", "key"]).expect(0).stdout.trim().to_owned();
    stop(&mut space);
    space.server().run_again().await;
    space.anybody().get("//health/ready").await.expect(200);
    stop(&mut space);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let [file, ledger, house] = &files[..] else { panic!("a file for each log: {files:?}") };
    assert!(ledger.ends_with("erasure-ledger.txt") && house.ends_with("installation.txt"));
    let export = second.path().join("log.jsonl");
    run(space.home(), &["audit", "export", "--file", export.to_str().unwrap()]).expect(0);
    let arguments =
        ["audit", "verify", export.to_str().unwrap(), "--checkpoint", file.to_str().unwrap(), "--key", &key];
    let told = run(second.path(), &arguments).expect(0);
    assert!(told.stdout.contains("those that were signed"), "{told:?}");
    // An export that failed wrote nothing, and proves nothing.
    fs::write(&export, "").unwrap();
    let told = run(second.path(), &["audit", "verify", export.to_str().unwrap()]).expect(4);
    assert!(told.stderr.contains("it is empty"), "{told:?}");
    run(second.path(), &["audit", "verify", folder.to_str().unwrap()]).expect(1);
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn u1_a_log_whose_end_was_cut_off_is_told_of_at_the_next_start_although_it_has_not_grown() {
    if in_memory() {
        return;
    }
    let (mut space, _) = busy_space().await;
    stop(&mut space);
    execute(
        space.home(),
        &format!(
            "DELETE FROM audit_events WHERE {OF_TENANT} AND seq > 10;
             INSERT INTO audit_tree_backlog SELECT log, 0, x'' FROM audit_logs WHERE {OF_TENANT};
             UPDATE audit_logs SET last_seq = 10, frontier = x'' WHERE {OF_TENANT};"
        ),
    );
    space.server().run_again().await;
    while space.anybody().get("//health/ready").await.expect(200).body["audit"] != "changed" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
