//! The routes of listings: endpoints on marketplaces.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::endpoint::EndpointName;
use syft_space_domain::ids::{ListingId, MarketplaceId};
use syft_space_domain::marketplace::{self, ListingState};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::endpoints::find;
use crate::routes::reply;
use crate::routes::shapes;

/// An endpoint on a marketplace, and how far that is.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Listing {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: ListingId,
    #[schemars(with = "shapes::IdShape")]
    pub(crate) marketplace_id: MarketplaceId,
    #[schemars(with = "shapes::ListingStateShape")]
    pub(crate) state: ListingState,
    /// Why the hub does not show it as it should; tried again by itself.
    pub(crate) last_error: Option<String>,
    /// When the hub was last told with success.
    #[schemars(with = "Option<shapes::TimeShape>")]
    told_at: Option<Timestamp>,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
    /// What an owner should know of whom a marketplace vouches for.
    pub(crate) note: Cow<'static, str>,
}

/// A listing puts an endpoint before people whose addresses another vouches for.
const NOTE: &str = "addresses of marketplace users are as true as the marketplace is careful: it may admit unverified \
                    ones";

impl From<marketplace::Listing> for Listing {
    fn from(listing: marketplace::Listing) -> Self {
        Self {
            id: listing.id,
            marketplace_id: listing.marketplace,
            state: listing.state,
            last_error: listing.last_error,
            told_at: listing.told_at,
            created_at: listing.created_at,
            note: NOTE.into(),
        }
    }
}

/// The listings of an endpoint, or of a marketplace.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Listings {
    pub(crate) items: Vec<Listing>,
}

impl From<Vec<marketplace::Listing>> for Listings {
    fn from(listings: Vec<marketplace::Listing>) -> Self {
        Self { items: listings.into_iter().map(Listing::from).collect() }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewListing {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) marketplace_id: MarketplaceId,
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let name = EndpointName::Id(find(&request).await?.id);
    let found = marketplace::listings(request.space(), request.principal()?, &name).await?;
    reply::json(StatusCode::OK, &Listings::from(found))
}

pub(crate) async fn create(mut request: Request) -> Result<HttpResponse, Problem> {
    let name = EndpointName::Id(find(&request).await?.id);
    let body: NewListing = request.json().await?;
    let reachable = request.state.public_url.is_some();
    let created = marketplace::list(
        request.space(),
        &request.context,
        request.principal()?,
        &name,
        body.marketplace_id,
        reachable,
    )
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
