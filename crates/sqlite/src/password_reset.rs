//! The rows of resets of passwords.

use diesel::prelude::*;
use syft_space_domain::identity::PasswordReset;
use syft_space_domain::ids::AccountId;
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Bytes, Key, to_i64, to_u64};
use crate::schema::password_resets;
use crate::session::Session;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = password_resets, primary_key(tenant_id, account_id), treat_none_as_null = true)]
struct PasswordResetRow {
    tenant_id: Key,
    account_id: Key,
    generation: i64,
    token_hash: Bytes<32>,
    made_by: Option<Key>,
    created_at: i64,
    expires_at: i64,
}

impl PasswordResetRow {
    fn new(scope: &WriteScope, reset: &PasswordReset) -> Result<Self, StoreError> {
        Ok(Self {
            tenant_id: (&**scope).into(),
            account_id: reset.account.into(),
            generation: to_i64(reset.generation)?,
            token_hash: reset.token.into(),
            made_by: reset.made_by.map(Key::from),
            created_at: reset.created_at.as_unix_micros(),
            expires_at: reset.expires_at.as_unix_micros(),
        })
    }
}

impl TryFrom<PasswordResetRow> for PasswordReset {
    type Error = StoreError;
    fn try_from(row: PasswordResetRow) -> Result<Self, StoreError> {
        Ok(Self {
            tenant: row.tenant_id.into(),
            account: row.account_id.into(),
            generation: to_u64(row.generation)?,
            token: TokenHash(row.token_hash.0),
            made_by: row.made_by.map(AccountId::from),
            created_at: Timestamp::from_unix_micros(row.created_at),
            expires_at: Timestamp::from_unix_micros(row.expires_at),
        })
    }
}

impl Session<'_> {
    pub(crate) fn read_password_reset(
        &mut self,
        token: &TokenHash,
    ) -> Result<Option<PasswordReset>, StoreError> {
        let row: Option<PasswordResetRow> = self.read(|connection| {
            let row = password_resets::table.filter(password_resets::token_hash.eq(Bytes::from(*token)));
            row.select(PasswordResetRow::as_select()).first(connection).optional()
        })?;
        row.map(PasswordReset::try_from).transpose()
    }

    /// Those for an account, and those that it made.
    pub(crate) fn read_password_resets_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<PasswordReset>, StoreError> {
        let rows: Vec<PasswordResetRow> = self.read(|connection| {
            let key = Key::from(account);
            let own = password_resets::account_id.eq(key);
            password_resets::table
                .filter(password_resets::tenant_id.eq(Key::from(scope)))
                .filter(own.or(password_resets::made_by.assume_not_null().eq(key)))
                .order(password_resets::account_id)
                .select(PasswordResetRow::as_select())
                .load(connection)
        })?;
        rows.into_iter().map(PasswordReset::try_from).collect()
    }

    pub(crate) fn write_password_reset(
        &mut self,
        scope: &WriteScope,
        reset: &PasswordReset,
    ) -> Result<(), StoreError> {
        let row = PasswordResetRow::new(scope, reset)?;
        self.write(|connection| {
            diesel::insert_into(password_resets::table)
                .values(&row)
                .on_conflict((password_resets::tenant_id, password_resets::account_id))
                .do_update()
                .set(&row)
                .execute(connection)
        })?;
        Ok(())
    }

    pub(crate) fn delete_password_reset(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
    ) -> Result<bool, StoreError> {
        let removed = self.write(|connection| {
            let row = password_resets::table.find((Key::from(scope), Key::from(account)));
            diesel::delete(row).execute(connection)
        })?;
        Ok(removed > 0)
    }

    pub(crate) fn delete_password_resets_by(
        &mut self,
        scope: &WriteScope,
        maker: AccountId,
    ) -> Result<u64, StoreError> {
        let removed = self.write(|connection| {
            let made = password_resets::table
                .filter(password_resets::tenant_id.eq(Key::from(scope)))
                .filter(password_resets::made_by.eq(Some(Key::from(maker))));
            diesel::delete(made).execute(connection)
        })?;
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }
}
