//! The confinement of a process that reads what others wrote: what it gives up for good, before it reads any of it.
//!
//! Two walls, each of the kernel's own: [`give_up_files`] (Landlock) takes the file system and the network away, and
//! [`allow_only`](system_calls::allow_only) (seccomp) every system call that is not named. Neither can be had back by the process or by what it starts.
//! Which calls a process needs is its own to say; those that every program makes stand here.
#![forbid(unsafe_code)]

mod files;
#[cfg(target_os = "linux")]
pub mod system_calls;

pub use files::{Resource, give_up_files, limit};
