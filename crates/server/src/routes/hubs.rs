//! The operator's routes of trusted hubs.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::ids::HubId;
use syft_space_domain::marketplace::{self, HubUrl, Issuer, TrustedBy};
use syft_space_domain::page::Page;
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::shapes;

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Hub {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: HubId,
    #[schemars(with = "shapes::IssuerShape")]
    pub(crate) issuer: Issuer,
    #[schemars(with = "shapes::HubUrlShape")]
    pub(crate) url: HubUrl,
    /// Who tied the one to the other: `operator`, or `registration`.
    #[schemars(with = "String")]
    pub(crate) trusted_by: TrustedBy,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
}

impl From<marketplace::Hub> for Hub {
    fn from(hub: marketplace::Hub) -> Self {
        Self {
            id: hub.id,
            issuer: hub.issuer,
            url: hub.url,
            trusted_by: hub.trusted_by,
            created_at: hub.created_at,
        }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let hubs = marketplace::trusted_hubs(request.space(), request.operator()?).await?;
    // There are few enough of them for one page.
    reply::list(Page::<marketplace::Hub, HubId> { items: hubs, next: None }, Hub::from).await
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrustHub {
    #[schemars(with = "shapes::IssuerShape")]
    pub(crate) issuer: Issuer,
    #[schemars(with = "shapes::HubUrlShape")]
    pub(crate) url: HubUrl,
}

pub(crate) async fn trust(mut request: Request) -> Result<HttpResponse, Problem> {
    let TrustHub { issuer, url } = request.json().await?;
    let operator = request.operator()?;
    let hub = marketplace::trust_hub(request.space(), &request.context, operator, issuer, url).await?;
    reply::json(StatusCode::OK, &Hub::from(hub))
}

pub(crate) async fn distrust(request: Request) -> Result<HttpResponse, Problem> {
    let operator = request.operator()?;
    marketplace::distrust_hub(request.space(), &request.context, operator, request.path("id", "hub")?)
        .await?;
    Ok(reply::no_content())
}
