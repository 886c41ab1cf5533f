//! How the logs are kept: appended to, never changed, and cheap to copy however long they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use syft_space_domain::audit::ports::{AuditView, EventFilter, Seq};
use syft_space_domain::audit::{Actor, Event, Log, RecordedEvent};
use syft_space_domain::page::{Page, PageAsk};
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

    fn page(&self, log: Log, filter: &EventFilter, ask: PageAsk<Seq>) -> Page<RecordedEvent, Seq> {
        let pieces = self.0.get(&log).into_iter().flat_map(|events| events.pieces.iter().rev());
        let newest_first = pieces.flat_map(|piece| piece.iter().rev()).map(|one| (Seq(one.seq), &**one));
        let behind = newest_first.filter(|(seq, _)| ask.after.is_none_or(|cursor| *seq < cursor.0));
        page_of(behind.filter(|(_, one)| matches(filter, &one.event)), ask.limit)
    }
}

fn matches(filter: &EventFilter, event: &Event) -> bool {
    let EventFilter { action, outcome, actor, since, until } = filter;
    let actor_is = |id| matches!(event.actor, Actor::Account { id: by, .. } if by == id);
    action.is_none_or(|action| event.action == action)
        && outcome.is_none_or(|outcome| event.outcome == outcome)
        && actor.is_none_or(actor_is)
        && since.is_none_or(|since| event.time >= since)
        && until.is_none_or(|until| event.time < until)
}

impl AuditView for Session {
    fn events(
        &mut self,
        scope: &TenantScope,
        filter: &EventFilter,
        page: PageAsk<Seq>,
    ) -> Result<Page<RecordedEvent, Seq>, StoreError> {
        Ok(self.state.logs.page(Log::from(scope), filter, page))
    }

    fn installation_events(
        &mut self,
        _operator: &OperatorScope,
        filter: &EventFilter,
        page: PageAsk<Seq>,
    ) -> Result<Page<RecordedEvent, Seq>, StoreError> {
        Ok(self.state.logs.page(Log::Installation, filter, page))
    }
}
