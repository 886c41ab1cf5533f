//! Tests of opening: what may not be opened is refused, clearly and untouched.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use crate::support::{event, execute, gap_free, keep, open, port, read, tenant};
use syft_space_domain::audit::Log;
use syft_space_domain::store::NoopHook;
use syft_space_domain::tenant::OperatorScope;
use syft_space_home::{HomeError, LockError};
use syft_space_sqlite::{OpenError, SqliteOptions, SqliteStore, prepare_home};
use tempfile::TempDir;

fn try_open(home: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(home, SqliteOptions::default(), Arc::new(NoopHook))
}

/// Every file and folder, with its mode and content.
fn contents(folder: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::symlink_metadata(&path).unwrap().permissions().mode();
            let content = fs::read(&path).unwrap_or_default();
            all.insert(path.display().to_string(), (mode, content));
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    let mode = fs::metadata(folder).unwrap().permissions().mode();
    all.insert(".".to_owned(), (mode, Vec::new()));
    all
}

/// Opening fails, and leaves everything as it was. Answers what is said.
#[track_caller]
fn refused(home: &Path) -> OpenError {
    let before = contents(home);
    let error = try_open(home).err().expect("this must not be opened");
    assert_eq!(contents(home), before, "nothing is touched: {error}");
    error
}

/// A home with a tenant and some events in it, closed in order.
fn used() -> TempDir {
    let home = TempDir::new().unwrap();
    let store = open(home.path());
    keep(&store, |tx| tx.add_tenant(&tenant(1)));
    for _ in 0..50 {
        port(&store).record(event(Log::Installation)).wait().unwrap();
    }
    home
}

#[test]
fn r1_a_home_is_its_owners_alone_whatever_the_umask() {
    let outside = TempDir::new().unwrap();
    let path = outside.path().join("deep/home");
    fs::create_dir_all(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    let store = open(&path);
    keep(&store, |tx| tx.add_tenant(&tenant(1)));
    for (name, (mode, _)) in contents(&path) {
        assert_eq!(mode & 0o077, 0, "others can use {name}: {mode:o}");
    }
    assert!(path.join("keys").is_dir() && path.join("tenants").is_dir());
    assert_eq!(fs::read_to_string(path.join(".gitignore")).unwrap(), "*\n");
    assert_eq!(fs::read_to_string(path.join("VERSION")).unwrap(), "1\n");
}

#[test]
fn r1_what_others_could_read_is_tightened() {
    let home = used();
    for file in ["app.db", "VERSION", "lock"] {
        fs::set_permissions(home.path().join(file), Permissions::from_mode(0o644)).unwrap();
    }
    fs::set_permissions(home.path(), Permissions::from_mode(0o777)).unwrap();
    let _store = open(home.path());
    for (name, (mode, _)) in contents(home.path()) {
        assert_eq!(mode & 0o077, 0, "others can use {name}: {mode:o}");
    }
}

#[test]
fn it_can_be_opened_again_and_all_is_there() {
    let home = used();
    let store = open(home.path());
    assert_eq!(gap_free(&store, Log::Installation), 51);
    assert_eq!(read(&store, |view| view.tenants(&OperatorScope::at_startup())).unwrap().len(), 1);
}

#[test]
fn the_database_of_a_python_space_is_not_touched() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("app.db");
    execute(
        &path,
        "PRAGMA journal_mode = WAL; CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL); \
                    CREATE TABLE tenants (id CHAR(32), display_name VARCHAR, meta JSON);",
    );
    let error = refused(home.path());
    assert!(matches!(error, OpenError::Python { .. }), "{error}");
    assert!(error.to_string().contains("another home"), "{error}");
}

#[test]
fn the_database_of_another_program_is_not_touched() {
    let home = TempDir::new().unwrap();
    execute(&home.path().join("app.db"), "CREATE TABLE notes (text);");
    assert!(matches!(refused(home.path()), OpenError::Foreign { .. }));
}

#[test]
fn what_is_no_database_is_not_touched() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("app.db"), "Dear diary,\n").unwrap();
    assert!(matches!(refused(home.path()), OpenError::NotADatabase { .. }));
}

#[test]
fn a_folder_of_other_things_is_not_touched() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("thesis.odt"), "a life's work").unwrap();
    assert!(matches!(refused(home.path()), OpenError::Home(HomeError::NotAHome { .. })));
}

#[test]
fn a_folder_with_a_configuration_alone_becomes_a_home() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("config.toml"), "").unwrap();
    open(home.path());
}

