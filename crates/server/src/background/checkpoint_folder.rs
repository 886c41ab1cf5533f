//! The second place of checkpoints: a folder with a file for each log, which only grows, but for a note that was never whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

use syft_space_domain::audit::Log;

use crate::background::note_file;

/// The name of a log's file, without its ending.
pub(crate) fn name(log: Log) -> String {
    match log {
        Log::Installation => "installation".to_owned(),
        Log::Tenant(tenant) => tenant.to_string(),
    }
}

/// What was not put into the folder.
#[derive(Default)]
pub(crate) struct NotKept {
    /// The checkpoints that could not be written: it is tried again.
    pub(crate) left: BTreeMap<Log, String>,
    /// The logs of which the folder holds a checkpoint that contradicts the new one: they were longer, or another, before.
    pub(crate) contradicting: Vec<Log>,
}

/// Puts each checkpoint behind those of its log, durably. Answers what was not put there.
pub(crate) fn append_all(folder: &Path, notes: BTreeMap<Log, String>) -> NotKept {
    let made = note_file::make_folder(folder);
    let NotKept { mut left, mut contradicting } = NotKept::default();
    for (log, note) in notes {
        let appended = match &made {
            Ok(()) => append(&folder.join(format!("{}.txt", name(log))), &note),
            Err(error) => Err(io::Error::from(error.kind())),
        };
        if let Ok(Appended::Contradicts) = appended {
            contradicting.push(log);
        }
        if let Err(error) = appended {
            if left.is_empty() {
                let folder = folder.display();
                tracing::error!(%error, %folder, "checkpoints could not be kept in their folder; it is tried again");
            }
            left.insert(log, note);
        }
    }
    if made.is_ok()
        && let Err(error) = File::open(folder).and_then(|folder| folder.sync_all())
    {
        tracing::error!(%error, "the folder of checkpoints may not be durable");
    }
    NotKept { left, contradicting }
}

/// What became of a note.
#[derive(Debug, PartialEq, Eq)]
enum Appended {
    Done,
    /// It was not written: the last note of the same log there is of more events, or of as many others.
    Contradicts,
}

/// Puts a note behind those that are there.
fn append(path: &Path, note: &str) -> io::Result<Appended> {
    let is_written = note_file::append(path, note, |end| contradicts(end, note))?;
    Ok(if is_written { Appended::Done } else { Appended::Contradicts })
}

/// Whether the last note of the same log in a text is of more events than a new one, or of as many others. It is not verified: who can write
/// into the folder can have the operator look into it.
fn contradicts(end: &[u8], note: &str) -> bool {
    let mut lines = note.lines();
    let (Some(log), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
        return false;
    };
    let text = String::from_utf8_lossy(end);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.windows(3).rev().find_map(|lines| match lines {
        [first, size, root] if *first == log => size.parse::<u64>().ok().map(|size| (size, *root)),
        _ => None,
    });
    match (last, size.parse::<u64>()) {
        (Some((last, last_root)), Ok(size)) => last > size || (last == size && last_root != root),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{FlockOperation, flock};

    use super::*;

    /// A note of this size, as a signer makes one.
    fn note(size: u64) -> String {
        format!(
            "syft-space/5f/audit/x\n{size}\nkRTzuZrlbR0=\n\n\u{2014} syft-space/5f/audit/x wz8v5n0AbQ==\n"
        )
    }

    #[test]
    fn u1_a_note_that_was_cut_at_any_byte_is_taken_away_by_the_next_append() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.txt");
        let appended = |note: &str| format!("{note}\n");
        for before in [String::new(), appended(&note(1)), appended(&note(1)) + &appended(&note(2))] {
            let last = appended(&note(3));
            for cut in 0..=last.len() {
                let torn = [before.as_bytes(), last.as_bytes().get(..cut).unwrap()].concat();
                // A file that was made longer before its bytes were there.
                for filler in [0, 7] {
                    let zeros = vec![0; if cut < last.len() - 1 { filler } else { 0 }];
                    std::fs::write(&path, [torn.clone(), zeros].concat()).unwrap();
                    append(&path, &note(4)).unwrap();
                    // But for the empty line behind it, it was whole.
                    let kept = if cut + 1 >= last.len() { last.as_str() } else { "" };
                    let expected = [&before, kept, &appended(&note(4))].concat();
                    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected, "cut at {cut}");
                }
            }
        }
    }

    #[test]
    fn u1_a_checkpoint_of_fewer_events_than_one_that_was_kept_is_not_kept_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.txt");
        let other = note(7).replace("audit/x", "audit/y") + "\n";
        std::fs::write(&path, other.clone() + &note(5) + "\n" + &note(6) + "\n" + &other).unwrap();
        let before = std::fs::read_to_string(&path).unwrap();
        assert_eq!(append(&path, &note(5)).unwrap(), Appended::Contradicts);
        let of_others = note(6).replace("kRTz", "kRTy");
        assert_eq!(append(&path, &of_others).unwrap(), Appended::Contradicts);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
        assert_eq!(append(&path, &note(6)).unwrap(), Appended::Done);
        assert_eq!(append(&path, &note(7)).unwrap(), Appended::Done);
        let name = Log::Tenant(syft_space_domain::ids::TenantId::from_bytes([1; 16]));
        let notes = |size| BTreeMap::from([(name, note(size))]);
        assert!(append_all(folder.path(), notes(9)).contradicting.is_empty());
        let NotKept { left, contradicting } = append_all(folder.path(), notes(8));
        assert_eq!((left.len(), contradicting), (0, vec![name]));
    }

    #[test]
    fn u1_a_file_that_is_something_else_or_is_locked_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.txt");
        let other = "not a checkpoint\n".repeat(10_000);
        std::fs::write(&path, &other).unwrap();
        append(&path, &note(1)).unwrap_err();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), other);
        std::fs::write(&path, note(1) + "\n").unwrap();
        let pipe = folder.path().join("pipe.txt");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
            .unwrap();
        append(&pipe, &note(1)).unwrap_err();
        let held = File::open(&path).unwrap();
        flock(&held, FlockOperation::LockExclusive).unwrap();
        append(&path, &note(2)).unwrap_err();
        drop(held);
        append(&path, &note(2)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), note(1) + "\n" + &note(2) + "\n");
    }
}
