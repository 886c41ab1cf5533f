//! The jobs of the hashing threads, and the replies to them.

use futures_channel::oneshot::Sender;
use syft_space_domain::identity::ports::{Compared, HashingError};
use syft_space_domain::identity::{Password, PasswordHash};

use crate::hasher::{HashMemory, Hasher};

type Reply<T> = Sender<Result<T, HashingError>>;

/// A job, with everything it needs: its caller may be gone by the time it runs.
pub(crate) enum HashJob {
    Hash { password: Password, reply: Reply<PasswordHash> },
    Compare { password: Password, stored: Option<PasswordHash>, reply: Reply<Compared> },
}

/// The result of a job, not sent yet.
pub(crate) enum HashReply {
    Hashed(Reply<PasswordHash>, Result<PasswordHash, HashingError>),
    Compared(Reply<Compared>, Result<Compared, HashingError>),
}

impl HashJob {
    /// Whether nobody waits for it any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash { reply, .. } => reply.is_canceled(),
            Self::Compare { reply, .. } => reply.is_canceled(),
        }
    }

    pub(crate) fn run(self, hasher: &Hasher, memory: &mut HashMemory) -> HashReply {
        match self {
            Self::Hash { password, reply } => HashReply::Hashed(reply, hasher.hash(&password, memory)),
            Self::Compare { password, stored, reply } => {
                HashReply::Compared(reply, hasher.compare(&password, stored.as_ref(), memory))
            }
        }
    }
}

impl HashReply {
    /// Sends the result. If the caller has gone, it is dropped.
    pub(crate) fn send(self) {
        match self {
            Self::Hashed(reply, result) => drop(reply.send(result)),
            Self::Compared(reply, result) => drop(reply.send(result)),
        }
    }
}
