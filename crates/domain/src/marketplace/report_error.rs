//! The errors of reporting to a hub.

use crate::marketplace::ports::HubError;
use crate::port_error::{PortError, port_errors};

/// A hub was not told how endpoints are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The hub did not take it.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(ReportError);
