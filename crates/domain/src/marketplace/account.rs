//! What a tenant is on a hub.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::ids::{HubId, IdError, MarketplaceId};
use crate::marketplace::{Audience, HubUsername, MarketplaceName};
use crate::sealing::{AssociatedData, Sealed};
use crate::time::Timestamp;

/// The id by which a hub knows a space that registered itself as a satellite. The hub makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SatelliteId(Uuid);

impl SatelliteId {
    /// The id as its 16 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id whose 16 bytes these are.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for SatelliteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for SatelliteId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 36 {
            return Err(IdError);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| IdError)
    }
}

/// A tenant's account on a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marketplace {
    /// Its id.
    pub id: MarketplaceId,
    /// What the tenant calls it. Unique in the tenant.
    pub name: MarketplaceName,
    /// The hub.
    pub hub: HubId,
    /// The account's name there, as the hub itself told it. Unique per hub, over all tenants.
    pub username: HubUsername,
    /// The satellite that this space registered there. Unique per hub, over all tenants.
    pub satellite: Option<SatelliteId>,
    /// What proves to the hub who we are: a [`HubCredential`](super::HubCredential), sealed.
    pub credential: Sealed,
    /// Counts its changes.
    pub revision: u64,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl Marketplace {
    /// Where its credential lies, sealed.
    #[must_use]
    pub fn credential_place(&self) -> AssociatedData {
        AssociatedData { table: "marketplaces", column: "credential", row: *self.id.as_bytes() }
    }

    /// To whom satellite tokens for this tenant are made out.
    pub fn audiences(&self) -> impl Iterator<Item = Audience> {
        std::iter::once(Audience::from(&self.username)).chain(self.satellite.map(Audience::from))
    }
}
