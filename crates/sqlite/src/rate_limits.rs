//! What was taken of rate limits: `limits.db` in the home, a database of its own. It is written once a second, and need not
//! be as durable as the rest: so no write of the store waits for it, nor for its syncing.

use std::sync::{Mutex, MutexGuard, PoisonError};

use diesel::SqliteConnection;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::upsert::excluded;
use syft_space_domain::policy::ports::RateLimitStore;
use syft_space_domain::policy::{LimitKey, TakenLimit};
use syft_space_domain::store::StoreError;
use syft_space_domain::time::Timestamp;
use syft_space_home::{Home, private_file};

use crate::database::{self, DatabaseKind};
use crate::error::Failed;
use crate::open_error::OpenError;

diesel::table! {
    taken_limits (key) {
        key -> Binary,
        until -> BigInt,
        part -> BigInt,
    }
}

/// A commit is with the system when it returns, and outlives the process; it may be lost where the power fails. `secure_delete`
/// is off: what is deleted is a digest that names nobody.
const PRAGMAS: &str = "PRAGMA synchronous = NORMAL; PRAGMA secure_delete = OFF; PRAGMA cache_size = -2048;";
/// How many rows one statement writes.
const ROWS_AT_ONCE: usize = 500;

/// What was taken of rate limits, in the home's `limits.db`. Whoever makes this holds the home's lock.
pub struct SqliteRateLimits(Mutex<SqliteConnection>);

impl SqliteRateLimits {
    /// Opens the home's `limits.db`, or creates it.
    ///
    /// # Errors
    /// When there is one that is foreign, newer, read-only, damaged, or a link, or it cannot be created.
    pub fn open(home: &Home) -> Result<Self, OpenError> {
        let path = home.limits_db();
        if DatabaseKind::Limits.recognise(&path)? {
            for file in [path.clone()].into_iter().chain(database::sidecar_files(&path)) {
                private_file::restrict(&file).map_err(|error| OpenError::io(&file, &error))?;
            }
        } else {
            DatabaseKind::Limits.create(&path)?;
        }
        let mut connection = database::connect(&path)?;
        connection.batch_execute(PRAGMAS).map_err(|error| OpenError::database(&path, &error))?;
        database::quick_check(&path, &mut connection)?;
        DatabaseKind::Limits.migrate(&path, &mut connection)?;
        Ok(Self(Mutex::new(connection)))
    }

    fn connection(&self) -> MutexGuard<'_, SqliteConnection> {
        // A transaction that a panic cut off is rolled back by the next one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RateLimitStore for SqliteRateLimits {
    fn load(&self) -> Result<Vec<TakenLimit>, StoreError> {
        let rows: Vec<(Vec<u8>, i64, i64)> =
            taken_limits::table.load(&mut *self.connection()).map_err(Failed::from)?;
        rows.into_iter().map(taken).collect()
    }

    fn save(&self, changed: &[TakenLimit], now: Timestamp) -> Result<(), StoreError> {
        let saved = database::transaction(&mut self.connection(), |connection| {
            for changed in changed.chunks(ROWS_AT_ONCE) {
                let rows: Vec<_> = changed.iter().map(row).collect();
                diesel::insert_into(taken_limits::table)
                    .values(&rows)
                    .on_conflict(taken_limits::key)
                    .do_update()
                    .set((
                        taken_limits::until.eq(excluded(taken_limits::until)),
                        taken_limits::part.eq(excluded(taken_limits::part)),
                    ))
                    .execute(connection)?;
            }
            let whole = taken_limits::until.lt(now.as_unix_micros());
            diesel::delete(taken_limits::table.filter(whole)).execute(connection)?;
            Ok(())
        });
        Ok(saved?)
    }
}

type Row = (
    diesel::dsl::Eq<taken_limits::key, Vec<u8>>,
    diesel::dsl::Eq<taken_limits::until, i64>,
    diesel::dsl::Eq<taken_limits::part, i64>,
);

fn row(taken: &TakenLimit) -> Row {
    (
        taken_limits::key.eq(taken.key.as_bytes().to_vec()),
        taken_limits::until.eq(taken.until.as_unix_micros()),
        taken_limits::part.eq(i64::from(taken.part)),
    )
}

fn taken((key, until, part): (Vec<u8>, i64, i64)) -> Result<TakenLimit, StoreError> {
    let key = <[u8; 16]>::try_from(key).map_err(|_| StoreError::failed("a limit's key has not 16 bytes"))?;
    let part = u32::try_from(part).map_err(StoreError::failed)?;
    Ok(TakenLimit { key: LimitKey::from_bytes(key), until: Timestamp::from_unix_micros(until), part })
}
