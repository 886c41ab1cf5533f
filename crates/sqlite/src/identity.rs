//! The rows of accounts and invitations.

use std::net::IpAddr;

use diesel::connection::DefaultLoadingMode;
use diesel::dsl::NotEq;
use diesel::prelude::*;
use syft_space_domain::access::Role;
use syft_space_domain::identity::ports::{AccountRows, AccountView, ApiKeyRows};
use syft_space_domain::identity::{
    Account, AccountStatus, Email, Invitation, LoginKey, LoginRecord, Member, PasswordHash, PasswordReset,
};
use syft_space_domain::ids::{AccountId, InvitationId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Bytes, Key, after_key, limit_plus_one, parse, read_page, to_i64, to_u64};
use crate::schema::{accounts, invitations};
use crate::session::Session;

#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
struct MemberRow {
    tenant_id: Key,
    id: Key,
    email: String,
    role: String,
    status: String,
    generation: i64,
    revision: i64,
    created_at: i64,
    totp_confirmed_at: Option<i64>,
    #[diesel(select_expression = accounts::password.ne(""), select_expression_type = NotEq<accounts::password, &'static str>)]
    has_password: bool,
    short_password: bool,
    last_login_at: Option<i64>,
}

impl TryFrom<MemberRow> for Member {
    type Error = StoreError;
    fn try_from(row: MemberRow) -> Result<Self, StoreError> {
        Ok(Self {
            tenant: row.tenant_id.into(),
            account: row.id.into(),
            email: parse("accounts.email", &row.email)?,
            role: parse("accounts.role", &row.role)?,
            status: parse("accounts.status", &row.status)?,
            generation: to_u64(row.generation)?,
            has_password: row.has_password,
            short_password: row.short_password,
            last_login_at: row.last_login_at.map(Timestamp::from_unix_micros),
            second_factor_since: row.totp_confirmed_at.map(Timestamp::from_unix_micros),
            revision: to_u64(row.revision)?,
            created_at: Timestamp::from_unix_micros(row.created_at),
        })
    }
}

/// A member, and what is stored of their password: nothing, of who has none.
type AccountRow = (MemberRow, String);

fn account((member, password): AccountRow) -> Result<Account, StoreError> {
    let password = (!password.is_empty()).then(|| PasswordHash::from_phc(password));
    Ok(Account { member: member.try_into()?, password })
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = invitations)]
pub(crate) struct InvitationRow {
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

    fn oldest_account(&mut self, email: &Email) -> Result<Option<Account>, StoreError> {
        let row: Option<AccountRow> = self.read(|connection| {
            accounts::table
                .filter(accounts::email.eq(email.as_str()))
                .filter(accounts::status.eq(AccountStatus::Active.as_str()))
                .order((accounts::created_at, accounts::tenant_id))
                .select((MemberRow::as_select(), accounts::password))
                .first(connection)
                .optional()
        })?;
        row.map(account).transpose()
    }

    fn invitation_by_token(&mut self, token: &TokenHash) -> Result<Option<Invitation>, StoreError> {
        let row: Option<InvitationRow> = self.read(|connection| {
            let row = invitations::table.filter(invitations::token_hash.eq(Bytes::from(*token)));
            row.select(InvitationRow::as_select()).first(connection).optional()
        })?;
        row.map(Invitation::try_from).transpose()
    }

    fn password_reset(&mut self, token: &TokenHash) -> Result<Option<PasswordReset>, StoreError> {
        self.read_password_reset(token)
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

    fn account_by_email(
        &mut self,
        scope: &TenantScope,
        email: &Email,
    ) -> Result<Option<Account>, StoreError> {
        let row: Option<AccountRow> = self.read(|connection| {
            accounts::table
                .filter(accounts::tenant_id.eq(Key::from(scope)))
                .filter(accounts::email.eq(email.as_str()))
                .select((MemberRow::as_select(), accounts::password))
                .first(connection)
                .optional()
        })?;
        row.map(account).transpose()
    }

    fn member(&mut self, scope: &TenantScope, account: AccountId) -> Result<Option<Member>, StoreError> {
        let row: Option<MemberRow> = self.read(|connection| {
            let row = accounts::table.find((Key::from(scope), Key::from(account)));
            row.select(MemberRow::as_select()).first(connection).optional()
        })?;
        row.map(Member::try_from).transpose()
    }

    fn members(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<AccountId>,
    ) -> Result<Page<Member, AccountId>, StoreError> {
        self.read(|connection| {
            let rows = accounts::table
                .filter(accounts::tenant_id.eq(Key::from(scope)))
                .filter(accounts::id.gt(after_key(page.after)))
                .order(accounts::id)
                .limit(limit_plus_one(page.limit))
                .select(MemberRow::as_select())
                .load_iter::<MemberRow, DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |row| {
                let member = Member::try_from(row)?;
                Ok((member.account, member))
            })
        })?
    }

