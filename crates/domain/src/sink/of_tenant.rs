//! What a tenant may know of the sinks that its log goes to.

use crate::access::Permission;
use crate::audit::ports::LogScope;
use crate::audit::{AuditError, LogHead};
use crate::identity::Principal;
use crate::sink::SinkName;
use crate::space::Space;

/// How far sinks have a tenant's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantSinks {
    /// Of each sink that was asked for, in their order, the number of the last event that it has.
    pub delivered: Vec<u64>,
    /// How many events the log has.
    pub size: u64,
}

/// How far these sinks have the log of the caller's tenant.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn sinks_of_tenant(
    space: &Space,
    principal: &Principal,
    sinks: Vec<SinkName>,
) -> Result<TenantSinks, AuditError> {
    let read = space.read(principal, Permission::ReadAudit, move |view, scope| {
        let delivered = sinks.iter().map(|sink| view.delivered(sink, LogScope::Tenant(scope)));
        let delivered = delivered.collect::<Result<_, _>>()?;
        let size = LogHead::seq(&view.log_head(LogScope::Tenant(scope))?);
        Ok::<_, AuditError>(TenantSinks { delivered, size })
    });
    read.await
}
