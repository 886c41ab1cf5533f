//! Opening `app.db`. Only a database of ours is opened, one that is whole and not newer than this version.

use std::fs;
use std::path::Path;

use diesel::SqliteConnection;
use syft_space_home::{Home, private_file};

use crate::audit::tree_backlog;
use crate::database::{self, DatabaseKind};
use crate::open_error::OpenError;

/// The largest database that is checked whole on each start. It takes some 20 ms.
const MAX_CHECKED_BYTES: u64 = 16 << 20;

/// Makes a folder a home, or checks that it is one. A folder whose `app.db` is not ours is left as it is.
///
/// # Errors
/// As for [`Home::prepare`], and when there is an `app.db` that is foreign, newer, read-only, or a link.
pub fn prepare_home(path: &Path) -> Result<Home, OpenError> {
    Home::prepare(path, |app_db| DatabaseKind::App.recognise(app_db))
}

/// Opens a home's `app.db`, or creates it.
pub(crate) fn open_app(home: &Home) -> Result<SqliteConnection, OpenError> {
    let path = home.app_db();
    let size = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    let wal_bytes = size(&database::with_suffix(&path, "-wal"));
    if DatabaseKind::App.recognise(&path)? {
        for file in [path.clone()].into_iter().chain(database::sidecar_files(&path)) {
            private_file::restrict(&file).map_err(|error| OpenError::io(&file, &error))?;
        }
    } else if wal_bytes > 0 {
        let damage = "app.db-wal is there without it".to_owned();
        return Err(OpenError::Damaged { path, damage });
    } else if !home.dataset_folders().map_err(|error| OpenError::io(home.path(), &error))?.is_empty() {
        // Those of a new one would be taken for what a removal has left.
        let damage = "it is missing or empty, and datasets of tenants are there".to_owned();
        return Err(OpenError::Damaged { path, damage });
    } else {
        DatabaseKind::App.create(&path)?;
    }
    let mut connection = database::connect(&path)?;
    // Whoever closes a database in order leaves no write-ahead log.
    if wal_bytes > 0 || size(&path) <= MAX_CHECKED_BYTES {
        database::quick_check(&path, &mut connection)?;
    }
    DatabaseKind::App.migrate(&path, &mut connection)?;
    tree_backlog::fill(&mut connection).map_err(|error| OpenError::sqlite(&path, &error.to_string()))?;
    Ok(connection)
}
