//! Opening `app.db`. Only a database of ours is opened, one that is whole and not newer than this version.

use std::fs;
use std::path::Path;

use diesel::SqliteConnection;

use crate::database::{self, DatabaseKind};
use crate::home::Home;
use crate::open_error::OpenError;
use crate::private_fs;

/// The largest database that is checked whole on each start. It takes some 20 ms.
const MAX_CHECKED_BYTES: u64 = 16 << 20;

/// Opens a home's `app.db`, or creates it.
pub(crate) fn open_app(home: &Home) -> Result<SqliteConnection, OpenError> {
    let path = home.app_db();
    let size = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    let wal_bytes = size(&database::with_suffix(&path, "-wal"));
    if DatabaseKind::App.recognise(&path)? {
        for file in [path.clone()].into_iter().chain(database::sidecar_files(&path)) {
            private_fs::restrict(&file).map_err(|error| OpenError::io(&file, &error))?;
        }
    } else if wal_bytes > 0 {
        let damage = "app.db-wal is there without it".to_owned();
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
    Ok(connection)
}
