//! The settings of a tenant, which its Owners change.

use std::collections::BTreeSet;

use crate::access::{Permission, Role};
use crate::audit::{Action, Changes, ObjectKind, RequestContext};
use crate::identity::{Account, AuthorizationError, Principal};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::View;
use crate::tenant::{Tenant, TenantScope};
use crate::unit::{Recorded, check_revision};

/// What is to become of a tenant's settings; `None` leaves one as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeSettings {
    /// The roles whose members need a second factor.
    pub second_factor_roles: Option<BTreeSet<Role>>,
    /// How many days a secret of an API key works at most: [`Tenant::KEY_DAYS`].
    pub max_key_days: Option<u32>,
    /// Only if this is still their revision.
    pub if_revision: Option<u64>,
}

/// The settings were not read, or not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such tenant.
    #[error("there is no such tenant")]
    NotFound,
    /// They have been changed since.
    #[error("the tenant's settings have been changed since; read them again")]
    Changed,
    /// It would lock the caller out, who can enrol no second factor.
    #[error(
        "you sign in by your identity provider alone and can enrol no second factor here, so this would lock you out: have the \
         provider ask for one, or let an owner with a password demand it"
    )]
    LocksOut,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(SettingsError);

/// The caller's tenant, with its settings.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn settings(space: &Space, principal: &Principal) -> Result<Tenant, SettingsError> {
    let find =
        move |view: &mut dyn View, scope: &TenantScope| view.tenant(scope)?.ok_or(SettingsError::NotFound);
    space.read(principal, Permission::ManageTenant, find).await
}

/// Changes the settings of the caller's tenant. They act on the very next request of everybody, the caller's own too: an Owner
/// whose role needs a second factor from now on, and who has none, enrols one and goes on.
///
/// # Errors
/// When the caller's role does not permit it, the settings have been changed since, they would demand a second factor of a caller who
/// can enrol none, or a port failed.
pub async fn change_settings(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    change: ChangeSettings,
) -> Result<Tenant, SettingsError> {
    let permission = Permission::ManageTenant;
    let event = principal.event(context, Action::ConfigChange)?;
    let event = event.on(ObjectKind::Tenant, principal.snapshot().tenant.id);
    let authorization = principal.authorize(permission, space.clock.now())?;
    let own = principal.email().cloned();
    let changed = space.store.write(move |tx| {
        let scope = tx.authority::<SettingsError>(&authorization, &event)?;
        let mut tenant = tx.tenant(&scope)?.ok_or(SettingsError::NotFound)?;
        check_revision(change.if_revision, tenant.revision, SettingsError::Changed)?;
        let mut changes = Changes::default();
        if let Some(roles) = &change.second_factor_roles {
            if let Some(own) = &own
                && tx.account_by_email(&scope, own)?.is_some_and(|own| is_locked_out(&own, roles))
            {
                return Err(SettingsError::LocksOut.into());
            }
            for role in roles.difference(&tenant.second_factor_roles) {
                changes.note_setting("second_factor_for", Some(role.as_str()));
            }
            for role in tenant.second_factor_roles.difference(roles) {
                changes.note_setting("no_second_factor_for", Some(role.as_str()));
            }
            tenant.second_factor_roles.clone_from(roles);
        }
        if let Some(days) = change.max_key_days.filter(|days| *days != tenant.max_key_days) {
            tenant.max_key_days = days;
            changes.note_setting("max_key_days", None);
        }
        tenant.revision += 1;
        tx.update_tenant(&scope, &tenant)?;
        Ok(Recorded::new(tenant, event.clone().changing(changes)))
    });
    changed.await
}

/// Whether somebody would be asked for a second factor that they can never enrol: that takes a password.
fn is_locked_out(own: &Account, roles: &BTreeSet<Role>) -> bool {
    roles.contains(&own.member.role) && own.password.is_none() && own.member.second_factor_since.is_none()
}
