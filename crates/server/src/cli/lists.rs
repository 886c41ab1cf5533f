//! The commands that list: `syft-space datasets|endpoints|policies|marketplaces|users|tenants|audit|jobs list`.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use syft_space_domain::audit::Actor;
use syft_space_domain::time::Timestamp;

use crate::cli::api::ApiClient;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::output::{Column, Output, number, text};
use crate::routes::audit::Event;
use crate::routes::datasets::{Dataset, DatasetUsage};
use crate::routes::endpoints::Endpoint;
use crate::routes::hubs::Hub;
use crate::routes::jobs::Job;
use crate::routes::marketplaces::Marketplace;
use crate::routes::operator::Tenant;
use crate::routes::policies::Policy;
use crate::routes::users::Member;

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

const DATASETS: &[Column<Dataset>] = &[
    text("NAME", |dataset| dataset.name.clone()),
    text("ID", |dataset| dataset.id.to_string()),
    text("SUMMARY", |dataset| dataset.summary.clone()),
    text("CHANGED", |dataset| time(dataset.updated_at)),
];
pub(super) const ENDPOINTS: &[Column<Endpoint>] = &[
    text("SLUG", |endpoint| endpoint.slug.to_string()),
    text("NAME", |endpoint| endpoint.name.clone()),
    text("PUBLISHED", |endpoint| if endpoint.published { "yes" } else { "no" }.to_owned()),
    text("DATASET", |endpoint| endpoint.dataset_id.to_string()),
    text("CHANGED", |endpoint| time(endpoint.updated_at)),
];
pub(super) const POLICIES: &[Column<Policy>] = &[
    text("NAME", |policy| policy.name.clone()),
    text("TYPE", |policy| policy.policy_type.clone()),
    text("RULE", |policy| rule(policy.configuration.get())),
    text("ID", |policy| policy.id.to_string()),
];
pub(super) const HUBS: &[Column<Hub>] = &[
    text("ISSUER", |hub| hub.issuer.to_string()),
    text("URL", |hub| hub.url.to_string()),
    text("TRUSTED BY", |hub| hub.trusted_by.as_str().to_owned()),
    text("SINCE", |hub| time(hub.created_at)),
];
pub(super) const MARKETPLACES: &[Column<Marketplace>] = &[
    text("NAME", |marketplace| marketplace.name.to_string()),
    text("URL", |marketplace| marketplace.url.to_string()),
    text("USERNAME", |marketplace| marketplace.username.to_string()),
    text("SATELLITE", |marketplace| or_nothing(marketplace.satellite_id)),
    text("CREDENTIAL", |marketplace| marketplace.credential.state.to_string()),
    text("ID", |marketplace| marketplace.id.to_string()),
];
pub(super) const USERS: &[Column<Member>] = &[
    text("EMAIL", |member| member.email.to_string()),
    text("ROLE", |member| member.role.to_string()),
    text("STATUS", |member| member.status.as_str().to_owned()),
    text("SINCE", |member| time(member.created_at)),
    text("ID", |member| member.id.to_string()),
];
pub(super) const TENANTS: &[Column<Tenant>] = &[
    text("NAME", |tenant| tenant.name.to_string()),
    text("FOUNDED", |tenant| time(tenant.created_at)),
    text("ID", |tenant| tenant.id.to_string()),
];
const EVENTS: &[Column<Event>] = &[
    number("SEQ", |event| event.seq.to_string()),
    text("TIME", |event| time(event.time)),
    text("ACTION", |event| event.action.to_string()),
    text("OUTCOME", |event| event.outcome.as_str().to_owned()),
    text("ACTOR", |event| actor(&event.actor)),
    text("OBJECT", |event| {
        or_nothing(event.object.as_ref().map(|object| format!("{} {}", object.kind.as_str(), object.id)))
    }),
    text("REASON", |event| or_nothing(event.reason_code.as_deref())),
    text("ADDRESS", |event| or_nothing(event.address)),
    number("COUNT", |event| event.count.to_string()),
];
const JOBS: &[Column<Job>] = &[
    text("STARTED", |job| time(job.created_at)),
    text("STATUS", |job| job.status.as_str().to_owned()),
    number("DONE", |job| job.documents_done.to_string()),
    number("OF", |job| job.documents_total.to_string()),
    number("CHUNKS", |job| job.chunks.to_string()),
    number("BYTES", |job| job.bytes.to_string()),
    number("ERRORS", |job| job.errors.len().to_string()),
    text("FINISHED", |job| job.finished_at.map_or_else(String::new, time)),
    text("ID", |job| job.id.to_string()),
];

