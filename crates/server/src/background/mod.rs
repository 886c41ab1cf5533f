//! The work that a server does between requests: ingestion jobs, the synchronisation with marketplaces, the rotation of
//! signing keys, and the end of access reviews that nobody reads on.

pub(crate) mod marketplace_sync;
pub(crate) mod reviews;
pub(crate) mod signing_keys;
pub(crate) mod workers;
