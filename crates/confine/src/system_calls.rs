//! The filter of system calls: what is not allowed ends the process.

use std::collections::BTreeMap;

use seccompiler::SeccompCmpOp::{Eq, MaskedEq};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

/// A system call that is allowed with one value of an argument alone.
#[derive(Debug, Clone, Copy)]
pub struct CallWithArgument {
    /// Its number.
    pub call: i64,
    /// Which argument, from 0.
    pub argument: u8,
    /// The lower 32 bits that it must have.
    pub value: i32,
}

/// The system calls that every program makes, which reach nothing outside it: for its memory, its threads, the time, random
/// bytes and its end.
const OF_EVERY_PROGRAM: &[i64] = &[
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

/// Gives up every system call, for all threads of this process, but those that every program makes and these. Any other ends
/// the process. Answers why it could not.
///
/// It leaves memory that holds no program, and signals to itself alone.
#[must_use]
pub fn allow_only(calls: &[i64], with_argument: &[CallWithArgument]) -> Option<String> {
    give_up_others(calls, with_argument).err().map(|why| format!("seccomp: {why}"))
}

fn give_up_others(calls: &[i64], with_argument: &[CallWithArgument]) -> Result<(), seccompiler::Error> {
    // The constants are positive, and so is a process's number.
    let flag = |constant: i32| u64::try_from(constant).unwrap_or(u64::MAX);
    let itself = u64::from(std::process::id());
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        OF_EVERY_PROGRAM.iter().chain(calls).map(|call| (*call, Vec::new())).collect();
    let of_every_program = [
        // No memory from which a program could run.
        (libc::SYS_mmap, 2, MaskedEq(flag(libc::PROT_EXEC)), 0),
        (libc::SYS_mprotect, 2, MaskedEq(flag(libc::PROT_EXEC)), 0),
        // What aborts says so to itself: to its process, or to its first thread, which has the same number.
        (libc::SYS_tgkill, 0, Eq, itself),
        (libc::SYS_tkill, 0, Eq, itself),
        // An allocator may give its memory a name.
        (libc::SYS_prctl, 0, Eq, flag(libc::PR_SET_VMA)),
    ];
    let own = with_argument.iter().map(|own| (own.call, own.argument, Eq, flag(own.value)));
    for (call, argument, compared, value) in of_every_program.into_iter().chain(own) {
        rules.entry(call).or_default().push(rule(argument, compared, value)?);
    }
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter = SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, architecture)?;
    seccompiler::apply_filter_all_threads(&BpfProgram::try_from(filter)?)
}

fn rule(argument: u8, compared: seccompiler::SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, compared, value)?])
}
