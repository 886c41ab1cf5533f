//! Overwriting what deleted rows have left where `secure_delete` does not reach.
//!
//! `secure_delete` overwrites a row where it stands, and pages that are given up. But when SQLite spreads the cells of neighbouring pages anew
//! (`rebuildPage`), the bytes that a page had where it has none any more stay: copies of rows, in the unused part between the array of cells
//! and the cells, until the page has need of that place. `VACUUM` would write every page anew, with nobody else writing meanwhile, and needs the
//! database's size twice over. Here each page is looked at instead, beside all other work, and what stands in its unused part is overwritten
//! in short transactions, through [`sqlite_dbpage`](https://sqlite.org/dbpage.html). It needs no place on the disk but for the
//! write-ahead log. A crash leaves a database that is whole, and some pages that are clean already.
//!
//! No such copy of a row comes up once the row is deleted. But one may get another page number while pages are looked at: SQLite
//! gives neighbours their numbers in ascending order. So all pages are looked at as of one snapshot, and behind that those
//! that were written since, as the write-ahead log has it, up to its end between two transactions. At last the log is emptied: it holds what pages
//! were before.

mod overwriter;
mod page;
mod wal;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use diesel::connection::{DefaultLoadingMode, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use syft_space_domain::store::StoreError;

pub(crate) use self::overwriter::Overwriter;
use self::page::{MAX_PAGES, has_remains, without_remains};
use self::wal::WalPages;
use crate::database;
use crate::error::{Failed, store_error};

diesel::table! {
    /// Every page of the database, as it lies on the disk.
    sqlite_dbpage (pgno) {
        pgno -> BigInt,
        data -> Binary,
    }
}

/// How many pages one transaction cleans.
const PAGES_AT_ONCE: usize = 256;
/// How many pages are cleaned beside one snapshot: as long as it is held, the write-ahead log keeps all of them. It is twice as many each time
/// that they were too many.
const PAGES_PER_SNAPSHOT: usize = 16_384;
/// How often it is tried to empty the write-ahead log: a read that goes on may stand against it.
const ATTEMPTS: usize = 100;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(100);

/// What is done on the one connection that writes, between two transactions.
pub(crate) type Work = Box<dyn FnOnce(&mut SqliteConnection) -> Result<bool, Failed> + Send>;

/// A database that is to be cleaned.
pub(crate) trait Cleaned {
    /// Where it lies.
    fn path(&self) -> &Path;
    /// A new connection to it, beside the one that writes; `None` where it is gone.
    fn reader(&self) -> Result<Option<SqliteConnection>, StoreError>;
    /// Has work done on the connection that writes, and waits for it. Where the database is gone it answers `true`.
    fn run(&self, work: Work) -> Result<bool, StoreError>;
    /// Whether somebody still wants it.
    fn goes_on(&self) -> bool;
}

/// Overwrites what rows that are deleted by now have left in a database, and empties its write-ahead log. Others read meanwhile, and write on
/// the one connection that does.
///
/// # Errors
/// When the database fails, a read stands against it for long, or it is stopped. What is overwritten by then stays so.
pub(crate) fn overwrite_remains(cleaned: &dyn Cleaned) -> Result<(), StoreError> {
    let mut per_snapshot = PAGES_PER_SNAPSHOT;
    while !look_at_all(cleaned, per_snapshot)? {
        per_snapshot = per_snapshot.saturating_mul(2);
    }
    for _ in 0..ATTEMPTS {
        if cleaned.run(Box::new(|connection| Ok(database::try_to_empty_wal(connection)?)))? {
            return Ok(());
        }
        go_on(cleaned)?;
        thread::sleep(BETWEEN_ATTEMPTS);
    }
    Err(StoreError::Busy)
}

/// Looks at all pages. Answers whether they were looked at as of one snapshot; where there is much to clean they are not, and the next
/// time there is less.
fn look_at_all(cleaned: &dyn Cleaned, per_snapshot: usize) -> Result<bool, StoreError> {
    let Some(mut reader) = cleaned.reader()? else { return Ok(true) };
    database::make_read_only(&mut reader).map_err(|error| store_error(&error))?;
    // Pages that say where others lie, which such a database has besides, cannot be told from those of a B-tree.
    let moves_pages: i64 = diesel::dsl::sql::<BigInt>("SELECT auto_vacuum FROM pragma_auto_vacuum")
        .get_result(&mut reader)
        .map_err(|error| store_error(&error))?;
    if moves_pages != 0 {
        return Err(StoreError::failed("a database with auto_vacuum cannot be cleaned"));
    }
    let (mut next, mut snapshots) = (Some(1), 0_usize);
    while let Some(first) = next {
        // SQLite takes the snapshot with the first read.
        let begun = reader.batch_execute("BEGIN; SELECT count(*) FROM sqlite_schema;");
        begun.map_err(|error| store_error(&error))?;
        next = look_at_some(&mut reader, (first, per_snapshot), cleaned)?;
        snapshots += 1;
        if next.is_none() && snapshots == 1 {
            clean_written(cleaned)?;
        }
        reader.batch_execute("ROLLBACK").map_err(|error| store_error(&error))?;
    }
    Ok(snapshots == 1)
}

/// Looks at pages as of one snapshot. Answers where to go on with the next, if there are more.
fn look_at_some(
    reader: &mut SqliteConnection,
    (first, most): (u32, usize),
    cleaned: &dyn Cleaned,
) -> Result<Option<u32>, StoreError> {
    let pages = sqlite_dbpage::table
        .filter(sqlite_dbpage::pgno.ge(i64::from(first)))
        .select((sqlite_dbpage::pgno, sqlite_dbpage::data))
        .load_iter::<(i64, Vec<u8>), DefaultLoadingMode>(reader)
        .map_err(|error| store_error(&error))?;
    let (mut found, mut overwritten) = (Vec::new(), 0);
    for page in pages {
        let (number, data) = page.map_err(|error| store_error(&error))?;
        let number = u32::try_from(number).ok().filter(|number| *number < MAX_PAGES);
        let number =
            number.ok_or_else(|| StoreError::failed("the database has too many pages to be cleaned"))?;
        go_on(cleaned)?;
        if !has_remains(number, &data) {
            continue;
        }
        found.push(number);
        if found.len() == PAGES_AT_ONCE {
            overwritten += found.len();
            clean_pages(std::mem::take(&mut found), cleaned)?;
        }
        if overwritten >= most {
            return Ok(Some(number.saturating_add(1)));
        }
    }
    clean_pages(found, cleaned)?;
    Ok(None)
}

fn go_on(cleaned: &dyn Cleaned) -> Result<(), StoreError> {
    if cleaned.goes_on() { Ok(()) } else { Err(StoreError::Closed) }
}

fn clean_pages(pages: Vec<u32>, cleaned: &dyn Cleaned) -> Result<(), StoreError> {
    if !pages.is_empty() {
        cleaned.run(Box::new(move |connection| clean(connection, &pages).map(|()| true)))?;
    }
    Ok(())
}

/// Cleans the pages that were written since the snapshot that is held.
fn clean_written(cleaned: &dyn Cleaned) -> Result<(), StoreError> {
    let wal = Arc::new(Mutex::new(WalPages::of(cleaned.path())));
    loop {
        let wal = Arc::clone(&wal);
        let is_all = cleaned.run(Box::new(move |connection| {
            let written = wal.lock().unwrap_or_else(PoisonError::into_inner).next();
            let (mut pages, is_all) = written.map_err(StoreError::failed)?;
            pages.sort_unstable();
            pages.dedup();
            clean(connection, &pages)?;
            Ok(is_all)
        }))?;
        if is_all {
            return Ok(());
        }
    }
}

/// Overwrites what stands in the unused parts of these pages, as they are now.
fn clean(connection: &mut SqliteConnection, pages: &[u32]) -> Result<(), Failed> {
    database::transaction(connection, |connection| {
        for number in pages {
            let page = sqlite_dbpage::table.find(i64::from(*number));
            let data: Option<Vec<u8>> = page.select(sqlite_dbpage::data).first(connection).optional()?;
            if let Some(clean) = data.and_then(|data| without_remains(*number, data)) {
                diesel::update(page).set(sqlite_dbpage::data.eq(clean)).execute(connection)?;
            }
        }
        Ok(())
    })
}
