//! What the guard gives up for good before it takes the first connection.

use std::io;

/// Gives up the file system, the network, and all system calls but those of Unix sockets that are open or are connected to.
/// Answers what the system does not let it give up.
///
/// # Errors
/// When the system refuses what each has.
pub(crate) fn confine() -> io::Result<Vec<String>> {
    syft_space_confine::limit(syft_space_confine::Resource::Core, 0)?;
    let without_files = syft_space_confine::give_up_files(None)?;
    let without_calls = give_up_calls();
    Ok([without_files, without_calls].into_iter().flatten().collect())
}

#[cfg(target_os = "linux")]
fn give_up_calls() -> Option<String> {
    use syft_space_confine::system_calls::{CallWithArgument, allow_only};
    let of_sockets = [
        // The descriptors that it has: connections, and the log.
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_recvfrom,
        libc::SYS_recvmsg,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_shutdown,
        libc::SYS_close,
        libc::SYS_getsockopt,
        // Its callers come, and it calls the engine.
        libc::SYS_accept4,
        libc::SYS_connect,
        // It waits.
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait,
        libc::SYS_epoll_pwait,
        libc::SYS_epoll_ctl,
    ];
    let with_argument = [
        // A socket of this machine alone.
        CallWithArgument { call: libc::SYS_socket, argument: 0, value: libc::AF_UNIX },
        // A build with debug assertions asks whether a descriptor is open before it closes it.
        CallWithArgument { call: libc::SYS_fcntl, argument: 1, value: libc::F_GETFD },
    ];
    allow_only(&of_sockets, &with_argument)
}

#[cfg(not(target_os = "linux"))]
fn give_up_calls() -> Option<String> {
    Some("seccomp: the system does not have it".to_owned())
}
