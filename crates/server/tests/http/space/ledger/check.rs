//! The check of a ledger: everything that was acknowledged is there, and nothing that was never asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::{SqliteConnection, sql_query};
use serde_json::{Value, json};

use super::Ledger;
use super::world::{Kind, World, pages, text};
use crate::space::Client;

impl Ledger {
    /// Holds the server to all that it acknowledged, while nobody writes.
    pub async fn check(&mut self, owner: &Client) {
        self.check_log(owner).await;
        let mut actual = World::read(owner).await;
        for dataset in &self.others {
            actual.remove(Kind::Dataset, dataset);
        }
        let mut expected = self.common.clone();
        for writer in &mut self.writers {
            if let Some(operation) = writer.cut.take() {
                writer.world.settle(&operation, &actual);
            }
            expected.join(&writer.world);
        }
        assert_same("things", &expected.things, &actual.things);
        assert_same("policies of endpoints", &expected.attached, &actual.attached);
        assert_same("documents", &expected.documents, &actual.documents);
        for (dataset, texts) in &expected.documents {
            check_search(owner, dataset, texts).await;
        }
        self.check_jobs(owner, &actual).await;
    }

    /// Every acknowledged request has its event, and no event is missing between those seen before and the newest.
    async fn check_log(&mut self, owner: &Client) {
        let events = newer_events(owner, self.seen).await;
        assert_no_gap(&events, self.seen);
        let recorded: BTreeSet<&str> =
            events.iter().filter_map(|event| event["request_id"].as_str()).collect();
        for writer in &mut self.writers {
            for (request, operation) in writer.requests.drain(..) {
                assert!(
                    recorded.contains(&*request),
                    "no event of the acknowledged {request}: {operation:?}"
                );
            }
        }
        self.seen = events.first().map_or(self.seen, seq);
    }

    /// Every job has ended, and those that were acknowledged did so well.
    async fn check_jobs(&mut self, owner: &Client, actual: &World) {
        let mut ended = HashMap::new();
        for dataset in actual.documents.keys() {
            for job in pages(owner, &format!("/datasets/{dataset}/jobs")).await {
                let status = text(&job["status"]);
                assert!(matches!(&*status, "succeeded" | "failed"), "a job was left half done: {job}");
                ended.insert(text(&job["id"]), status);
            }
        }
        for writer in &mut self.writers {
            for (dataset, job) in writer.jobs.drain(..) {
                // The jobs of a dataset go with it.
                if actual.documents.contains_key(&dataset) {
                    assert_eq!(
                        ended.get(&job).map(String::as_str),
                        Some("succeeded"),
                        "the acknowledged job {job}"
                    );
                }
            }
        }
    }

    /// The whole log, from its first event on.
    pub async fn check_whole_log(&self, owner: &Client) {
        let events = newer_events(owner, 0).await;
        assert_no_gap(&events, 0);
    }
}

/// The log holds each number from one on, and no other.
fn assert_no_gap(events: &[Value], after: u64) {
    let newest = events.first().map_or(after, seq);
    let expected: Vec<u64> = (after + 1..=newest).rev().collect();
    assert_eq!(events.iter().map(seq).collect::<Vec<_>>(), expected, "the audit log has a gap");
}

/// A difference is told by what differs, not by everything there is.
fn assert_same<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    what: &str,
    expected: &BTreeMap<K, V>,
    actual: &BTreeMap<K, V>,
) {
    let keys: BTreeSet<&K> = expected.keys().chain(actual.keys()).collect();
    let mut differ = keys.into_iter().filter(|key| expected.get(*key) != actual.get(*key));
    if let Some(key) = differ.next() {
        let (expected, actual) = (expected.get(key), actual.get(key));
        panic!("{what}: {key:?} is not as acknowledged\nexpected {expected:#?}\nfound {actual:#?}");
    }
}

/// A search finds each document as it is now, and no other.
async fn check_search(owner: &Client, dataset: &str, texts: &BTreeMap<String, String>) {
    let body = json!({ "query": "ledger", "limit": 100, "similarity_threshold": 0.0 });
    let answer = owner.post(&format!("/datasets/{dataset}/search"), &body).await.expect(200);
    let mut found = BTreeSet::new();
    for hit in answer.body["documents"].as_array().unwrap() {
        let document = text(&hit["document_id"]);
        let content = hit["content"].as_str().unwrap();
        let current = texts.get(&document).is_some_and(|text| text.contains(content));
        assert!(current, "{dataset} finds what is gone from {document}: {content}");
        found.insert(document);
    }
    let all: BTreeSet<String> = texts.keys().cloned().collect();
    assert_eq!(found, all, "what a search of {dataset} finds");
}

fn seq(event: &Value) -> u64 {
    event["seq"].as_u64().unwrap()
}

/// The events after one, the newest first.
async fn newer_events(owner: &Client, than: u64) -> Vec<Value> {
    let mut events: Vec<Value> = Vec::new();
    let mut after = String::new();
    loop {
        let mut page = owner.get(&format!("/audit?limit=100{after}")).await.expect(200).body;
        events.append(page["items"].as_array_mut().unwrap());
        let reached = events.last().is_some_and(|event| seq(event) <= than);
        match page["next_cursor"].as_str() {
            Some(cursor) if !reached => after = format!("&cursor={cursor}"),
            _ => break,
        }
    }
    events.retain(|event| seq(event) > than);
    events
}

const INTEGRITY_CHECK: &str = "SELECT integrity_check AS answer FROM pragma_integrity_check";

/// Every database of a home is whole, and there is nothing in it that no dataset owns up to. The server may run
/// meanwhile, if nobody writes.
pub async fn check_home(owner: &Client, home: &Path) {
    let listed: BTreeSet<String> =
        pages(owner, "/datasets").await.iter().map(|dataset| text(&dataset["id"])).collect();
    let app = home.join("app.db");
    assert_eq!(ask(&app, INTEGRITY_CHECK), ["ok"]);
    let loose = ask(&app, "SELECT \"table\" AS answer FROM pragma_foreign_key_check");
    assert!(loose.is_empty(), "rows refer to what is not there: {loose:?}");
    let states = ask(&app, "SELECT DISTINCT state AS answer FROM datasets");
    assert!(states.iter().all(|state| state == "active"), "datasets are left {states:?}");
    for tenant in folders(&home.join("tenants")) {
        let datasets = home.join("tenants").join(tenant).join("datasets");
        for dataset in folders(&datasets) {
            assert!(listed.contains(&dataset), "nobody knows of the folder of {dataset}");
            let documents = datasets.join(&dataset).join("documents.db");
            if documents.exists() {
                assert_eq!(ask(&documents, INTEGRITY_CHECK), ["ok"], "{}", documents.display());
            }
        }
    }
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Text)]
    answer: String,
}

/// What a database answers, in its column `answer`.
fn ask(database: &Path, question: &str) -> Vec<String> {
    let mut connection = SqliteConnection::establish(database.to_str().unwrap()).unwrap();
    let answers: Vec<Answer> = sql_query(question).load(&mut connection).unwrap();
    answers.into_iter().map(|row| row.answer).collect()
}

fn folders(of: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(of) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
