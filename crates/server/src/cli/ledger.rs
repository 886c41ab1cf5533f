//! The commands `syft-space ledger`.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cli::api::ApiClient;
use crate::cli::csv::{self, guard};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::instant::{interval, time};
use crate::cli::lists::actor;
use crate::cli::names::Names;
use crate::cli::output::{Column, Output, text};
use crate::cli::publish::find_endpoint;
use crate::routes::ledger::{AccountBalance, AccountKind, Charged, Period, Reconciliation, Transfer};

/// What one can do with the ledger.
#[derive(Subcommand)]
pub(super) enum Ledger {
    /// List what each caller was charged, and what each endpoint has earned
    Balances(Form),
    /// List each charge, or those that are asked for, the oldest first
    Transfers(Transfers),
    /// Add all of it up, and tell whether the sums hold
    Check,
}

/// In which form.
#[derive(Args)]
pub(super) struct Form {
    /// Write it as CSV (RFC 4180)
    #[arg(long)]
    csv: bool,
}

/// Which charges, and in which form.
#[derive(Args)]
pub(super) struct Transfers {
    /// Only what this caller was charged: a member's address, or the id that the audit log has
    #[arg(long, value_name = "CALLER")]
    payer: Option<String>,
    /// Only what this endpoint has earned
    #[arg(long, value_name = "SLUG")]
    endpoint: Option<String>,
    /// Only charges of this time or later, such as 2027-06-30T18:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only charges of before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    form: Form,
}

impl Transfers {
    /// The parameters that say which are asked for.
    async fn filters(&self, api: &ApiClient) -> anyhow::Result<Vec<(&'static str, String)>> {
        let mut filters = Vec::new();
        if let Some(payer) = &self.payer {
            filters.push(("payer", actor(api, "--payer", payer).await?.to_string()));
        }
        if let Some(endpoint) = &self.endpoint {
            filters.push(("endpoint", find_endpoint(api, endpoint).await?.0.endpoint.id.to_string()));
        }
        let [since, until] = interval(self.since.as_ref(), self.until.as_ref())?;
        for (name, time) in [("since", since), ("until", until)] {
            filters.extend(time.map(|time| (name, time.to_string())));
        }
        Ok(filters)
    }
}

/// One line of a list: a charge, or what an account has come to.
#[derive(Serialize)]
struct Line {
    /// A transfer, or on which side of the ledger a balance is.
    kind: &'static str,
    time: String,
    account: String,
    endpoint: String,
    policy: String,
    period: String,
    currency: String,
    units: u64,
    free_units: u64,
    amount: String,
    id: String,
    /// How much of the amount is of charges that are gone by their age.
    brought_forward: String,
}

const TRANSFERS: &[Column<Line>] = &[
    text("TIME", |line| line.time.clone()),
    text("PAYER", |line| line.account.clone()),
    text("ENDPOINT", |line| line.endpoint.clone()),
    text("POLICY", |line| line.policy.clone()),
    text("UNITS", |line| line.units.to_string()),
    text("FREE", |line| line.free_units.to_string()),
    text("AMOUNT", |line| format!("{} {}", line.amount, line.currency)),
];

const BALANCES: &[Column<Line>] = &[
    text("KIND", |line| line.kind.to_owned()),
    text(
        "ACCOUNT",
        |line| if line.account.is_empty() { line.endpoint.clone() } else { line.account.clone() },
    ),
    text("POLICY", |line| line.policy.clone()),
    text("PERIOD", |line| line.period.clone()),
    text("UNITS", |line| line.units.to_string()),
    text("FREE", |line| line.free_units.to_string()),
    text("AMOUNT", |line| format!("{} {}", line.amount, line.currency)),
];

pub(super) async fn run(api: &ApiClient, what: &Ledger, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Ledger::Balances(form) => {
            list(api, ("/api/v1/ledger/balances", &[]), form, BALANCES, balance_line, out).await
        }
        Ledger::Transfers(what) => {
            let asked = ("/api/v1/ledger/transfers", &*what.filters(api).await?);
            list(api, asked, &what.form, TRANSFERS, transfer_line, out).await
        }
        Ledger::Check => check(api, out).await,
    }
}

