//! What a schedule means, beside a second, slower implementation that knows no time zone database: it is told when each
//! zone's clock was moved.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Value, json};
use syft_space_domain::ids::{EndpointId, PolicyId};
use syft_space_domain::policy::{Facts, Finding, PolicyTypes, QueryFacts, Rule, Subject};
use syft_space_domain::time::Timestamp;

const DAY: i64 = 24 * 60;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A zone over two years: how many minutes its clock is before UTC at first, and from when on how many.
#[derive(Debug)]
struct Place {
    zone: &'static str,
    first: &'static str,
    offset: i64,
    moved: &'static [(&'static str, i64)],
}

const PLACES: [Place; 5] = [
    Place { zone: "UTC", first: "2024-01-01T00:00:00Z", offset: 0, moved: &[] },
    Place {
        zone: "Europe/Berlin",
        first: "2024-01-01T00:00:00Z",
        offset: 60,
        moved: &[
            ("2024-03-31T01:00:00Z", 120),
            ("2024-10-27T01:00:00Z", 60),
            ("2025-03-30T01:00:00Z", 120),
            ("2025-10-26T01:00:00Z", 60),
        ],
    },
    Place {
        zone: "America/New_York",
        first: "2024-01-01T00:00:00Z",
        offset: -300,
        moved: &[
            ("2024-03-10T07:00:00Z", -240),
            ("2024-11-03T06:00:00Z", -300),
            ("2025-03-09T07:00:00Z", -240),
            ("2025-11-02T06:00:00Z", -300),
        ],
    },
    // Summer is half an hour.
    Place {
        zone: "Australia/Lord_Howe",
        first: "2024-01-01T00:00:00Z",
        offset: 660,
        moved: &[
            ("2024-04-06T15:00:00Z", 630),
            ("2024-10-05T15:30:00Z", 660),
            ("2025-04-05T15:00:00Z", 630),
            ("2025-10-04T15:30:00Z", 660),
        ],
    },
    // It had no 30 December 2011.
    Place {
        zone: "Pacific/Apia",
        first: "2011-01-01T00:00:00Z",
        offset: -600,
        moved: &[
            ("2011-04-02T14:00:00Z", -660),
            ("2011-09-24T14:00:00Z", -600),
            ("2011-12-30T10:00:00Z", 840),
            ("2012-03-31T14:00:00Z", 780),
            ("2012-09-29T14:00:00Z", 840),
        ],
    },
];

const TWO_YEARS: i64 = 731 * DAY;

/// Minutes since 1970.
fn minute(time: &str) -> i64 {
    Timestamp::parse(time).unwrap().as_unix_seconds().div_euclid(60)
}

/// A clock on a wall.
struct Clock {
    offset: i64,
    moved: Vec<(i64, i64)>,
}

impl Clock {
    fn of(place: &Place) -> Self {
        let moved = place.moved.iter().map(|(time, offset)| (minute(time), *offset));
        Self { offset: place.offset, moved: moved.collect() }
    }

    /// What it shows in a minute: minutes since 1970, as if it were UTC.
    fn shows(&self, now: i64) -> i64 {
        let moved = self.moved.iter().rev().find(|(time, _)| *time <= now);
        now + moved.map_or(self.offset, |(_, offset)| *offset)
    }
}

/// Each span on each of its days: the day of the week, of which Monday is 0, and minutes from its midnight. Closed days since 1970.
struct Naive {
    hours: Vec<(i64, i64, i64)>,
    closed: BTreeSet<i64>,
}

impl Naive {
    fn of(configuration: &Value) -> Self {
        let time = |text: &Value| {
            let text = text.as_str().unwrap();
            60 * text[..2].parse::<i64>().unwrap() + text[3..].parse::<i64>().unwrap()
        };
        let mut hours = Vec::new();
        for span in configuration["open"].as_array().unwrap() {
            let (from, until) = (time(&span["from"]), time(&span["until"]));
            for day in span["days"].as_array().unwrap() {
                let day = DAYS.iter().position(|name| day == name).unwrap();
                let until = if until < from { until + DAY } else { until };
                hours.push((i64::try_from(day).unwrap(), from, until));
            }
        }
        let closed = configuration["closed"].as_array().unwrap().iter();
        let closed = closed.map(|date| minute(&format!("{}T00:00:00Z", date.as_str().unwrap())) / DAY);
        Self { hours, closed: closed.collect() }
    }

    /// Whether it is open when the clock shows this.
    fn is_open(&self, shown: i64) -> bool {
        let today = shown.div_euclid(DAY);
        let is_open = |begun: i64| {
            // 1 January 1970 was a Thursday.
            let (of_week, behind) = ((begun + 3).rem_euclid(7), shown - begun * DAY);
            let hours = self
                .hours
                .iter()
                .any(|(day, from, until)| *day == of_week && *from <= behind && behind < *until);
            hours && !self.closed.contains(&begun)
        };
        !self.closed.contains(&today) && (is_open(today) || is_open(today - 1))
    }
}

fn facts(now: Timestamp) -> Facts<'static> {
    let query = QueryFacts::default();
    Facts {
        policy: PolicyId::from_bytes([1; 16]),
        tenant: None,
        endpoint: EndpointId::from_bytes([2; 16]),
        subject: Subject::Guest,
        now,
        query: Some(query),
        groups: None,
        marketplaces: None,
        hub: None,
    }
}

