//! Which issuer a hub's tokens name: learned of a token that the hub mints for the tenant's own account.

use crate::marketplace::error::MarketplaceError;
use crate::marketplace::ports::{HubAccess, HubError};
use crate::marketplace::{Audience, HubUsername, Issuer, SatelliteId, SatelliteRefused};
use crate::space::Space;

/// Learns the issuer, and that callers with a token of this hub can be let in at all. A newer hub mints tokens for
/// satellites, and for a name only while one satellite is meant by it.
///
/// # Errors
/// When the hub mints no token for this account, or one that its keys do not verify.
pub(super) async fn learn_issuer(
    space: &Space,
    access: &HubAccess,
    username: &HubUsername,
    satellite: Option<SatelliteId>,
) -> Result<Issuer, MarketplaceError> {
    let mut refused = None;
    for audience in satellite.map(Audience::from).into_iter().chain([Audience::from(username)]) {
        match space.hubs.mint(access, &audience).await {
            Ok(token) => {
                let issuer = space.satellites.issuer(&access.url, token.expose(), space.clock.now()).await;
                return Ok(issuer.map_err(unusable)?);
            }
            Err(error @ (HubError::NotFound | HubError::Refused(_))) => {
                refused.get_or_insert(error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(MarketplaceError::NoToken(refused.unwrap_or(HubError::NotFound)))
}

fn unusable(refused: SatelliteRefused) -> HubError {
    match refused {
        SatelliteRefused::KeysUnavailable => {
            HubError::Unavailable("it shows no key that a token could be verified by".to_owned())
        }
        refused => HubError::Unreadable(format!(
            "a token that it minted for this account would not be let in: {refused}"
        )),
    }
}
