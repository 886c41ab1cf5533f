//! The process and its files: how it starts, refuses to start, stops, and what it leaves on the disk.

mod index;
mod missing;
mod read_files;
mod refusals;
mod setup_token;
mod shutdown;
mod unreadable;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::space::{Server, TestSpace, binary, dataset_of, endpoint_on, in_memory};

/// What a command says that ends by itself.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Everything in a folder: files with their modes, at any depth.
fn walk(folder: &Path, visit: &mut impl FnMut(&Path, u32)) {
    visit(folder, folder.metadata().unwrap().mode() & 0o7777);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, visit);
        } else {
            visit(&path, path.metadata().unwrap().mode() & 0o7777);
        }
    }
}

#[tokio::test]
async fn r1_the_home_is_its_owners_alone_whatever_the_umask() {
    if in_memory() {
        return;
    }
    for umask in ["022", "000"] {
        let mut server = Server::prepare(&[]);
        let serve = server.command();
        let mut command = Command::new("sh");
        command.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")]);
        command.arg(serve.get_program()).args(serve.get_args());
        server.run(command);
        let space = TestSpace::of(server);
        // With its setup token, and then with all that a life brings.
        check_modes(space.home(), umask);
        let owner = space.found("modes").await;
        let dataset =
            dataset_of(&owner, "texts", &[("one", "A first text."), ("two", "A second text.")]).await;
        endpoint_on(&owner, &dataset, "texts").await;
        owner.ask("texts", "first").await.expect(200);
        owner.delete(&format!("/datasets/{dataset}/documents/two")).await.expect(204);
        check_modes(space.home(), umask);
        assert_eq!(std::fs::read_to_string(space.home().join(".gitignore")).unwrap().trim(), "*");
    }
}

#[track_caller]
fn check_modes(home: &Path, umask: &str) {
    let mut open = Vec::new();
    walk(home, &mut |path, mode| {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        if mode != expected {
            open.push(format!("{mode:o} {}", path.strip_prefix(home).unwrap().display()));
        }
    });
    assert!(open.is_empty(), "under umask {umask} others get at: {open:#?}");
}

#[tokio::test]
async fn what_others_could_read_of_a_home_is_tightened_at_start() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::with(&[("log", "error")]).await;
    space.server().signal("TERM");
    space.server().wait();
    for (name, mode) in [("", 0o755), ("app.db", 0o644), ("keys", 0o755), ("VERSION", 0o666)] {
        let open = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(space.home().join(name), open).unwrap();
    }
    space.server().run_again().await;
    check_modes(space.home(), "022");
}

/// What kubelet does with a volume of `fsGroup` at each mount, as `chmod -R g+rwX` and the mark on folders.
fn open_to_the_group(home: &Path) {
    walk(home, &mut |path, mode| {
        let added = if path.is_dir() { 0o2070 } else { 0o060 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode | added)).unwrap();
    });
}

#[tokio::test]
async fn r1_a_volume_that_each_mount_opens_to_a_group_starts_every_time_and_is_private_again() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("pods").await;
    let dataset = dataset_of(&owner, "hours", &[("hours", "The reading room opens at nine.")]).await;
    endpoint_on(&owner, &dataset, "hours").await;
    for round in 0..4 {
        // In order, and as a pod that is evicted.
        if round % 2 == 0 {
            space.server().signal("TERM");
            assert_eq!(space.server().wait(), Some(0));
        } else {
            space.server().kill();
        }
        open_to_the_group(space.home());
        let said = space.server().run_again_and_listen();
        assert!(said.contains("now the owner alone can") && said.contains("the keys of the home"), "{said}");
        // All of it in one line, which says how much it was.
        assert_eq!(said.matches("now the owner alone can").count(), 1, "{said}");
        let line = said.lines().find(|line| line.contains("now the owner alone can")).unwrap();
        let count = line.split("count=").nth(1).unwrap().split(' ').next().unwrap();
        assert!(line.contains("the keys of the home") && count.parse::<u64>().unwrap() > 8, "{line}");
        check_modes(space.home(), "of a mount");
        let owner = space.anybody().with_token(owner.token());
        owner.ask("hours", "reading room").await.expect(200);
    }
}

#[tokio::test]
async fn without_a_command_or_any_setting_it_serves_the_default_home() {
    if in_memory() {
        return;
    }
    let mut server = Server::prepare(&[]);
    let mut command = binary();
    command.env("HOME", server.home()).args(["--listen", "127.0.0.1:0"]);
    let user = server.home().to_owned();
    server.run(command);
    let space = TestSpace::of(server);
    space.anybody().get("/health").await.expect(200);
    let home = user.join(".syft-space");
    assert_eq!(home.metadata().unwrap().mode() & 0o7777, 0o700);
    assert!(home.join("app.db").exists() && home.join("setup-token").exists());
}

