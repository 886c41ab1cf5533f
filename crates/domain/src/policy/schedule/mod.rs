//! The policy type `schedule`: an endpoint answers at certain hours of certain days alone, by the clock of one place.

mod configuration;
mod span;
mod zone;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::policy::metadata::PolicyEntry;
use crate::policy::policy_type::{ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Rule};
use crate::time::Timestamp;
use configuration::Schedule;
use span::{Span, minute_of};

/// The type `schedule`: `{"zone": "Europe/Berlin", "open": [{"days": ["mon", "tue"], "from": "08:00", "until": "18:00"}],
/// "closed": ["2026-12-24"]}`.
///
/// 1. The hours are those that the clock on the wall shows in the zone. A time is brought to that clock, and never an hour to
///    a time: so an hour that a day lacks is never asked for, and one that it has twice is the same hour both times.
/// 2. A span that ends before it begins goes on into the next day, and is of the day on which it begins.
/// 3. On a date that is closed no hour is open, and no span begins.
/// 4. Several policies are all to be open.
#[derive(Debug, Clone, Copy, Default)]
pub struct ScheduleType;

impl PolicyType for ScheduleType {
    fn name(&self) -> &'static str {
        "schedule"
    }

    fn check_shadow(&self) -> Result<(), &'static str> {
        Ok(())
    }

    fn schema(&self) -> ConfigurationSchema {
        configuration::schema()
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        Ok(Schedule::parse(configuration)?.to_json())
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        let Schedule { zone, open, closed } = Schedule::parse(configuration)?;
        let closed = closed.into_iter().map(|date| (date, format!("closed on {date}").into()));
        Ok(Arc::new(ScheduleRule {
            zone,
            open,
            closed: closed.collect(),
            outside: "outside of the hours".into(),
        }))
    }

    fn is_replayable(&self) -> bool {
        true
    }

    fn refusal(&self) -> PolicyEntry {
        PolicyEntry::rejected(
            self.name(),
            "policy",
            "POLICY_VIOLATION",
            "the endpoint is closed at this time",
        )
    }
}

struct ScheduleRule {
    zone: TimeZone,
    open: Vec<Span>,
    /// With what the owner is told of each.
    closed: BTreeMap<Date, Arc<str>>,
    /// What the owner is told of any other time that is not open.
    outside: Arc<str>,
}

impl ScheduleRule {
    /// Why it is closed, unless it is open.
    fn closing(&self, now: Timestamp) -> Option<&Arc<str>> {
        let Ok(now) = jiff::Timestamp::from_microsecond(now.as_unix_micros()) else {
            // No calendar knows such a time.
            return Some(&self.outside);
        };
        let wall = self.zone.to_datetime(now);
        let (date, minute) = (wall.date(), minute_of(wall.time()));
        if let Some(told) = self.closed.get(&date) {
            return Some(told);
        }
        let day = date.weekday();
        let day_before =
            date.yesterday().ok().filter(|date| !self.closed.contains_key(date)).map(Date::weekday);
        let is_open = self.open.iter().any(|span| {
            span.holds(day, minute) || day_before.is_some_and(|day| span.holds_after(day, minute))
        });
        if is_open { None } else { Some(&self.outside) }
    }
}

impl Rule for ScheduleRule {
    fn evaluate(&self, facts: &Facts<'_>) -> Finding {
        if facts.query.is_none_or(|query| query.any_hour) {
            // Nobody is kept from knowing of the endpoint by the hour.
            return Finding::NotMatched;
        }
        self.closing(facts.now).map_or(Finding::NotMatched, |told| Finding::Matched(Arc::clone(told)))
    }

    fn description(&self) -> String {
        let zone = self.zone.iana_name().unwrap_or("UTC");
        format!("Queries are answered at certain hours, by the clock of {zone}.")
    }
}
