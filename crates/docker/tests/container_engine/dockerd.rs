//! An engine for one test: a `dockerd` with folders of its own, and an image of a static busybox that stands in for a database.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

/// One engine at a time: two would disturb each other's firewall.
static ALONE: Mutex<()> = Mutex::new(());

/// As whom the image's servers run.
pub(crate) const USER: u32 = 1000;

/// A running engine. It ends, with all that it runs, when dropped.
pub(crate) struct Dockerd {
    folder: TempDir,
    child: Option<Child>,
    /// The id of the image.
    pub(crate) image: String,
    _alone: MutexGuard<'static, ()>,
}

impl Dockerd {
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
        let is_called = std::env::var_os("SYFT_SPACE_TEST_ENGINE").is_some();
        assert!(is_called, "this starts a container engine: run tools/docker/run, which prepares for one");
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().unwrap();
        let mut engine = Self { folder, child: None, image: String::new(), _alone: alone };
        prepare(&engine.data());
        engine.run();
        engine.image = engine.import();
        engine
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("engine.sock")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the engine over the data that is there.
    pub(crate) fn run(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        let child = Command::new("dockerd")
            .arg(format!("--host=unix://{}", self.socket().display()))
            .arg(format!("--data-root={}", self.path("data").display()))
            .arg(format!("--exec-root={}", self.path("exec").display()))
            .arg(format!("--pidfile={}", self.path("pid").display()))
            .arg("--bridge=none")
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        // It says nothing when it listens, so that it is asked.
        for _ in 0..600 {
            if self.try_docker(&["version"]).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the engine does not start:\n{}", fs::read_to_string(self.path("log")).unwrap());
    }

    /// Stops the engine, and what it runs.
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

    /// An image that serves both kinds' health paths, has no shell but busybox's, and ends when it is told to.
    fn import(&self) -> String {
        let root = self.path("root");
        make_root(&root);
        let archive = self.path("root.tar");
        let packed = Command::new("tar")
            .args(["--create", "--file", &archive.display().to_string()])
            .args(["--directory", &root.display().to_string(), "."])
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(packed.success());
        let serve = "trap 'exit 0' TERM; httpd -p 6333 -h /www; httpd -f -p 8000 -h /www & wait";
        let command = format!("CMD [\"sh\", \"-c\", \"{serve}\"]");
        let id = self.docker(&["import", "--change", &command, &archive.display().to_string()]);
        assert!(id.starts_with("sha256:"), "{id:?} is no id of an image");
        id
    }
}

fn make_root(root: &Path) {
    for folder in ["bin", "www/api/v2", "tmp", "data", "qdrant/storage"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
    for program in ["sh", "httpd", "wget", "cat", "id", "touch", "sleep", "mount", "timeout", "grep"] {
        symlink("busybox", root.join("bin").join(program)).unwrap();
    }
    fs::write(root.join("www/api/v2/heartbeat"), "well").unwrap();
    fs::write(root.join("www/healthz"), "well").unwrap();
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
    for data in ["data", "qdrant/storage"] {
        chown(root.join(data), Some(USER), Some(USER)).unwrap();
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.path("log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().rev().take(20).collect();
            eprintln!("the engine said last, backwards:\n{}", lines.join("\n"));
        }
        if let Some(child) = &self.child {
            self.signal(child, "CONT");
        }
        self.stop();
        // Where it is a disk of its own. It fails where it is none.
        let _ = Command::new("umount").arg(self.data()).stderr(Stdio::null()).status();
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
