//! Tests that what a hostile file does to its reader stays in the reader.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use syft_space_domain::dataset::ports::{ExtractError, TextExtractor};
use syft_space_domain::dataset::{FileFormat, FileRefused};
use syft_space_extract::{ProcessExtractor, ReaderLimits, ReaderProgram};

const READER: &str = env!("CARGO_BIN_EXE_test-reader");

fn limits() -> ReaderLimits {
    ReaderLimits { processes: 1, ..ReaderLimits::default() }
}

fn extractor(mode: &str, limits: ReaderLimits) -> ProcessExtractor {
    let program = ReaderProgram { path: READER.into(), arguments: vec![mode.into()] };
    ProcessExtractor::new(program, limits)
}

fn read(extractor: &ProcessExtractor, text: &str) -> Result<String, ExtractError> {
    extractor.extract(FileFormat::Text, text.as_bytes()).map(|extracted| extracted.text)
}

const TOO_HEAVY: Result<String, ExtractError> = Err(ExtractError::Refused(FileRefused::TooHeavy));

#[test]
fn k16_a_file_that_breaks_its_reader_is_refused_and_the_next_is_read() {
    let extractor = extractor("misbehave", limits());
    for order in ["abort", "exit", "panic", "overflow", "garbage", "flood", "half"] {
        assert_eq!(read(&extractor, order), TOO_HEAVY, "{order}, in a new reader");
        assert_eq!(read(&extractor, "the next"), Ok("the next".to_owned()), "after {order}");
        assert_eq!(read(&extractor, order), TOO_HEAVY, "{order}, in a reader that has read another file");
    }
}

#[test]
fn k16_a_reader_gets_no_more_memory_than_it_may() {
    let extractor = extractor("misbehave", ReaderLimits { memory: 256 << 20, ..limits() });
    assert_eq!(read(&extractor, "eat"), TOO_HEAVY);
    assert_eq!(read(&extractor, "the next"), Ok("the next".to_owned()));
}

#[test]
fn k16_a_file_that_takes_too_long_is_refused_whether_its_reader_works_or_waits() {
    let extractor = extractor("misbehave", ReaderLimits { time: Duration::from_secs(1), ..limits() });
    for order in ["loop", "sleep"] {
        assert_eq!(read(&extractor, order), Err(FileRefused::TooSlow(1).into()), "{order}");
        assert_eq!(read(&extractor, "the next"), Ok("the next".to_owned()), "after {order}");
    }
}

#[test]
fn k16_a_file_cannot_answer_for_the_next() {
    let extractor = extractor("misbehave", limits());
    assert_eq!(read(&extractor, "twice"), TOO_HEAVY);
    assert_eq!(read(&extractor, "the next"), Ok("the next".to_owned()));
}

/// A reader that is spoken to by hand, to see how it ends.
fn ends_by(order: &str) -> Option<i32> {
    let mut reader = Command::new(READER);
    reader.arg("misbehave").env_clear().current_dir("/");
    reader.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut reader = reader.spawn().unwrap();
    let (mut input, mut output) = (reader.stdin.take().unwrap(), reader.stdout.take().unwrap());
    input.write_all(&[&(1_u64 << 30).to_le_bytes()[..], &20_u32.to_le_bytes()].concat()).unwrap();
    let mut ready = [0; 5];
    output.read_exact(&mut ready).unwrap();
    assert_eq!(ready, *b"r\0\0\0\0", "all walls stand, where these tests run");
    let length = u32::try_from(order.len()).unwrap().to_le_bytes();
    input.write_all(&[&[0], &length[..], order.as_bytes()].concat()).unwrap();
    // It answers if it lives, and ends with its parent only then.
    let mut answer = [0; 5];
    let lives = output.read_exact(&mut answer).is_ok();
    drop(input);
    let status = reader.wait().unwrap();
    assert!(!lives && status.signal().is_some(), "{order}: {answer:?}, {status}");
    status.signal()
}

