//! Sinks: where the audit logs go besides, as they are written.
//!
//! The log itself is the queue. How far a sink has each log is kept in the store, and moves on only once the sink has what stood before:
//! so what is delivered comes at least once, in the order of its log, whenever the process ends, and a sink that is down costs no memory and
//! delays nobody. How an event is told and handed over is not for here.

mod batch;
mod of_tenant;
pub mod ports;
mod settle;
mod terms;

pub use batch::{Batch, BatchBounds, NextBatch, delivered, next_batch, next_of_log};
pub use of_tenant::{TenantSinks, sinks_of_tenant};
pub use settle::settle;
pub use terms::{
    MAX_SINKS, SinkChange, SinkLogs, SinkLogsError, SinkName, SinkNameError, SinkStart, SinkStartError,
    SinkTerms,
};
