//! A server whose fsync is slow and recorded, and the only thing that a loss of power spares.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use fastrand::Rng;
use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;

const SOURCE_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/power/fsync.c");

/// The library of `fsync.c`, and a folder for what it tells.
pub struct Shim {
    folder: TempDir,
}

/// How a disk fails.
#[derive(Debug)]
pub struct Fault {
    /// 1 for fsync, 2 for writing, 3 for both.
    pub kinds: u8,
    pub error: Errno,
    /// So many calls pass before it.
    pub passing: u64,
    /// So many calls fail then.
    pub failing: u64,
}

/// One call of fsync that ended, from when to when, in nanoseconds of the monotonic clock.
#[derive(Debug)]
pub struct Fsync {
    pub start: i64,
    pub end: i64,
    /// Below the home.
    pub path: String,
}

impl Shim {
    /// Compiles it with the C compiler that Rust links with.
    pub fn build() -> Self {
        let shim = Self { folder: tempfile::tempdir().unwrap() };
        let flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"];
        let built =
            Command::new("cc").args(flags).arg(shim.library()).args([SOURCE_PATH, "-ldl"]).status().unwrap();
        assert!(built.success(), "{SOURCE_PATH} does not compile");
        shim
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("fsync.so")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn shadow(&self) -> PathBuf {
        self.folder.path().join("shadow")
    }

    /// Makes a server's fsyncs slow and tells of them.
    pub fn slow(&self, command: &mut Command, home: &Path, delay: Duration) {
        command
            .env("LD_PRELOAD", self.library())
            .env("SYFT_TEST_HOME", home.canonicalize().unwrap())
            .env("SYFT_TEST_FSYNC_LOG", self.log())
            .env("SYFT_TEST_FSYNC_DELAY_US", delay.as_micros().to_string());
    }

    /// Has a server's disk fail, from when it is told on how.
    pub fn fail(&self, command: &mut Command, home: &Path) {
        self.slow(command, home, Duration::ZERO);
        command.env("SYFT_TEST_FAULTS", self.faults());
    }

    fn faults(&self) -> PathBuf {
        self.folder.path().join("faults")
    }

    /// Tells how it fails.
    pub fn strike(&self, how: &Fault) {
        let draft = self.folder.path().join("draft");
        let Fault { kinds, error, passing, failing } = how;
        fs::write(&draft, format!("{kinds} {} {passing} {failing}", error.raw_os_error())).unwrap();
        fs::rename(draft, self.faults()).unwrap();
    }

    /// Forgets how it failed, for a server that is started behind that.
    pub fn heal(&self) {
        fs::remove_file(self.faults()).unwrap();
    }

    /// Keeps aside what a loss of power would leave of a home that is made from now on.
    pub fn keep(&self, command: &mut Command) {
        fs::create_dir(self.shadow()).unwrap();
        command.env("SYFT_TEST_FSYNC_SHADOW", self.shadow());
    }

    /// Every call so far.
    pub fn fsyncs(&self) -> Vec<Fsync> {
        let log = fs::read_to_string(self.log()).unwrap();
        let parse = |line: &str| {
            let mut words = line.splitn(3, ' ');
            let mut word = || words.next().unwrap();
            Fsync { start: word().parse().unwrap(), end: word().parse().unwrap(), path: name_of(word()) }
        };
        log.lines().map(parse).collect()
    }

    /// Makes a home of what a loss of power would have left.
    pub fn rebuild(&self, home: &Path, rng: &mut Rng) {
        let root = fs::read_to_string(self.shadow().join("root")).unwrap();
        self.rebuild_folder(&root, home, rng);
    }

    fn rebuild_folder(&self, key: &str, to: &Path, rng: &mut Rng) {
        fs::set_permissions(to, Permissions::from_mode(0o700)).unwrap();
        // A folder whose names were never made durable is empty.
        let names = fs::read_to_string(self.shadow().join("names").join(key)).unwrap_or_default();
        for entry in names.lines() {
            let mut words = entry.splitn(3, ' ');
            let mut word = || words.next().unwrap();
            let (kind, key, path) = (word(), word(), to.join(word()));
            if kind == "d" {
                fs::create_dir(&path).unwrap();
                self.rebuild_folder(key, &path, rng);
                continue;
            }
            match fs::read(self.shadow().join("data").join(key)) {
                Ok(data) => fs::write(&path, data).unwrap(),
                // A name may be durable before its file is: then nothing is in it, or it is not there.
                Err(_) if rng.bool() => fs::write(&path, "").unwrap(),
                Err(_) => continue,
            }
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        }
    }
}

/// A path as it is told: the draft of `name` is `name.new`, whichever process made it.
fn name_of(path: &str) -> String {
    let draft = path.strip_suffix(".new").and_then(|draft| draft.rsplit_once('.'));
    draft.map_or_else(|| path.to_owned(), |(name, _process)| format!("{name}.new"))
}

/// Now, on the clock that the log is written by.
pub fn monotonic_ns() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}
