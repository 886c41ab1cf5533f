//! The encoding of ids, times and numbers in columns.

use std::fmt;
use std::str::FromStr;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Binary;
use diesel::sqlite::Sqlite;
use syft_space_domain::ids::{
    AccountId, ActorId, ApiKeyId, ApprovalId, DatasetId, EndpointId, EventId, GroupId, HubId, InvitationId,
    JobId, LegalHoldId, ListingId, MarketplaceId, OidcProviderId, PolicyId, RequestId, SessionId, TenantId,
};
use syft_space_domain::marketplace::SatelliteId;
use syft_space_domain::page::{Cursor, Page, PageItem, PageLimit};
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};

/// A BLOB of a fixed length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub(crate) struct Bytes<const N: usize>(pub(crate) [u8; N]);

/// An id as its 16 bytes.
pub(crate) type Key = Bytes<16>;

impl<const N: usize> ToSql<Binary, Sqlite> for Bytes<N> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_slice());
        Ok(IsNull::No)
    }
}

impl<const N: usize> FromSql<Binary, Sqlite> for Bytes<N> {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(value.read_blob().try_into()?))
    }
}

macro_rules! id_keys {
    ($($id:ident),*) => {$(
        impl From<$id> for Key {
            fn from(id: $id) -> Self {
                Self(*id.as_bytes())
            }
        }

        impl From<Key> for $id {
            fn from(key: Key) -> Self {
                Self::from_bytes(key.0)
            }
        }
    )*};
}

id_keys!(
    AccountId,
    ActorId,
    ApiKeyId,
    ApprovalId,
    LegalHoldId,
    DatasetId,
    EndpointId,
    EventId,
    GroupId,
    HubId,
    InvitationId,
    JobId,
    ListingId,
    MarketplaceId,
    OidcProviderId,
    PolicyId,
    RequestId,
    SatelliteId,
    SessionId,
    TenantId
);

/// Writes rows by as few statements as there are sizes of: each size is a statement that is prepared once, and of a list one would be
/// prepared each time.
macro_rules! in_batches {
    ($all:expr, |$rows:ident| $write:expr) => {{
        let (large, rest) = $all.as_chunks::<16>();
        let (small, rest) = rest.as_chunks::<4>();
        for $rows in large {
            $write;
        }
        for $rows in small {
            $write;
        }
        for $rows in rest {
            $write;
        }
    }};
}
pub(crate) use in_batches;

impl From<&TenantScope> for Key {
    fn from(scope: &TenantScope) -> Self {
        scope.tenant().into()
    }
}

impl From<&WriteScope> for Key {
    fn from(scope: &WriteScope) -> Self {
        scope.tenant().into()
    }
}

impl From<TokenHash> for Bytes<32> {
    fn from(hash: TokenHash) -> Self {
        Self(hash.0)
    }
}

/// The key that a page in ascending order begins after. The first page begins after the empty one, the smallest.
pub(crate) fn after_key<K: Into<Key>>(after: Option<Cursor<K>>) -> Vec<u8> {
    after.map(|Cursor(key)| key.into().0.to_vec()).unwrap_or_default()
}

/// The key that a page in descending order begins before. The first page begins before one that is longer, and so
/// greater, than any.
pub(crate) fn before_key<K: Into<Key>>(after: Option<Cursor<K>>) -> Vec<u8> {
    after.map_or_else(|| vec![u8::MAX; 17], |Cursor(key)| key.into().0.to_vec())
}

/// The limit of a query: one row more than the page holds tells that another page follows.
pub(crate) fn limit_plus_one(limit: PageLimit) -> i64 {
    i64::try_from(limit.get()).map_or(i64::MAX, |limit| limit.saturating_add(1))
}

/// Makes a page of the rows that a query gives, and stops it when the page is full. A row that cannot be parsed is no
/// failure of the query: what else is read from the same snapshot is good.
pub(crate) fn read_page<R, T: PageItem, K>(
    rows: impl IntoIterator<Item = QueryResult<R>>,
    limit: PageLimit,
    parse: impl Fn(R) -> Result<(K, T), StoreError>,
) -> QueryResult<Result<Page<T, K>, StoreError>> {
    match Page::read(rows, limit, |row| parse(row.map_err(Err)?).map_err(Ok)) {
        Ok(page) => Ok(Ok(page)),
        Err(Ok(unreadable)) => Ok(Err(unreadable)),
        Err(Err(error)) => Err(error),
    }
}

/// A count as SQLite's integer.
pub(crate) fn to_i64(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::failed("a number is too large to be stored"))
}

/// A count from SQLite's integer.
pub(crate) fn to_u64(stored: i64) -> Result<u64, StoreError> {
    u64::try_from(stored).map_err(|_| StoreError::failed("a stored number is negative"))
}

/// Parses a column's text. The text itself stays out of the error: it may be personal.
pub(crate) fn parse<T>(column: &str, text: &str) -> Result<T, StoreError>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    text.parse().map_err(|error: T::Err| unreadable_column(column, &error))
}

/// The error for a column whose content is not what it should be.
pub(crate) fn unreadable_column(column: &str, error: &dyn fmt::Display) -> StoreError {
    StoreError::Failed(format!("what is stored as {column} cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_does_not_fit_is_refused_and_not_bent() {
        assert_eq!(to_i64(u64::MAX), Err(StoreError::failed("a number is too large to be stored")));
        assert_eq!(to_i64(7).and_then(to_u64), Ok(7));
        assert!(to_u64(-1).is_err());
    }

    #[test]
    fn an_unreadable_column_is_named_without_what_it_holds() {
        let error = parse::<u8>("accounts.status", "person@example.org").unwrap_err().to_string();
        assert!(error.contains("accounts.status"), "{error}");
        assert!(!error.contains("person"), "{error}");
    }
}
