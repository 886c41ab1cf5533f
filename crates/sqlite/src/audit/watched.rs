//! How far each log was looked at for detections.

use diesel::prelude::*;
use syft_space_domain::audit::ports::{LogPosition, LogScope, LogWriteScope};
use syft_space_domain::audit::tree::BLOCK_LEAVES;
use syft_space_domain::audit::{Action, Log, RecordedEvent};
use syft_space_domain::detection::ports::{DetectionRows, DetectionView};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::OperatorScope;

use crate::audit::checkpoint::LOGS_PER_READ;
use crate::audit::page::{EventRow, EventWithPerson, PersonRow, recorded_event};
use crate::audit::{has_ended, log_key, log_of_key, same_event};
use crate::codec::{Key, to_i64, to_u64};
use crate::error::Failed;
use crate::schema::{audit_events, audit_logs, audit_persons, audit_watched};
use crate::session::Session;

impl DetectionView for Session<'_> {
    fn unwatched_logs(
        &mut self,
        _operator: &OperatorScope,
        after: Option<Log>,
    ) -> Result<Vec<LogPosition>, StoreError> {
        let rows: Vec<(Key, Option<i64>)> = self.read(|connection| {
            let behind = audit_watched::seq
                .is_null()
                .or(audit_watched::seq.assume_not_null().lt(audit_logs::last_seq));
            audit_logs::table
                .left_join(audit_watched::table.on(audit_watched::log.eq(audit_logs::log)))
                .filter(audit_logs::log.gt(after.map(|log| log_key(log).0.to_vec()).unwrap_or_default()))
                .filter(audit_logs::last_seq.gt(0))
                .filter(behind)
                .order(audit_logs::log)
                .limit(i64::from(LOGS_PER_READ))
                .select((audit_logs::log, audit_watched::seq.nullable()))
                .load(connection)
        })?;
        let position = |(log, seq): (Key, Option<i64>)| {
            Ok(LogPosition { log: log_of_key(log), seq: to_u64(seq.unwrap_or(0))? })
        };
        rows.into_iter().map(position).collect()
    }

    fn next_watched(
        &mut self,
        log: LogScope<'_>,
        behind: u64,
        actions: &[Action],
    ) -> Result<(u64, Vec<RecordedEvent>), StoreError> {
        let log = Log::from(log);
        self.read(|connection| {
            let last = audit_logs::table.find(log_key(log)).select(audit_logs::last_seq);
            let last = to_u64(last.first::<i64>(connection).optional()?.unwrap_or(0))?;
            let to = behind.saturating_add(BLOCK_LEAVES).min(last).max(behind);
            let rows: Vec<EventWithPerson> = audit_events::table
                .left_join(audit_persons::table.on(same_event()))
                .filter(audit_events::log.eq(log_key(log)))
                .filter(audit_events::seq.gt(to_i64(behind)?))
                .filter(audit_events::seq.le(to_i64(to)?))
                .filter(audit_events::action.eq_any(actions.iter().map(|action| action.as_str())))
                .order(audit_events::seq)
                .select((EventRow::as_select(), Option::<PersonRow>::as_select()))
                .load(connection)?;
            let events = rows.into_iter().map(|row| recorded_event(log, row));
            Ok::<_, Failed>((to, events.collect::<Result<_, _>>()?))
        })
    }

    fn watched(&mut self, log: LogScope<'_>) -> Result<u64, StoreError> {
        let row = audit_watched::table.find(log_key(log.into())).select(audit_watched::seq);
        let seq: Option<i64> = self.read(|connection| row.first(connection).optional())?;
        to_u64(seq.unwrap_or(0))
    }
}

impl DetectionRows for Session<'_> {
    fn advance_watched(&mut self, log: &LogWriteScope, from: u64, to: u64) -> Result<bool, StoreError> {
        let key = log_key(log.log());
        let row = audit_watched::table.find(key).select(audit_watched::seq);
        // Nobody else writes, so what is read here stays until it is replaced.
        let now: Option<i64> = self.read(|connection| row.first(connection).optional())?;
        if to_u64(now.unwrap_or(0))? != from || self.read(|connection| has_ended(connection, key))? {
            return Ok(false);
        }
        let seq = to_i64(to)?;
        self.write(|connection| {
            diesel::replace_into(audit_watched::table)
                .values((audit_watched::log.eq(key), audit_watched::seq.eq(seq)))
                .execute(connection)
        })?;
        Ok(true)
    }
}
