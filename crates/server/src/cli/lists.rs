//! Lists.

use clap::Subcommand;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::ActorId;

use crate::cli::api::{ApiClient, option};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::instant::time;
use crate::cli::output::{Column, Output, text};
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

pub(super) fn or_nothing(value: Option<impl ToString>) -> String {
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
