//! How the logs are kept: appended to, never changed, and cheap to copy however long they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use syft_space_domain::audit::ports::{AuditView, EventFilter, LogPage, Projection, Seq};
use syft_space_domain::audit::{Event, Log, RecordedEvent};
use syft_space_domain::page::PageRequest;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantScope};

use crate::session::Session;
use crate::table::page_of;

/// Every log.
#[derive(Clone, Default)]
pub(crate) struct Logs(Arc<BTreeMap<Log, Events>>);

/// One log, in pieces of which only the last is ever copied.
#[derive(Clone, Default)]
struct Events {
    last_seq: u64,
    pieces: Vec<Arc<Vec<Arc<RecordedEvent>>>>,
}

const PIECE: usize = 256;

impl Logs {
    /// Gives an event its number and keeps it.
    pub(crate) fn append(&mut self, event: Event) {
        let events = Arc::make_mut(&mut self.0).entry(event.log).or_default();
        events.last_seq += 1;
        let recorded = Arc::new(RecordedEvent { seq: events.last_seq, event });
        match events.pieces.last_mut() {
            Some(piece) if piece.len() < PIECE => Arc::make_mut(piece).push(recorded),
            _ => events.pieces.push(Arc::new(vec![recorded])),
        }
    }

    /// There is no index: the log itself is searched, and nothing lags.
    fn page(&self, log: Log, filter: &EventFilter, ask: PageRequest<Seq>) -> LogPage {
        let events = self.0.get(&log);
        let pieces = events.into_iter().flat_map(|events| events.pieces.iter().rev());
        let newest_first = pieces.flat_map(|piece| piece.iter().rev()).map(|one| (Seq(one.seq), &**one));
        let behind = newest_first.filter(|(seq, _)| ask.after.is_none_or(|cursor| *seq < cursor.0));
        LogPage {
            events: page_of(behind.filter(|(_, one)| filter.fits(&one.event)), ask.limit),
            projection: Projection { seq: events.map_or(0, |events| events.last_seq), lag: 0 },
        }
    }
}

impl AuditView for Session {
    fn events(
        &mut self,
        scope: &TenantScope,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<LogPage, StoreError> {
        Ok(self.state.logs.page(Log::from(scope), filter, page))
    }

    fn installation_events(
        &mut self,
        _operator: &OperatorScope,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<LogPage, StoreError> {
        Ok(self.state.logs.page(Log::Installation, filter, page))
    }
}
