//! `syft-space datasets|endpoints|policies|marketplaces|users|tenants|audit|jobs list`: what there is, as the operator may see it.

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::cli::api::Api;
use crate::cli::exit::{Exit, Stop};
use crate::cli::out::{Column, Out, number, text};

/// A list without any choice.
#[derive(Subcommand)]
pub(super) enum Plain {
    /// List all of them
    List,
}

/// What one can do with datasets.
#[derive(Subcommand)]
pub(super) enum Datasets {
    /// List all of them
    List,
    /// Show one of them, and how much it holds
    Show {
        /// Its name, or its id
        #[arg(value_name = "NAME")]
        dataset: String,
    },
}

/// What one can do with jobs.
#[derive(Subcommand)]
pub(super) enum Jobs {
    /// List those of a dataset, the newest first
    List {
        /// The dataset's name, or its id
        #[arg(long, value_name = "NAME")]
        dataset: String,
    },
}

/// What one can do with the audit log.
#[derive(Subcommand)]
pub(super) enum Audit {
    /// List events, the newest first
    List(Events),
}

/// Which events.
#[derive(Args)]
pub(super) struct Events {
    /// The installation's own log instead of a tenant's
    #[arg(long)]
    installation: bool,
    /// Only events of this action, such as endpoint_query
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only events with this outcome: success, denied or failure
    #[arg(long, value_name = "OUTCOME")]
    outcome: Option<String>,
    /// Only events by the account, or the user of a hub, with this id
    #[arg(long, value_name = "ID")]
    actor: Option<String>,
    /// Only events at this time or later, such as 2026-07-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only events before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The most events to list
    #[arg(long, value_name = "NUMBER", default_value_t = 100, conflicts_with = "all")]
    limit: u64,
    /// List all of them
    #[arg(long)]
    all: bool,
}

const DATASETS: &[Column] = &[
    text("NAME", |one| word(one, "name")),
    text("ID", |one| word(one, "id")),
    text("SUMMARY", |one| word(one, "summary")),
    text("CHANGED", |one| time(one, "updated_at")),
];
const ENDPOINTS: &[Column] = &[
    text("SLUG", |one| word(one, "slug")),
    text("NAME", |one| word(one, "name")),
    text("PUBLISHED", |one| yes_or_no(one, "published")),
    text("DATASET", |one| word(one, "dataset_id")),
    text("CHANGED", |one| time(one, "updated_at")),
];
const POLICIES: &[Column] = &[
    text("NAME", |one| word(one, "name")),
    text("TYPE", |one| word(one, "policy_type")),
    text("RULE", |one| one.get("configuration").map_or_else(String::new, rule)),
    text("ID", |one| word(one, "id")),
];
const HUBS: &[Column] = &[
    text("ISSUER", |one| word(one, "issuer")),
    text("URL", |one| word(one, "url")),
    text("TRUSTED BY", |one| word(one, "trusted_by")),
    text("SINCE", |one| time(one, "created_at")),
];
const MARKETPLACES: &[Column] = &[
    text("NAME", |one| word(one, "name")),
    text("URL", |one| word(one, "url")),
    text("USERNAME", |one| word(one, "username")),
    text("SATELLITE", |one| word(one, "satellite_id")),
    text("CREDENTIAL", |one| one.get("credential").map_or_else(String::new, |one| word(one, "state"))),
    text("ID", |one| word(one, "id")),
];
const USERS: &[Column] = &[
    text("EMAIL", |one| word(one, "email")),
    text("ROLE", |one| word(one, "role")),
    text("STATUS", |one| word(one, "status")),
    text("SINCE", |one| time(one, "created_at")),
    text("ID", |one| word(one, "id")),
];
const TENANTS: &[Column] = &[
    text("NAME", |one| word(one, "name")),
    text("FOUNDED", |one| time(one, "created_at")),
    text("ID", |one| word(one, "id")),
];
const EVENTS: &[Column] = &[
    number("SEQ", |one| word(one, "seq")),
    text("TIME", |one| time(one, "time")),
    text("ACTION", |one| word(one, "action")),
    text("OUTCOME", |one| word(one, "outcome")),
    text("ACTOR", |one| one.get("actor").map_or_else(String::new, actor)),
    text("OBJECT", |one| one.get("object").map_or_else(String::new, object)),
    text("REASON", |one| word(one, "reason_code")),
    text("ADDRESS", |one| word(one, "address")),
    number("COUNT", |one| word(one, "count")),
];
const JOBS: &[Column] = &[
    text("STARTED", |one| time(one, "created_at")),
    text("STATUS", |one| word(one, "status")),
    number("DONE", |one| word(one, "documents_done")),
    number("OF", |one| word(one, "documents_total")),
    number("CHUNKS", |one| word(one, "chunks")),
    number("BYTES", |one| word(one, "bytes")),
    number("ERRORS", |one| one.get("errors").and_then(Value::as_array).map_or(0, Vec::len).to_string()),
    text("FINISHED", |one| time(one, "finished_at")),
    text("ID", |one| word(one, "id")),
];

pub(super) async fn datasets(api: &Api, what: &Datasets, out: &mut Out) -> anyhow::Result<()> {
    match what {
        Datasets::List => whole(api, "/api/v1/datasets", DATASETS, out).await,
        Datasets::Show { dataset } => {
            let mut found = find_dataset(api, dataset).await?;
            let held = api.get(&format!("/api/v1/datasets/{}/usage", word(&found, "id")), &[]).await?;
            if let (Value::Object(found), Value::Object(held)) = (&mut found, held) {
                found.extend(held);
            }
            if out.json {
                return out.document(&found);
            }
            let shown: Vec<Value> = found
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, value)| serde_json::json!({ "key": key, "value": said(value) }))
                .collect();
            const SHOWN: &[Column] =
                &[text("WHAT", |one| word(one, "key")), text("VALUE", |one| word(one, "value"))];
            let mut table = out.table(SHOWN);
            table.items(&shown)?;
            table.end().map(drop)
        }
    }
}

