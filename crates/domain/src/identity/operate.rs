//! The host's operator at work in a tenant: a named one, where there are several.

use crate::identity::Principal;
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::tenant::{OperatorScope, TenantName, tenants};

/// It cannot be said in which tenant the operator works.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperateError {
    /// There is none yet.
    #[error("there is no tenant yet; found the first one")]
    NoTenant,
    /// There is none of that name.
    #[error("there is no tenant {0}")]
    Unknown(TenantName),
    /// There are several, and none was named.
    #[error("there are several tenants: say which one you mean")]
    Several(Vec<TenantName>),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(OperateError);

/// The operator as a principal of one tenant: the named one, else the only one there is. What they may do there
/// stands in the table of [`access`](crate::access), and what they do stands in the tenant's log.
///
/// # Errors
/// When it is not said which tenant, or there is none.
pub async fn operate(
    space: &Space,
    operator: &OperatorScope,
    named: Option<&TenantName>,
) -> Result<Principal, OperateError> {
    let mut tenants = tenants(space, operator).await?;
    tenants.retain(|tenant| !tenant.is_going());
    if let Some(name) = named {
        tenants.retain(|tenant| tenant.name == *name);
    }
    let id = match (&*tenants, named) {
        ([one], _) => one.id,
        ([], None) => return Err(OperateError::NoTenant),
        ([], Some(name)) => return Err(OperateError::Unknown(name.clone())),
        (_, _) => {
            let mut names: Vec<_> = tenants.into_iter().map(|tenant| tenant.name).collect();
            names.sort();
            return Err(OperateError::Several(names));
        }
    };
    let live = space.snapshots.tenant(&operator.tenant(id)).map_err(PortError::from)?;
    Ok(Principal::operator(live))
}
