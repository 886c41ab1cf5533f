//! The commands `syft-space retention show|set|sweep|hold|release`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;
use syft_space_domain::ids::LegalHoldId;
use syft_space_domain::retention::{RetentionKind, TermError};
use syft_space_domain::text::Name;

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option, unusable};
use crate::cli::exit::CommandError;
use crate::cli::instant::time;
use crate::cli::output::Output;
use crate::routes::retention::{
    ChangeRetentionTerms, LegalHold, NewLegalHold, Retention, RetentionSweep, RetentionTerms, SweepRetention,
    SweptKind,
};

const PATH: &str = "/api/v1/retention";

/// What one can do with what nobody removes.
#[derive(Subcommand)]
pub(super) enum RetentionCommand {
    /// Show for how long each kind of data is kept, what is overdue, and the legal holds
    Show(ShowRetention),
    /// Set for how long a kind of data is kept
    Set(SetTerms),
    /// Remove what is older than its term, at once
    Sweep(SweepArguments),
    /// Make a legal hold: nothing goes by its age, and nobody is erased, until it is released
    Hold(HoldArguments),
    /// Release a legal hold
    Release(ReleaseArguments),
}

/// As whom terms are read.
#[derive(Args)]
pub(super) struct ShowRetention {
    #[command(flatten)]
    account: Account,
}

/// Which terms.
#[derive(Args)]
#[group(id = "terms", required = true, multiple = true, args = ["log_personal_data", "policy_revisions", "invitations", "disclosures", "transfers", "log_events"])]
pub(super) struct SetTerms {
    /// For how many days the log knows of persons: 7 to 3650
    #[arg(long, value_name = "DAYS")]
    log_personal_data: Option<u32>,
    /// For how many days former policies are kept: 30 to 3650
    #[arg(long, value_name = "DAYS")]
    policy_revisions: Option<u32>,
    /// For how many days invitations are kept that nobody accepted, from when they ran out: 1 to 3650
    #[arg(long, value_name = "DAYS")]
    invitations: Option<u32>,
    /// For how many days it is kept what callers were shown, once it counts no more: 1 to 3650
    #[arg(long, value_name = "DAYS")]
    disclosures: Option<u32>,
    /// For how many days charges are kept, by the month: 90 to 36500
    #[arg(long, value_name = "DAYS")]
    transfers: Option<u32>,
    /// For how many days events of the log are kept, of which their hashes stay: 90 to 36500
    #[arg(long, value_name = "DAYS")]
    log_events: Option<u32>,
    #[command(flatten)]
    account: Account,
}

/// Whether anything goes.
#[derive(Args)]
pub(super) struct SweepArguments {
    /// Only tell what would go
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    account: Account,
}

/// Why nothing may go.
#[derive(Args)]
pub(super) struct HoldArguments {
    /// Why nothing may go
    #[arg(value_name = "REASON")]
    reason: String,
    #[command(flatten)]
    account: Account,
}

/// Which hold.
#[derive(Args)]
pub(super) struct ReleaseArguments {
    /// Its id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    account: Account,
}

impl RetentionCommand {
    /// The account as which it acts.
    pub(super) fn account(&self) -> &Account {
        match self {
            Self::Show(what) => &what.account,
            Self::Set(what) => &what.account,
            Self::Sweep(what) => &what.account,
            Self::Hold(what) => &what.account,
            Self::Release(what) => &what.account,
        }
    }

    /// Refuses what can be no term, reason or id.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        match self {
            Self::Set(what) => {
                let named = [
                    ("--log-personal-data", RetentionKind::LogPersonalData, what.log_personal_data),
                    ("--policy-revisions", RetentionKind::PolicyRevisions, what.policy_revisions),
                    ("--invitations", RetentionKind::Invitations, what.invitations),
                    ("--disclosures", RetentionKind::Disclosures, what.disclosures),
                    ("--transfers", RetentionKind::Transfers, what.transfers),
                    ("--log-events", RetentionKind::LogEvents, what.log_events),
                ];
                named.into_iter().try_for_each(|(name, kind, days)| match days {
                    Some(days) if !kind.bounds().contains(&days) => Err(unusable(name, TermError { kind })),
                    _ => Ok(()),
                })
            }
            Self::Hold(what) => option::<Name>("REASON", &what.reason).map(drop),
            Self::Release(what) => option::<LegalHoldId>("ID", &what.id).map(drop),
            Self::Show(_) | Self::Sweep(_) => Ok(()),
        }
    }
}