#[tokio::test]
async fn r1_a_volume_of_root_that_the_user_may_write_to_gets_a_home_in_it() {
    const USER: u32 = 1_000;
    const GROUP: u32 = 2_000;
    if in_memory() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let volume = folder.path().join("volume");
    fs::create_dir(&volume).unwrap();
    if chown(&volume, Some(0), Some(GROUP)).is_err() {
        eprintln!("skipped: only root can give a folder to root");
        return;
    }
    for (path, mode) in [(folder.path(), 0o755), (&volume, 0o2775)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    // Where this user may reach it.
    let program = folder.path().join("syft-space");
    fs::copy(binary().get_program(), &program).unwrap();
    let mut server = Server::prepare(&[]);
    let mut command = Command::new(&program);
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--home"])
        .arg(&volume)
        .env_clear()
        .uid(USER)
        .gid(GROUP);
    server.run(command);
    let space = TestSpace::of(server);
    space.anybody().get("/health").await.expect(200);
    assert_eq!(volume.metadata().unwrap().mode() & 0o7777, 0o2775, "the volume is left as it is");
    let home = volume.join("syft-space");
    assert_eq!((home.metadata().unwrap().mode() & 0o777, home.metadata().unwrap().uid()), (0o700, USER));
    assert!(home.join("app.db").exists() && home.join("control.sock").exists());
}

#[tokio::test]
async fn a1_r1_a_restart_keeps_access_tokens_documents_and_rules() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("restart").await;
    let dataset = dataset_of(&owner, "hours", &[("hours", "The reading room opens at nine.")]).await;
    endpoint_on(&owner, &dataset, "hours").await;
    let before = owner.ask("hours", "reading room").await.expect(200);
    space.server().signal("TERM");
    assert_eq!(space.server().wait(), Some(0));
    space.server().run_again().await;
    let owner = space.anybody().with_token(owner.token());
    assert_eq!(owner.get("/auth/me").await.expect(200).body["tenant_name"], "restart");
    let after = owner.ask("hours", "reading room").await.expect(200);
    assert_eq!(after.body["references"]["documents"], before.body["references"]["documents"]);
    let search = json!({ "query": "reading room" });
    let found = owner.post(&format!("/datasets/{dataset}/search"), &search).await.expect(200);
    assert_eq!(found.body["documents"][0]["document_id"], "hours");
}

#[test]
fn the_demo_answers_one_and_refuses_another_and_leaves_nothing() {
    if in_memory() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [documents, user, temporary] = ["documents", "user", "temporary"].map(|name| {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        path
    });
    std::fs::write(documents.join("hours.txt"), "The reading room opens at nine and closes at six.").unwrap();
    std::fs::write(documents.join("cats.md"), "# Cats\n\nCats are welcome in the garden, dogs are not.")
        .unwrap();
    std::fs::write(documents.join("picture.png"), [0xff, 0xd8]).unwrap();
    std::fs::create_dir(documents.join("below")).unwrap();
    std::fs::write(documents.join("below/dogs.html"), "<p>Dogs wait outside of the reading room.</p>")
        .unwrap();
    let mut command = binary();
    command.args([
        "demo",
        "--exit",
        "--listen",
        "127.0.0.1:0",
        "--question",
        "When does the reading room open?",
    ]);
    command.arg("--documents").arg(&documents).env("HOME", &user).env("TMPDIR", &temporary);
    let (code, said, errors) = run(&mut command);
    assert_eq!(code, Some(0), "{said}\n{errors}");
    let (answered, refused) = said.split_once("victor@elsewhere.example asks the same:").unwrap();
    assert!(answered.contains("hours.txt") && answered.contains("opens at nine"), "{answered}");
    assert!(
        answered.contains("3 new") && answered.contains("picture.png"),
        "what was left out is told: {answered}"
    );
    assert!(!said.contains("curl"), "there is no server any more to ask: {said}");
    assert!(refused.contains("403") && !refused.contains("opens at nine"), "{refused}");
    assert!(refused.contains("policy_violation") && refused.contains("endpoint_query"), "{refused}");
    for left in [&user, &temporary] {
        assert_eq!(std::fs::read_dir(left).unwrap().count(), 0, "{} is not empty", left.display());
    }
}

#[test]
fn a_demo_with_a_marketplace_is_left_to_the_program_that_brings_one() {
    if in_memory() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [program, other] = ["syft-space", "syft-space-demo"].map(|name| folder.path().join(name));
    std::fs::copy(env!("CARGO_BIN_EXE_syft-space"), &program).unwrap();
    let demo = || {
        let mut command = Command::new(&program);
        command.args(["demo", "--with-hub", "--question", "Who may ask?"]);
        run(&mut command)
    };
    let (code, said, errors) = demo();
    assert_eq!((code, said.as_str()), (Some(3), ""), "{errors}");
    assert!(errors.contains("cargo run --release -- demo --with-hub"), "{errors}");

    std::fs::write(&other, "#!/bin/sh\nprintf '%s|' \"$@\"\nexit 7\n").unwrap();
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o700)).unwrap();
    let (code, said, errors) = demo();
    assert_eq!((code, said.as_str()), (Some(7), "demo|--with-hub|--question|Who may ask?|"), "{errors}");
}

#[test]
fn a_demo_without_documents_says_so() {
    if in_memory() {
        return;
    }
    let empty = tempfile::tempdir().unwrap();
    let (code, _, errors) =
        run(binary().args(["demo", "--exit", "--listen", "127.0.0.1:0", "--documents"]).arg(empty.path()));
    assert_eq!(code, Some(3));
    assert!(errors.contains("holds no file that can be read"), "{errors}");
    // What is asked for is done or refused, never passed over.
    let (code, said, errors) = run(binary().args(["demo", "--exit", "--home"]).arg(empty.path()));
    assert_eq!((code, said.as_str()), (Some(2), ""), "{errors}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let (code, _, errors) = run(binary().args(["demo", "--exit", "--listen", &taken]));
    assert_eq!(code, Some(1));
    assert!(errors.contains(&taken) && errors.contains("choose another address"), "{errors}");
}

#[test]
fn a_demo_whose_reader_goes_away_ends_without_an_error() {
    if in_memory() {
        return;
    }
    let mut command = binary();
    command.args(["demo", "--exit", "--listen", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("Serving on "), "{first}");
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""));
}
