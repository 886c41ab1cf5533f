//! The configuration of a `schedule`: how it is read, and how it is shown.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::span::{DAY, DAYS, Days, Span, read_minute, show_minute};
use super::zone;
use crate::policy::policy_type::{ConfigurationError, ConfigurationSchema};
use crate::policy::settings::settings;

/// The most spans of one policy. Each query pays for each.
const MAX_SPANS: usize = 50;
/// The most dates of one policy: more than a year of them.
const MAX_DATES: usize = 400;

/// A configuration.
pub(super) struct Schedule {
    /// By whose clock.
    pub(super) zone: TimeZone,
    /// When it is open.
    pub(super) open: Vec<Span>,
    /// On which dates it is not.
    pub(super) closed: BTreeSet<Date>,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("name a zone of the IANA time zone database, such as Europe/Berlin")]
    Zone,
    #[error("there is no such zone in the IANA time zone database{}; the names stand in {ZONES}", nearest_is(.0.as_deref()))]
    UnknownZone(Option<String>),
    #[error("write 1 to {MAX_SPANS} spans: with none of them it would never be open")]
    Open,
    #[error(r#"a span is an object such as {{"days": ["mon"], "from": "08:00", "until": "18:00"}}"#)]
    Span,
    #[error("name the days on which the span begins, of mon, tue, wed, thu, fri, sat and sun")]
    Days,
    #[error("from is an hour and a minute, 00:00 to 23:59")]
    From,
    #[error(
        "until is an hour and a minute, 00:01 to 24:00, and that of the next day if it is less than from"
    )]
    Until,
    #[error("a span has at least a minute; a whole day is from 00:00 until 24:00")]
    NoMinute,
    #[error("closed is a list of at most {MAX_DATES} dates")]
    Closed,
    #[error("a date is a day that there is, such as 2026-12-24")]
    Date,
}

/// Where the names of zones stand.
const EXAMPLE: &str = r#"{"zone": "Europe/Berlin", "open": [{"days": ["mon"], "from": "08:00", "until": "18:00"}], "closed": ["2026-12-24"]}"#;
const ZONES: &str = "https://data.iana.org/time-zones/tzdb/zone1970.tab";

fn nearest_is(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("; the nearest is {name}"))
}

impl Problem {
    fn at(&self, pointer: impl Into<String>) -> ConfigurationError {
        ConfigurationError { pointer: pointer.into(), message: self.to_string() }
    }
}

impl Schedule {
    /// Reads `{"zone", "open", "closed"}`, of which the last may be missing.
    pub(super) fn parse(json: &Value) -> Result<Self, ConfigurationError> {
        let object = settings(json, "a schedule", EXAMPLE, &["zone", "open", "closed"])?;
        let zone = object.get("zone").and_then(Value::as_str);
        let zone = zone.filter(|name| !name.is_empty() && name.len() <= zone::MAX_NAME);
        let zone = zone.ok_or_else(|| Problem::Zone.at("/zone"))?;
        let zone = zone::find(zone).ok_or_else(|| Problem::UnknownZone(zone::nearest(zone)).at("/zone"))?;
        let open = object.get("open").and_then(Value::as_array);
        let open = open.filter(|open| (1..=MAX_SPANS).contains(&open.len()));
        let open = open.ok_or_else(|| Problem::Open.at("/open"))?.iter().enumerate();
        let open = open.map(|(index, json)| span(json, &format!("/open/{index}")));
        Ok(Self { zone, open: open.collect::<Result<_, _>>()?, closed: dates(object.get("closed"))? })
    }

    /// The configuration in the form that is shown and stored.
    pub(super) fn to_json(&self) -> Value {
        let open = self.open.iter().map(|span| {
            let days = DAYS.iter().filter(|(_, day)| span.days.hold(*day)).map(|(name, _)| *name);
            let days: Vec<_> = days.collect();
            json!({ "days": days, "from": show_minute(span.from), "until": show_minute(span.until) })
        });
        let open: Vec<_> = open.collect();
        let closed: Vec<_> = self.closed.iter().map(Date::to_string).collect();
        json!({ "zone": self.zone.iana_name(), "open": open, "closed": closed })
    }
}

/// An object with these keys alone.
fn object<'a>(json: &'a Value, known: &[&str]) -> Option<&'a Map<String, Value>> {
    json.as_object().filter(|object| object.keys().all(|key| known.contains(&key.as_str())))
}

