//! A server whose fsync is slow and recorded, and the only thing that a loss of power spares.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use fastrand::Rng;
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;

const SOURCE_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/power/fsync.c");

/// The library of `fsync.c`, and a folder for what it tells.
pub(super) struct Shim {
    folder: TempDir,
}

/// One call of fsync that ended, from when to when, in nanoseconds of the monotonic clock.
#[derive(Debug)]
pub(super) struct Fsync {
    pub(super) start: i64,
    pub(super) end: i64,
    /// Below the home.
    pub(super) path: String,
}

impl Shim {
    /// Compiles it with the C compiler that Rust links with.
    pub(super) fn build() -> Self {
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
    pub(super) fn slow(&self, command: &mut Command, home: &Path, delay: Duration) {
        command
            .env("LD_PRELOAD", self.library())
            .env("SYFT_TEST_HOME", home.canonicalize().unwrap())
            .env("SYFT_TEST_FSYNC_LOG", self.log())
            .env("SYFT_TEST_FSYNC_DELAY_US", delay.as_micros().to_string());
    }

    /// Keeps aside what a loss of power would leave of a home that is made from now on.
    pub(super) fn keep(&self, command: &mut Command) {
        fs::create_dir(self.shadow()).unwrap();
        command.env("SYFT_TEST_FSYNC_SHADOW", self.shadow());
    }

    /// Every call so far.
    pub(super) fn fsyncs(&self) -> Vec<Fsync> {
        let log = fs::read_to_string(self.log()).unwrap();
        let parse = |line: &str| {
            let mut words = line.splitn(3, ' ');
            let mut word = || words.next().unwrap();
            Fsync { start: word().parse().unwrap(), end: word().parse().unwrap(), path: word().to_owned() }
        };
        log.lines().map(parse).collect()
    }

    /// Makes a home of what a loss of power would have left.
    pub(super) fn rebuild(&self, home: &Path, rng: &mut Rng) {
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

/// Now, on the clock that the log is written by.
pub(super) fn monotonic_ns() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}
