//! Tests of the files that are made here: private, whole or not there, and never over another's.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::support::{contents, prepare, prepared};
use syft_space_home::{LockError, private_file};
use tempfile::TempDir;

#[test]
fn r1_a_file_is_written_whole_private_and_without_a_draft_left() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("file");
    for content in ["first", "second, and longer", ""] {
        private_file::write(&path, content.as_bytes()).unwrap();
        assert_eq!(private_file::read_to_string(&path).unwrap().as_deref(), Some(content));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn r1_a_link_in_place_of_a_file_is_replaced_when_written_and_refused_when_read() {
    let folder = TempDir::new().unwrap();
    let (path, target) = (folder.path().join("file"), folder.path().join("target"));
    fs::write(&target, "kept").unwrap();
    symlink(&target, &path).unwrap();
    assert!(private_file::read(&path).unwrap_err().to_string().contains("symbolic link"));
    assert!(private_file::open(&path).is_err() && private_file::restrict(&path).is_err());
    assert_eq!(private_file::create(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(private_file::write_new(&path, b"new").unwrap_err().kind(), ErrorKind::AlreadyExists);
    private_file::write(&path, b"new").unwrap();
    assert_eq!((fs::read(&path).unwrap(), fs::read(&target).unwrap()), (b"new".to_vec(), b"kept".to_vec()));
}

#[test]
fn of_many_who_write_a_file_where_there_is_none_one_does_and_its_content_stays() {
    for _ in 0..20 {
        let folder = TempDir::new().unwrap();
        let (path, written) = (folder.path().join("file"), AtomicUsize::new(0));
        thread::scope(|threads| {
            for number in 0..8 {
                let (path, written) = (&path, &written);
                threads.spawn(move || match private_file::write_new(path, &[number; 1_000]) {
                    Ok(()) => {
                        written.fetch_add(1, Ordering::Relaxed);
                        assert_eq!(fs::read(path).unwrap(), [number; 1_000]);
                    }
                    Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyExists),
                });
            }
        });
        assert_eq!(written.into_inner(), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }
}

#[test]
fn r1_whoever_prepares_one_home_at_once_all_find_it_whole() {
    for _ in 0..20 {
        let folder = TempDir::new().unwrap();
        let home = folder.path().join("home");
        thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| prepare(&home).unwrap());
            }
        });
        let names: Vec<_> = contents(&home).into_keys().collect();
        assert_eq!(names.len(), 5, "{names:?}");
    }
}

#[test]
fn a_draft_that_a_crash_left_makes_no_folder_a_strangers() {
    for draft in ["VERSION.new", "VERSION.4711-0.new"] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(draft), "").unwrap();
        prepare(folder.path()).unwrap();
    }
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("VERSIONS.new"), "").unwrap();
    assert!(prepare(folder.path()).is_err());
}

#[test]
fn a_file_that_cannot_be_written_leaves_what_was_there() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("file");
    fs::create_dir(&path).unwrap();
    assert!(private_file::write(&path, b"new").is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    assert!(private_file::write(&path.join("no/such"), b"new").is_err());
}

#[test]
fn a_home_has_one_holder_at_a_time() {
    let (folder, home) = prepared();
    let lock = home.lock().unwrap();
    let refused = prepare(folder.path()).unwrap().lock().err().unwrap();
    let us = std::process::id();
    assert!(matches!(refused, LockError::Held { holder: Some(id), .. } if id == us));
    drop(lock);
    let mut file = fs::File::create(folder.path().join("lock")).unwrap();
    writeln!(file, "a longer line than a process id has").unwrap();
    let lock = home.lock().unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("lock")).unwrap(), format!("{us}\n"));
    drop(lock);
}
