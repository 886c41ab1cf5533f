//! The command `syft-space audit tail`.

use std::time::Duration;

use anyhow::Context;
use clap::Args;
use reqwest::Method;
use syft_space_domain::audit::Action;

use crate::cli::api::{ApiClient, UNKNOWN_ANSWER};
use crate::cli::audit_events::{EVENTS, EventFilters, describe};
use crate::cli::event_stream::{EventStream, StreamedEvent};
use crate::cli::exit::{ExitStatus, is_refused_for, status_of};
use crate::cli::lists::Described;
use crate::cli::names::Names;
use crate::cli::output::{Output, Table, remark};
use crate::http::reason::Reason;
use crate::routes::audit::Event;
use crate::startup::serve::termination_signal;

/// How long to wait before the server is asked again.
const PAUSE: Duration = Duration::from_secs(2);

/// Which events, and where to begin.
#[derive(Args)]
pub(super) struct TailArguments {
    #[command(flatten)]
    filters: EventFilters,
    /// Begin behind the event with this number (0: with the first), instead of with what comes
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(..=i64::MAX.unsigned_abs()))]
    after: Option<u64>,
}

/// Shows events as they come, until the process is told to end, which is success.
pub(super) async fn follow(api: &ApiClient, what: &TailArguments, out: &mut Output) -> anyhow::Result<()> {
    let ended = termination_signal();
    tokio::select! {
        () = ended => Ok(()),
        refused = follow_for_ever(api, what, out) => refused,
    }
}

/// Goes on behind the last event whenever the connection or the server ends, unless the server does not let it any more.
async fn follow_for_ever(api: &ApiClient, what: &TailArguments, out: &mut Output) -> anyhow::Result<()> {
    let TailArguments { filters, after } = what;
    let path = if filters.installation { "/operator/v1/audit/tail" } else { "/api/v1/audit/tail" };
    let query = filters.query(api).await?;
    let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut last = after.map(|after| after.to_string());
    let is_for_program = out.json;
    let mut names = filters.names(api, is_for_program).await?;
    let mut shown = Shown::begin(out);
    // What is refused from the beginning is an error of the command; later on the server may be away for a while.
    let (mut has_begun, mut is_away) = (false, false);
    loop {
        let mut request = api.request(Method::GET, path, &query)?;
        if let Some(last) = &last {
            request = request.header("last-event-id", last);
        }
        match api.open(request).await {
            Ok(mut answer) => {
                (has_begun, is_away) = (true, false);
                let mut stream = EventStream::default();
                // A stream that breaks off goes on in the next one.
                while let Ok(Some(piece)) = answer.chunk().await {
                    for StreamedEvent { id, data } in stream.push(&piece)? {
                        if let Some(data) = data {
                            let event: Event = serde_json::from_str(&data).context(UNKNOWN_ANSWER)?;
                            if may_name(event.action) {
                                names = filters.names(api, is_for_program).await?;
                            }
                            shown.event(&names, event)?;
                        }
                        last = id.or(last);
                    }
                }
            }
            Err(error) if has_begun && may_pass(&error) => {
                if !is_away {
                    remark(&format!("{error:#}; it is tried again, and goes on where it was"));
                }
                is_away = true;
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether the server may answer otherwise when it is asked again.
fn may_pass(error: &anyhow::Error) -> bool {
    status_of(error) == ExitStatus::Failed || is_refused_for(error, Reason::TooManyTails)
}

/// Whether an event of this action may tell of a member or thing that has no name yet.
fn may_name(action: Action) -> bool {
    matches!(action, Action::UserCreated | Action::ConfigChange)
}

/// How events are shown.
enum Shown<'a> {
    /// To a program: JSON Lines.
    Lines(&'a mut Output),
    /// To a person, as a list of them is.
    Table(Table<'a, Described<Event>>),
}

impl<'a> Shown<'a> {
    fn begin(out: &'a mut Output) -> Self {
        if out.json { Self::Lines(out) } else { Self::Table(out.table(EVENTS)) }
    }

    fn event(&mut self, names: &Names, event: Event) -> anyhow::Result<()> {
        match self {
            Self::Lines(out) => out.json_line(&event),
            Self::Table(table) => {
                let description = describe(names, &event);
                table.items(&[Described { item: event, description }])
            }
        }
    }
}
