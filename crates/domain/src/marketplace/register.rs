//! A tenant registers its account on a hub.

use crate::access::Permission;
use crate::audit::{Action, Actor, ChangeCode, Log, ObjectKind, RequestContext};
use crate::expectation::{Change, Guard};
use crate::identity::Principal;
use crate::ids::{HubId, MarketplaceId};
use crate::marketplace::claim::{Served, served};
use crate::marketplace::error::MarketplaceError;
use crate::marketplace::learn_issuer::learn_issuer;
use crate::marketplace::ports::{HubAccess, MarketplaceView};
use crate::marketplace::uniqueness::{all, free};
use crate::marketplace::{
    Hub, HubCredential, HubUrl, HubUsername, Issuer, Marketplace, MarketplaceName, MarketplaceWithHub,
    TrustedBy,
};
use crate::sealing::Sealed;
use crate::space::Space;
use crate::store::{StoreError, View};
use crate::tenant::TenantScope;
use crate::unit::Recorded;

/// An account on a hub is to be registered.
#[derive(Clone)]
pub struct NewMarketplace {
    /// What the tenant calls it.
    pub name: MarketplaceName,
    /// Where the hub is.
    pub url: HubUrl,
    /// What its tokens name as `iss`, if the caller wants it checked: a token of the hub tells it.
    pub issuer: Option<Issuer>,
    /// The account's name, if the caller wants it checked: the hub tells it.
    pub username: Option<HubUsername>,
    /// What proves to the hub who the tenant is there.
    pub credential: HubCredential,
    /// Whether the account is to be moved here from another address where its endpoints are up.
    pub take_over: bool,
}

/// What the space is set up for, as far as registering goes.
#[derive(Debug, Clone, Copy)]
pub struct RegistrationSettings<'a> {
    /// Whether the operator lets anybody found a tenant. Then nobody but the operator says which hubs are trusted.
    pub registration_open: bool,
    /// Where others reach this space; where it is set, the space registers itself on the hub as a satellite.
    pub public_url: Option<&'a str>,
}

/// Registers an account on a hub: asks the hub whose the credential is, makes this space a satellite of that account
/// where the hub knows satellites, learns of a token that the hub mints which issuer it names, and keeps the credential
/// sealed. An issuer that is unknown is trusted at the URL from then on, while registration is closed.
///
/// Each step can be repeated: whoever was cut off registers once more.
///
/// # Errors
/// When the hub is not trusted or does not answer, the credential is not that account's, a name or audience is taken,
/// the caller's role does not permit it, or a port failed. What was told to the hub by then stays, and is found there the next time.
pub async fn register_marketplace(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    setting: RegistrationSettings<'_>,
    wanted: NewMarketplace,
) -> Result<MarketplaceWithHub, MarketplaceError> {
    let scope = principal.scope(Permission::ManageMarketplaces)?;
    // Asked before the hub hears of anything, and again inside the unit.
    let (issuer, url, name) = (wanted.issuer.clone(), wanted.url.clone(), wanted.name.clone());
    let open = setting.registration_open;
    let event = principal.event(context, Action::ConfigChange)?;
    let look = move |view: &mut dyn View, scope: &TenantScope| {
        may_be_asked(view, issuer.as_ref(), &url, open)?;
        fits(view, scope, &name)
    };
    space.read_ahead(principal, Permission::ManageMarketplaces, &event, look).await?;

    let access = HubAccess { url: wanted.url, credential: wanted.credential };
    space.hubs.forget_failures(&access);
    let account = space.hubs.account(&access).await.map_err(MarketplaceError::at(&access.url))?;
    if let Some(given) = wanted.username
        && given != account.username
    {
        return Err(MarketplaceError::UsernameMismatch { given, found: account.username });
    }
    let satellite = match setting.public_url {
        Some(public_url) => space.hubs.register_satellite(&access, public_url).await?,
        None => None,
    };
    let issuer = match learn_issuer(space, &access, &account.username, satellite).await {
        Err(MarketplaceError::NoToken(_)) if setting.public_url.is_none() => {
            return Err(MarketplaceError::NoPublicUrl);
        }
        learned => learned?,
    };
    if let Some(given) = wanted.issuer
        && given != issuer
    {
        return Err(MarketplaceError::IssuerMismatch { given, found: issuer });
    }
    let fresh = Hub {
        id: HubId::generate(context.now, &*context.entropy)?,
        issuer,
        url: access.url.clone(),
        trusted_by: TrustedBy::Registration,
        created_at: context.now,
    };
    let mut marketplace = Marketplace {
        id: MarketplaceId::generate(context.now, &*context.entropy)?,
        name: wanted.name,
        hub: fresh.id,
        username: account.username,
        satellite,
        credential: Sealed::from_bytes(Vec::new()),
        told_url: None,
        revision: 1,
        created_at: context.now,
        updated_at: context.now,
    };
    if let Some(public_url) = setting.public_url {
        take_over(space, &access, &mut marketplace, public_url, wanted.take_over).await?;
    }
    let (place, credential) = (marketplace.credential_place(), Some(access.credential.type_name()));
    marketplace.credential = space.sealer.seal(&scope, &place, &access.credential.to_plain())?;

    let registered = event.on(ObjectKind::Marketplace, marketplace.id).changing(ChangeCode::Created);
    let account =
        Actor::Account { id: principal.member(Permission::ManageMarketplaces)?.account, role: None };
    let trusts = context
        .event(Log::Installation, Action::ConfigChange, account)?
        .on(ObjectKind::Hub, fresh.id)
        .changing(ChangeCode::Trusted);
    // The hub was waited for.
    let authorization = principal.authorize(Permission::ManageMarketplaces, space.clock.now())?;
    let ahead = (marketplace.name.clone(), fresh.clone());
    let foresee =
        move |view: &mut dyn View, scope: &TenantScope| Ok(Some(beside(view, scope, &ahead.0, &ahead.1)?));
    Guard::of(space, principal)
        .write(space, &scope, foresee, move |tx, guard| {
            let scope = tx.authority(&guard.renewed(&authorization), &registered)?;
            let decisive = beside(tx, &scope, &marketplace.name, &fresh)?;
            let watch = guard.watch(tx, &scope, &decisive)?;
            let hub = trusted(tx.hub_by_issuer(&fresh.issuer)?, &fresh, open)?;
            let row = Marketplace { hub: hub.id, ..marketplace.clone() };
            let is_new = hub.id == fresh.id;
            fits(tx, &scope, &row.name)?;
            free(tx, &scope, &row)?;
            if is_new {
                tx.add_hub(&hub)?;
            }
            tx.add_marketplace(&scope, &row)?;
            watch.check::<MarketplaceError>(tx, &scope, &registered)?;
            let recorded = MarketplaceWithHub { marketplace: row, hub, credential, refusal: None };
            let recorded = Recorded::new(recorded, registered.clone());
            Ok(if is_new { recorded.and(trusts.clone()) } else { recorded })
        })
        .await
}

