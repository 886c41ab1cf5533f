//! Whether a hub sends the callers of an account to this space. A hub knows one address per account, and whoever reports
//! last sets it: another installation of the same account must not be cut off, nor cut this one off, without a word.

use crate::audit::{Action, Actor, ChangeCode, ObjectKind, Origin};
use crate::ids::MarketplaceId;
use crate::marketplace::ports::{HubAccess, HubError, OwnMark};
use crate::marketplace::{Marketplace, ReportError, is_same_address};
use crate::port_error::PortError;
use crate::space::Space;
use crate::store::StoreError;
use crate::tenant::{TenantName, TenantScope, WriteScope};
use crate::unit::{Abort, Recorded};

/// The mark of this space's endpoints on a hub, as the hub was told it last.
pub(super) fn own_mark(tenant: &TenantName, at: &Marketplace, public_url: &str) -> OwnMark {
    OwnMark {
        url: at.told_url.clone().unwrap_or_else(|| public_url.to_owned()),
        tenant_name: tenant.to_string(),
        satellite: at.satellite,
    }
}

/// To whom a hub sends the callers of an account.
pub(super) enum Served {
    /// To this space.
    Here,
    /// To nobody that would be cut off: the address is none, an earlier one of this space, or one without an endpoint that
    /// is up.
    ByNobody,
    /// To this address, where endpoints are up.
    Elsewhere(String),
}

/// To whom a hub sends the callers of an account. Where it knows satellites, each has an address of its own.
pub(super) async fn served(
    space: &Space,
    access: &HubAccess,
    at: &Marketplace,
    public_url: &str,
) -> Result<Served, HubError> {
    if at.satellite.is_some() {
        return Ok(Served::Here);
    }
    let Some(domain) = space.hubs.account(access).await?.domain else { return Ok(Served::ByNobody) };
    if is_same_address(&domain, public_url) {
        return Ok(Served::Here);
    }
    let was_here = at.told_url.as_ref().is_some_and(|told| is_same_address(&domain, told));
    let elsewhere = !was_here && space.hubs.has_live_endpoints(access).await?;
    Ok(if elsewhere { Served::Elsewhere(domain) } else { Served::ByNobody })
}

/// Has the hub send callers here, unless that cuts somebody else off.
pub(super) async fn claim(
    space: &Space,
    scope: &TenantScope,
    access: &HubAccess,
    at: &Marketplace,
    public_url: &str,
) -> Result<(), ReportError> {
    match served(space, access, at, public_url).await? {
        Served::Elsewhere(domain) => return Err(HubError::Displaced(domain).into()),
        Served::ByNobody => space.hubs.set_domain(access, public_url).await?,
        Served::Here => {}
    }
    if at.told_url.as_deref() != Some(public_url) {
        note_address(space, scope, at.id, public_url).await?;
    }
    Ok(())
}

/// Writes down which address the hub was told.
async fn note_address(
    space: &Space,
    scope: &TenantScope,
    id: MarketplaceId,
    public_url: &str,
) -> Result<(), PortError> {
    let context = space.request_context(Origin::default())?;
    let event = context.event(scope, Action::ConfigChange, Actor::System)?.on(ObjectKind::Marketplace, id);
    let event = event.changing(ChangeCode::ChangedAddress);
    let (scope, url) = (*scope, public_url.to_owned());
    let written = space.store.write(move |tx| {
        let scope = WriteScope::of_system(&scope);
        if let Some(mut row) = tx.marketplace(&scope, id)? {
            // No revision more: it is nothing that an owner has changed.
            row.told_url = Some(url.clone());
            tx.update_marketplace(&scope, &row)?;
        }
        Ok::<_, Abort<StoreError>>(Recorded::new((), event.clone()))
    });
    Ok(written.await?)
}
