//! What does SQLite promise beyond the ports, and does it keep them?
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "the helpers of tests fail as tests do")]

mod audit_index;
mod conformance;
mod documents;
mod group_commit;
mod snapshot;
mod migrations;
mod open;
mod support;
