//! Tests that what a hostile file does to its reader stays in the reader.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
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

#[test]
fn k16_a_reader_can_open_reach_and_begin_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // What is not closed when a program begins is inherited by it.
    let inherited = File::open("/etc/passwd").unwrap();
    fcntl_setfd(&inherited, FdFlags::empty()).unwrap();
    let extractor = extractor("misbehave", limits());
    let order = format!("reach {}", listener.local_addr().unwrap());
    assert_eq!(read(&extractor, &order), Ok("nothing else".to_owned()));
    drop(inherited);
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
