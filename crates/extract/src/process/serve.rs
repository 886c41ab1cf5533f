//! The child's side: the process that reads files.

use std::io::{self, IsTerminal, Read, Write};
use std::sync::mpsc;

use rustix::event::{PollFd, PollFlags, poll};
use syft_space_domain::dataset::{ExtractedText, FILE_MAX_BYTES, FileFormat, FileRefused};

use super::protocol::{self, HEADER_BYTES, READY, RESOURCE_LIMITS_BYTES, ResourceLimits};
use super::{confine, system_calls};

/// Reads files for the process that started this one: the child's side of
/// [`ProcessExtractor`](super::ProcessExtractor). It confines itself, reads files from standard input and writes
/// their texts to standard output until its input ends.
///
/// Call it first thing in a process of its own, before there is a second thread: it closes every file descriptor
/// above standard error. It ends the process when its parent is gone.
///
/// # Errors
/// When standard input is a terminal, the process cannot be confined, or what came in was no file.
pub fn serve() -> io::Result<()> {
    serve_with(crate::extract)
}

/// As [`serve`], with another reader in place of [`extract`](crate::extract): to test what becomes of one that
/// misbehaves.
///
/// # Errors
/// When standard input is a terminal, the process cannot be confined, or what came in was no file.
pub fn serve_with(reader: fn(FileFormat, &[u8]) -> Result<ExtractedText, FileRefused>) -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    if input.is_terminal() {
        return Err(io::Error::other("this command is for the server itself, which starts it"));
    }
    confine::close_inherited()?;
    let mut resource_limits = [0; RESOURCE_LIMITS_BYTES];
    input.read_exact(&mut resource_limits)?;
    let without_files = confine::confine(ResourceLimits::from_bytes(resource_limits))?;
    end_with_parent()?;
    confine::forbid_new_processes()?;
    let without_calls = system_calls::give_up_others();
    let lacking: Vec<String> = [without_files, without_calls].into_iter().flatten().collect();
    let lacking = lacking.join("\n");
    output.write_all(&protocol::encode_header(READY, lacking.len()))?;
    output.write_all(lacking.as_bytes())?;
    output.flush()?;
    while let Some(header) = next_header(&mut input)? {
        let (format, length) = protocol::parse_header(header);
        let format = protocol::decode_format(format).ok_or_else(|| io::Error::other("no such format"))?;
        if length > FILE_MAX_BYTES {
            return Err(io::Error::other("no file is so large"));
        }
        let mut bytes = vec![0; length];
        input.read_exact(&mut bytes)?;
        let outcome = reader(format, &bytes);
        drop(bytes);
        let (kind, body) =
            protocol::encode_response(outcome).ok_or_else(|| io::Error::other("not a reader's to say"))?;
        output.write_all(&protocol::encode_header(kind, body.len()))?;
        output.write_all(&body)?;
        output.flush()?;
    }
    Ok(())
}

/// The header of the next file; `None` when there is none.
fn next_header(input: &mut impl Read) -> io::Result<Option<[u8; HEADER_BYTES]>> {
    let mut header = [0; HEADER_BYTES];
    let (first, rest) = header.split_at_mut(1);
    if input.read(first)? == 0 {
        return Ok(None);
    }
    input.read_exact(rest)?;
    Ok(Some(header))
}

/// Ends this process once nobody can write to its input, whatever it is doing then. The kernel's signal for the
/// death of a parent would not do: it comes when the thread that began the child ends.
fn end_with_parent() -> io::Result<()> {
    let (begun, has_begun) = mpsc::channel();
    let watch = move || {
        let input = io::stdin();
        // What a thread needs to begin, it may not do later.
        let _heard = begun.send(());
        drop(begun);
        loop {
            let mut watched = [PollFd::new(&input, PollFlags::empty())];
            let hung_up = poll(&mut watched, None);
            let ended = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
            if hung_up.is_ok() && watched.iter().any(|watch| watch.revents().intersects(ended)) {
                std::process::exit(0);
            }
        }
    };
    std::thread::Builder::new().name("parent".to_owned()).stack_size(64 * 1024).spawn(watch)?;
    has_begun.recv().map_err(io::Error::other)
}
