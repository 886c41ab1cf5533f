//! The command `ingest`: what differs is brought, and nothing from outside of the folder.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::{Value, json};

use super::terminal::TerminalSession;
use super::{command, found, run, stop};
use crate::space::file_writer::{all_ended, spools_are_empty};
use crate::space::ledger::check_home;
use crate::space::{Client, TestSpace, dataset_of, in_memory};

pub(super) fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A file that nobody else's equals.
pub(super) fn text(n: usize) -> String {
    format!("# Page {n}\n\nThe number of this page is {n}, and it tells of lantern{n} and of nothing else.\n")
}

pub(super) fn ingest(home: &Path, folder: &Path, more: &[&str]) -> super::CommandOutput {
    let folder = folder.to_str().unwrap();
    run(home, &[&["ingest", folder, "--dataset", "manual", "--json"], more].concat())
}

fn counts(summary: &Value) -> [u64; 6] {
    ["new", "changed", "unchanged", "duplicate", "failed", "skipped"]
        .map(|key| summary[key].as_u64().unwrap())
}

#[tokio::test]
async fn q1_a_folder_is_brought_once_and_then_only_what_changed_with_and_without_a_server() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let folder = tempfile::tempdir().unwrap();
    for n in 0..300 {
        write(folder.path(), &format!("chapter {}/page-{n}.md", n % 7), text(n));
    }
    let missing = ingest(space.home(), folder.path(), &[]).expect(3);
    assert!(missing.stderr.contains("--create makes it"), "{missing:?}");

    let first = ingest(space.home(), folder.path(), &["--create"]).expect(0).json();
    assert_eq!(counts(&first), [300, 0, 0, 0, 0, 0], "{first}");
    assert!(first["chunks"].as_u64().unwrap() >= 300 && first["bytes"].as_u64().unwrap() > 10_000);
    let dataset = first["dataset_id"].as_str().unwrap();
    let asked = json!({ "query": "lantern217", "similarity_threshold": 0.0 });
    let hits = owner.post(&format!("/datasets/{dataset}/search"), &asked).await.expect(200);
    assert_eq!(hits.body["documents"][0]["metadata"]["source"], "chapter 0/page-217.md");
    let jobs = owner.audit("&action=sensitive_create").await;
    assert!(jobs.iter().any(|event| event["actor"] == json!({ "kind": "operator" })), "{jobs:?}");

    let again = ingest(space.home(), folder.path(), &["--create"]).expect(0).json();
    assert_eq!((counts(&again), &again["bytes"]), ([0, 0, 300, 0, 0, 0], &json!(0)), "nothing is sent twice");
    stop(&mut space);
    write(folder.path(), "chapter 1/page-1.md", "Another text, of willows.");
    write(folder.path(), "new.txt", "A new text, of herons.");
    write(folder.path(), "copy.txt", "A new text, of herons.");
    write(folder.path(), "copy of a page.md", text(5));
    let alone = ingest(space.home(), folder.path(), &[]).expect(0).json();
    assert_eq!(counts(&alone), [1, 1, 299, 2, 0, 0], "{alone}");
    let table =
        run(space.home(), &["ingest", folder.path().to_str().unwrap(), "--dataset", "manual"]).expect(0);
    assert!(table.stdout.contains("manual: 0 new, 0 changed, 301 unchanged, 2 duplicate"), "{table:?}");
}

