//! The work that a server does between requests: ingestion jobs, the synchronisation with marketplaces, the rotation of
//! signing keys, keeping what was taken of limits, the end of access reviews that nobody reads on, and of
//! questions that waited for approval, and the erasure of what is left of people whose accounts are gone.

pub(crate) mod approvals;
pub(crate) mod erasures;
pub(crate) mod marketplace_sync;
pub(crate) mod policy_keeper;
pub(crate) mod reviews;
pub(crate) mod signing_keys;
pub(crate) mod workers;
