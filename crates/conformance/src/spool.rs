//! The suite of [`Spool`].

use syft_space_domain::dataset::ContentHash;
use syft_space_domain::dataset::ports::{FILES_PER_PACK, SMALL_FILE_MAX_BYTES, Spool, SpooledFile};
use syft_space_domain::ids::JobId;

use crate::check::{Check, checks, run_all};
use crate::fixture::{Fixture, SpoolFactory};
use crate::sample::{dataset_id, job_id, scope};

/// Every promise of [`Spool`].
pub const CHECKS: &[Check<SpoolFactory>] = checks![
    files_are_read_back_as_they_were_brought,
    files_of_any_length_are_read_in_any_order,
    what_is_dropped_before_it_is_sealed_leaves_nothing,
    a_discarded_file_keeps_its_number,
    files_are_removed_from_the_front_and_their_list_stays,
    a_job_is_removed_and_nothing_else,
    z1_a_tenants_files_are_its_own,
    what_was_sealed_is_there_after_a_restart,
];

/// Checks every promise.
pub fn suite(make: &SpoolFactory) {
    run_all("the spool", CHECKS, make);
}

/// The manifest of these files, under names that no file system accepts.
fn manifest(files: &[&[u8]]) -> Vec<SpooledFile> {
    let entry = |(number, bytes): (usize, &&[u8])| SpooledFile {
        name: format!("../{number}/\0\u{202e}\"\u{1f980}"),
        bytes: u64::try_from(bytes.len()).expect("a small number"),
        sha256: ContentHash::of_file(bytes),
    };
    files.iter().enumerate().map(entry).collect()
}

/// Spools the files of a job of dataset 1.
fn spool_files(spool: &dyn Spool, tenant: u64, job: u64, files: &[&[u8]]) {
    let mut upload = spool.begin(&scope(tenant), dataset_id(1), job_id(job)).expect("an upload begins");
    for bytes in files {
        upload.begin_file().expect("a file begins");
        for piece in bytes.chunks(3.max(bytes.len() / 100)) {
            upload.write(piece).expect("bytes are written");
        }
    }
    upload.seal(&manifest(files)).expect("files are sealed");
}

fn read(spool: &dyn Spool, tenant: u64, job: u64, number: usize) -> Option<Vec<u8>> {
    spool.read(&scope(tenant), dataset_id(1), job_id(job), number).expect("a file is read")
}

fn listed(spool: &dyn Spool, tenant: u64, job: u64) -> Option<Vec<SpooledFile>> {
    spool.files(&scope(tenant), dataset_id(1), job_id(job)).expect("files are listed")
}

fn jobs(spool: &dyn Spool, tenant: u64) -> Vec<JobId> {
    spool.jobs(&scope(tenant), dataset_id(1)).expect("jobs are listed")
}

/// Files keep their order and every byte, whatever their names.
pub fn files_are_read_back_as_they_were_brought(make: &SpoolFactory) {
    let fixture = make();
    let spool = &*fixture.adapter;
    assert_eq!((listed(spool, 1, 1), read(spool, 1, 1, 0)), (None, None), "a new spool holds nothing");
    assert_eq!(jobs(spool, 1), [], "and no job");
    let large = vec![b'x'; 1 << 20];
    let files: [&[u8]; 3] = [b"one\r\n\0\xff", b"", &large];
    spool_files(spool, 1, 2, &files);
    spool_files(spool, 1, 1, &[b"other"]);
    assert_eq!(listed(spool, 1, 2), Some(manifest(&files)), "the list is as it was");
    for (number, bytes) in files.iter().enumerate() {
        assert_eq!(read(spool, 1, 2, number).as_deref(), Some(*bytes), "each file has its bytes");
    }
    assert_eq!(read(spool, 1, 2, 3), None, "there is no other");
    assert_eq!(jobs(spool, 1), [job_id(1), job_id(2)], "jobs are in the order of their ids");
}

