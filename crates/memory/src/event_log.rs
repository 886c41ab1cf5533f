//! The event logs: append-only, and cheap to copy.

use std::collections::BTreeMap;
use std::sync::Arc;

use syft_space_domain::audit::ports::{EventFilter, LogPage, Projection, Seq};
use syft_space_domain::audit::{Event, Log, LogHead, Person, RecordedEvent};
use syft_space_domain::page::PageRequest;

use crate::table::read_page;

/// The event logs of all tenants and of the installation. They only grow, but for persons that are erased, and a copy costs little however long they are.
#[derive(Clone, Default)]
pub(crate) struct EventLogs(Arc<BTreeMap<Log, EventLog>>);

/// One log, in chunks of which only the last is ever copied.
#[derive(Clone, Default)]
struct EventLog {
    head: LogHead,
    chunks: Vec<Arc<Vec<Arc<RecordedEvent>>>>,
}

const EVENTS_PER_CHUNK: usize = 256;

impl EventLogs {
    /// Puts an event behind its log's last.
    pub(crate) fn append(&mut self, event: Event) {
        let log = Arc::make_mut(&mut self.0).entry(event.log).or_default();
        let (recorded, _) = log.head.append(event);
        let recorded = Arc::new(recorded);
        match log.chunks.last_mut() {
            Some(chunk) if chunk.len() < EVENTS_PER_CHUNK => Arc::make_mut(chunk).push(recorded),
            _ => log.chunks.push(Arc::new(vec![recorded])),
        }
    }

    /// Forgets what these events know of a person, with the salt. Answers of how many there was anything.
    pub(crate) fn erase_persons(&mut self, log: Log, numbers: &[u64]) -> u64 {
        let Some(log) = Arc::make_mut(&mut self.0).get_mut(&log) else { return 0 };
        let mut erased = 0;
        for chunk in &mut log.chunks {
            if !chunk.iter().any(|recorded| numbers.contains(&recorded.seq)) {
                continue;
            }
            for recorded in Arc::make_mut(chunk).iter_mut().filter(|recorded| numbers.contains(&recorded.seq))
            {
                let event = &mut Arc::make_mut(recorded).event;
                erased += u64::from(event.salt != [0; 16]);
                event.person = Person::default();
                event.salt = [0; 16];
            }
        }
        erased
    }

    /// A page of a log, the newest event first. It scans the log: there is no index that could lag.
    pub(crate) fn page(&self, log: Log, filter: &EventFilter, request: PageRequest<Seq>) -> LogPage {
        let log = self.0.get(&log);
        let chunks = log.into_iter().flat_map(|log| log.chunks.iter().rev());
        let newest_first =
            chunks.flat_map(|chunk| chunk.iter().rev()).map(|recorded| (Seq(recorded.seq), &**recorded));
        let after_cursor = newest_first.filter(|(seq, _)| request.after.is_none_or(|cursor| *seq < cursor.0));
        LogPage {
            events: read_page(
                after_cursor.filter(|(_, recorded)| filter.fits(&recorded.event)),
                request.limit,
            ),
            projection: Projection { seq: log.map_or(0, |log| log.head.seq), lag: 0 },
        }
    }
}
