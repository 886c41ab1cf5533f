//! Nonsense from anybody, as often as they like: it fills no log, loses no count, and holds nobody up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::audit::{Actor, RecordedEvent};
use syft_space_domain::page::{PageLimit, PageRequest};
use syft_space_domain::store::{Flow, NoopHook, Store};
use syft_space_domain::tenant::OperatorScope;
use syft_space_sqlite::{SqliteOptions, SqliteStore};

use crate::space::ledger::prove;
use crate::space::{Client, PASSWORD, TestSpace, dataset_of, endpoint_on, in_memory};

/// As many callers at once.
const CALLER_COUNT: u64 = 32;
/// Addresses that count by themselves; those of IPv6 that do not are beside them.
const ADDRESSES: u64 = 20;

/// What a caller sends, and why it is refused.
const REASON_CODES: [&str; 6] = [
    "token_malformed",
    "token_bad_signature",
    "token_unknown_key",
    "setup_token_wrong",
    "registration_closed",
    "invitation_unknown",
];

fn address(n: u64) -> String {
    match n % (ADDRESSES + 5) {
        // One /64, however many addresses it has.
        v6 if v6 >= ADDRESSES => format!("2001:db8::{:x}", n % 0xffff),
        v4 => format!("198.51.100.{v4}"),
    }
}

/// A token that differs from a good one in its signature's middle, or in the key it names.
fn spoilt(token: &str, in_header: bool) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("a token has three parts") };
    if in_header {
        // "kid" becomes another word of the same length, of which nobody knows a key.
        return format!("{}.{claims}.{signature}", header.chars().rev().collect::<String>());
    }
    let middle = signature.len() / 2;
    let other = if signature[middle..].starts_with('A') { "B" } else { "A" };
    format!("{header}.{claims}.{}{other}{}", &signature[..middle], &signature[middle + 1..])
}

/// One piece of nonsense; answers the status.
async fn nonsense(anybody: &Client, good: &str, n: u64) -> u16 {
    let from = |method, path| anybody.request(method, path).header("x-forwarded-for", address(n));
    let request = match n % 50 {
        0 => {
            let body =
                json!({ "email": "a@b.example", "password": PASSWORD, "tenant_name": format!("tenant-{n}") });
            from("POST", "/auth/register").json(&body)
        }
        1 => from("POST", "/invitations/accept")
            .json(&json!({ "token": format!("t{n}"), "password": PASSWORD })),
        n if n % 3 == 0 => from("GET", "/audit").bearer_auth(spoilt(good, false)),
        n if n % 3 == 1 => from("GET", "/audit").bearer_auth(spoilt(good, true)),
        _ => from("GET", "/auth/me").bearer_auth("nonsense"),
    };
    anybody.send(request).await.status
}

/// The installation's log of a home that nobody serves any more.
fn installation_log(home: &std::path::Path) -> Vec<RecordedEvent> {
    let store = SqliteStore::open(home, SqliteOptions::default(), Arc::new(NoopHook)).unwrap();
    let store: &dyn Store = &store;
    let (mut events, mut after) = (Vec::new(), None);
    loop {
        let ask = PageRequest { limit: PageLimit::parse(100).unwrap(), after };
        let page = store.read(Flow::Installation, move |view| {
            view.installation_events(&OperatorScope::at_startup(), &EventFilter::default(), ask)
        });
        let page = page.wait().unwrap().events;
        events.extend(page.items);
        after = page.next;
        if after.is_none() {
            return events;
        }
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "how long a member waits is measured")]
async fn u1_nonsense_by_anybody_is_merged_and_counted_and_holds_nobody_up() {
    if in_memory() {
        return;
    }
    let count = prove("TOKENS", 3_000);
    // Each is to be refused for what it is.
    let settings = [("behind_proxy", "127.0.0.1/32"), ("client_rate", "none")];
    let mut space = TestSpace::with(&settings).await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "d", &[("doc", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;

    let begun = Instant::now();
    let next = Arc::new(AtomicU64::new(0));
    let callers = (0..CALLER_COUNT).map(|_| {
        let (anybody, good, next) = (space.anybody(), owner.token().to_owned(), Arc::clone(&next));
        tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return;
                }
                let status = nonsense(&anybody, &good, n).await;
                assert!(matches!(status, 401 | 403 | 404), "{n} was answered {status}");
            }
        })
    });
    let storm = tokio::spawn(join_all(callers.collect::<Vec<_>>()));
    let (mut asked, mut slowest) = (0, Duration::ZERO);
    while !storm.is_finished() {
        let asking = Instant::now();
        let answered = tokio::time::timeout(Duration::from_secs(10), owner.ask("birds", "penguins")).await;
        answered.expect("a member is answered meanwhile").expect(200);
        slowest = slowest.max(asking.elapsed());
        asked += 1;
    }
    for caller in storm.await.unwrap() {
        caller.unwrap();
    }
    let seconds = begun.elapsed().as_secs() + 2;
    assert_eq!(owner.audit("&action=endpoint_query").await.len(), asked.min(100));
    space.server().signal("TERM");
    assert_eq!(space.server().wait(), Some(0));

    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let (mut rows, mut last_seq) = (0_u64, 0);
    for RecordedEvent { seq, event, .. } in installation_log(space.home()).into_iter().rev() {
        last_seq += 1;
        assert_eq!(seq, last_seq, "the log has no gap");
        let reason = event.reason_code.map(|reason| reason.to_string()).unwrap_or_default();
        if event.actor == Actor::Anonymous && REASON_CODES.contains(&&*reason) {
            rows += 1;
            *counts.entry(reason).or_default() += u64::from(event.count);
            let address = event.person.address.unwrap().to_string();
            assert!(address.starts_with("198.51.100.") || address == "2001:db8::", "{address}");
        }
    }
    println!("{count} refused in {seconds} s became {rows} events: {counts:?}");
    println!("a member was answered {asked} times meanwhile, the slowest after {slowest:?}");
    assert_eq!(counts.values().sum::<u64>(), count, "no count is lost: {counts:?}");
    assert!(counts.len() >= 4, "several reasons: {counts:?}");
    assert!(asked > 0 && rows <= seconds * (ADDRESSES + 1) * u64::try_from(counts.len()).unwrap());
    assert!(rows < count / 3, "{rows} events for {count} failures");
}
