//! What the guard's process gave up, and how many it serves.

use std::io::{Read, Write};

use super::process::Guarded;

#[test]
fn n3_the_guard_has_given_up_all_system_calls_but_those_that_it_needs() {
    let space = Guarded::start();
    assert_eq!(space.guard.request("GET", "/_ping", None).status, 200);
    let status = space.guard.status();
    let line = |name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).map(str::to_owned)
    };
    assert_eq!(line("Seccomp:").as_deref(), Some("2"), "a filter of system calls: {status}");
    assert_eq!(line("NoNewPrivs:").as_deref(), Some("1"), "{status}");
    assert_eq!(line("Threads:").as_deref(), Some("1"), "{status}");
    let log = space.guard.log();
    let kernel = std::fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
    assert!(!log.contains("seccomp:"), "{log}");
    assert!(!kernel.contains("landlock") || !log.contains("landlock:"), "{log}");
    // It opens no file any more, not even one that it could see before.
    let open = std::fs::read_dir(format!("/proc/{}/fd", space.guard.id())).unwrap();
    let files: Vec<_> = open.map(|entry| std::fs::read_link(entry.unwrap().path()).unwrap()).collect();
    assert!(files.iter().all(|file| !file.starts_with("/home") && !file.starts_with("/etc")), "{files:?}");
}

#[test]
fn n3_connections_are_bounded_and_those_beyond_wait_for_a_place() {
    let space = Guarded::start();
    let mut held: Vec<_> = (0..64).map(|_| space.guard.connect()).collect();
    // Each is served: it asks, and keeps the connection.
    for stream in &mut held {
        stream.write_all(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
    let mut waiting = space.guard.connect();
    waiting.write_all(b"GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    // What is asked behind it is answered, and it is not.
    for stream in held.iter_mut().take(2) {
        let mut answer = [0; 4096];
        stream.set_nonblocking(true).unwrap();
        while stream.read(&mut answer).is_ok() {}
        stream.set_nonblocking(false).unwrap();
        stream.write_all(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        assert!(stream.read(&mut answer).unwrap() > 0);
    }
    waiting.set_nonblocking(true).unwrap();
    assert_eq!(waiting.read(&mut [0; 1]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    waiting.set_nonblocking(false).unwrap();
    drop(held.pop());
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn n3_the_guard_ends_in_order_when_it_is_told_to() {
    for signal in ["TERM", "INT"] {
        let mut space = Guarded::start();
        let mut idle = space.guard.connect();
        idle.write_all(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = [0; 12];
        idle.read_exact(&mut answer).unwrap();
        space.guard.signal(signal);
        assert_eq!(space.guard.wait().code(), Some(0), "after SIG{signal}: {}", space.guard.log());
    }
}
