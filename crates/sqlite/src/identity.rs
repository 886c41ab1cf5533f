//! The rows of accounts, memberships and invitations.

use std::net::IpAddr;

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use syft_space_domain::access::Role;
use syft_space_domain::identity::ports::{AccountRows, AccountView};
use syft_space_domain::identity::{
    Account, AccountStatus, Email, Invitation, LoginKey, LoginRecord, Member, Membership,
    MembershipWithTenant, PasswordHash,
};
use syft_space_domain::ids::{AccountId, InvitationId, TenantId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Bytes, Key, after_key, limit_plus_one, parse, read_page, to_i64, to_u64};
use crate::schema::{accounts, invitations, memberships, tenants};
use crate::session::Session;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts)]
struct AccountRow {
    id: Key,
    email: String,
    password: String,
    status: String,
    created_at: i64,
}

impl From<&Account> for AccountRow {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.into(),
            email: account.email.as_str().to_owned(),
            password: account.password.expose().to_owned(),
            status: account.status.as_str().to_owned(),
            created_at: account.created_at.as_unix_micros(),
        }
    }
}

impl TryFrom<AccountRow> for Account {
    type Error = StoreError;
    fn try_from(row: AccountRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            email: parse("accounts.email", &row.email)?,
            password: PasswordHash::from_phc(row.password),
            status: parse("accounts.status", &row.status)?,
            created_at: Timestamp::from_unix_micros(row.created_at),
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = memberships)]
struct MembershipRow {
    tenant_id: Key,
    account_id: Key,
    role: String,
    status: String,
    generation: i64,
    revision: i64,
    created_at: i64,
}

impl MembershipRow {
    fn new(scope: &TenantScope, membership: &Membership) -> Result<Self, StoreError> {
        Ok(Self {
            tenant_id: scope.into(),
            account_id: membership.account.into(),
            role: membership.role.as_str().to_owned(),
            status: membership.status.as_str().to_owned(),
            generation: to_i64(membership.generation)?,
            revision: to_i64(membership.revision)?,
            created_at: membership.created_at.as_unix_micros(),
        })
    }
}

impl TryFrom<MembershipRow> for Membership {
    type Error = StoreError;
    fn try_from(row: MembershipRow) -> Result<Self, StoreError> {
        Ok(Self {
            tenant: row.tenant_id.into(),
            account: row.account_id.into(),
            role: parse("memberships.role", &row.role)?,
            status: parse("memberships.status", &row.status)?,
            generation: to_u64(row.generation)?,
            revision: to_u64(row.revision)?,
            created_at: Timestamp::from_unix_micros(row.created_at),
        })
    }
}

/// A membership, and the e-mail and status of its account.
type MemberRow = (MembershipRow, String, String);

fn member((membership, email, status): MemberRow) -> Result<Member, StoreError> {
    Ok(Member {
        membership: membership.try_into()?,
        email: parse("accounts.email", &email)?,
        account_status: parse("accounts.status", &status)?,
    })
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = invitations)]
struct InvitationRow {
    tenant_id: Key,
    id: Key,
    email: String,
    role: String,
    token_hash: Bytes<32>,
    invited_by: Key,
    created_at: i64,
    expires_at: i64,
}

impl InvitationRow {
    fn new(scope: &TenantScope, invitation: &Invitation) -> Self {
        Self {
            tenant_id: scope.into(),
            id: invitation.id.into(),
            email: invitation.email.as_str().to_owned(),
            role: invitation.role.as_str().to_owned(),
            token_hash: invitation.token.into(),
            invited_by: invitation.invited_by.into(),
            created_at: invitation.created_at.as_unix_micros(),
            expires_at: invitation.expires_at.as_unix_micros(),
        }
    }
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = StoreError;
    fn try_from(row: InvitationRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            tenant: row.tenant_id.into(),
            email: parse("invitations.email", &row.email)?,
            role: parse("invitations.role", &row.role)?,
            token: TokenHash(row.token_hash.0),
            invited_by: row.invited_by.into(),
            created_at: Timestamp::from_unix_micros(row.created_at),
            expires_at: Timestamp::from_unix_micros(row.expires_at),
        })
    }
}

