//! The operator trusts hubs, and ends that trust.

use crate::audit::{Action, Actor, ChangeCode, Changes, Log, ObjectKind, RequestContext};
use crate::ids::HubId;
use crate::marketplace::{Hub, HubUrl, Issuer, TrustedBy};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::Flow;
use crate::tenant::OperatorScope;
use crate::unit::Recorded;

/// A hub's trust was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The issuer is tied to another URL.
    #[error(
        "{issuer} is trusted at {url} already, and tenants are registered there: remove their marketplaces first"
    )]
    InUseElsewhere {
        /// The issuer.
        issuer: Issuer,
        /// At which URL it is trusted.
        url: HubUrl,
    },
    /// There is no such hub.
    #[error("there is no such hub")]
    NotFound,
    /// Marketplaces are on it.
    #[error("{} on this hub: remove {} first", if *.0 == 1 { "1 marketplace is".to_owned() } else { format!("{} marketplaces are", .0) }, if *.0 == 1 { "it" } else { "them" })]
    InUse(u64),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(TrustError);

/// Trusts a hub: tokens that name this issuer are verified by the keys at this URL, and tenants may register there.
/// A hub that is trusted already moves to the URL, unless tenants are registered there: their credentials were meant for
/// the URL they gave.
///
/// # Errors
/// When the issuer is trusted at another URL, or a port failed.
pub async fn trust_hub(
    space: &Space,
    context: &RequestContext,
    _operator: &OperatorScope,
    issuer: Issuer,
    url: HubUrl,
) -> Result<Hub, TrustError> {
    let fresh = Hub {
        id: HubId::generate(context.now, &*context.entropy)?,
        issuer,
        url,
        trusted_by: TrustedBy::Operator,
        created_at: context.now,
    };
    let event = context.event(Log::Installation, Action::ConfigChange, Actor::Operator)?;
    space
        .store
        .write(move |tx| {
            let mut changes = Changes::default();
            let hub = match tx.hub_by_issuer(&fresh.issuer)? {
                None => {
                    tx.add_hub(&fresh)?;
                    changes.note(ChangeCode::Trusted);
                    fresh.clone()
                }
                Some(mut hub) => {
                    if hub.url != fresh.url && tx.count_marketplaces_on(hub.id)? > 0 {
                        let (issuer, url) = (hub.issuer, hub.url);
                        return Err(TrustError::InUseElsewhere { issuer, url }.into());
                    }
                    changes.replace(ChangeCode::Trusted, &mut hub.trusted_by, TrustedBy::Operator);
                    changes.replace(ChangeCode::ChangedUrl, &mut hub.url, fresh.url.clone());
                    tx.update_hub(&hub)?;
                    hub
                }
            };
            let event = event.clone().on(ObjectKind::Hub, hub.id).changing(changes);
            Ok(Recorded::new(hub, event))
        })
        .await
}

/// Trusts a hub no more: its tokens are refused from the next request on.
///
/// # Errors
/// When there is no such hub, marketplaces are on it, or a port failed.
pub async fn distrust_hub(
    space: &Space,
    context: &RequestContext,
    _operator: &OperatorScope,
    id: HubId,
) -> Result<(), TrustError> {
    let event =
        context.event(Log::Installation, Action::ConfigChange, Actor::Operator)?.on(ObjectKind::Hub, id);
    space
        .store
        .write(move |tx| {
            if tx.hub(id)?.is_none() {
                return Err(TrustError::NotFound.into());
            }
            let marketplaces = tx.count_marketplaces_on(id)?;
            if marketplaces > 0 {
                return Err(TrustError::InUse(marketplaces).into());
            }
            tx.remove_hub(id)?;
            Ok(Recorded::new((), event.clone().changing(ChangeCode::Distrusted)))
        })
        .await
}

/// Every trusted hub, in the order of their issuers.
///
/// # Errors
/// When a port failed.
pub async fn trusted_hubs(space: &Space, _operator: &OperatorScope) -> Result<Vec<Hub>, TrustError> {
    Ok(space.store.read(Flow::Installation, |view| view.hubs()).await?)
}
