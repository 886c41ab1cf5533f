//! The commands that list: `syft-space datasets|endpoints|policies|marketplaces|users|tenants|audit|jobs list`.

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::cli::api::ApiClient;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::output::{Column, Output, number, text};

/// A list without any choice.
#[derive(Subcommand)]
pub(super) enum ListOnly {
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
    text("NAME", |item| field(item, "name")),
    text("ID", |item| field(item, "id")),
    text("SUMMARY", |item| field(item, "summary")),
    text("CHANGED", |item| time(item, "updated_at")),
];
const ENDPOINTS: &[Column] = &[
    text("SLUG", |item| field(item, "slug")),
    text("NAME", |item| field(item, "name")),
    text("PUBLISHED", |item| yes_or_no(item, "published")),
    text("DATASET", |item| field(item, "dataset_id")),
    text("CHANGED", |item| time(item, "updated_at")),
];
const POLICIES: &[Column] = &[
    text("NAME", |item| field(item, "name")),
    text("TYPE", |item| field(item, "policy_type")),
    text("RULE", |item| item.get("configuration").map_or_else(String::new, rule)),
    text("ID", |item| field(item, "id")),
];
const HUBS: &[Column] = &[
    text("ISSUER", |item| field(item, "issuer")),
    text("URL", |item| field(item, "url")),
    text("TRUSTED BY", |item| field(item, "trusted_by")),
    text("SINCE", |item| time(item, "created_at")),
];
const MARKETPLACES: &[Column] = &[
    text("NAME", |item| field(item, "name")),
    text("URL", |item| field(item, "url")),
    text("USERNAME", |item| field(item, "username")),
    text("SATELLITE", |item| field(item, "satellite_id")),
    text("CREDENTIAL", |item| {
        item.get("credential").map_or_else(String::new, |credential| field(credential, "state"))
    }),
    text("ID", |item| field(item, "id")),
];
const USERS: &[Column] = &[
    text("EMAIL", |item| field(item, "email")),
    text("ROLE", |item| field(item, "role")),
    text("STATUS", |item| field(item, "status")),
    text("SINCE", |item| time(item, "created_at")),
    text("ID", |item| field(item, "id")),
];
const TENANTS: &[Column] = &[
    text("NAME", |item| field(item, "name")),
    text("FOUNDED", |item| time(item, "created_at")),
    text("ID", |item| field(item, "id")),
];
const EVENTS: &[Column] = &[
    number("SEQ", |item| field(item, "seq")),
    text("TIME", |item| time(item, "time")),
    text("ACTION", |item| field(item, "action")),
    text("OUTCOME", |item| field(item, "outcome")),
    text("ACTOR", |item| item.get("actor").map_or_else(String::new, actor)),
    text("OBJECT", |item| item.get("object").map_or_else(String::new, object)),
    text("REASON", |item| field(item, "reason_code")),
    text("ADDRESS", |item| field(item, "address")),
    number("COUNT", |item| field(item, "count")),
];
const JOBS: &[Column] = &[
    text("STARTED", |item| time(item, "created_at")),
    text("STATUS", |item| field(item, "status")),
    number("DONE", |item| field(item, "documents_done")),
    number("OF", |item| field(item, "documents_total")),
    number("CHUNKS", |item| field(item, "chunks")),
    number("BYTES", |item| field(item, "bytes")),
    number("ERRORS", |item| item.get("errors").and_then(Value::as_array).map_or(0, Vec::len).to_string()),
    text("FINISHED", |item| time(item, "finished_at")),
    text("ID", |item| field(item, "id")),
];

pub(super) async fn datasets(api: &ApiClient, what: &Datasets, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Datasets::List => list_all(api, "/api/v1/datasets", DATASETS, out).await,
        Datasets::Show { dataset } => {
            let mut found = find_dataset(api, dataset).await?;
            let usage = api.get(&format!("/api/v1/datasets/{}/usage", field(&found, "id")), &[]).await?;
            if let (Value::Object(found), Value::Object(usage)) = (&mut found, usage) {
                found.extend(usage);
            }
            if out.json {
                return out.document(&found);
            }
            let shown: Vec<Value> = found
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, value)| serde_json::json!({ "key": key, "value": to_text(value) }))
                .collect();
            const FIELDS: &[Column] =
                &[text("WHAT", |item| field(item, "key")), text("VALUE", |item| field(item, "value"))];
            let mut table = out.table(FIELDS);
            table.items(&shown)?;
            table.end().map(drop)
        }
    }
}

pub(super) async fn endpoints(api: &ApiClient, out: &mut Output) -> anyhow::Result<()> {
    list_all(api, "/api/v1/endpoints", ENDPOINTS, out).await
}

pub(super) async fn policies(api: &ApiClient, out: &mut Output) -> anyhow::Result<()> {
    list_all(api, "/api/v1/policies", POLICIES, out).await
}

