//! Founding a tenant: somebody registers, and becomes its Owner.

use crate::access::Role;
use crate::audit::{Actor, RequestContext};
use crate::port_error::{PortError, port_errors};
use crate::identity::{Email, Password, PasswordError};
use crate::ids::{AccountId, TenantId};
use crate::secret::TokenHash;
use crate::space::Space;
use crate::store::StoreError;
use crate::tenant::founding::Founding;
use crate::tenant::{OperatorScope, TenantName};
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
pub struct NewMembership {
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
    PortError(#[from] PortError),
}
port_errors!(RegisterError);

impl RegisterError {
    /// The reason of a refusal that anybody can cause, at any rate. It makes no event of its own: whoever serves this
    /// counts it, and merges it into few.
    #[must_use]
    pub fn anonymous_failure(&self) -> Option<&'static str> {
        match self {
            Self::SetupToken => Some("setup_token_wrong"),
            Self::Closed => Some("registration_closed"),
            _ => None,
        }
    }
}

/// Registers somebody, who founds a tenant and becomes its Owner. The first one needs the setup token; later ones
/// need the operator to have opened registration.
///
/// # Errors
/// Why nothing was founded.
pub async fn register(
    space: &Space,
    context: &RequestContext,
    gate: &RegistrationGate,
    wanted: Registration,
) -> Result<NewMembership, RegisterError> {
    // Asked before the costly hash, and again inside the unit.
    let any_account = space.store.read()?.any_account()?;
    admit(any_account, gate, &wanted)?;
    let Registration { email, password, tenant_name, .. } = &wanted;
    let founding = Founding::prepare(space, context, email, password, tenant_name).await?;
    let [founded, noted] = founding.events(context, founding.owner(), founding.founder())?;
    let gate = *gate;

    space
        .store
        .write(move |tx| {
            if let Err(error) = admit(tx.any_account()?, &gate, &wanted) {
                return Ok(Err(Refused::unrecorded(error)));
            }
            Ok(match founding.write(tx)? {
                Ok(value) => Ok(Recorded::new(value, founded.clone()).and(noted.clone())),
                Err(error) => Err(Refused::unrecorded(error)),
            })
        })
        .await
}

/// Founds a tenant on the operator's word, with no setup token and whether registration is open or not.
///
/// # Errors
/// Why nothing was founded.
pub async fn found_as_operator(
    space: &Space,
    context: &RequestContext,
    _operator: &OperatorScope,
    email: &Email,
    password: &Password,
    tenant_name: &TenantName,
) -> Result<NewMembership, RegisterError> {
    let founding = Founding::prepare(space, context, email, password, tenant_name).await?;
    let [founded, noted] = founding.events(context, Actor::Operator, Actor::Operator)?;
    space
        .store
        .write(move |tx| {
            Ok(match founding.write(tx)? {
                Ok(value) => Ok(Recorded::new(value, founded.clone()).and(noted.clone())),
                Err(error) => Err(Refused::unrecorded(error)),
            })
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

/// Whether anybody has an account yet.
///
/// # Errors
/// When the store cannot be read.
pub fn is_founded(space: &Space) -> Result<bool, StoreError> {
    space.store.read()?.any_account()
}
