//! The system calls that a reader may make once it is confined. Any other ends it.
//!
//! It may use the three descriptors that it has, memory that holds no program, and its own threads; it may ask for the
//! time and for random bytes, and end. So it can open nothing, no file, socket or anonymous memory; it can begin nothing,
//! give back no descriptor, and do nothing to another process: whatever the kernel would allow its user, and whatever
//! faults the kernel has in the calls that are not here.

/// Gives up every other system call, for all threads of this process. Answers why it could not.
#[cfg(target_os = "linux")]
pub(super) fn give_up_others() -> Option<String> {
    let its_descriptors = [
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_writev,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll,
        libc::SYS_ppoll,
    ];
    syft_space_confine::system_calls::allow_only(&its_descriptors, &[])
}

#[cfg(not(target_os = "linux"))]
pub(super) fn give_up_others() -> Option<String> {
    Some("seccomp: the system does not have it".to_owned())
}
