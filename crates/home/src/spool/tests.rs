//! Tests of packs as they lie on the disk.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use syft_space_domain::dataset::ports::{FILES_PER_PACK, SMALL_FILE_MAX_BYTES, UploadWriter};
use syft_space_domain::store::StoreError;
use tempfile::TempDir;

use super::pack::{self, Packed};
use super::writer::JobFolder;
use super::{LIST_FILE, read_file, remove_files_before};

/// Brings these files as a job.
fn spool(folder: &Path, files: &[&[u8]]) {
    let mut writer = Box::new(JobFolder::new(folder.to_owned()));
    for bytes in files {
        writer.begin_file().unwrap();
        for piece in bytes.chunks(1_000) {
            writer.write(piece).unwrap();
        }
    }
    writer.seal(&[]).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A pack of two files, with other bytes.
fn damaged(damage: impl FnOnce(&mut Vec<u8>)) -> TempDir {
    let folder = TempDir::new().unwrap();
    spool(folder.path(), &[b"first", b"second"]);
    let path = folder.path().join("000000.pack");
    let mut bytes = fs::read(&path).unwrap();
    damage(&mut bytes);
    fs::write(&path, bytes).unwrap();
    folder
}

fn is_refused(folder: &TempDir, number: usize) -> bool {
    pack::read(folder.path(), number).is_err_and(|error| error.kind() == ErrorKind::InvalidData)
}

#[test]
fn small_files_lie_in_packs_and_large_ones_alone() {
    let folder = TempDir::new().unwrap();
    let large = vec![b'x'; SMALL_FILE_MAX_BYTES + 1];
    let border = vec![b'y'; SMALL_FILE_MAX_BYTES];
    let mut files: Vec<&[u8]> = vec![b"small"; FILES_PER_PACK + 1];
    files[3] = &large;
    files[4] = &border;
    spool(folder.path(), &files);
    assert_eq!(names(folder.path()), ["000000.pack", "000003", "000032.pack", LIST_FILE]);
    let length = fs::metadata(folder.path().join("000000.pack")).unwrap().len();
    let expected = 4 * FILES_PER_PACK + SMALL_FILE_MAX_BYTES + 5 * (FILES_PER_PACK - 2);
    assert_eq!(length, u64::try_from(expected).unwrap(), "no byte of the large file stays in the pack");
    for (number, bytes) in files.iter().enumerate() {
        assert!(read_file(folder.path(), number).unwrap().as_deref() == Some(*bytes));
    }
}

#[test]
fn where_no_file_is_small_there_is_no_pack() {
    let folder = TempDir::new().unwrap();
    let large = vec![b'x'; SMALL_FILE_MAX_BYTES + 1];
    spool(folder.path(), &[&large, &large]);
    assert_eq!(names(folder.path()), ["000000", "000001", LIST_FILE]);
}

#[test]
fn nothing_lies_on_the_disk_of_what_is_discarded() {
    let folder = TempDir::new().unwrap();
    let mut writer = Box::new(JobFolder::new(folder.path().to_owned()));
    for kept in [false, true, false] {
        for length in [6, SMALL_FILE_MAX_BYTES + 1] {
            writer.begin_file().unwrap();
            writer.write(&b"secret".repeat(length / 6)).unwrap();
            writer.write(b"-").unwrap();
            writer.discard_file().unwrap();
            assert!(writer.write(b"more").is_err(), "a file that was discarded takes no more");
        }
        if kept {
            writer.begin_file().unwrap();
            writer.write(b"kept").unwrap();
        }
    }
    writer.seal(&[]).unwrap();
    assert_eq!(names(folder.path()), ["000000.pack", LIST_FILE]);
    let bytes = fs::read(folder.path().join("000000.pack")).unwrap();
    assert_eq!(bytes.len(), 4 * FILES_PER_PACK + 4);
    assert_eq!(read_file(folder.path(), 4).unwrap().as_deref(), Some(&b"kept"[..]));
}

#[test]
fn what_holds_no_later_file_goes_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let large = vec![b'x'; SMALL_FILE_MAX_BYTES + 1];
    let mut files: Vec<&[u8]> = vec![b"small"; 2 * FILES_PER_PACK];
    files[0] = &large;
    files[40] = &large;
    spool(folder.path(), &files);
    for (number, left) in [
        (0, vec!["000000", "000000.pack", "000032.pack", "000040", LIST_FILE]),
        (31, vec!["000000.pack", "000032.pack", "000040", LIST_FILE]),
        (32, vec!["000032.pack", "000040", LIST_FILE]),
        (63, vec!["000032.pack", LIST_FILE]),
        (64, vec![LIST_FILE]),
    ] {
        remove_files_before(folder.path(), number).unwrap();
        assert_eq!(names(folder.path()), left, "before {number}");
    }
}

