//! How far each sink has the logs.

use std::collections::BTreeMap;

use syft_space_domain::audit::Log;
use syft_space_domain::audit::ports::{LogPosition, LogScope, LogWriteScope};
use syft_space_domain::sink::ports::{SinkRows, SinkView};
use syft_space_domain::sink::{SinkChange, SinkLogs, SinkName, SinkStart, SinkTerms};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::OperatorScope;

use crate::audit::LOGS_PER_READ;
use crate::transaction::Transaction;

fn gets(logs: SinkLogs, log: Log) -> bool {
    logs == SinkLogs::All || log == Log::Installation
}

impl SinkView for Transaction {
    fn undelivered_logs(
        &mut self,
        _operator: &OperatorScope,
        sink: &SinkName,
        logs: SinkLogs,
        after: Option<Log>,
    ) -> Result<Vec<LogPosition>, StoreError> {
        let behind = self.tables.logs.sizes().filter_map(|(log, size)| {
            let seq = self.tables.delivered.get(&(sink.clone(), log)).copied().unwrap_or(0);
            let is_next = gets(logs, log) && after.is_none_or(|after| log > after) && seq < size;
            is_next.then_some(LogPosition { log, seq })
        });
        Ok(behind.take(LOGS_PER_READ).collect())
    }

    fn delivered(&mut self, sink: &SinkName, log: LogScope<'_>) -> Result<u64, StoreError> {
        Ok(self.tables.delivered.get(&(sink.clone(), log.into())).copied().unwrap_or(0))
    }

    fn least_delivered(&mut self, log: LogScope<'_>) -> Result<Option<u64>, StoreError> {
        let log = Log::from(log);
        let getting = self.tables.sinks.values().filter(|terms| gets(terms.logs, log));
        let has =
            |terms: &SinkTerms| self.tables.delivered.get(&(terms.name.clone(), log)).copied().unwrap_or(0);
        Ok(getting.map(has).min())
    }
}

impl SinkRows for Transaction {
    fn settle_sinks(
        &mut self,
        _operator: &OperatorScope,
        sinks: &[SinkTerms],
    ) -> Result<Vec<(SinkName, SinkChange)>, StoreError> {
        let named = |name: &SinkName| sinks.iter().find(|terms| terms.name == *name);
        let gone = self.tables.sinks.keys().filter(|name| named(name).is_none());
        let mut changes: BTreeMap<_, _> = gone.map(|name| (name.clone(), SinkChange::Removed)).collect();
        self.tables.sinks.retain(|name, _| named(name).is_some());
        self.tables
            .delivered
            .retain(|(name, log), _| named(name).is_some_and(|terms| gets(terms.logs, *log)));
        for terms in sinks {
            let SinkTerms { name, logs, start, target } = terms;
            let before = self.tables.sinks.insert(name.clone(), terms.clone());
            match &before {
                None => drop(changes.insert(name.clone(), SinkChange::Added)),
                Some(before) if (before.logs, before.target) != (*logs, *target) => {
                    let changed =
                        SinkChange::Changed { logs: before.logs != *logs, target: before.target != *target };
                    changes.insert(name.clone(), changed);
                }
                Some(_) => {}
            }
            let before = before.map(|before| before.logs);
            if *start == SinkStart::Beginning {
                continue;
            }
            let begins = |log: Log| gets(*logs, log) && before.is_none_or(|before| !gets(before, log));
            for (log, size) in self.tables.logs.sizes().filter(|(log, _)| begins(*log)) {
                self.tables.delivered.insert((name.clone(), log), size);
            }
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
        if self.tables.has_ended(log.log()) {
            return Ok(false);
        }
        let seq = self.tables.delivered.entry((sink.clone(), log.log())).or_default();
        let is_there = *seq == from;
        if is_there {
            *seq = to;
        }
        Ok(is_there)
    }
}
