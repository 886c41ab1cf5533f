//! The command `syft-space access`: what an account may ask, and what is left to it.

use clap::Args;
use serde::Serialize;
use syft_space_domain::policy::Purpose;

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option};
use crate::cli::durations::{every, rounded_up, within};
use crate::cli::exit::CommandError;
use crate::cli::instant::time;
use crate::cli::output::{Column, Output, text};
use crate::routes::own_access::{Disclosure, EndpointAccess, Price, RateLimit};
use crate::routes::reply::List;

/// The type of policies by which somebody approves each question.
const MANUAL_REVIEW: &str = "manual_review";

/// What to forecast.
#[derive(Args)]
pub(super) struct AccessArguments {
    /// What the questions would be for, where a policy asks it
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<String>,
    #[command(flatten)]
    pub(super) account: Account,
}

impl AccessArguments {
    /// Refuses arguments that cannot be followed.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        self.purpose.as_deref().map_or(Ok(()), |purpose| option::<Purpose>("--purpose", purpose).map(drop))
    }
}

/// A fact about an endpoint that may be asked, as a person reads it.
#[derive(Serialize)]
struct Line {
    endpoint: String,
    answers: String,
    left: String,
}

const LINES: &[Column<Line>] = &[
    text("ENDPOINT", |line| line.endpoint.clone()),
    text("ANSWERS", |line| line.answers.clone()),
    text("LEFT", |line| line.left.clone()),
];

/// The lines of an endpoint: its name, and a fact in each.
fn lines(access: &EndpointAccess) -> Vec<Line> {
    let (mut answers, mut left) = (answers(access).into_iter(), left(access).into_iter());
    let mut lines = Vec::new();
    let mut endpoint = access.slug.clone();
    loop {
        let (says, fact) = (answers.next(), left.next());
        if says.is_none() && fact.is_none() {
            return lines;
        }
        let (answers, left) = (says.unwrap_or_default(), fact.unwrap_or_default());
        lines.push(Line { endpoint: std::mem::take(&mut endpoint), answers, left });
    }
}

/// Whether a query would be answered, and why not.
fn answers(access: &EndpointAccess) -> Vec<String> {
    let is_reviewed = access.terms.iter().any(|term| term.policy_type == MANUAL_REVIEW);
    match &access.refusal {
        None if is_reviewed => vec!["after approval".to_owned()],
        None => vec!["yes".to_owned()],
        Some(_) if !access.purposes.is_empty() => {
            let purposes = access.purposes.iter().map(|purpose| format!("  {purpose}"));
            std::iter::once("with --purpose, one of".to_owned()).chain(purposes).collect()
        }
        Some(refusal) => {
            let reason = refusal.detail.split(';').next().unwrap_or_default();
            match refusal.retry_after {
                Some(seconds) => vec![format!("in {}", rounded_up(seconds)), reason.to_owned()],
                None => vec!["no".to_owned(), reason.to_owned()],
            }
        }
    }
}

/// What is left, and what it costs.
fn left(access: &EndpointAccess) -> Vec<String> {
    let mut facts = Vec::new();
    facts.extend(access.limits.iter().map(limit));
    for Price { unit, price, currency, free_units, remaining, resets_at } in &access.prices {
        let free = if *free_units > 0 { format!(", {free_units} free") } else { String::new() };
        facts.push(format!("{price} {currency} a {unit}{free}"));
        if let Some(amount) = remaining {
            facts.push(format!("{amount} {currency} left to spend"));
        }
        facts.extend(resets_at.map(|at| format!("begins anew {}", time(at))));
    }
    for Disclosure { unit, cap, remaining, window } in &access.disclosures {
        let shown = cap.saturating_sub(*remaining);
        facts.push(format!("{shown} of {cap} {unit} shown {}", within(*window)));
    }
    facts
}

/// How a limit stands.
pub(super) fn limit(RateLimit { unit, quota, window, remaining, reset, .. }: &RateLimit) -> String {
    let more = if remaining < quota { format!(", more in {}", rounded_up(*reset)) } else { String::new() };
    format!("{remaining} of {quota} {unit} {}{more}", every(*window))
}

pub(super) async fn run(api: &ApiClient, what: &AccessArguments, out: &mut Output) -> anyhow::Result<()> {
    let mut query = vec![("limit", "100")];
    query.extend(what.purpose.as_deref().map(|purpose| ("purpose", purpose)));
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = api.page::<EndpointAccess>("/api/v1/me/access", &query, cursor.as_deref()).await?;
        found.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    if out.json {
        return out.document(&List { items: found, next_cursor: None });
    }
    if found.is_empty() {
        out.remark("(nothing: no endpoint admits you)");
        return Ok(());
    }
    let mut table = out.table(LINES);
    table.items(&found.iter().flat_map(lines).collect::<Vec<_>>())?;
    table.end().map(drop)
}
