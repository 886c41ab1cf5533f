//! One client that writes at random, and remembers what it was told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fastrand::Rng;
use serde_json::{Value, json};

use super::operation::Operation;
use super::world::{Kind, World, text};
use crate::space::{Answer, Client};

/// How many of each kind a writer has at most.
const MAX_OF_EACH_KIND: usize = 3;
/// How many documents its own datasets have at most, each.
const DOCUMENTS: u32 = 5;

/// A writer. No two write to the same thing, but all write documents to one common dataset.
pub(super) struct Writer {
    number: u64,
    common: String,
    /// Whether the server may fail: what it failed at counts as what was under way when it went.
    pub(super) may_fail: bool,
    rng: Rng,
    /// How many names it has given.
    named: u64,
    /// What it knows to be there.
    pub(super) world: World,
    /// What was under way when the server went.
    pub(super) cut: Option<Operation>,
    /// The ids of acknowledged requests, with what was asked.
    pub(super) requests: Vec<(String, Operation)>,
    /// The acknowledged jobs, each with its dataset.
    pub(super) jobs: Vec<(String, String)>,
    /// The names of what was acknowledged, and was not counted yet.
    pub(super) acknowledged: Vec<&'static str>,
}

impl Writer {
    pub(super) fn new(number: u64, seed: u64, common: &str) -> Self {
        let mut world = World::default();
        world.documents.entry(common.to_owned()).or_default();
        Self {
            number,
            common: common.to_owned(),
            may_fail: false,
            rng: Rng::with_seed(seed.wrapping_add(number)),
            named: 0,
            world,
            cut: None,
            requests: Vec::new(),
            jobs: Vec::new(),
            acknowledged: Vec::new(),
        }
    }

    /// Writes until it is stopped, or the server is gone. Whatever the server answers until then must be a success.
    pub(super) async fn write(mut self, owner: Client, stop: Arc<AtomicBool>) -> Self {
        while !stop.load(Ordering::Relaxed) {
            let operation = self.choose();
            let (method, path, body, status) = operation.request();
            let request = owner.request(method, &path);
            let request = if let Some(body) = &body { request.json(body) } else { request };
            match owner.try_send(request).await {
                Ok(answer) if self.may_fail && has_failed(&answer) => {
                    self.acknowledged.push("cut");
                    self.cut = Some(operation);
                    break;
                }
                Ok(answer) => {
                    let answer = answer.expect(status);
                    let request = answer.header("x-request-id").to_owned();
                    self.remember(operation, request, answer.body);
                }
                Err(_gone) => {
                    self.acknowledged.push("cut");
                    self.cut = Some(operation);
                    break;
                }
            }
        }
        self
    }

    fn remember(&mut self, operation: Operation, request: String, shown: Value) {
        if let Operation::Add { dataset, wait, .. } = &operation {
            assert!(!wait || shown["job"]["status"] == "succeeded", "{shown}");
            self.jobs.push((dataset.clone(), text(&shown["job"]["id"])));
        }
        self.acknowledged.push(operation.name());
        self.world.apply(&operation, shown);
        self.requests.push((request, operation));
    }

    fn choose(&mut self) -> Operation {
        loop {
            let chosen = match self.rng.u32(0..100) {
                0..8 => self.create_dataset(),
                8..16 => self.create_policy(),
                16..26 => self.create_endpoint(),
                26..40 => self.change(),
                40..46 => self.remove(),
                46..54 => self.attach(),
                54..74 => self.add(),
                74..82 => self.forget(),
                _ => self.some(Kind::Endpoint).map(|slug| Operation::SearchQuery { slug }),
            };
            if let Some(operation) = chosen {
                return operation;
            }
        }
    }

    fn create_dataset(&mut self) -> Option<Operation> {
        let name = self.name(Kind::Dataset)?;
        let body = json!({ "name": name, "dtype": "embedded", "summary": "of a writer", "tags": "a, b" });
        Some(Operation::Create { kind: Kind::Dataset, body })
    }