fn is_open(rule: &dyn Rule, now: Timestamp) -> bool {
    match rule.evaluate(&facts(now)) {
        Finding::NotMatched => true,
        Finding::Matched(_) => false,
        other => panic!("{other:?}"),
    }
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_unix_micros(minute * 60_000_000)
}

#[test]
fn z4_a_schedule_is_open_in_the_minutes_that_the_clock_of_its_place_says_over_two_years() {
    let types = PolicyTypes::default();
    for place in &PLACES {
        let year = &place.first[..4];
        let next: i32 = year.parse::<i32>().unwrap() + 1;
        let configuration = json!({
            "zone": place.zone,
            "open": [
                { "days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "until": "18:00" },
                // Over the hours in which clocks are moved, and over the day that Apia had not.
                { "days": ["fri", "sat", "sun"], "from": "22:15", "until": "02:30" },
                { "days": ["sun"], "from": "03:00", "until": "03:01" },
            ],
            "closed": [format!("{year}-12-24"), format!("{year}-12-31"), format!("{next}-01-01"), format!("{next}-03-30")],
        });
        let parsed = types.parse("schedule", &configuration).unwrap();
        let rule = types.compile(&parsed).unwrap();
        let (naive, clock) = (Naive::of(&configuration), Clock::of(place));
        let first = minute(place.first);
        let mut open = 0;
        for now in first..first + TWO_YEARS {
            let expected = naive.is_open(clock.shows(now));
            assert_eq!(is_open(&*rule, at(now)), expected, "{} {}", place.zone, at(now));
            open += u64::from(expected);
        }
        // Some 520 days of ten hours, and 312 nights of a little more than four.
        assert!((385_000..395_000).contains(&open), "{} was open for {open} minutes", place.zone);
    }
}

fn time(minute: i64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn spans() -> impl Strategy<Value = Value> {
    let days = subsequence(DAYS.to_vec(), 1..=7).prop_shuffle();
    let span = (days, 0..DAY, 1..=DAY).prop_filter("a span has a minute", |(_, from, until)| from != until);
    let span = span
        .prop_map(|(days, from, until)| json!({ "days": days, "from": time(from), "until": time(until) }));
    vec(span, 1..6).prop_map(Value::from)
}

/// Minutes in which a clock was moved, or a day begins, are where mistakes are made.
fn moments(place: &'static Place) -> impl Strategy<Value = Vec<i64>> {
    let first = minute(place.first);
    let mut near: Vec<i64> = place.moved.iter().map(|(time, _)| minute(time)).collect();
    near.push(first + DAY);
    let near = (select(near), -3 * DAY..3 * DAY).prop_map(|(moved, behind)| moved + behind);
    vec(prop_oneof![near, first..first + TWO_YEARS], 50)
}

fn cases() -> impl Strategy<Value = (&'static Place, Value, Vec<Index>, Vec<i64>)> {
    select((0..PLACES.len()).collect::<Vec<_>>()).prop_flat_map(|place| {
        let place = &PLACES[place];
        (Just(place), spans(), vec(any::<Index>(), 0..4), moments(place))
    })
}

proptest! {
    #[test]
    fn z4_whatever_a_schedule_says_it_means_what_it_says_by_the_clock_on_the_wall(
        (place, open, closed, moments) in cases(),
        seconds in 0_i64..60_000_000,
    ) {
        let clock = Clock::of(place);
        let closed = closed.iter().map(|index| clock.shows(*index.get(&moments)));
        let closed: Vec<_> = closed.map(|shown| at(shown).to_string()[..10].to_owned()).collect();
        let configuration = json!({ "zone": place.zone, "open": open, "closed": closed });
        let types = PolicyTypes::default();
        let parsed = types.parse("schedule", &configuration).unwrap();
        let again = types.parse("schedule", &parsed.to_value().unwrap()).unwrap();
        prop_assert!(parsed == again, "what is shown is read as the same");
        let rule = types.compile(&parsed).unwrap();
        let naive = Naive::of(&configuration);
        for now in moments {
            let instant = Timestamp::from_unix_micros(at(now).as_unix_micros() + seconds);
            let expected = naive.is_open(clock.shows(now));
            prop_assert_eq!(is_open(&*rule, instant), expected, "{} {} {}", place.zone, instant, configuration);
        }
    }
}

#[test]
fn z4_a_time_that_no_calendar_knows_is_open_by_no_schedule() {
    let days: Vec<_> = DAYS.into();
    let always = json!({ "zone": "UTC", "open": [{ "days": days, "from": "00:00", "until": "24:00" }] });
    let types = PolicyTypes::default();
    let rule = types.compile(&types.parse("schedule", &always).unwrap()).unwrap();
    for (micros, expected) in [(i64::MIN, false), (i64::MAX, false), (-1, true), (0, true)] {
        assert_eq!(is_open(&*rule, Timestamp::from_unix_micros(micros)), expected, "{micros}");
    }
}

#[test]
fn z4_a_schedule_keeps_nobody_from_knowing_of_an_endpoint() {
    let never = json!({
        "zone": "UTC", "open": [{ "days": ["mon"], "from": "00:00", "until": "00:01" }], "closed": ["1970-01-01"],
    });
    let types = PolicyTypes::default();
    let rule = types.compile(&types.parse("schedule", &never).unwrap()).unwrap();
    let facts = facts(Timestamp::from_unix_micros(0));
    assert_eq!(rule.evaluate(&facts), Finding::Matched("closed on 1970-01-01".into()));
    assert_eq!(rule.evaluate(&Facts { query: None, ..facts }), Finding::NotMatched);
}
