//! A user of a hub who calls with a satellite token.

use crate::audit::HubUser;
use crate::marketplace::SatelliteClaims;
use crate::secret::Secret;

/// A user of a hub who calls with a satellite token.
pub struct HubCaller {
    /// What the token says.
    pub claims: SatelliteClaims,
    /// The token, with which the hub is asked who they are.
    pub(crate) token: Secret<String>,
}

impl HubCaller {
    /// Who they are, as the hub knows them. Guests are nobody in particular.
    #[must_use]
    pub fn hub_user(&self) -> Option<HubUser> {
        let SatelliteClaims { hub, subject, .. } = &self.claims;
        (!self.claims.is_guest()).then(|| HubUser { hub: *hub, subject: subject.clone() })
    }
}
