//! The things that a tenant holds: as the writers know them, or as the server shows them.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use serde_json::Value;

use super::operation::Operation;
use crate::space::Client;

/// What kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Dataset,
    Policy,
    Endpoint,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Dataset, Self::Policy, Self::Endpoint];

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Dataset => "/datasets",
            Self::Policy => "/policies",
            Self::Endpoint => "/endpoints",
        }
    }

    /// The field that names it in a path.
    fn key(self) -> &'static str {
        if self == Self::Endpoint { "slug" } else { "id" }
    }

    /// The field that the writers change.
    pub(super) fn label(self) -> &'static str {
        if self == Self::Policy { "name" } else { "summary" }
    }

    /// A thing as it is remembered: an attachment moves an endpoint's `updated_at`, and does not tell to when.
    fn remembered(self, mut shown: Value) -> Value {
        if self == Self::Endpoint {
            shown.as_object_mut().unwrap().remove("updated_at");
        }
        shown
    }
}

/// What there is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct World {
    pub(super) things: BTreeMap<(Kind, String), Value>,
    /// The texts of each dataset, by document id.
    pub(super) documents: BTreeMap<String, BTreeMap<String, String>>,
    /// The policies of each endpoint, by slug.
    pub(super) attached: BTreeMap<String, Vec<String>>,
}

impl World {
    /// All that the server shows.
    pub(super) async fn read(owner: &Client) -> Self {
        let mut world = Self::default();
        for kind in Kind::ALL {
            for shown in pages(owner, kind.path()).await {
                let key = text(&shown[kind.key()]);
                world.things.insert((kind, key), kind.remembered(shown));
            }
        }
        for (kind, key) in world.things.keys() {
            match kind {
                Kind::Dataset => {
                    world.documents.insert(key.clone(), documents(owner, key).await);
                }
                Kind::Endpoint => {
                    let endpoint = owner.get(&format!("/endpoints/{key}")).await.expect(200).body;
                    let policies = endpoint["policies"].as_array().unwrap();
                    world
                        .attached
                        .insert(key.clone(), policies.iter().map(|policy| text(&policy["id"])).collect());
                }
                Kind::Policy => {}
            }
        }
        world
    }

    /// Adds what others know of. They may know of more texts of the same dataset.
    pub(super) fn join(&mut self, other: &Self) {
        self.things.extend(other.things.clone());
        self.attached.extend(other.attached.clone());
        for (dataset, texts) in &other.documents {
            self.documents.entry(dataset.clone()).or_default().extend(texts.clone());
        }
    }

    /// Takes in what an operation did, and what was shown of it.
    pub(super) fn apply(&mut self, operation: &Operation, shown: Value) {
        match operation {
            Operation::Create { kind, .. } => {
                let key = text(&shown[kind.key()]);
                match kind {
                    Kind::Dataset => drop(self.documents.insert(key.clone(), BTreeMap::new())),
                    Kind::Endpoint => drop(self.attached.insert(key.clone(), Vec::new())),
                    Kind::Policy => {}
                }
                self.things.insert((*kind, key), kind.remembered(shown));
            }
            Operation::Change { kind, key, .. } => {
                self.things.insert((*kind, key.clone()), kind.remembered(shown));
            }
            Operation::Remove { kind, key } => self.remove(*kind, key),
            Operation::Attach { slug, policies } => {
                self.attached.insert(slug.clone(), policies.clone());
            }
            Operation::Add { dataset, texts, .. } => {
                self.documents.get_mut(dataset).unwrap().extend(texts.iter().cloned());
            }
            Operation::Forget { dataset, document } => {
                self.documents.get_mut(dataset).unwrap().remove(document);
            }
            Operation::SearchQuery { .. } => {}
        }
    }

    /// Takes a thing out, with what is in it.
    pub(super) fn remove(&mut self, kind: Kind, key: &str) {
        self.things.remove(&(kind, key.to_owned()));
        self.documents.remove(key);
        self.attached.remove(key);
    }

    /// Takes in an operation that got no answer, if the server shows that it happened.
    pub(super) fn settle(&mut self, operation: &Operation, actual: &Self) {
        if let Some(shown) = actual.outcome(operation) {
            if let Operation::Change { kind, key, .. } = operation {
                let rest = |thing: &Value| {
                    let mut rest = thing.as_object().unwrap().clone();
                    rest.remove(kind.label());
                    rest.remove("updated_at");
                    rest
                };
                let before = &self.things[&(*kind, key.clone())];
                assert_eq!(rest(&shown), rest(before), "a change that was cut off changed something else");
            }
            self.apply(operation, shown);
        }
    }

    /// What is shown of an operation that happened; `None` if it did not.
    fn outcome(&self, operation: &Operation) -> Option<Value> {
        let happened = match operation {
            Operation::Create { kind, body } => {
                // No name is used twice.
                let mut of_kind = self.things.iter().filter(|((of, _), _)| of == kind);
                return of_kind
                    .find(|(_, shown)| shown["name"] == body["name"])
                    .map(|(_, shown)| shown.clone());
            }
            Operation::Change { kind, key, value } => {
                let shown = self.things.get(&(*kind, key.clone()))?;
                return (shown[kind.label()] == *value).then(|| shown.clone());
            }
            Operation::Remove { kind, key } => !self.things.contains_key(&(*kind, key.clone())),
            Operation::Attach { slug, policies } => self.attached.get(slug) == Some(policies),
            Operation::Add { dataset, texts, .. } => {
                let (document, text) = &texts[0];
                self.documents.get(dataset).and_then(|all| all.get(document)) == Some(text)
            }
            Operation::Forget { dataset, document } => {
                !self.documents.get(dataset).is_some_and(|all| all.contains_key(document))
            }
            Operation::SearchQuery { .. } => false,
        };
        happened.then_some(Value::Null)
    }
}

/// All items of a list.
pub(super) async fn pages(owner: &Client, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut after = String::new();
    loop {
        let mut page = owner.get(&format!("{path}?limit=100{after}")).await.expect(200).body;
        items.append(page["items"].as_array_mut().unwrap());
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&cursor={cursor}"),
            None => return items,
        }
    }
}

async fn documents(owner: &Client, dataset: &str) -> BTreeMap<String, String> {
    let path = format!("/datasets/{dataset}/documents");
    let listed = pages(owner, &path).await;
    let read = |item: Value| {
        let (id, path) = (text(&item["document_id"]), &path);
        async move {
            let document = owner.get(&format!("{path}/{id}")).await.expect(200).body;
            (id, text(&document["content"]))
        }
    };
    futures_util::stream::iter(listed).map(read).buffer_unordered(16).collect().await
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
