//! The system calls that a reader may make once it is confined. Any other ends it.
//!
//! It may use the three descriptors that it has, memory that holds no program, and its own threads; it may ask for the
//! time and for random bytes, and end. So it can open nothing, no file, socket or anonymous memory; it can begin nothing,
//! give back no descriptor, and do nothing to another process: whatever the kernel would allow its user, and whatever
//! faults the kernel has in the calls that are not here.

/// Gives up every other system call, for all threads of this process. Answers why it could not.
#[cfg(target_os = "linux")]
pub(super) fn give_up_others() -> Option<String> {
    give_up().err().map(|why| format!("seccomp: {why}"))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn give_up_others() -> Option<String> {
    Some("seccomp: the system does not have it".to_owned())
}

#[cfg(target_os = "linux")]
fn give_up() -> Result<(), seccompiler::Error> {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter =
        SeccompFilter::new(rules()?, SeccompAction::KillProcess, SeccompAction::Allow, architecture)?;
    seccompiler::apply_filter_all_threads(&BpfProgram::try_from(filter)?)
}

#[cfg(target_os = "linux")]
type Rules = std::collections::BTreeMap<i64, Vec<seccompiler::SeccompRule>>;

/// The system calls that are allowed: all of them, or those with such an argument.
#[cfg(target_os = "linux")]
fn rules() -> Result<Rules, seccompiler::BackendError> {
    use seccompiler::SeccompCmpOp::{Eq, MaskedEq};
    let whole = [
        // The descriptors that it has.
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_writev,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll,
        libc::SYS_ppoll,
        // Memory.
        libc::SYS_brk,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        // Its threads, and what interrupts them.
        libc::SYS_futex,
        libc::SYS_sched_yield,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        // Time, where the kernel does not tell it without a call, and the keys of hash tables.
        libc::SYS_clock_gettime,
        libc::SYS_gettimeofday,
        libc::SYS_getcpu,
        libc::SYS_getrandom,
        // Its end.
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];
    // The constants are positive, and so is a process's number.
    let flag = |constant: i32| u64::try_from(constant).unwrap_or(u64::MAX);
    let itself = u64::from(std::process::id());
    let with_argument = [
        // No memory from which a program could run.
        (libc::SYS_mmap, 2, MaskedEq(flag(libc::PROT_EXEC)), 0),
        (libc::SYS_mprotect, 2, MaskedEq(flag(libc::PROT_EXEC)), 0),
        // What aborts says so to itself: to its process, or to its first thread, which has the same number.
        (libc::SYS_tgkill, 0, Eq, itself),
        (libc::SYS_tkill, 0, Eq, itself),
        // An allocator may give its memory a name.
        (libc::SYS_prctl, 0, Eq, flag(libc::PR_SET_VMA)),
    ];
    let mut rules: Rules = whole.into_iter().map(|call| (call, Vec::new())).collect();
    for (call, argument, compared, value) in with_argument {
        rules.insert(call, vec![rule(argument, compared, value)?]);
    }
    Ok(rules)
}

#[cfg(target_os = "linux")]
fn rule(
    argument: u8,
    compared: seccompiler::SeccompCmpOp,
    value: u64,
) -> Result<seccompiler::SeccompRule, seccompiler::BackendError> {
    use seccompiler::{SeccompCmpArgLen, SeccompCondition, SeccompRule};
    SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, compared, value)?])
}