#[test]
fn a_file_in_place_of_the_home_is_refused() {
    let outside = TempDir::new().unwrap();
    let path = outside.path().join("home");
    fs::write(&path, "").unwrap();
    let error = try_open(&path).err().unwrap();
    assert!(matches!(error, OpenError::Home(HomeError::NotAFolder { .. })), "{error}");
}

#[test]
fn a_database_of_a_later_version_is_not_touched() {
    let home = used();
    execute(
        &home.path().join("app.db"),
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999'); \
                                          PRAGMA wal_checkpoint(TRUNCATE);",
    );
    let before = contents(home.path());
    let error = try_open(home.path()).err().unwrap();
    assert!(matches!(&error, OpenError::Newer { version, .. } if version == "9999"), "{error}");
    assert_eq!(contents(home.path()), before);
}

#[test]
fn a_home_of_a_later_version_is_not_touched() {
    let home = used();
    fs::write(home.path().join("VERSION"), "2\n").unwrap();
    assert!(matches!(refused(home.path()), OpenError::Home(HomeError::Newer { .. })));
}

#[test]
fn a_database_restored_into_a_new_folder_is_opened() {
    let (old, new) = (used(), TempDir::new().unwrap());
    fs::copy(old.path().join("app.db"), new.path().join("app.db")).unwrap();
    assert_eq!(gap_free(&open(new.path()), Log::Installation), 51);
}

#[test]
fn damage_is_an_error_and_never_a_panic() {
    let whole = used();
    let intact = fs::read(whole.path().join("app.db")).unwrap();
    let mut said = 0;
    for page in 0..intact.len() / 4096 {
        let home = TempDir::new().unwrap();
        let mut damaged = intact.clone();
        // The first 100 bytes of page 1 tell what it is; behind them any page may be spoilt.
        let start = page * 4096 + if page == 0 { 100 } else { 0 };
        damaged[start..(page + 1) * 4096].fill(0xA5);
        fs::write(home.path().join("app.db"), damaged).unwrap();
        match try_open(home.path()) {
            Err(OpenError::Damaged { .. }) => said += 1,
            Err(error) => panic!("page {page}: {error}"),
            Ok(_) => panic!("page {page} is damaged, and nobody noticed"),
        }
    }
    assert!(said > 10, "there are pages to damage");
}

#[test]
fn a_database_that_was_cut_short_is_damaged() {
    let home = used();
    let path = home.path().join("app.db");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(try_open(home.path()).err(), Some(OpenError::Damaged { .. })));
}

#[test]
fn a_write_ahead_log_without_its_database_is_not_lost() {
    let home = used();
    fs::rename(home.path().join("app.db"), home.path().join("app.db-wal")).unwrap();
    assert!(matches!(refused(home.path()), OpenError::Damaged { .. }));
}

#[test]
fn a_database_that_is_read_only_stays_so() {
    let home = used();
    fs::set_permissions(home.path().join("app.db"), Permissions::from_mode(0o400)).unwrap();
    assert!(matches!(refused(home.path()), OpenError::ReadOnly { .. }));
}

#[test]
fn a_home_that_is_read_only_stays_so() {
    let home = used();
    fs::set_permissions(home.path(), Permissions::from_mode(0o500)).unwrap();
    assert!(matches!(refused(home.path()), OpenError::Home(HomeError::ReadOnly { .. })));
    fs::set_permissions(home.path(), Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_link_in_place_of_the_database_is_not_followed() {
    let (home, elsewhere) = (TempDir::new().unwrap(), used());
    symlink(elsewhere.path().join("app.db"), home.path().join("app.db")).unwrap();
    assert!(matches!(refused(home.path()), OpenError::Link { .. }));
}

#[test]
fn a_second_server_on_one_home_is_told_who_has_it() {
    let home = TempDir::new().unwrap();
    let store = open(home.path());
    let error = try_open(home.path()).err().unwrap();
    let us = std::process::id();
    assert!(
        matches!(&error, OpenError::Lock(LockError::Held { holder: Some(id), .. }) if *id == us),
        "{error}"
    );
    assert!(error.to_string().contains(&us.to_string()), "{error}");
    drop(store);
    open(home.path());
}

#[test]
fn a_home_is_prepared_twice_without_a_change() {
    let folder = TempDir::new().unwrap();
    let home = prepare_home(folder.path()).unwrap();
    let before = contents(folder.path());
    // The first may have found the folder open to others, and closed it.
    assert_eq!(prepare_home(folder.path()).unwrap().path(), home.path());
    assert_eq!(contents(folder.path()), before);
}
