//! `AccountView` and `AccountRows` of a transaction: accounts, memberships and invitations.

mod passwords;
mod tokens;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

pub use passwords::InsecurePasswords;
pub use tokens::MemoryTokens;

use syft_space_domain::access::Role;
use syft_space_domain::identity::ports::{AccountRows, AccountView};
use syft_space_domain::identity::{
    Account, AccountStatus, Email, Invitation, LoginKey, LoginRecord, Member, Membership,
    MembershipWithTenant, PasswordHash,
};
use syft_space_domain::ids::{AccountId, InvitationId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::table::count;
use crate::transaction::{Transaction, check_key};

impl Transaction {
    fn member_of(&self, membership: Membership) -> Option<Member> {
        let account = self.tables.accounts.get(&membership.account)?;
        Some(Member { membership, email: account.email.clone(), account_status: account.status })
    }
}

impl AccountView for Transaction {
    fn any_account(&mut self) -> Result<bool, StoreError> {
        Ok(!self.tables.accounts.is_empty())
    }

    fn account_by_email(&mut self, email: &Email) -> Result<Option<Account>, StoreError> {
        Ok(self.tables.accounts.values().find(|account| account.email == *email).cloned())
    }

    fn account(&mut self, id: AccountId) -> Result<Option<Account>, StoreError> {
        Ok(self.tables.accounts.get(&id).cloned())
    }

    fn memberships(&mut self, account: AccountId) -> Result<Vec<MembershipWithTenant>, StoreError> {
        let own = self.tables.memberships.all().filter(|(_, member, _)| *member == account);
        let named = own.filter_map(|(tenant, _, membership)| {
            let tenant_name = self.tables.tenants.get(&tenant)?.name.clone();
            Some(MembershipWithTenant { membership: membership.clone(), tenant_name })
        });
        let mut memberships: Vec<MembershipWithTenant> = named.collect();
        memberships.sort_by(|membership, other| membership.tenant_name.cmp(&other.tenant_name));
        Ok(memberships)
    }

    fn invitation_by_token(&mut self, token: &TokenHash) -> Result<Option<Invitation>, StoreError> {
        Ok(self
            .tables
            .invitations
            .all()
            .map(|(_, _, invitation)| invitation)
            .find(|invitation| invitation.token.matches(token))
            .cloned())
    }

    fn login_record(
        &mut self,
        account: &LoginKey,
        address: Option<IpAddr>,
    ) -> Result<Option<LoginRecord>, StoreError> {
        Ok(self.tables.login_records.get(&(*account, address)).cloned())
    }

    fn has_logged_in(&mut self, address: IpAddr) -> Result<bool, StoreError> {
        let mut records = self.tables.login_records.values();
        Ok(records.any(|record| record.address == Some(address) && record.logged_in_at.is_some()))
    }

    fn member(&mut self, scope: &TenantScope, account: AccountId) -> Result<Option<Member>, StoreError> {
        Ok(self
            .tables
            .memberships
            .get(scope, account)
            .cloned()
            .and_then(|membership| self.member_of(membership)))
    }

    fn members(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<AccountId>,
    ) -> Result<Page<Member, AccountId>, StoreError> {
        let rows = self.tables.memberships.after(scope, page.after.map(|cursor| cursor.0));
        let members = rows.filter_map(|(id, row)| Some((id, self.member_of(row.clone())?)));
        let Ok(page) = Page::read(members, page.limit, Ok::<_, Infallible>);
        Ok(page)
    }

    fn count_active(&mut self, scope: &TenantScope, role: Role) -> Result<u64, StoreError> {
        let account_is_active = |id: AccountId| {
            self.tables.accounts.get(&id).is_some_and(|account| account.status == AccountStatus::Active)
        };
        Ok(count(self.tables.memberships.rows(scope).filter(|(id, membership)| {
            membership.role == role && membership.status == AccountStatus::Active && account_is_active(*id)
        })))
    }

    fn count_members_and_invitations(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        Ok(self.tables.memberships.count(scope) + self.tables.invitations.count(scope))
    }

    fn invitations(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<InvitationId>,
    ) -> Result<Page<Invitation, InvitationId>, StoreError> {
        Ok(self.tables.invitations.page(scope, page, |_, _| true))
    }

    fn invitation(
        &mut self,
        scope: &TenantScope,
        id: InvitationId,
    ) -> Result<Option<Invitation>, StoreError> {
        Ok(self.tables.invitations.get(scope, id).cloned())
    }
}

impl AccountRows for Transaction {
    fn add_account(&mut self, account: &Account) -> Result<(), StoreError> {
        let id_is_free = !self.tables.accounts.contains_key(&account.id);
        check_key(id_is_free, || format!("there is an account {} already", account.id))?;
        let email_is_free = self.account_by_email(&account.email)?.is_none();
        // The address itself stays out of the message: it may end in a log.
        check_key(email_is_free, || "an account has this e-mail address already")?;
        Arc::make_mut(&mut self.tables.accounts).insert(account.id, account.clone());
        Ok(())
    }

    fn put_login_record(&mut self, record: &LoginRecord) -> Result<(), StoreError> {
        let key = (record.account, record.address);
        Arc::make_mut(&mut self.tables.login_records).insert(key, record.clone());
        Ok(())
    }

    fn trim_login_records(&mut self, now: Timestamp, max: u64) -> Result<(), StoreError> {
        let records = Arc::make_mut(&mut self.tables.login_records);
        records.retain(|_, record| now < record.expires_at());
        let mut by_expiry: Vec<_> = records.iter().map(|(key, record)| (record.expires_at(), *key)).collect();
        by_expiry.sort_unstable();
        let beyond = by_expiry.len().saturating_sub(usize::try_from(max).unwrap_or(usize::MAX));
        for (_, key) in by_expiry.into_iter().take(beyond) {
            records.remove(&key);
        }
        Ok(())
    }

    fn set_password(&mut self, account: AccountId, password: &PasswordHash) -> Result<(), StoreError> {
        if let Some(row) = Arc::make_mut(&mut self.tables.accounts).get_mut(&account) {
            row.password = password.clone();
        }
        Ok(())
    }

    fn set_account_status(&mut self, account: AccountId, status: AccountStatus) -> Result<(), StoreError> {
        if let Some(row) = Arc::make_mut(&mut self.tables.accounts).get_mut(&account) {
            row.status = status;
        }
        let own = self.tables.memberships.all().filter(|(_, member, _)| *member == account);
        self.changes.extend(own.map(|(tenant, member, _)| StateChange::Member(tenant, member)));
        Ok(())
    }

    fn next_generation(&mut self, account: AccountId) -> Result<u64, StoreError> {
        check_key(self.tables.accounts.contains_key(&account), || format!("there is no account {account}"))?;
        let last = Arc::make_mut(&mut self.tables.generations).entry(account).or_default();
        *last += 1;
        Ok(*last)
    }

    fn add_membership(&mut self, scope: &WriteScope, membership: &Membership) -> Result<(), StoreError> {
        let account = membership.account;
        self.check_tenant_exists(scope)?;
        check_key(self.tables.accounts.contains_key(&account), || format!("there is no account {account}"))?;
        let is_new = !self.tables.memberships.contains(scope, account);
        check_key(is_new, || format!("account {account} is a member already"))?;
        self.tables.memberships.insert(
            scope,
            account,
            Membership { tenant: scope.tenant(), ..membership.clone() },
        );
        self.changes.insert(StateChange::Member(scope.tenant(), account));
        Ok(())
    }

    fn update_membership(&mut self, scope: &WriteScope, membership: &Membership) -> Result<(), StoreError> {
        if let Some(row) = self.tables.memberships.get_mut(scope, membership.account) {
            *row = Membership { tenant: row.tenant, created_at: row.created_at, ..membership.clone() };
            self.changes.insert(StateChange::Member(scope.tenant(), membership.account));
        }
        Ok(())
    }

    fn remove_membership(&mut self, scope: &WriteScope, account: AccountId) -> Result<bool, StoreError> {
        let removed = self.tables.memberships.remove(scope, account);
        if removed {
            self.changes.insert(StateChange::Member(scope.tenant(), account));
        }
        Ok(removed)
    }

    fn add_invitation(&mut self, scope: &WriteScope, invitation: &Invitation) -> Result<(), StoreError> {
        self.check_tenant_exists(scope)?;
        let id_is_free = !self.tables.invitations.contains(scope, invitation.id);
        check_key(id_is_free, || format!("there is an invitation {} already", invitation.id))?;
        let token_is_free = self.invitation_by_token(&invitation.token)?.is_none();
        check_key(token_is_free, || "an invitation has this token already")?;
        self.tables.invitations.insert(
            scope,
            invitation.id,
            Invitation { tenant: scope.tenant(), ..invitation.clone() },
        );
        Ok(())
    }

    fn remove_invitation(&mut self, scope: &WriteScope, id: InvitationId) -> Result<bool, StoreError> {
        Ok(self.tables.invitations.remove(scope, id))
    }

    fn remove_invitations_of(&mut self, scope: &WriteScope, email: &Email) -> Result<u64, StoreError> {
        let of = self.tables.invitations.rows(scope).filter(|(_, row)| row.email == *email);
        let of: Vec<InvitationId> = of.map(|(id, _)| id).collect();
        Ok(count(of.into_iter().filter(|id| self.tables.invitations.remove(scope, *id))))
    }

    fn remove_invitations_by(
        &mut self,
        scope: &WriteScope,
        inviter: AccountId,
        roles: &[Role],
    ) -> Result<u64, StoreError> {
        let rows = self.tables.invitations.rows(scope);
        let made = rows.filter(|(_, row)| row.invited_by == inviter && roles.contains(&row.role));
        let made: Vec<InvitationId> = made.map(|(id, _)| id).collect();
        Ok(count(made.into_iter().filter(|id| self.tables.invitations.remove(scope, *id))))
    }
}