impl AccountView for Session<'_> {
    fn any_account(&mut self) -> Result<bool, StoreError> {
        let first: Option<Key> = self
            .read(|connection| accounts::table.select(accounts::id).limit(1).first(connection).optional())?;
        Ok(first.is_some())
    }

    fn account_by_email(&mut self, email: &Email) -> Result<Option<Account>, StoreError> {
        let row: Option<AccountRow> = self.read(|connection| {
            let row = accounts::table.filter(accounts::email.eq(email.as_str()));
            row.select(AccountRow::as_select()).first(connection).optional()
        })?;
        row.map(Account::try_from).transpose()
    }

    fn account(&mut self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let row: Option<AccountRow> = self.read(|connection| {
            let row = accounts::table.find(Key::from(id));
            row.select(AccountRow::as_select()).first(connection).optional()
        })?;
        row.map(Account::try_from).transpose()
    }

    fn memberships(&mut self, account: AccountId) -> Result<Vec<MembershipWithTenant>, StoreError> {
        let rows: Vec<(MembershipRow, String)> = self.read(|connection| {
            memberships::table
                .inner_join(tenants::table)
                .filter(memberships::account_id.eq(Key::from(account)))
                .order(tenants::name)
                .select((MembershipRow::as_select(), tenants::name))
                .load(connection)
        })?;
        let named = rows.into_iter().map(|(membership, name)| {
            let tenant_name = parse("tenants.name", &name)?;
            Ok(MembershipWithTenant { membership: membership.try_into()?, tenant_name })
        });
        named.collect()
    }

    fn invitation_by_token(&mut self, token: &TokenHash) -> Result<Option<Invitation>, StoreError> {
        let row: Option<InvitationRow> = self.read(|connection| {
            let row = invitations::table.filter(invitations::token_hash.eq(Bytes::from(*token)));
            row.select(InvitationRow::as_select()).first(connection).optional()
        })?;
        row.map(Invitation::try_from).transpose()
    }

    fn login_record(
        &mut self,
        account: &LoginKey,
        address: Option<IpAddr>,
    ) -> Result<Option<LoginRecord>, StoreError> {
        self.read_login_record(account, address)
    }

    fn has_logged_in(&mut self, address: IpAddr) -> Result<bool, StoreError> {
        self.has_login_from(address)
    }

    fn member(&mut self, scope: &TenantScope, account: AccountId) -> Result<Option<Member>, StoreError> {
        let row: Option<MemberRow> = self.read(|connection| {
            memberships::table
                .inner_join(accounts::table)
                .filter(memberships::tenant_id.eq(Key::from(scope)))
                .filter(memberships::account_id.eq(Key::from(account)))
                .select((MembershipRow::as_select(), accounts::email, accounts::status))
                .first(connection)
                .optional()
        })?;
        row.map(member).transpose()
    }

    fn members(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<AccountId>,
    ) -> Result<Page<Member, AccountId>, StoreError> {
        self.read(|connection| {
            let rows = memberships::table
                .inner_join(accounts::table)
                .filter(memberships::tenant_id.eq(Key::from(scope)))
                .filter(memberships::account_id.gt(after_key(page.after)))
                .order(memberships::account_id)
                .limit(limit_plus_one(page.limit))
                .select((MembershipRow::as_select(), accounts::email, accounts::status))
                .load_iter::<MemberRow, DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |row| {
                let member = member(row)?;
                Ok((member.membership.account, member))
            })
        })?
    }

    fn count_active(&mut self, scope: &TenantScope, role: Role) -> Result<u64, StoreError> {
        let active = AccountStatus::Active.as_str();
        let count: i64 = self.read(|connection| {
            memberships::table
                .inner_join(accounts::table)
                .filter(memberships::tenant_id.eq(Key::from(scope)))
                .filter(memberships::role.eq(role.as_str()))
                .filter(memberships::status.eq(active))
                .filter(accounts::status.eq(active))
                .count()
                .get_result(connection)
        })?;
        to_u64(count)
    }

    fn count_members_and_invitations(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        let tenant = Key::from(scope);
        let members: i64 = self.read(|connection| {
            memberships::table.filter(memberships::tenant_id.eq(tenant)).count().get_result(connection)
        })?;
        let invited: i64 = self.read(|connection| {
            invitations::table.filter(invitations::tenant_id.eq(tenant)).count().get_result(connection)
        })?;
        Ok(to_u64(members)?.saturating_add(to_u64(invited)?))
    }

    fn invitations(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<InvitationId>,
    ) -> Result<Page<Invitation, InvitationId>, StoreError> {
        self.read(|connection| {
            let rows = invitations::table
                .filter(invitations::tenant_id.eq(Key::from(scope)))
                .filter(invitations::id.gt(after_key(page.after)))
                .order(invitations::id)
                .limit(limit_plus_one(page.limit))
                .select(InvitationRow::as_select())
                .load_iter::<InvitationRow, DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |row| {
                let invitation = Invitation::try_from(row)?;
                Ok((invitation.id, invitation))
            })
        })?
    }

    fn invitation(
        &mut self,
        scope: &TenantScope,
        id: InvitationId,
    ) -> Result<Option<Invitation>, StoreError> {
        let row: Option<InvitationRow> = self.read(|connection| {
            let row = invitations::table.find((Key::from(scope), Key::from(id)));
            row.select(InvitationRow::as_select()).first(connection).optional()
        })?;
        row.map(Invitation::try_from).transpose()
    }
}

