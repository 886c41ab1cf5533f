//! The parent's side of a child that reads files, and may do anything.

use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::Signal;
use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused};

use super::ReaderProgram;
use super::protocol::{self, HEADER_BYTES, MAX_BODY_BYTES, READY, ResourceLimits};
use crate::text_builder;

/// A child process that reads files. Dropping it ends it.
pub(super) struct Reader {
    process: Child,
    input: ChildStdin,
    output: ChildStdout,
    /// The number of files that it has read.
    pub(super) files: u32,
    /// The time that it took for them.
    pub(super) busy_time: Duration,
    /// The walls that it lacks, and why.
    pub(super) lacking: Vec<String>,
}

/// The failure of a child.
#[derive(Debug)]
pub(super) enum ReaderFailure {
    /// It has not responded in time.
    TimedOut,
    /// It ended, or what it sent was no response.
    Failed,
}

/// The bytes that are read at once.
const READ_BUFFER_BYTES: usize = 64 * 1024;

#[expect(
    clippy::disallowed_methods,
    reason = "how long a process takes is measured, and no rule depends on it"
)]
fn now() -> Instant {
    Instant::now()
}

impl Reader {
    /// Spawns a child, and waits until it is confined.
    pub(super) fn spawn(
        program: &ReaderProgram,
        resource_limits: ResourceLimits,
        time: Duration,
    ) -> Result<Self, String> {
        let mut command = Command::new(&program.path);
        command.args(&program.arguments).env_clear().current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // A signal from the terminal is for the server, which then ends its children in order.
        command.process_group(0);
        let mut process = command.spawn().map_err(|error| format!("a process to read them: {error}"))?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("a process to read them has no pipes".to_owned());
        };
        let mut reader =
            Self { process, input, output, files: 0, busy_time: Duration::ZERO, lacking: Vec::new() };
        let nonblocking = set_nonblocking(&reader.input).and_then(|()| set_nonblocking(&reader.output));
        nonblocking.map_err(|error| error.to_string())?;
        match reader.exchange(&[&resource_limits.to_bytes()], now() + time) {
            Ok((READY, body)) => {
                // It has read no file yet, and is still the program that was begun.
                reader.lacking =
                    String::from_utf8_lossy(&body).lines().filter_map(text_builder::title).collect();
                Ok(reader)
            }
            Ok(_) | Err(ReaderFailure::Failed) => Err("the process to read them did not begin".to_owned()),
            Err(ReaderFailure::TimedOut) => {
                Err(format!("the process to read them did not begin in {time:?}"))
            }
        }
    }

    /// Reads a file.
    pub(super) fn read(
        &mut self,
        format: FileFormat,
        bytes: &[u8],
        time: Duration,
    ) -> Result<Result<ExtractedText, FileRefused>, ReaderFailure> {
        self.files = self.files.saturating_add(1);
        let begun = now();
        let header = protocol::encode_header(protocol::encode_format(format), bytes.len());
        let (kind, body) = self.exchange(&[&header, bytes], begun + time)?;
        self.busy_time = self.busy_time.saturating_add(now().saturating_duration_since(begun));
        protocol::decode_response(format, kind, body).map_err(|_| ReaderFailure::Failed)
    }

    /// Ends it. Answers whether it was ended already, for a system call that a reader never makes.
    pub(super) fn end(mut self) -> bool {
        // The kernel has noted why a process ends before that closes its pipes.
        let _killed = self.process.kill();
        let status = self.process.wait();
        status.is_ok_and(|status| status.signal() == Some(Signal::SYS.as_raw()))
    }

    /// Whether it still runs, and has sent nothing without a request.
    pub(super) fn is_ready(&self) -> bool {
        let mut watched = [PollFd::new(&self.output, PollFlags::IN)];
        poll(&mut watched, Some(&Timespec::default())) == Ok(0)
    }

    /// Sends pieces and receives one response. Whatever the child does, it ends at the deadline.
    fn exchange(&mut self, pieces: &[&[u8]], deadline: Instant) -> Result<(u8, Vec<u8>), ReaderFailure> {
        let mut pieces = pieces.iter().copied().filter(|piece| !piece.is_empty());
        let mut unsent = pieces.next();
        let mut response = ResponseBuffer::default();
        loop {
            let (readable, writable) = self.wait(unsent.is_some(), deadline)?;
            if let (true, Some(piece)) = (writable, unsent) {
                match self.input.write(piece) {
                    Ok(sent) => {
                        let rest = piece.get(sent..).filter(|rest| !rest.is_empty());
                        unsent = rest.or_else(|| pieces.next());
                    }
                    Err(error) if is_retryable(&error) => {}
                    Err(_) => return Err(ReaderFailure::Failed),
                }
            }
            if readable && response.take_from(&mut self.output)? {
                // Who answers before all was said has not listened.
                return if unsent.is_none() { response.into_response() } else { Err(ReaderFailure::Failed) };
            }
        }
    }

    /// Waits until the child has sent something, or can receive more.
    fn wait(&self, more: bool, deadline: Instant) -> Result<(bool, bool), ReaderFailure> {
        let left = deadline.saturating_duration_since(now());
        if left.is_zero() {
            return Err(ReaderFailure::TimedOut);
        }
        let left = Timespec::try_from(left).map_err(|_| ReaderFailure::TimedOut)?;
        let mut watched =
            [PollFd::new(&self.output, PollFlags::IN), PollFd::new(&self.input, PollFlags::OUT)];
        let (output_alone, _) = watched.split_at_mut(1);
        let watched = if more { watched.as_mut_slice() } else { output_alone };
        match poll(watched, Some(&left)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok((false, false)),
            Err(_) => return Err(ReaderFailure::Failed),
        }
        let mut happened = watched.iter().map(|watch| !watch.revents().is_empty());
        Ok((happened.next().unwrap_or(false), happened.next().unwrap_or(false)))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // A process that is killed ends, and one that has ended is waited for at once.
        let _killed = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// A response, as far as it has come.
#[derive(Default)]
struct ResponseBuffer {
    bytes: Vec<u8>,
    piece: Vec<u8>,
}

impl ResponseBuffer {
    /// Reads what is there. Answers whether the response is complete.
    fn take_from(&mut self, output: &mut ChildStdout) -> Result<bool, ReaderFailure> {
        self.piece.resize(READ_BUFFER_BYTES, 0);
        let count = match output.read(&mut self.piece) {
            Ok(0) => return Err(ReaderFailure::Failed),
            Ok(count) => count,
            Err(error) if is_retryable(&error) => return Ok(false),
            Err(_) => return Err(ReaderFailure::Failed),
        };
        self.bytes.extend_from_slice(self.piece.get(..count).unwrap_or_default());
        let Some(header) = self.bytes.first_chunk::<HEADER_BYTES>() else {
            return Ok(false);
        };
        let (_, length) = protocol::parse_header(*header);
        let total = length.saturating_add(HEADER_BYTES);
        if length > MAX_BODY_BYTES || self.bytes.len() > total {
            return Err(ReaderFailure::Failed);
        }
        Ok(self.bytes.len() == total)
    }

    fn into_response(mut self) -> Result<(u8, Vec<u8>), ReaderFailure> {
        let header = self.bytes.first_chunk::<HEADER_BYTES>().ok_or(ReaderFailure::Failed)?;
        let (kind, _) = protocol::parse_header(*header);
        self.bytes.drain(..HEADER_BYTES);
        Ok((kind, self.bytes))
    }
}

fn is_retryable(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Makes a pipe nonblocking.
fn set_nonblocking(pipe: impl std::os::fd::AsFd) -> io::Result<()> {
    let flags = fcntl_getfl(&pipe)?;
    Ok(fcntl_setfl(&pipe, flags | OFlags::NONBLOCK)?)
}
