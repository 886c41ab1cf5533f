//! Where it refuses to start, it says why and what to do, and touches nothing.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use super::run;
use crate::space::{TestSpace, binary, in_memory};

/// A user of this machine who is neither the one who runs the tests nor root.
const SOMEBODY_ELSE: u32 = 65_534;

/// Starts a server that must refuse, for reasons that it must give.
#[track_caller]
pub(super) fn refuses(home: &Path, settings: &[(&str, &str)], arguments: &[&str], reasons: &[&str]) {
    let mut command = binary();
    command.args(["serve", "--home"]).arg(home).args(arguments).envs(settings.iter().copied());
    let (code, said, errors) = run(&mut command);
    assert_eq!(code, Some(1), "{said}{errors}");
    assert_eq!(said, "", "it began to serve");
    for reason in reasons {
        assert!(errors.contains(reason), "it does not say {reason:?}: {errors}");
    }
}

#[test]
fn a_setting_that_cannot_be_taken_is_told_by_key_source_and_what_is_allowed() {
    if in_memory() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let free = ["--listen", "127.0.0.1:0"];
    let listn = ["the environment's SYFT_SPACE_LISTN", "did you mean SYFT_SPACE_LISTEN?"];
    refuses(&home, &[("SYFT_SPACE_LISTN", "127.0.0.1:0")], &free, &listn);
    let format = ["log_format = \"xml\"", "the environment's SYFT_SPACE_LOG_FORMAT", "pretty or json"];
    refuses(&home, &[("SYFT_SPACE_LOG_FORMAT", "xml")], &free, &format);
    refuses(
        &home,
        &[],
        &["--log-format", "xml"],
        &["log_format = \"xml\"", "the flag --log-format", "pretty or json"],
    );
    refuses(&home, &[], &["--listen", "here"], &["listen = \"here\"", "the flag --listen", "127.0.0.1:8080"]);
    let workers = ["workers = \"0\"", "SYFT_SPACE_WORKERS", "from 1 to 256"];
    refuses(&home, &[("SYFT_SPACE_WORKERS", "0")], &free, &workers);
    assert!(!home.exists(), "a server that refuses to start made its home");

    fs::create_dir(&home).unwrap();
    let file = home.join("config.toml");
    fs::write(&file, "registation = 'open'").unwrap();
    refuses(&home, &[], &free, &[file.to_str().unwrap(), "registation", "did you mean registration?"]);
    fs::write(&file, "registration = ").unwrap();
    refuses(&home, &[], &free, &[file.to_str().unwrap(), "is not TOML"]);
    assert_eq!(names(&home), ["config.toml"]);
}

#[test]
fn k8_it_does_not_serve_plain_http_to_a_network() {
    if in_memory() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    for listen in ["0.0.0.0:0", "[::]:0"] {
        refuses(&home, &[], &["--listen", listen], &["listen = ", "behind_proxy", "SYFT_SPACE_BEHIND_PROXY"]);
    }
    assert!(!home.exists());
}

#[tokio::test]
async fn r1_a_second_server_on_a_home_names_the_first() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let first = format!("process {}", space.server().pid());
    refuses(
        space.home(),
        &[],
        &["--listen", "127.0.0.1:0"],
        &["another server", &first, "choose another home"],
    );
    space.anybody().get("/health").await.expect(200);
    space.found("first").await;
}

#[test]
fn r1_what_is_not_ours_is_not_touched() {
    if in_memory() {
        return;
    }
    let foreign = [
        ("CREATE TABLE alembic_version (version_num TEXT)", "Python Syft Space"),
        ("CREATE TABLE music (title TEXT)", "another program"),
    ];
    for (schema, reason) in foreign {
        let home = tempfile::tempdir().unwrap();
        let app = home.path().join("app.db");
        SqliteConnection::establish(app.to_str().unwrap()).unwrap().batch_execute(schema).unwrap();
        untouched(home.path(), "app.db", &[reason, "choose another home"]);
    }
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("app.db"), "a diary").unwrap();
    untouched(home.path(), "app.db", &["not a SQLite database"]);
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("letter.txt"), "dear all").unwrap();
    untouched(home.path(), "letter.txt", &["holds other things", "choose an empty or a new folder"]);
}

