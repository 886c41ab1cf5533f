//! How far each sink has the logs.

use std::collections::BTreeMap;

use diesel::prelude::*;
use syft_space_domain::audit::Log;
use syft_space_domain::audit::ports::{LogPosition, LogScope, LogWriteScope};
use syft_space_domain::sink::ports::{SinkRows, SinkView};
use syft_space_domain::sink::{SinkChange, SinkLogs, SinkName, SinkStart, SinkTerms};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::OperatorScope;

use crate::audit::checkpoint::LOGS_PER_READ;
use crate::audit::{has_ended, log_key, log_of_key};
use crate::codec::{Bytes, Key, parse, to_i64, to_u64};
use crate::schema::{audit_logs, audit_sink_positions, audit_sinks};
use crate::session::Session;

/// The last key of the logs that a sink gets: the installation's is the first of all.
fn last_key(logs: SinkLogs) -> Key {
    match logs {
        SinkLogs::Installation => log_key(Log::Installation),
        SinkLogs::All => Bytes([u8::MAX; 16]),
    }
}

impl SinkView for Session<'_> {
    fn undelivered_logs(
        &mut self,
        _operator: &OperatorScope,
        sink: &SinkName,
        logs: SinkLogs,
        after: Option<Log>,
    ) -> Result<Vec<LogPosition>, StoreError> {
        let rows: Vec<(Key, Option<i64>)> = self.read(|connection| {
            let lacks = audit_sink_positions::seq
                .is_null()
                .or(audit_sink_positions::seq.assume_not_null().lt(audit_logs::last_seq));
            let of_sink = audit_sink_positions::log
                .eq(audit_logs::log)
                .and(audit_sink_positions::sink.eq(sink.as_str()));
            audit_logs::table
                .left_join(audit_sink_positions::table.on(of_sink))
                .filter(audit_logs::log.gt(after.map(|log| log_key(log).0.to_vec()).unwrap_or_default()))
                .filter(audit_logs::log.le(last_key(logs)))
                .filter(audit_logs::last_seq.gt(0))
                .filter(lacks)
                .order(audit_logs::log)
                .limit(i64::from(LOGS_PER_READ))
                .select((audit_logs::log, audit_sink_positions::seq.nullable()))
                .load(connection)
        })?;
        let position = |(log, seq): (Key, Option<i64>)| {
            Ok(LogPosition { log: log_of_key(log), seq: to_u64(seq.unwrap_or(0))? })
        };
        rows.into_iter().map(position).collect()
    }

    fn delivered(&mut self, sink: &SinkName, log: LogScope<'_>) -> Result<u64, StoreError> {
        let row = audit_sink_positions::table.find((log_key(log.into()), sink.as_str()));
        let row = row.select(audit_sink_positions::seq);
        let seq: Option<i64> = self.read(|connection| row.first(connection).optional())?;
        to_u64(seq.unwrap_or(0))
    }

    fn least_delivered(&mut self, log: LogScope<'_>) -> Result<Option<u64>, StoreError> {
        let key = log_key(log.into());
        let of_log = audit_sink_positions::sink.eq(audit_sinks::name).and(audit_sink_positions::log.eq(key));
        let rows: Vec<(String, Option<i64>)> = self.read(|connection| {
            audit_sinks::table
                .left_join(audit_sink_positions::table.on(of_log))
                .select((audit_sinks::logs, audit_sink_positions::seq.nullable()))
                .load(connection)
        })?;
        let mut least = None;
        for (logs, seq) in rows {
            if key.0 <= last_key(parse("audit_sinks.logs", &logs)?).0 {
                let seq = to_u64(seq.unwrap_or(0))?;
                least = Some(least.map_or(seq, |least: u64| least.min(seq)));
            }
        }
        Ok(least)
    }
}

/// Begins logs behind what stands in them: those whose keys are behind one, up to another, or the first ones.
fn begin_behind(
    connection: &mut SqliteConnection,
    sink: &str,
    after: Option<Key>,
    up_to: Key,
) -> QueryResult<()> {
    let after = after.map(|key| key.0.to_vec()).unwrap_or_default();
    let logs = audit_logs::table
        .filter(audit_logs::log.gt(after))
        .filter(audit_logs::log.le(up_to))
        .filter(audit_logs::last_seq.gt(0))
        .select((audit_logs::log, sink.into_sql::<diesel::sql_types::Text>(), audit_logs::last_seq));
    diesel::insert_or_ignore_into(audit_sink_positions::table)
        .values(logs)
        .into_columns((audit_sink_positions::log, audit_sink_positions::sink, audit_sink_positions::seq))
        .execute(connection)?;
    Ok(())
}

