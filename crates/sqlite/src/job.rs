//! The jobs of the writer thread, and the signals that it sends to the projector of the audit index.

use std::sync::mpsc::SyncSender;

use diesel::SqliteConnection;
use syft_space_domain::store::StoreError;
use syft_space_domain::unit::Unit;

use crate::audit::block::Block;
use crate::audit::segment::SegmentParts;
use crate::codec::Key;

/// A job in the writer's queue.
pub(crate) enum WriterJob {
    /// A unit of work.
    Unit(Box<dyn Unit>),
    /// A block of the audit index to store.
    Index(IndexJob),
    /// Work that has the connection for itself, between two transactions.
    Alone(Box<dyn FnOnce(&mut SqliteConnection) + Send>),
}

/// What the audit index gets.
pub(crate) enum IndexPart {
    /// A block of events.
    Block(Box<Block>),
    /// Some parts of blocks that were merged.
    Segment(SegmentParts),
}

/// A part of the audit index, with the channel that its outcome is sent on.
pub(crate) struct IndexJob {
    pub(crate) part: IndexPart,
    pub(crate) done: SyncSender<Result<(), StoreError>>,
}

/// A signal to the projector.
pub(crate) enum ProjectorSignal {
    /// These logs have filled a block.
    Filled(Vec<Key>),
    /// The store is closed.
    Stop,
}
