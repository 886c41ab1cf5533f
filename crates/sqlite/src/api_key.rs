//! The rows of API keys.

use std::fmt::Display;
use std::str::FromStr;

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use diesel::upsert::excluded;
use syft_space_domain::identity::ports::{ApiKeyRows, ApiKeyView};
use syft_space_domain::identity::{ApiKey, KeyTerms, PreviousSecret, RequestMark};
use syft_space_domain::ids::{AccountId, ApiKeyId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Bytes, Key, after_key, limit_plus_one, parse, read_page, unreadable_column};
use crate::schema::api_keys;
use crate::session::Session;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys)]
struct ApiKeyRow {
    tenant_id: Key,
    id: Key,
    account_id: Key,
    name: String,
    scopes: String,
    endpoints: Option<String>,
    addresses: Option<String>,
    secret: Bytes<32>,
    previous: Vec<u8>,
    created_at: i64,
    rotated_at: i64,
    expires_at: i64,
    last_used_at: Option<i64>,
    created_by: Option<Bytes<64>>,
    rotated_by: Option<Bytes<64>>,
}

impl ApiKeyRow {
    fn new(scope: &TenantScope, key: &ApiKey) -> Self {
        Self {
            tenant_id: scope.into(),
            id: key.id.into(),
            account_id: key.account.into(),
            name: key.name.as_str().to_owned(),
            scopes: list(key.terms.scopes()),
            endpoints: key.terms.endpoints().map(list),
            addresses: key.terms.addresses().map(list),
            secret: key.secret.into(),
            previous: key.previous.iter().flat_map(previous_bytes).collect(),
            created_at: key.created_at.as_unix_micros(),
            rotated_at: key.rotated_at.as_unix_micros(),
            expires_at: key.expires_at.as_unix_micros(),
            last_used_at: key.last_used_at.map(Timestamp::as_unix_micros),
            created_by: key.created_by.map(mark_bytes),
            rotated_by: key.rotated_by.map(mark_bytes),
        }
    }
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = StoreError;
    fn try_from(row: ApiKeyRow) -> Result<Self, StoreError> {
        let endpoints = row.endpoints.map(|text| parse_list("api_keys.endpoints", &text)).transpose()?;
        let addresses = row.addresses.map(|text| parse_list("api_keys.addresses", &text)).transpose()?;
        let scopes = parse_list("api_keys.scopes", &row.scopes)?;
        let terms = KeyTerms::new(scopes, endpoints, addresses)
            .map_err(|error| unreadable_column("api_keys.scopes", &error))?;
        Ok(Self {
            id: row.id.into(),
            tenant: row.tenant_id.into(),
            account: row.account_id.into(),
            name: parse("api_keys.name", &row.name)?,
            terms,
            secret: TokenHash(row.secret.0),
            previous: parse_previous(&row.previous)?,
            created_at: Timestamp::from_unix_micros(row.created_at),
            rotated_at: Timestamp::from_unix_micros(row.rotated_at),
            expires_at: Timestamp::from_unix_micros(row.expires_at),
            last_used_at: row.last_used_at.map(Timestamp::from_unix_micros),
            created_by: row.created_by.map(mark),
            rotated_by: row.rotated_by.map(mark),
        })
    }
}