impl AccountRows for Session<'_> {
    fn add_account(&mut self, account: &Account) -> Result<(), StoreError> {
        let row = AccountRow::from(account);
        self.write(|connection| diesel::insert_into(accounts::table).values(row).execute(connection))?;
        Ok(())
    }

    fn set_password(&mut self, account: AccountId, password: &PasswordHash) -> Result<(), StoreError> {
        self.write(|connection| {
            let row = diesel::update(accounts::table.find(Key::from(account)));
            row.set(accounts::password.eq(password.expose())).execute(connection)
        })?;
        Ok(())
    }

    fn set_account_status(&mut self, account: AccountId, status: AccountStatus) -> Result<(), StoreError> {
        self.write(|connection| {
            let row = diesel::update(accounts::table.find(Key::from(account)));
            row.set(accounts::status.eq(status.as_str())).execute(connection)
        })?;
        let tenants: Vec<Key> = self.read(|connection| {
            let own = memberships::table.filter(memberships::account_id.eq(Key::from(account)));
            own.select(memberships::tenant_id).load(connection)
        })?;
        for tenant in tenants {
            self.record_change(StateChange::Member(TenantId::from(tenant), account));
        }
        Ok(())
    }

    fn put_login_record(&mut self, record: &LoginRecord) -> Result<(), StoreError> {
        self.write_login_record(record)
    }

    fn trim_login_records(&mut self, now: Timestamp, max: u64) -> Result<(), StoreError> {
        self.remove_login_records(now, max)
    }

    fn next_generation(&mut self, account: AccountId) -> Result<u64, StoreError> {
        let last: Option<i64> = self.write(|connection| {
            diesel::update(accounts::table.find(Key::from(account)))
                .set(accounts::last_generation.eq(accounts::last_generation + 1))
                .returning(accounts::last_generation)
                .get_result(connection)
                .optional()
        })?;
        to_u64(last.ok_or_else(|| StoreError::Conflict(format!("there is no account {account}")))?)
    }

    fn add_membership(&mut self, scope: &WriteScope, membership: &Membership) -> Result<(), StoreError> {
        let row = MembershipRow::new(scope, membership)?;
        self.write(|connection| diesel::insert_into(memberships::table).values(row).execute(connection))?;
        self.record_change(StateChange::Member(scope.tenant(), membership.account));
        Ok(())
    }

    fn update_membership(&mut self, scope: &WriteScope, membership: &Membership) -> Result<(), StoreError> {
        let row = MembershipRow::new(scope, membership)?;
        let changed = self.write(|connection| {
            diesel::update(memberships::table.find((row.tenant_id, row.account_id)))
                .set((
                    memberships::role.eq(row.role),
                    memberships::status.eq(row.status),
                    memberships::generation.eq(row.generation),
                    memberships::revision.eq(row.revision),
                ))
                .execute(connection)
        })?;
        if changed > 0 {
            self.record_change(StateChange::Member(scope.tenant(), membership.account));
        }
        Ok(())
    }

    fn remove_membership(&mut self, scope: &WriteScope, account: AccountId) -> Result<bool, StoreError> {
        let removed = self.write(|connection| {
            diesel::delete(memberships::table.find((Key::from(scope), Key::from(account))))
                .execute(connection)
        })?;
        if removed > 0 {
            self.record_change(StateChange::Member(scope.tenant(), account));
        }
        Ok(removed > 0)
    }

    fn add_invitation(&mut self, scope: &WriteScope, invitation: &Invitation) -> Result<(), StoreError> {
        let row = InvitationRow::new(scope, invitation);
        self.write(|connection| diesel::insert_into(invitations::table).values(row).execute(connection))?;
        Ok(())
    }

    fn remove_invitation(&mut self, scope: &WriteScope, id: InvitationId) -> Result<bool, StoreError> {
        let removed = self.write(|connection| {
            diesel::delete(invitations::table.find((Key::from(scope), Key::from(id)))).execute(connection)
        })?;
        Ok(removed > 0)
    }
    fn remove_invitations_of(&mut self, scope: &WriteScope, email: &Email) -> Result<u64, StoreError> {
        let removed = self.write(|connection| {
            let of = invitations::table
                .filter(invitations::tenant_id.eq(Key::from(scope)))
                .filter(invitations::email.eq(email.as_str()));
            diesel::delete(of).execute(connection)
        })?;
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }

    fn remove_invitations_by(
        &mut self,
        scope: &WriteScope,
        inviter: AccountId,
        roles: &[Role],
    ) -> Result<u64, StoreError> {
        let removed = self.write(|connection| {
            let made = invitations::table
                .filter(invitations::tenant_id.eq(Key::from(scope)))
                .filter(invitations::invited_by.eq(Key::from(inviter)))
                .filter(invitations::role.eq_any(roles.iter().map(|role| role.as_str())));
            diesel::delete(made).execute(connection)
        })?;
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }
}
