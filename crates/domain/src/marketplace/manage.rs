//! Reading, changing and removing a tenant's accounts on hubs.

use std::sync::Arc;

use crate::access::Permission;
use crate::audit::{Action, ObjectKind, RequestContext};
use crate::identity::Principal;
use crate::ids::MarketplaceId;
use crate::marketplace::error::MarketplaceError;
use crate::marketplace::hub_access::hub_access;
use crate::marketplace::learn_issuer::learn_issuer;
use crate::marketplace::ports::{HubAccess, HubError, MarketplaceView};
use crate::marketplace::uniqueness::{all, free};
use crate::marketplace::{
    HubCredential, Marketplace, MarketplaceName, MarketplaceWithHub, RegistrationSettings,
};
use crate::page::{Page, PageRequest};
use crate::sealing::Sealer;
use crate::space::Space;
use crate::store::{StoreError, View};
use crate::tenant::TenantScope;
use crate::unit::{Recorded, check_revision};

/// A marketplace is to be changed; `None` leaves a part as it is.
#[derive(Clone, Default)]
pub struct ChangeMarketplace {
    /// What the tenant calls it.
    pub name: Option<MarketplaceName>,
    /// What proves to the hub who the tenant is there: of the same account as before.
    pub credential: Option<HubCredential>,
    /// Only if this is still its revision.
    pub if_revision: Option<u64>,
}

fn on_hub<V: MarketplaceView + ?Sized>(
    sealer: &dyn Sealer,
    view: &mut V,
    scope: &TenantScope,
    marketplace: Marketplace,
) -> Result<MarketplaceWithHub, StoreError> {
    let Some(hub) = view.hub(marketplace.hub)? else {
        return Err(StoreError::failed("a marketplace is on a hub that is not there"));
    };
    let opened = sealer.open(scope, &marketplace.credential_place(), &marketplace.credential);
    let credential = opened.ok().and_then(|plain| HubCredential::from_plain(&plain).ok());
    Ok(MarketplaceWithHub {
        marketplace,
        hub,
        credential: credential.map(|credential| credential.type_name()),
    })
}

/// One marketplace.
///
/// # Errors
/// When there is none, the caller's role does not permit it, or a port failed.
pub async fn marketplace(
    space: &Space,
    principal: &Principal,
    id: MarketplaceId,
) -> Result<MarketplaceWithHub, MarketplaceError> {
    let find = finding(Arc::clone(&space.sealer), id);
    space.read(principal, Permission::ReadMarketplaces, find).await
}

/// The tenant's marketplaces.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn marketplaces(
    space: &Space,
    principal: &Principal,
    page: PageRequest<MarketplaceId>,
) -> Result<Page<MarketplaceWithHub, MarketplaceId>, MarketplaceError> {
    let sealer = Arc::clone(&space.sealer);
    let found = space.read(principal, Permission::ReadMarketplaces, move |view, scope| {
        let Page { items, next } = view.marketplaces(scope, page)?;
        let items = items.into_iter().map(|marketplace| on_hub(&*sealer, view, scope, marketplace));
        Ok(Page { items: items.collect::<Result<_, _>>()?, next })
    });
    found.await
}

fn finding(
    sealer: Arc<dyn Sealer>,
    id: MarketplaceId,
) -> impl FnOnce(&mut dyn View, &TenantScope) -> Result<MarketplaceWithHub, MarketplaceError> {
    move |view, scope| {
        let found = view.marketplace(scope, id)?.ok_or(MarketplaceError::NotFound)?;
        Ok(on_hub(&*sealer, view, scope, found)?)
    }
}