/// On which hubs the tenant has accounts with one more, on a hub that may be known.
fn beside<V: MarketplaceView + ?Sized>(
    view: &mut V,
    scope: &TenantScope,
    name: &MarketplaceName,
    fresh: &Hub,
) -> Result<Change, StoreError> {
    let hub = view.hub_by_issuer(&fresh.issuer)?.map_or(fresh.id, |hub| hub.id);
    let there = all(view, scope)?.into_iter().map(|marketplace| (marketplace.name, marketplace.hub));
    let hubs = there.chain([(name.clone(), hub)]).collect();
    Ok(Change::Marketplaces { hubs, issuer: Some((fresh.issuer.clone(), hub)) })
}

/// The hub that the tenant means, if it may.
fn trusted(known: Option<Hub>, wanted: &Hub, registration_open: bool) -> Result<Hub, MarketplaceError> {
    match known {
        Some(hub) if hub.url == wanted.url => Ok(hub),
        Some(hub) => Err(MarketplaceError::IssuerUrlMismatch(hub.issuer)),
        None if registration_open => {
            let (issuer, url) = (Some(wanted.issuer.clone()), wanted.url.clone());
            Err(MarketplaceError::HubNotTrusted { issuer, url })
        }
        None => Ok(wanted.clone()),
    }
}

/// Refuses an account whose callers are sent to another address where endpoints are up, unless it is to be moved here. Then
/// the hub sends them here from now on.
pub(super) async fn take_over(
    space: &Space,
    access: &HubAccess,
    at: &mut Marketplace,
    public_url: &str,
    is_wanted: bool,
) -> Result<(), MarketplaceError> {
    match served(space, access, at, public_url).await? {
        Served::Elsewhere(domain) if !is_wanted => return Err(MarketplaceError::ServedElsewhere(domain)),
        Served::Elsewhere(_) => space.hubs.set_domain(access, public_url).await?,
        Served::ByNobody | Served::Here => return Ok(()),
    }
    at.told_url = Some(public_url.to_owned());
    Ok(())
}

/// Whether a hub may be asked at all: nobody else has its issuer, and while registration is open, it is trusted. Under which
/// issuer, its own tokens tell.
fn may_be_asked<V: MarketplaceView + ?Sized>(
    view: &mut V,
    issuer: Option<&Issuer>,
    url: &HubUrl,
    registration_open: bool,
) -> Result<(), MarketplaceError> {
    let known = issuer.map(|issuer| view.hub_by_issuer(issuer)).transpose()?.flatten();
    match known {
        Some(hub) if hub.url == *url => Ok(()),
        Some(hub) => Err(MarketplaceError::IssuerUrlMismatch(hub.issuer)),
        None if !registration_open || view.hubs()?.iter().any(|hub| hub.url == *url) => Ok(()),
        None => Err(MarketplaceError::HubNotTrusted { issuer: issuer.cloned(), url: url.clone() }),
    }
}

/// Whether the tenant may have one more marketplace, of this name.
fn fits<V: MarketplaceView + ?Sized>(
    view: &mut V,
    scope: &TenantScope,
    name: &MarketplaceName,
) -> Result<(), MarketplaceError> {
    let there = all(view, scope)?;
    if there.iter().any(|marketplace| marketplace.name == *name) {
        return Err(MarketplaceError::NameTaken);
    }
    if there.len() >= Marketplace::MAX_PER_TENANT { Err(MarketplaceError::LimitReached) } else { Ok(()) }
}
