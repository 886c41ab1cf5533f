//! A guard before the engine of a test, as a process of its own.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::space::installation;

/// A running guard. It ends when dropped.
pub(crate) struct Guard {
    child: Child,
    images: Vec<String>,
}

impl Guard {
    /// Begins a guard that lets containers of these images through, where the caller of the tests names its program.
    pub(crate) fn begin(socket: &Path, engine: &Path, images: Vec<String>) -> Option<Self> {
        let program = std::env::var_os("SYFT_SPACE_TEST_GUARD")?;
        let child = Command::new(program)
            .args([socket, engine])
            // As much of the addresses as any test asks for, and as many databases.
            .args([installation().as_str(), "10.0.0.0/8", "250"])
            .args(&images)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let guard = Self { child, images };
        for _ in 0..400 {
            if UnixStream::connect(socket).is_ok() {
                return Some(guard);
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("the guard does not listen");
    }

    /// Ends it, and answers what images it let through.
    pub(crate) fn end(mut self) -> Vec<String> {
        std::mem::take(&mut self.images)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
