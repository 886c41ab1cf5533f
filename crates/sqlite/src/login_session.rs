//! The rows of sessions that logins begin.

use diesel::prelude::*;
use syft_space_domain::identity::ports::{SessionRows, SessionView};
use syft_space_domain::identity::{self, RefreshHashes, Rotation};
use syft_space_domain::ids::{AccountId, SessionId};
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Bytes, Key, parse, to_i64};
use crate::schema::sessions;
use crate::session::Session;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
struct SessionRow {
    tenant_id: Key,
    account_id: Key,
    id: Key,
    created_at: i64,
    last_used_at: i64,
    expires_at: i64,
    idle_until: i64,
    address: Option<String>,
    user_agent: Option<String>,
    refresh_family: Bytes<32>,
    refresh_current: Bytes<32>,
    refresh_previous: Option<Bytes<32>>,
    refresh_nonce: Option<Bytes<32>>,
    refreshed_at: Option<i64>,
}

impl SessionRow {
    fn new(scope: &TenantScope, session: &identity::Session) -> Self {
        let rotated = session.refresh.rotated.as_ref();
        Self {
            tenant_id: scope.into(),
            account_id: session.account.into(),
            id: session.id.into(),
            created_at: session.created_at.as_unix_micros(),
            last_used_at: session.last_used_at.as_unix_micros(),
            expires_at: session.expires_at.as_unix_micros(),
            idle_until: session.idle_until.as_unix_micros(),
            address: session.address.map(|address| address.to_string()),
            user_agent: session.user_agent.clone(),
            refresh_family: session.refresh.family.into(),
            refresh_current: session.refresh.current.into(),
            refresh_previous: rotated.map(|rotated| rotated.previous.into()),
            refresh_nonce: rotated.map(|rotated| Bytes(rotated.nonce)),
            refreshed_at: rotated.map(|rotated| rotated.at.as_unix_micros()),
        }
    }
}

impl TryFrom<SessionRow> for identity::Session {
    type Error = StoreError;
    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        let rotated = match (row.refresh_previous, row.refresh_nonce, row.refreshed_at) {
            (Some(previous), Some(nonce), Some(at)) => Some(Rotation {
                previous: TokenHash(previous.0),
                nonce: nonce.0,
                at: Timestamp::from_unix_micros(at),
            }),
            _ => None,
        };
        Ok(Self {
            tenant: row.tenant_id.into(),
            id: row.id.into(),
            account: row.account_id.into(),
            created_at: Timestamp::from_unix_micros(row.created_at),
            last_used_at: Timestamp::from_unix_micros(row.last_used_at),
            expires_at: Timestamp::from_unix_micros(row.expires_at),
            idle_until: Timestamp::from_unix_micros(row.idle_until),
            address: row.address.map(|text| parse("sessions.address", &text)).transpose()?,
            user_agent: row.user_agent,
            refresh: RefreshHashes {
                family: TokenHash(row.refresh_family.0),
                current: TokenHash(row.refresh_current.0),
                rotated,
            },
        })
    }
}

impl SessionView for Session<'_> {
    fn session_by_family(&mut self, family: &TokenHash) -> Result<Option<identity::Session>, StoreError> {
        let row: Option<SessionRow> = self.read(|connection| {
            let row = sessions::table.filter(sessions::refresh_family.eq(Bytes::from(*family)));
            row.select(SessionRow::as_select()).first(connection).optional()
        })?;
        row.map(identity::Session::try_from).transpose()
    }

    fn session(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
        id: SessionId,
    ) -> Result<Option<identity::Session>, StoreError> {
        let row: Option<SessionRow> = self.read(|connection| {
            let row = sessions::table.find((Key::from(scope), Key::from(account), Key::from(id)));
            row.select(SessionRow::as_select()).first(connection).optional()
        })?;
        row.map(identity::Session::try_from).transpose()
    }

    fn sessions(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<identity::Session>, StoreError> {
        let rows: Vec<SessionRow> = self.read(|connection| {
            sessions::table
                .filter(sessions::tenant_id.eq(Key::from(scope)))
                .filter(sessions::account_id.eq(Key::from(account)))
                .order(sessions::id)
                .select(SessionRow::as_select())
                .load(connection)
        })?;
        rows.into_iter().map(identity::Session::try_from).collect()
    }

    fn session_ids(
        &mut self,
        scope: &TenantScope,
        account: Option<AccountId>,
    ) -> Result<Vec<(AccountId, SessionId)>, StoreError> {
        let rows: Vec<(Key, Key)> = self.read(|connection| {
            let ids = sessions::table
                .filter(sessions::tenant_id.eq(Key::from(scope)))
                .select((sessions::account_id, sessions::id));
            match account {
                Some(account) => ids.filter(sessions::account_id.eq(Key::from(account))).load(connection),
                None => ids.load(connection),
            }
        })?;
        Ok(rows.into_iter().map(|(account, id)| (account.into(), id.into())).collect())
    }
}

impl SessionRows for Session<'_> {
    fn add_session(&mut self, scope: &WriteScope, session: &identity::Session) -> Result<(), StoreError> {
        let row = SessionRow::new(scope, session);
        self.write(|connection| diesel::insert_into(sessions::table).values(row).execute(connection))?;
        self.record_change(StateChange::Member(scope.tenant(), session.account));
        Ok(())
    }

    fn renew_session(&mut self, scope: &WriteScope, session: &identity::Session) -> Result<(), StoreError> {
        let row = SessionRow::new(scope, session);
        self.write(|connection| {
            diesel::update(sessions::table.find((row.tenant_id, row.account_id, row.id)))
                .set((
                    sessions::last_used_at.eq(row.last_used_at),
                    sessions::idle_until.eq(row.idle_until),
                    sessions::refresh_current.eq(row.refresh_current),
                    sessions::refresh_previous.eq(row.refresh_previous),
                    sessions::refresh_nonce.eq(row.refresh_nonce),
                    sessions::refreshed_at.eq(row.refreshed_at),
                ))
                .execute(connection)
        })?;
        Ok(())
    }

    fn remove_session(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        id: SessionId,
    ) -> Result<bool, StoreError> {
        let removed = self.write(|connection| {
            let row = sessions::table.find((Key::from(scope), Key::from(account), Key::from(id)));
            diesel::delete(row).execute(connection)
        })?;
        if removed > 0 {
            self.record_change(StateChange::Member(scope.tenant(), account));
        }
        Ok(removed > 0)
    }

    fn remove_sessions(&mut self, scope: &WriteScope, account: AccountId) -> Result<(), StoreError> {
        let removed = self.write(|connection| {
            let of = sessions::table
                .filter(sessions::tenant_id.eq(Key::from(scope)))
                .filter(sessions::account_id.eq(Key::from(account)));
            diesel::delete(of).execute(connection)
        })?;
        if removed > 0 {
            self.record_change(StateChange::Member(scope.tenant(), account));
        }
        Ok(())
    }

    fn trim_sessions(&mut self, now: Timestamp, max: u64) -> Result<(), StoreError> {
        let max = to_i64(max)?;
        let over: Vec<(Key, Key, Key)> = self.read(|connection| {
            sessions::table
                .filter(sessions::idle_until.le(now.as_unix_micros()))
                .order(sessions::idle_until)
                .limit(max)
                .select((sessions::tenant_id, sessions::account_id, sessions::id))
                .load(connection)
        })?;
        for key in over {
            self.write(|connection| diesel::delete(sessions::table.find(key)).execute(connection))?;
            let (tenant, account, _) = key;
            self.record_change(StateChange::Member(tenant.into(), account.into()));
        }
        Ok(())
    }
}
