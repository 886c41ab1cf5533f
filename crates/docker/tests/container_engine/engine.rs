//! An engine for one test, with folders of its own: Debian's `dockerd`, or Podman's service, which speaks the same API; and, where that
//! is to be, a guard before it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

use crate::guard::Guard;
use crate::image;

/// Which engine is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Docker's.
    Docker,
    /// Podman's service.
    Podman,
}

impl Kind {
    /// What the caller of the tests wants.
    fn wanted() -> Self {
        match std::env::var("SYFT_SPACE_TEST_ENGINE").as_deref() {
            Ok("docker") => Self::Docker,
            Ok("podman") => Self::Podman,
            _ => panic!("this starts a container engine: run tools/docker/run, which prepares for one"),
        }
    }
}

/// What Podman is told that no option of its command tells. It starts no container with a limit of open files above this machine's.
const PODMAN_SETTINGS: &str = r#"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
"#;

/// One engine at a time: two would disturb each other's firewall.
static ALONE: Mutex<()> = Mutex::new(());

/// A running engine. It ends, with all that it runs, when dropped.
pub(crate) struct ContainerEngine {
    pub(crate) kind: Kind,
    folder: TempDir,
    child: Option<Child>,
    /// The id of the image.
    pub(crate) image: String,
    guard: Mutex<Option<Guard>>,
    _alone: MutexGuard<'static, ()>,
}

impl ContainerEngine {
    /// Starts an engine, and gives it the image.
    pub(crate) fn start() -> Self {
        Self::start_over(|_| {})
    }

    /// The same, on a disk of its own that has so many MiB.
    pub(crate) fn start_on_small_disk(mib: u32) -> Self {
        Self::start_over(|data| {
            let size = format!("size={mib}m");
            fs::create_dir(data).unwrap();
            let mounted =
                Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(data).status();
            assert!(mounted.unwrap().success());
        })
    }

