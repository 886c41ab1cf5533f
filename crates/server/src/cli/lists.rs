//! Lists, and the command `syft-space audit list`.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use syft_space_domain::audit::{Action, Outcome};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::ActorId;
use syft_space_domain::inquiry::{EndpointRef, KeyName, PrincipalName};

use crate::cli::api::{ApiClient, option};
use crate::cli::audit_impact;
use crate::cli::audit_proofs;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::instant::{instant, time};
use crate::cli::names::Names;
use crate::cli::output::{Column, Output, number, text};
use crate::routes::audit::Event;
use crate::routes::audit_sinks::AuditSink;
use crate::routes::hubs::Hub;
use crate::routes::keys::SigningKey;
use crate::routes::marketplaces::Marketplace;
use crate::routes::policies::Policy;
use crate::routes::users::Member;

/// A list without any choice.
#[derive(Subcommand)]
pub(super) enum ListOnly {
    /// List all of them
    List,
}

/// What one can do with the audit log.
#[derive(Subcommand)]
pub(super) enum Audit {
    /// List events, the newest first
    List(Events),
    /// Tell what a key, somebody or a breach could reach, and what the log tells was done
    Impact(audit_impact::ImpactArguments),
    /// Write the whole log, as verify reads it: also what it knows of persons
    Export(audit_proofs::ExportArguments),
    /// List where the log goes besides, and how far that is
    Sinks,
    /// Show a signed checkpoint of the log as it is now, to be kept elsewhere
    Checkpoint(audit_proofs::WhichLog),
    /// Show the key by which checkpoints of the log are verified
    Key(audit_proofs::WhichLog),
    /// Verify an exported log, with no server, home or network
    Verify(audit_proofs::VerifyArguments),
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
    /// Only events for just this reason, such as access_denied
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    /// Only events by whoever is called so: a member with this address, or one who was, MARKETPLACE/USER, or an id of the log
    #[arg(long, value_name = "WHO", conflicts_with = "installation")]
    principal: Option<String>,
    /// Only events at this endpoint
    #[arg(long, value_name = "SLUG", conflicts_with = "installation")]
    endpoint: Option<String>,
    /// Only events of the API key with this id or name
    #[arg(long, value_name = "KEY", conflicts_with = "installation")]
    key: Option<String>,
    /// Only events by the member with this address, or the account or user of a hub with this id
    #[arg(long, value_name = "WHO")]
    actor: Option<String>,
    /// Only events at this time or later, such as 2026-07-01 (from its beginning on, in UTC) or 2026-07-01T09:30:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only events before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The most events to list
    #[arg(long, value_name = "NUMBER", default_value_t = 100, conflicts_with = "all",
          value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// List all of them
    #[arg(long)]
    all: bool,
}

impl Events {
    /// Tells of a name that can be none by the name of its option.
    fn check_names(&self) -> anyhow::Result<()> {
        let Self { principal, endpoint, key, .. } = self;
        principal.as_deref().map(|name| option::<PrincipalName>("--principal", name)).transpose()?;
        endpoint.as_deref().map(|name| option::<EndpointRef>("--endpoint", name)).transpose()?;
        key.as_deref().map(|name| option::<KeyName>("--key", name)).transpose()?;
        Ok(())
    }
}

