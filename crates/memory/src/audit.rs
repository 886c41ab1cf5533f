//! The audit log of a transaction: `AuditView` over the event logs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use syft_space_domain::audit::ports::{
    AuditRows, AuditView, EventFilter, LogPage, LogPosition, LogScope, LogWriteScope, RecordedQueries, Seq,
};
use syft_space_domain::audit::tree::{BLOCK_LEAVES, NodeHash};
use syft_space_domain::audit::{Action, Log, LogHead, QueryFilter, RecordedEvent, SignedCheckpoint};
use syft_space_domain::detection::ports::{DetectionRows, DetectionView};
use syft_space_domain::page::PageRequest;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantScope};

use crate::transaction::Transaction;

/// How many logs are looked at in one read.
pub(crate) const LOGS_PER_READ: usize = 100;

impl AuditView for Transaction {
    fn events(
        &mut self,
        scope: &TenantScope,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<LogPage, StoreError> {
        Ok(self.tables.logs.page(Log::from(scope), filter, page))
    }

    fn recorded_queries(
        &mut self,
        scope: &TenantScope,
        filter: &QueryFilter,
        before: Option<Seq>,
        most: usize,
    ) -> Result<RecordedQueries, StoreError> {
        Ok(self.tables.logs.queries(Log::from(scope), filter, before, most))
    }

    fn installation_events(
        &mut self,
        _operator: &OperatorScope,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<LogPage, StoreError> {
        Ok(self.tables.logs.page(Log::Installation, filter, page))
    }

    fn log_head(&mut self, log: LogScope<'_>) -> Result<LogHead, StoreError> {
        Ok(self.tables.logs.head(log.into()))
    }

    fn block_roots(&mut self, log: LogScope<'_>, blocks: Range<u64>) -> Result<Vec<NodeHash>, StoreError> {
        self.tables.logs.block_roots(log.into(), blocks)
    }

    fn events_in(
        &mut self,
        log: LogScope<'_>,
        numbers: Range<u64>,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.tables.logs.events_in(log.into(), numbers)
    }

    fn pruned_blocks(&mut self, log: LogScope<'_>) -> Result<u64, StoreError> {
        Ok(self.tables.logs.pruned_blocks(log.into()))
    }

    fn pruned_leaves(&mut self, log: LogScope<'_>, block: u64) -> Result<Option<Vec<NodeHash>>, StoreError> {
        Ok(self.tables.logs.pruned_leaves(log.into(), block))
    }

    fn checkpoint(&mut self, log: LogScope<'_>) -> Result<Option<SignedCheckpoint>, StoreError> {
        Ok(self.tables.checkpoints.get(&log.into()).cloned())
    }

    fn grown_logs(&mut self, _operator: &OperatorScope, after: Option<Log>) -> Result<Vec<Log>, StoreError> {
        let sizes: BTreeMap<Log, u64> = self.tables.logs.sizes().collect();
        let logs: BTreeSet<Log> = sizes.keys().chain(self.tables.checkpoints.keys()).copied().collect();
        let grown = logs.into_iter().filter(|log| {
            let signed = self.tables.checkpoints.get(log).map_or(0, |checkpoint| checkpoint.size);
            let size = sizes.get(log).copied().unwrap_or(0);
            after.is_none_or(|after| *log > after) && signed != size
        });
        Ok(grown.take(LOGS_PER_READ).collect())
    }
}

impl AuditRows for Transaction {
    fn keep_checkpoint(
        &mut self,
        log: &LogWriteScope,
        checkpoint: &SignedCheckpoint,
    ) -> Result<(), StoreError> {
        let kept = self.tables.checkpoints.get(&log.log());
        if !self.tables.has_ended(log.log()) && kept.is_none_or(|kept| kept.size < checkpoint.size) {
            self.tables.checkpoints.insert(log.log(), checkpoint.clone());
        }
        Ok(())
    }
}

impl DetectionView for Transaction {
    fn unwatched_logs(
        &mut self,
        _operator: &OperatorScope,
        after: Option<Log>,
    ) -> Result<Vec<LogPosition>, StoreError> {
        let behind = self.tables.logs.sizes().filter_map(|(log, size)| {
            let seq = self.tables.watched.get(&log).copied().unwrap_or(0);
            let is_next = after.is_none_or(|after| log > after) && seq < size;
            is_next.then_some(LogPosition { log, seq })
        });
        Ok(behind.take(LOGS_PER_READ).collect())
    }

    fn next_watched(
        &mut self,
        log: LogScope<'_>,
        behind: u64,
        actions: &[Action],
    ) -> Result<(u64, Vec<RecordedEvent>), StoreError> {
        let pruned = self.tables.logs.pruned_blocks(log.into()).saturating_mul(BLOCK_LEAVES);
        let first = behind.max(pruned).saturating_add(1);
        let next = self.tables.logs.events_in(log.into(), first..first.saturating_add(BLOCK_LEAVES))?;
        let to = next.last().map_or(behind, |recorded| recorded.seq);
        Ok((to, next.into_iter().filter(|recorded| actions.contains(&recorded.event.action)).collect()))
    }

    fn watched(&mut self, log: LogScope<'_>) -> Result<u64, StoreError> {
        Ok(self.tables.watched.get(&log.into()).copied().unwrap_or(0))
    }
}

impl DetectionRows for Transaction {
    fn advance_watched(&mut self, log: &LogWriteScope, from: u64, to: u64) -> Result<bool, StoreError> {
        if self.tables.has_ended(log.log()) {
            return Ok(false);
        }
        let seq = self.tables.watched.entry(log.log()).or_default();
        let is_there = *seq == from;
        if is_there {
            *seq = to;
        }
        Ok(is_there)
    }
}
