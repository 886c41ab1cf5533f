//! The hasher and the entropy that the tests share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use futures_executor::block_on;
use syft_space_domain::identity::ports::{Compared, HashingClient, HashingError, Passwords};
use syft_space_domain::identity::{Password, PasswordHash};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::secret::Secret;
use syft_space_passwords::{Argon2Passwords, HashingSettings};

/// Who asks, where it makes no difference.
pub(crate) const CLIENT: HashingClient = HashingClient { address: None, has_logged_in: false };

/// Other bytes each time.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        buffer.iter_mut().zip(number.iter().cycle()).for_each(|(byte, from)| *byte = *from);
        Ok(())
    }
}

/// Bytes only when the test lets them through: who hashes waits in here, on its thread.
pub(crate) struct BlockedEntropy {
    entered: mpsc::Sender<()>,
    open: std::sync::Mutex<mpsc::Receiver<()>>,
    bytes: Counting,
}

/// The test's side of a gate.
pub(crate) struct EntropyGate {
    pub(crate) entered: mpsc::Receiver<()>,
    pub(crate) open: mpsc::Sender<()>,
}

pub(crate) fn gate() -> (Arc<BlockedEntropy>, EntropyGate) {
    let (entered, seen) = mpsc::channel();
    let (open, opened) = mpsc::channel();
    let gate = BlockedEntropy { entered, open: std::sync::Mutex::new(opened), bytes: Counting::default() };
    (Arc::new(gate), EntropyGate { entered: seen, open })
}

impl Entropy for BlockedEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        let gone = |_| RandomError("the test is over".to_owned());
        self.entered.send(()).map_err(|_| RandomError("the test is over".to_owned()))?;
        self.open.lock().unwrap().recv().map_err(gone)?;
        self.bytes.fill(buffer)
    }
}

/// Parameters that take no time, on one thread with a queue of two.
pub(crate) fn cheap() -> HashingSettings {
    HashingSettings { memory_kib: 8, iterations: 1, parallelism: 1, threads: 1, queue: 2 }
}

pub(crate) fn passwords(settings: HashingSettings) -> Argon2Passwords {
    Argon2Passwords::new(settings, Arc::new(Counting::default())).unwrap()
}

pub(crate) fn password(text: &str) -> Password {
    Password::presented(&Secret::new(text.to_owned())).ok().unwrap()
}

pub(crate) fn hash(passwords: &Argon2Passwords, text: &str) -> PasswordHash {
    block_on(passwords.hash(CLIENT, &password(text))).unwrap()
}

/// How a comparison ended, in a form that can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Wrong,
    Right,
    RightAndRehashed,
}

pub(crate) fn compare(
    passwords: &Argon2Passwords,
    text: &str,
    stored: Option<&PasswordHash>,
) -> Result<Outcome, HashingError> {
    block_on(passwords.compare(CLIENT, &password(text), stored)).map(|compared| match compared {
        Compared::Wrong => Outcome::Wrong,
        Compared::Right { rehash: None } => Outcome::Right,
        Compared::Right { rehash: Some(_) } => Outcome::RightAndRehashed,
    })
}