    fn create_policy(&mut self) -> Option<Operation> {
        let name = self.name(Kind::Policy)?;
        // It admits the owner, who asks.
        let patterns = ["*@ledger.example".to_owned(), format!("{name}@elsewhere.example")];
        let configuration = json!({ "mode": "allow", "patterns": patterns });
        let body = json!({ "name": name, "policy_type": "access", "configuration": configuration });
        Some(Operation::Create { kind: Kind::Policy, body })
    }

    fn create_endpoint(&mut self) -> Option<Operation> {
        let name = self.name(Kind::Endpoint)?;
        let dataset = self.rng.choice(self.world.documents.keys())?;
        let body = json!({
            "name": name, "slug": name, "dataset_id": dataset, "response_type": "raw", "published": true,
        });
        Some(Operation::Create { kind: Kind::Endpoint, body })
    }

    fn change(&mut self) -> Option<Operation> {
        let kind = self.kind();
        let key = self.some(kind)?;
        self.named += 1;
        Some(Operation::Change { kind, key, value: format!("changed {} {}", self.number, self.named) })
    }

    fn remove(&mut self) -> Option<Operation> {
        let kind = self.kind();
        let key = self.some(kind)?;
        let in_use = match kind {
            Kind::Dataset => self.world.things.values().any(|thing| thing["dataset_id"] == key),
            Kind::Policy => self.world.attached.values().flatten().any(|policy| *policy == key),
            Kind::Endpoint => false,
        };
        (!in_use).then_some(Operation::Remove { kind, key })
    }

    fn attach(&mut self) -> Option<Operation> {
        let slug = self.some(Kind::Endpoint)?;
        let mut policies = self.all(Kind::Policy);
        self.rng.shuffle(&mut policies);
        policies.truncate(self.rng.usize(0..=policies.len()));
        Some(Operation::Attach { slug, policies })
    }

    fn add(&mut self) -> Option<Operation> {
        let dataset = self.rng.choice(self.world.documents.keys())?.clone();
        let ids = if dataset == self.common {
            vec![format!("writer-{}", self.number)]
        } else {
            let mut ids: Vec<String> = (0..DOCUMENTS).map(|number| format!("document-{number}")).collect();
            self.rng.shuffle(&mut ids);
            ids.truncate(self.rng.usize(1..=3));
            ids
        };
        let of_one_chunk = dataset == self.common;
        let texts = ids.into_iter().map(|id| (id, self.content(of_one_chunk))).collect();
        // Whoever does not wait is told by the job that it failed.
        let wait = self.rng.bool() || self.may_fail;
        Some(Operation::Add { dataset, texts, wait })
    }

    fn forget(&mut self) -> Option<Operation> {
        let (dataset, texts) = self.rng.choice(&self.world.documents)?;
        let document = self.rng.choice(texts.keys())?.clone();
        Some(Operation::Forget { dataset: dataset.clone(), document })
    }

    /// A text unlike any other, whose every sentence tells which it is.
    fn content(&mut self, of_one_chunk: bool) -> String {
        self.named += 1;
        let sentence = format!("The ledger of writer {} holds entry {}.", self.number, self.named);
        let sentences = if of_one_chunk { 5 } else { self.rng.usize(1..60) };
        vec![sentence; sentences].join(" ")
    }

    fn name(&mut self, kind: Kind) -> Option<String> {
        self.named += 1;
        (self.all(kind).len() < MAX_OF_EACH_KIND).then(|| format!("writer-{}-{}", self.number, self.named))
    }

    fn kind(&mut self) -> Kind {
        [Kind::Dataset, Kind::Policy, Kind::Endpoint][self.rng.usize(0..3)]
    }

    fn all(&self, kind: Kind) -> Vec<String> {
        self.world.things.keys().filter(|(of, _)| *of == kind).map(|(_, key)| key.clone()).collect()
    }

    fn some(&mut self, kind: Kind) -> Option<String> {
        let all = self.all(kind);
        self.rng.choice(all)
    }
}

/// Whether the server failed, or says that a job did.
fn has_failed(answer: &Answer) -> bool {
    answer.status >= 500 || answer.body["job"]["status"] == "failed"
}
