//! The commands `syft-space policies history|rollback`: what a policy was, and making it so again.

use clap::Args;
use reqwest::Method;
use serde::Serialize;
use syft_space_domain::policy::Enforcement;

use crate::cli::account::Account;
use crate::cli::api::ApiClient;
use crate::cli::instant::time;
use crate::cli::known_policies::{PATH, find_policy};
use crate::cli::names::Names;
use crate::cli::output::{Column, Output, number, text};
use crate::cli::policy_changes::{Foreseen, foresee, shown_rule, tell_rules};
use crate::cli::policy_enforcement::tell_enforcement;
use crate::cli::shut_out::warn_if_shut_out;
use crate::routes::policies::Policy;
use crate::routes::policy_revisions::{KeptRevision, RevisionSummary, RollBack};
use crate::routes::reply::List;

/// Which policy, and which change of it.
#[derive(Args)]
pub(super) struct History {
    /// Its name, or its id
    #[arg(value_name = "NAME")]
    name: String,
    /// Show all that the policy was by this change
    #[arg(long, value_name = "NUMBER")]
    revision: Option<u64>,
}

/// Which policy, and what it is to be again.
#[derive(Args)]
pub(super) struct Rollback {
    /// Its name, or its id
    #[arg(value_name = "NAME")]
    name: String,
    /// The number of the change by which it was so
    #[arg(value_name = "REVISION", value_parser = clap::value_parser!(u64).range(1..))]
    revision: u64,
    #[command(flatten)]
    pub(super) account: Account,
}

/// A change, as a person reads it.
#[derive(Serialize)]
struct Line {
    revision: String,
    changed: String,
    by: String,
    name: String,
    changes: String,
}

const LINES: &[Column<Line>] = &[
    number("REVISION", |line| line.revision.clone()),
    text("CHANGED", |line| line.changed.clone()),
    text("BY", |line| line.by.clone()),
    text("NAME", |line| line.name.clone()),
    text("WHAT", |line| line.changes.clone()),
];

pub(super) async fn history(api: &ApiClient, what: &History, out: &mut Output) -> anyhow::Result<()> {
    let policy = find_policy(api, &what.name).await?;
    let path = format!("{PATH}/{}/revisions", policy.id);
    if let Some(revision) = what.revision {
        let kept = api.get::<KeptRevision>(&format!("{path}/{revision}")).await?;
        if out.json {
            return out.document(&kept);
        }
        let Line { revision, changed, by, name, changes } = line(&kept.summary, &Names::read(api).await?);
        out.line(&format!("Revision {revision} of the policy {name}, {changed}, by {by}: {changes}"))?;
        return out.line(&format!("  It was: {}", shown_rule(kept.configuration.get())));
    }
    // There are at most a hundred.
    let revisions = api.all::<RevisionSummary>(&path).await?;
    if out.json {
        return out.document(&List { items: revisions, next_cursor: None });
    }
    let names = Names::read(api).await?;
    let lines: Vec<Line> = revisions.iter().map(|revision| line(revision, &names)).collect();
    let mut table = out.table(LINES);
    table.items(&lines)?;
    table.end().map(drop)
}

fn line(revision: &RevisionSummary, names: &Names) -> Line {
    let changes = revision.changes.as_deref().unwrap_or_default().replace(',', ", ");
    Line {
        revision: revision.revision.to_string(),
        changed: time(revision.changed_at),
        by: revision.changed_by.map_or_else(String::new, |by| names.of(&by.to_string())),
        name: revision.name.clone(),
        changes: match revision.rolled_back_to {
            Some(to) => format!("{changes} (to revision {to})"),
            None => changes,
        },
    }
}

pub(super) async fn rollback(api: &ApiClient, what: &Rollback, out: &mut Output) -> anyhow::Result<()> {
    let found = find_policy(api, &what.name).await?;
    let path = format!("{PATH}/{}", found.id);
    // What is rolled back is what is there now, and nothing that somebody has changed meanwhile.
    let (before, revision): (Policy, _) = api.get_revision(&path).await?;
    let kept: KeptRevision = api.get(&format!("{path}/revisions/{}", what.revision)).await?;
    let kept_as = (&kept.summary.name, kept.configuration.get(), kept.summary.enforcement);
    if kept_as == (&before.name, before.configuration.get(), before.enforcement) {
        if out.json {
            return out.document(&before);
        }
        return out.line(&format!("The policy {} is so already.", before.name));
    }
    let wanted = serde_json::from_str(kept.configuration.get()).unwrap_or_default();
    let foreseen = match kept.summary.enforcement {
        Enforcement::Enforce => foresee(api, &before, &wanted).await,
        Enforcement::Shadow => Foreseen::default(),
    };
    let body = RollBack { revision: what.revision };
    let policy: Policy = api.change(Method::POST, &format!("{path}/rollback"), revision, &body).await?;
    if out.json {
        return out.document(&policy);
    }
    out.line(&format!("The policy {} is again what it was by revision {}.", policy.name, what.revision))?;
    tell_rules(before.configuration.get(), &policy, out)?;
    foreseen.tell(out);
    tell_enforcement(api, &policy, before.enforcement, out).await;
    warn_if_shut_out(api, &policy, &[], true, out).await;
    Ok(())
}
