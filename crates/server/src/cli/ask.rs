//! The command `syft-space ask`: a question to an endpoint, as an account.

use clap::Args;
use serde_json::Value;
use syft_space_domain::dataset::{ContextSize, SearchQuery, Threshold};
use syft_space_domain::endpoint::Slug;
use syft_space_domain::ids::ApprovalId;

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option, unusable};
use crate::cli::exit::{CommandError, ExitStatus, approval_of, is_refused_for, status_of};
use crate::cli::instant::time;
use crate::cli::output::Output;
use crate::cli::printable::{one_line, wrap};
use crate::cli::shut_out::why_shut_out;
use crate::http::reason::Reason;
use crate::routes::approvals::OwnApproval;
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
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=SearchQuery::MAX_LIMIT))]
    top: Option<u64>,
    /// How much of what stands before and behind each passage to show with it [default: 0]
    #[arg(long, value_name = "PASSAGES", value_parser = clap::value_parser!(u64).range(0..=u64::from(ContextSize::MAX)))]
    context: Option<u64>,
    /// How close a passage must be, from 0 to 1 [default: 0.5]
    #[arg(long, value_name = "SCORE")]
    threshold: Option<f64>,
    /// What the question is for, where a policy asks it
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<String>,
    #[command(flatten)]
    pub(super) account: Account,
}

impl AskArguments {
    /// Whom it asks, and what.
    pub(super) fn read(&self) -> Result<(Slug, Query), CommandError> {
        SearchQuery::check_text(&self.question).map_err(|error| unusable("QUESTION", error))?;
        let slug = option("ENDPOINT", &self.endpoint)?;
        let context = self.context.map(ContextSize::parse).transpose();
        let context = context.map_err(|error| unusable("--context", error))?;
        let threshold = self.threshold.map(Threshold::try_from).transpose();
        let threshold = threshold.map_err(|error| unusable("--threshold", error))?;
        let purpose = self.purpose.as_deref().map(|purpose| option("--purpose", purpose)).transpose()?;
        let query = Query::of_question(self.question.clone(), self.top, context);
        Ok((slug, query.above(threshold).for_purpose(purpose)))
    }
}

pub(super) async fn run(api: &ApiClient, what: &AskArguments, out: &mut Output) -> anyhow::Result<()> {
    let (slug, question) = what.read()?;
    let answer: Value = match api.post(&format!("/api/v1/endpoints/{slug}/query"), &question).await {
        Ok(answer) => answer,
        Err(error) => return Err(explained(api, &slug, what, error).await),
    };
    if out.json {
        return out.document(&answer);
    }
    let found = answer.pointer("/references/documents").and_then(Value::as_array);
    let found = found.map(Vec::as_slice).unwrap_or_default();
    if found.is_empty() {
        out.remark("(nothing found: try other words, or a lower --threshold)");
    }
    remark_entries(&answer, out);
    for (index, hit) in found.iter().enumerate() {
        if index > 0 {
            out.line("")?;
        }
        let score = hit.get("similarity_score").and_then(Value::as_f64).unwrap_or_default();
        out.line(&format!("{score:.2}  {}", one_line(&place(hit))))?;
        let content = hit.get("content").and_then(Value::as_str).unwrap_or_default();
        let (before, after) = (around(hit, "/context/before"), around(hit, "/context/after"));
        // Where a passage stands among others, a bar says which it is.
        let mark = if before.is_empty() && after.is_empty() { "" } else { "|" };
        let passages = before.into_iter().map(|text| ("", text));
        let passages = passages.chain([(mark, content)]).chain(after.into_iter().map(|text| ("", text)));
        for (index, (mark, text)) in passages.enumerate() {
            if index > 0 {
                out.line("")?;
            }
            for line in wrap(text, out.columns().saturating_sub(INDENT)) {
                out.line(format!("{mark:>4}{:1$}{line}", "", INDENT.saturating_sub(4)).trim_end())?;
            }
        }
    }
    Ok(())
}

/// Tells what the answer cost, and what policies left out of it.
fn remark_entries(answer: &Value, out: &Output) {
    let entries = answer.pointer("/policy_metadata/entries").and_then(Value::as_array);
    for entry in entries.into_iter().flatten() {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        if let Some(amount) = entry.get("amount").and_then(Value::as_f64) {
            let told = match text("status") {
                "free" => "(free of charge)".to_owned(),
                status => format!("({amount} {} {status})", text("currency")),
            };
            out.remark(&told);
        } else if let Some(reason) = entry.get("reason").and_then(Value::as_str) {
            out.remark(&format!("({reason})"));
        }
    }
}

/// The texts on one side of a passage.
fn around<'a>(hit: &'a Value, side: &str) -> Vec<&'a str> {
    let texts = hit.pointer(side).and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(Value::as_str).collect()
}

/// Says of a question that was refused what the account can do about it.
async fn explained(api: &ApiClient, slug: &Slug, what: &AskArguments, error: anyhow::Error) -> anyhow::Error {
    let status = status_of(&error);
    let is_spent = [Reason::RateLimited, Reason::PaymentRequired];
    if is_spent.into_iter().any(|reason| is_refused_for(&error, reason)) {
        let message = format!("{error}; `syft-space access --as {}` tells what is left", what.account.email);
        return CommandError::new(status, message).into();
    }
    if let Some(id) = approval_of(&error) {
        // What cannot be learned goes unsaid: why it was refused is said already.
        let told = decision(api, id).await.ok().flatten().unwrap_or_default();
        let message =
            format!("{error}{told}. With another --top, --context or --purpose it is another question");
        return CommandError::new(status, message).into();
    }
    if what.purpose.is_none() && error.to_string().contains("/purpose: ") {
        return CommandError::new(status, format!("{error}: name one with --purpose PURPOSE")).into();
    }
    let message = match status {
        ExitStatus::NotFound => format!(
            "there is no endpoint \"{slug}\", or it is a draft, which only owners and admins can ask; `syft-space \
             endpoints list` shows which there are"
        ),
        // Whoever may not know why has been told whom to ask.
        ExitStatus::Refused => match why_shut_out(api, slug.as_str(), None).await {
            Ok(Some(why)) => format!(
                "the endpoint's policies do not let you in: {why}; `syft-space policies list` shows what each says, and \
                 `syft-space policies set` changes it"
            ),
            _ => return error,
        },
        _ => return error,
    };
    CommandError::new(status, message).into()
}

/// What became of one's own question that needs approval, as the end of a sentence.
async fn decision(api: &ApiClient, id: ApprovalId) -> anyhow::Result<Option<String>> {
    let mut cursor = None::<String>;
    loop {
        let page = [("limit", "100")];
        let page = api.page::<OwnApproval>("/api/v1/me/approvals", &page, cursor.as_deref()).await?;
        if let Some(own) = page.items.into_iter().find(|own| own.id == id) {
            let note = own.note.filter(|note| !note.is_empty());
            let note = note.map_or_else(String::new, |note| format!(": {note:?}"));
            return Ok(Some(format!("; it is {} until {}{note}", own.state, time(own.ends_at))));
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(None);
        }
    }
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
