//! The rows of a new tenant: an account, the tenant, and the membership of its first Owner.

use crate::access::Role;
use crate::audit::{Action, Actor, ChangeCode, Event, Log, ObjectKind, RequestContext};
use crate::identity::ports::HashingClient;
use crate::identity::{Account, AccountStatus, Email, Guess, Membership, Password, address_prefix};
use crate::ids::{AccountId, TenantId};
use crate::random::RandomError;
use crate::space::Space;
use crate::store::Tx;
use crate::tenant::{
    NewMembership, RegisterError, Tenant, TenantLimits, TenantName, TenantScope, WriteScope,
};

/// The rows of a tenant that is about to be founded.
pub(super) struct Founding {
    account: Account,
    tenant: Tenant,
    /// The address from where the password was given is one to log in from.
    guess: Guess,
}

impl Founding {
    /// Checks and hashes the password, and makes the rows.
    pub(super) async fn prepare(
        space: &Space,
        context: &RequestContext,
        email: &Email,
        password: &Password,
        name: &TenantName,
    ) -> Result<Self, RegisterError> {
        let address = context.origin.address.map(address_prefix);
        let client = HashingClient { address, has_logged_in: false };
        space.passwords.check(password, &[email.as_str(), name.as_str()])?;
        let account = Account {
            id: AccountId::generate(context.now, &*context.entropy)?,
            email: email.clone(),
            password: space.passwords.hash(client, password).await?,
            status: AccountStatus::Active,
            created_at: context.now,
        };
        let tenant = Tenant {
            id: TenantId::generate(context.now, &*context.entropy)?,
            name: name.clone(),
            limits: TenantLimits::default(),
            version: 0,
            created_at: context.now,
        };
        Ok(Self { guess: Guess::new(context, email), account, tenant })
    }

    /// The new account as the doer of an event in its tenant's log.
    pub(super) fn owner(&self) -> Actor {
        Actor::Account { id: self.account.id, role: Some(Role::Owner) }
    }

    /// The new account as the doer of an event in the installation's log.
    pub(super) fn founder(&self) -> Actor {
        Actor::Account { id: self.account.id, role: None }
    }

    /// The events of the founding: the tenant's own, and the installation's.
    pub(super) fn events(
        &self,
        context: &RequestContext,
        in_tenant: Actor,
        in_installation: Actor,
    ) -> Result<[Event; 2], RandomError> {
        let scope = TenantScope::of(self.tenant.id);
        let founded = context
            .event(&scope, Action::UserCreated, in_tenant)?
            .on(ObjectKind::Tenant, self.tenant.id)
            .about(&self.account.email);
        let noted = context
            .event(Log::Installation, Action::ConfigChange, in_installation)?
            .on(ObjectKind::Tenant, self.tenant.id)
            .changing(ChangeCode::Created);
        Ok([founded, noted])
    }

    /// Writes the rows, unless a name is taken.
    pub(super) fn write(&self, tx: &mut dyn Tx) -> Result<NewMembership, RegisterError> {
        let Self { account, tenant, guess } = self;
        if tx.account_by_email(&account.email)?.is_some() {
            return Err(RegisterError::EmailTaken);
        }
        if tx.tenant_named(&tenant.name)?.is_some() {
            return Err(RegisterError::TenantTaken);
        }
        tx.add_account(account)?;
        tx.add_tenant(tenant)?;
        let generation = tx.next_generation(account.id)?;
        let owner = Membership::begin(tenant.id, account.id, Role::Owner, generation, tenant.created_at);
        tx.add_membership(&WriteScope::of_system(&TenantScope::of(tenant.id)), &owner)?;
        guess.was_right(tx)?;
        Ok(NewMembership {
            account: account.id,
            email: account.email.clone(),
            tenant: tenant.id,
            tenant_name: tenant.name.clone(),
            role: Role::Owner,
            created_at: account.created_at,
        })
    }
}
