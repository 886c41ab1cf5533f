//! The work that a server does between requests: ingestion jobs, the synchronisation with marketplaces, and the rotation
//! of signing keys.

pub(crate) mod marketplace_sync;
pub(crate) mod signing_keys;
pub(crate) mod workers;
