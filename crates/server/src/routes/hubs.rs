//! The operator's routes of trusted hubs.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::ids::HubId;
use syft_space_domain::marketplace::{self, HubUrl, Issuer, TrustedBy};
use syft_space_domain::page::Page;
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::rules::{self, take};
use crate::routes::shapes;

#[derive(Serialize, JsonSchema)]
pub(crate) struct Hub {
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

impl From<marketplace::Hub> for Hub {
    fn from(hub: marketplace::Hub) -> Self {
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
    let hubs = marketplace::trusted_hubs(request.space(), request.operator()?).await?;
    // There are few enough of them for one page.
    reply::list(Page::<marketplace::Hub, HubId> { items: hubs, next: None }, Hub::from).await
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrustHub {
    #[garde(custom(rules::issuer))]
    #[schemars(with = "shapes::IssuerShape")]
    issuer: String,
    #[garde(custom(rules::hub_url))]
    #[schemars(with = "shapes::HubUrlShape")]
    url: String,
}

pub(crate) async fn trust(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: TrustHub = request.json().await?;
    let operator = request.operator()?;
    let issuer = take("/issuer", Issuer::parse(&body.issuer))?;
    let url = take("/url", HubUrl::parse(&body.url))?;
    let hub = marketplace::trust_hub(request.space(), &request.context, operator, issuer, url).await?;
    reply::json(StatusCode::OK, &Hub::from(hub))
}

pub(crate) async fn distrust(request: Request) -> Result<HttpResponse, Problem> {
    let operator = request.operator()?;
    marketplace::distrust_hub(request.space(), &request.context, operator, request.path("id", "hub")?)
        .await?;
    Ok(reply::no_content())
}
