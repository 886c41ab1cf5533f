//! What callers who ask at the time were shown, and what queries under way may show them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::ids::{ActorId, PolicyId, TenantId};
use crate::policy::ports::Disclosed;
use crate::time::Timestamp;

/// How many items are remembered, of all callers together. Beyond that those callers are forgotten who have no query under way,
/// and read again when they ask.
const MOST_ITEMS: usize = 1_000_000;

/// A caller of a tenant, under one policy, and what it counts.
pub(super) type Key = (TenantId, PolicyId, ActorId, u8);

/// What tells one item from others: a digest.
pub(super) type Item = [u8; 16];

/// The coverage of those who ask. What the store says counts, and this spares reading it; what may be shown and is not written yet
/// is known here alone, and counts as shown.
#[derive(Debug)]
pub(super) struct OpenCoverage {
    open: Mutex<Open>,
    most: usize,
}

#[derive(Debug, Default)]
struct Open {
    callers: HashMap<Key, Coverage>,
    items: usize,
    /// Counts how often any were forgotten: what was read before may be older than what was forgotten.
    forgotten: u64,
}

#[derive(Debug, Default)]
struct Coverage {
    items: HashMap<Item, Shown>,
    /// What the items come to.
    amount: u64,
    queries: u64,
}

#[derive(Debug, Clone, Copy)]
struct Shown {
    /// When it was last written; `None` while queries may show it that are not answered.
    written_at: Option<Timestamp>,
    amount: u64,
    /// How many queries may show it.
    queries: u32,
}

/// How much may be shown, and for how long it counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) cap: u64,
    pub(super) counts_for: Duration,
    pub(super) written_every: Duration,
    pub(super) now: Timestamp,
}

/// What a query may show.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    /// Those that count for it, each once.
    pub(super) items: Vec<Item>,
    /// What is to be written of them.
    pub(super) written: Vec<Disclosed>,
}

impl Default for OpenCoverage {
    fn default() -> Self {
        Self::remembering(MOST_ITEMS)
    }
}

