//! A reader for tests: it reads files as the real one does, or, told to by a plain text, misbehaves.
#![forbid(unsafe_code)]
#![expect(clippy::panic, reason = "to misbehave is what it is for")]

use std::io::{self, BufRead, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode};
use std::time::Duration;

use syft_space_domain::dataset::ports::TextExtractor;
use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused};
use syft_space_extract::{ProcessExtractor, ReaderLimits, ReaderProgram};

fn main() -> ExitCode {
    let done = match std::env::args().nth(1).as_deref() {
        None => syft_space_extract::serve(),
        Some("misbehave") => syft_space_extract::serve_with(misbehave),
        Some("silent") => io::stdin().lock().read_to_end(&mut Vec::new()).map(drop),
        Some("parent") => be_a_parent(),
        Some(_) => Err(io::Error::other("no such mode")),
    };
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Does what the file says.
fn misbehave(format: FileFormat, bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let order = String::from_utf8_lossy(bytes);
    let (order, more) = order.split_once(' ').unwrap_or((&order, ""));
    let say = |text: String| Ok(ExtractedText { title: None, text });
    match order {
        "loop" => loop {
            std::hint::spin_loop();
        },
        "sleep" => loop {
            std::thread::park();
        },
        "eat" => {
            let mut eaten = Vec::new();
            loop {
                eaten.push(vec![1_u8; 1 << 20]);
                if eaten.len() > 8_000 {
                    return say("ate 8 GB".to_owned());
                }
            }
        }
        "abort" => std::process::abort(),
        "exit" => std::process::exit(0),
        "panic" => panic!("as told"),
        "overflow" => say(overflow(1).to_string()),
        "garbage" => {
            let _sent = io::stdout().write_all(&[0xa5; 1 << 16]).and_then(|()| io::stdout().flush());
            say("never heard".to_owned())
        }
        // An answer to this file, and one to the next.
        "twice" => {
            let answers = b"t\x09\0\0\0\0\0\0\0firstt\x0a\0\0\0\0\0\0\0second";
            let _sent = io::stdout().write_all(answers).and_then(|()| io::stdout().flush());
            loop {
                std::thread::park();
            }
        }
        "flood" => loop {
            let _sent = io::stdout().write_all(b"t\xff\xff\xff\xff");
        },
        "half" => {
            let _sent = io::stdout().write_all(b"t\x09\0\0").and_then(|()| io::stdout().flush());
            std::process::exit(0)
        }
        "pid" => say(std::process::id().to_string()),
        "environment" => {
            let variables = std::env::vars_os().count();
            let arguments: Vec<String> = std::env::args().skip(1).collect();
            say(format!("{variables} variables, {arguments:?}, in {:?}", std::env::current_dir().ok()))
        }
        "reach" => say(reach(more)),
        _ => syft_space_extract::extract(format, bytes),
    }
}

#[expect(unconditional_recursion, reason = "a stack that overflows is what is asked for")]
fn overflow(depth: u64) -> u64 {
    std::hint::black_box(overflow(std::hint::black_box(depth + 1)) + 1)
}

/// Tries everything that a reader must not be able to do, and tells what it could.
fn reach(address: &str) -> String {
    let mut could = vec!["nothing else".to_owned()];
    let mut tried = |what: &str, worked: bool| {
        if worked {
            could.push(what.to_owned());
        }
    };
    tried("read a file", std::fs::read("/etc/passwd").is_ok());
    tried("list a folder", std::fs::read_dir("/").is_ok());
    tried("write a file", std::fs::write("/tmp/syft-space-reader-escaped", "x").is_ok());
    tried("connect", TcpStream::connect(address).is_ok());
    tried("listen", TcpListener::bind("127.0.0.1:0").is_ok());
    tried("send", UdpSocket::bind("127.0.0.1:0").is_ok());
    tried("pair", UnixStream::pair().is_ok());
    tried("run a program", Command::new("/bin/true").status().is_ok_and(|status| status.success()));
    for descriptor in 3..64 {
        let inherited = nix::unistd::close(descriptor).is_ok();
        tried("use a descriptor", inherited);
    }
    could.join(", ")
}

/// Has files read by a child, and tells which it is: until it is killed.
fn be_a_parent() -> io::Result<()> {
    let program = ReaderProgram { path: std::env::current_exe()?, arguments: vec!["misbehave".into()] };
    let limits = ReaderLimits { time: Duration::from_secs(600), ..ReaderLimits::default() };
    let extractor = ProcessExtractor::new(program, limits);
    for order in io::stdin().lock().lines() {
        let text = extractor.extract(FileFormat::Text, order?.as_bytes()).map_err(io::Error::other)?.text;
        writeln!(io::stdout(), "{text}")?;
    }
    Ok(())
}
