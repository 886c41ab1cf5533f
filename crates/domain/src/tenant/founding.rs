//! The rows of a new tenant: the tenant, and the account of its first Owner.

use std::collections::BTreeSet;

use crate::access::Role;
use crate::audit::{Action, Actor, ChangeCode, Event, Log, ObjectKind, RequestContext};
use crate::identity::ports::HashingClient;
use crate::identity::{Account, AccountStatus, Email, Guess, Member, Password, PasswordHash, address_prefix};
use crate::ids::{AccountId, TenantId};
use crate::random::RandomError;
use crate::space::Space;
use crate::store::Tx;
use crate::tenant::{NewMember, RegisterError, Tenant, TenantLimits, TenantName, TenantScope, WriteScope};
use crate::time::Timestamp;

/// The rows of a tenant that is about to be founded.
pub(super) struct Founding {
    member: Member,
    password: PasswordHash,
    tenant: Tenant,
    /// The address from where the password was given is one to log in from.
    guess: Guess,
}

/// An account that was given back to its owner.
pub(super) struct Restored {
    pub(super) before: Member,
    pub(super) after: NewMember,
    /// How many API keys of before ended.
    pub(super) keys: u64,
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
        let tenant = Tenant {
            id: TenantId::generate(context.now, &*context.entropy)?,
            name: name.clone(),
            max_key_days: Tenant::DEFAULT_MAX_KEY_DAYS,
            limits: TenantLimits::default(),
            second_factor_roles: BTreeSet::new(),
            version: 0,
            revision: 1,
            created_at: context.now,
            end: None,
        };
        let id = AccountId::generate(context.now, &*context.entropy)?;
        let member = Member::begin(tenant.id, id, email.clone(), Role::Owner, context.now);
        let member = Member { has_password: true, ..member };
        let password = space.passwords.hash(client, password).await?;
        Ok(Self { guess: Guess::new(context, Some(name), email), member, password, tenant })
    }

    /// The new account as the doer of an event in its tenant's log.
    pub(super) fn owner(&self) -> Actor {
        Actor::Account { id: self.member.account, role: Some(Role::Owner) }
    }

    /// The new account as the doer of an event in the installation's log.
    pub(super) fn founder(&self) -> Actor {
        Actor::Account { id: self.member.account, role: None }
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
            .about(&self.member.email);
        let noted = context
            .event(Log::Installation, Action::ConfigChange, in_installation)?
            .on(ObjectKind::Tenant, self.tenant.id)
            .changing(ChangeCode::Created);
        Ok([founded, noted])
    }

    /// Where there is such a tenant, and the address has an account in it: makes that an active owner's with the new password,
    /// and ends all its sessions and API keys, and that it is of whom an identity provider means. Answers what it was and what it is.
    pub(super) fn restore(&self, tx: &mut dyn Tx) -> Result<Option<Restored>, RegisterError> {
        let Some(tenant) = tx.tenant_named(&self.tenant.name)? else { return Ok(None) };
        let scope = WriteScope::of_system(&TenantScope::of(tenant));
        // Of one that is being removed nothing is given back; its name is taken until all of it is gone.
        if tx.tenant(&scope)?.is_none_or(|tenant| tenant.is_going()) {
            return Ok(None);
        }
        let known = tx.account_by_email(&scope, &self.member.email)?;
        let Some(Account { member: before, .. }) = known else { return Ok(None) };
        let mut after = Member {
            role: Role::Owner,
            status: AccountStatus::Active,
            revision: before.revision + 1,
            ..before.clone()
        };
        tx.replace_password(&scope, &mut after, &self.password, false)?;
        let keys = tx.remove_api_keys(&scope, after.account)?;
        // Whoever a provider means by it may have lost that to somebody else, or be made less than an owner by their groups.
        tx.remove_oidc_identities(&scope, after.account)?;
        Ok(Some(Restored { before, after: NewMember::of(&after, self.tenant.name.clone()), keys }))
    }

    /// Where there is such a tenant, and it has no Owner left: makes the account there. Answers who that is.
    pub(super) fn succeed(
        &self,
        tx: &mut dyn Tx,
        now: Timestamp,
    ) -> Result<Option<NewMember>, RegisterError> {
        let Self { member, password, tenant, guess } = self;
        let Some(id) = tx.tenant_named(&tenant.name)? else { return Ok(None) };
        let scope = WriteScope::of_system(&TenantScope::of(id));
        if tx.count_other_owners(&scope, member.account, false)? > 0 {
            return Ok(None);
        }
        let member = Member { tenant: id, created_at: now, ..member.clone() };
        let account = Account { member, password: Some(password.clone()) };
        tx.add_account(&scope, &account)?;
        guess.at(&account.member).was_right(tx)?;
        Ok(Some(NewMember::of(&account.member, tenant.name.clone())))
    }

    /// Writes the rows, unless the name is taken.
    pub(super) fn write(&self, tx: &mut dyn Tx, now: Timestamp) -> Result<NewMember, RegisterError> {
        let Self { member, password, tenant, guess } = self;
        // A body that was held back must not make it older than others of its address.
        let member = Member { created_at: now, ..member.clone() };
        let account = Account { member, password: Some(password.clone()) };
        if tx.tenant_named(&tenant.name)?.is_some() {
            return Err(RegisterError::NameTaken);
        }
        tx.add_tenant(&Tenant { created_at: now, ..tenant.clone() })?;
        tx.add_account(&WriteScope::of_system(&TenantScope::of(tenant.id)), &account)?;
        guess.at(&account.member).was_right(tx)?;
        Ok(NewMember::of(&account.member, tenant.name.clone()))
    }
}
