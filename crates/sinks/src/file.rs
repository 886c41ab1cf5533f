//! A file in a folder, an event a line. When it is large or old enough it gets another name, and the oldest of those go.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use rustix::fd::OwnedFd;
use rustix::fs::{
    AtFlags, CWD, Dir, FlockOperation, Mode, OFlags, RenameFlags, flock, fsync, mkdirat, openat,
    renameat_with, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;
use syft_space_domain::sink::SinkName;
use syft_space_domain::time::Timestamp;

use crate::message::Message;

/// The most bytes at the end of a file that are looked at for a line that was cut: no batch has as many.
const MAX_TORN_BYTES: u64 = 4 << 20;

/// Where a file lies, and how long it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSettings {
    /// The folder. It is made where it is not there; what it is in must be.
    pub folder: PathBuf,
    /// With so many bytes a file is finished.
    pub rotate_bytes: u64,
    /// When it is so old it is finished.
    pub rotate_age: Duration,
    /// How many finished files are kept.
    pub keep: usize,
}

/// Writes into `NAME.jsonl` in a folder.
#[derive(Debug)]
pub struct FileSink {
    name: SinkName,
    settings: FileSettings,
}

impl FileSink {
    /// A sink. Nothing is written yet.
    #[must_use]
    pub fn new(name: SinkName, settings: FileSettings) -> Self {
        Self { name, settings }
    }

    /// Puts a batch behind what is there. It is on the disk when this answers.
    ///
    /// Everything is opened anew: whoever moves the file away gets a new one with the next batch.
    pub(crate) fn append(&self, batch: &[Message], now: Timestamp) -> io::Result<()> {
        let mut lines = String::new();
        for message in batch {
            lines.push_str(&message.line);
            lines.push('\n');
        }
        let folder = self.open_folder()?;
        let current = format!("{}.jsonl", self.name);
        let mut file = open_file(&folder, &current)?;
        cut_torn_line(&mut file)?;
        let length = file.metadata()?.len();
        let is_full = length.saturating_add(bytes_of(&lines)) > self.settings.rotate_bytes;
        if length > 0 && (is_full || is_old(&file, now, self.settings.rotate_age)?) {
            let finished = format!("{}-{}.jsonl", self.name, compact(now));
            renameat_with(&folder, &current, &folder, &finished, RenameFlags::NOREPLACE)?;
            file = open_file(&folder, &current)?;
            self.remove_oldest(&folder)?;
        }
        file.write_all(lines.as_bytes())?;
        file.sync_all()?;
        // The file's own name must last as long as what is in it.
        Ok(fsync(&folder)?)
    }

    /// The folder, if nobody else can put anything into it.
    fn open_folder(&self) -> io::Result<OwnedFd> {
        let path = &self.settings.folder;
        match mkdirat(CWD, path, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(named(path.as_os_str(), &error.into())),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = openat(CWD, path, flags, Mode::empty()).map_err(|error| match error {
            Errno::LOOP | Errno::NOTDIR => {
                named(path.as_os_str(), &io::Error::other("it is a link, or no folder"))
            }
            error => named(path.as_os_str(), &error.into()),
        })?;
        let file = File::from(folder);
        let metadata = file.metadata()?;
        if metadata.uid() != geteuid().as_raw() {
            return Err(named(path.as_os_str(), &io::Error::other("the folder is another user's")));
        }
        if metadata.mode() & 0o022 != 0 {
            return Err(named(path.as_os_str(), &io::Error::other("others may write into the folder")));
        }
        Ok(file.into())
    }

    /// Removes the oldest finished files, but for as many as are kept.
    fn remove_oldest(&self, folder: &OwnedFd) -> io::Result<()> {
        let mut finished: Vec<String> = Vec::new();
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            finished.extend(
                entry.file_name().to_str().ok().filter(|name| self.is_finished(name)).map(str::to_owned),
            );
        }
        // The moments in their names are all of one length.
        finished.sort_unstable();
        let gone = finished.len().saturating_sub(self.settings.keep);
        for name in finished.iter().take(gone) {
            unlinkat(folder, name, AtFlags::empty())?;
        }
        Ok(())
    }

