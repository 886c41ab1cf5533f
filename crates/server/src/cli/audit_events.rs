//! The command `syft-space audit list`: which events of a log are meant, and how a person is shown them.

use clap::Args;
use syft_space_domain::audit::{Action, Outcome};
use syft_space_domain::ids::ActorId;
use syft_space_domain::inquiry::{EndpointRef, KeyName, PrincipalName};

use crate::cli::api::{ApiClient, option};
use crate::cli::instant::{interval, time};
use crate::cli::lists::{Described, Description, actor, list_described, or_nothing};
use crate::cli::names::Names;
use crate::cli::output::{Column, Output, number, text};
use crate::routes::audit::Event;

/// Which events, and how many.
#[derive(Args)]
pub(super) struct Events {
    #[command(flatten)]
    filters: EventFilters,
    /// The most events to list
    #[arg(long, value_name = "NUMBER", default_value_t = 100, conflicts_with = "all",
          value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// List all of them
    #[arg(long)]
    all: bool,
}

/// Which events.
#[derive(Args)]
pub(super) struct EventFilters {
    /// The installation's own log instead of a tenant's
    #[arg(long)]
    pub(super) installation: bool,
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
}

impl EventFilters {
    /// What the routes of a log are asked for. What is wrong is told of by the option's name.
    pub(super) async fn query(&self, api: &ApiClient) -> anyhow::Result<Vec<(&'static str, String)>> {
        let Self { installation, action, outcome, reason, principal, endpoint, key, actor: by, since, until } =
            self;
        let actor = match by.as_deref() {
            Some(id) if *installation => Some(option::<ActorId>("--actor", id)?),
            Some(text) => Some(actor(api, "--actor", text).await?),
            None => None,
        };
        let action = action.as_deref().map(|action| option::<Action>("--action", action)).transpose()?;
        let outcome =
            outcome.as_deref().map(|outcome| option::<Outcome>("--outcome", outcome)).transpose()?;
        let [since, until] = interval(since.as_ref(), until.as_ref())?;
        self.check_names()?;
        let filters = [
            ("action", action.map(|action| action.to_string())),
            ("outcome", outcome.map(|outcome| outcome.to_string())),
            ("reason", reason.clone()),
            ("actor", actor.map(|actor| actor.to_string())),
            ("principal", principal.clone()),
            ("endpoint", endpoint.clone()),
            ("key_name", key.clone()),
            ("since", since.map(|since| since.to_string())),
            ("until", until.map(|until| until.to_string())),
        ];
        Ok(filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    }

    /// The names of what events tell of by id, for a person.
    pub(super) async fn names(&self, api: &ApiClient, is_for_program: bool) -> anyhow::Result<Names> {
        if is_for_program || self.installation { Ok(Names::default()) } else { Names::read(api).await }
    }

    /// Tells of a name that can be none by the name of its option.
    fn check_names(&self) -> anyhow::Result<()> {
        let Self { principal, endpoint, key, .. } = self;
        principal.as_deref().map(|name| option::<PrincipalName>("--principal", name)).transpose()?;
        endpoint.as_deref().map(|name| option::<EndpointRef>("--endpoint", name)).transpose()?;
        key.as_deref().map(|name| option::<KeyName>("--key", name)).transpose()?;
        Ok(())
    }
}

pub(super) const EVENTS: &[Column<Described<Event>>] = &[
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

/// What a person is told of an event besides.
pub(super) fn describe(names: &Names, event: &Event) -> Description {
    Description { first: names.actor(&event.actor), second: names.object(event.object.as_ref()) }
}

/// Lists events, the newest first.
pub(super) async fn list(api: &ApiClient, events: &Events, out: &mut Output) -> anyhow::Result<()> {
    let Events { filters, limit, all } = events;
    let path = if filters.installation { "/operator/v1/audit" } else { "/api/v1/audit" };
    let query = filters.query(api).await?;
    let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let max = if *all { u64::MAX } else { *limit };
    let names = filters.names(api, out.json).await?;
    list_described(api, path, &query, EVENTS, max, out, async |event| Ok(describe(&names, event))).await
}
