//! The command `syft-space policies replay`.

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use syft_space_domain::audit::Actor;
use syft_space_domain::time::Timestamp;

use crate::cli::account::Account;
use crate::cli::api::ApiClient;
use crate::cli::exit::CommandError;
use crate::cli::instant::{interval, time};
use crate::cli::names::Names;
use crate::cli::output::{Column, Output, number, text};
use crate::cli::policy_rule::RuleArguments;
use crate::cli::policy_tools::{at, items, rule_of, verdict};

/// Which policy, what it would be, and of when the queries are.
#[derive(Args)]
pub(super) struct ReplayArguments {
    /// The policy's name, or its id
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    rule: RuleArguments,
    /// Only queries at this time or later, such as 2026-07-01 (from its beginning on, in UTC) or 2026-07-01T09:30:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only queries before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    pub(super) account: Account,
}

impl ReplayArguments {
    /// The times between which the queries are.
    pub(super) fn read(&self) -> Result<[Option<Timestamp>; 2], CommandError> {
        self.rule.check()?;
        interval(self.since.as_ref(), self.until.as_ref())
    }
}

/// What would become of the queries to an endpoint.
#[derive(Serialize)]
struct Totals {
    endpoint: String,
    queries: u64,
    refused: u64,
    refused_callers: u64,
    allowed: u64,
    allowed_callers: u64,
    untold: u64,
    unlike: u64,
}

const TOTALS: &[Column<Totals>] = &[
    text("ENDPOINT", |totals| totals.endpoint.clone()),
    number("QUERIES", |totals| totals.queries.to_string()),
    number("WOULD REFUSE", |totals| totals.refused.to_string()),
    number("OF CALLERS", |totals| totals.refused_callers.to_string()),
    number("WOULD ALLOW", |totals| totals.allowed.to_string()),
    number("OF CALLERS", |totals| totals.allowed_callers.to_string()),
    number("UNTOLD", |totals| totals.untold.to_string()),
    number("UNLIKE RECORDED", |totals| totals.unlike.to_string()),
];

/// A query that would be decided otherwise.
#[derive(Serialize)]
struct Flip {
    endpoint: String,
    seq: String,
    time: String,
    who: String,
    purpose: String,
    recorded: String,
    now: String,
    then: String,
}

const FLIPS: &[Column<Flip>] = &[
    text("ENDPOINT", |flip| flip.endpoint.clone()),
    number("SEQ", |flip| flip.seq.clone()),
    text("TIME", |flip| flip.time.clone()),
    text("WHO", |flip| flip.who.clone()),
    text("PURPOSE", |flip| flip.purpose.clone()),
    text("RECORDED", |flip| flip.recorded.clone()),
    text("NOW", |flip| flip.now.clone()),
    text("THEN", |flip| flip.then.clone()),
];

fn count(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

fn totals(endpoint: &Value) -> Totals {
    Totals {
        endpoint: at(endpoint, "/slug").to_owned(),
        queries: count(endpoint, "/queries"),
        refused: count(endpoint, "/would_refuse/queries"),
        refused_callers: count(endpoint, "/would_refuse/callers"),
        allowed: count(endpoint, "/would_allow/queries"),
        allowed_callers: count(endpoint, "/would_allow/callers"),
        untold: count(endpoint, "/untold"),
        unlike: count(endpoint, "/unlike_recorded"),
    }
}

fn flip(endpoint: &Value, query: &Value, names: &Names) -> Flip {
    let side = |side: &str| {
        let side = query.get(side).unwrap_or(&Value::Null);
        format!("{}: {}", verdict(side), at(side, "/reason_code"))
    };
    let actor = query.get("actor").cloned().and_then(|actor| serde_json::from_value::<Actor>(actor).ok());
    let who = actor.map(|actor| names.actor(&actor)).unwrap_or_default();
    let told_at = at(query, "/time");
    Flip {
        endpoint: at(endpoint, "/slug").to_owned(),
        seq: count(query, "/seq").to_string(),
        time: Timestamp::parse(told_at).map_or_else(|_| told_at.to_owned(), time),
        who: match at(query, "/marketplace") {
            "" => who,
            name => format!("{who} of {name}"),
        },
        purpose: at(query, "/purpose").to_owned(),
        recorded: match at(query, "/reason_code") {
            "" => at(query, "/outcome").to_owned(),
            reason => format!("{}: {reason}", at(query, "/outcome")),
        },
        now: side("before"),
        then: side("after"),
    }
}

pub(super) async fn replay(api: &ApiClient, what: &ReplayArguments, out: &mut Output) -> anyhow::Result<()> {
    let [since, until] = what.read()?;
    let (policy, configuration) = rule_of(api, &what.name, &what.rule).await?;
    let body =
        json!({ "policy_id": policy.id, "configuration": configuration, "since": since, "until": until });
    let told: Value = api.post("/api/v1/policies/replay", &body).await?;
    if out.json {
        return out.document(&told);
    }
    let endpoints = items(&told, "/endpoints");
    let sums: Vec<Totals> = endpoints.iter().map(totals).collect();
    let sum = |figure: fn(&Totals) -> u64| sums.iter().map(figure).fold(0, u64::saturating_add);
    let (queries, refused, allowed) =
        (sum(|one| one.queries), sum(|one| one.refused), sum(|one| one.allowed));
    let since = match at(&told, "/from") {
        "" => String::new(),
        from => format!(" since {}", Timestamp::parse(from).map_or_else(|_| from.to_owned(), time)),
    };
    out.line(&format!(
        "Of {queries} recorded queries{since}, {refused} that are let in would be refused, and {allowed} that are refused would be let in."
    ))?;
    let mut table = out.table(TOTALS);
    table.items(&sums)?;
    table.end()?;
    let mut flips = Vec::new();
    if refused.saturating_add(allowed) > 0 {
        let names = Names::read(api).await?;
        for endpoint in endpoints {
            let examples = ["/would_refuse/examples", "/would_allow/examples"];
            let queries = examples.iter().flat_map(|pointer| items(endpoint, pointer));
            flips.extend(queries.map(|query| flip(endpoint, query, &names)));
        }
        out.line("")?;
        let mut table = out.table(FLIPS);
        table.items(&flips)?;
        table.end()?;
    }
    let (untold, unlike) = (sum(|one| one.untold), sum(|one| one.unlike));
    let shown = u64::try_from(flips.len()).unwrap_or(u64::MAX);
    if shown < refused.saturating_add(allowed) {
        out.remark("(the newest of them; one line may stand for several that were merged)");
    }
    if untold > 0 {
        out.remark(&format!("{untold} hang on what the log does not know any more: nothing is said of them"));
    }
    if unlike > 0 {
        out.remark(&format!(
            "{unlike} are decided otherwise today than when they were made: policies, groups or marketplaces were others then"
        ));
    }
    if told.get("truncated").and_then(Value::as_bool) == Some(true) {
        out.remark("there are older queries: look at them with --until");
    }
    if endpoints.is_empty() {
        out.remark(
            "(no endpoint has the policy: attach it to one in shadow, and it is replayed as if it decided, by `syft-space policies set NAME \
             … --shadow --on SLUG`)",
        );
    }
    Ok(())
}
