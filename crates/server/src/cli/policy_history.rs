//! The commands `syft-space policies history|rollback`: what a policy was, and making it so again.

use clap::Args;
use reqwest::Method;
use serde::Serialize;

use crate::cli::account::Account;
use crate::cli::api::ApiClient;
use crate::cli::known_policies::{PATH, find_policy};
use crate::cli::lists::time;
use crate::cli::names::Names;
use crate::cli::output::{Column, Output, number, text};
use crate::routes::policies::Policy;
use crate::routes::policy_revisions::{KeptRevision, RevisionSummary, RollBack};

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
        // All of it is for reading, by a program or a person.
        return out.document(&api.get::<KeptRevision>(&format!("{path}/{revision}")).await?);
    }
    // There are at most a hundred.
    let revisions = api.all::<RevisionSummary>(&path).await?;
    if out.json {
        return out.document(&revisions);
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
    let (_, revision): (Policy, _) = api.get_revision(&path).await?;
    let body = RollBack { revision: what.revision };
    let policy: Policy = api.change(Method::POST, &format!("{path}/rollback"), revision, &body).await?;
    if out.json {
        out.document(&policy)
    } else {
        out.line(&format!("The policy {} is again what it was by revision {}.", policy.name, what.revision))
    }
}