#[tokio::test]
async fn k16_nothing_outside_of_the_folder_and_nothing_strange_is_brought_and_each_is_told_of() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    space.found("acme").await;
    let around = tempfile::tempdir().unwrap();
    let folder = around.path().join("folder");
    write(around.path(), "secret.txt", "The outside secret.");
    write(around.path(), "outside/secret.txt", "Another outside secret.");
    write(&folder, "good.txt", "A good text.");
    write(&folder, "also/good.md", "Another good text.");
    symlink(around.path().join("secret.txt"), folder.join("link.txt")).unwrap();
    symlink(around.path().join("outside"), folder.join("linked")).unwrap();
    symlink("good.txt", folder.join("inner.txt")).unwrap();
    write(&folder, ".hidden.txt", "hidden");
    write(&folder, ".git/config.txt", "hidden");
    write(&folder, "picture.png", [0xff, 0xd8]);
    write(&folder, "bad\u{202e}txt.md", "turned");
    fs::File::create(folder.join("huge.txt")).unwrap().set_len(33 << 20).unwrap();
    fs::write(folder.join(std::ffi::OsStr::from_bytes(b"not-utf8-\xff.txt")), "x").unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(folder.join("pipe.txt")).status().unwrap();
    assert!(pipe.success());
    write(&folder, "empty.txt", "");
    write(&folder, "latin1.txt", b"caf\xe9 au lait");
    write(&folder, "not.json", "{");

    let ran = ingest(space.home(), &folder, &["--create"]).expect(5);
    let summary = ran.json();
    assert_eq!(counts(&summary)[0], 2, "{summary}");
    let skips = summary["skips"].as_array().unwrap();
    let reason = |file: &str| {
        let report = skips.iter().find(|report| report["file"].as_str().unwrap().starts_with(file));
        report.unwrap_or_else(|| panic!("{file} is not told of: {skips:?}"))["reason"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for (file, because) in [
        ("link.txt", "symbolic link"),
        ("linked", "symbolic link"),
        ("inner.txt", "symbolic link"),
        (".hidden.txt", "hidden"),
        (".git", "hidden"),
        ("picture.png", "ending"),
        ("bad", "direction"),
        ("huge.txt", "bytes"),
        ("not-utf8-", "UTF-8"),
        ("pipe.txt", "no file"),
    ] {
        assert!(reason(file).contains(because), "{file}: {}", reason(file));
    }
    assert_eq!(skips.len(), 10);
    let failures = summary["failures"].as_array().unwrap();
    for file in ["empty.txt", "latin1.txt", "not.json"] {
        assert!(
            failures.iter().any(|report| report["file"] == file && report["reason"] != ""),
            "{file}: {failures:?}"
        );
    }
    assert_eq!(summary["failed"], 3, "{summary}");
    assert!(!summary.to_string().contains("outside secret"));
    let people = run(space.home(), &["ingest", folder.to_str().unwrap(), "--dataset", "manual"]).expect(5);
    assert!(people.stdout.contains("failed: latin1.txt: "), "{people:?}");
    assert!(people.stdout.contains("skipped: bad\\u{202e}txt.md: "), "{people:?}");
    assert!(
        people.stdout.contains("skipped: inner.txt, link.txt, linked: it is a symbolic link"),
        "{people:?}"
    );
    assert!(people.stderr.contains("3 files failed"), "{people:?}");

    run(space.home(), &["ingest", "/nowhere/at/all", "--dataset", "manual"]).expect(3);
    let null = run(space.home(), &["ingest", "/dev/null", "--dataset", "manual"]).expect(1);
    assert!(null.stderr.contains("is neither a folder nor a file"), "{null:?}");
}

#[tokio::test]
async fn q1_after_a_kill_of_the_server_the_same_command_goes_on() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let folder = tempfile::tempdir().unwrap();
    for n in 0..1_200 {
        write(folder.path(), &format!("page-{n}.md"), text(n));
    }
    let arguments = ["ingest", folder.path().to_str().unwrap(), "--dataset", "manual", "--create"];
    let mut at = TerminalSession::run(command(space.home(), &arguments));
    at.wait_for(" files  ");
    space.server().kill();
    let (code, shown) = at.end();
    // It may have been done by then; else it says how to go on.
    assert!(
        code == Some(0) || (code == Some(1) && shown.contains("run the same command again")),
        "{code:?} {shown}"
    );
    let rest = ingest(space.home(), folder.path(), &["--create"]).expect(0).json();
    let [new, changed, unchanged, duplicate, failed, _] = counts(&rest);
    assert_eq!((new + unchanged, changed + duplicate + failed), (1_200, 0), "{rest}");
    space.server().run_again().await;
    let owner = space.anybody().with_token(owner.token());
    let dataset = rest["dataset_id"].as_str().unwrap();
    for n in [0, 600, 1_199] {
        let asked = json!({ "query": format!("lantern{n}"), "similarity_threshold": 0.0 });
        let hits = owner.post(&format!("/datasets/{dataset}/search"), &asked).await.expect(200);
        assert_eq!(hits.body["documents"][0]["metadata"]["source"], format!("page-{n}.md"));
    }
}