impl OpenCoverage {
    pub(super) fn remembering(most: usize) -> Self {
        Self { open: Mutex::default(), most }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a query of a caller, who is not forgotten until it ends.
    ///
    /// # Errors
    /// When it must be read first what they were shown. Holds how often any were forgotten.
    pub(super) fn begin(&self, key: &Key) -> Result<(), u64> {
        let mut open = self.lock();
        let forgotten = open.forgotten;
        let coverage = open.callers.get_mut(key).ok_or(forgotten)?;
        coverage.queries = coverage.queries.saturating_add(1);
        Ok(())
    }

    /// How much more a caller may be shown that they were not shown yet. Changes nothing: the time may be one that somebody asks
    /// about, and what counts no more by then counts today.
    ///
    /// # Errors
    /// When it must be read first what they were shown. Holds how often any were forgotten.
    pub(super) fn remaining(&self, key: &Key, terms: &Terms) -> Result<u64, u64> {
        let open = self.lock();
        let coverage = open.callers.get(key).ok_or(open.forgotten)?;
        let counted = coverage.items.values().filter(|shown| shown.counts(terms));
        Ok(terms.cap.saturating_sub(counted.map(|shown| shown.amount).sum()))
    }

    /// Opens what was read of a caller after it was known how often any were forgotten. What was forgotten since may be newer: then
    /// nothing is opened.
    pub(super) fn open(&self, key: Key, read: Vec<Disclosed>, forgotten: u64) {
        let mut open = self.lock();
        if open.forgotten != forgotten || open.callers.contains_key(&key) {
            return;
        }
        let mut coverage = Coverage::default();
        for Disclosed { item, shown_at, amount } in read {
            coverage.amount = coverage.amount.saturating_add(amount);
            let shown = Shown { written_at: Some(shown_at), amount, queries: 0 };
            coverage.items.insert(item, shown);
        }
        open.items = open.items.saturating_add(coverage.items.len());
        open.callers.insert(key, coverage);
        if open.items > self.most {
            open.callers.retain(|of, coverage| coverage.queries > 0 || *of == key);
            open.forgotten = open.forgotten.wrapping_add(1);
        }
        open.items = open.callers.values().map(|coverage| coverage.items.len()).sum();
    }

    /// Decides which of these items a query of a caller may show, in this order, as far as the cap reaches: whether each, and what
    /// counts for the query. What others may show at the same time counts as shown.
    pub(super) fn admit(&self, key: &Key, terms: &Terms, wanted: &[(Item, u64)]) -> (Vec<bool>, Admitted) {
        let mut open = self.lock();
        let Some(coverage) = open.callers.get_mut(key) else {
            return (vec![false; wanted.len()], Admitted::default());
        };
        coverage.make_room(wanted.iter().map(|(_, amount)| *amount).sum(), terms);
        let before = coverage.items.len();
        let mut admitted = Admitted::default();
        let may = wanted.iter().map(|(item, amount)| coverage.admit(*item, *amount, terms, &mut admitted));
        let may = may.collect();
        let more = coverage.items.len().saturating_sub(before);
        open.items = open.items.saturating_add(more);
        (may, admitted)
    }

    /// Takes back what counts for a query, which goes on: it was not shown.
    pub(super) fn take_back(&self, key: &Key, items: &[Item]) {
        if let Some(coverage) = self.lock().callers.get_mut(key) {
            items.iter().for_each(|item| coverage.end(item, None));
        }
    }

    /// Ends a query of a caller. What it has shown was written at that time; `None` where it has shown nothing.
    pub(super) fn end(&self, key: &Key, admitted: &Admitted, shown_at: Option<Timestamp>) {
        if let Some(coverage) = self.lock().callers.get_mut(key) {
            let is_written = |item: &Item| admitted.written.iter().any(|written| written.item == *item);
            for item in &admitted.items {
                coverage.end(item, shown_at.filter(|_| is_written(item)));
            }
            coverage.queries = coverage.queries.saturating_sub(1);
        }
    }
}

impl Shown {
    /// Whether it counts: queries may show it, or it was shown not so long ago.
    fn counts(&self, terms: &Terms) -> bool {
        let counts = |at: Timestamp| at.plus(terms.counts_for) > terms.now;
        self.queries > 0 || self.written_at.is_some_and(counts)
    }
}

impl Coverage {
    /// Makes room for so much more, if it must, by what was shown so long ago that it does not count any more.
    fn make_room(&mut self, more: u64, terms: &Terms) {
        if self.amount.saturating_add(more) <= terms.cap {
            return;
        }
        self.items.retain(|_, shown| shown.counts(terms));
        self.amount = self.items.values().map(|shown| shown.amount).sum();
    }

    fn admit(&mut self, item: Item, amount: u64, terms: &Terms, admitted: &mut Admitted) -> bool {
        if admitted.items.contains(&item) {
            return true;
        }
        let known = self.items.get_mut(&item);
        let is_known = known.is_some();
        let written_at = known.as_ref().and_then(|shown| shown.written_at);
        match known {
            Some(shown) => shown.queries = shown.queries.saturating_add(1),
            None if self.amount.saturating_add(amount) > terms.cap => return false,
            None => {
                self.amount = self.amount.saturating_add(amount);
                self.items.insert(item, Shown { written_at: None, amount, queries: 1 });
            }
        }
        admitted.items.push(item);
        let is_due = written_at.is_none_or(|at| at.plus(terms.written_every) <= terms.now);
        if is_due || !is_known {
            admitted.written.push(Disclosed { item, shown_at: terms.now, amount });
        }
        true
    }

    fn end(&mut self, item: &Item, shown_at: Option<Timestamp>) {
        let Some(shown) = self.items.get_mut(item) else { return };
        shown.queries = shown.queries.saturating_sub(1);
        shown.written_at = shown.written_at.max(shown_at);
        if shown.queries == 0 && shown.written_at.is_none() {
            self.amount = self.amount.saturating_sub(shown.amount);
            self.items.remove(item);
        }
    }
}
