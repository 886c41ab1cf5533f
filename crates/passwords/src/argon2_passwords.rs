//! The port for passwords, over the hashing threads and the blocklist.

use std::sync::Arc;
use std::time::Duration;

use futures_channel::oneshot;
use syft_space_domain::Pending;
use syft_space_domain::identity::ports::{Compared, HashingClient, HashingError, Passwords};
use syft_space_domain::identity::{Password, PasswordError, PasswordHash};
use syft_space_domain::random::Entropy;

use crate::blocklist::Blocklist;
use crate::hasher::Hasher;
use crate::job::HashJob;
use crate::pool::{Pool, QueueFull};
use crate::strength::{self, MIN_GUESS_BITS};
use crate::{HashingSettings, HashingSettingsError};

/// The time after which a caller that was refused may try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Hashes passwords with Argon2id on a fixed number of threads, and knows which are common.
///
/// A call is accepted or turned away when it is made, not when its future is first polled.
pub struct Argon2Passwords {
    pool: Pool,
    blocklist: Blocklist,
}

impl Argon2Passwords {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the settings have no threads or Argon2 does not take them, a thread cannot be started, or there is no
    /// randomness.
    pub fn new(settings: HashingSettings, entropy: Arc<dyn Entropy>) -> Result<Self, HashingSettingsError> {
        if settings.threads == 0 {
            return Err(HashingSettingsError::NoThreads);
        }
        let hasher = Hasher::new(settings.params()?, entropy)?;
        let pool = Pool::start(hasher, settings.threads, settings.queue)?;
        Ok(Self { pool, blocklist: Blocklist::new() })
    }

    /// The number of runs of Argon2 so far.
    #[must_use]
    pub fn hashes_done(&self) -> u64 {
        self.pool.hasher().runs()
    }

    /// About how many tries, as a power of two, someone needs who composes passwords as people do: from common
    /// passwords, rows of the keyboard and the alphabet, the `context` (names of the account and its tenant), copies of
    /// what stands before, and single characters. Case is ignored. The cheapest way to compose it counts.
    ///
    /// Below 36 it is refused. Four words of a dictionary have more, even when each is a common password itself; so
    /// has any random text of 15 characters.
    #[must_use]
    pub fn guess_bits(&self, password: &Password, context: &[&str]) -> u32 {
        strength::guess_bits(password.expose(), context, &self.blocklist)
    }

    fn submit<T>(
        &self,
        job: HashJob,
        receiver: oneshot::Receiver<Result<T, HashingError>>,
    ) -> Pending<'static, Result<T, HashingError>>
    where
        T: Send + 'static,
    {
        let submitted = self.pool.submit(job);
        Box::pin(async move {
            submitted.map_err(|QueueFull| HashingError::Overloaded { retry_after: RETRY_AFTER })?;
            receiver.await.unwrap_or_else(|_| Err(HashingError::Failed("the work was given up".to_owned())))
        })
    }
}

impl Passwords for Argon2Passwords {
    fn check(&self, password: &Password, context: &[&str]) -> Result<(), PasswordError> {
        if self.guess_bits(password, context) < MIN_GUESS_BITS {
            Err(PasswordError::Guessable)
        } else {
            Ok(())
        }
    }

    fn hash<'a>(
        &'a self,
        client: HashingClient,
        password: &'a Password,
    ) -> Pending<'a, Result<PasswordHash, HashingError>> {
        let (reply, receiver) = oneshot::channel();
        self.submit(HashJob::Hash { client, password: password.clone(), reply }, receiver)
    }

    fn compare<'a>(
        &'a self,
        client: HashingClient,
        password: &'a Password,
        stored: Option<&'a PasswordHash>,
    ) -> Pending<'a, Result<Compared, HashingError>> {
        let (reply, receiver) = oneshot::channel();
        let job = HashJob::Compare { client, password: password.clone(), stored: stored.cloned(), reply };
        self.submit(job, receiver)
    }
}
