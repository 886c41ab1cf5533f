//! The event logs: append-only, and cheap to copy.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use syft_space_domain::audit::ports::{EventFilter, LogPage, Projection, RecordedQueries, Seq};
use syft_space_domain::audit::tree::{BLOCK_LEAVES, NodeHash};
use syft_space_domain::audit::{
    Appended, Event, Log, LogHead, Person, PrunedBlock, QueryFilter, RecordedEvent, RecordedQuery,
};
use syft_space_domain::page::{Cursor, PageRequest};
use syft_space_domain::store::StoreError;
use syft_space_domain::time::Timestamp;

use crate::table::read_page;

/// The event logs of all tenants and of the installation. They only grow, but for persons that are erased, the oldest events, which are pruned, and tenants that are removed, and a copy costs little however long they are.
#[derive(Clone, Default)]
pub(crate) struct EventLogs(Arc<BTreeMap<Log, EventLog>>);

/// One log, in chunks of which only the last is ever copied.
#[derive(Clone, Default)]
struct EventLog {
    head: LogHead,
    /// The roots of the full blocks of the tree over the log.
    block_roots: Vec<NodeHash>,
    /// The leaves of the blocks that are pruned.
    pruned: Vec<Arc<Vec<NodeHash>>>,
    /// The events behind those.
    chunks: Vec<Arc<Vec<Arc<RecordedEvent>>>>,
}

const EVENTS_PER_CHUNK: usize = 256;
const CHUNKS_PER_BLOCK: usize = 4;

impl EventLogs {
    /// Puts an event behind its log's last. Answers it as it stands there.
    pub(crate) fn append(&mut self, event: Event) -> Arc<RecordedEvent> {
        let log = Arc::make_mut(&mut self.0).entry(event.log).or_default();
        let Appended { recorded, person: _, filled } = log.head.append(event);
        log.block_roots.extend(filled.map(|root| root.hash));
        let recorded = Arc::new(recorded);
        match log.chunks.last_mut() {
            Some(chunk) if chunk.len() < EVENTS_PER_CHUNK => Arc::make_mut(chunk).push(Arc::clone(&recorded)),
            _ => log.chunks.push(Arc::new(vec![Arc::clone(&recorded)])),
        }
        recorded
    }

    /// The events of a log behind one that still know of a person, the oldest first.
    pub(crate) fn with_persons(&self, log: Log, after: Option<Seq>) -> impl Iterator<Item = &RecordedEvent> {
        let chunks = self.0.get(&log).into_iter().flat_map(|log| &log.chunks);
        let behind = chunks.flat_map(|chunk| chunk.iter()).map(|recorded| &**recorded);
        behind.filter(move |recorded| {
            after.is_none_or(|Seq(after)| recorded.seq > after) && !recorded.is_erased()
        })
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

    /// The events of a log, the newest first, before a number or from its end on.
    fn newest_first(&self, log: Log, before: Option<Seq>) -> impl Iterator<Item = (Seq, &RecordedEvent)> {
        let chunks = self.0.get(&log).into_iter().flat_map(|log| log.chunks.iter().rev());
        let events = chunks.flat_map(|chunk| chunk.iter().rev());
        let numbered = events.map(|recorded| (Seq(recorded.seq), &**recorded));
        numbered.filter(move |(seq, _)| before.is_none_or(|before| *seq < before))
    }

    /// A page of a log, the newest event first. It scans the log: there is no index that could lag.
    pub(crate) fn page(&self, log: Log, filter: &EventFilter, request: PageRequest<Seq>) -> LogPage {
        let after_cursor = self.newest_first(log, request.after.map(|Cursor(seq)| seq));
        LogPage {
            events: read_page(
                after_cursor.filter(|(_, recorded)| filter.fits(&recorded.event)),
                request.limit,
            ),
            projection: Projection { seq: self.0.get(&log).map_or(0, |log| log.head.seq()), lag: 0 },
        }
    }

    /// The newest queries of a log before a number.
    pub(crate) fn queries(
        &self,
        log: Log,
        filter: &QueryFilter,
        before: Option<Seq>,
        most: usize,
    ) -> RecordedQueries {
        let events = self.newest_first(log, before).map(|(_, recorded)| recorded);
        let fitting = events.filter_map(RecordedQuery::of).filter(|query| filter.fits(query));
        let queries: Vec<_> = fitting.take(most).collect();
        let last = queries.last().filter(|query| queries.len() == most && query.seq > 1);
        RecordedQueries { rest: last.map(|query| Seq(query.seq)), queries }
    }

    /// Removes a log. Answers whether there was one.
    pub(crate) fn remove(&mut self, log: Log) -> bool {
        Arc::make_mut(&mut self.0).remove(&log).is_some()
    }

    /// Whether there is a log.
    pub(crate) fn contains(&self, log: Log) -> bool {
        self.0.contains_key(&log)
    }

    /// Each log, and how many events it has.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = (Log, u64)> {
        self.0.iter().map(|(log, events)| (*log, events.head.seq()))
    }

