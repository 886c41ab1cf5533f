//! The confinement of a process that reads files. It confines itself before it reads one.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::protocol::ResourceLimits;

/// The file descriptors that a reader has: standard input, output and error. No number is left for another, so
/// nothing can be opened, neither a file nor a connection, with or without help of the kernel's.
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

/// Limits what this process and all its threads can use and reach, for good.
///
/// # Errors
/// When the system refuses a limit.
pub(super) fn confine(resource_limits: ResourceLimits) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
        rustix::thread::set_no_new_privs(true)?;
        landlock();
    }
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::As, resource_limits.memory)?;
    limit(Resource::Cpu, u64::from(resource_limits.processor))?;
    limit(Resource::Nofile, MAX_DESCRIPTORS)
}

/// Takes away the right to start threads and processes; root keeps it.
///
/// # Errors
/// When the system refuses a limit.
pub(super) fn forbid_new_processes() -> io::Result<()> {
    limit(Resource::Nproc, 0)
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

/// Where the kernel has it: no file system, no network, no signals and sockets of other processes.
#[cfg(target_os = "linux")]
fn landlock() {
    use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, Scope};
    let newest = ABI::V6;
    let confined = Ruleset::default()
        .handle_access(AccessFs::from_all(newest))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(newest)))
        .and_then(|rules| rules.scope(Scope::from_all(newest)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    // A kernel without it, or without a part of it, leaves the limits, which forbid as much in their way.
    drop(confined);
}
