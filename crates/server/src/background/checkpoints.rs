//! The task that signs checkpoints of the audit logs, and keeps them in a second place where the operator names one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::audit::{CheckpointError, Log, LookedAt, sign_grown_logs};
use syft_space_domain::tenant::OperatorScope;
use tokio::time::timeout;

use crate::background::checkpoint_folder::{self, NotKept};
use crate::http::state::State;

/// How long the last round may take, when the server stops.
const LAST_ROUND: Duration = Duration::from_secs(10);

/// What is known from round to round.
struct Keeper {
    state: Arc<State>,
    operator: Arc<OperatorScope>,
    folder: Option<PathBuf>,
    /// The newest checkpoints that are not in the second place yet: at most one of each log.
    waiting: BTreeMap<Log, String>,
}

/// Signs what has grown at once, at each interval until `stop` ends, and then once more. Failures are logged, and tried again.
pub(crate) async fn sign_until(
    state: Arc<State>,
    operator: Arc<OperatorScope>,
    interval: Duration,
    folder: Option<PathBuf>,
    stop: impl Future<Output = ()>,
) {
    let mut stop = pin!(stop);
    let mut keeper = Keeper { state, operator, folder, waiting: BTreeMap::new() };
    loop {
        keeper.round().await;
        if timeout(interval, stop.as_mut()).await.is_ok() {
            break;
        }
    }
    if timeout(LAST_ROUND, keeper.round()).await.is_err() {
        tracing::warn!("not all checkpoints of the audit logs were signed in time; the next start does it");
    }
}

impl Keeper {
    async fn round(&mut self) {
        match sign_grown_logs(&self.state.space, &self.operator).await {
            Ok(looked) => {
                for LookedAt { log, outcome } in looked {
                    match outcome {
                        Ok(signed) if self.folder.is_some() => {
                            self.waiting.insert(log, signed.note);
                        }
                        Ok(_) => {}
                        Err(error) => self.not_signed(log, &error).await,
                    }
                }
            }
            Err(error) => tracing::error!(%error, "checkpoints of the audit logs could not be signed"),
        }
        self.write_waiting().await;
    }

    async fn not_signed(&mut self, log: Log, error: &CheckpointError) {
        let name = checkpoint_folder::name(log);
        tracing::error!(%error, log = name, "the checkpoint of an audit log was not signed");
        if error.is_integrity_failure() {
            self.state.changed_logs.tell(&self.state.space, log).await;
        }
    }

    async fn write_waiting(&mut self) {
        let Some(folder) = self.folder.clone().filter(|_| !self.waiting.is_empty()) else { return };
        let waiting = std::mem::take(&mut self.waiting);
        let written = tokio::task::spawn_blocking(move || checkpoint_folder::append_all(&folder, waiting));
        match written.await {
            Ok(NotKept { left, contradicting }) => {
                self.waiting = left;
                for log in contradicting {
                    tracing::error!(
                        log = checkpoint_folder::name(log),
                        "the folder of checkpoints holds a later checkpoint of this audit log, or another of the same size: an older copy of \
                         the home was put back, or the log was changed; nothing is added behind that checkpoint until the log is longer"
                    );
                    self.state.changed_logs.tell(&self.state.space, log).await;
                }
            }
            Err(error) => tracing::error!(%error, "checkpoints could not be kept in their folder"),
        }
    }
}