#[tokio::test]
async fn q1_after_a_kill_of_the_command_itself_the_space_is_whole_and_the_next_run_completes() {
    if in_memory() {
        return;
    }
    for with_a_server in [true, false] {
        let mut space = TestSpace::start().await;
        let owner = space.found("acme").await;
        let dataset = dataset_of(&owner, "manual", &[]).await;
        let folder = tempfile::tempdir().unwrap();
        for n in 0..3_000 {
            write(folder.path(), &format!("page-{n}.md"), text(n));
        }
        if !with_a_server {
            stop(&mut space);
        }
        let arguments = ["ingest", folder.path().to_str().unwrap(), "--dataset", "manual"];
        let mut at = TerminalSession::run(command(space.home(), &arguments));
        at.wait_for("/3,000 files");
        at.kill();
        assert_eq!(at.end().0, None, "it was killed while it sent");
        if !with_a_server {
            space.server().run_again().await;
        }
        let owner = space.anybody().with_token(owner.token());
        // What was acknowledged goes on, and what was cut off leaves nothing.
        all_ended(&owner, &dataset).await;
        spools_are_empty(space.home()).await;
        check_home(&owner, space.home()).await;
        let rest = ingest(space.home(), folder.path(), &[]).expect(0).json();
        let [new, changed, unchanged, duplicate, failed, _] = counts(&rest);
        assert_eq!((new + unchanged, changed + duplicate + failed), (3_000, 0), "{rest}");
        assert!(new > 0, "it was killed before its end: {rest}");
        // The connection of before may have been closed while the command ran.
        let owner = space.anybody().with_token(owner.token());
        for n in [0, 1_500, 2_999] {
            let asked = json!({ "query": format!("lantern{n}"), "similarity_threshold": 0.0 });
            let hits = owner.post(&format!("/datasets/{dataset}/search"), &asked).await.expect(200);
            assert_eq!(hits.body["documents"][0]["metadata"]["source"], format!("page-{n}.md"));
        }
    }
}

#[test]
fn q1_a_terminal_shows_a_bar_and_ctrl_c_stops_the_jobs() {
    if in_memory() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    found(home.path(), "acme");
    let folder = tempfile::tempdir().unwrap();
    for n in 0..3_000 {
        write(folder.path(), &format!("page-{n}.md"), text(n));
    }
    let arguments = ["ingest", folder.path().to_str().unwrap(), "--dataset", "manual", "--create"];
    let mut at = TerminalSession::run(command(home.path(), &arguments));
    at.wait_for("/3,000 files");
    at.wait_for(" chunks");
    at.wait_for(" left");
    at.interrupt();
    let (code, shown) = at.end();
    assert_eq!(code, Some(130), "{shown}");
    assert!(shown.contains("run the same command again to go on"), "{shown}");
    let jobs = run(home.path(), &["jobs", "list", "--dataset", "manual", "--json"]).expect(0).items();
    let running = jobs.iter().filter(|job| job["status"] == "running" || job["status"] == "queued").count();
    assert_eq!(running, 0, "{jobs:?}");
    let rest = ingest(home.path(), folder.path(), &[]).expect(0).json();
    let [new, _, unchanged, ..] = counts(&rest);
    assert!(new > 0 && new + unchanged == 3_000, "{rest}");
}

/// What each document of a dataset says, by its name.
pub(super) async fn texts(owner: &Client, dataset: &str) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let listed = owner.get(&format!("/datasets/{dataset}/documents?limit=100")).await.expect(200);
    for document in listed.body["items"].as_array().unwrap() {
        let id = document["document_id"].as_str().unwrap();
        let document = owner.get(&format!("/datasets/{dataset}/documents/{id}")).await.expect(200);
        let text = document.body["content"].as_str().unwrap().trim().to_owned();
        texts.insert(document.body["metadata"]["source"].as_str().unwrap_or(id).to_owned(), text);
    }
    texts
}

