//! `AccountView` and `AccountRows` of a transaction: accounts and invitations.

mod api_key;
mod oidc;
mod passwords;
mod second_factor;
mod sessions;
mod tokens;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

pub use passwords::InsecurePasswords;
pub use tokens::MemoryTokens;

use syft_space_domain::access::Role;
use syft_space_domain::identity::oidc::ports::OidcRows;
use syft_space_domain::identity::ports::{AccountRows, AccountView, ApiKeyRows, SessionRows};
use syft_space_domain::identity::{
    Account, Email, Invitation, LoginKey, LoginRecord, Member, PasswordHash, PasswordReset,
};
use syft_space_domain::ids::{AccountId, InvitationId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::table::count;
use crate::transaction::{Transaction, check_key};

impl AccountView for Transaction {
    fn any_account(&mut self) -> Result<bool, StoreError> {
        Ok(self.tables.accounts.all().next().is_some())
    }

    fn oldest_account(&mut self, email: &Email) -> Result<Option<Account>, StoreError> {
        let is_meant = |account: &Account| account.member.email == *email && account.member.is_active();
        let of_email = self.tables.accounts.all().filter(|(_, _, account)| is_meant(account));
        let oldest = of_email.min_by_key(|(tenant, _, account)| (account.member.created_at, *tenant));
        Ok(oldest.map(|(_, _, account)| account.clone()))
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

    fn password_reset(&mut self, token: &TokenHash) -> Result<Option<PasswordReset>, StoreError> {
        let mut resets = self.tables.password_resets.all();
        Ok(resets.find(|(_, _, reset)| reset.token.matches(token)).map(|(_, _, reset)| reset.clone()))
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

    fn account_by_email(
        &mut self,
        scope: &TenantScope,
        email: &Email,
    ) -> Result<Option<Account>, StoreError> {
        let mut rows = self.tables.accounts.rows(scope);
        Ok(rows.find(|(_, account)| account.member.email == *email).map(|(_, account)| account.clone()))
    }

    fn member(&mut self, scope: &TenantScope, account: AccountId) -> Result<Option<Member>, StoreError> {
        Ok(self.tables.accounts.get(scope, account).map(|account| account.member.clone()))
    }

    fn members(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<AccountId>,
    ) -> Result<Page<Member, AccountId>, StoreError> {
        let rows = self.tables.accounts.after(scope, page.after.map(|cursor| cursor.0));
        let members = rows.map(|(id, row)| (id, row.member.clone()));
        let Ok(page) = Page::read(members, page.limit, Ok::<_, Infallible>);
        Ok(page)
    }

    fn count_other_owners(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
        is_demanded: bool,
    ) -> Result<u64, StoreError> {
        let others = self.tables.accounts.rows(scope).filter(|(id, _)| *id != account);
        let owners = others.map(|(_, owner)| owner).filter(|Account { member, password }| {
            let can_act = !is_demanded || member.second_factor_since.is_some() || password.is_some();
            member.role == Role::Owner && member.is_active() && can_act
        });
        Ok(count(owners))
    }

    fn count_members_and_invitations(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        Ok(self.tables.accounts.count(scope) + self.tables.invitations.count(scope))
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
    fn add_account(&mut self, scope: &WriteScope, account: &Account) -> Result<(), StoreError> {
        let id = account.member.account;
        self.check_tenant_exists(scope)?;
        let id_is_free = !self.tables.accounts.contains(scope, id);
        check_key(id_is_free, || format!("there is an account {id} already"))?;
        let email_is_free = self.account_by_email(scope, &account.member.email)?.is_none();
        // The address itself stays out of the message: it may end in a log.
        check_key(email_is_free, || "an account has this e-mail address already")?;
        let has_password = account.password.is_some();
        let member = Member { tenant: scope.tenant(), has_password, ..account.member.clone() };
        self.tables.accounts.insert(scope, id, Account { member, password: account.password.clone() });
        self.changes.insert(StateChange::Member(scope.tenant(), id));
        Ok(())
    }

    fn set_password(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        password: &PasswordHash,
    ) -> Result<(), StoreError> {
        if let Some(row) = self.tables.accounts.get_mut(scope, account) {
            row.password = Some(password.clone());
            row.member.has_password = true;
            self.changes.insert(StateChange::Member(scope.tenant(), account));
        }
        Ok(())
    }

    fn update_member(&mut self, scope: &WriteScope, member: &Member) -> Result<(), StoreError> {
        if let Some(Account { member: row, .. }) = self.tables.accounts.get_mut(scope, member.account) {
            let Member { role, status, generation, revision, short_password, last_login_at, .. } = *member;
            *row =
                Member { role, status, generation, revision, short_password, last_login_at, ..row.clone() };
            self.changes.insert(StateChange::Member(scope.tenant(), member.account));
        }
        Ok(())
    }

    fn remove_account(&mut self, scope: &WriteScope, account: AccountId) -> Result<bool, StoreError> {
        let removed = self.tables.accounts.remove(scope, account);
        self.tables.second_factors.remove(scope, account);
        self.tables.recovery_codes.remove(scope, account);
        if removed {
            self.remove_api_keys(scope, account)?;
            self.remove_sessions(scope, account)?;
            self.tables.password_resets.remove(scope, account);
            self.remove_oidc_identities(scope, account)?;
            self.changes.insert(StateChange::Member(scope.tenant(), account));
        }
        Ok(removed)
    }

    fn put_password_reset(&mut self, scope: &WriteScope, reset: &PasswordReset) -> Result<(), StoreError> {
        let is_there = self.tables.accounts.contains(scope, reset.account);
        check_key(is_there, || format!("there is no account {}", reset.account))?;
        let of_token = self.password_reset(&reset.token)?;
        let token_is_free =
            of_token.is_none_or(|it| it.tenant == scope.tenant() && it.account == reset.account);
        check_key(token_is_free, || "a reset has this token already")?;
        let reset = PasswordReset { tenant: scope.tenant(), ..reset.clone() };
        self.tables.password_resets.insert(scope, reset.account, reset);
        Ok(())
    }

    fn remove_password_reset(&mut self, scope: &WriteScope, account: AccountId) -> Result<bool, StoreError> {
        Ok(self.tables.password_resets.remove(scope, account))
    }

    fn remove_password_resets_by(&mut self, scope: &WriteScope, maker: AccountId) -> Result<u64, StoreError> {
        let rows = self.tables.password_resets.rows(scope);
        let made: Vec<AccountId> =
            rows.filter(|(_, reset)| reset.made_by == Some(maker)).map(|(account, _)| account).collect();
        Ok(count(made.into_iter().filter(|account| self.tables.password_resets.remove(scope, *account))))
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
