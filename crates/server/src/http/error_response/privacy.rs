//! The errors of what people may ask for of what is held about them, as responses.

use syft_space_domain::privacy::{CertificateError, ExportError};

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

impl From<CertificateError> for Problem {
    fn from(error: CertificateError) -> Self {
        match error {
            CertificateError::Authorization(error) => error.into(),
            CertificateError::Unknown | CertificateError::NoDeletion | CertificateError::WentWithDataset => {
                Self::new(Reason::NotFound, error)
            }
            CertificateError::NotEnded { .. } | CertificateError::NotConfirmed(_) => {
                Self::new(Reason::Conflict, error)
            }
            CertificateError::NotLogged => {
                tracing::error!(%error, "an audit log lacks the end of an erasure");
                Self::new(Reason::Internal, error)
            }
            CertificateError::PortError(error) => error.into(),
        }
    }
}
