//! Founding a tenant: somebody registers, and becomes its Owner.

use std::sync::Arc;

use crate::access::Role;
use crate::audit::{Action, Actor, Event, Log, ObjectKind, ReasonCode, RecordedReason, RequestContext};
use crate::identity::{Email, Password, keys_ended, with_ended};
use crate::secret::TokenHash;
use crate::space::Space;
use crate::store::{Flow, StoreError};
use crate::tenant::founding::{Founding, Restored};
use crate::tenant::{NewMember, OperatorScope, RegisterError, Tenant, TenantName};
use crate::unit::Recorded;

/// Who may register.
#[derive(Clone, Copy)]
pub struct RegistrationGate {
    /// What is known of the setup token while there is no account; `None` where none was made.
    pub setup_token: Option<TokenHash>,
    /// Whether the operator lets anybody found a tenant.
    pub open: bool,
}

/// Somebody wants to found a tenant.
pub struct Registration {
    /// Their e-mail address.
    pub email: Email,
    /// Their password.
    pub password: Password,
    /// The tenant's name.
    pub tenant_name: TenantName,
    /// What they present as the setup token.
    pub setup_token: Option<TokenHash>,
}

/// Registers somebody, who founds a tenant and becomes its Owner. The first one needs the setup token; later ones
/// need the operator to have opened registration.
///
/// # Errors
/// When the caller may not register, the password is too weak, the name is taken, or a port failed.
pub async fn register(
    space: &Space,
    context: &RequestContext,
    gate: &RegistrationGate,
    wanted: Registration,
) -> Result<NewMember, RegisterError> {
    // Asked before the costly hash, and again inside the unit.
    let any_account = is_founded(space).await?;
    admit(any_account, gate, &wanted)?;
    let Registration { email, password, tenant_name, .. } = &wanted;
    let founding = Founding::prepare(space, context, email, password, tenant_name).await?;
    let [founded, noted] = founding.events(context, founding.owner(), founding.founder())?;
    let (gate, clock) = (*gate, Arc::clone(&space.clock));

    space
        .store
        .write(move |tx| {
            admit(tx.any_account()?, &gate, &wanted)?;
            Ok(Recorded::new(founding.write(tx, clock.now())?, founded.clone()).and(noted.clone()))
        })
        .await
}

/// What became of an operator's word that somebody is to be an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnerMade {
    /// There was no such tenant, and it was founded; or it had no owner left: this is its owner.
    Founded(NewMember),
    /// There was, and the address has an account there: it is an active owner's, with the password given, and all
    /// sessions and API keys of before have ended.
    Restored(NewMember),
}

impl OwnerMade {
    /// The owner.
    #[must_use]
    pub fn into_member(self) -> NewMember {
        let (Self::Founded(member) | Self::Restored(member)) = self;
        member
    }
}

/// Makes an owner on the operator's word, with no setup token and whether registration is open or not: of a new tenant, or of
/// one where the address has an account already, or that has no owner left. That is the way back in for whoever owns a tenant and knows
/// no password.
///
/// # Errors
/// When the password is too weak, the name is that of a tenant that has owners and where the address has no account, or a port failed.
pub async fn found_as_operator(
    space: &Space,
    context: &RequestContext,
    _operator: &OperatorScope,
    email: &Email,
    password: &Password,
    tenant_name: &TenantName,
) -> Result<OwnerMade, RegisterError> {
    let founding = Founding::prepare(space, context, email, password, tenant_name).await?;
    let [founded, noted] = founding.events(context, Actor::Operator, Actor::Operator)?;
    let restored =
        context.event(Log::Installation, Action::AuthnPasswordChange, Actor::Operator)?.about(email);
    let promoted = context.event(Log::Installation, Action::PrivilegePermissionsChanged, Actor::Operator)?;
    let clock = Arc::clone(&space.clock);
    let enabled = context.event(Log::Installation, Action::PrivilegePermissionsChanged, Actor::Operator)?;
    let revoked = context.event(Log::Installation, Action::AuthnTokenRevoked, Actor::Operator)?;
    let joined = context.event(Log::Installation, Action::UserCreated, Actor::Operator)?.about(email);
    space
        .store
        .write(move |tx| {
            let Some(Restored { before, after, keys }) = founding.restore(tx)? else {
                if let Some(owner) = founding.succeed(tx, clock.now())? {
                    let joined = Event { log: Log::Tenant(owner.tenant), ..joined.clone() };
                    let joined = joined.on(ObjectKind::Member, owner.account);
                    return Ok(Recorded::new(OwnerMade::Founded(owner), joined));
                }
                let founded =
                    Recorded::new(OwnerMade::Founded(founding.write(tx, clock.now())?), founded.clone());
                return Ok(founded.and(noted.clone()));
            };
            let on = |event: &Event, reason_code: Option<RecordedReason>| {
                let event = Event { log: Log::Tenant(after.tenant), reason_code, ..event.clone() };
                event.on(ObjectKind::Member, after.account)
            };
            let mut recorded = Recorded::new(OwnerMade::Restored(after.clone()), on(&restored, None));
            if before.role != Role::Owner {
                let reason = RecordedReason::role_changed(before.role, Role::Owner);
                recorded = recorded.and(on(&promoted, Some(reason)));
            }
            if !before.is_active() {
                recorded = recorded.and(on(&enabled, Some(ReasonCode::MemberEnabled.into())));
            }
            let revoked = Event { log: Log::Tenant(after.tenant), ..revoked.clone() };
            Ok(with_ended(recorded, &keys_ended(revoked, after.account), keys))
        })
        .await
}

fn admit(any_account: bool, gate: &RegistrationGate, wanted: &Registration) -> Result<(), RegisterError> {
    if any_account {
        return if gate.open { Ok(()) } else { Err(RegisterError::Closed) };
    }
    match (&gate.setup_token, &wanted.setup_token) {
        (Some(right), Some(presented)) if right.matches(presented) => Ok(()),
        _ => Err(RegisterError::SetupToken),
    }
}

/// Every tenant.
///
/// # Errors
/// When the store cannot be read.
pub async fn tenants(space: &Space, operator: &OperatorScope) -> Result<Vec<Tenant>, StoreError> {
    let operator = operator.clone();
    space.store.read(Flow::Installation, move |view| view.tenants(&operator)).await
}

/// Whether anybody has an account yet.
///
/// # Errors
/// When the store cannot be read.
pub async fn is_founded(space: &Space) -> Result<bool, StoreError> {
    space.store.read(Flow::Installation, |view| view.any_account()).await
}