async fn list<T: Serialize + DeserializeOwned>(
    api: &ApiClient,
    asked: (&str, &[(&'static str, String)]),
    form: &Form,
    columns: &'static [Column<Line>],
    line: fn(&T, &Names) -> Line,
    out: &mut Output,
) -> anyhow::Result<()> {
    if out.json && form.csv {
        let message = "--json and --csv are two forms: leave one out";
        return Err(CommandError::new(ExitStatus::Usage, message).into());
    }
    if out.json {
        let mut table = out.table::<T>(&[]);
        read(api, asked, |items: &[T]| table.items(items)).await?;
        return table.end().map(drop);
    }
    let names = Names::read(api).await?;
    let lines = |items: &[T]| items.iter().map(|item| line(item, &names)).collect::<Vec<_>>();
    if form.csv {
        let mut has_header = false;
        let write = |items: &[T]| {
            let lines: Vec<Line> = lines(items).iter().map(Line::guarded).collect();
            out.text(&csv::text(&lines, !std::mem::replace(&mut has_header, true))?)
        };
        return read(api, asked, write).await;
    }
    let mut table = out.table(columns);
    read(api, asked, |items: &[T]| table.items(&lines(items))).await?;
    table.end().map(drop)
}

/// Reads a list to its end, a page at a time: a ledger may be long.
async fn read<T: DeserializeOwned>(
    api: &ApiClient,
    (path, filters): (&str, &[(&'static str, String)]),
    mut tell: impl FnMut(&[T]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut cursor = None::<String>;
    let mut query = vec![("limit", "100")];
    query.extend(filters.iter().map(|(name, value)| (*name, value.as_str())));
    loop {
        let page = api.page::<T>(path, &query, cursor.as_deref()).await?;
        tell(&page.items)?;
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

impl Line {
    fn guarded(&self) -> Self {
        Self {
            kind: self.kind,
            time: guard(&self.time),
            account: guard(&self.account),
            endpoint: guard(&self.endpoint),
            policy: guard(&self.policy),
            period: guard(&self.period),
            currency: guard(&self.currency),
            units: self.units,
            free_units: self.free_units,
            amount: guard(&self.amount),
            brought_forward: guard(&self.brought_forward),
            id: guard(&self.id),
        }
    }
}

fn transfer_line(transfer: &Transfer, names: &Names) -> Line {
    let Charged { units, free_units, amount } = &transfer.charged;
    Line {
        kind: "transfer",
        time: time(transfer.time),
        account: names.of(&transfer.payer_id.to_string()),
        endpoint: names.of(&transfer.endpoint_id.to_string()),
        policy: names.of(&transfer.policy_id.to_string()),
        period: period(&transfer.period),
        currency: transfer.currency.clone(),
        units: *units,
        free_units: *free_units,
        amount: amount.clone(),
        brought_forward: String::new(),
        id: format!("{}.{}", transfer.event_id, transfer.policy_id),
    }
}

fn balance_line(balance: &AccountBalance, names: &Names) -> Line {
    let Charged { units, free_units, amount } = &balance.charged;
    let name = names.of(&balance.account.account_id);
    let (kind, account, endpoint) = match balance.account.account_kind {
        AccountKind::Payer => ("payer", name, String::new()),
        AccountKind::Endpoint => ("endpoint", String::new(), name),
    };
    Line {
        kind,
        time: String::new(),
        account,
        endpoint,
        policy: names.of(&balance.policy_id.to_string()),
        period: period(&balance.period),
        currency: balance.currency.clone(),
        units: *units,
        free_units: *free_units,
        amount: amount.clone(),
        brought_forward: balance.brought_forward.amount.clone(),
        id: balance.account.account_id.clone(),
    }
}

/// Such as `month of 2026-11-01`.
fn period(Period { period, period_begins }: &Period) -> String {
    let begins = period_begins.to_string();
    match &**period {
        "total" => "all of time".to_owned(),
        _ => format!("{period} of {}", begins.split('T').next().unwrap_or_default()),
    }
}

async fn check(api: &ApiClient, out: &mut Output) -> anyhow::Result<()> {
    let found: Reconciliation = api.get("/api/v1/ledger/reconciliation").await?;
    let told = if found.sound { "all sums hold" } else { "THE SUMS DO NOT HOLD" };
    let mut message = format!("{} transfers: {told}", found.transfers);
    for sums in &found.currencies {
        let (debited, credited, currency) = (&sums.debited, &sums.credited, &sums.currency);
        message.push_str(&format!("\n  {currency}: callers {debited}, endpoints {credited}"));
    }
    for discrepancy in &found.discrepancies {
        let (id, kept) = (&discrepancy.kept.account.account_id, &discrepancy.kept.charged.amount);
        let (transferred, past) = (&discrepancy.transferred.amount, &discrepancy.kept.brought_forward.amount);
        message.push_str(&format!(
            "\n  {id}: {kept} is kept, {past} of it brought forward, and its transfers come to {transferred}"
        ));
    }
    if out.json {
        out.document(&found)?;
    } else {
        out.line(&message)?;
    }
    if found.sound {
        return Ok(());
    }
    let message = "the ledger was written by somebody else: compare it with a backup, and with the audit log";
    Err(CommandError::new(ExitStatus::Failed, message).into())
}