pub(super) const POLICIES: &[Column<Policy>] = &[
    text("NAME", |policy| policy.name.clone()),
    text("TYPE", |policy| policy.policy_type.clone()),
    text("ENFORCEMENT", |policy| policy.enforcement.to_string()),
    text("RULE", |policy| rule(policy.configuration.get())),
    text("ID", |policy| policy.id.to_string()),
];
pub(super) const KEYS: &[Column<SigningKey>] = &[
    text("KEY", |key| key.id.clone()),
    text("ALGORITHM", |key| key.algorithm.clone()),
    text("STATE", |key| if key.accepted_until.is_none() { "signs" } else { "accepted" }.to_owned()),
    text("CREATED", |key| time(key.created_at)),
    text("REPLACED", |key| key.rotates_at.map_or_else(String::new, time)),
    text("ACCEPTED UNTIL", |key| key.accepted_until.map_or_else(String::new, time)),
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
const SINKS: &[Column<AuditSink>] = &[
    text("NAME", |sink| sink.name.clone()),
    text("KIND", |sink| sink.kind.clone()),
    text("FORMAT", |sink| sink.format.clone()),
    number("DELIVERED", |sink| sink.delivered.to_string()),
    number("LAG", |sink| sink.lag.to_string()),
];
const EVENTS: &[Column<Described<Event>>] = &[
    number("SEQ", |event| event.item.seq.to_string()),
    text("TIME", |event| time(event.item.time)),
    text("ACTION", |event| event.item.action.to_string()),
    text("OUTCOME", |event| event.item.outcome.as_str().to_owned()),
    text("ACTOR", |event| event.description.first.clone()),
    text("OBJECT", |event| event.description.second.clone()),
    text("REASON", |event| or_nothing(event.item.reason_code.as_deref())),
    text("ADDRESS", |event| or_nothing(event.item.address)),
    number("COUNT", |event| event.item.count.to_string()),
];

/// Whom an option names: a member by their address, or anybody by the id that the audit log has.
pub(super) async fn actor(api: &ApiClient, name: &'static str, text: &str) -> anyhow::Result<ActorId> {
    if !text.contains('@') {
        return Ok(option(name, text)?);
    }
    let email: Email = option(name, text)?;
    let members = api.all::<Member>("/api/v1/users").await?;
    let member = members.iter().find(|member| member.email == email).ok_or_else(|| {
        let message = format!("{email} is no member; events of one who was are found by the id");
        CommandError::new(ExitStatus::NotFound, message)
    })?;
    Ok(member.id.into())
}

pub(super) async fn audit(api: &ApiClient, what: &Audit, out: &mut Output) -> anyhow::Result<()> {
    let events = match what {
        Audit::List(events) => events,
        Audit::Impact(what) => return audit_impact::impact(api, what, out).await,
        Audit::Sinks => return list_all(api, "/api/v1/audit/sinks", SINKS, out).await,
        Audit::Export(what) => return audit_proofs::export(api, what, out).await,
        Audit::Checkpoint(which) => return audit_proofs::checkpoint(api, which, out).await,
        Audit::Key(which) => return audit_proofs::key(api, which, out).await,
        // It needs no space, and never comes here.
        Audit::Verify(what) => return audit_proofs::verify(what, out),
    };
    let Events { installation, action, outcome, actor, since, until, limit, all, .. } = events;
    let path = if *installation { "/operator/v1/audit" } else { "/api/v1/audit" };
    let actor = match actor.as_deref() {
        Some(id) if *installation => Some(option::<ActorId>("--actor", id)?),
        Some(text) => Some(self::actor(api, "--actor", text).await?),
        None => None,
    };
    let actor = actor.map(|actor| actor.to_string());
    // What is wrong is told of by the option's name.
    let action = action.as_deref().map(|action| option::<Action>("--action", action)).transpose()?;
    let outcome = outcome.as_deref().map(|outcome| option::<Outcome>("--outcome", outcome)).transpose()?;
    let stated = |name: &str, time: &Option<String>| {
        let time = time.as_deref().map(|time| instant(name, time)).transpose()?;
        Ok::<_, CommandError>(time.map(|time| time.to_string()))
    };
    let (since, until) = (stated("--since", since)?, stated("--until", until)?);
    events.check_names()?;
    let (action, outcome) = (action.map(Action::as_str), outcome.map(Outcome::as_str));
    let filters = [
        ("action", action),
        ("outcome", outcome),
        ("reason", events.reason.as_deref()),
        ("actor", actor.as_deref()),
        ("principal", events.principal.as_deref()),
        ("endpoint", events.endpoint.as_deref()),
        ("key_name", events.key.as_deref()),
        ("since", since.as_deref()),
        ("until", until.as_deref()),
    ];
    let filters: Vec<_> = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let max = if *all { u64::MAX } else { *limit };
    let names = if out.json || *installation { Names::default() } else { Names::read(api).await? };
    let name = async |event: &Event| {
        Ok(Description { first: names.actor(&event.actor), second: names.object(event.object.as_ref()) })
    };
    list_described(api, path, &filters, EVENTS, max, out, name).await
}

/// Lists all items.
pub(super) async fn list_all<T: Serialize + DeserializeOwned>(
    api: &ApiClient,
    path: &str,
    columns: &[Column<T>],
    out: &mut Output,
) -> anyhow::Result<()> {
    list(api, path, &[], columns, u64::MAX, out, async |items| Ok(items)).await
}

/// An item of a list, and what is told of it beside: a program gets the item alone.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Described<T> {
    pub(super) item: T,
    #[serde(skip)]
    pub(super) description: Description,
}

