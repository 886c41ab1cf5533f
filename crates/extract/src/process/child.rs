//! How does the parent speak with a child that may do anything?

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused};

use super::ReaderProgram;
use super::frame::{self, Allowance, BODY_MAX, HEAD, READY};

/// A child process that reads files. Dropping it ends it.
pub(super) struct Reader {
    process: Child,
    input: ChildStdin,
    output: ChildStdout,
    /// The files it has read.
    pub(super) files: u32,
    /// How long it took for them.
    pub(super) busy: Duration,
}

/// A child did not do what it is for.
#[derive(Debug)]
pub(super) enum Broken {
    /// It has not answered in time.
    Late,
    /// It ended, or what it said was no answer.
    Lost,
}

/// What is read at once.
const PIECE: usize = 64 * 1024;

#[expect(
    clippy::disallowed_methods,
    reason = "how long a process takes is measured, and no rule depends on it"
)]
fn now() -> Instant {
    Instant::now()
}

impl Reader {
    /// Begins a child, and waits until it is confined.
    pub(super) fn begin(
        program: &ReaderProgram,
        allowance: Allowance,
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
        let mut reader = Self { process, input, output, files: 0, busy: Duration::ZERO };
        let never_wait = never_wait(&reader.input).and_then(|()| never_wait(&reader.output));
        never_wait.map_err(|error| error.to_string())?;
        match reader.exchange(&[&allowance.to_bytes()], now() + time) {
            Ok((READY, body)) if body.is_empty() => Ok(reader),
            Ok(_) | Err(Broken::Lost) => Err("the process to read them did not begin".to_owned()),
            Err(Broken::Late) => Err(format!("the process to read them did not begin in {time:?}")),
        }
    }

    /// Has a file read.
    pub(super) fn read(
        &mut self,
        format: FileFormat,
        bytes: &[u8],
        time: Duration,
    ) -> Result<Result<ExtractedText, FileRefused>, Broken> {
        self.files = self.files.saturating_add(1);
        let begun = now();
        let head = frame::head(frame::format_code(format), bytes.len());
        let (kind, body) = self.exchange(&[&head, bytes], begun + time)?;
        self.busy = self.busy.saturating_add(now().saturating_duration_since(begun));
        frame::read_answer(format, kind, body).map_err(|_| Broken::Lost)
    }

    /// Whether it still runs, and has said nothing that it was not asked.
    pub(super) fn is_ready(&self) -> bool {
        let mut watched = [PollFd::new(&self.output, PollFlags::IN)];
        poll(&mut watched, Some(&Timespec::default())) == Ok(0)
    }

    /// Sends pieces and takes one answer. Whatever the child does, it ends at the deadline.
    fn exchange(&mut self, pieces: &[&[u8]], deadline: Instant) -> Result<(u8, Vec<u8>), Broken> {
        let mut pieces = pieces.iter().copied().filter(|piece| !piece.is_empty());
        let mut unsent = pieces.next();
        let mut answer = Answer::default();
        loop {
            let (readable, writable) = self.wait(unsent.is_some(), deadline)?;
            if let (true, Some(piece)) = (writable, unsent) {
                match self.input.write(piece) {
                    Ok(sent) => {
                        let rest = piece.get(sent..).filter(|rest| !rest.is_empty());
                        unsent = rest.or_else(|| pieces.next());
                    }
                    Err(error) if again(&error) => {}
                    Err(_) => return Err(Broken::Lost),
                }
            }
            if readable && answer.take_from(&mut self.output)? {
                // Who answers before all was said has not listened.
                return if unsent.is_none() { answer.whole() } else { Err(Broken::Lost) };
            }
        }
    }

    /// Waits until the child has said something, or can be told more.
    fn wait(&self, more: bool, deadline: Instant) -> Result<(bool, bool), Broken> {
        let left = deadline.saturating_duration_since(now());
        if left.is_zero() {
            return Err(Broken::Late);
        }
        let left = Timespec::try_from(left).map_err(|_| Broken::Late)?;
        let mut watched =
            [PollFd::new(&self.output, PollFlags::IN), PollFd::new(&self.input, PollFlags::OUT)];
        let (output_alone, _) = watched.split_at_mut(1);
        let watched = if more { watched.as_mut_slice() } else { output_alone };
        match poll(watched, Some(&left)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok((false, false)),
            Err(_) => return Err(Broken::Lost),
        }
        let mut happened = watched.iter().map(|one| !one.revents().is_empty());
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

/// An answer as far as it has come.
#[derive(Default)]
struct Answer {
    bytes: Vec<u8>,
    piece: Vec<u8>,
}

impl Answer {
    /// Takes what is there; answers whether that is all.
    fn take_from(&mut self, output: &mut ChildStdout) -> Result<bool, Broken> {
        self.piece.resize(PIECE, 0);
        let count = match output.read(&mut self.piece) {
            Ok(0) => return Err(Broken::Lost),
            Ok(count) => count,
            Err(error) if again(&error) => return Ok(false),
            Err(_) => return Err(Broken::Lost),
        };
        self.bytes.extend_from_slice(self.piece.get(..count).unwrap_or_default());
        let Some(head) = self.bytes.first_chunk::<HEAD>() else {
            return Ok(false);
        };
        let (_, length) = frame::read_head(*head);
        let whole = length.saturating_add(HEAD);
        if length > BODY_MAX || self.bytes.len() > whole {
            return Err(Broken::Lost);
        }
        Ok(self.bytes.len() == whole)
    }

    fn whole(mut self) -> Result<(u8, Vec<u8>), Broken> {
        let head = self.bytes.first_chunk::<HEAD>().ok_or(Broken::Lost)?;
        let (kind, _) = frame::read_head(*head);
        self.bytes.drain(..HEAD);
        Ok((kind, self.bytes))
    }
}

fn again(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Reading from this end, or writing to it, answers at once.
fn never_wait(pipe: impl std::os::fd::AsFd) -> io::Result<()> {
    let flags = fcntl_getfl(&pipe)?;
    Ok(fcntl_setfl(&pipe, flags | OFlags::NONBLOCK)?)
}
