//! The thread that keeps what the rules of policies have taken, so that a restart gives nothing back.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use anyhow::Context;
use syft_space_domain::Space;

/// How often it is kept: so that, with the time that keeping takes, at most a second of use is lost where the process is killed.
const INTERVAL: Duration = Duration::from_millis(500);

/// The running thread. Dropping it keeps what is left, and waits for that.
pub(crate) struct PolicyKeeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl PolicyKeeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(space: &Space) -> anyhow::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let space = space.clone();
        let thread = Builder::new().name("keep-limits".to_owned()).spawn(move || {
            let mut fails = false;
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                keep(&space, &mut fails);
            }
            keep(&space, &mut fails);
        });
        let thread = thread.context("starting the thread that keeps what was taken of limits")?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

/// Keeps it, and tells once where that fails.
fn keep(space: &Space, fails: &mut bool) {
    let failed = space.policy_types.iter().filter_map(|policy_type| {
        policy_type.keep(space.clock.now()).err().map(|error| (policy_type.name(), error))
    });
    let failed: Vec<_> = failed.collect();
    if !*fails {
        for (policy_type, error) in &failed {
            tracing::error!(policy_type, %error, "what was taken of limits cannot be kept: until it can, a restart gives it back");
        }
    } else if failed.is_empty() {
        tracing::info!("what was taken of limits is kept again");
    }
    *fails = !failed.is_empty();
}

impl Drop for PolicyKeeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that keeps what was taken of limits panicked");
        }
    }
}
