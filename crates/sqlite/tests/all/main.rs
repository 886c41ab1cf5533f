//! Tests of what SQLite promises beyond the ports.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "the helpers of tests fail as tests do")]

mod audit_index;
mod audit_tree;
mod conformance;
mod documents;
mod group_commit;
mod ledger_batch;
mod migrations;
mod open;
mod reads;
mod record_of_processing;
mod remains;
mod snapshot;
mod support;