/// Each length comes at the beginning, in the middle and at the end of what a spool may keep together.
pub fn files_of_any_length_are_read_in_any_order(make: &SpoolFactory) {
    let fixture = make();
    let spool = &*fixture.adapter;
    let contents = mixed_files();
    let files: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
    spool_files(spool, 1, 1, &files);
    let count = files.len();
    // 37 and the number of files have no common divisor, so each is read once.
    for number in (0..count).map(|step| step * 37 % count) {
        assert!(
            read(spool, 1, 1, number).as_deref() == files.get(number).copied(),
            "file {number} has its bytes, and no others"
        );
    }
    for number in count..count + FILES_PER_PACK {
        assert_eq!(read(spool, 1, 1, number), None, "there is no other");
    }
}

/// A hundred files that differ: most are short, some empty, some at the border of what is small, and some beyond it.
fn mixed_files() -> Vec<Vec<u8>> {
    let content = |number: usize| {
        let length = match number % 11 {
            0 => SMALL_FILE_MAX_BYTES,
            3 => SMALL_FILE_MAX_BYTES + 1,
            4 => 0,
            7 => SMALL_FILE_MAX_BYTES - 1,
            9 => 2 * SMALL_FILE_MAX_BYTES,
            short => short * 100,
        };
        format!("{number} ").into_bytes().into_iter().cycle().take(length).collect()
    };
    (0..100).map(content).collect()
}

/// An upload has no manifest until it is sealed.
pub fn what_is_dropped_before_it_is_sealed_leaves_nothing(make: &SpoolFactory) {
    let fixture = make();
    let spool = &*fixture.adapter;
    let mut upload = spool.begin(&scope(1), dataset_id(1), job_id(1)).expect("an upload begins");
    upload.begin_file().expect("a file begins");
    upload.write(b"half").expect("bytes are written");
    assert_eq!(listed(spool, 1, 1), None, "as long as not all were brought there is no list");
    assert_eq!(jobs(spool, 1), [job_id(1)], "a job is told of as soon as it has anything");
    drop(upload);
    assert_eq!((jobs(spool, 1), read(spool, 1, 1, 0)), (vec![], None), "what is dropped leaves nothing");
}

/// The files after it keep their numbers and their bytes, wherever it stands, and however long it was.
pub fn a_discarded_file_keeps_its_number(make: &SpoolFactory) {
    let fixture = make();
    let spool = &*fixture.adapter;
    let last = 2 * FILES_PER_PACK;
    let discarded = [0, 5, 6, FILES_PER_PACK - 1, FILES_PER_PACK, last];
    let contents: Vec<Vec<u8>> = (0..=last).map(|number| format!("file {number}").into_bytes()).collect();
    let files: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
    let mut upload = spool.begin(&scope(1), dataset_id(1), job_id(1)).expect("an upload begins");
    for (number, bytes) in files.iter().enumerate() {
        upload.begin_file().expect("a file begins");
        upload.write(bytes).expect("bytes are written");
        if discarded.contains(&number) {
            if number % 2 == 0 {
                upload.write(&vec![b'x'; SMALL_FILE_MAX_BYTES]).expect("bytes are written");
            }
            upload.discard_file().expect("a file is discarded");
        }
    }
    upload.seal(&manifest(&files)).expect("files are sealed");
    for (number, bytes) in files.iter().enumerate() {
        let kept = (!discarded.contains(&number)).then_some(*bytes);
        assert_eq!(
            read(spool, 1, 1, number).as_deref(),
            kept,
            "of a file that was discarded nothing is kept"
        );
    }
}

/// The operation is idempotent.
pub fn files_are_removed_from_the_front_and_their_list_stays(make: &SpoolFactory) {
    let fixture = make();
    let spool = &*fixture.adapter;
    let contents = mixed_files();
    let files: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
    spool_files(spool, 1, 1, &files);
    spool_files(spool, 1, 2, &[b"a", b"b"]);
    let remove = |job, number| {
        spool.remove_files_before(&scope(1), dataset_id(1), job_id(job), number).expect("files are removed");
    };
    for next in [0, 1, 31, 32, 32, 33, 64, 75, 99, 100, 1_000] {
        remove(1, next);
        for (number, bytes) in files.iter().enumerate() {
            let left = read(spool, 1, 1, number);
            if number >= next {
                assert!(left.as_deref() == Some(*bytes), "file {number} stays when those before {next} go");
            } else if bytes.len() > SMALL_FILE_MAX_BYTES || number + FILES_PER_PACK <= next {
                assert!(left.is_none(), "file {number} is gone when those before {next} are");
            }
        }
    }
    assert_eq!(listed(spool, 1, 1), Some(manifest(&files)), "their list stays");
    assert!(read(spool, 1, 2, 1).is_some(), "and another job's files");
    remove(9, 2);
    assert_eq!(listed(spool, 1, 9), None, "where nothing is, nothing is removed");
}

