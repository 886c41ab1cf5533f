//! The rows of what is known of logins.

use std::net::IpAddr;

use diesel::prelude::*;
use diesel::upsert::excluded;
use syft_space_domain::identity::{LoginKey, LoginRecord};
use syft_space_domain::store::StoreError;
use syft_space_domain::time::Timestamp;

use crate::codec::{Bytes, parse, to_i64, to_u64};
use crate::schema::login_records;
use crate::session::Session;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = login_records)]
struct LoginRecordRow {
    account: Bytes<32>,
    address: String,
    guesses_until: i64,
    logged_in_at: Option<i64>,
    expires_at: i64,
}

impl From<&LoginRecord> for LoginRecordRow {
    fn from(record: &LoginRecord) -> Self {
        Self {
            account: Bytes(record.account.0),
            address: column(record.address),
            guesses_until: record.guesses_until.as_unix_micros(),
            logged_in_at: record.logged_in_at.map(Timestamp::as_unix_micros),
            expires_at: record.expires_at().as_unix_micros(),
        }
    }
}

impl TryFrom<LoginRecordRow> for LoginRecord {
    type Error = StoreError;
    fn try_from(row: LoginRecordRow) -> Result<Self, StoreError> {
        let address = match row.address.as_str() {
            "" => None,
            text => Some(parse("login_records.address", text)?),
        };
        Ok(Self {
            account: LoginKey(row.account.0),
            address,
            guesses_until: Timestamp::from_unix_micros(row.guesses_until),
            logged_in_at: row.logged_in_at.map(Timestamp::from_unix_micros),
        })
    }
}

/// All addresses together are the empty text: a key has no NULL.
fn column(address: Option<IpAddr>) -> String {
    address.map(|address| address.to_string()).unwrap_or_default()
}

impl Session<'_> {
    pub(crate) fn read_login_record(
        &mut self,
        account: &LoginKey,
        address: Option<IpAddr>,
    ) -> Result<Option<LoginRecord>, StoreError> {
        let row: Option<LoginRecordRow> = self.read(|connection| {
            let row = login_records::table.find((Bytes(account.0), column(address)));
            row.select(LoginRecordRow::as_select()).first(connection).optional()
        })?;
        row.map(LoginRecord::try_from).transpose()
    }

    pub(crate) fn read_login_records(&mut self, account: &LoginKey) -> Result<Vec<LoginRecord>, StoreError> {
        let rows: Vec<LoginRecordRow> = self.read(|connection| {
            login_records::table
                .filter(login_records::account.eq(Bytes(account.0)))
                .order(login_records::address)
                .select(LoginRecordRow::as_select())
                .load(connection)
        })?;
        let mut records: Vec<_> = rows.into_iter().map(LoginRecord::try_from).collect::<Result<_, _>>()?;
        records.sort_by_key(|record| record.address);
        Ok(records)
    }

    pub(crate) fn has_login_from(&mut self, address: IpAddr) -> Result<bool, StoreError> {
        let first: Option<Bytes<32>> = self.read(|connection| {
            let logins = login_records::table.filter(login_records::address.eq(column(Some(address))));
            let logins = logins.filter(login_records::logged_in_at.is_not_null());
            logins.select(login_records::account).limit(1).first(connection).optional()
        })?;
        Ok(first.is_some())
    }

    pub(crate) fn write_login_record(&mut self, record: &LoginRecord) -> Result<(), StoreError> {
        let row = LoginRecordRow::from(record);
        self.write(|connection| {
            diesel::insert_into(login_records::table)
                .values(row)
                .on_conflict((login_records::account, login_records::address))
                .do_update()
                .set((
                    login_records::guesses_until.eq(excluded(login_records::guesses_until)),
                    login_records::logged_in_at.eq(excluded(login_records::logged_in_at)),
                    login_records::expires_at.eq(excluded(login_records::expires_at)),
                ))
                .execute(connection)
        })?;
        Ok(())
    }

    pub(crate) fn remove_login_records(&mut self, now: Timestamp, max: u64) -> Result<(), StoreError> {
        self.write(|connection| {
            let expired = login_records::expires_at.le(now.as_unix_micros());
            diesel::delete(login_records::table.filter(expired)).execute(connection)
        })?;
        let kept: i64 = self.read(|connection| login_records::table.count().get_result(connection))?;
        let beyond = to_i64(to_u64(kept)?.saturating_sub(max))?;
        if beyond > 0 {
            let first: Vec<(Bytes<32>, String)> = self.read(|connection| {
                let first = login_records::table.order(login_records::expires_at).limit(beyond);
                first.select((login_records::account, login_records::address)).load(connection)
            })?;
            for key in first {
                self.write(|connection| diesel::delete(login_records::table.find(key)).execute(connection))?;
            }
        }
        Ok(())
    }
}
