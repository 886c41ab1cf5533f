//! The store that tells those who follow a log of each commit.
//!
//! It stands right in front of the space's own, so that whoever writes, requests and the background alike, writes through it. While
//! nobody follows a log, a unit of work costs one look at a counter for each of its events.

use std::sync::Arc;

use syft_space_domain::Space;
use syft_space_domain::audit::{Log, RecordedEvent};
use syft_space_domain::store::{OverwriteDone, ReadUnit, Store, StoreError, Tx};
use syft_space_domain::unit::{Unit, UnitOutcome};

use crate::http::audit_tails::AuditTails;

struct AnnouncingStore {
    inner: Arc<dyn Store>,
    tails: Arc<AuditTails>,
}

/// Puts such a store in front of a space's own.
#[must_use]
pub fn announce_commits(space: Space) -> (Space, Arc<AuditTails>) {
    let tails = Arc::<AuditTails>::default();
    let store = AnnouncingStore { inner: Arc::clone(&space.store), tails: Arc::clone(&tails) };
    (Space { store: Arc::new(store), ..space }, tails)
}

impl Store for AnnouncingStore {
    fn submit(&self, unit: Box<dyn Unit>) {
        let tails = Arc::clone(&self.tails);
        self.inner.submit(Box::new(AnnouncingUnit { inner: unit, tails, appended: Vec::new() }));
    }

    fn submit_read(&self, read: Box<dyn ReadUnit>) {
        self.inner.submit_read(read);
    }

    fn submit_overwrite(&self, done: OverwriteDone) {
        self.inner.submit_overwrite(done);
    }
}

struct AnnouncingUnit {
    inner: Box<dyn Unit>,
    tails: Arc<AuditTails>,
    /// The logs that got events of it, with the number of the last.
    appended: Vec<(Log, u64)>,
}

impl Unit for AnnouncingUnit {
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        // The run before this one was rolled back.
        self.appended.clear();
        self.inner.run(tx)
    }

    fn appended(&mut self, recorded: &RecordedEvent) {
        // Who begins to follow behind this look records that first, and is told of that event, which stands behind this one.
        if !self.tails.is_idle() {
            let (log, seq) = (recorded.event.log, recorded.seq);
            match self.appended.iter_mut().find(|(known, _)| *known == log) {
                Some((_, last)) => *last = seq,
                None => self.appended.push((log, seq)),
            }
        }
        self.inner.appended(recorded);
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        if outcome.is_ok() {
            for (log, seq) in self.appended {
                self.tails.announce(log, seq);
            }
        }
        self.inner.done(outcome);
    }
}
