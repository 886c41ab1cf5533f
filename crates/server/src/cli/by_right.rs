//! Who may do what was refused.

use syft_space_domain::access::{Permission, PrincipalKind};
use syft_space_domain::identity::Forbidden;

use crate::cli::api::ApiClient;
use crate::cli::exit::{CommandError, ExitStatus, status_of};

/// Says of a command that was refused who may do it, instead of who may read what it reads first.
pub(super) async fn by_right(
    api: &ApiClient,
    permission: Option<Permission>,
    error: anyhow::Error,
) -> anyhow::Error {
    let Some(permission) = permission.filter(|_| status_of(&error) == ExitStatus::Refused) else {
        return error;
    };
    match api.me().await.map(|me| PrincipalKind::Member(me.role)) {
        Ok(kind) if !kind.may(permission) => {
            CommandError::new(ExitStatus::Refused, Forbidden { kind, permission }.to_string()).into()
        }
        _ => error,
    }
}