#[tokio::test]
async fn q1_after_every_run_each_name_has_the_content_of_its_file_however_files_changed_places() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let folder = tempfile::tempdir().unwrap();
    let mut dataset = None;
    for (round, files) in [
        &[("a.txt", "birch"), ("b.txt", "cedar"), ("c.txt", "damson"), ("d.txt", "elder")][..],
        // A rotation, with a new one at its head.
        &[("a.txt", "fir"), ("b.txt", "birch"), ("c.txt", "cedar"), ("d.txt", "damson")],
        // Two change places.
        &[("a.txt", "fir"), ("b.txt", "cedar"), ("c.txt", "birch"), ("d.txt", "damson")],
        // All come to say the same, an old content moves to a new name, and so does one that stays.
        &[("a.txt", "void"), ("b.txt", "void"), ("c.txt", "void"), ("d.txt", "void"), ("e.txt", "fir")],
        // A circle of all, and a new name for what is replaced.
        &[
            ("a.txt", "hazel"),
            ("b.txt", "hazel"),
            ("c.txt", "ivy"),
            ("d.txt", "void"),
            ("e.txt", "void"),
            ("f.txt", "fir"),
        ],
    ]
    .into_iter()
    .enumerate()
    {
        for (name, text) in files {
            write(folder.path(), name, text);
        }
        let done = ingest(space.home(), folder.path(), &["--create"]).expect(0).json();
        let dataset = dataset.get_or_insert_with(|| done["dataset_id"].as_str().unwrap().to_owned());
        let expected = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        assert_eq!(texts(&owner, dataset).await, expected, "round {round}");
        let again = ingest(space.home(), folder.path(), &[]).expect(0).json();
        assert_eq!(again["bytes"], 0, "round {round}: {again}");
    }
}

#[tokio::test]
async fn q1_prune_removes_what_was_made_of_files_that_are_gone_and_nothing_else() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "manual", &[("from-json", "Written by hand.")]).await;
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in
        [("kept.txt", "kept"), ("sub/gone.txt", "gone"), ("gone.md", "also gone"), ("large.txt", "x")]
    {
        write(folder.path(), name, text);
    }
    ingest(space.home(), folder.path(), &["--prune"]).expect(0);
    fs::remove_dir_all(folder.path().join("sub")).unwrap();
    fs::remove_file(folder.path().join("gone.md")).unwrap();
    // Skipped, and there.
    fs::File::create(folder.path().join("large.txt")).unwrap().set_len(64 * 1024 * 1024).unwrap();
    let kept = ingest(space.home(), folder.path(), &[]).expect(0).json();
    assert_eq!((&kept["removed"], texts(&owner, &dataset).await.len()), (&json!(0), 5));
    write(folder.path(), "broken.pdf", "no PDF");
    let refused = ingest(space.home(), folder.path(), &["--prune"]).expect(5);
    assert!(refused.stderr.contains("1 file failed; nothing was pruned"), "{refused:?}");
    let told = refused.json();
    assert_eq!((&told["failures"][0]["file"], &told["removed"]), (&json!("broken.pdf"), &json!(0)));
    assert_eq!(texts(&owner, &dataset).await.len(), 5);
    fs::remove_file(folder.path().join("broken.pdf")).unwrap();
    let pruned = ingest(space.home(), folder.path(), &["--prune"]).expect(0).json();
    assert_eq!(pruned["removed"], 2);
    let left: Vec<String> = texts(&owner, &dataset).await.into_keys().collect();
    assert_eq!(left, ["from-json", "kept.txt", "large.txt"]);
    // A disk that is not there is an empty folder.
    let empty = tempfile::tempdir().unwrap();
    let refused = ingest(space.home(), empty.path(), &["--prune"]).expect(4);
    assert!(refused.stderr.contains("there is no file in the folder"), "{refused:?}");
    assert_eq!(texts(&owner, &dataset).await.len(), 3);
    let file = folder.path().join("kept.txt");
    let alone = ingest(space.home(), &file, &["--prune"]).expect(2);
    assert!(alone.stderr.contains("--prune is for a folder"), "{alone:?}");
}