    fn count_other_owners(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
        is_demanded: bool,
    ) -> Result<u64, StoreError> {
        let count: i64 = self.read(|connection| {
            let mut owners = accounts::table
                .filter(accounts::tenant_id.eq(Key::from(scope)))
                .filter(accounts::id.ne(Key::from(account)))
                .filter(accounts::role.eq(Role::Owner.as_str()))
                .filter(accounts::status.eq(AccountStatus::Active.as_str()))
                .into_boxed();
            if is_demanded {
                owners =
                    owners.filter(accounts::totp_confirmed_at.is_not_null().or(accounts::password.ne("")));
            }
            owners.count().get_result(connection)
        })?;
        to_u64(count)
    }

    fn count_members_and_invitations(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        let tenant = Key::from(scope);
        let members: i64 = self.read(|connection| {
            accounts::table.filter(accounts::tenant_id.eq(tenant)).count().get_result(connection)
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
    fn add_account(&mut self, scope: &WriteScope, account: &Account) -> Result<(), StoreError> {
        let Account { member, password } = account;
        let (generation, revision) = (to_i64(member.generation)?, to_i64(member.revision)?);
        self.write(|connection| {
            let row = (
                accounts::tenant_id.eq(Key::from(scope)),
                accounts::id.eq(Key::from(member.account)),
                accounts::email.eq(member.email.as_str()),
                accounts::password.eq(password.as_ref().map_or("", PasswordHash::expose)),
                accounts::role.eq(member.role.as_str()),
                accounts::status.eq(member.status.as_str()),
                accounts::generation.eq(generation),
                accounts::revision.eq(revision),
                accounts::created_at.eq(member.created_at.as_unix_micros()),
                accounts::short_password.eq(member.short_password),
                accounts::last_login_at.eq(member.last_login_at.map(Timestamp::as_unix_micros)),
            );
            diesel::insert_into(accounts::table).values(row).execute(connection)
        })?;
        self.record_change(StateChange::Member(scope.tenant(), member.account));
        Ok(())
    }

    fn set_password(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        password: &PasswordHash,
    ) -> Result<(), StoreError> {
        let changed = self.write(|connection| {
            let row = diesel::update(accounts::table.find((Key::from(scope), Key::from(account))));
            row.set(accounts::password.eq(password.expose())).execute(connection)
        })?;
        if changed > 0 {
            self.record_change(StateChange::Member(scope.tenant(), account));
        }
        Ok(())
    }

    fn update_member(&mut self, scope: &WriteScope, member: &Member) -> Result<(), StoreError> {
        let (generation, revision) = (to_i64(member.generation)?, to_i64(member.revision)?);
        let changed = self.write(|connection| {
            diesel::update(accounts::table.find((Key::from(scope), Key::from(member.account))))
                .set((
                    accounts::role.eq(member.role.as_str()),
                    accounts::status.eq(member.status.as_str()),
                    accounts::generation.eq(generation),
                    accounts::revision.eq(revision),
                    accounts::short_password.eq(member.short_password),
                    accounts::last_login_at.eq(member.last_login_at.map(Timestamp::as_unix_micros)),
                ))
                .execute(connection)
        })?;
        if changed > 0 {
            self.record_change(StateChange::Member(scope.tenant(), member.account));
        }
        Ok(())
    }

    fn remove_account(&mut self, scope: &WriteScope, account: AccountId) -> Result<bool, StoreError> {
        self.remove_api_keys(scope, account)?;
        let removed = self.write(|connection| {
            diesel::delete(accounts::table.find((Key::from(scope), Key::from(account)))).execute(connection)
        })?;
        if removed > 0 {
            self.record_change(StateChange::Member(scope.tenant(), account));
        }
        Ok(removed > 0)
    }

    fn put_password_reset(&mut self, scope: &WriteScope, reset: &PasswordReset) -> Result<(), StoreError> {
        self.write_password_reset(scope, reset)
    }

    fn remove_password_reset(&mut self, scope: &WriteScope, account: AccountId) -> Result<bool, StoreError> {
        self.delete_password_reset(scope, account)
    }

    fn remove_password_resets_by(&mut self, scope: &WriteScope, maker: AccountId) -> Result<u64, StoreError> {
        self.delete_password_resets_by(scope, maker)
    }

    fn put_login_record(&mut self, record: &LoginRecord) -> Result<(), StoreError> {
        self.write_login_record(record)
    }

    fn trim_login_records(&mut self, now: Timestamp, max: u64) -> Result<(), StoreError> {
        self.remove_login_records(now, max)
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
