//! The work that a server does between requests: ingestion jobs, the synchronisation with marketplaces, the rotation of
//! signing keys, keeping what was taken of limits, the end of access reviews that nobody reads on, and of
//! questions that waited for approval, removing what is older than its term, the erasure of what is left of people whose accounts
//! are gone and of tenants that have ended, overwriting what removed rows have left in files, keeping the vector databases that the space
//! makes, asking those that have not confirmed a removal, looking for detections in the audit logs, signing checkpoints of them, and
//! delivering them to sinks.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

pub(crate) mod approvals;
pub(crate) mod audit_sinks;
mod checkpoint_folder;
pub(crate) mod checkpoints;
pub(crate) mod databases;
pub(crate) mod detections;
pub(crate) mod doubted_clock;
pub(crate) mod erasures;
mod logs_aside;
pub(crate) mod marketplace_sync;
pub(crate) mod note_file;
pub(crate) mod policy_keeper;
pub(crate) mod remains;
pub(crate) mod retention;
pub(crate) mod reviews;
pub(crate) mod signing_keys;
pub(crate) mod tenant_ends;
pub(crate) mod vector_databases;
pub(crate) mod workers;

/// Ticks at once, and each time that so much has passed since: what took longer is not made up for.
fn ticks(every: Duration) -> Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
