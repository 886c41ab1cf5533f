//! What a change of an endpoint means for its listings: hubs are told at the next occasion, and not with the next report.

use crate::endpoint::Slug;
use crate::ids::{EndpointId, ListingId};
use crate::marketplace::{Listing, ListingState, Marketplace};
use crate::page::every;
use crate::random::{Entropy, RandomError};
use crate::store::{StoreError, Tx, View};
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;

/// How many listings one unit of work marks.
const MARKED_AT_ONCE: usize = 500;

/// Marks that every listing of an endpoint is to go, for the endpoint goes.
pub(crate) fn take_off(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<(), StoreError> {
    for listing in tx.listings_of(scope, endpoint)? {
        tx.update_listing(scope, &listing.removing(now))?;
    }
    Ok(())
}

/// Marks that hubs are to be told of an endpoint anew, for it has changed.
pub(crate) fn tell_anew(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<(), StoreError> {
    for listing in shown_listings(tx, scope, endpoint)? {
        tx.update_listing(scope, &listing.due(now))?;
    }
    Ok(())
}

/// Marks that hubs are to be told anew of all that the tenant lists, as far as one unit of work may: the others are told with the
/// next report.
pub(crate) fn tell_all_anew(tx: &mut dyn Tx, scope: &WriteScope, now: Timestamp) -> Result<(), StoreError> {
    let mut left = MARKED_AT_ONCE;
    for marketplace in every(|page| tx.marketplaces(scope, page))? {
        let listings = tx.listings_on(scope, marketplace.id)?;
        for listing in
            listings.into_iter().filter(|listing| listing.state != ListingState::Removing).take(left)
        {
            tx.update_listing(scope, &listing.due(now))?;
            left = left.saturating_sub(1);
        }
    }
    Ok(())
}

/// Whether a hub shows anything of the tenant's, as far as is known.
pub(crate) fn is_anything_shown(view: &mut dyn View, scope: &TenantScope) -> Result<bool, StoreError> {
    for marketplace in every(|page| view.marketplaces(scope, page))? {
        let listings = view.listings_on(scope, marketplace.id)?;
        if listings.iter().any(|listing| listing.state == ListingState::Listed) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The listings of an endpoint that are not going already.
fn shown_listings(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    endpoint: EndpointId,
) -> Result<Vec<Listing>, StoreError> {
    let mut listings = tx.listings_of(scope, endpoint)?;
    listings.retain(|listing| listing.state != ListingState::Removing);
    Ok(listings)
}

/// The ids of what stands for an endpoint's listings under its slug until then, one for each marketplace that may be.
#[derive(Default)]
pub(crate) struct FormerListings(Vec<(ListingId, EndpointId)>);

impl FormerListings {
    /// Draws as many as there may be.
    pub(crate) fn generate(now: Timestamp, entropy: &dyn Entropy) -> Result<Self, RandomError> {
        let draw = || Ok((ListingId::generate(now, entropy)?, EndpointId::generate(now, entropy)?));
        Ok(Self((0..Marketplace::MAX_PER_TENANT).map(|_| draw()).collect::<Result<_, _>>()?))
    }
}

/// Moves an endpoint's listings to a slug of which nobody else is: each hub is to show it there, and no longer under the
/// slug until now.
pub(crate) fn move_listings(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    endpoint: EndpointId,
    slug: &Slug,
    ids: &FormerListings,
    now: Timestamp,
) -> Result<(), StoreError> {
    let staying = shown_listings(tx, scope, endpoint)?;
    for (listing, (id, nobody)) in staying.into_iter().zip(&ids.0) {
        // What goes under that slug belonged to an endpoint that has it no more: what the hub hears first does not matter.
        for going in tx.listings_on(scope, listing.marketplace)? {
            if going.slug == *slug {
                tx.remove_listing(scope, going.id)?;
            }
        }
        tx.remove_listing(scope, listing.id)?;
        let former = Listing { id: *id, endpoint: *nobody, ..listing.clone() };
        tx.add_listing(scope, &former.removing(now))?;
        let moved = Listing { slug: slug.clone(), state: ListingState::Pending, told_at: None, ..listing };
        tx.add_listing(scope, &moved.due(now))?;
    }
    Ok(())
}
