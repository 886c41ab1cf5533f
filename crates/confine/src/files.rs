//! The file system, the network, and what a process may use of the machine.

use std::io;
use std::path::Path;

pub use rustix::process::Resource;
use rustix::process::{Rlimit, setrlimit};

/// Limits a resource of this process for good.
///
/// # Errors
/// When the system refuses the limit.
pub fn limit(resource: Resource, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

/// Gives up the file system but for one folder, which may still be read; the network, and the signals and sockets of other
/// processes, where the kernel knows how. Answers why it did not. Sockets that have a path can still be connected to.
///
/// It holds for the thread that calls it and for those that it starts: call it before there is a second one.
///
/// # Errors
/// When the folder cannot be opened, or the system refuses to forbid new privileges.
#[cfg(target_os = "linux")]
pub fn give_up_files(but: Option<&Path>) -> io::Result<Option<String>> {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
        RulesetStatus, Scope,
    };
    let folder = but.map(PathFd::new).transpose().map_err(io::Error::other)?;
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    rustix::thread::set_no_new_privs(true)?;
    let newest = ABI::V6;
    let confined = Ruleset::default()
        .handle_access(AccessFs::from_all(newest))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(newest)))
        .and_then(|rules| rules.scope(Scope::from_all(newest)))
        .and_then(Ruleset::create)
        .and_then(|rules| match folder {
            Some(folder) => rules.add_rule(PathBeneath::new(folder, AccessFs::ReadFile | AccessFs::ReadDir)),
            None => Ok(rules),
        })
        .and_then(landlock::RulesetCreated::restrict_self);
    // An older kernel knows a part of it. The rest, sockets and signals, is the filter's of system calls too.
    Ok(match confined.map(|confined| confined.ruleset) {
        Ok(RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced) => None,
        Ok(RulesetStatus::NotEnforced) => {
            Some("landlock: the kernel has it not, or a filter of system calls keeps it away".to_owned())
        }
        Err(error) => Some(format!("landlock: {error}")),
    })
}

/// Gives up nothing, and says so: the system has no such wall.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn give_up_files(_: Option<&Path>) -> io::Result<Option<String>> {
    Ok(Some("landlock: the system does not have it".to_owned()))
}
