//! The audit log of a transaction: `AuditView` over the event logs.

use std::ops::Range;

use syft_space_domain::audit::ports::{AuditView, EventFilter, LogPage, LogScope, Seq};
use syft_space_domain::audit::tree::NodeHash;
use syft_space_domain::audit::{Log, LogHead, RecordedEvent};
use syft_space_domain::page::PageRequest;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantScope};

use crate::transaction::Transaction;

impl AuditView for Transaction {
    fn events(
        &mut self,
        scope: &TenantScope,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<LogPage, StoreError> {
        Ok(self.tables.logs.page(Log::from(scope), filter, page))
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
        Ok(self.tables.logs.events_in(log.into(), numbers))
    }
}
