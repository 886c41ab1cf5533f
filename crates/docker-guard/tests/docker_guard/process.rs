//! The guard as a process, and what is said to it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::bodies::{INSTALLATION, POOL, image};
use super::recorder::{Answers, Recorder, answers};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct GuardProcess {
    child: Child,
    pub(crate) socket: PathBuf,
    log: Arc<Mutex<String>>,
}

impl GuardProcess {
    /// A guard in front of an engine, once it listens.
    pub(crate) fn start(folder: &Path, engine: &Path, most: usize, image: &str) -> Self {
        let socket = folder.join("guard.sock");
        let mut child = Command::new(env!("CARGO_BIN_EXE_test-guard"))
            .args([&socket, engine])
            .args([INSTALLATION, POOL, &most.to_string(), image])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let (log_there, (listens, heard)) = (Arc::clone(&log), std::sync::mpsc::channel());
        std::thread::spawn(move || {
            while let Some(Ok(line)) = lines.next() {
                if line.contains("listening") {
                    let _late = listens.send(());
                }
                let mut log = log_there.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        heard
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("it does not listen: {}", log.lock().unwrap()));
        Self { child, socket, log }
    }

    pub(crate) fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes, and reads all that comes until the connection ends.
    pub(crate) fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // It may have answered, and closed, before all was sent.
        let _sent = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _cut = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends a request, and reads its answer.
    pub(crate) fn request(&self, method: &str, target: &str, body: Option<&Value>) -> Reply {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
             X-Registry-Auth: secret\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Reply::parse(&self.exchange(request.as_bytes()))
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// What the kernel says of its process.
    pub(crate) fn status(&self) -> String {
        fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for GuardProcess {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// An answer of the guard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn message(&self) -> String {
        let value: Value = serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"));
        value["message"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

/// A guard in front of an engine that only records.
pub(crate) struct Guarded {
    pub(crate) guard: GuardProcess,
    pub(crate) engine: Recorder,
    _folder: TempDir,
}

impl Guarded {
    pub(crate) fn start() -> Self {
        Self::with(answers(), 3)
    }

    pub(crate) fn with(answers: Answers, most: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Recorder::start(folder.path(), answers);
        let guard = GuardProcess::start(folder.path(), &engine.socket, most, &image());
        Self { guard, engine, _folder: folder }
    }
}
