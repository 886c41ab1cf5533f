//! Tests that what a mount opened to a group is closed again, and what may be another's key is refused.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use crate::support::{contents, dataset, job, prepare, prepared, scope, tenant};
use syft_space_domain::dataset::ports::Spool;
use syft_space_home::{FileSpool, Home, HomeError, LockError, private_file};
use tempfile::TempDir;

/// A home with a key, a spooled file, a link, and a file of the operator's.
fn lived_in() -> (TempDir, Home) {
    let (folder, home) = prepared();
    drop(home.lock().unwrap());
    private_file::write(&home.token_keys(), b"ring").unwrap();
    private_file::write(&home.sealing_key(), b"key").unwrap();
    let spool = FileSpool::new(&home);
    let mut writer = spool.begin(&scope(), dataset(), job()).unwrap();
    writer.begin_file().unwrap();
    writer.write(b"text").unwrap();
    writer.seal(&[]).unwrap();
    fs::write(folder.path().join("config.toml"), "").unwrap();
    (folder, home)
}

/// What kubelet does with a volume at each mount: group and owner may read and write all, and enter what can be entered.
fn open_to_the_group(path: &Path) {
    let metadata = fs::symlink_metadata(path).unwrap();
    if metadata.is_symlink() {
        return;
    }
    let mode = metadata.permissions().mode();
    let added = if metadata.is_dir() { 0o2770 } else { 0o660 };
    fs::set_permissions(path, Permissions::from_mode(mode | added)).unwrap();
    if metadata.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            open_to_the_group(&entry.unwrap().path());
        }
    }
}

fn refused(home: &Path) -> HomeError {
    let home = prepare(home).unwrap();
    let refused = match home.lock().unwrap_err() {
        LockError::NotPrivate(error) => Some(error),
        _ => None,
    };
    refused.unwrap()
}

#[test]
fn r1_what_a_mount_opened_to_a_group_is_closed_at_each_start() {
    let (folder, home) = lived_in();
    let whole = {
        open_to_the_group(folder.path());
        drop(prepare(folder.path()).unwrap().lock().unwrap());
        contents(folder.path())
    };
    for _ in 0..3 {
        open_to_the_group(folder.path());
        let lock = prepare(folder.path()).unwrap().lock().unwrap();
        drop(lock);
        assert_eq!(contents(folder.path()), whole);
    }
    for (path, (_, mode, _)) in &whole {
        assert_eq!(mode & 0o7077, 0, "{path}: {mode:o}");
    }
    assert!(whole.keys().any(|path| path.ends_with("000000.pack")), "{:?}", whole.keys());
    assert_eq!(private_file::read(&home.sealing_key()).unwrap().unwrap(), b"key");
}

#[test]
fn r1_a_key_that_was_open_to_everybody_or_has_a_second_name_is_refused() {
    for key in [Home::sealing_key, Home::token_keys] {
        for mode in [0o604, 0o606, 0o666, 0o601] {
            let (folder, home) = lived_in();
            let path = key(&home);
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = refused(folder.path());
            assert!(matches!(&error, HomeError::OpenKey { mode: told, .. } if *told == mode), "{error}");
            let told = error.to_string();
            assert!(told.contains("chmod 600") && told.contains(&*path.to_string_lossy()), "{told}");
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, mode, "it is left as it is");
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            prepare(folder.path()).unwrap().lock().unwrap();
        }
        let (folder, home) = lived_in();
        fs::hard_link(key(&home), folder.path().join("second")).unwrap();
        drop(prepare(folder.path()).unwrap().lock().unwrap());
        open_to_the_group(folder.path());
        assert!(matches!(refused(folder.path()), HomeError::OpenKey { mode: 0o660, .. }));
    }
}

#[test]
fn r1_a_link_or_another_users_file_among_the_keys_is_refused() {
    let (folder, home) = lived_in();
    let elsewhere = TempDir::new().unwrap();
    let other = elsewhere.path().join("key");
    fs::write(&other, "theirs").unwrap();
    fs::remove_file(home.token_keys()).unwrap();
    symlink(&other, home.token_keys()).unwrap();
    assert!(matches!(refused(folder.path()), HomeError::Link { .. }));
    fs::remove_file(home.token_keys()).unwrap();
    if lchown(home.sealing_key(), Some(65_534), None).is_err() {
        eprintln!("skipped: only root can give a file to another user");
        return;
    }
    assert!(matches!(refused(folder.path()), HomeError::ForeignOwner { owner: 65_534, .. }));
}

#[test]
fn r1_a_draft_of_a_key_that_a_crash_left_goes_and_links_are_not_followed() {
    let (folder, home) = lived_in();
    let draft = PathBuf::from(format!("{}.4711-0.new", home.sealing_key().display()));
    fs::hard_link(home.sealing_key(), &draft).unwrap();
    let victim = TempDir::new().unwrap();
    fs::set_permissions(victim.path(), Permissions::from_mode(0o775)).unwrap();
    symlink(victim.path(), home.dataset(tenant(), dataset()).join("index")).unwrap();
    open_to_the_group(folder.path());
    prepare(folder.path()).unwrap().lock().unwrap();
    assert!(!draft.exists());
    assert_eq!(fs::metadata(home.sealing_key()).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(fs::metadata(victim.path()).unwrap().mode() & 0o7777, 0o775);
}

#[test]
fn r1_a_file_with_a_second_name_outside_is_left_as_it_is() {
    let (folder, home) = lived_in();
    let outside = TempDir::new_in(folder.path().parent().unwrap()).unwrap();
    let shared = outside.path().join("team.txt");
    fs::write(&shared, "for the team").unwrap();
    fs::set_permissions(&shared, Permissions::from_mode(0o664)).unwrap();
    let alone = folder.path().join("alone.txt");
    fs::write(&alone, "mine").unwrap();
    let inside = folder.path().join("team.txt");
    fs::hard_link(&shared, &inside).unwrap();
    open_to_the_group(folder.path());
    prepare(folder.path()).unwrap().lock().unwrap();
    private_file::restrict(&inside).unwrap();
    assert_eq!(fs::metadata(&shared).unwrap().mode() & 0o7777, 0o664);
    assert_eq!(fs::metadata(&alone).unwrap().mode() & 0o077, 0, "what has one name is closed");
    fs::remove_file(&shared).unwrap();
    drop(home);
    prepare(folder.path()).unwrap().lock().unwrap();
    assert_eq!(fs::metadata(&inside).unwrap().mode() & 0o077, 0, "as it is once it has one name");
}
