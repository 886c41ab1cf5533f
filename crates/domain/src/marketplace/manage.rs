//! Reading, changing and removing a tenant's accounts on hubs.

use std::sync::Arc;

use crate::access::Permission;
use crate::audit::{Action, ChangeCode, Changes, ObjectKind, RequestContext};
use crate::dataset::Dataset;
use crate::expectation::{Change, Guard};
use crate::identity::Principal;
use crate::ids::MarketplaceId;
use crate::marketplace::claim::own_mark;
use crate::marketplace::error::MarketplaceError;
use crate::marketplace::hub_access;
use crate::marketplace::in_use::policies_naming;
use crate::marketplace::learn_issuer::learn_issuer;
use crate::marketplace::ports::{HubAccess, HubClient, HubError, MarketplaceView};
use crate::marketplace::register::take_over;
use crate::marketplace::uniqueness::{all, free};
use crate::marketplace::{
    HubCredential, Marketplace, MarketplaceName, MarketplaceWithHub, RegistrationSettings,
};
use crate::page::{Page, PageRequest};
use crate::policy::PolicyTypes;
use crate::sealing::Sealer;
use crate::space::Space;
use crate::store::{StoreError, Tx, View};
use crate::tenant::{TenantScope, WriteScope};
use crate::unit::{Recorded, check_revision};

/// A marketplace is to be changed; `None` leaves a part as it is.
#[derive(Clone, Default)]
pub struct ChangeMarketplace {
    /// What the tenant calls it.
    pub name: Option<MarketplaceName>,
    /// What proves to the hub who the tenant is there: of the same account as before.
    pub credential: Option<HubCredential>,
    /// Whether the account is to be moved here from another address where its endpoints are up.
    pub take_over: bool,
    /// Only if this is still its revision.
    pub if_revision: Option<u64>,
}

/// What tells the state of a credential.
struct Credentials {
    sealer: Arc<dyn Sealer>,
    hubs: Arc<dyn HubClient>,
}

impl Credentials {
    fn of(space: &Space) -> Self {
        Self { sealer: Arc::clone(&space.sealer), hubs: Arc::clone(&space.hubs) }
    }

    /// A marketplace with its hub, and how its credential is.
    fn on_hub<V: MarketplaceView + ?Sized>(
        &self,
        view: &mut V,
        scope: &TenantScope,
        marketplace: Marketplace,
    ) -> Result<MarketplaceWithHub, StoreError> {
        let Some(hub) = view.hub(marketplace.hub)? else {
            return Err(StoreError::failed("a marketplace is on a hub that is not there"));
        };
        let opened = self.sealer.open(scope, &marketplace.credential_place(), &marketplace.credential);
        let credential = opened.ok().and_then(|plain| HubCredential::from_plain(&plain).ok());
        let type_name = credential.as_ref().map(HubCredential::type_name);
        let access = credential.map(|credential| HubAccess { url: hub.url.clone(), credential });
        let refusal = access.and_then(|access| self.hubs.refusal(&access));
        Ok(MarketplaceWithHub { marketplace, hub, credential: type_name, refusal })
    }
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
    let find = finding(Credentials::of(space), id);
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
    let credentials = Credentials::of(space);
    let found = space.read(principal, Permission::ReadMarketplaces, move |view, scope| {
        let Page { items, next } = view.marketplaces(scope, page)?;
        let items = items.into_iter().map(|marketplace| credentials.on_hub(view, scope, marketplace));
        Ok(Page { items: items.collect::<Result<_, _>>()?, next })
    });
    found.await
}

fn finding(
    credentials: Credentials,
    id: MarketplaceId,
) -> impl FnOnce(&mut dyn View, &TenantScope) -> Result<MarketplaceWithHub, MarketplaceError> {
    move |view, scope| {
        let found = view.marketplace(scope, id)?.ok_or(MarketplaceError::NotFound)?;
        Ok(credentials.on_hub(view, scope, found)?)
    }
}

/// Changes a marketplace's name or credential. A new credential is shown to the hub first: it is of the same account, and
/// makes this space its satellite if it is not yet.
///
/// # Errors
/// When there is no such marketplace or it has been changed since, the name is taken or policies name it by the former, the hub refuses the credential or
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
    let ChangeMarketplace { name, credential, take_over, if_revision } = change;
    let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Marketplace, id);
    let renewed = if credential.is_some() || take_over {
        let find = finding(Credentials::of(space), id);
        let found = space.read_ahead(principal, Permission::ManageMarketplaces, &event, find).await?;
        // Asked before the hub hears of anything, and again inside the unit.
        check_revision(if_revision, found.marketplace.revision, MarketplaceError::Changed)?;
        Some(renew(space, &scope, setting, found, credential, take_over).await?)
    } else {
        None
    };
    let now = context.now;
    let authorization = principal.authorize(Permission::ManageMarketplaces, space.clock.now())?;
    let (credentials, types) = (Credentials::of(space), space.policy_types.clone());
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let mut row = tx.marketplace(&scope, id)?.ok_or(MarketplaceError::NotFound)?;
            check_revision(if_revision, row.revision, MarketplaceError::Changed)?;
            let mut changes = Changes::default();
            if let Some(name) = &name {
                if all(tx, &scope)?.iter().any(|other| other.id != id && other.name == *name) {
                    return Err(MarketplaceError::NameTaken.into());
                }
                if row.name != *name {
                    check_unnamed(tx, &scope, &types, &row.name)?;
                }
                changes.replace(ChangeCode::ChangedName, &mut row.name, name.clone());
            }
            if let Some(renewed) = &renewed {
                let Marketplace { credential, satellite, told_url, .. } = renewed.clone();
                changes.replace(ChangeCode::ChangedCredential, &mut row.credential, credential);
                changes.replace(ChangeCode::ChangedSatellite, &mut row.satellite, satellite);
                changes.replace(ChangeCode::ChangedAddress, &mut row.told_url, told_url);
                // What the hub did not take may succeed by now.
                for listing in tx.listings_on(&scope, id)? {
                    if listing.last_error.is_some() {
                        tx.update_listing(&scope, &listing.due(now))?;
                    }
                }
            }
            free(tx, &scope, &row)?;
            row.revision += 1;
            row.updated_at = now;
            tx.update_marketplace(&scope, &row)?;
            Ok(Recorded::new(credentials.on_hub(tx, &scope, row)?, event.clone().changing(changes)))
        })
        .await
}

