//! Reading the installation's log.

use crate::audit::LogTreeError;
use crate::audit::ports::{EventFilter, LogPage, Seq};
use crate::identity::AuthorizationError;
use crate::page::PageRequest;
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::Flow;
use crate::tenant::OperatorScope;

/// The log was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// The log lacks an event that was never pruned.
    #[error("the log is not the one that its tree was made of; whoever runs this space must look into it")]
    LogChanged,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(AuditError);

impl From<LogTreeError> for AuditError {
    fn from(error: LogTreeError) -> Self {
        match error {
            LogTreeError::Proof(_) | LogTreeError::Contradiction => Self::LogChanged,
            LogTreeError::Store(error) => error.into(),
        }
    }
}

/// The installation's events, the newest first: what belongs to no tenant.
///
/// # Errors
/// When the store failed.
pub async fn installation_events(
    space: &Space,
    operator: &OperatorScope,
    filter: EventFilter,
    page: PageRequest<Seq>,
) -> Result<LogPage, AuditError> {
    let operator = operator.clone();
    let found =
        space.store.read(Flow::Installation, move |view| view.installation_events(&operator, &filter, page));
    Ok(found.await?)
}