#[test]
fn k16_a_system_call_that_no_reader_needs_ends_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = format!("connect {}", listener.local_addr().unwrap());
    let parent = std::process::id();
    let others: Vec<String> =
        ["prlimit", "setpriority", "kill"].into_iter().map(|call| format!("{call} {parent}")).collect();
    let sockets: Vec<String> = (0..46).map(|family| format!("socket {family}")).collect();
    let alone = [
        "open",
        "list",
        "write",
        "status",
        "getcwd",
        "memfd_create",
        "listen",
        "datagram",
        "pair",
        "sendto",
        "close",
        "dup",
        "pipe",
        "fork",
        "clone",
        "ptrace",
        "getrlimit",
        "chdir",
        "sleep",
        "prctl",
        "prlimit",
    ];
    let all = alone.into_iter().chain(others.iter().map(String::as_str));
    let all = all.chain(sockets.iter().map(String::as_str)).chain([connect.as_str()]);
    for what in all {
        assert_eq!(ends_by(&format!("try {what}")), Some(Signal::SYS.as_raw()), "{what}");
    }
    let extractor = extractor("misbehave", limits());
    for what in ["open", "datagram", "close"] {
        assert_eq!(read(&extractor, &format!("try {what}")), TOO_HEAVY, "{what}");
        assert_eq!(read(&extractor, "the next"), Ok("the next".to_owned()), "after {what}");
    }
    // The parent, on whom some of it was tried, is as it was.
    assert!(
        rustix::process::getrlimit(rustix::process::Resource::Nofile).current.is_none_or(|most| most > 8)
    );
}

#[test]
fn k16_what_a_reader_needs_it_may_do() {
    let extractor = extractor("misbehave", limits());
    assert_eq!(read(&extractor, "allowed").as_deref(), Ok("67108864 100000 true true"));
    for (order, signal) in [("abort", Signal::ABORT), ("overflow", Signal::ABORT)] {
        assert_eq!(ends_by(order), Some(signal.as_raw()), "{order} is what it is, and no forbidden call");
    }
}

#[test]
fn k16_a_reader_inherits_nothing() {
    // What is not closed when a program begins is inherited by it.
    let inherited = File::open("/etc/passwd").unwrap();
    fcntl_setfd(&inherited, FdFlags::empty()).unwrap();
    let extractor = extractor("misbehave", limits());
    let pid = read(&extractor, "pid").unwrap();
    let open = std::fs::read_dir(format!("/proc/{pid}/fd"));
    // Only root may look into a process that may not be traced.
    if let Ok(open) = open {
        assert_eq!(open.count(), 3);
    }
    drop(inherited);
}

#[test]
fn k16_a_reader_says_which_walls_the_system_lacks() {
    assert_eq!(extractor("misbehave", limits()).lacking_walls(), Ok(Vec::new()));
    let extractor = extractor("misbehave without walls", limits());
    let lacking = extractor.lacking_walls().unwrap();
    let [landlock, seccomp] = lacking.as_slice() else { panic!("{lacking:?}") };
    assert!(landlock.starts_with("landlock: ") && landlock.contains("keeps it away"), "{landlock}");
    assert!(seccomp.starts_with("seccomp: ") && seccomp.contains("not permitted"), "{seccomp}");
    assert_eq!(read(&extractor, "the next"), Ok("the next".to_owned()), "files are read all the same");
}

#[test]
fn k16_the_unit_that_is_shipped_allows_what_a_reader_gives_itself_up_by() {
    let unit = include_str!("../../../deploy/syft-space.service");
    let allowed: Vec<&str> = unit
        .lines()
        .filter_map(|line| line.strip_prefix("SystemCallFilter="))
        .filter(|calls| !calls.starts_with('~'))
        .flat_map(str::split_whitespace)
        .collect();
    for call in ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp"] {
        assert!(allowed.contains(&call), "{call} is no part of @system-service before systemd 254");
    }
}

#[test]
fn k16_a_reader_is_told_nothing_but_what_it_is() {
    let extractor = extractor("misbehave", limits());
    let told = "0 variables, [\"misbehave\"], in Some(\"/\")".to_owned();
    assert_eq!(read(&extractor, "environment"), Ok(told));
}

