//! The audit log of a transaction: `AuditView` over the event logs.

use syft_space_domain::audit::Log;
use syft_space_domain::audit::ports::{AuditView, EventFilter, LogPage, Seq};
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
}