/// Refuses a home of one file, which stays as it is, and alone.
#[track_caller]
fn untouched(home: &Path, file: &str, reasons: &[&str]) {
    fs::set_permissions(home, Permissions::from_mode(0o755)).unwrap();
    let state = || (fs::read(home.join(file)).unwrap(), fs::metadata(home).unwrap().permissions().mode());
    let before = state();
    refuses(home, &[], &["--listen", "127.0.0.1:0"], reasons);
    assert!(state() == before, "{file} was touched");
    assert_eq!(names(home), [file]);
}

#[tokio::test]
async fn r1_a_home_of_a_later_version_is_not_touched() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    space.server().signal("TERM");
    space.server().wait();
    fs::write(space.home().join("VERSION"), "2\n").unwrap();
    let before = fs::read(space.home().join("app.db")).unwrap();
    refuses(space.home(), &[], &["--listen", "127.0.0.1:0"], &["later version", "install"]);
    assert!(fs::read(space.home().join("app.db")).unwrap() == before);
}

#[tokio::test]
async fn r1_a_home_that_cannot_be_written_to_is_told_so() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    space.server().signal("TERM");
    space.server().wait();
    let set = |mode| fs::set_permissions(space.home(), Permissions::from_mode(mode)).unwrap();
    set(0o500);
    refuses(space.home(), &[], &["--listen", "127.0.0.1:0"], &["cannot be written to"]);
    set(0o700);
    let file = space.home().join("VERSION");
    refuses(&file, &[], &["--listen", "127.0.0.1:0"], &["is not a folder", "choose another home"]);
}

#[test]
fn r1_a_home_that_another_user_can_change_is_refused() {
    if in_memory() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let (code, _, errors) =
        run(binary().args(["users", "list", "--home"]).arg(&home).args(["--listen", "127.0.0.1:0"]));
    assert_eq!(code, Some(3), "{errors}");
    fs::create_dir(&home).unwrap();
    if chown(&home, Some(SOMEBODY_ELSE), None).is_err() {
        println!("skipped: only root can give a folder to another user");
        return;
    }
    let whose = format!("belongs to the user with the id {SOMEBODY_ELSE}");
    refuses(&home, &[], &["--listen", "127.0.0.1:0"], &[&whose, "chown -R 0", "another home"]);
    assert!(names(&home).is_empty());
    let (code, said, errors) = run(binary().args(["reindex", "--home"]).arg(&home));
    assert_eq!((code, said.as_str()), (Some(1), ""));
    assert!(errors.contains(&whose), "{errors}");
    fs::write(home.join("app.db"), "").unwrap();
    let (code, said, errors) = run(binary().args(["users", "list", "--home"]).arg(&home));
    assert_eq!((code, said.as_str()), (Some(1), ""));
    assert!(errors.contains(&whose) && errors.contains("or while the server runs"), "{errors}");
    assert_eq!(names(&home), ["app.db"]);

    // It would have written its keys there, and taken those that lie there for its own.
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let home = folder.path().join("own");
    fs::create_dir(&home).unwrap();
    fs::write(home.join("VERSION"), "1\n").unwrap();
    symlink(&elsewhere, home.join("keys")).unwrap();
    refuses(&home, &[], &["--listen", "127.0.0.1:0"], &["own/keys is a symbolic link"]);
    assert!(names(&elsewhere).is_empty());
}

#[tokio::test]
async fn an_address_that_is_taken_is_told_so() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let taken = space.anybody().root().trim_start_matches("http://").to_owned();
    let home = tempfile::tempdir().unwrap();
    refuses(home.path(), &[], &["--listen", &taken], &[&taken, "choose another address with --listen"]);
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
