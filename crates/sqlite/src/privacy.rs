//! What is held about a person, and erasing it.

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use syft_space_domain::audit::ports::LogWriteScope;
use syft_space_domain::identity::oidc::{OidcIssuer, SessionAtProvider, Subject};
use syft_space_domain::identity::{Email, LoginKey, LoginRecord, PasswordReset};
use syft_space_domain::ids::{AccountId, ActorId, GroupId, PolicyId, SessionId, TenantId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::privacy::Erasure;
use syft_space_domain::privacy::ports::{PrivacyRows, PrivacyView};
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Bytes, Key, after_key, limit_plus_one, parse, read_page, unreadable_column};
use crate::schema::{
    address_groups, disclosures, erasures, group_members, login_records, oidc_identities, oidc_sessions,
};
use crate::session::Session;

impl PrivacyView for Session<'_> {
    fn oidc_identities_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<(OidcIssuer, Subject)>, StoreError> {
        let rows: Vec<(String, String)> = self.read(|connection| {
            oidc_identities::table
                .filter(oidc_identities::tenant_id.eq(Key::from(scope)))
                .filter(oidc_identities::account_id.eq(Key::from(account)))
                .order((oidc_identities::issuer, oidc_identities::subject))
                .select((oidc_identities::issuer, oidc_identities::subject))
                .load(connection)
        })?;
        let read = |(issuer, subject): (String, String)| {
            Ok((parse("oidc_identities.issuer", &issuer)?, parse("oidc_identities.subject", &subject)?))
        };
        rows.into_iter().map(read).collect()
    }

    fn oidc_sessions_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<(SessionId, SessionAtProvider)>, StoreError> {
        let rows: Vec<(Key, Key, String, Option<String>)> = self.read(|connection| {
            oidc_sessions::table
                .filter(oidc_sessions::tenant_id.eq(Key::from(scope)))
                .filter(oidc_sessions::account_id.eq(Key::from(account)))
                .order(oidc_sessions::session_id)
                .select((
                    oidc_sessions::session_id,
                    oidc_sessions::provider_id,
                    oidc_sessions::subject,
                    oidc_sessions::sid,
                ))
                .load(connection)
        })?;
        let read = |(session, provider, subject, sid): (Key, Key, String, Option<String>)| {
            let subject = parse("oidc_sessions.subject", &subject)?;
            let sid = sid.map(|sid| parse("oidc_sessions.sid", &sid)).transpose()?;
            Ok((session.into(), SessionAtProvider { provider: provider.into(), subject, sid }))
        };
        rows.into_iter().map(read).collect()
    }

    fn password_resets_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<PasswordReset>, StoreError> {
        self.read_password_resets_of(scope, account)
    }

    fn groups_of(
        &mut self,
        scope: &TenantScope,
        email: &Email,
    ) -> Result<Vec<(GroupId, Timestamp)>, StoreError> {
        // A group at a time, by the key: all members together may be many.
        let rows: Vec<(Key, i64)> = self.read(|connection| {
            let tenant = Key::from(scope);
            let groups = address_groups::table.filter(address_groups::tenant_id.eq(tenant));
            group_members::table
                .filter(group_members::tenant_id.eq(tenant))
                .filter(group_members::group_id.eq_any(groups.select(address_groups::id)))
                .filter(group_members::email.eq(email.as_str()))
                .order(group_members::group_id)
                .select((group_members::group_id, group_members::added_at))
                .load(connection)
        })?;
        Ok(rows.into_iter().map(|(id, at)| (id.into(), Timestamp::from_unix_micros(at))).collect())
    }

    fn login_records(&mut self, key: &LoginKey) -> Result<Vec<LoginRecord>, StoreError> {
        self.read_login_records(key)
    }

    fn disclosed_under(&mut self, scope: &TenantScope, caller: ActorId) -> Result<Vec<PolicyId>, StoreError> {
        let policies: Vec<Key> = self.read(|connection| {
            disclosures::table
                .filter(disclosures::tenant_id.eq(Key::from(scope)))
                .filter(disclosures::caller_id.eq(Key::from(caller)))
                .select(disclosures::policy_id)
                .distinct()
                .order(disclosures::policy_id)
                .load(connection)
        })?;
        Ok(policies.into_iter().map(PolicyId::from).collect())
    }

    fn erasure(&mut self, scope: &TenantScope, account: AccountId) -> Result<Option<Erasure>, StoreError> {
        let row: Option<ErasureRow> = self.read(|connection| {
            let row = erasures::table.find((Key::from(scope), Key::from(account)));
            row.select(ErasureRow::as_select()).first(connection).optional()
        })?;
        row.map(Erasure::try_from).transpose()
    }

    fn erasures(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<AccountId>,
    ) -> Result<Page<Erasure, AccountId>, StoreError> {
        self.read(|connection| {
            let rows = erasures::table
                .filter(erasures::tenant_id.eq(Key::from(scope)))
                .filter(erasures::account_id.gt(after_key(page.after)))
                .order(erasures::account_id)
                .limit(limit_plus_one(page.limit))
                .select(ErasureRow::as_select())
                .load_iter::<ErasureRow, DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |row| {
                let erasure = Erasure::try_from(row)?;
                Ok((erasure.account, erasure))
            })
        })?
    }

    fn unfinished_erasures(
        &mut self,
        _operator: &OperatorScope,
        most: usize,
    ) -> Result<Vec<(TenantId, AccountId)>, StoreError> {
        let rows: Vec<(Key, Key)> = self.read(|connection| {
            erasures::table
                .filter(erasures::ended_at.is_null())
                .order((erasures::tenant_id, erasures::account_id))
                .limit(limit(most))
                .select((erasures::tenant_id, erasures::account_id))
                .load(connection)
        })?;
        Ok(rows.into_iter().map(|(tenant, account)| (tenant.into(), account.into())).collect())
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = erasures, primary_key(tenant_id, account_id), treat_none_as_null = true)]
struct ErasureRow {
    tenant_id: Key,
    account_id: Key,
    asked_by: String,
    asked_at: i64,
    due_at: i64,
    person: Option<String>,
    ended_at: Option<i64>,
    report: String,
    token_hash: Option<Bytes<32>>,
}

