//! What is one piece of hashing, and who waits for it?

use futures_channel::oneshot::Sender;
use syft_space_domain::identity::ports::{Compared, HashingError};
use syft_space_domain::identity::{Password, PasswordHash};

use crate::hasher::{Hasher, Memory};

type Reply<T> = Sender<Result<T, HashingError>>;

/// Work to do, with everything it needs: its caller may be gone by the time it runs.
pub(crate) enum Job {
    Hash { password: Password, reply: Reply<PasswordHash> },
    Compare { password: Password, stored: Option<PasswordHash>, reply: Reply<Compared> },
}

/// Work done, not yet told.
pub(crate) enum Answer {
    Hashed(Reply<PasswordHash>, Result<PasswordHash, HashingError>),
    Compared(Reply<Compared>, Result<Compared, HashingError>),
}

impl Job {
    /// Whether nobody waits for it any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash { reply, .. } => reply.is_canceled(),
            Self::Compare { reply, .. } => reply.is_canceled(),
        }
    }

    pub(crate) fn run(self, hasher: &Hasher, memory: &mut Memory) -> Answer {
        match self {
            Self::Hash { password, reply } => Answer::Hashed(reply, hasher.hash(&password, memory)),
            Self::Compare { password, stored, reply } => {
                Answer::Compared(reply, hasher.compare(&password, stored.as_ref(), memory))
            }
        }
    }
}

impl Answer {
    /// Tells whoever asked; nobody else cares when they have gone.
    pub(crate) fn send(self) {
        match self {
            Self::Hashed(reply, result) => drop(reply.send(result)),
            Self::Compared(reply, result) => drop(reply.send(result)),
        }
    }
}
