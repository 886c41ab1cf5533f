//! Which hubs the host's operator trusts.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::ids::HubId;
use syft_space_domain::marketplace::{Hub, HubUrl, Issuer, TrustedBy, distrust_hub, trust_hub, trusted_hubs};
use syft_space_domain::page::Page;
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::rules::{self, take};
use crate::routes::shapes;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Hub")]
pub(crate) struct Shown {
    #[schemars(with = "shapes::IdShape")]
    id: String,
    #[schemars(with = "shapes::IssuerShape")]
    issuer: String,
    #[schemars(with = "shapes::HubUrlShape")]
    url: String,
    /// Who tied the one to the other: `operator`, or `registration`.
    trusted_by: &'static str,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
}

impl From<Hub> for Shown {
    fn from(hub: Hub) -> Self {
        Self {
            id: hub.id.to_string(),
            issuer: hub.issuer.to_string(),
            url: hub.url.to_string(),
            trusted_by: TrustedBy::as_str(hub.trusted_by),
            created_at: hub.created_at,
        }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let hubs = trusted_hubs(request.space(), request.operator()?)?;
    // There are few enough of them for one page.
    reply::list(Page::<Hub, HubId> { items: hubs, next: None }, Shown::from)
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TrustHub")]
pub(crate) struct TrustBody {
    #[garde(custom(rules::issuer))]
    #[schemars(with = "shapes::IssuerShape")]
    issuer: String,
    #[garde(custom(rules::hub_url))]
    #[schemars(with = "shapes::HubUrlShape")]
    url: String,
}

pub(crate) async fn trust(request: Request) -> Result<HttpResponse, Problem> {
    let operator = request.operator()?;
    let body: TrustBody = request.json().await?;
    let issuer = take("/issuer", Issuer::parse(&body.issuer))?;
    let url = take("/url", HubUrl::parse(&body.url))?;
    let hub = trust_hub(request.space(), &request.call, operator, issuer, url).await?;
    reply::json(StatusCode::OK, &Shown::from(hub))
}

pub(crate) async fn distrust(request: Request) -> Result<HttpResponse, Problem> {
    let operator = request.operator()?;
    distrust_hub(request.space(), &request.call, operator, request.path("id", "hub")?).await?;
    Ok(reply::nothing())
}
