//! The command `syft-space ask`: a question to an endpoint, as an account.

use clap::Args;
use serde_json::Value;
use syft_space_domain::endpoint::Slug;

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option};
use crate::cli::output::Output;
use crate::cli::printable::{one_line, wrap};
use crate::routes::query::Query;

/// How far a passage is set in under its heading.
const INDENT: usize = 6;

/// What to ask, and whom.
#[derive(Args)]
pub(super) struct AskArguments {
    /// The endpoint's slug
    #[arg(value_name = "ENDPOINT")]
    endpoint: String,
    /// What to ask
    #[arg(value_name = "QUESTION")]
    question: String,
    /// The most passages to show [default: 5]
    #[arg(long, value_name = "NUMBER")]
    top: Option<u64>,
    #[command(flatten)]
    pub(super) account: Account,
}

pub(super) async fn run(api: &ApiClient, what: &AskArguments, out: &mut Output) -> anyhow::Result<()> {
    let slug: Slug = option("ENDPOINT", &what.endpoint)?;
    let question = Query::of_question(what.question.clone(), what.top);
    let answer: Value = api.post(&format!("/api/v1/endpoints/{slug}/query"), &question).await?;
    if out.json {
        return out.document(&answer);
    }
    let found = answer.pointer("/references/documents").and_then(Value::as_array);
    let found = found.map(Vec::as_slice).unwrap_or_default();
    if found.is_empty() {
        out.remark("(nothing found: the search is by words, so try others)");
    }
    for (index, hit) in found.iter().enumerate() {
        if index > 0 {
            out.line("")?;
        }
        let score = hit.get("similarity_score").and_then(Value::as_f64).unwrap_or_default();
        out.line(&format!("{score:.2}  {}", one_line(&place(hit))))?;
        let content = hit.get("content").and_then(Value::as_str).unwrap_or_default();
        for line in wrap(content, out.columns().saturating_sub(INDENT)) {
            out.line(format!("{:INDENT$}{line}", "").trim_end())?;
        }
    }
    Ok(())
}

/// Where a passage stands: in which document, and where in it as far as that is known.
fn place(hit: &Value) -> String {
    let metadata = |key: &str| hit.get("metadata").and_then(|metadata| metadata.get(key));
    // A file's own name; its document may be called otherwise.
    let document = metadata("source").or_else(|| hit.get("document_id")).and_then(Value::as_str);
    let mut place = document.unwrap_or_default().to_owned();
    if let Some(page) = metadata("page").and_then(Value::as_u64) {
        place.push_str(&format!(", page {page}"));
    }
    if let Some(heading) = metadata("heading").and_then(Value::as_str) {
        place.push_str(&format!(", {heading:?}"));
    }
    place
}