fn span(json: &Value, pointer: &str) -> Result<Span, ConfigurationError> {
    let object = object(json, &["days", "from", "until"]).ok_or_else(|| Problem::Span.at(pointer))?;
    let days = days(object.get("days"), &format!("{pointer}/days"))?;
    let minute = |key: &str| object.get(key).and_then(Value::as_str).and_then(read_minute);
    let from = minute("from").filter(|from| *from < DAY);
    let from = from.ok_or_else(|| Problem::From.at(format!("{pointer}/from")))?;
    let until = minute("until").ok_or_else(|| Problem::Until.at(format!("{pointer}/until")))?;
    if from == until {
        return Err(Problem::NoMinute.at(format!("{pointer}/until")));
    }
    // The end of a day is the beginning of the next.
    Ok(Span { days, from, until: if until == 0 { DAY } else { until } })
}

fn days(json: Option<&Value>, pointer: &str) -> Result<Days, ConfigurationError> {
    let names = json.and_then(Value::as_array).filter(|names| (1..=DAYS.len()).contains(&names.len()));
    let names = names.ok_or_else(|| Problem::Days.at(pointer))?;
    names.iter().enumerate().try_fold(Days::default(), |days, (index, name)| {
        let day = DAYS.iter().find(|(known, _)| name.as_str() == Some(known));
        day.map(|(_, day)| days.and(*day)).ok_or_else(|| Problem::Days.at(format!("{pointer}/{index}")))
    })
}

fn dates(json: Option<&Value>) -> Result<BTreeSet<Date>, ConfigurationError> {
    let Some(json) = json else { return Ok(BTreeSet::new()) };
    let dates = json.as_array().filter(|dates| dates.len() <= MAX_DATES);
    let dates = dates.ok_or_else(|| Problem::Closed.at("/closed"))?.iter().enumerate();
    let dates = dates.map(|(index, one)| {
        let date = one.as_str().and_then(date);
        date.ok_or_else(|| Problem::Date.at(format!("/closed/{index}")))
    });
    dates.collect()
}

/// A date in the one form in which it is shown, of a year of four digits: others are read too, and years before the first.
fn date(text: &str) -> Option<Date> {
    let date: Date = text.parse().ok()?;
    (text.len() == "2026-12-24".len() && date.to_string() == text).then_some(date)
}

/// What a configuration looks like.
pub(super) fn schema() -> ConfigurationSchema {
    let mut patch = of(&[]);
    if let Some(closed) = patch.pointer_mut("/properties/closed/type") {
        // In a merge patch null takes away what may be left out.
        *closed = json!(["array", "null"]);
    }
    ConfigurationSchema { taken: of(&["zone", "open"]), shown: of(&["zone", "open", "closed"]), patch }
}

