//! An operation that a writer asks the server to do.

use serde_json::{Value, json};

use super::world::Kind;

#[derive(Debug, Clone)]
pub(super) enum Operation {
    Create {
        kind: Kind,
        body: Value,
    },
    Change {
        kind: Kind,
        key: String,
        value: String,
    },
    Remove {
        kind: Kind,
        key: String,
    },
    Attach {
        slug: String,
        policies: Vec<String>,
    },
    /// Puts texts in, all or none, in place of those of the same ids.
    Add {
        dataset: String,
        texts: Vec<(String, String)>,
        wait: bool,
    },
    Forget {
        dataset: String,
        document: String,
    },
    SearchQuery {
        slug: String,
    },
}

impl Operation {
    /// Method, path and body, and the status by which it is acknowledged.
    pub(super) fn request(&self) -> (&'static str, String, Option<Value>, u16) {
        match self {
            Self::Create { kind, body } => ("POST", kind.path().to_owned(), Some(body.clone()), 201),
            Self::Change { kind, key, value } => {
                ("PATCH", format!("{}/{key}", kind.path()), Some(json!({ kind.label(): value })), 200)
            }
            Self::Remove { kind, key } => ("DELETE", format!("{}/{key}", kind.path()), None, 204),
            Self::Attach { slug, policies } => {
                ("PUT", format!("/endpoints/{slug}/policies"), Some(json!({ "policy_ids": policies })), 200)
            }
            Self::Add { dataset, texts, wait } => {
                let document = |(id, text): &(String, String)| json!({ "document_id": id, "content": text });
                let documents: Vec<Value> = texts.iter().map(document).collect();
                let path = format!("/datasets/{dataset}/documents?wait={wait}");
                ("POST", path, Some(json!({ "documents": documents })), if *wait { 200 } else { 202 })
            }
            Self::Forget { dataset, document } => {
                ("DELETE", format!("/datasets/{dataset}/documents/{document}"), None, 204)
            }
            Self::SearchQuery { slug } => {
                let body = json!({ "messages": "what does the ledger say?", "similarity_threshold": 0.0 });
                ("POST", format!("/endpoints/{slug}/query"), Some(body), 200)
            }
        }
    }

    /// Its name in the tally.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Create { kind: Kind::Dataset, .. } => "create dataset",
            Self::Create { kind: Kind::Policy, .. } => "create policy",
            Self::Create { kind: Kind::Endpoint, .. } => "create endpoint",
            Self::Change { .. } => "change",
            Self::Remove { kind: Kind::Dataset, .. } => "remove dataset",
            Self::Remove { .. } => "remove policy or endpoint",
            Self::Attach { .. } => "attach policies",
            Self::Add { wait: true, .. } => "add documents and wait",
            Self::Add { wait: false, .. } => "add documents",
            Self::Forget { .. } => "remove document",
            Self::SearchQuery { .. } => "query",
        }
    }
}
