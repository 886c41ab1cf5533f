//! A measurement: the search of a log of a million events, and what its index costs the commits. `just prove audit`.
//!
//! It fills a home through the store's own port with 64 units on their way at once, each with one event: once
//! without the index, once with it, in turns. Then it asks for pages, and compares a part of the answers with a look
//! at each event.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring tool: it stops at whatever is wrong, prints, and reads the clock"
)]

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use syft_space_conformance::audit::mixed::{check_pages, mixed_events};
use syft_space_conformance::sample::{account_id, scope};
use syft_space_domain::audit::ports::{EventFilter, Projection, Seq};
use syft_space_domain::audit::{Action, Event, Outcome};
use syft_space_domain::page::{Cursor, PageRequest};
use syft_space_domain::store::{NoopHook, Store, StoreError};
use syft_space_domain::time::Timestamp;
use syft_space_domain::unit::Receipt;
use syft_space_sqlite::{SqliteOptions, SqliteStore};

const IN_FLIGHT: usize = 64;
const MEASURED_ROUNDS: usize = 200;
/// Long enough for several blocks each time.
const EVENTS_PER_STEP: usize = 50_000;

fn main() {
    let count = std::env::args().nth(1).map_or(1_000_000, |text| text.parse().unwrap());
    let home = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let events = mixed_events(&scope(1), count);
    fill(home.path(), &events);
    println!("{count} events recorded after {:.0} s", begun.elapsed().as_secs_f64());
    rebuild(home.path());
    search(home.path(), &events);
}

fn open(home: &Path, index_audit: bool) -> SqliteStore {
    let options = SqliteOptions { index_audit, ..SqliteOptions::default() };
    SqliteStore::open(home, options, Arc::new(NoopHook)).unwrap()
}

/// What recording an event took.
struct Cost {
    a_second: f64,
    /// Of all threads, in microseconds: other work on the machine hardly changes it.
    processor: f64,
}

/// The processor time that this process has used, in hundredths of a second.
fn processor() -> u32 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // Behind the name, which stands in parentheses, the 12th and 13th field are the times in user and system mode.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields.iter().skip(11).take(2).map(|field| field.parse::<u32>().unwrap()).sum()
}

/// Records events.
fn record(store: &dyn Store, events: &[Event]) -> Cost {
    let (begun, used) = (Instant::now(), processor());
    let mut on_their_way: VecDeque<Receipt<(), StoreError>> = VecDeque::new();
    for event in events {
        if on_their_way.len() == IN_FLIGHT {
            on_their_way.pop_front().unwrap().wait().unwrap();
        }
        on_their_way.push_back(store.record(event.clone()));
    }
    on_their_way.into_iter().for_each(|receipt| receipt.wait().unwrap());
    let count = f64::from(u32::try_from(events.len()).unwrap());
    Cost {
        a_second: count / begun.elapsed().as_secs_f64(),
        processor: f64::from(processor() - used) * 10_000.0 / count,
    }
}

fn show(costs: &[Cost]) -> String {
    let median = |figure: fn(&Cost) -> f64| {
        let mut figures: Vec<f64> = costs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    let (a_second, processor) = (median(|cost| cost.a_second), median(|cost| cost.processor));
    format!("{a_second:.0} events a second, {processor:.1} µs of processor each")
}

/// The first stretches are recorded in turns, each with an index that follows from where it was, or none: what it has
/// to make up for is made up before. The rest is recorded with the index, as a server does it.
fn fill(home: &Path, events: &[Event]) {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    let compared = events.len().min(10 * EVENTS_PER_STEP) / 2;
    let (first, rest) = events.split_at(compared);
    for (turn, stretch) in first.chunks(EVENTS_PER_STEP).enumerate() {
        if turn % 2 == 0 {
            without.push(record(&open(home, false), stretch));
        } else {
            let store = open(home, true);
            wait_for_index(&store);
            with.push(record(&store, stretch));
        }
    }
    let store = open(home, true);
    let mut lags = Vec::new();
    let mut last = Vec::new();
    for stretch in rest.chunks(EVENTS_PER_STEP) {
        last.push(record(&store, stretch));
        lags.push(projection(&store).lag);
    }
    println!("commits without the index: {}", show(&without));
    println!("commits with the index:    {}", show(&with));
    println!(
        "the last half, with it:    {}; it lagged by {} at most",
        show(&last),
        lags.iter().max().unwrap()
    );
}

fn projection(store: &dyn Store) -> Projection {
    let page =
        store.read(&scope(1), |view| view.events(&scope(1), &EventFilter::default(), PageRequest::default()));
    page.wait().unwrap().projection
}

fn wait_for_index(store: &dyn Store) {
    while projection(store).lag >= 1_024 {
        thread::sleep(Duration::from_millis(1));
    }
}

/// How long it takes to make the whole index, and to search while it is made.
fn rebuild(home: &Path) {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, SqliteConnection};
    let database = home.join("app.db");
    let size = |path: &Path| std::fs::metadata(path).unwrap().len() >> 20;
    let with_index = size(&database);
    let mut connection = SqliteConnection::establish(database.to_str().unwrap()).unwrap();
    connection.batch_execute("DELETE FROM audit_blocks; DELETE FROM audit_segments; VACUUM;").unwrap();
    drop(connection);
    println!("app.db: {} MiB, {with_index} MiB with the index", size(&database));
    let store = open(home, true);
    let begun = Instant::now();
    wait_for_index(&store);
    println!("each block was made anew in {:.1} s", begun.elapsed().as_secs_f64());
    let segments = projection(&store).seq / (64 * 1_024);
    while whole_segments(&database) < segments {
        thread::sleep(Duration::from_millis(10));
    }
    println!("the whole index was made anew in {:.1} s", begun.elapsed().as_secs_f64());
}

