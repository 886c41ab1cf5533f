//! The newest signed checkpoint of each log, and which logs are of another size since.

use diesel::prelude::*;
use syft_space_domain::audit::ports::{AuditRows, LogWriteScope};
use syft_space_domain::audit::{Log, SignedCheckpoint};
use syft_space_domain::store::StoreError;

use crate::audit::{has_ended, log_key, log_of_key};
use crate::codec::{Key, to_i64, to_u64};
use crate::error::Failed;
use crate::schema::{audit_checkpoints, audit_logs};
use crate::session::Session;

/// How many logs are looked at in one read.
pub(super) const LOGS_PER_READ: u8 = 100;

pub(super) fn load_checkpoint(
    connection: &mut SqliteConnection,
    log: Log,
) -> Result<Option<SignedCheckpoint>, Failed> {
    let row = audit_checkpoints::table
        .find(log_key(log))
        .select((audit_checkpoints::size, audit_checkpoints::note))
        .first::<(i64, String)>(connection)
        .optional()?;
    Ok(row
        .map(|(size, note)| Ok::<_, StoreError>(SignedCheckpoint { size: to_u64(size)?, note }))
        .transpose()?)
}

pub(super) fn load_grown_logs(
    connection: &mut SqliteConnection,
    after: Option<Log>,
) -> Result<Vec<Log>, Failed> {
    // One that is shorter was cut: that is to be found out, too.
    let other = audit_checkpoints::size.assume_not_null().ne(audit_logs::last_seq);
    let grown = audit_checkpoints::size.is_null().or(other);
    let behind = after.map(|log| log_key(log).0.to_vec()).unwrap_or_default();
    let mut logs = audit_logs::table
        .left_join(audit_checkpoints::table.on(audit_checkpoints::log.eq(audit_logs::log)))
        .filter(audit_logs::log.gt(behind.clone()))
        .filter(grown)
        .order(audit_logs::log)
        .limit(i64::from(LOGS_PER_READ))
        .select(audit_logs::log)
        .load::<Key>(connection)?;
    // One whose end is not told any more has nothing to be compared by.
    let lost = audit_checkpoints::table
        .left_join(audit_logs::table.on(audit_logs::log.eq(audit_checkpoints::log)))
        .filter(audit_checkpoints::log.gt(behind))
        .filter(audit_logs::log.nullable().is_null())
        .order(audit_checkpoints::log)
        .limit(i64::from(LOGS_PER_READ))
        .select(audit_checkpoints::log)
        .load::<Key>(connection)?;
    logs.extend(lost);
    let mut logs: Vec<Log> = logs.into_iter().map(log_of_key).collect();
    logs.sort_unstable();
    logs.truncate(usize::from(LOGS_PER_READ));
    Ok(logs)
}

impl AuditRows for Session<'_> {
    fn keep_checkpoint(
        &mut self,
        log: &LogWriteScope,
        checkpoint: &SignedCheckpoint,
    ) -> Result<(), StoreError> {
        let (key, size) = (log_key(log.log()), to_i64(checkpoint.size)?);
        let kept = audit_checkpoints::table.find(key).select(audit_checkpoints::size);
        // Nobody else writes, so what is read here stays until it is replaced.
        let kept: Option<i64> = self.read(|connection| kept.first(connection).optional())?;
        let has_ended = self.read(|connection| has_ended(connection, key))?;
        if !has_ended && kept.is_none_or(|kept| kept < size) {
            self.write(|connection| {
                diesel::replace_into(audit_checkpoints::table)
                    .values((
                        audit_checkpoints::log.eq(key),
                        audit_checkpoints::size.eq(size),
                        audit_checkpoints::note.eq(&checkpoint.note),
                    ))
                    .execute(connection)
            })?;
        }
        Ok(())
    }
}