pub(super) async fn hubs(api: &ApiClient, out: &mut Output) -> anyhow::Result<()> {
    list_all(api, "/operator/v1/hubs", HUBS, out).await
}

pub(super) async fn marketplaces(api: &ApiClient, out: &mut Output) -> anyhow::Result<()> {
    list_all(api, "/api/v1/marketplaces", MARKETPLACES, out).await
}

pub(super) async fn users(api: &ApiClient, out: &mut Output) -> anyhow::Result<()> {
    list_all(api, "/api/v1/users", USERS, out).await
}

pub(super) async fn tenants(api: &ApiClient, out: &mut Output) -> anyhow::Result<()> {
    list_all(api, "/operator/v1/tenants", TENANTS, out).await
}

pub(super) async fn jobs(api: &ApiClient, what: &Jobs, out: &mut Output) -> anyhow::Result<()> {
    let Jobs::List { dataset } = what;
    let dataset = field(&find_dataset(api, dataset).await?, "id");
    list_all(api, &format!("/api/v1/datasets/{dataset}/jobs"), JOBS, out).await
}

pub(super) async fn audit(api: &ApiClient, what: &Audit, out: &mut Output) -> anyhow::Result<()> {
    let Audit::List(Events { installation, action, outcome, actor, since, until, limit, all }) = what;
    let path = if *installation { "/operator/v1/audit" } else { "/api/v1/audit" };
    let filters =
        [("action", action), ("outcome", outcome), ("actor", actor), ("since", since), ("until", until)];
    let filters: Vec<_> =
        filters.into_iter().filter_map(|(name, value)| value.as_deref().map(|value| (name, value))).collect();
    let max = if *all { u64::MAX } else { *limit };
    list(api, path, &filters, EVENTS, max, out).await
}

async fn list_all(api: &ApiClient, path: &str, columns: &[Column], out: &mut Output) -> anyhow::Result<()> {
    list(api, path, &[], columns, u64::MAX, out).await
}

/// Lists up to so many items, page by page.
async fn list(
    api: &ApiClient,
    path: &str,
    filters: &[(&str, &str)],
    columns: &[Column],
    max: u64,
    out: &mut Output,
) -> anyhow::Result<()> {
    let (mut left, mut cursor) = (max, None::<String>);
    let mut table = out.table(columns);
    let paged = !path.ends_with("/tenants") && !path.ends_with("/hubs");
    while left > 0 {
        let limit = left.min(100).to_string();
        let mut query = filters.to_vec();
        query.extend(paged.then_some(("limit", &*limit)));
        let page = api.page(path, &query, cursor.as_deref()).await?;
        table.items(&page.items)?;
        left = left.saturating_sub(u64::try_from(page.items.len()).unwrap_or(u64::MAX));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    table.end().map(drop)
}

/// The dataset of this name or id.
async fn find_dataset(api: &ApiClient, named: &str) -> anyhow::Result<Value> {
    look_up_dataset(api, named).await?.ok_or_else(|| {
        let message =
            format!("there is no dataset {named:?}; `syft-space datasets list` shows which there are");
        CommandError::new(ExitStatus::NotFound, message).into()
    })
}

/// The dataset of this name or id, where there is one.
pub(super) async fn look_up_dataset(api: &ApiClient, named: &str) -> anyhow::Result<Option<Value>> {
    let mut cursor = None::<String>;
    loop {
        let page = api.page("/api/v1/datasets", &[("limit", "100")], cursor.as_deref()).await?;
        let matches = |dataset: &Value| field(dataset, "name") == named || field(dataset, "id") == named;
        if let Some(found) = page.items.into_iter().find(matches) {
            return Ok(Some(found));
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(None);
        }
    }
}

/// A field of an object, as text.
pub(super) fn field(item: &Value, key: &str) -> String {
    item.get(key).map_or_else(String::new, to_text)
}

fn to_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A time, to the second.
fn time(item: &Value, key: &str) -> String {
    let time = field(item, key);
    match time.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => time,
    }
}

fn yes_or_no(item: &Value, key: &str) -> String {
    if item.get(key) == Some(&Value::Bool(true)) { "yes" } else { "no" }.to_owned()
}

fn actor(actor: &Value) -> String {
    let (kind, id, role) = (field(actor, "kind"), field(actor, "id"), field(actor, "role"));
    match (&*kind, &*role) {
        ("account", "") => id,
        ("account", _) => format!("{role} {id}"),
        ("hub_user", _) => format!("hub {role} {id}"),
        _ => kind,
    }
}

fn object(object: &Value) -> String {
    format!("{} {}", field(object, "kind"), field(object, "id")).trim().to_owned()
}

/// An access policy's rule, in a few words.
fn rule(configuration: &Value) -> String {
    let patterns = configuration.get("patterns").and_then(Value::as_array);
    let patterns: Vec<String> = patterns.into_iter().flatten().map(to_text).collect();
    format!("{} {}", field(configuration, "mode"), patterns.join(" ")).trim().to_owned()
}
