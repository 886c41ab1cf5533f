//! The folders of encoders: each is there whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use syft_space_domain::encoder::EncoderName;
use syft_space_home::{EncoderDraft, EncoderFolders, EncodersLock};
use tempfile::TempDir;

use crate::support::{contents, prepared};

fn name(text: &str) -> EncoderName {
    EncoderName::parse(text).unwrap()
}

fn write(draft: &EncoderDraft<'_>, file: &str, text: &str) {
    draft.create_file(file).unwrap().write_all(text.as_bytes()).unwrap();
}

fn install(lock: &EncodersLock, called: &str, text: &str) {
    let draft = lock.draft().unwrap();
    write(&draft, "encoder.json", text);
    write(&draft, "1_Pooling/config.json", text);
    draft.publish(&name(called)).unwrap();
}

fn folders() -> (TempDir, EncoderFolders) {
    let (folder, home) = prepared();
    (folder, EncoderFolders::new(home))
}

fn names(folders: &EncoderFolders) -> Vec<String> {
    folders.names().unwrap().iter().map(ToString::to_string).collect()
}

fn text_of(folders: &EncoderFolders, called: &str) -> String {
    fs::read_to_string(folders.folder(&name(called)).join("1_Pooling/config.json")).unwrap()
}

/// The names in the folder of encoders, those that begin with a dot too.
fn entries(home: &Path) -> Vec<String> {
    let entries = fs::read_dir(home.join("encoders")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn q2_an_encoder_is_its_owners_alone_and_has_its_name_once_it_is_whole() {
    let (home, folders) = folders();
    assert!(names(&folders).is_empty() && !home.path().join("encoders").exists(), "looking makes nothing");
    let lock = folders.lock().unwrap();
    install(&lock, "b", "one");
    let draft = lock.draft().unwrap();
    write(&draft, "encoder.json", "half");
    assert_eq!(names(&folders), ["b"]);
    drop(draft);
    install(&lock, "a.2_x", "two");
    assert_eq!(names(&folders), ["a.2_x", "b"]);
    assert_eq!(entries(home.path()), [".lock", "a.2_x", "b"], "nothing is left beside them");
    for (path, (_, mode, _)) in contents(&home.path().join("encoders")) {
        assert_eq!(mode & 0o7077, 0, "{path}: {mode:o}");
        let folder = Path::new(&path).is_dir();
        assert_eq!(mode & 0o777, if folder { 0o700 } else { 0o600 }, "{path}");
    }
}

#[test]
fn q2_an_encoder_takes_the_place_of_another_and_none_is_left_of_that() {
    let (home, folders) = folders();
    let lock = folders.lock().unwrap();
    install(&lock, "m", "one");
    install(&lock, "m", "two");
    assert_eq!(
        (text_of(&folders, "m"), entries(home.path())),
        ("two".into(), vec![".lock".into(), "m".into()])
    );
    assert!(lock.remove(&name("m")).unwrap());
    assert!(!lock.remove(&name("m")).unwrap(), "it is gone already");
    assert_eq!(entries(home.path()), [".lock"]);
}

#[test]
fn q2_what_a_process_that_ended_left_is_no_encoder_and_goes_with_the_next_change() {
    let (home, folders) = folders();
    let lock = folders.lock().unwrap();
    install(&lock, "m", "one");
    let draft = lock.draft().unwrap();
    write(&draft, "encoder.json", "half");
    // As a process that is killed drops nothing.
    std::mem::forget(draft);
    // One that goes.
    let old = home.path().join("encoders/.old");
    fs::create_dir(&old).unwrap();
    fs::write(old.join("encoder.json"), "old").unwrap();
    drop(lock);
    assert_eq!(names(&folders), ["m"]);
    let _lock = folders.lock().unwrap();
    assert_eq!(entries(home.path()), [".lock", "m"]);
    assert_eq!(text_of(&folders, "m"), "one");
}

#[test]
fn q2_one_at_a_time_installs_and_others_are_told() {
    let (_home, folders) = folders();
    let lock = folders.lock().unwrap();
    let refused = folders.lock().unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
    assert!(refused.to_string().contains("try again"), "{refused}");
    drop(lock);
    folders.lock().unwrap();
}

#[test]
fn q2_no_link_is_followed_on_the_way_to_an_encoder() {
    let (home, folders) = folders();
    let outside = TempDir::new().unwrap();
    fs::write(outside.path().join("kept"), "kept").unwrap();
    fs::set_permissions(outside.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let before = contents(outside.path());
    let encoders = home.path().join("encoders");

    symlink(outside.path(), &encoders).unwrap();
    assert!(folders.lock().is_err() && folders.names().is_err());
    fs::remove_file(&encoders).unwrap();

    // In place of a draft, of an encoder, and of what goes, a link is removed or replaced, and not what it leads to.
    drop(folders.lock().unwrap());
    symlink(outside.path(), encoders.join(".new")).unwrap();
    symlink(outside.path(), encoders.join(".old")).unwrap();
    symlink(outside.path(), encoders.join("m")).unwrap();
    let lock = folders.lock().unwrap();
    install(&lock, "m", "one");
    assert!(!fs::symlink_metadata(encoders.join("m")).unwrap().is_symlink());
    symlink(outside.path(), encoders.join("n")).unwrap();
    assert!(lock.remove(&name("n")).unwrap());
    let draft = lock.draft().unwrap();
    for escape in ["../m/encoder.json", "/tmp/x", ".."] {
        assert!(draft.create_file(escape).is_err(), "{escape}");
    }
    drop(draft);
    assert_eq!(entries(home.path()), [".lock", "m"]);
    assert_eq!(contents(outside.path()), before);
}