#[test]
fn a_job_that_a_version_without_packs_has_spooled_is_read_and_removed() {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in [("000000", &b"one"[..]), ("000002", b""), ("000040", b"far"), (LIST_FILE, b"[]")] {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let read = |number| read_file(folder.path(), number).unwrap();
    assert_eq!([0, 1, 2].map(read), [Some(b"one".to_vec()), None, Some(Vec::new())]);
    remove_files_before(folder.path(), 40).unwrap();
    assert_eq!(names(folder.path()), ["000040", LIST_FILE]);
    assert_eq!(read(40), Some(b"far".to_vec()));
}

#[test]
fn a_pack_that_was_cut_is_refused() {
    let whole = 4 * FILES_PER_PACK + "firstsecond".len();
    for (length, first, second) in [
        (whole, false, false),
        (whole - 1, false, true),
        (whole - 7, true, true),
        (100, true, true),
        (0, true, true),
    ] {
        let folder = damaged(|bytes| bytes.truncate(length));
        assert_eq!((is_refused(&folder, 0), is_refused(&folder, 1)), (first, second), "of {length} bytes");
    }
}

#[test]
fn a_length_that_no_small_file_has_is_refused() {
    for length in [u32::try_from(SMALL_FILE_MAX_BYTES).unwrap() + 1, 1 << 31, u32::MAX - 2] {
        let folder = damaged(|bytes| bytes[..4].copy_from_slice(&length.to_le_bytes()));
        for number in [0, 1] {
            let error = pack::read(folder.path(), number).unwrap_err();
            assert!(error.to_string().contains("too long"), "before memory is taken for {length}: {error}");
        }
    }
    let folder = damaged(|bytes| bytes[..4].copy_from_slice(&100_000_u32.to_le_bytes()));
    assert!(
        is_refused(&folder, 0) && is_refused(&folder, 1),
        "a length that a small file may have, and this has not"
    );
}

#[test]
fn a_number_that_a_pack_does_not_hold_has_no_bytes() {
    let folder = damaged(|bytes| bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes()));
    let read = |number| pack::read(folder.path(), number).unwrap();
    assert_eq!(read(0), Packed::Bytes(b"first".to_vec()));
    assert_eq!([1, 2, FILES_PER_PACK - 1].map(read), [Packed::Nothing, Packed::Nothing, Packed::Nothing]);
    assert_eq!([FILES_PER_PACK, usize::MAX].map(read), [Packed::Alone, Packed::Alone], "of another pack");
}

#[test]
fn a_damaged_pack_is_a_failure_of_the_store() {
    let folder = damaged(Vec::clear);
    let error = read_file(folder.path(), 0).unwrap_err();
    assert!(matches!(super::failed(&error), StoreError::Failed(told) if told.contains("damaged")));
}

#[test]
fn a_link_in_place_of_a_pack_is_not_followed() {
    let folder = damaged(|_| ());
    let pack = folder.path().join("000000.pack");
    fs::rename(&pack, folder.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", &pack).unwrap();
    assert!(pack::read(folder.path(), 0).is_err());
    let mut writer = JobFolder::new(folder.path().to_owned());
    writer.begin_file().unwrap();
    assert!(writer.write(b"text").is_err());
}