fn of(required: &[&str]) -> Value {
    let days: Vec<_> = DAYS.iter().map(|(name, _)| *name).collect();
    json!({
        "type": "object", "additionalProperties": false, "required": required, "title": "Schedule",
        "properties": {
            "zone": {
                "type": "string", "minLength": 1, "maxLength": zone::MAX_NAME,
                "description": "A zone of the IANA time zone database, such as Europe/Berlin.",
            },
            "open": {
                "type": "array", "minItems": 1, "maxItems": MAX_SPANS,
                "description": "When the endpoint answers.",
                "items": {
                    "type": "object", "additionalProperties": false, "required": ["days", "from", "until"],
                    "properties": {
                        "days": {
                            "type": "array", "minItems": 1, "maxItems": DAYS.len(),
                            "items": { "type": "string", "enum": days },
                            "description": "On which days the span begins.",
                        },
                        "from": {
                            "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
                            "description": "The first minute.",
                        },
                        "until": {
                            "type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
                            "description": "The minute that ends it; of the next day if it is less than from.",
                        },
                    },
                },
            },
            "closed": {
                "type": "array", "maxItems": MAX_DATES, "items": { "type": "string", "format": "date" },
                "description": "The dates on which it does not.",
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &Value) -> Result<Value, String> {
        Schedule::parse(json).map(|schedule| schedule.to_json()).map_err(|error| error.pointer)
    }

    fn berlin(open: &[Value], closed: &[&str]) -> Value {
        json!({ "zone": "Europe/Berlin", "open": open, "closed": closed })
    }

    fn span(days: &[&str], from: &str, until: &str) -> Value {
        json!({ "days": days, "from": from, "until": until })
    }

    #[test]
    fn z4_a_schedule_is_kept_in_one_form() {
        let night = span(&["sun", "mon", "sun"], "22:00", "06:00");
        let evening = span(&["tue"], "18:00", "00:00");
        let taken = json!({ "zone": "europe/berlin", "open": [night, evening] });
        let kept = [span(&["mon", "sun"], "22:00", "06:00"), span(&["tue"], "18:00", "24:00")];
        let kept = berlin(&kept, &[]);
        assert_eq!(read(&taken), Ok(kept.clone()));
        assert_eq!(read(&kept), Ok(kept));
        let whole = [span(&["mon"], "00:00", "24:00")];
        let kept = berlin(&whole, &["2026-12-24", "2026-12-26"]);
        assert_eq!(read(&berlin(&whole, &["2026-12-26", "2026-12-24", "2026-12-26"])), Ok(kept.clone()));
        assert_eq!(read(&kept), Ok(kept));
    }

    #[test]
    fn z4_a_schedule_has_no_more_spans_and_dates_than_are_quickly_looked_at() {
        let spans = |count| vec![span(&["mon"], "08:00", "18:00"); count];
        let dates = |count| vec!["2026-12-24"; count];
        assert!(read(&berlin(&spans(50), &dates(400))).is_ok());
        assert_eq!(read(&berlin(&spans(51), &dates(400))), Err("/open".to_owned()));
        assert_eq!(read(&berlin(&spans(50), &dates(401))), Err("/closed".to_owned()));
    }

    #[test]
    fn z4_what_is_no_schedule_is_refused_where_it_stands() {
        let open = [span(&["mon"], "08:00", "18:00")];
        let with = |one: Value| berlin(&[one], &[]);
        for (json, pointer) in [
            (json!([]), ""),
            (json!({ "zone": "UTC", "open": open, "hours": 7 }), ""),
            (json!({ "open": open }), "/zone"),
            (json!({ "zone": 7, "open": open }), "/zone"),
            (json!({ "zone": "", "open": open }), "/zone"),
            (json!({ "zone": "Europe/Atlantis", "open": open }), "/zone"),
            (json!({ "zone": "+02:00", "open": open }), "/zone"),
            (json!({ "zone": "Berlin".repeat(1_000), "open": open }), "/zone"),
            (json!({ "zone": "UTC" }), "/open"),
            (json!({ "zone": "UTC", "open": [] }), "/open"),
            (json!({ "zone": "UTC", "open": {} }), "/open"),
            (with(json!(7)), "/open/0"),
            (with(json!({ "days": ["mon"], "from": "08:00", "until": "18:00", "a": 1 })), "/open/0"),
            (with(json!({ "from": "08:00", "until": "18:00" })), "/open/0/days"),
            (with(json!({ "days": "mon", "from": "08:00", "until": "18:00" })), "/open/0/days"),
            (with(span(&[], "08:00", "18:00")), "/open/0/days"),
            (with(span(&["mon"; 8], "08:00", "18:00")), "/open/0/days"),
            (with(span(&["mon", "Monday"], "08:00", "18:00")), "/open/0/days/1"),
            (with(json!({ "days": ["mon", 1], "from": "08:00", "until": "18:00" })), "/open/0/days/1"),
            (with(json!({ "days": ["mon"], "until": "18:00" })), "/open/0/from"),
            (with(json!({ "days": ["mon"], "from": 8, "until": "18:00" })), "/open/0/from"),
            (with(span(&["mon"], "24:00", "18:00")), "/open/0/from"),
            (with(span(&["mon"], "8:00", "18:00")), "/open/0/from"),
            (with(json!({ "days": ["mon"], "from": "08:00" })), "/open/0/until"),
            (with(span(&["mon"], "08:00", "24:01")), "/open/0/until"),
            (with(span(&["mon"], "08:00", "08:00")), "/open/0/until"),
            (with(span(&["mon"], "00:00", "00:00")), "/open/0/until"),
            (json!({ "zone": "UTC", "open": open, "closed": "2026-12-24" }), "/closed"),
            (json!({ "zone": "UTC", "open": open, "closed": null }), "/closed"),
            (json!({ "zone": "UTC", "open": open, "closed": [20_261_224] }), "/closed/0"),
            (berlin(&open, &["2026-12-24", "2026-02-29"]), "/closed/1"),
            (berlin(&open, &["20261224"]), "/closed/0"),
            (berlin(&open, &["2026-12-24T10:00"]), "/closed/0"),
            (berlin(&open, &["2026-W52-4"]), "/closed/0"),
            (berlin(&open, &["-002026-12-24"]), "/closed/0"),
        ] {
            assert_eq!(read(&json), Err(pointer.to_owned()), "{json}");
        }
    }

    #[test]
    fn z4_of_an_unknown_zone_the_nearest_is_named_and_where_all_stand() {
        let told = |zone: &str| Schedule::parse(&json!({ "zone": zone, "open": [] })).err().unwrap().message;
        let berlin = told("Berlin");
        assert!(berlin.contains("the nearest is Europe/Berlin; the names stand in https://"), "{berlin}");
        let none = told("Atlantis/Poseidonis");
        assert!(!none.contains("nearest") && none.contains("https://"), "{none}");
    }
}
