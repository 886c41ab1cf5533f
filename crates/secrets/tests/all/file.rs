//! Tests of the files of master keys.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use syft_space_conformance::sample::scope;
use syft_space_domain::sealing::{AssociatedData, Sealed, Sealer, Unsealable};
use syft_space_domain::secret::Secret;
use syft_space_secrets::{MasterKey, MasterKeyError};
use tempfile::TempDir;

use crate::support::{NOW, entropy, environment, key, sealer};

const ASSOCIATED_DATA: AssociatedData =
    AssociatedData { table: "marketplaces", column: "credential", row: [7; 16] };

fn made() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    load_or_make(&path).unwrap();
    (folder, path)
}

fn load_or_make(path: &Path) -> Result<MasterKey, MasterKeyError> {
    MasterKey::load_or_make(path, &environment("production"), NOW, &*entropy())
}

fn seal(key: MasterKey) -> Sealed {
    sealer(key).seal(&scope(1), &ASSOCIATED_DATA, &Secret::new(b"copper".to_vec())).unwrap()
}

fn open(key: MasterKey, sealed: &Sealed) -> Result<Vec<u8>, Unsealable> {
    sealer(key).open(&scope(1), &ASSOCIATED_DATA, sealed).map(|plain| plain.expose().clone())
}

fn rewrite(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn f12_a_key_is_made_once_and_its_owners_alone() {
    let (folder, path) = made();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["master.key"], "no draft is left behind");

    let first = load_or_make(&path).unwrap();
    assert_eq!(first.created_at(), NOW);
    let id = first.id();
    let sealed = seal(first);
    let again = load_or_make(&path).unwrap();
    assert_eq!(again.id(), id);
    assert_eq!(open(again, &sealed), Ok(b"copper".to_vec()));
    let loaded = MasterKey::load(&path, &environment("production")).unwrap();
    assert_eq!(open(loaded, &sealed), Ok(b"copper".to_vec()));
}

#[test]
fn f12_two_keys_are_never_the_same() {
    let ((_one, left), (_other, right)) = (made(), made());
    assert_ne!(fs::read_to_string(left).unwrap(), fs::read_to_string(right).unwrap());
}

#[test]
fn f12_a_key_that_others_may_read_is_refused() {
    let (_folder, path) = made();
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let refused = load_or_make(&path).err().unwrap();
        assert!(matches!(refused, MasterKeyError::OthersMayRead { mode: found, .. } if found == mode));
        let told = refused.to_string();
        assert!(told.contains("chmod 600") && told.contains(&format!("{mode:o}")), "{told}");
    }
    for mode in [0o600, 0o400] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert!(load_or_make(&path).is_ok(), "{mode:o}");
    }
}

#[test]
fn f12_a_key_of_another_environment_is_refused() {
    let (_folder, path) = made();
    let refused = MasterKey::load(&path, &environment("staging")).err().unwrap();
    assert!(matches!(refused, MasterKeyError::OtherEnvironment { .. }));
    let told = refused.to_string();
    assert!(told.contains("production") && told.contains("staging"), "{told}");
}

#[test]
fn k18_a_key_whose_mark_was_rewritten_opens_nothing() {
    let (_folder, path) = made();
    let sealed = seal(load_or_make(&path).unwrap());
    rewrite(&path, "production", "staging");
    let moved = MasterKey::load(&path, &environment("staging")).unwrap();
    assert_eq!(open(moved, &sealed), Err(Unsealable));
}

#[test]
fn k18_a_key_with_the_id_of_another_opens_nothing_of_its() {
    let ((_one, left), (_other, right)) = (made(), made());
    let [first, second] = [&left, &right].map(|path| load_or_make(path).unwrap());
    let (id, others_id) = (first.id(), second.id());
    let sealed = seal(first);
    assert_eq!(open(second, &sealed), Err(Unsealable));
    rewrite(&right, &others_id, &id);
    assert_eq!(open(load_or_make(&right).unwrap(), &sealed), Err(Unsealable));
}

#[test]
fn f12_what_is_no_key_is_refused_and_left_as_it_is() {
    let (_folder, path) = made();
    let good = fs::read_to_string(&path).unwrap();
    let id = key().id();
    let with = |name: &str, value: &str| {
        let line = good.lines().find(|line| line.contains(&format!("\"{name}\""))).unwrap();
        good.replace(line, &format!("\"{name}\": {value},")).replace(",\n}", "\n}")
    };
    let short = format!("\"{}\"", "ab".repeat(31));
    let long = format!("\"{}\"", "ab".repeat(33));
    for (text, what) in [
        (String::new(), "nothing"),
        ("null".to_owned(), "null"),
        (good[..good.len() / 2].to_owned(), "half of it"),
        (format!("{good}{good}"), "it twice"),
        (format!("{}{good}", " ".repeat(4096)), "more than a key has"),
        (good.replace("\"id\"", "\"kid\""), "another member"),
        (good.replacen('{', "{\"more\": 1,", 1), "one member more"),
        (good.replacen('{', &format!("{{\"id\": \"{id}\","), 1), "a member twice"),
        (with("key", &short), "a short key"),
        (with("key", &long), "a long key"),
        (with("key", "\"\""), "an empty key"),
        (with("key", "null"), "no key"),
        (with("key", &format!("\"{}\"", "zz".repeat(32))), "no digits"),
        (with("id", "\"ab\""), "a short id"),
        (with("environment", "\"Two Words\""), "no environment"),
        (with("created_at", "\"yesterday\""), "no time"),
    ] {
        fs::write(&path, &text).unwrap();
        let refused = load_or_make(&path).err().unwrap_or_else(|| panic!("{what} was taken for a key"));
        assert!(matches!(refused, MasterKeyError::Unreadable { .. }), "{what}: {refused}");
        assert!(!refused.to_string().contains("abab"), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "{what}");
    }
    fs::write(&path, &good).unwrap();
    assert!(load_or_make(&path).is_ok());
}

#[test]
fn f12_a_key_of_a_later_form_is_refused_as_such() {
    let (_folder, path) = made();
    rewrite(&path, "\"version\": 1", "\"version\": 2, \"more\": true");
    let refused = load_or_make(&path).err().unwrap();
    assert!(matches!(refused, MasterKeyError::Version { found: 2, .. }), "{refused}");
}

#[test]
fn f12_where_no_file_can_be_no_key_is_made() {
    let (folder, path) = made();
    let refused = |path: &Path| load_or_make(path).err().unwrap();
    assert!(matches!(refused(folder.path()), MasterKeyError::NoFile { .. }));
    assert!(matches!(refused(&folder.path().join("no/such")), MasterKeyError::Io { .. }));
    assert!(matches!(refused(&path.join("below")), MasterKeyError::Io { .. }));
    let missing = MasterKey::load(&folder.path().join("other.key"), &environment("production"));
    assert!(matches!(missing.err(), Some(MasterKeyError::Io { .. })));
    assert!(!folder.path().join("other.key").exists());
}