/// How many segments are there with their last part.
fn whole_segments(database: &Path) -> u64 {
    use diesel::prelude::*;
    diesel::table! {
        audit_segments (part, segment) {
            part -> BigInt,
            segment -> BigInt,
        }
    }
    let mut connection = SqliteConnection::establish(database.to_str().unwrap()).unwrap();
    let whole = audit_segments::table.filter(audit_segments::part.eq(255)).count();
    whole.get_result::<i64>(&mut connection).unwrap().try_into().unwrap()
}

fn search(home: &Path, events: &[Event]) {
    let store = open(home, true);
    let count = u64::try_from(events.len()).unwrap();
    let by = EventFilter::default;
    let at = |share: usize| events.get(events.len() * share / 100).map(|event| event.time);
    let never = Some(Timestamp::from_unix_micros(0));
    let (rare, common) = (Some(account_id(150).into()), Some(account_id(1).into()));
    let filters: [(&str, EventFilter); 16] = [
        ("none", by()),
        ("action, nine in ten", EventFilter { action: Some(Action::EndpointQuery), ..by() }),
        ("action, one in a thousand", EventFilter { action: Some(Action::UserDeleted), ..by() }),
        ("action, a single event", EventFilter { action: Some(Action::SysStartup), ..by() }),
        ("action, no event", EventFilter { action: Some(Action::SysShutdown), ..by() }),
        ("outcome, one in seven hundred", EventFilter { outcome: Some(Outcome::Failure), ..by() }),
        ("actor, half of all", EventFilter { actor: common, ..by() }),
        ("actor, one in six hundred", EventFilter { actor: rare, ..by() }),
        ("actor, a single event", EventFilter { actor: Some(account_id(1_000).into()), ..by() }),
        ("actor, no event", EventFilter { actor: Some(account_id(1_001).into()), ..by() }),
        (
            "action and actor, both common, never together",
            EventFilter { action: Some(Action::PolicyViolation), actor: common, ..by() },
        ),
        ("since, the last tenth", EventFilter { since: at(90), ..by() }),
        ("until, the first tenth", EventFilter { until: at(10), ..by() }),
        (
            "since and until, a thousandth",
            EventFilter {
                since: at(50),
                until: at(50).map(|time| time.plus(Duration::from_secs(count / 1_000))),
                ..by()
            },
        ),
        ("until, before all", EventFilter { until: never, ..by() }),
        (
            "all five",
            EventFilter {
                action: Some(Action::PolicyViolation),
                outcome: Some(Outcome::Denied),
                actor: rare,
                since: at(20),
                until: at(80),
                ..by()
            },
        ),
    ];
    println!("| filter | newest page, p50 / p99 | oldest page, p50 / p99 |\n|---|---|---|");
    let mut worst = Duration::ZERO;
    for (name, filter) in filters {
        let newest = times(&store, &filter, None, &mut worst);
        let fit: Vec<u64> =
            (1..).zip(events).filter(|(_, event)| filter.fits(event)).map(|(seq, _)| seq).collect();
        // The page that holds the oldest fifty, and, where there are none, the one behind all.
        let before = fit.get(50).copied().unwrap_or(2);
        let oldest = times(&store, &filter, Some(before), &mut worst);
        println!("| {name} | {newest} | {oldest} |");
    }
    println!("the slowest of all pages took {:.1} ms", worst.as_secs_f64() * 1_000.0);
    check_pages(&store, &scope(1), events, 100);
    println!("100 random pages were those that a look at each event gives");
}

fn times(store: &dyn Store, filter: &EventFilter, before: Option<u64>, worst: &mut Duration) -> String {
    let mut times: Vec<Duration> = (0..MEASURED_ROUNDS)
        .map(|_| {
            let ask = PageRequest { after: before.map(|seq| Cursor(Seq(seq))), ..PageRequest::default() };
            let begun = Instant::now();
            let filter = filter.clone();
            store.read(&scope(1), move |view| view.events(&scope(1), &filter, ask)).wait().unwrap();
            begun.elapsed()
        })
        .collect();
    times.sort();
    *worst = (*worst).max(times.last().copied().unwrap());
    let at = |share: usize| times.get(times.len() * share / 100).unwrap().as_secs_f64() * 1_000.0;
    format!("{:.1} / {:.1} ms", at(50), at(99))
}
