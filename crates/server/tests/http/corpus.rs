//! What callers see, recorded: two thousand requests over every route, each answer byte for byte, and the audit logs.
//!
//! A chapter is a story with a space of its own, and its recording the text file of its name in this folder. What no two
//! runs have alike has a placeholder there (`names`); whatever else changes fails the test. The adapters in memory are
//! held to the same recording. `SYFT_SPACE_RECORD_CORPUS=1` writes the files anew: their diff says what callers will
//! see otherwise.

mod approvals;
mod compare;
mod datasets;
mod endpoints;
mod expectations;
mod factors;
mod groups;
mod hostile;
mod keys;
mod limits;
mod marketplaces;
mod members;
mod names;
mod open;
mod operator;
mod privacy;
mod recorder;
mod roles;
mod search;
mod sessions;
mod sign_in;
mod written;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use serde_json::Value;
use syft_space::http::reason::Reason;
use syft_space::http::route_table::{OPERATOR_ROUTES, ROUTES, Route};

use crate::space::{TestSpace, in_memory};
use recorder::{Recorder, Seen};

/// Reasons that no request alone brings about, or none of which it is known when.
const OUT_OF_REACH: [&str; 16] = [
    "internal",
    "key_expired",
    // A provider of ours would have a port of its own in each run: in `oidc`.
    "logout_token_invalid",
    "mail_refused",
    "mail_unavailable",
    "overloaded",
    "policy_unavailable",
    "rate_limited",
    "served_elsewhere",
    "sign_in_refused",
    "storage_full",
    "too_many_guesses",
    "too_many_mails",
    "too_many_requests",
    "too_many_tails",
    "unavailable",
];

type Playing = Pin<Box<dyn Future<Output = Recorder>>>;

fn chapters() -> Vec<fn() -> Playing> {
    let mut chapters: Vec<fn() -> Playing> = vec![
        || Box::pin(open::play()),
        || Box::pin(roles::play()),
        || Box::pin(members::play()),
        || Box::pin(privacy::play()),
        || Box::pin(factors::play()),
        || Box::pin(sessions::play()),
        || Box::pin(datasets::play()),
        || Box::pin(endpoints::play()),
        || Box::pin(groups::play()),
        || Box::pin(expectations::play()),
        || Box::pin(approvals::play()),
        || Box::pin(marketplaces::play()),
        || Box::pin(operator::play()),
        || Box::pin(sign_in::play()),
        || Box::pin(limits::play()),
        || Box::pin(hostile::bodies()),
        || Box::pin(hostile::requests()),
    ];
    if !in_memory() {
        // Scores, languages and formats of files are the real adapters' own, and algorithms of keys.
        chapters.push(|| Box::pin(search::play()));
        chapters.push(|| Box::pin(keys::play()));
    }
    chapters
}

/// Plays all chapters, each on a thread of its own: while one waits for its server to start, no other loses time.
fn play() -> Vec<Recorder> {
    let play = |chapter: fn() -> Playing| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(chapter())
    };
    let threads: Vec<_> =
        chapters().into_iter().map(|chapter| std::thread::spawn(move || play(chapter))).collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/http/corpus")
}

#[test]
fn what_a_caller_sees_stays_byte_for_byte_equal() {
    let record = std::env::var_os("SYFT_SPACE_RECORD_CORPUS").is_some_and(|value| value == "1");
    assert!(!(record && in_memory()), "what is recorded are the answers of the real adapters");
    let mut played = play();
    let mut differences = Vec::new();
    let mut asked = 0;
    for chapter in &mut played {
        asked += chapter.asked();
        let file = folder().join(format!("{}.txt", chapter.chapter));
        let written = chapter.written();
        if record {
            fs::write(&file, written).unwrap();
            continue;
        }
        let recorded = fs::read_to_string(&file).unwrap_or_default();
        differences.extend(compare::differences(chapter.chapter, &recorded, &written));
    }
    println!("{asked} requests");
    assert!(asked >= 600, "{asked}");
    assert_covered(&played);
    assert!(
        differences.is_empty(),
        "callers see something else in {} requests; if that is meant, SYFT_SPACE_RECORD_CORPUS=1 records it anew:\n{}",
        differences.len(),
        differences.iter().take(compare::SHOWN).cloned().collect::<String>()
    );
}

/// Every route was taken and refused, and every reason given.
fn assert_covered(played: &[Recorder]) {
    let seen: Vec<_> = played.iter().flat_map(|chapter| &chapter.seen).collect();
    let mut missing = Vec::new();
    for route in ROUTES.iter().chain(OPERATOR_ROUTES) {
        let of_it = |one: &&&Seen| one.method == route.method.to_string() && fits(route, &one.path);
        let taken = seen.iter().filter(of_it).any(|one| one.status < 300);
        let refused = seen.iter().filter(of_it).any(|one| one.status >= 300);
        // Where a provider takes part, in `oidc`, hardly anything of an answer is alike in two runs.
        let needs_provider = route.path.starts_with("/api/v1/auth/oidc/") && refused;
        let is_played =
            taken && refused || needs_provider || in_memory() && route.path == "/operator/v1/keys";
        if !is_played {
            missing.push(format!("{} {}: taken {taken}, refused {refused}", route.method, route.path));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    let given: BTreeSet<&str> =
        seen.iter().filter(|one| one.status >= 400).map(|one| one.reason.as_str()).collect();
    let all: BTreeSet<&str> =
        Reason::ALL.iter().map(|one| one.code()).filter(|code| !OUT_OF_REACH.contains(code)).collect();
    // What the parser of HTTP refuses has no reason.
    let given: BTreeSet<&str> = given.into_iter().filter(|code| !code.is_empty()).collect();
    assert_eq!(given, all, "a reason is not provoked, or one is not out of reach any more");
}

/// Whether a path is that of a route.
fn fits(route: &Route, path: &str) -> bool {
    let literal = ROUTES.iter().any(|one| one.path == path && one.path != route.path);
    let (ours, theirs) = (route.path.split('/'), path.split('/'));
    !literal
        && ours.clone().count() == theirs.clone().count()
        && ours.zip(theirs).all(|(one, part)| one == part || one.starts_with('{'))
}

/// The recording holds the whole description too, for people to read a change of it.
#[tokio::test]
async fn the_description_of_the_api_stays_equal() {
    let space = TestSpace::start().await;
    let told = space.anybody().get("/openapi.json").await.expect(200);
    let told: Value = told.body;
    let written = format!("{told:#}\n");
    let file = folder().join("openapi.json");
    if std::env::var_os("SYFT_SPACE_RECORD_CORPUS").is_some_and(|value| value == "1") {
        fs::write(&file, written).unwrap();
        return;
    }
    let recorded = fs::read_to_string(&file).unwrap_or_default();
    let first = recorded.lines().zip(written.lines()).enumerate().find(|(_, (old, new))| old != new);
    assert!(recorded == written, "the description differs from {}: {first:?}", file.display());
}
