//! Founding a tenant: somebody registers, and becomes its Owner.

use crate::access::Role;
use crate::audit::{Action, Actor, Call, Log, ObjectKind};
use crate::fault::{Fault, faults};
use crate::identity::{Account, AccountStatus, Email, Membership, Password, PasswordError};
use crate::ids::{AccountId, TenantId};
use crate::secret::TokenHash;
use crate::space::Space;
use crate::store::StoreError;
use crate::tenant::{Tenant, TenantLimits, TenantName, TenantScope};
use crate::time::Timestamp;
use crate::unit::{Recorded, Refused};

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

/// What was founded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founded {
    /// The new account.
    pub account: AccountId,
    /// Its e-mail address.
    pub email: Email,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// That tenant's name.
    pub tenant_name: TenantName,
    /// What the account is there.
    pub role: Role,
    /// When.
    pub created_at: Timestamp,
}

/// A tenant was not founded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// There is no account yet, and the setup token is missing or wrong.
    #[error(
        "the first registration needs the setup token: it stands in the file setup-token in the space's home, and is renewed at each start"
    )]
    SetupToken,
    /// There are accounts already, and the operator has not opened registration.
    #[error("registration is closed; ask an owner of the tenant for an invitation")]
    Closed,
    /// The password is not good enough.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// There is an account of this address.
    #[error("there is an account with this e-mail address already; log in with it")]
    EmailTaken,
    /// There is a tenant of this name.
    #[error("there is a tenant of this name already; choose another")]
    TenantTaken,
    /// A port failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}
faults!(RegisterError);

/// Registers somebody, who founds a tenant and becomes its Owner. The first one needs the setup token; later ones
/// need the operator to have opened registration.
///
/// # Errors
/// Why nothing was founded.
pub async fn register(
    space: &Space,
    call: &Call,
    gate: &RegistrationGate,
    wanted: Registration,
) -> Result<Founded, RegisterError> {
    let refusal = call
        .event(Log::Installation, Action::AuthzFail, Actor::Anonymous)?
        .on(ObjectKind::Tenant, &wanted.tenant_name);
    // Asked before the costly hash, and again inside the unit.
    let any_account = space.store.read()?.any_account()?;
    if let Err(error) = admit(any_account, gate, &wanted) {
        let event = refusal.denied(reason_code(&error));
        return space.store.refuse(error, event).await;
    }
    space.passwords.check(&wanted.password, &[wanted.email.as_str(), wanted.tenant_name.as_str()])?;
    let password = space.passwords.hash(&wanted.password).await?;

    let account = Account {
        id: AccountId::generate(call.now, &*call.entropy)?,
        email: wanted.email.clone(),
        password,
        status: AccountStatus::Active,
        created_at: call.now,
    };
    let tenant = Tenant {
        id: TenantId::generate(call.now, &*call.entropy)?,
        name: wanted.tenant_name.clone(),
        limits: TenantLimits::default(),
        version: 0,
        created_at: call.now,
    };
    let membership = Membership::begin(tenant.id, account.id, Role::Owner, call.now);
    let scope = TenantScope::of(tenant.id);
    let actor = Actor::Account { id: account.id, role: Some(Role::Owner) };
    let founded = call
        .event(&scope, Action::UserCreated, actor)?
        .on(ObjectKind::Tenant, tenant.id)
        .about(&account.email);
    let noted = call
        .event(Log::Installation, Action::ConfigChange, Actor::Account { id: account.id, role: None })?
        .on(ObjectKind::Tenant, tenant.id);
    let gate = *gate;

    space
        .store
        .write(move |tx| {
            if let Err(error) = admit(tx.any_account()?, &gate, &wanted) {
                let event = refusal.clone().denied(reason_code(&error));
                return Ok(Err(Refused::new(error, event)));
            }
            if tx.account_by_email(&account.email)?.is_some() {
                return Ok(Err(Refused::unrecorded(RegisterError::EmailTaken)));
            }
            if tx.tenant_named(&tenant.name)?.is_some() {
                return Ok(Err(Refused::unrecorded(RegisterError::TenantTaken)));
            }
            tx.add_account(&account)?;
            tx.add_tenant(&tenant)?;
            tx.add_membership(&scope, &membership)?;
            let value = Founded {
                account: account.id,
                email: account.email.clone(),
                tenant: tenant.id,
                tenant_name: tenant.name.clone(),
                role: Role::Owner,
                created_at: account.created_at,
            };
            Ok(Ok(Recorded::new(value, founded.clone()).and(noted.clone())))
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

fn reason_code(error: &RegisterError) -> &'static str {
    match error {
        RegisterError::SetupToken => "setup_token_wrong",
        _ => "registration_closed",
    }
}

/// Whether anybody has an account yet.
///
/// # Errors
/// When the store cannot be read.
pub fn is_founded(space: &Space) -> Result<bool, StoreError> {
    space.store.read()?.any_account()
}