fn list(items: &[impl Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn parse_list<T: FromStr<Err: Display>>(column: &str, text: &str) -> Result<Vec<T>, StoreError> {
    text.split(',').map(|item| parse(column, item)).collect()
}

fn previous_bytes(previous: &PreviousSecret) -> impl Iterator<Item = u8> + use<> {
    previous.secret.0.into_iter().chain(previous.until.as_unix_micros().to_be_bytes())
}

fn parse_previous(bytes: &[u8]) -> Result<Vec<PreviousSecret>, StoreError> {
    let secrets = bytes.chunks(40).map(|chunk| {
        let (secret, until) = chunk.split_first_chunk::<32>()?;
        let until = i64::from_be_bytes(until.try_into().ok()?);
        Some(PreviousSecret { secret: TokenHash(*secret), until: Timestamp::from_unix_micros(until) })
    });
    let secrets: Option<_> = secrets.collect();
    secrets.ok_or_else(|| unreadable_column("api_keys.previous", &"its length is wrong"))
}

fn mark_bytes(mark: RequestMark) -> Bytes<64> {
    let mut bytes = [0; 64];
    let (key, request) = bytes.split_at_mut(32);
    key.copy_from_slice(&mark.key);
    request.copy_from_slice(&mark.request);
    Bytes(bytes)
}

fn mark(Bytes(bytes): Bytes<64>) -> RequestMark {
    let (mut key, mut request) = ([0; 32], [0; 32]);
    let (first, second) = bytes.split_at(32);
    key.copy_from_slice(first);
    request.copy_from_slice(second);
    RequestMark { key, request }
}

impl ApiKeyView for Session<'_> {
    fn api_key(&mut self, scope: &TenantScope, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let row: Option<ApiKeyRow> = self.read(|connection| {
            let row = api_keys::table.find((Key::from(scope), Key::from(id)));
            row.select(ApiKeyRow::as_select()).first(connection).optional()
        })?;
        row.map(ApiKey::try_from).transpose()
    }

    fn api_keys(
        &mut self,
        scope: &TenantScope,
        account: Option<AccountId>,
        page: PageRequest<ApiKeyId>,
    ) -> Result<Page<ApiKey, ApiKeyId>, StoreError> {
        self.read(|connection| {
            let mut rows = api_keys::table
                .filter(api_keys::tenant_id.eq(Key::from(scope)))
                .filter(api_keys::id.gt(after_key(page.after)))
                .order(api_keys::id)
                .limit(limit_plus_one(page.limit))
                .select(ApiKeyRow::as_select())
                .into_boxed();
            if let Some(account) = account {
                rows = rows.filter(api_keys::account_id.eq(Key::from(account)));
            }
            let rows = rows.load_iter::<ApiKeyRow, DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |row| {
                let key = ApiKey::try_from(row)?;
                Ok((key.id, key))
            })
        })?
    }
}

impl ApiKeyRows for Session<'_> {
    fn put_api_key(&mut self, scope: &WriteScope, key: &ApiKey) -> Result<(), StoreError> {
        let row = ApiKeyRow::new(scope, key);
        self.write(|connection| {
            diesel::insert_into(api_keys::table)
                .values(row)
                .on_conflict((api_keys::tenant_id, api_keys::id))
                .do_update()
                .set((
                    api_keys::name.eq(excluded(api_keys::name)),
                    api_keys::scopes.eq(excluded(api_keys::scopes)),
                    api_keys::endpoints.eq(excluded(api_keys::endpoints)),
                    api_keys::addresses.eq(excluded(api_keys::addresses)),
                    api_keys::secret.eq(excluded(api_keys::secret)),
                    api_keys::previous.eq(excluded(api_keys::previous)),
                    api_keys::rotated_at.eq(excluded(api_keys::rotated_at)),
                    api_keys::expires_at.eq(excluded(api_keys::expires_at)),
                    api_keys::rotated_by.eq(excluded(api_keys::rotated_by)),
                ))
                .execute(connection)
        })?;
        self.record_change(StateChange::ApiKey(scope.tenant(), key.id));
        Ok(())
    }

    fn note_api_key_use(
        &mut self,
        scope: &WriteScope,
        id: ApiKeyId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let at = at.as_unix_micros();
        self.write(|connection| {
            let row = api_keys::table.find((Key::from(scope), Key::from(id)));
            let earlier = api_keys::last_used_at.is_null().or(api_keys::last_used_at.lt(at));
            diesel::update(row.filter(earlier)).set(api_keys::last_used_at.eq(at)).execute(connection)
        })?;
        Ok(())
    }

    fn remove_api_key(&mut self, scope: &WriteScope, id: ApiKeyId) -> Result<bool, StoreError> {
        let removed = self.write(|connection| {
            diesel::delete(api_keys::table.find((Key::from(scope), Key::from(id)))).execute(connection)
        })?;
        if removed > 0 {
            self.record_change(StateChange::ApiKey(scope.tenant(), id));
        }
        Ok(removed > 0)
    }

    fn remove_api_keys(&mut self, scope: &WriteScope, account: AccountId) -> Result<u64, StoreError> {
        let ids: Vec<Key> = self.write(|connection| {
            let of = api_keys::table
                .filter(api_keys::tenant_id.eq(Key::from(scope)))
                .filter(api_keys::account_id.eq(Key::from(account)));
            diesel::delete(of).returning(api_keys::id).get_results(connection)
        })?;
        for id in &ids {
            self.record_change(StateChange::ApiKey(scope.tenant(), ApiKeyId::from(*id)));
        }
        Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
    }
}
