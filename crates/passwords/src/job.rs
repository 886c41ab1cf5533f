//! The jobs of the hashing threads, and the replies to them.

use futures_channel::oneshot::Sender;
use syft_space_domain::identity::ports::{Compared, HashingClient, HashingError};
use syft_space_domain::identity::{Password, PasswordHash};

use crate::hasher::{HashMemory, Hasher};

type Reply<T> = Sender<Result<T, HashingError>>;

/// A job, with everything it needs: its caller may be gone by the time it runs.
pub(crate) enum HashJob {
    Hash {
        client: HashingClient,
        password: Password,
        reply: Reply<PasswordHash>,
    },
    Compare {
        client: HashingClient,
        password: Password,
        stored: Option<PasswordHash>,
        reply: Reply<Compared>,
    },
}

/// The result of a job, not sent yet.
pub(crate) enum HashReply {
    Hashed(Reply<PasswordHash>, Result<PasswordHash, HashingError>),
    Compared(Reply<Compared>, Result<Compared, HashingError>),
}

impl HashJob {
    /// For whom it is.
    pub(crate) fn client(&self) -> HashingClient {
        match self {
            Self::Hash { client, .. } | Self::Compare { client, .. } => *client,
        }
    }

    /// Whether nobody waits for it any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash { reply, .. } => reply.is_canceled(),
            Self::Compare { reply, .. } => reply.is_canceled(),
        }
    }

    pub(crate) fn run(self, hasher: &Hasher, memory: &mut HashMemory) -> HashReply {
        match self {
            Self::Hash { password, reply, client: _ } => {
                HashReply::Hashed(reply, hasher.hash(&password, memory))
            }
            Self::Compare { password, stored, reply, client: _ } => {
                HashReply::Compared(reply, hasher.compare(&password, stored.as_ref(), memory))
            }
        }
    }
}

impl HashReply {
    /// Whether a password was compared and is right.
    pub(crate) fn is_right(&self) -> bool {
        matches!(self, Self::Compared(_, Ok(Compared::Right { .. })))
    }

    /// Sends the result. If the caller has gone, it is dropped.
    pub(crate) fn send(self) {
        match self {
            Self::Hashed(reply, result) => drop(reply.send(result)),
            Self::Compared(reply, result) => drop(reply.send(result)),
        }
    }
}
