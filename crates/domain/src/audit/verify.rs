//! Verifying a log that was exported, from its events and from checkpoints of it alone.

use std::cmp::Ordering;
use std::collections::VecDeque;

use crate::audit::tree::{Frontier, NodeHash};
use crate::audit::{Checkpoint, Log, Person, RecordedEvent};

/// What is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogFault {
    /// Numbers are left out.
    #[error("event {expected} is missing: event {found} stands in its place")]
    Missing {
        /// The number that should come.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// A number comes again, or too late.
    #[error("event {found} stands behind event {}: it was put in, or moved", expected.saturating_sub(1))]
    Misplaced {
        /// The number that should come.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// An event is of another log than the first.
    #[error("event {seq} is of another log")]
    OtherLog {
        /// Its number.
        seq: u64,
    },
    /// What an event knows of a person is not what it has committed to.
    #[error("what event {seq} says of a person is not what was recorded")]
    PersonChanged {
        /// Its number.
        seq: u64,
    },
    /// An event is not there, and one before it is: events are pruned from the first on.
    #[error("event {seq} is left out, though events before it are there")]
    Hidden {
        /// Its number.
        seq: u64,
    },
    /// The events are not those that were signed.
    #[error("{} is not what it was when the checkpoint of {size} events was signed{}", first_changed(*after, *size), up_to(*after))]
    Changed {
        /// Up to this one, a checkpoint says that all is as it was; 0 where none does.
        after: u64,
        /// The size of the checkpoint that does not fit.
        size: u64,
    },
    /// The log ends too early.
    #[error(
        "the log ends with event {events}, and had {size} when a checkpoint was signed: its end was cut off, or it was rolled back; or it was \
         exported before that checkpoint: export it anew, or leave the checkpoint out"
    )]
    Short {
        /// How many events there are.
        events: u64,
        /// How many there were.
        size: u64,
    },
    /// Two checkpoints of one size have different roots.
    #[error("two signed checkpoints of {size} events differ: whoever has the key has signed two logs")]
    TwoLogs {
        /// Their size.
        size: u64,
    },
}

fn first_changed(after: u64, size: u64) -> String {
    match after.saturating_add(1) {
        first if first == size => format!("event {size}"),
        first => format!("one of the events {first} to {size}"),
    }
}

fn up_to(after: u64) -> String {
    if after == 0 { String::new() } else { format!("; those up to {after} are as they were") }
}

/// What was found of a log that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedLog {
    /// How many events there are.
    pub events: u64,
    /// The root over all of them.
    pub root: NodeHash,
    /// Up to which event a checkpoint vouches for them; 0 where none does.
    pub vouched: u64,
    /// Of how many events what they knew of a person was erased.
    pub erased: u64,
    /// How many events are pruned, the oldest: of these there are the leaves alone.
    pub pruned: u64,
}

/// Computes a log again, an event at a time, in little memory.
#[derive(Debug, Default)]
pub struct LogVerifier {
    tree: Frontier,
    log: Option<Log>,
    /// The checkpoints that are still to come, the smallest first.
    checkpoints: VecDeque<Checkpoint>,
    vouched: u64,
    erased: u64,
    pruned: u64,
}

impl LogVerifier {
    /// Begins, with checkpoints whose signatures are verified.
    ///
    /// # Errors
    /// When two of them contradict each other.
    pub fn new(mut checkpoints: Vec<Checkpoint>) -> Result<Self, LogFault> {
        checkpoints.sort_by_key(|checkpoint| checkpoint.size);
        checkpoints.dedup_by(|left, right| left.size == right.size && left.root == right.root);
        for pair in checkpoints.windows(2) {
            if let [left, right] = pair
                && left.size == right.size
            {
                return Err(LogFault::TwoLogs { size: left.size });
            }
        }
        Ok(Self { checkpoints: checkpoints.into(), ..Self::default() })
    }

    /// Which log it is; `None` before the first event.
    #[must_use]
    pub fn log(&self) -> Option<Log> {
        self.log
    }

    /// Takes the next event. `erased` says that what it knew of a person is not there any more.
    ///
    /// # Errors
    /// When it is not the next, or not what was recorded.
    pub fn take(&mut self, recorded: &RecordedEvent, erased: bool) -> Result<(), LogFault> {
        let found = recorded.seq;
        self.expect(found)?;
        if *self.log.get_or_insert(recorded.event.log) != recorded.event.log {
            return Err(LogFault::OtherLog { seq: found });
        }
        if erased {
            self.erased = self.erased.saturating_add(1);
        } else {
            let commitment = Person::commitment(&recorded.event.salt, &recorded.event.person.canonical());
            if commitment != recorded.person_commitment {
                return Err(LogFault::PersonChanged { seq: found });
            }
        }
        self.push(recorded.leaf())
    }

    /// Takes the leaf of the next event, which is pruned: what it said is not there any more, and that it was there is.
    ///
    /// # Errors
    /// When it is not the next, or stands behind an event that is there.
    pub fn take_pruned(&mut self, seq: u64, leaf: NodeHash) -> Result<(), LogFault> {
        self.expect(seq)?;
        if self.tree.size() != self.pruned {
            return Err(LogFault::Hidden { seq });
        }
        self.pruned = seq;
        self.push(leaf)
    }

    fn expect(&self, found: u64) -> Result<(), LogFault> {
        let expected = self.tree.size().saturating_add(1);
        match found.cmp(&expected) {
            Ordering::Greater => Err(LogFault::Missing { expected, found }),
            Ordering::Less => Err(LogFault::Misplaced { expected, found }),
            Ordering::Equal => Ok(()),
        }
    }

    fn push(&mut self, leaf: NodeHash) -> Result<(), LogFault> {
        self.tree.push(leaf);
        let found = self.tree.size();
        if let Some(checkpoint) = self.checkpoints.pop_front_if(|next| next.size == found) {
            if checkpoint.root != self.tree.root() {
                return Err(LogFault::Changed { after: self.vouched, size: found });
            }
            self.vouched = found;
        }
        Ok(())
    }

    /// Ends: there are no more events.
    ///
    /// # Errors
    /// When a checkpoint is of more events than there are.
    pub fn finish(self) -> Result<VerifiedLog, LogFault> {
        let Self { tree, checkpoints, vouched, erased, pruned, .. } = self;
        let events = tree.size();
        match checkpoints.back() {
            Some(Checkpoint { size, .. }) => Err(LogFault::Short { events, size: *size }),
            None => Ok(VerifiedLog { events, root: tree.root(), vouched, erased, pruned }),
        }
    }
}
