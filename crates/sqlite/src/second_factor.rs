//! The columns and rows of second factors.

use diesel::prelude::*;
use syft_space_domain::identity::SecondFactor;
use syft_space_domain::identity::ports::{SecondFactorRows, SecondFactorView};
use syft_space_domain::ids::AccountId;
use syft_space_domain::sealing::Sealed;
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Bytes, Key, to_i64, to_u64};
use crate::schema::{accounts, recovery_codes};
use crate::session::Session;

type FactorRow = (Option<Vec<u8>>, Option<i64>, i64);

impl SecondFactorView for Session<'_> {
    fn second_factor(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Option<SecondFactor>, StoreError> {
        let row: Option<FactorRow> = self.read(|connection| {
            accounts::table
                .find((Key::from(scope), Key::from(account)))
                .select((accounts::totp_secret, accounts::totp_confirmed_at, accounts::totp_last_step))
                .first(connection)
                .optional()
        })?;
        let Some((Some(secret), confirmed_at, last_step)) = row else { return Ok(None) };
        Ok(Some(SecondFactor {
            secret: Sealed::from_bytes(secret),
            confirmed_at: confirmed_at.map(Timestamp::from_unix_micros),
            last_step: to_u64(last_step)?,
        }))
    }

    fn count_recovery_codes(&mut self, scope: &TenantScope, account: AccountId) -> Result<u64, StoreError> {
        let count: i64 = self.read(|connection| {
            recovery_codes::table
                .filter(recovery_codes::tenant_id.eq(Key::from(scope)))
                .filter(recovery_codes::account_id.eq(Key::from(account)))
                .count()
                .get_result(connection)
        })?;
        to_u64(count)
    }
}

impl SecondFactorRows for Session<'_> {
    fn put_second_factor(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        factor: &SecondFactor,
        recovery_codes: &[TokenHash],
    ) -> Result<(), StoreError> {
        if !self.write_second_factor(scope, account, Some(factor))? {
            return Ok(());
        }
        self.remove_recovery_codes(scope, account)?;
        for code in recovery_codes {
            self.write(|connection| {
                let row = (
                    recovery_codes::tenant_id.eq(Key::from(scope)),
                    recovery_codes::account_id.eq(Key::from(account)),
                    recovery_codes::code_hash.eq(Bytes::from(*code)),
                );
                diesel::insert_into(recovery_codes::table).values(row).execute(connection)
            })?;
        }
        Ok(())
    }

    fn set_totp_step(&mut self, scope: &WriteScope, account: AccountId, step: u64) -> Result<(), StoreError> {
        let step = to_i64(step)?;
        self.write(|connection| {
            let row = accounts::table.find((Key::from(scope), Key::from(account)));
            diesel::update(row.filter(accounts::totp_secret.is_not_null()))
                .set(accounts::totp_last_step.eq(step))
                .execute(connection)
        })?;
        Ok(())
    }

    fn take_recovery_code(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        code: &TokenHash,
    ) -> Result<bool, StoreError> {
        let removed = self.write(|connection| {
            let row = recovery_codes::table.find((Key::from(scope), Key::from(account), Bytes::from(*code)));
            diesel::delete(row).execute(connection)
        })?;
        Ok(removed > 0)
    }

    fn remove_second_factor(&mut self, scope: &WriteScope, account: AccountId) -> Result<bool, StoreError> {
        self.remove_recovery_codes(scope, account)?;
        self.write_second_factor(scope, account, None)
    }
}

impl Session<'_> {
    /// Replaces the columns of a second factor that there is, or of an account that is to have one. Answers whether there was
    /// such a row.
    fn write_second_factor(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        factor: Option<&SecondFactor>,
    ) -> Result<bool, StoreError> {
        let last_step = to_i64(factor.map_or(0, |factor| factor.last_step))?;
        let changed = self.write(|connection| {
            let columns = (
                accounts::totp_secret.eq(factor.map(|factor| factor.secret.as_bytes())),
                accounts::totp_confirmed_at
                    .eq(factor.and_then(|factor| factor.confirmed_at).map(Timestamp::as_unix_micros)),
                accounts::totp_last_step.eq(last_step),
            );
            let row = accounts::table.find((Key::from(scope), Key::from(account)));
            match factor {
                Some(_) => diesel::update(row).set(columns).execute(connection),
                None => diesel::update(row.filter(accounts::totp_secret.is_not_null()))
                    .set(columns)
                    .execute(connection),
            }
        })?;
        if changed > 0 {
            self.record_change(StateChange::Member(scope.tenant(), account));
        }
        Ok(changed > 0)
    }

    fn remove_recovery_codes(&mut self, scope: &WriteScope, account: AccountId) -> Result<(), StoreError> {
        self.write(|connection| {
            let of = recovery_codes::table
                .filter(recovery_codes::tenant_id.eq(Key::from(scope)))
                .filter(recovery_codes::account_id.eq(Key::from(account)));
            diesel::delete(of).execute(connection)
        })?;
        Ok(())
    }
}