#[tokio::test]
async fn q1_a_file_that_was_renamed_is_cited_under_its_new_name_and_one_that_was_emptied_not_at_all() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (name, text) in
        [("draft.txt", "Pelicans."), ("kept.txt", "Cranes."), ("gone.txt", "Rails."), ("e.md", "Coots.")]
    {
        write(folder.path(), name, text);
    }
    let first = ingest(space.home(), folder.path(), &["--create"]).expect(0).json();
    let dataset = first["dataset_id"].as_str().unwrap();
    let sources = async |question: &str| {
        let asked = json!({ "query": question, "similarity_threshold": 0.0 });
        let hits = owner.post(&format!("/datasets/{dataset}/search"), &asked).await.expect(200);
        let hits = hits.body["documents"].as_array().unwrap().clone();
        hits.iter().map(|hit| hit["metadata"]["source"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // Renamed, and copied; a copy of what is there; and one that is gone and nowhere else.
    fs::create_dir(path("final")).unwrap();
    fs::rename(path("draft.txt"), path("final/minutes.txt")).unwrap();
    fs::copy(path("final/minutes.txt"), path("final/copy.txt")).unwrap();
    fs::copy(path("kept.txt"), path("copy of kept.txt")).unwrap();
    fs::remove_file(path("gone.txt")).unwrap();
    // Of one file alone nothing is known of the others.
    let alone = ingest(space.home(), &path("final/minutes.txt"), &[]).expect(0).json();
    assert_eq!((counts(&alone), &alone["removed"]), ([0, 0, 0, 1, 0, 0], &json!(0)), "{alone}");
    let renamed = ingest(space.home(), folder.path(), &[]).expect(0).json();
    assert_eq!((counts(&renamed), &renamed["removed"]), ([1, 0, 2, 2, 0, 0], &json!(1)), "{renamed}");
    let cited = sources("pelicans").await;
    assert!(cited == ["final/copy.txt"] || cited == ["final/minutes.txt"], "{cited:?}");
    assert_eq!(sources("rails").await, ["gone.txt"], "only --prune removes it");
    let again = ingest(space.home(), folder.path(), &[]).expect(0).json();
    assert_eq!((counts(&again), &again["removed"]), ([0, 0, 3, 2, 0, 0], &json!(0)), "{again}");

    write(folder.path(), "e.md", "");
    let emptied = ingest(space.home(), folder.path(), &[]).expect(5).json();
    assert_eq!(counts(&emptied), [0, 0, 2, 2, 1, 0], "{emptied}");
    assert_eq!(
        emptied["failures"][0]["reason"],
        "the file is empty; what was stored of it before is removed"
    );
    assert_eq!(sources("coots").await, [""; 0]);
    let again = ingest(space.home(), folder.path(), &[]).expect(5).json();
    assert_eq!(again["failures"][0]["reason"], "the file is empty");
    // Where not all could be taken in, nothing is known to be gone.
    fs::rename(path("kept.txt"), path("moved.txt")).unwrap();
    fs::remove_file(path("copy of kept.txt")).unwrap();
    fs::remove_file(path("e.md")).unwrap();
    let moved = ingest(space.home(), folder.path(), &[]).expect(0).json();
    assert_eq!((sources("cranes").await, &moved["removed"]), (vec!["moved.txt".to_owned()], &json!(1)));
}

#[tokio::test]
async fn q1_a_folder_whose_files_would_be_read_better_now_is_sent_again_once() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("a.txt", "Terns."), ("copy.txt", "Terns."), ("b.md", "Gulls.")] {
        write(folder.path(), name, text);
    }
    let first = ingest(space.home(), folder.path(), &["--create"]).expect(0).json();
    let dataset = first["dataset_id"].as_str().unwrap().to_owned();
    let listed = owner.get(&format!("/datasets/{dataset}/documents")).await.expect(200);
    assert!(!listed.text.contains("outdated"), "{}", listed.text);
    stop(&mut space);
    // As a reader of another version has read them.
    let tenants = fs::read_dir(space.home().join("tenants")).unwrap().map(|tenant| tenant.unwrap().path());
    let database = tenants.map(|tenant| tenant.join("datasets").join(&dataset).join("documents.db"));
    let database = database.into_iter().find(|path| path.exists()).unwrap();
    let mut database = SqliteConnection::establish(database.to_str().unwrap()).unwrap();
    let older = "UPDATE hashes SET reader = 0 WHERE document_id = 'a.txt';
        UPDATE hashes SET reader = NULL WHERE document_id = 'b.md';";
    database.batch_execute(older).unwrap();
    drop(database);
    let again = ingest(space.home(), folder.path(), &[]).expect(0).json();
    assert_eq!(counts(&again), [0, 2, 0, 1, 0, 0], "{again}");
    let third = ingest(space.home(), folder.path(), &[]).expect(0).json();
    assert_eq!((counts(&third), &third["bytes"]), ([0, 0, 2, 1, 0, 0], &json!(0)), "{third}");
}

