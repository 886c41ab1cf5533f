//! That a tenant has come from another host: its log there is named in the one here.

use crate::access::Permission;
use crate::audit::{Action, AuditError, ChangeCode, Changes, Checkpoint, ObjectKind, RequestContext};
use crate::identity::Principal;
use crate::space::Space;
use crate::unit::Recorded;

/// Records that the caller's tenant had this log before, of which somebody has a copy. From the next checkpoint on the log here vouches
/// for what is in it: a copy that was changed since has another root. That it was the tenant's is what the caller says.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn name_predecessor(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    predecessor: &Checkpoint,
) -> Result<(), AuditError> {
    let event = principal.event(context, Action::ConfigChange)?;
    let changes = Changes::default().with_checkpoint(ChangeCode::PredecessorNamed, predecessor);
    let event = event.on(ObjectKind::Audit, &predecessor.log).changing(changes);
    let authorization = principal.authorize(Permission::ManageTenant, space.clock.now())?;
    let named = space.store.write(move |tx| {
        tx.authority::<AuditError>(&authorization, &event)?;
        Ok(Recorded::new((), event.clone()))
    });
    named.await
}
