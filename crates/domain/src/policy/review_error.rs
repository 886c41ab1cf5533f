//! Why an access review was not made, or not signed off.

use crate::identity::AuthorizationError;
use crate::page::CursorError;
use crate::port_error::{PortError, port_errors};

/// An access review was not made, or not signed off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// The cursor is of no review of this tenant, or of one that was begun too long ago.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// The token is of no whole review of this tenant with that digest, or of one that was begun too long ago.
    #[error(
        "digest and review_token are not those of one review, or it is older than 30 days: read one to its end, and sign off \
         that"
    )]
    Unknown,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(ReviewError);
