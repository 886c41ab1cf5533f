//! API keys as the host's operator sees them: whose there are in a tenant, and an end of one that has leaked.

use crate::access::Permission;
use crate::audit::{Action, Actor, ChangeCode, RequestContext};
use crate::identity::manage_api_keys::about_key;
use crate::identity::{ApiKeyState, AuthorizationError, Email, OperateError, operate};
use crate::ids::ApiKeyId;
use crate::page::{Page, PageItem, PageRequest};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::View;
use crate::tenant::{OperatorScope, TenantName, TenantScope, WriteScope};
use crate::unit::Recorded;

/// A key, and who holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldApiKey {
    /// The key.
    pub state: ApiKeyState,
    /// The address of the member whose it is.
    pub holder: Email,
}

impl PageItem for HeldApiKey {
    fn bytes(&self) -> usize {
        self.state.bytes().saturating_add(self.holder.as_str().len())
    }
}

/// The operator was told nothing of keys, or ended none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperateKeysError {
    /// It is not said in which tenant.
    #[error(transparent)]
    Operate(#[from] OperateError),
    /// The operator may not see them, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// The tenant has no such key.
    #[error("the tenant has no API key with this id; it may have been revoked")]
    NotFound,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(OperateKeysError);

/// The keys of all members of a tenant, never with a secret.
///
/// # Errors
/// When it is not said in which tenant, or a port failed.
pub async fn api_keys_as_operator(
    space: &Space,
    operator: &OperatorScope,
    tenant: Option<&TenantName>,
    page: PageRequest<ApiKeyId>,
) -> Result<Page<HeldApiKey, ApiKeyId>, OperateKeysError> {
    let principal = operate(space, operator, tenant).await?;
    let (max_days, now) = (principal.snapshot().tenant.max_key_days, space.clock.now());
    let read = move |view: &mut dyn View, scope: &TenantScope| {
        let Page { items, next } = view.api_keys(scope, None, page)?;
        let mut held = Vec::with_capacity(items.len());
        for key in items {
            // A key goes with its account, so there is one.
            if let Some(member) = view.member(scope, key.account)? {
                held.push(HeldApiKey { state: ApiKeyState { key, max_days, now }, holder: member.email });
            }
        }
        Ok::<_, OperateKeysError>(Page { items: held, next })
    };
    // Whoever may read who is a member may read which programs come in their name.
    space.read(&principal, Permission::ReadMembers, read).await
}

/// Revokes a key of a tenant, whosever it is, and answers what it was. It is refused from the very next request on.
///
/// # Errors
/// When it is not said in which tenant, there is no such key, or a port failed.
pub async fn revoke_api_key_as_operator(
    space: &Space,
    context: &RequestContext,
    operator: &OperatorScope,
    tenant: Option<&TenantName>,
    id: ApiKeyId,
) -> Result<HeldApiKey, OperateKeysError> {
    let snapshot = operate(space, operator, tenant).await?.snapshot().clone();
    let (scope, max_days) = (TenantScope::of(snapshot.tenant.id), snapshot.tenant.max_key_days);
    let event = context.event(&scope, Action::AuthnTokenRevoked, Actor::Operator)?;
    let now = space.clock.now();
    let revoked = space.store.write(move |tx| {
        let scope = WriteScope::of_system(&scope);
        let key = tx.api_key(&scope, id)?.ok_or(OperateKeysError::NotFound)?;
        let member = tx.member(&scope, key.account)?.ok_or(OperateKeysError::NotFound)?;
        tx.remove_api_key(&scope, id)?;
        let event = about_key(event.clone(), &key).changing(ChangeCode::Removed);
        let held = HeldApiKey { state: ApiKeyState { key, max_days, now }, holder: member.email };
        Ok(Recorded::new(held, event))
    });
    revoked.await
}
