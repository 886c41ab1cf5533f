//! The errors of what people may ask for of what is held about them, as responses.

use syft_space_domain::privacy::ExportError;

use crate::http::problem::Problem;
use crate::http::reason::Reason;

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Authorization(error) => error.into(),
            ExportError::NotFound => Self::new(Reason::NotFound, error),
            ExportError::PortError(error) => error.into(),
        }
    }
}