    /// Where the engine keeps its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    fn start_over(prepare: impl FnOnce(&Path)) -> Self {
        let kind = Kind::wanted();
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut engine = Self {
            kind,
            folder: tempfile::tempdir().unwrap(),
            child: None,
            image: String::new(),
            guard: Mutex::default(),
            _alone: alone,
        };
        prepare(&engine.data());
        engine.run();
        engine.image = engine.import(image::SERVE);
        engine.offer(&engine.image);
        engine
    }

    /// Gives the engine an image that runs a line of a shell, and answers its id.
    pub(crate) fn import(&self, line: &str) -> String {
        image::import(self, &self.path("image"), line)
    }

    /// The engine's own socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.path("engine.sock")
    }

    /// The socket that a space is given: the guard's, where there is one.
    pub(crate) fn way(&self) -> PathBuf {
        if self.guard.lock().unwrap().is_some() { self.path("guard.sock") } else { self.socket() }
    }

    /// Has the guard, where there is to be one, let an image through besides those that it has.
    pub(crate) fn offer(&self, image: &str) {
        let mut guard = self.guard.lock().unwrap();
        let images = guard.take().map(Guard::end).unwrap_or_default();
        *guard =
            Guard::begin(&self.path("guard.sock"), &self.socket(), [images, vec![image.to_owned()]].concat());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the engine over the data that is there.
    pub(crate) fn run(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        let address = format!("unix://{}", self.socket().display());
        let mut command = match self.kind {
            Kind::Docker => {
                let mut command = Command::new("dockerd");
                let path = |option: &str, name: &str| format!("--{option}={}", self.path(name).display());
                command.args([path("data-root", "data"), path("exec-root", "exec"), path("pidfile", "pid")]);
                command.args([&format!("--host={address}"), "--bridge=none"]);
                command
            }
            Kind::Podman => {
                fs::write(self.path("containers.conf"), PODMAN_SETTINGS).unwrap();
                let storage = format!(
                    "[storage]\ndriver = \"overlay\"\ngraphroot = {:?}\nrunroot = {:?}\n",
                    self.data(),
                    self.path("exec")
                );
                fs::write(self.path("storage.conf"), storage).unwrap();
                let mut command = self.podman();
                command.args(["--log-level=info", "system", "service", "--time=0", &address]);
                command
            }
        };
        self.child = Some(command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
        // It says nothing when it listens, so that it is asked.
        for _ in 0..600 {
            if self.try_docker(&["version"]).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the engine does not start:\n{}", fs::read_to_string(self.path("log")).unwrap());
    }

    /// Podman's command, with folders of its own.
    fn podman(&self) -> Command {
        let mut command = Command::new("podman");
        command.env("CONTAINERS_CONF", self.path("containers.conf"));
        command.env("CONTAINERS_STORAGE_CONF", self.path("storage.conf"));
        let path = |option: &str, name: &str| format!("--{option}={}", self.path(name).display());
        command.args([path("tmpdir", "exec"), path("network-config-dir", "networks")]);
        command
    }

    /// Stops the engine. Docker's stops what it runs, and Podman's does not.
    pub(crate) fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        self.signal(&child, "TERM");
        child.wait().unwrap();
    }

    /// Sends the engine a signal.
    pub(crate) fn freeze(&self, is_frozen: bool) {
        self.signal(self.child.as_ref().unwrap(), if is_frozen { "STOP" } else { "CONT" });
    }

    fn signal(&self, child: &Child, name: &str) {
        Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    }

    /// Calls the engine with the client that others wrote, and answers what it prints.
    #[track_caller]
    pub(crate) fn docker(&self, arguments: &[&str]) -> String {
        self.try_docker(arguments).unwrap_or_else(|error| panic!("docker {arguments:?}: {error}"))
    }

    pub(crate) fn try_docker(&self, arguments: &[&str]) -> Result<String, String> {
        let host = format!("unix://{}", self.socket().display());
        let output = Command::new("docker").args(["--host", &host]).args(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// The lines that it prints: ids or names.
    #[track_caller]
    pub(crate) fn list(&self, arguments: &[&str]) -> Vec<String> {
        self.docker(arguments).lines().map(str::to_owned).collect()
    }

    /// What the engine tells of one thing.
    #[track_caller]
    pub(crate) fn inspect(&self, what: &str, name: &str) -> serde_json::Value {
        let told: serde_json::Value = serde_json::from_str(&self.docker(&[what, "inspect", name])).unwrap();
        told[0].clone()
    }

    /// Asks a server from inside of a container, as somebody who has taken it over.
    #[track_caller]
    pub(crate) fn reaches(&self, container: &str, url: &str) -> bool {
        let line = format!("timeout 3 wget -q -O /dev/null {url}; echo $?");
        // 1: refused or no way there; 143: nobody answered. Anything else is no answer to the question.
        match self.docker(&["exec", container, "sh", "-c", &line]).as_str() {
            "0" => true,
            "1" | "143" => false,
            other => panic!("wget ends with {other}"),
        }
    }
}

impl Drop for ContainerEngine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.path("log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().rev().take(20).collect();
            eprintln!("the engine said last, backwards:\n{}", lines.join("\n"));
        }
        if let Some(child) = &self.child {
            self.signal(child, "CONT");
        }
        if self.kind == Kind::Podman {
            // What is gone, or never was, is no matter.
            let _ = self.podman().args(["rm", "--all", "--force", "--time=0"]).output();
        }
        self.stop();
        // Where it is a disk of its own, or Podman's. It fails where it is none.
        for mounted in [self.data().join("overlay"), self.data()] {
            let _ = Command::new("umount").arg(mounted).stderr(Stdio::null()).status();
        }
        // An engine leaves its bridges to the next one, with the addresses of the host.
        let links = Command::new("ip").args(["-o", "link", "show", "type", "bridge"]).output().unwrap();
        for link in String::from_utf8_lossy(&links.stdout).lines() {
            let Some(name) = link.split(": ").nth(1) else { continue };
            Command::new("ip").args(["link", "delete", name]).status().unwrap();
        }
    }
}

/// A process that ends when dropped.
pub(crate) struct Server(Child);

impl Server {
    /// Starts a server, and waits until it answers.
    #[track_caller]
    pub(crate) fn begin(arguments: &[&str], url: &str) -> Self {
        let [program, arguments @ ..] = arguments else { panic!("no program") };
        let server = Self(
            Command::new(program)
                .args(arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        );
        for _ in 0..200 {
            if Command::new("busybox")
                .args(["wget", "-q", "-O", "/dev/null", url])
                .stderr(Stdio::null())
                .status()
                .unwrap()
                .success()
            {
                return server;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("{url} does not answer");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