#[tokio::test]
async fn q1_one_file_a_language_and_lock_files_of_office_programs() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "haus.txt", "Die Häuser am Hafen wurden verkauft.");
    write(folder.path(), "other.txt", "Not meant.");
    write(folder.path(), "sub/~$report.docx", [0_u8; 162]);
    write(folder.path(), "~$haus.txt", "x");
    write(folder.path(), ".~lock.haus.txt#", "x");
    let file = folder.path().join("haus.txt");
    let one = ingest(space.home(), &file, &["--create", "--language", "german"]).expect(0).json();
    assert_eq!(counts(&one), [1, 0, 0, 0, 0, 0], "{one}");
    let dataset = one["dataset_id"].as_str().unwrap();
    let made = owner.get(&format!("/datasets/{dataset}")).await.expect(200);
    assert_eq!(made.body["configuration"]["stemming"], "german");
    let asked = json!({ "query": "Haus", "similarity_threshold": 0.0 });
    let hits = owner.post(&format!("/datasets/{dataset}/search"), &asked).await.expect(200);
    assert_eq!(hits.body["documents"][0]["metadata"]["source"], "haus.txt");
    let all = ingest(space.home(), folder.path(), &[]).expect(0).json();
    assert_eq!(counts(&all), [1, 0, 1, 0, 0, 3], "{all}");
    assert!(all["skips"].to_string().contains("lock file of Microsoft Office"), "{all}");
    let arguments =
        ["ingest", file.to_str().unwrap(), "--dataset", "new", "--create", "--language", "klingon"];
    let unknown = run(space.home(), &arguments).expect(2);
    assert!(unknown.stderr.contains("german") && unknown.stderr.contains("cjk"), "{unknown:?}");
}

#[tokio::test]
async fn o1_where_the_disk_is_nearly_full_the_operators_files_are_refused_at_once() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "manual", &[("a", "Penguins swim.")]).await;
    space.server().signal("TERM");
    assert_eq!(space.server().wait(), Some(0));
    let mut command = space.server().command();
    command.env("SYFT_SPACE_MIN_FREE_BYTES", (1_u64 << 50).to_string());
    space.server().run(command);
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "gulls.txt", "Gulls steal.");
    let brought = run(space.home(), &["ingest", folder.path().to_str().unwrap(), "--dataset", "manual"]);
    assert_ne!(brought.code, Some(0), "{brought:?}");
    assert!(brought.stderr.contains("room"), "{brought:?}");
    let owner = space.anybody().with_token(owner.token());
    let jobs = owner.get(&format!("/datasets/{dataset}/jobs")).await.expect(200);
    assert_eq!(jobs.body["items"].as_array().unwrap().len(), 1, "none was taken: {}", jobs.text);
    owner.delete(&format!("/datasets/{dataset}/documents/a")).await.expect(204);
}