/// What is told of an item, in the order of its columns.
#[derive(Default)]
pub(super) struct Description {
    pub(super) first: String,
    pub(super) second: String,
}

/// Lists up to so many items, each with what a person is told of it besides.
pub(super) async fn list_described<T: Serialize + DeserializeOwned>(
    api: &ApiClient,
    path: &str,
    filters: &[(&str, &str)],
    columns: &[Column<Described<T>>],
    max: u64,
    out: &mut Output,
    describe: impl AsyncFn(&T) -> anyhow::Result<Description>,
) -> anyhow::Result<()> {
    let is_shown = !out.json;
    let tell = async |items: Vec<T>| {
        let mut described = Vec::with_capacity(items.len());
        for item in items {
            let description = if is_shown { describe(&item).await? } else { Description::default() };
            described.push(Described { item, description });
        }
        Ok(described)
    };
    list(api, path, filters, columns, max, out, tell).await
}

/// Lists up to so many items, page by page, each as `tell` puts it.
async fn list<T: DeserializeOwned, R: Serialize>(
    api: &ApiClient,
    path: &str,
    filters: &[(&str, &str)],
    columns: &[Column<R>],
    max: u64,
    out: &mut Output,
    tell: impl AsyncFn(Vec<T>) -> anyhow::Result<Vec<R>>,
) -> anyhow::Result<()> {
    let (mut left, mut cursor) = (max, None::<String>);
    let mut table = out.table(columns);
    while left > 0 {
        let limit = left.min(100).to_string();
        let mut query = filters.to_vec();
        // Some lists are one page, and take no limit: that there are more pages is what a cursor tells.
        query.extend((max < u64::MAX || cursor.is_some()).then_some(("limit", &*limit)));
        let page = api.page(path, &query, cursor.as_deref()).await?;
        let items = tell(page.items).await?;
        table.items(&items)?;
        left = left.saturating_sub(u64::try_from(items.len()).unwrap_or(u64::MAX));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    if table.end()? == 0 && !out.json {
        // Where output goes into a file or a pipe, an empty list is an empty file.
        out.remark("(none)");
    }
    Ok(())
}

fn or_nothing(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

pub(super) fn to_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An access policy's rule, in a few words.
pub(super) fn rule(configuration: &str) -> String {
    let configuration: Value = serde_json::from_str(configuration).unwrap_or_default();
    let Some(mode) = configuration.get("mode") else { return configuration.to_string() };
    let patterns = configuration.get("patterns").and_then(Value::as_array);
    let words = std::iter::once(mode).chain(patterns.into_iter().flatten());
    let mut words: Vec<String> = words.map(to_text).collect();
    if configuration.get("guests") == Some(&Value::Bool(true)) {
        words.push("and guests".to_owned());
    }
    for (key, says) in [("valid_from", "from"), ("valid_until", "until")] {
        if let Some(at) = configuration.get(key).and_then(Value::as_str) {
            words.push(format!("{says} {at}"));
        }
    }
    words.join(" ")
}