#[test]
fn k16_a_reader_ends_with_its_parent_even_in_the_middle_of_a_file() {
    let mut parent = Command::new(READER);
    parent.arg("parent").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut parent = parent.spawn().unwrap();
    let mut orders = parent.stdin.take().unwrap();
    writeln!(orders, "pid").unwrap();
    let mut pid = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut pid).unwrap();
    let reader =
        pidfd_open(Pid::from_raw(pid.trim().parse().unwrap()).unwrap(), PidfdFlags::empty()).unwrap();
    writeln!(orders, "loop").unwrap();
    parent.kill().unwrap();
    parent.wait().unwrap();
    // It never returns if the reader does not end.
    poll(&mut [PollFd::new(&reader, PollFlags::IN)], None).unwrap();
}

#[test]
fn k16_without_a_process_to_read_it_a_file_is_not_refused() {
    let failed = |extractor: &ProcessExtractor| match read(extractor, "text") {
        Err(ExtractError::Failed(why)) => why,
        other => panic!("{other:?}"),
    };
    let program = ReaderProgram { path: "/no/such/program".into(), arguments: Vec::new() };
    assert!(failed(&ProcessExtractor::new(program, limits())).contains("No such file"));
    let program = ReaderProgram { path: "/bin/cat".into(), arguments: Vec::new() };
    let limits = ReaderLimits { time: Duration::from_secs(1), ..limits() };
    assert!(failed(&ProcessExtractor::new(program, limits)).contains("did not begin"));
    for mode in ["no such mode", "silent"] {
        assert!(failed(&extractor(mode, limits)).contains("did not begin"), "{mode}");
    }
}

#[test]
fn q2_a_reader_is_kept_for_the_next_file_and_replaced_after_its_number_of_files() {
    let extractor = extractor("misbehave", ReaderLimits { files: 3, ..limits() });
    let pids: Vec<String> = (0..6).map(|_| read(&extractor, "pid").unwrap()).collect();
    assert!(pids[0] == pids[1] && pids[1] == pids[2] && pids[3] == pids[5], "{pids:?}");
    assert_ne!(pids[2], pids[3]);
    // A PDF or a DOCX is the last file of its reader, whatever becomes of it.
    let extractor = self::extractor("misbehave", limits());
    let before = read(&extractor, "pid").unwrap();
    let _refused = extractor.extract(FileFormat::Docx, b"no archive");
    assert_ne!(read(&extractor, "pid").unwrap(), before);
}

#[test]
fn k16_a_reader_that_was_killed_while_it_waited_is_replaced() {
    let extractor = extractor("misbehave", limits());
    let pid: i32 = read(&extractor, "pid").unwrap().parse().unwrap();
    let pid = Pid::from_raw(pid).unwrap();
    let ended = pidfd_open(pid, PidfdFlags::empty()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    poll(&mut [PollFd::new(&ended, PollFlags::IN)], None).unwrap();
    assert_eq!(read(&extractor, "the next"), Ok("the next".to_owned()));
}

#[test]
fn q2_no_more_files_are_read_at_once_than_there_may_be_processes() {
    let extractor = extractor("misbehave", ReaderLimits { processes: 2, ..limits() });
    let together = Barrier::new(8);
    let pids: Vec<String> = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    together.wait();
                    (0..20).map(|_| read(&extractor, "pid").unwrap()).collect::<Vec<_>>()
                })
            })
            .collect();
        readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect()
    });
    let different: std::collections::BTreeSet<&String> = pids.iter().collect();
    assert!(pids.len() == 160 && different.len() <= 2, "{different:?}");
}

#[test]
fn k16_a_process_that_reads_a_folder_can_read_that_and_do_nothing_else() {
    let place = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("confined");
    let folder = place.join("folder");
    std::fs::create_dir_all(&folder).unwrap();
    for file in [folder.join("inside"), place.join("outside")] {
        std::fs::write(file, "x").unwrap();
    }
    drop(std::os::unix::fs::symlink("../outside", folder.join("link")));
    let ran = Command::new(READER).arg("folder").arg(&folder).output().unwrap();
    let told = String::from_utf8(ran.stdout).unwrap();
    let could: Vec<&str> = told.lines().filter_map(|line| line.strip_suffix(": true")).collect();
    assert!(ran.status.success() && told.lines().count() == 10, "{told}");
    assert_eq!(could, ["inside", "thread"]);
}