pub(super) async fn run(api: &ApiClient, what: &RetentionCommand, out: &mut Output) -> anyhow::Result<()> {
    match what {
        RetentionCommand::Show(_) => show(api, out).await,
        RetentionCommand::Set(what) => {
            let change = ChangeRetentionTerms {
                log_personal_data: what.log_personal_data,
                policy_revisions: what.policy_revisions,
                invitations: what.invitations,
                disclosures: what.disclosures,
                transfers: what.transfers,
                log_events: what.log_events,
            };
            let request = api.request(Method::PATCH, PATH, &[])?.json(&change);
            let terms: RetentionTerms = api.read(request).await?;
            if out.json { out.document(&terms) } else { tell_terms(&terms, out) }
        }
        RetentionCommand::Sweep(what) => sweep(api, what.dry_run, out).await,
        RetentionCommand::Hold(what) => {
            let wanted = NewLegalHold { reason: option("REASON", &what.reason)? };
            let hold: LegalHold = api.post(&format!("{PATH}/holds"), &wanted).await?;
            if out.json {
                return out.document(&hold);
            }
            out.line("From now on nothing goes by its age, and nobody is erased, until it is released:")?;
            out.line(&format!("syft-space retention release {}", hold.id))
        }
        RetentionCommand::Release(what) => {
            let id: LegalHoldId = option("ID", &what.id)?;
            api.send(api.request(Method::DELETE, &format!("{PATH}/holds/{id}"), &[])?).await?;
            if out.json { out.document(&json!({ "id": id })) } else { out.line("The hold is released.") }
        }
    }
}

async fn show(api: &ApiClient, out: &mut Output) -> anyhow::Result<()> {
    let found: Retention = api.get(PATH).await?;
    if out.json {
        return out.document(&found);
    }
    tell_terms(&found.terms, out)?;
    for kind in &found.overdue {
        out.line(&format!("Something is overdue: {}.", kind_in_words(*kind)))?;
    }
    if found.holds.is_empty() {
        return out.line("No legal hold stands.");
    }
    out.line("Nothing of it goes, and nobody is erased, while these legal holds stand:")?;
    for hold in &found.holds {
        out.line(&format!("  {}  since {}: {}", hold.id, time(hold.created_at), hold.reason))?;
    }
    Ok(())
}

fn tell_terms(terms: &RetentionTerms, out: &mut Output) -> anyhow::Result<()> {
    let kept = [
        (RetentionKind::LogPersonalData, terms.log_personal_data),
        (RetentionKind::PolicyRevisions, terms.policy_revisions),
        (RetentionKind::Invitations, terms.invitations),
        (RetentionKind::Disclosures, terms.disclosures),
        (RetentionKind::Transfers, terms.transfers),
        (RetentionKind::LogEvents, terms.log_events),
    ];
    for (kind, days) in kept {
        out.line(&format!("For {days} days: {}.", kind_in_words(kind)))?;
    }
    Ok(())
}

/// Sweeps until nothing is left that goes: one request goes on for some seconds only.
async fn sweep(api: &ApiClient, dry_run: bool, out: &mut Output) -> anyhow::Result<()> {
    let mut went: BTreeMap<RetentionKind, u64> = BTreeMap::new();
    let mut swept = loop {
        api.renew_session().await?;
        let round: RetentionSweep = api.post(&format!("{PATH}/sweep"), &SweepRetention { dry_run }).await?;
        for kind in &round.kinds {
            let all = went.entry(kind.kind).or_default();
            *all = all.saturating_add(kind.count);
        }
        let goes_on =
            round.kinds.iter().any(|kind| kind.has_more) && round.kinds.iter().any(|kind| kind.count > 0);
        if dry_run || !goes_on {
            break round;
        }
    };
    let has_more = |kind| swept.kinds.iter().any(|left| left.kind == kind && left.has_more);
    let kinds = went.into_iter().map(|(kind, count)| SweptKind { kind, count, has_more: has_more(kind) });
    swept.kinds = kinds.collect();
    if out.json {
        return out.document(&swept);
    }
    if dry_run && !api.get::<Retention>(PATH).await?.holds.is_empty() {
        out.line("A legal hold stands, so nothing goes until it is released.")?;
    }
    if swept.kinds.is_empty() {
        return out.line("Nothing is older than its term.");
    }
    for kind in &swept.kinds {
        let (what, went) = (kind_in_words(kind.kind), if dry_run { "would go" } else { "went" });
        let more = if kind.has_more { ", and there is more" } else { "" };
        out.line(&format!("{what}: {} {went}{more}.", kind.count))?;
    }
    Ok(())
}

fn kind_in_words(kind: RetentionKind) -> &'static str {
    match kind {
        RetentionKind::LogPersonalData => "what events of the log know of persons",
        RetentionKind::PolicyRevisions => "what policies were before they were changed",
        RetentionKind::Invitations => "invitations that nobody accepted, from when they ran out",
        RetentionKind::Disclosures => "what callers were shown, once it counts no more",
        RetentionKind::Transfers => "charges",
        RetentionKind::LogEvents => "events of the log",
    }
}
