//! The image of the tests: a static busybox that stands in for a database of either kind.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::engine::ContainerEngine;

/// As whom the image's servers run.
pub(crate) const USER: u32 = 1000;

/// What serves both kinds' health paths, and ends when it is told to.
pub(crate) const SERVE: &str = "trap 'exit 0' TERM; httpd -p 6333 -h /www; httpd -f -p 8000 -h /www & wait";

/// Gives an engine an image that has no shell but busybox's, and runs a line of it. Answers its id.
pub(crate) fn import(engine: &ContainerEngine, folder: &Path, line: &str) -> String {
    let root = folder.join("root");
    if !root.exists() {
        make_root(&root);
    }
    let archive = folder.join("root.tar");
    let packed = Command::new("tar")
        .args(["--create", "--file", &archive.display().to_string()])
        .args(["--directory", &root.display().to_string(), "."])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(packed.success());
    let command = format!("CMD [\"sh\", \"-c\", \"{line}\"]");
    let told = engine.docker(&["import", "--change", &command, &archive.display().to_string()]);
    // Podman tells it twice.
    let id = told.rsplit(' ').next().unwrap_or_default();
    assert!(id.starts_with("sha256:"), "{id:?} is no id of an image");
    id.to_owned()
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