/// A dataset, and how much it holds.
#[derive(Serialize)]
struct DatasetWithUsage {
    #[serde(flatten)]
    dataset: Dataset,
    #[serde(flatten)]
    usage: DatasetUsage,
}

pub(super) async fn datasets(api: &ApiClient, what: &Datasets, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Datasets::List => list_all(api, "/api/v1/datasets", DATASETS, out).await,
        Datasets::Show { dataset } => {
            let dataset = find_dataset(api, dataset).await?;
            let usage = api.get(&format!("/api/v1/datasets/{}/usage", dataset.id)).await?;
            let found = DatasetWithUsage { dataset, usage };
            if out.json {
                return out.document(&found);
            }
            let Value::Object(fields) = serde_json::to_value(found)? else { return Ok(()) };
            const FIELDS: &[Column<(String, Value)>] =
                &[text("WHAT", |(name, _)| name.clone()), text("VALUE", |(_, value)| to_text(value))];
            let mut table = out.table(FIELDS);
            table.items(&Vec::from_iter(fields))?;
            table.end().map(drop)
        }
    }
}

pub(super) async fn jobs(api: &ApiClient, what: &Jobs, out: &mut Output) -> anyhow::Result<()> {
    let Jobs::List { dataset } = what;
    let dataset = find_dataset(api, dataset).await?.id;
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

/// Lists all items.
pub(super) async fn list_all<T: Serialize + DeserializeOwned>(
    api: &ApiClient,
    path: &str,
    columns: &[Column<T>],
    out: &mut Output,
) -> anyhow::Result<()> {
    list(api, path, &[], columns, u64::MAX, out).await
}

/// Lists up to so many items, page by page.
async fn list<T: Serialize + DeserializeOwned>(
    api: &ApiClient,
    path: &str,
    filters: &[(&str, &str)],
    columns: &[Column<T>],
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
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    table.end().map(drop)
}

/// The dataset of this name or id.
async fn find_dataset(api: &ApiClient, named: &str) -> anyhow::Result<Dataset> {
    look_up_dataset(api, named).await?.ok_or_else(|| {
        let message =
            format!("there is no dataset {named:?}; `syft-space datasets list` shows which there are");
        CommandError::new(ExitStatus::NotFound, message).into()
    })
}

/// The dataset of this name or id, where there is one.
pub(super) async fn look_up_dataset(api: &ApiClient, named: &str) -> anyhow::Result<Option<Dataset>> {
    let mut cursor = None::<String>;
    loop {
        let page = api.page::<Dataset>("/api/v1/datasets", &[("limit", "100")], cursor.as_deref()).await?;
        let matches = |dataset: &Dataset| dataset.name == named || dataset.id.to_string() == named;
        if let Some(found) = page.items.into_iter().find(matches) {
            return Ok(Some(found));
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(None);
        }
    }
}

/// A time, to the second.
fn time(time: Timestamp) -> String {
    time.start_of_second().to_string()
}

fn or_nothing(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn actor(actor: &Actor) -> String {
    match actor {
        Actor::Anonymous => "anonymous".to_owned(),
        Actor::System => "system".to_owned(),
        Actor::Operator => "operator".to_owned(),
        Actor::Account { id, role: None } => id.to_string(),
        Actor::Account { id, role: Some(role) } => format!("{role} {id}"),
        Actor::HubUser { id, role } => format!("hub {role} {id}"),
    }
}

fn to_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An access policy's rule, in a few words.
fn rule(configuration: &str) -> String {
    let configuration: Value = serde_json::from_str(configuration).unwrap_or_default();
    let patterns = configuration.get("patterns").and_then(Value::as_array);
    let words = configuration.get("mode").into_iter().chain(patterns.into_iter().flatten());
    words.map(to_text).collect::<Vec<_>>().join(" ")
}
