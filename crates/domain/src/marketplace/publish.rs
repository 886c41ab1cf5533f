//! Showing an endpoint on a marketplace, and taking it off: what is wanted is written down, and the hub is told of it in
//! the background ([`tell`](super::tell)).

use crate::access::Permission;
use crate::audit::{Action, ChangeCode, ObjectKind, RequestContext};
use crate::endpoint::EndpointName;
use crate::identity::{AuthorizationError, Principal};
use crate::ids::{ListingId, MarketplaceId};
use crate::marketplace::{Listing, ListingState, UnlistableSlug, check_listable};
use crate::policy::ports::Attachment;
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::unit::Recorded;

/// An endpoint was not listed, or not taken off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such endpoint, or no such listing of it.
    #[error("there is no such thing")]
    NotFound,
    /// There is no such marketplace.
    #[error("there is no such marketplace")]
    NoMarketplace,
    /// Nobody could reach it.
    #[error("nobody would know where to send queries: the space's operator says where others reach it")]
    NoPublicUrl,
    /// It is a draft.
    #[error("the endpoint is a draft: publish it first")]
    Draft,
    /// No policy would let anybody in.
    #[error("no access policy is attached, so no user of a marketplace could query it: attach one first")]
    NoAccessPolicy,
    /// Hubs do not take its slug.
    #[error(transparent)]
    UnlistableSlug(#[from] UnlistableSlug),
    /// It is there already.
    #[error("the endpoint is listed on this marketplace already")]
    Listed,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(ListingError);

/// Lists an endpoint on a marketplace. The answer is the wish; the hub is told in the background. It needs to know where
/// this space is reached, which is `reachable` once the operator has said it.
///
/// # Errors
/// When there is no such endpoint or marketplace, the endpoint is not fit to be shown, the caller's role does not permit
/// it, or a port failed.
pub async fn list(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    name: &EndpointName,
    marketplace: MarketplaceId,
    reachable: bool,
) -> Result<Listing, ListingError> {
    principal.scope(Permission::WriteEndpoints)?;
    if !reachable {
        return Err(ListingError::NoPublicUrl);
    }
    let id = ListingId::generate(context.now, &*context.entropy)?;
    let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Listing, id);
    let (name, now) = (name.clone(), context.now);
    let authorization = principal.authorize(Permission::WriteEndpoints, space.clock.now())?;
    let policy_types = space.policy_types.clone();
    let listing = space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let endpoint = name.find(tx, &scope)?.ok_or(ListingError::NotFound)?;
            if tx.marketplace(&scope, marketplace)?.is_none() {
                return Err(ListingError::NoMarketplace.into());
            }
            if !endpoint.published {
                return Err(ListingError::Draft.into());
            }
            check_listable(&endpoint.slug).map_err(ListingError::from)?;
            let attached = tx.attachments(&scope, Some(endpoint.id))?;
            let says_who = |attached: &Attachment| {
                !attached.enforcement.is_shadow() && policy_types.names_callers(&attached.policy_type)
            };
            if !attached.iter().any(says_who) {
                return Err(ListingError::NoAccessPolicy.into());
            }
            let listed = tx.listings_on(&scope, marketplace)?;
            let listing = Listing {
                id,
                endpoint: endpoint.id,
                slug: endpoint.slug,
                marketplace,
                state: ListingState::Pending,
                last_error: None,
                told_at: None,
                due_at: now,
                failures: 0,
                revision: 1,
                created_at: now,
            };
            match listed
                .into_iter()
                .find(|other| other.endpoint == listing.endpoint || other.slug == listing.slug)
            {
                // On its way off, of this endpoint or of one before it: what the hub hears first does not matter.
                Some(going) if going.state == ListingState::Removing => {
                    tx.remove_listing(&scope, going.id)?;
                }
                Some(_) => return Err(ListingError::Listed.into()),
                None => {}
            }
            tx.add_listing(&scope, &listing)?;
            Ok(Recorded::new(listing, event.clone().changing(ChangeCode::Created)))
        })
        .await?;
    Ok(listing)
}

/// Takes an endpoint off a marketplace. It is gone from here when the hub has been told.
///
/// # Errors
/// When there is no such listing, the caller's role does not permit it, or a port failed.
pub async fn unlist(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    name: &EndpointName,
    id: ListingId,
) -> Result<(), ListingError> {
    principal.scope(Permission::WriteEndpoints)?;
    let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Listing, id);
    let (name, now) = (name.clone(), context.now);
    let authorization = principal.authorize(Permission::WriteEndpoints, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let endpoint = name.find(tx, &scope)?.map(|endpoint| endpoint.id);
            let listing = tx.listing(&scope, id)?.filter(|listing| endpoint == Some(listing.endpoint));
            tx.update_listing(&scope, &listing.ok_or(ListingError::NotFound)?.removing(now))?;
            Ok(Recorded::new((), event.clone().changing(ChangeCode::RemovalRequested)))
        })
        .await?;
    Ok(())
}

/// An endpoint's listings, and how far each is.
///
/// # Errors
/// When there is no such endpoint, the caller's role does not permit it, or a port failed.
pub async fn listings(
    space: &Space,
    principal: &Principal,
    name: &EndpointName,
) -> Result<Vec<Listing>, ListingError> {
    let name = name.clone();
    let found = space.read(principal, Permission::ReadMetadata, move |view, scope| {
        let endpoint = name.find(view, scope)?.ok_or(ListingError::NotFound)?;
        Ok(view.listings_of(scope, endpoint.id)?)
    });
    found.await
}

/// Has the hub told anew of all that is listed on a marketplace, as soon as may be.
///
/// # Errors
/// When there is no such marketplace, the caller's role does not permit it, or a port failed.
pub async fn sync(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    marketplace: MarketplaceId,
) -> Result<Vec<Listing>, ListingError> {
    principal.scope(Permission::WriteEndpoints)?;
    let event = principal.event(context, Action::ConfigChange)?;
    let event = event.on(ObjectKind::Marketplace, marketplace);
    let now = context.now;
    let authorization = principal.authorize(Permission::WriteEndpoints, space.clock.now())?;
    let listings = space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            if tx.marketplace(&scope, marketplace)?.is_none() {
                return Err(ListingError::NotFound.into());
            }
            let mut listings = tx.listings_on(&scope, marketplace)?;
            for one in &mut listings {
                if matches!(one.state, ListingState::Listed | ListingState::Displaced) {
                    one.state = ListingState::Pending;
                }
                one.due_at = now;
                one.failures = 0;
                one.revision += 1;
                tx.update_listing(&scope, one)?;
            }
            Ok(Recorded::new(listings, event.clone().changing(ChangeCode::SyncRequested)))
        })
        .await?;
    Ok(listings)
}