/// Checks that no policy names a marketplace.
fn check_unnamed(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    types: &PolicyTypes,
    name: &MarketplaceName,
) -> Result<(), MarketplaceError> {
    let policies = policies_naming(tx, scope, types, name)?;
    if policies.is_empty() { Ok(()) } else { Err(MarketplaceError::InUse(policies)) }
}

/// Checks that no dataset asks another space as the account at a marketplace.
fn check_not_asked_as(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    id: MarketplaceId,
) -> Result<(), MarketplaceError> {
    let asks = |dataset: &Dataset| dataset.vectors.remote().is_some_and(|remote| remote.marketplace == id);
    let asking = tx.all_datasets(scope)?.into_iter().filter(asks);
    let names: Vec<String> = asking.map(|dataset| dataset.name).collect();
    if names.is_empty() { Ok(()) } else { Err(MarketplaceError::AskedAs(names)) }
}

/// A marketplace with a new credential, which the hub has accepted, or moved here.
async fn renew(
    space: &Space,
    scope: &TenantScope,
    setting: RegistrationSettings<'_>,
    found: MarketplaceWithHub,
    credential: Option<HubCredential>,
    is_taken_over: bool,
) -> Result<Marketplace, MarketplaceError> {
    let MarketplaceWithHub { marketplace: mut row, hub, .. } = found;
    if is_taken_over && setting.public_url.is_none() {
        return Err(MarketplaceError::NoAddress);
    }
    let access = if let Some(credential) = credential {
        let access = HubAccess { url: hub.url.clone(), credential };
        space.hubs.forget_failures(&access);
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
        access
    } else {
        hub_access(space, scope, &row)?
    };
    if let Some(public_url) = setting.public_url.filter(|_| is_taken_over) {
        take_over(space, &access, &mut row, public_url, true).await?;
    }
    Ok(row)
}

/// On which hubs the tenant has accounts without one of them.
fn without<V: MarketplaceView + ?Sized>(
    view: &mut V,
    scope: &TenantScope,
    id: MarketplaceId,
) -> Result<Change, StoreError> {
    let left = all(view, scope)?.into_iter().filter(|marketplace| marketplace.id != id);
    let hubs = left.map(|marketplace| (marketplace.name, marketplace.hub)).collect();
    Ok(Change::Marketplaces { hubs, issuer: None })
}

/// Removes a marketplace with its listings. From then on tokens for its audiences are refused. The hub is told after
/// that, once and as well as it goes: a hub that cannot be reached keeps what it shows until its health reports run out.
///
/// # Errors
/// When there is no such marketplace, it has been changed since or policies name it, the caller's role does not permit it, or a
/// port failed. What the hub did not take is the answer, and no error.
pub async fn remove_marketplace(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    setting: RegistrationSettings<'_>,
    id: MarketplaceId,
    if_revision: Option<u64>,
) -> Result<Result<(), HubError>, MarketplaceError> {
    let scope = principal.scope(Permission::ManageMarketplaces)?;
    let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Marketplace, id);
    let authorization = principal.authorize(Permission::ManageMarketplaces, space.clock.now())?;
    let types = space.policy_types.clone();
    let foresee = move |view: &mut dyn View, scope: &TenantScope| Ok(Some(without(view, scope, id)?));
    let (removed, slugs) = Guard::of(space, principal)
        .write(space, &scope, foresee, move |tx, guard| {
            let scope = tx.authority(&guard.renewed(&authorization), &event)?;
            let row = tx.marketplace(&scope, id)?.ok_or(MarketplaceError::NotFound)?;
            check_revision(if_revision, row.revision, MarketplaceError::Changed)?;
            check_unnamed(tx, &scope, &types, &row.name)?;
            check_not_asked_as(tx, &scope, id)?;
            let decisive = without(tx, &scope, id)?;
            let watch = guard.watch(tx, &scope, &decisive)?;
            let listings = tx.listings_on(&scope, id)?;
            tx.remove_marketplace(&scope, id)?;
            watch.check::<MarketplaceError>(tx, &scope, &event)?;
            let slugs: Vec<_> = listings.into_iter().map(|listing| listing.slug).collect();
            Ok(Recorded::new((row, slugs), event.clone().changing(ChangeCode::Removed)))
        })
        .await?;
    Ok(async {
        let access = hub_access(space, &scope, &removed)?;
        // Without an address nothing was ever shown.
        if let Some(public_url) = setting.public_url.or(removed.told_url.as_deref()) {
            let mark = own_mark(&principal.snapshot().tenant.name, &removed, public_url);
            for slug in &slugs {
                space.hubs.unpublish(&access, &mark, slug.as_str()).await?;
            }
        }
        match removed.satellite {
            Some(satellite) => space.hubs.remove_satellite(&access, satellite).await,
            None => Ok(()),
        }
    }
    .await)
}
