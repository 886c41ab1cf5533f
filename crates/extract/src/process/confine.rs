//! The confinement of a process that reads files. It confines itself before it reads one.

use std::io;
use std::path::Path;

use syft_space_confine::{Resource, give_up_files, limit};

use super::protocol::ResourceLimits;

/// The file descriptors that a reader has: standard input, output and error. No number is left for another, unless one
/// of them is given back, which the filter of system calls forbids.
const MAX_DESCRIPTORS: u64 = 3;

/// Closes what was inherited beside standard input, output and error.
///
/// # Errors
/// When the open descriptors cannot be listed.
pub(super) fn close_inherited() -> io::Result<()> {
    let mut open = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd").or_else(|_| std::fs::read_dir("/dev/fd"))? {
        open.extend(entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()));
    }
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // The one through which the folder was read is closed already.
        let _closed = nix::unistd::close(descriptor);
    }
    Ok(())
}

/// Limits what this process and all its threads can use and reach, for good. Answers what the system does not let it
/// give up.
///
/// # Errors
/// When the system refuses a limit.
pub(super) fn confine(resource_limits: ResourceLimits) -> io::Result<Option<String>> {
    let lacking = give_up_files(None)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::As, resource_limits.memory)?;
    limit(Resource::Cpu, u64::from(resource_limits.processor))?;
    limit(Resource::Nofile, MAX_DESCRIPTORS)?;
    Ok(lacking)
}

/// The descriptors of a process that reads a folder: its own three, the folders on the way to a file, and the file.
const MAX_DESCRIPTORS_IN_FOLDER: u64 = 32;

/// Lets this process, and all its threads from now on, read one folder and nothing else, for good: no other file, no network,
/// no program, no signal to another process; and limits the bytes of its address space and the seconds of a processor that it
/// may take. It writes no file. Other system calls stay. Answers which wall the system does not have.
///
/// Call it in a process of its own, before there is a second thread.
///
/// # Errors
/// When the folder cannot be opened, or the system refuses a limit.
pub fn confine_to_folder(folder: &Path, memory: u64, processor: u32) -> io::Result<Option<String>> {
    let lacking = give_up_files(Some(folder))?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::As, memory)?;
    limit(Resource::Cpu, u64::from(processor))?;
    limit(Resource::Nofile, MAX_DESCRIPTORS_IN_FOLDER)?;
    Ok(lacking)
}

/// Takes away the right to start threads and processes; root keeps it.
///
/// # Errors
/// When the system refuses a limit.
pub(super) fn forbid_new_processes() -> io::Result<()> {
    limit(Resource::Nproc, 0)
}
