//! A reader for tests: it reads files as the real one does, or, told to by a plain text, misbehaves.
#![forbid(unsafe_code)]
#![expect(clippy::panic, reason = "to misbehave is what it is for")]

use std::io::{self, BufRead, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode};
use std::sync::OnceLock;
use std::time::Duration;

use rustix::net::{AddressFamily, SendFlags, SocketType};
use rustix::process::{Pid, Resource, Rlimit, Signal};

use syft_space_domain::dataset::ports::TextExtractor;
use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused};
use syft_space_extract::{ProcessExtractor, ReaderLimits, ReaderProgram};

/// What this process was told when it began: later it may not ask.
static TOLD: OnceLock<String> = OnceLock::new();

fn main() -> ExitCode {
    let variables = std::env::vars_os().count();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = std::env::current_dir().ok();
    TOLD.get_or_init(|| format!("{variables} variables, {arguments:?}, in {folder:?}"));
    let done = match std::env::args().nth(1).as_deref() {
        None => syft_space_extract::serve(),
        Some("misbehave") => syft_space_extract::serve_with(misbehave),
        // As under a unit of systemd that allows what a service of old needs.
        Some("misbehave without walls") => {
            refuse_walls().and_then(|()| syft_space_extract::serve_with(misbehave))
        }
        Some("silent") => io::stdin().lock().read_to_end(&mut Vec::new()).map(drop),
        Some("parent") => be_a_parent(),
        Some("folder") => read_in_folder(),
        Some(_) => Err(io::Error::other("no such mode")),
    };
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Has the kernel refuse the calls by which a reader gives up what it has.
fn refuse_walls() -> io::Result<()> {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    let calls =
        [libc::SYS_seccomp, libc::SYS_landlock_create_ruleset].into_iter().map(|call| (call, Vec::new()));
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let architecture = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let filter = SeccompFilter::new(calls.collect(), SeccompAction::Allow, refused, architecture);
    let filter: BpfProgram = filter.and_then(TryInto::try_into).map_err(io::Error::other)?;
    seccompiler::apply_filter(&filter).map_err(io::Error::other)
}

/// Does what the file says.
fn misbehave(format: FileFormat, bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let order = String::from_utf8_lossy(bytes);
    let (order, more) = order.split_once(' ').unwrap_or((&order, ""));
    let say = |text: String| Ok(ExtractedText { title: None, text, marks: Vec::new() });
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
        "environment" => say(TOLD.get().cloned().unwrap_or_default()),
        "allowed" => say(what_is_allowed()),
        "try" => {
            // The parent has to be told that this process still lives, if it does.
            let outcome = try_to(more);
            say(format!("{more}: {outcome}"))
        }
        _ => syft_space_extract::extract(format, bytes),
    }
}

#[expect(unconditional_recursion, reason = "a stack that overflows is what is asked for")]
fn overflow(depth: u64) -> u64 {
    std::hint::black_box(overflow(std::hint::black_box(depth + 1)) + 1)
}

/// Does what a reader does between its files.
#[expect(clippy::disallowed_methods, reason = "whether the time can be asked for is what is tried")]
fn what_is_allowed() -> String {
    let memory: Vec<u8> = (0..=u8::MAX).cycle().take(64 << 20).collect();
    let mut map = std::collections::HashMap::new();
    for number in 0..100_000_u32 {
        map.insert(number, vec![0_u8; usize::try_from(number % 4_000).unwrap_or_default()]);
    }
    let mut grown = memory.clone();
    grown.extend_from_slice(&memory);
    grown.truncate(1);
    grown.shrink_to_fit();
    let now = std::time::SystemTime::now().elapsed().is_ok();
    let caught = std::panic::catch_unwind(|| panic!("as told")).is_err();
    format!("{} {} {now} {caught}", memory.len(), map.len())
}

/// Tries what a reader must not be able to do. Each of it ends the process.
fn try_to(what: &str) -> &'static str {
    let (what, other) = what.split_once(' ').unwrap_or((what, ""));
    let pid = other.parse().ok().and_then(Pid::from_raw);
    let could = match what {
        "open" => std::fs::read("/etc/passwd").is_ok(),
        "list" => std::fs::read_dir("/").is_ok(),
        "write" => std::fs::write("/tmp/syft-space-reader-escaped", "x").is_ok(),
        "status" => std::fs::metadata("/").is_ok(),
        "getcwd" => std::env::current_dir().is_ok(),
        "memfd_create" => rustix::fs::memfd_create("x", rustix::fs::MemfdFlags::empty()).is_ok(),
        "connect" => TcpStream::connect(other).is_ok(),
        "listen" => TcpListener::bind("127.0.0.1:0").is_ok(),
        "datagram" => UdpSocket::bind("127.0.0.1:0").is_ok(),
        "pair" => UnixStream::pair().is_ok(),
        "socket" => {
            let family = AddressFamily::from_raw(other.parse().unwrap_or_default());
            rustix::net::socket(family, SocketType::DGRAM, None).is_ok()
        }
        "sendto" => rustix::net::send(io::stdout(), b"x", SendFlags::empty()).is_ok(),
        "close" => nix::unistd::close(2).is_ok(),
        "dup" => rustix::io::dup(io::stdout()).is_ok(),
        "pipe" => rustix::pipe::pipe().is_ok(),
        "fork" => Command::new("/bin/true").status().is_ok(),
        "clone" => std::thread::Builder::new().spawn(|| ()).is_ok(),
        "ptrace" => nix::sys::ptrace::traceme().is_ok(),
        "prlimit" => {
            let limit = Rlimit { current: Some(8), maximum: Some(8) };
            rustix::process::prlimit(pid, Resource::Nofile, limit).is_ok()
        }
        "getrlimit" => rustix::process::getrlimit(Resource::Nofile).current == Some(3),
        "setpriority" => rustix::process::setpriority_process(pid, 5).is_ok(),
        "kill" => pid.is_some_and(|pid| rustix::process::kill_process(pid, Signal::TERM).is_ok()),
        "chdir" => std::env::set_current_dir("/tmp").is_ok(),
        "sleep" => {
            std::thread::sleep(Duration::from_millis(1));
            true
        }
        "prctl" => {
            rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable).is_ok()
        }
        _ => return "is not known",
    };
    if could { "could" } else { "could not, and lives" }
}

/// Confines itself to a folder, and tells what it can do then.
fn read_in_folder() -> io::Result<()> {
    let folder = std::path::PathBuf::from(std::env::args().nth(2).unwrap_or_default());
    let outside = folder.with_file_name("outside");
    let server = TcpListener::bind("127.0.0.1:0")?;
    let address = server.local_addr()?;
    let lacking = syft_space_extract::confine_to_folder(&folder, 1 << 30, 60)?;
    let read = |path: &std::path::Path| std::fs::read(path).is_ok();
    let found = [
        ("lacks", lacking.is_some()),
        ("inside", read(&folder.join("inside"))),
        ("outside", read(&outside)),
        ("outside by a link", read(&folder.join("link"))),
        ("password", read(std::path::Path::new("/etc/passwd"))),
        ("write", std::fs::write(folder.join("written"), "x").is_ok()),
        ("connect", TcpStream::connect(address).is_ok()),
        ("program", Command::new("/bin/true").status().is_ok()),
        ("memory", Vec::<u8>::new().try_reserve(2 << 30).is_ok()),
        ("thread", std::thread::Builder::new().spawn(|| ()).is_ok()),
    ];
    for (what, could) in found {
        writeln!(io::stdout(), "{what}: {could}")?;
    }
    Ok(())
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
