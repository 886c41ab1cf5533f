//! The answers where the ledger was not read.

use syft_space_domain::ledger::LedgerError;

use crate::http::problem::Problem;

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Authorization(error) => error.into(),
            LedgerError::PortError(error) => error.into(),
        }
    }
}