    /// The end of a log.
    pub(crate) fn head(&self, log: Log) -> LogHead {
        self.0.get(&log).map(|log| log.head.clone()).unwrap_or_default()
    }

    /// The roots of full blocks, every one of them.
    pub(crate) fn block_roots(&self, log: Log, blocks: Range<u64>) -> Result<Vec<NodeHash>, StoreError> {
        let range = usize::try_from(blocks.start).ok().zip(usize::try_from(blocks.end).ok());
        let kept = self.0.get(&log).map(|log| log.block_roots.as_slice()).unwrap_or_default();
        let roots = range.and_then(|(start, end)| kept.get(start..end));
        roots.map(<[_]>::to_vec).ok_or_else(|| StoreError::failed("there is no such block of the log"))
    }

    /// How many blocks of a log are pruned.
    pub(crate) fn pruned_blocks(&self, log: Log) -> u64 {
        self.0.get(&log).map_or(0, EventLog::pruned_blocks)
    }

    /// The leaves of a pruned block.
    pub(crate) fn pruned_leaves(&self, log: Log, block: u64) -> Option<Vec<NodeHash>> {
        let leaves = self.0.get(&log)?.pruned.get(usize::try_from(block).ok()?)?;
        Some(leaves.to_vec())
    }

    /// The full blocks of a log whose events are there and all from before a time, the oldest first, up to the first of which that is not so.
    pub(crate) fn full_blocks_before(&self, log: Log, before: Timestamp) -> impl Iterator<Item = u64> {
        let log = self.0.get(&log);
        let first = log.map_or(0, EventLog::pruned_blocks);
        let blocks = log.into_iter().flat_map(|log| log.chunks.chunks_exact(CHUNKS_PER_BLOCK));
        let is_due = move |chunks: &[Arc<Vec<Arc<RecordedEvent>>>]| {
            let events = || chunks.iter().flat_map(|chunk| chunk.iter());
            events().count() == EVENTS_PER_CHUNK * CHUNKS_PER_BLOCK
                && events().all(|recorded| recorded.event.time < before)
        };
        (first..).zip(blocks).take_while(move |(_, chunks)| is_due(chunks)).map(|(block, _)| block)
    }

    /// Removes the events of a block and keeps its leaves, if it is the oldest that is there. Answers how many went.
    pub(crate) fn prune(&mut self, log: Log, block: &PrunedBlock) -> u64 {
        let Some(log) = Arc::make_mut(&mut self.0).get_mut(&log) else { return 0 };
        if log.pruned_blocks() != block.number || log.chunks.len() < CHUNKS_PER_BLOCK {
            return 0;
        }
        log.chunks.drain(..CHUNKS_PER_BLOCK);
        log.pruned.push(Arc::new(block.leaves.clone()));
        BLOCK_LEAVES
    }

    /// The events with these numbers, the oldest first.
    pub(crate) fn events_in(&self, log: Log, numbers: Range<u64>) -> Result<Vec<RecordedEvent>, StoreError> {
        let (Some(log), Ok(most)) = (self.0.get(&log), usize::try_from(BLOCK_LEAVES)) else {
            return Ok(Vec::new());
        };
        let pruned = log.pruned_blocks().saturating_mul(BLOCK_LEAVES);
        let before = numbers.start.saturating_sub(1).checked_sub(pruned);
        let before =
            before.ok_or_else(|| StoreError::LogDamaged(format!("it lacks its event {}", numbers.start)))?;
        let before = usize::try_from(before).unwrap_or(usize::MAX);
        let chunks = log.chunks.iter().skip(before / EVENTS_PER_CHUNK);
        let events = chunks.flat_map(|chunk| chunk.iter()).skip(before % EVENTS_PER_CHUNK);
        let events = events.take_while(|recorded| recorded.seq < numbers.end).take(most);
        Ok(events.map(|recorded| RecordedEvent::clone(recorded)).collect())
    }
}

impl EventLog {
    fn pruned_blocks(&self) -> u64 {
        u64::try_from(self.pruned.len()).unwrap_or(u64::MAX)
    }
}
