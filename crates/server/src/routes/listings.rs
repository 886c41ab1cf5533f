//! The routes of listings: endpoints on marketplaces.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::endpoint::EndpointName;
use syft_space_domain::ids::MarketplaceId;
use syft_space_domain::marketplace;
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::endpoints::find;
use crate::routes::reply;
use crate::routes::rules::{self, take};
use crate::routes::shapes;

/// An endpoint on a marketplace, and how far that is.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Listing {
    #[schemars(with = "shapes::IdShape")]
    id: String,
    #[schemars(with = "shapes::IdShape")]
    marketplace_id: String,
    #[schemars(with = "shapes::ListingStateShape")]
    state: &'static str,
    /// Why the hub does not show it as it should; tried again by itself.
    last_error: Option<String>,
    /// When the hub was last told with success.
    #[schemars(with = "Option<shapes::TimeShape>")]
    told_at: Option<Timestamp>,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
    /// What an owner should know of whom a marketplace vouches for.
    note: &'static str,
}

/// A listing puts an endpoint before people whose addresses another vouches for.
const NOTE: &str = "addresses of marketplace users are as true as the marketplace is careful: it may admit unverified \
                    ones";

impl From<marketplace::Listing> for Listing {
    fn from(listing: marketplace::Listing) -> Self {
        Self {
            id: listing.id.to_string(),
            marketplace_id: listing.marketplace.to_string(),
            state: listing.state.as_str(),
            last_error: listing.last_error,
            told_at: listing.told_at,
            created_at: listing.created_at,
            note: NOTE,
        }
    }
}

/// The listings of an endpoint, or of a marketplace.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Listings {
    items: Vec<Listing>,
}

impl From<Vec<marketplace::Listing>> for Listings {
    fn from(listings: Vec<marketplace::Listing>) -> Self {
        Self { items: listings.into_iter().map(Listing::from).collect() }
    }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewListing {
    #[garde(custom(rules::marketplace_id))]
    #[schemars(with = "shapes::IdShape")]
    marketplace_id: String,
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let name = EndpointName::Id(find(&request).await?.id);
    let found = marketplace::listings(request.space(), request.principal()?, &name).await?;
    reply::json(StatusCode::OK, &Listings::from(found))
}

pub(crate) async fn create(mut request: Request) -> Result<HttpResponse, Problem> {
    let name = EndpointName::Id(find(&request).await?.id);
    let body: NewListing = request.json().await?;
    let at: MarketplaceId = take("/marketplace_id", body.marketplace_id.parse())?;
    let reachable = request.state.public_url.is_some();
    let created =
        marketplace::list(request.space(), &request.context, request.principal()?, &name, at, reachable)
            .await?;
    reply::json(StatusCode::CREATED, &Listing::from(created))
}

pub(crate) async fn remove(request: Request) -> Result<HttpResponse, Problem> {
    let name = EndpointName::Id(find(&request).await?.id);
    let id = request.path("listing", "listing")?;
    marketplace::unlist(request.space(), &request.context, request.principal()?, &name, id).await?;
    Ok(reply::no_content())
}

/// Has the hub told anew of all that is listed there.
pub(crate) async fn sync(request: Request) -> Result<HttpResponse, Problem> {
    let at: MarketplaceId = request.path("id", "marketplace")?;
    let synced = marketplace::sync(request.space(), &request.context, request.principal()?, at).await?;
    reply::json(StatusCode::OK, &Listings::from(synced))
}