impl ErasureRow {
    fn new(scope: &TenantScope, erasure: &Erasure) -> Result<Self, StoreError> {
        let unwritable = |_| StoreError::failed("an erasure cannot be written as JSON");
        Ok(Self {
            tenant_id: scope.into(),
            account_id: erasure.account.into(),
            asked_by: erasure.asked_by.as_str().to_owned(),
            asked_at: erasure.asked_at.as_unix_micros(),
            due_at: erasure.due_at.as_unix_micros(),
            person: erasure.person.as_ref().map(serde_json::to_string).transpose().map_err(unwritable)?,
            ended_at: erasure.ended_at.map(Timestamp::as_unix_micros),
            report: serde_json::to_string(&erasure.report).map_err(unwritable)?,
            token_hash: erasure.token.map(|token| Bytes(token.0)),
        })
    }
}

impl TryFrom<ErasureRow> for Erasure {
    type Error = StoreError;
    fn try_from(row: ErasureRow) -> Result<Self, StoreError> {
        let person = row.person.as_deref().map(serde_json::from_str).transpose();
        let report = serde_json::from_str(&row.report);
        Ok(Self {
            account: row.account_id.into(),
            asked_by: parse("erasures.asked_by", &row.asked_by)?,
            asked_at: Timestamp::from_unix_micros(row.asked_at),
            due_at: Timestamp::from_unix_micros(row.due_at),
            // What cannot be read is personal, and is told to nobody.
            person: person.map_err(|_| unreadable_column("erasures.person", &"it is no person"))?,
            ended_at: row.ended_at.map(Timestamp::from_unix_micros),
            report: report.map_err(|error| unreadable_column("erasures.report", &error))?,
            token: row.token_hash.map(|hash| TokenHash(hash.0)),
        })
    }
}

impl PrivacyRows for Session<'_> {
    fn remove_login_records(&mut self, key: &LoginKey, most: usize) -> Result<u64, StoreError> {
        let removed = self.write(|connection| {
            let known = login_records::table.filter(login_records::account.eq(Bytes(key.0)));
            let addresses: Vec<String> =
                known.select(login_records::address).limit(limit(most)).load(connection)?;
            let of_key = login_records::table.filter(login_records::account.eq(Bytes(key.0)));
            diesel::delete(of_key.filter(login_records::address.eq_any(addresses))).execute(connection)
        })?;
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }

    fn remove_disclosures(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        caller: ActorId,
        most: usize,
    ) -> Result<u64, StoreError> {
        let (tenant, policy, caller) = (Key::from(scope), Key::from(policy), Key::from(caller));
        let removed = self.write(|connection| {
            let of_caller = || {
                disclosures::table
                    .filter(disclosures::tenant_id.eq(tenant))
                    .filter(disclosures::policy_id.eq(policy))
                    .filter(disclosures::caller_id.eq(caller))
            };
            let items: Vec<Key> =
                of_caller().select(disclosures::item).limit(limit(most)).load(connection)?;
            diesel::delete(of_caller().filter(disclosures::item.eq_any(items))).execute(connection)
        })?;
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }

    fn erase_persons(&mut self, log: &LogWriteScope, numbers: &[u64]) -> Result<u64, StoreError> {
        self.erase_persons_of(log.log(), numbers)
    }

    fn put_erasure(&mut self, scope: &WriteScope, erasure: &Erasure) -> Result<(), StoreError> {
        let row = ErasureRow::new(scope, erasure)?;
        self.write(|connection| {
            diesel::insert_into(erasures::table)
                .values(&row)
                .on_conflict((erasures::tenant_id, erasures::account_id))
                .do_update()
                .set(&row)
                .execute(connection)
        })?;
        Ok(())
    }
}

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
