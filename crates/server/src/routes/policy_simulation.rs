//! The route that tells whose verdicts a change of a policy would change.

use actix_web::HttpResponse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::endpoint::Slug;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{EndpointId, PolicyId};
use syft_space_domain::marketplace::MarketplaceName;
use syft_space_domain::policy::{
    self, Effect, HypotheticalChange, PolicyError, Reason, SimulateError, SimulatedCaller, SimulatedEndpoint,
    VerdictChange,
};

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::{policies, reply, shapes};

/// About how many bytes a change is written in.
const CHANGE_BYTES: usize = 300;

/// What a policy would demand, and whose verdicts are looked at.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Simulate {
    #[schemars(with = "shapes::IdShape")]
    policy_id: PolicyId,
    /// What it would demand, as a whole. It is of the policy's type.
    #[schemars(with = "shapes::PolicyConfigurationShape")]
    configuration: serde_json::Value,
    #[schemars(length(max = policy::MAX_SIMULATED))]
    identities: Vec<SimulatedIdentity>,
}

/// A member, somebody who is none, or a user of a marketplace.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SimulatedIdentity {
    #[schemars(with = "shapes::EmailShape")]
    email: Email,
    /// The marketplace whose user has the address, where it is no member's.
    #[serde(default)]
    #[schemars(with = "Option<shapes::SlugShape>")]
    marketplace: Option<MarketplaceName>,
}

impl From<SimulatedIdentity> for SimulatedCaller {
    fn from(identity: SimulatedIdentity) -> Self {
        let SimulatedIdentity { email, marketplace } = identity;
        Self { email, marketplace }
    }
}

/// Whose verdicts would be others.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Simulation {
    /// Those that have the policy, in the order of their slugs.
    endpoints: Vec<EndpointChanges>,
    /// Whether there are more endpoints.
    truncated: bool,
}

#[derive(Serialize, JsonSchema)]
struct EndpointChanges {
    #[schemars(with = "shapes::IdShape")]
    endpoint_id: EndpointId,
    #[schemars(with = "shapes::SlugShape")]
    slug: Slug,
    changes: Vec<Change>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "VerdictChange")]
struct Change {
    #[schemars(with = "shapes::CanonicalEmailShape")]
    email: Email,
    /// The marketplace whose user has the address; null where it was asked about a member, or somebody who is none.
    #[schemars(with = "Option<shapes::SlugShape>")]
    marketplace: Option<MarketplaceName>,
    before: Verdict,
    after: Verdict,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Verdict {
    #[schemars(with = "shapes::ModeShape")]
    verdict: &'static str,
    reason_code: &'static str,
}

impl From<Reason> for Verdict {
    fn from(reason: Reason) -> Self {
        (reason.effect(), reason).into()
    }
}

impl From<(Effect, Reason)> for Verdict {
    fn from((effect, reason): (Effect, Reason)) -> Self {
        Self { verdict: effect.as_str(), reason_code: reason.as_str() }
    }
}

impl From<VerdictChange> for Change {
    fn from(change: VerdictChange) -> Self {
        let VerdictChange { caller: SimulatedCaller { email, marketplace }, before, after } = change;
        Self { email, marketplace, before: before.into(), after: after.into() }
    }
}

impl From<SimulatedEndpoint> for EndpointChanges {
    fn from(endpoint: SimulatedEndpoint) -> Self {
        let SimulatedEndpoint { id, slug, changes } = endpoint;
        Self { endpoint_id: id, slug, changes: changes.into_iter().map(Change::from).collect() }
    }
}

pub(crate) async fn simulate(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: Simulate = request.json().await?;
    let known = policy::policy(request.space(), request.principal()?, body.policy_id).await;
    let known = known.map_err(|error| match error {
        PolicyError::NotFound => SimulateError::NotFound.into(),
        error => Problem::from(error),
    })?;
    let type_name = known.configuration.type_name();
    let change = HypotheticalChange {
        policy: body.policy_id,
        configuration: policies::configuration(&request, "", type_name, &body.configuration)?,
        people: body.identities.into_iter().map(SimulatedCaller::from).collect(),
    };
    let found = policy::simulate(request.space(), request.principal()?, change).await?;
    let changes: usize = found.endpoints.iter().map(|endpoint| 1 + endpoint.changes.len()).sum();
    let shape = move || Simulation {
        endpoints: found.endpoints.into_iter().map(EndpointChanges::from).collect(),
        truncated: found.truncated,
    };
    reply::large_json(changes * CHANGE_BYTES, shape).await
}
