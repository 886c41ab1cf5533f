//! The work that a server does between requests: ingestion jobs, and the synchronisation with marketplaces.

pub(crate) mod marketplace_sync;
pub(crate) mod workers;