#[derive(Queryable)]
struct SinkRow {
    name: String,
    logs: String,
    /// Of one from before it was kept there is none.
    target: Option<Bytes<32>>,
}

impl Session<'_> {
    /// Keeps the terms of a sink, which got these logs before, and begins those that it did not get.
    fn settle_sink(&mut self, terms: &SinkTerms, before: Option<SinkLogs>) -> Result<(), StoreError> {
        let SinkTerms { name, logs, start, target } = terms;
        self.write(|connection| {
            let row = (
                audit_sinks::name.eq(name.as_str()),
                audit_sinks::logs.eq(logs.as_str()),
                audit_sinks::target.eq(Bytes(*target)),
            );
            diesel::replace_into(audit_sinks::table).values(row).execute(connection)?;
            if before == Some(*logs) {
                return Ok(());
            }
            // What it gets no more begins anew, should it get it again.
            let kept = last_key(*logs);
            let beyond = audit_sink_positions::table
                .filter(audit_sink_positions::sink.eq(name.as_str()))
                .filter(audit_sink_positions::log.gt(kept));
            diesel::delete(beyond).execute(connection)?;
            match start {
                SinkStart::Now => begin_behind(connection, name.as_str(), before.map(last_key), kept),
                SinkStart::Beginning => Ok(()),
            }
        })
    }
}

impl SinkRows for Session<'_> {
    fn settle_sinks(
        &mut self,
        _operator: &OperatorScope,
        sinks: &[SinkTerms],
    ) -> Result<Vec<(SinkName, SinkChange)>, StoreError> {
        let before: Vec<SinkRow> = self.read(|connection| audit_sinks::table.load(connection))?;
        let mut known = BTreeMap::new();
        for SinkRow { name, logs, target } in before {
            let logs: SinkLogs = parse("audit_sinks.logs", &logs)?;
            known.insert(parse::<SinkName>("audit_sinks.name", &name)?, (logs, target));
        }
        let mut changes = BTreeMap::new();
        for terms in sinks {
            let before = known.remove(&terms.name);
            self.settle_sink(terms, before.map(|(logs, _)| logs))?;
            let change = match before {
                None => Some(SinkChange::Added),
                Some((logs, target)) => {
                    let logs = logs != terms.logs;
                    let target = target.is_some_and(|Bytes(target)| target != terms.target);
                    (logs || target).then_some(SinkChange::Changed { logs, target })
                }
            };
            changes.extend(change.map(|change| (terms.name.clone(), change)));
        }
        for (gone, _) in known {
            self.write(|connection| {
                diesel::delete(audit_sinks::table.find(gone.as_str())).execute(connection)?;
                let positions =
                    audit_sink_positions::table.filter(audit_sink_positions::sink.eq(gone.as_str()));
                diesel::delete(positions).execute(connection)
            })?;
            changes.insert(gone, SinkChange::Removed);
        }
        Ok(changes.into_iter().collect())
    }

    fn advance_delivered(
        &mut self,
        log: &LogWriteScope,
        sink: &SinkName,
        from: u64,
        to: u64,
    ) -> Result<bool, StoreError> {
        let key = log_key(log.log());
        let row = audit_sink_positions::table.find((key, sink.as_str())).select(audit_sink_positions::seq);
        // Nobody else writes, so what is read here stays until it is replaced.
        let now: Option<i64> = self.read(|connection| row.first(connection).optional())?;
        if to_u64(now.unwrap_or(0))? != from || self.read(|connection| has_ended(connection, key))? {
            return Ok(false);
        }
        let seq = to_i64(to)?;
        self.write(|connection| {
            let row = (
                audit_sink_positions::log.eq(key),
                audit_sink_positions::sink.eq(sink.as_str()),
                audit_sink_positions::seq.eq(seq),
            );
            diesel::replace_into(audit_sink_positions::table).values(row).execute(connection)
        })?;
        Ok(true)
    }
}
