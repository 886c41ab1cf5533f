//! The system's limit of open files, which each connection counts for: it is raised to what the settings need.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is open besides connections: databases, indexes, files on their way in (two for each form), and calls to others.
const OTHER_FILES: usize = 1_536;

/// Raises the limit for a number of connections, as far as the system lets this process; and says in the log what is missing.
pub(crate) fn allow_connections(max_connections: usize) {
    let needed = max_connections.saturating_add(OTHER_FILES);
    let needed = u64::try_from(needed).unwrap_or(u64::MAX);
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return;
    }
    let reached = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(reached), maximum: limit.maximum });
    let allowed = if raised.is_ok() { Some(reached) } else { limit.current };
    if allowed.is_some_and(|allowed| allowed < needed) {
        tracing::warn!(
            allowed,
            needed,
            "the system lets this process open fewer files than max_connections = {max_connections} needs; connections beyond \
             that will wait: raise the limit (LimitNOFILE in a systemd unit, ulimit -n in a shell), or lower max_connections"
        );
    }
}