/// Changes a marketplace's name or credential. A new credential is shown to the hub first: it is of the same account, and
/// makes this space its satellite if it is not yet.
///
/// # Errors
/// When there is no such marketplace or it has been changed since, the name is taken, the hub refuses the credential or
/// says it is another account's, the caller's role does not permit it, or a port failed.
pub async fn change_marketplace(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    setting: RegistrationSettings<'_>,
    id: MarketplaceId,
    change: ChangeMarketplace,
) -> Result<MarketplaceWithHub, MarketplaceError> {
    let scope = principal.scope(Permission::ManageMarketplaces)?;
    let ChangeMarketplace { name, credential, if_revision } = change;
    let event =
        context.event(&scope, Action::ConfigChange, principal.actor())?.on(ObjectKind::Marketplace, id);
    let renewed = match credential {
        Some(credential) => {
            let find = finding(Arc::clone(&space.sealer), id);
            let found = space.read_ahead(principal, Permission::ManageMarketplaces, &event, find).await?;
            // Asked before the hub hears of anything, and again inside the unit.
            check_revision(if_revision, found.marketplace.revision, MarketplaceError::Changed)?;
            Some(renew(space, &scope, setting, found, credential).await?)
        }
        None => None,
    };
    let now = context.now;
    let authorization = principal.authorize(Permission::ManageMarketplaces, space.clock.now())?;
    let sealer = Arc::clone(&space.sealer);
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let mut row = tx.marketplace(&scope, id)?.ok_or(MarketplaceError::NotFound)?;
            check_revision(if_revision, row.revision, MarketplaceError::Changed)?;
            if let Some(name) = &name {
                if all(tx, &scope)?.iter().any(|other| other.id != id && other.name == *name) {
                    return Err(MarketplaceError::NameTaken.into());
                }
                row.name.clone_from(name);
            }
            if let Some(renewed) = &renewed {
                row.credential.clone_from(&renewed.credential);
                row.satellite = renewed.satellite;
            }
            free(tx, &scope, &row)?;
            row.revision += 1;
            row.updated_at = now;
            tx.update_marketplace(&scope, &row)?;
            Ok(Recorded::new(on_hub(&*sealer, tx, &scope, row)?, event.clone()))
        })
        .await
}

/// A marketplace with a new credential, which the hub has accepted.
async fn renew(
    space: &Space,
    scope: &TenantScope,
    setting: RegistrationSettings<'_>,
    found: MarketplaceWithHub,
    credential: HubCredential,
) -> Result<Marketplace, MarketplaceError> {
    let MarketplaceWithHub { marketplace: mut row, hub, .. } = found;
    let access = HubAccess { url: hub.url.clone(), credential };
    let account = space.hubs.account(&access).await?;
    if account.username != row.username {
        return Err(MarketplaceError::UsernameMismatch { given: row.username, found: account.username });
    }
    if let Some(public_url) = setting.public_url {
        row.satellite = space.hubs.register_satellite(&access, public_url).await?;
    }
    let found = learn_issuer(space, &access, &row.username, row.satellite).await?;
    if found != hub.issuer {
        return Err(MarketplaceError::IssuerMoved { trusted: hub.issuer, found });
    }
    row.credential = space.sealer.seal(scope, &row.credential_place(), &access.credential.to_plain())?;
    Ok(row)
}

/// Removes a marketplace with its listings. From then on tokens for its audiences are refused. The hub is told after
/// that, once and as well as it goes: a hub that cannot be reached keeps what it shows until its health reports run out.
///
/// # Errors
/// When there is no such marketplace or it has been changed since, the caller's role does not permit it, or a port
/// failed. What the hub did not take is the answer, and no error.
pub async fn remove_marketplace(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: MarketplaceId,
    if_revision: Option<u64>,
) -> Result<Result<(), HubError>, MarketplaceError> {
    let scope = principal.scope(Permission::ManageMarketplaces)?;
    let event =
        context.event(&scope, Action::ConfigChange, principal.actor())?.on(ObjectKind::Marketplace, id);
    let authorization = principal.authorize(Permission::ManageMarketplaces, space.clock.now())?;
    let (removed, slugs) = space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let row = tx.marketplace(&scope, id)?.ok_or(MarketplaceError::NotFound)?;
            check_revision(if_revision, row.revision, MarketplaceError::Changed)?;
            let listings = tx.listings_on(&scope, id)?;
            tx.remove_marketplace(&scope, id)?;
            let slugs: Vec<_> = listings.into_iter().map(|listing| listing.slug).collect();
            Ok(Recorded::new((row, slugs), event.clone()))
        })
        .await?;
    Ok(async {
        let access = hub_access(space, &scope, &removed)?;
        for slug in &slugs {
            space.hubs.unpublish(&access, removed.satellite, slug.as_str()).await?;
        }
        match removed.satellite {
            Some(satellite) => space.hubs.remove_satellite(&access, satellite).await,
            None => Ok(()),
        }
    }
    .await)
}
