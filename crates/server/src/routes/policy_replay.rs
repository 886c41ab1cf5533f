//! The route that tells which of the recorded queries a change of a policy would have decided otherwise.

use actix_web::HttpResponse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::audit::{Actor, Outcome};
use syft_space_domain::endpoint::Slug;
use syft_space_domain::ids::{EndpointId, PolicyId};
use syft_space_domain::marketplace::MarketplaceName;
use syft_space_domain::policy::{
    self, MAX_FLIP_CALLERS, MAX_FLIP_EXAMPLES, PolicyError, Purpose, ReplayError, ReplayedChange,
};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::policy_simulation::Verdict;
use crate::routes::{policies, reply, shapes};

/// About how many bytes an endpoint or an example is written in.
const ITEM_BYTES: usize = 500;

/// What a policy would demand, and of when the queries are.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReplayPolicy")]
pub(crate) struct Replay {
    #[schemars(with = "shapes::IdShape")]
    policy_id: PolicyId,
    /// What it would demand, as a whole. It is of the policy's type.
    #[schemars(with = "shapes::PolicyConfigurationShape")]
    configuration: serde_json::Value,
    /// Queries at this time or later; all, unless it is said.
    #[serde(default)]
    #[schemars(with = "Option<shapes::TimeShape>")]
    since: Option<Timestamp>,
    /// Queries before this time; until now, unless it is said.
    #[serde(default)]
    #[schemars(with = "Option<shapes::TimeShape>")]
    until: Option<Timestamp>,
}

/// Which queries would have been decided otherwise.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PolicyReplay")]
pub(crate) struct Replayed {
    /// Those that have the policy, in the order of their slugs.
    endpoints: Vec<Endpoint>,
    /// Whether there are more queries than were replayed: the newest were. Or more endpoints.
    truncated: bool,
    /// The time of the earliest query that was replayed; null where there was none.
    #[schemars(with = "Option<shapes::TimeShape>")]
    from: Option<Timestamp>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReplayedEndpoint")]
struct Endpoint {
    #[schemars(with = "shapes::IdShape")]
    endpoint_id: EndpointId,
    #[schemars(with = "shapes::SlugShape")]
    slug: Slug,
    /// How many queries were replayed.
    queries: u64,
    /// How many of them hang on what is not known any more; they are counted nowhere else.
    untold: u64,
    /// How many are decided otherwise by the policies as they are than it was recorded.
    unlike_recorded: u64,
    /// Those that are let in as the policies are, and would be refused.
    would_refuse: Flips,
    /// Those that are refused as the policies are, and would be let in.
    would_allow: Flips,
}

#[derive(Serialize, JsonSchema)]
struct Flips {
    queries: u64,
    /// Of how many callers, counted up to 1,000. The guests of a marketplace are one.
    #[schemars(range(max = MAX_FLIP_CALLERS))]
    callers: usize,
    /// The newest of them.
    #[schemars(length(max = MAX_FLIP_EXAMPLES))]
    examples: Vec<Flip>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReplayedQuery")]
struct Flip {
    /// The number of its event in the audit log.
    seq: u64,
    #[schemars(with = "shapes::TimeShape")]
    time: Timestamp,
    #[schemars(with = "shapes::ActorShape")]
    actor: Actor,
    /// The marketplace that the caller is a user of, as it is called now.
    #[schemars(with = "Option<shapes::SlugShape>")]
    marketplace: Option<MarketplaceName>,
    /// What the query was for, where that was said.
    #[schemars(with = "Option<String>")]
    purpose: Option<Purpose>,
    #[schemars(with = "shapes::OutcomeShape")]
    outcome: Outcome,
    /// Why it ended so, as the event has it.
    reason_code: Option<String>,
    before: Verdict,
    after: Verdict,
}

impl From<policy::Flip> for Flip {
    fn from(flip: policy::Flip) -> Self {
        let policy::Flip { seq, time, actor, marketplace, purpose, recorded, before, after } = flip;
        let (outcome, reason) = recorded;
        let reason_code = reason.map(|reason| reason.to_string());
        let (before, after) = (before.into(), after.into());
        Self { seq, time, actor, marketplace, purpose, outcome, reason_code, before, after }
    }
}

impl From<policy::Flips> for Flips {
    fn from(flips: policy::Flips) -> Self {
        let policy::Flips { queries, callers, examples } = flips;
        Self { queries, callers, examples: examples.into_iter().map(Flip::from).collect() }
    }
}

impl From<policy::ReplayedEndpoint> for Endpoint {
    fn from(endpoint: policy::ReplayedEndpoint) -> Self {
        let policy::ReplayedEndpoint {
            id,
            slug,
            queries,
            untold,
            unlike_recorded,
            would_refuse,
            would_allow,
        } = endpoint;
        Self {
            endpoint_id: id,
            slug,
            queries,
            untold,
            unlike_recorded,
            would_refuse: would_refuse.into(),
            would_allow: would_allow.into(),
        }
    }
}

pub(crate) async fn replay(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: Replay = request.json().await?;
    let known = policy::policy(request.space(), request.principal()?, body.policy_id).await;
    let known = known.map_err(|error| match error {
        PolicyError::NotFound => ReplayError::NotFound.into(),
        error => Problem::from(error),
    })?;
    let type_name = known.configuration.type_name();
    let change = ReplayedChange {
        policy: body.policy_id,
        configuration: policies::configuration(&request, "", type_name, &body.configuration)?,
        since: body.since,
        until: body.until,
    };
    let tenant = request.principal()?.snapshot().tenant.id;
    let _turn = request.state.tenant_bounds.replay_turn(tenant).await?;
    let found = policy::replay(request.space(), request.principal()?, change).await?;
    let examples = found
        .endpoints
        .iter()
        .map(|endpoint| 1 + endpoint.would_refuse.examples.len() + endpoint.would_allow.examples.len());
    let bytes = examples.sum::<usize>() * ITEM_BYTES;
    let shape = move || Replayed {
        endpoints: found.endpoints.into_iter().map(Endpoint::from).collect(),
        truncated: found.truncated,
        from: found.from,
    };
    reply::large_json(bytes, shape).await
}
