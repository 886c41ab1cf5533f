//! The outcome of a query to a space, as the aggregator reads and reports it.

use serde_json::{Map, Value, json};

/// The outcome of one data source.
pub(crate) struct Outcome {
    path: String,
    pub(crate) status: &'static str,
    pub(crate) error: Option<String>,
    documents: Vec<Document>,
    /// The policy entries, each with the source's path.
    policy_entries: Vec<Value>,
}

struct Document {
    title: String,
    content: String,
}

impl Outcome {
    pub(crate) fn failed(path: String, status: &'static str, error: &str) -> Self {
        Self {
            path,
            status,
            error: Some(error.to_owned()),
            documents: Vec::new(),
            policy_entries: Vec::new(),
        }
    }

    /// Adds the policy entries, which are read from the top level of the body only.
    pub(crate) fn with_policy_entries(mut self, text: &str) -> Self {
        let body: Value = serde_json::from_str(text).unwrap_or_default();
        let entries = body.pointer("/policy_metadata/entries").and_then(Value::as_array);
        for entry in entries.into_iter().flatten().filter_map(Value::as_object) {
            let mut entry = entry.clone();
            entry.insert("source".to_owned(), json!(self.path));
            self.policy_entries.push(Value::Object(entry));
        }
        self
    }
}

/// Reads a response. Only 200 is success.
pub(crate) fn from_response(path: String, status: u16, text: &str) -> Outcome {
    if status == 200 {
        return parse_documents(&path, text).map_or_else(
            |error| Outcome::failed(path.clone(), "error", &format!("Unexpected error: {error}")),
            |documents| {
                let found = Outcome {
                    path: path.clone(),
                    status: "success",
                    error: None,
                    documents,
                    policy_entries: Vec::new(),
                };
                found.with_policy_entries(text)
            },
        );
    }
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let detail = match body.get("detail") {
        Some(Value::String(detail)) => detail.clone(),
        // The real aggregator formats it as Python does.
        Some(other) => other.to_string(),
        None if text.trim_start().starts_with('<') => {
            let message = format!(
                "The data source '{path}' is currently unreachable. Please contact the endpoint owner to resolve this."
            );
            return Outcome::failed(path, "error", &message);
        }
        None => text.to_owned(),
    };
    let outcome = body.pointer("/policy_metadata/outcome").and_then(Value::as_str);
    match (status, outcome) {
        (401, _) => Outcome::failed(path, "error", "HTTP 401: Invalid or expired token"),
        // The real aggregator's model lacks these two values: it fails on them, and loses the policy entries.
        (403, Some(unknown @ ("rate_limited" | "policy_violation"))) => {
            let message = format!(
                "Unexpected error: 1 validation error for RetrievalResult status Input should be 'success', 'error', \
                 'timeout', 'payment_failed' or 'access_denied' [input_value='{unknown}']"
            );
            Outcome::failed(path, "error", &message)
        }
        (403, _) => Outcome::failed(path, "access_denied", &format!("Access denied: {detail}"))
            .with_policy_entries(text),
        _ => Outcome::failed(path, "error", &format!("HTTP {status}: {detail}")).with_policy_entries(text),
    }
}

/// The documents of a successful response. An invalid one fails the whole source.
fn parse_documents(path: &str, text: &str) -> Result<Vec<Document>, String> {
    let body: Value =
        serde_json::from_str(text).map_err(|_| "Expecting value: line 1 column 1 (char 0)".to_owned())?;
    let mut documents = Vec::new();
    let found = body.pointer("/references/documents").and_then(Value::as_array);
    for document in found.into_iter().flatten() {
        if document.get("similarity_score").is_some_and(|score| !score.is_number()) {
            return Err("float() argument must be a string or a real number".to_owned());
        }
        let none = Map::new();
        let metadata = match document.get("metadata") {
            None => &none,
            Some(metadata) => metadata.as_object().ok_or("metadata: Input should be a valid dictionary")?,
        };
        let title = metadata.get("title").or_else(|| metadata.get("document_title")).and_then(Value::as_str);
        let title = title.map_or_else(|| format!("Document from {path}"), str::to_owned);
        let content = document.get("content").and_then(Value::as_str).unwrap_or_default().to_owned();
        documents.push(Document { title, content });
    }
    if let Some(summary) = body.pointer("/summary/message/content").and_then(Value::as_str) {
        let content =
            if summary.is_empty() { "No related information found for this query." } else { summary };
        documents.push(Document { title: format!("Document from {path}"), content: content.to_owned() });
    }
    Ok(documents)
}

/// The aggregator's response body for these outcomes.
pub(crate) fn combine(outcomes: &[Outcome]) -> Value {
    let mut sources = Map::new();
    for outcome in outcomes {
        for document in &outcome.documents {
            sources
                .insert(document.title.clone(), json!({"slug": outcome.path, "content": document.content}));
        }
    }
    let info: Vec<Value> = outcomes
        .iter()
        .map(|outcome| {
            json!({
                "path": outcome.path, "documents_retrieved": outcome.documents.len(), "status": outcome.status,
                "error_message": outcome.error,
            })
        })
        .collect();
    json!({
        "response": "", "sources": sources, "retrieval_info": info, "usage": null, "billing": billing(outcomes),
        "metadata": {"retrieval_time_ms": 0, "generation_time_ms": 0, "total_time_ms": 0},
    })
}

fn billing(outcomes: &[Outcome]) -> Value {
    let entries: Vec<&Value> = outcomes.iter().flat_map(|outcome| &outcome.policy_entries).collect();
    if entries.is_empty() {
        return Value::Null;
    }
    let is_charged = |entry: &&&Value| entry.get("status").and_then(Value::as_str) == Some("charged");
    let charged: Vec<&&Value> = entries.iter().filter(is_charged).collect();
    let amount = |entry: &&Value| entry.get("amount").and_then(Value::as_f64).unwrap_or_default();
    let total = (!charged.is_empty()).then(|| charged.iter().map(|entry| amount(entry)).sum::<f64>());
    let currencies: Vec<Option<&Value>> = charged.iter().map(|entry| entry.get("currency")).collect();
    let common =
        currencies.first().copied().flatten().filter(|_| currencies.array_windows().all(|[a, b]| a == b));
    json!({"total_cost": total, "currency": common, "entries": entries})
}