pub(super) async fn endpoints(api: &Api, out: &mut Out) -> anyhow::Result<()> {
    whole(api, "/api/v1/endpoints", ENDPOINTS, out).await
}

pub(super) async fn policies(api: &Api, out: &mut Out) -> anyhow::Result<()> {
    whole(api, "/api/v1/policies", POLICIES, out).await
}

pub(super) async fn hubs(api: &Api, out: &mut Out) -> anyhow::Result<()> {
    whole(api, "/operator/v1/hubs", HUBS, out).await
}

pub(super) async fn marketplaces(api: &Api, out: &mut Out) -> anyhow::Result<()> {
    whole(api, "/api/v1/marketplaces", MARKETPLACES, out).await
}

pub(super) async fn users(api: &Api, out: &mut Out) -> anyhow::Result<()> {
    whole(api, "/api/v1/users", USERS, out).await
}

pub(super) async fn tenants(api: &Api, out: &mut Out) -> anyhow::Result<()> {
    whole(api, "/operator/v1/tenants", TENANTS, out).await
}

pub(super) async fn jobs(api: &Api, what: &Jobs, out: &mut Out) -> anyhow::Result<()> {
    let Jobs::List { dataset } = what;
    let dataset = word(&find_dataset(api, dataset).await?, "id");
    whole(api, &format!("/api/v1/datasets/{dataset}/jobs"), JOBS, out).await
}

pub(super) async fn audit(api: &Api, what: &Audit, out: &mut Out) -> anyhow::Result<()> {
    let Audit::List(Events { installation, action, outcome, actor, since, until, limit, all }) = what;
    let path = if *installation { "/operator/v1/audit" } else { "/api/v1/audit" };
    let asked =
        [("action", action), ("outcome", outcome), ("actor", actor), ("since", since), ("until", until)];
    let asked: Vec<_> =
        asked.into_iter().filter_map(|(name, value)| value.as_deref().map(|value| (name, value))).collect();
    let most = if *all { u64::MAX } else { *limit };
    list(api, path, &asked, EVENTS, most, out).await
}

async fn whole(api: &Api, path: &str, columns: &[Column], out: &mut Out) -> anyhow::Result<()> {
    list(api, path, &[], columns, u64::MAX, out).await
}

/// Lists up to so many items, page by page.
async fn list(
    api: &Api,
    path: &str,
    asked: &[(&str, &str)],
    columns: &[Column],
    most: u64,
    out: &mut Out,
) -> anyhow::Result<()> {
    let (mut left, mut cursor) = (most, None::<String>);
    let mut table = out.table(columns);
    let paged = !path.ends_with("/tenants") && !path.ends_with("/hubs");
    while left > 0 {
        let limit = left.min(100).to_string();
        let mut query = asked.to_vec();
        query.extend(paged.then_some(("limit", &*limit)));
        let part = api.part(path, &query, cursor.as_deref()).await?;
        table.items(&part.items)?;
        left = left.saturating_sub(u64::try_from(part.items.len()).unwrap_or(u64::MAX));
        cursor = part.next;
        if cursor.is_none() {
            break;
        }
    }
    table.end().map(drop)
}

/// The dataset of this name or id.
async fn find_dataset(api: &Api, named: &str) -> anyhow::Result<Value> {
    look_up_dataset(api, named).await?.ok_or_else(|| {
        let message =
            format!("there is no dataset {named:?}; `syft-space datasets list` shows which there are");
        Stop::new(Exit::NotFound, message).into()
    })
}

/// The dataset of this name or id, where there is one.
pub(super) async fn look_up_dataset(api: &Api, named: &str) -> anyhow::Result<Option<Value>> {
    let mut cursor = None::<String>;
    loop {
        let part = api.part("/api/v1/datasets", &[("limit", "100")], cursor.as_deref()).await?;
        let is_it = |one: &Value| word(one, "name") == named || word(one, "id") == named;
        if let Some(found) = part.items.into_iter().find(is_it) {
            return Ok(Some(found));
        }
        cursor = part.next;
        if cursor.is_none() {
            return Ok(None);
        }
    }
}

/// What stands under a key, as text.
pub(super) fn word(item: &Value, key: &str) -> String {
    item.get(key).map_or_else(String::new, said)
}

fn said(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A time, to the second.
fn time(item: &Value, key: &str) -> String {
    let time = word(item, key);
    match time.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => time,
    }
}

fn yes_or_no(item: &Value, key: &str) -> String {
    if item.get(key) == Some(&Value::Bool(true)) { "yes" } else { "no" }.to_owned()
}

fn actor(actor: &Value) -> String {
    let (kind, id, role) = (word(actor, "kind"), word(actor, "id"), word(actor, "role"));
    match (&*kind, &*role) {
        ("account", "") => id,
        ("account", _) => format!("{role} {id}"),
        ("hub_user", _) => format!("hub {role} {id}"),
        _ => kind,
    }
}

fn object(object: &Value) -> String {
    format!("{} {}", word(object, "kind"), word(object, "id")).trim().to_owned()
}

/// An access policy's rule, in a few words.
fn rule(configuration: &Value) -> String {
    let patterns = configuration.get("patterns").and_then(Value::as_array);
    let patterns: Vec<String> = patterns.into_iter().flatten().map(said).collect();
    format!("{} {}", word(configuration, "mode"), patterns.join(" ")).trim().to_owned()
}