/// The operation is idempotent.
pub fn a_job_is_removed_and_nothing_else(make: &SpoolFactory) {
    let fixture = make();
    let spool = &*fixture.adapter;
    spool_files(spool, 1, 1, &[b"a"]);
    spool_files(spool, 1, 2, &[b"b"]);
    for _ in 0..2 {
        spool.remove(&scope(1), dataset_id(1), job_id(1)).expect("a job is removed");
        assert_eq!((listed(spool, 1, 1), read(spool, 1, 1, 0)), (None, None), "nothing is left of it");
        assert_eq!(jobs(spool, 1), [job_id(2)], "it is no job any more, and the other is");
    }
    spool_files(spool, 1, 1, &[b"again"]);
    for _ in 0..2 {
        spool.destroy(&scope(1), dataset_id(1)).expect("a dataset is destroyed");
        assert_eq!((jobs(spool, 1), listed(spool, 1, 2)), (vec![], None), "nothing is left of any");
    }
}

/// Two tenants have datasets and jobs with the same ids.
pub fn z1_a_tenants_files_are_its_own(make: &SpoolFactory) {
    let fixture = make();
    let spool = &*fixture.adapter;
    spool_files(spool, 1, 1, &[b"ours"]);
    spool_files(spool, 2, 1, &[b"theirs", b"more"]);
    spool_files(spool, 2, 2, &[b"theirs"]);
    assert_eq!(jobs(spool, 1), [job_id(1)], "another tenant's jobs are not listed");
    assert_eq!((listed(spool, 1, 2), read(spool, 1, 1, 1)), (None, None), "nor its files read");
    let other = spool.files(&scope(1), dataset_id(2), job_id(1));
    assert_eq!(other, Ok(None), "nor those of another dataset");
    spool.remove_files_before(&scope(1), dataset_id(1), job_id(1), 99).expect("files are removed");
    spool.remove(&scope(1), dataset_id(1), job_id(2)).expect("a job is removed");
    spool.destroy(&scope(1), dataset_id(1)).expect("a dataset is destroyed");
    assert_eq!(jobs(spool, 2), [job_id(1), job_id(2)], "nor removed");
    assert_eq!(read(spool, 2, 1, 0).as_deref(), Some(&b"theirs"[..]), "in any part");
}

/// Only persistent adapters are checked.
pub fn what_was_sealed_is_there_after_a_restart(make: &SpoolFactory) {
    let fixture = make();
    let contents = mixed_files();
    let files: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
    spool_files(&*fixture.adapter, 1, 1, &files);
    let removed = fixture.adapter.remove_files_before(&scope(1), dataset_id(1), job_id(1), 40);
    assert_eq!(removed, Ok(()), "files are removed");
    let Fixture { adapter, reopen: Some(reopen) } = fixture else { return };
    drop(adapter);
    let fixture = reopen();
    let spool = &*fixture.adapter;
    assert_eq!(listed(spool, 1, 1), Some(manifest(&files)), "the list outlives a restart");
    for (number, bytes) in files.iter().enumerate().skip(40) {
        assert!(read(spool, 1, 1, number).as_deref() == Some(*bytes), "and so does file {number}");
    }
    spool.remove_files_before(&scope(1), dataset_id(1), job_id(1), 64).expect("files are removed");
    assert_eq!(read(spool, 1, 1, 40), None, "removal goes on where it was");
    assert!(read(spool, 1, 1, 64).is_some(), "and takes no more than it was asked to");
}