    /// Whether it is the name of a finished file of this sink, and not of one whose name begins alike.
    fn is_finished(&self, name: &str) -> bool {
        let moment = name
            .strip_prefix(self.name.as_str())
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|rest| rest.strip_suffix(".jsonl"));
        moment.is_some_and(|moment| {
            moment.len() == "20261129T120000.000000Z".len()
                && moment.bytes().zip("00000000T000000.000000Z".bytes()).all(|(byte, form)| match form {
                    b'0' => byte.is_ascii_digit(),
                    form => byte == form,
                })
        })
    }
}

fn bytes_of(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

fn named(path: &OsStr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// A moment as names of files have it: 2026-11-29T12:00:00.000000Z without hyphens and colons.
fn compact(time: Timestamp) -> String {
    let micros = time.as_unix_micros();
    let fraction = micros.rem_euclid(1_000_000);
    let second = time.start_of_second().to_string();
    let digits: String =
        second.chars().take_while(|c| *c != '.').filter(|c| !matches!(c, '-' | ':' | 'Z')).collect();
    format!("{digits}.{fraction:06}Z")
}

/// Opens the file for this user alone. No link is followed, and nothing waited for: a pipe in its place would have the space wait for a
/// reader.
fn open_file(folder: &OwnedFd, name: &str) -> io::Result<File> {
    let flags = OFlags::RDWR
        | OFlags::CREATE
        | OFlags::APPEND
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK
        | OFlags::CLOEXEC;
    let file = openat(folder, name, flags, Mode::RUSR | Mode::WUSR);
    let file = File::from(file.map_err(|error| named(OsStr::new(name), &error.into()))?);
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.uid() != geteuid().as_raw() {
        return Err(named(
            OsStr::new(name),
            &io::Error::other("what is in the place of the file is not ours"),
        ));
    }
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    Ok(file)
}

/// Takes away the line at the end that was never whole: what a power cut or a full disk left of a batch. Those of its lines that are
/// whole stay, and come again.
fn cut_torn_line(file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(MAX_TORN_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut end = Vec::new();
    Read::take(&mut *file, MAX_TORN_BYTES).read_to_end(&mut end)?;
    // A file that was made longer before its bytes were there has zeros in it; JSON has none.
    let sound = end.iter().position(|byte| *byte == 0).unwrap_or(end.len());
    let whole = end.iter().take(sound).rposition(|byte| *byte == b'\n').map_or(0, |at| at.saturating_add(1));
    if whole == end.len() {
        return Ok(());
    }
    if whole == 0 && start > 0 {
        return Err(io::Error::other("the file ends with what is no line"));
    }
    file.set_len(start.saturating_add(u64::try_from(whole).map_err(io::Error::other)?))
}

/// Whether a file was begun so long ago.
fn is_old(file: &File, now: Timestamp, age: Duration) -> io::Result<bool> {
    let metadata = file.metadata()?;
    // Not every file system knows when a file was made.
    let begun = metadata.created().or_else(|_| metadata.modified())?;
    let begun = begun.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let begun = Timestamp::from_unix_micros(i64::try_from(begun.as_micros()).unwrap_or(i64::MAX));
    Ok(now.as_unix_micros() > begun.as_unix_micros() && now.since(begun) >= age)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use syft_space_domain::audit::{Action, Outcome};
    use syft_space_domain::ids::EventId;

    use super::*;

    fn message(line: &str) -> Message {
        Message {
            id: EventId::from_bytes([1; 16]),
            time: Timestamp::from_unix_micros(0),
            action: Action::SysStartup,
            outcome: Outcome::Success,
            line: line.to_owned(),
        }
    }

    fn sink(folder: &Path) -> FileSink {
        let settings = FileSettings {
            folder: folder.to_owned(),
            rotate_bytes: 100,
            rotate_age: Duration::from_secs(3_600),
            keep: 2,
        };
        FileSink::new(SinkName::parse("a").unwrap(), settings)
    }

    /// So many seconds from now, by the clock of the file system.
    fn at(folder: &Path, seconds: i64) -> Timestamp {
        let file = folder.join("clock");
        fs::write(&file, "").unwrap();
        let now = fs::metadata(&file).unwrap().modified().unwrap();
        fs::remove_file(&file).unwrap();
        let micros = now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
        Timestamp::from_unix_micros(i64::try_from(micros).unwrap() + seconds * 1_000_000)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn u1_a_file_that_was_cut_at_any_byte_ends_with_a_whole_line_again() {
        let aside = tempfile::tempdir().unwrap();
        let folder = aside.path().join("sink");
        let sink = sink(&folder);
        let now = at(aside.path(), 0);
        sink.append(&[message("{\"n\":1}")], now).unwrap();
        let path = folder.join("a.jsonl");
        for before in ["", "{\"n\":1}\n", "{\"n\":1}\n{\"n\":2}\n"] {
            let last = "{\"n\":3}\n";
            for cut in 0..=last.len() {
                for zeros in [0, 5] {
                    let torn = [before.as_bytes(), &last.as_bytes()[..cut], &vec![0; zeros]].concat();
                    fs::write(&path, torn).unwrap();
                    sink.append(&[message("{\"n\":4}")], now).unwrap();
                    let kept = if cut == last.len() { last } else { "" };
                    let expected = format!("{before}{kept}{{\"n\":4}}\n");
                    assert_eq!(fs::read_to_string(&path).unwrap(), expected, "{cut} {zeros}");
                }
            }
        }
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&path)), (0o700, 0o600));
    }

    #[test]
    fn u1_a_file_is_finished_when_it_is_full_or_old_and_the_oldest_go() {
        let aside = tempfile::tempdir().unwrap();
        let folder = aside.path().join("sink");
        let sink = sink(&folder);
        let line = |n: u32| format!("{{\"n\":{n},\"text\":\"{}\"}}", "x".repeat(50));
        sink.append(&[message(&line(0))], at(aside.path(), 0)).unwrap();
        // These are not its own.
        for other in ["a-b.jsonl", "a-b-20261129T120000.000000Z.jsonl", "b-20261129T120000.000000Z.jsonl"] {
            fs::write(folder.join(other), "").unwrap();
        }
        for n in 1..5 {
            sink.append(&[message(&line(n))], at(aside.path(), i64::from(n))).unwrap();
        }
        let own =
            |names: Vec<String>| names.into_iter().filter(|name| sink.is_finished(name)).collect::<Vec<_>>();
        let finished = own(names(&folder));
        assert_eq!((finished.len(), names(&folder).len()), (2, 6), "{finished:?}");
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let told: Vec<String> = finished.iter().map(String::as_str).chain(["a.jsonl"]).map(text).collect();
        assert_eq!(told, [2, 3, 4].map(|n| line(n) + "\n"));
        sink.append(&[message("{}")], at(aside.path(), 60)).unwrap();
        assert_eq!(own(names(&folder)), finished, "there is room, and it is young");
        sink.append(&[message("{}")], at(aside.path(), 3_700)).unwrap();
        assert_eq!((own(names(&folder)).len(), text("a.jsonl")), (2, "{}\n".to_owned()), "it was old");
    }

    #[test]
    fn u1_nothing_is_written_where_others_could_have_led_it() {
        let aside = tempfile::tempdir().unwrap();
        let now = at(aside.path(), 0);
        let write = |folder: &Path| sink(folder).append(&[message("{}")], now);
        let open = aside.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).unwrap();
        assert!(write(&open).unwrap_err().to_string().contains("others may write"));
        fs::set_permissions(&open, PermissionsExt::from_mode(0o755)).unwrap();
        write(&open).unwrap();
        let linked = aside.path().join("linked");
        symlink(&open, &linked).unwrap();
        assert!(write(&linked).unwrap_err().to_string().contains("link"));
        assert!(write(&aside.path().join("no/such")).is_err());
        let target = aside.path().join("target");
        fs::write(&target, "theirs").unwrap();
        fs::remove_file(open.join("a.jsonl")).unwrap();
        symlink(&target, open.join("a.jsonl")).unwrap();
        assert!(write(&open).is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
        fs::remove_file(open.join("a.jsonl")).unwrap();
        rustix::fs::mkfifoat(CWD, open.join("a.jsonl"), Mode::RUSR | Mode::WUSR).unwrap();
        assert!(write(&open).is_err());
    }
}
