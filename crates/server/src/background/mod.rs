//! The work that a server does between requests: ingestion jobs, the synchronisation with marketplaces, the rotation of
//! signing keys, keeping what was taken of limits, and the end of access reviews that nobody reads on.

pub(crate) mod marketplace_sync;
pub(crate) mod policy_keeper;
pub(crate) mod reviews;
pub(crate) mod signing_keys;
pub(crate) mod workers;
