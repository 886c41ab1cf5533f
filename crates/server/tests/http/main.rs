//! The promises of a space, each proved through its HTTP server.
//!
//! The server is the real binary on real SQLite. With `SYFT_SPACE_TEST_ADAPTERS=memory` the same tests run over the
//! adapters that keep everything in memory; what is about files, processes and signals then has nothing to show.

#![expect(unreachable_pub, reason = "one test binary: what its modules share is public among them")]

#[cfg(test)]
mod access_review;
#[cfg(test)]
mod api_keys;
#[cfg(test)]
mod approving;
#[cfg(test)]
mod audit_log;
#[cfg(test)]
mod audit_tail;
#[cfg(test)]
mod callers;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod charging;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod client_limit;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod cut_off;
#[cfg(test)]
mod deletions;
#[cfg(test)]
mod detections;
#[cfg(test)]
mod disclosing;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod erasures;
#[cfg(test)]
mod exhaustion;
#[cfg(test)]
mod expectations;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod factors;
#[cfg(test)]
mod fair;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod files;
#[cfg(test)]
mod floods;
#[cfg(test)]
mod forgotten;
#[cfg(test)]
mod former_members;
#[cfg(test)]
mod front_door;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod held_bodies;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod house;
#[cfg(test)]
mod hub_patterns;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod inquiry;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod languages;
#[cfg(test)]
mod listings;
#[cfg(test)]
mod load;
#[cfg(test)]
mod located;
#[cfg(test)]
mod logins;
#[cfg(test)]
mod mailed;
#[cfg(test)]
mod marketplace_fixture;
#[cfg(test)]
mod marketplaces;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod meaning;
#[cfg(test)]
mod noise;
#[cfg(test)]
mod oidc;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod own_access;
#[cfg(test)]
mod passwords;
#[cfg(test)]
mod pattern_limits;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod policy_replay;
#[cfg(test)]
mod policy_revisions;
#[cfg(test)]
mod policy_tools;
#[cfg(test)]
mod policy_types;
#[cfg(test)]
mod power;
#[cfg(test)]
mod process;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod pruning;
#[cfg(test)]
mod rate_limits;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod remote_space;
#[cfg(test)]
mod resets;
#[cfg(test)]
mod restored;
#[cfg(test)]
mod restored_ledger;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod satellites;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod shadow;
#[cfg(test)]
mod signing_keys;
#[cfg(test)]
mod sinks;
#[cfg(test)]
mod space;
#[cfg(test)]
mod story_main_job;
#[cfg(test)]
mod tampering;
#[cfg(test)]
mod tenant_archive;
#[cfg(test)]
mod tenant_end;
#[cfg(test)]
mod token_limits;
#[cfg(test)]
mod vector_server;
