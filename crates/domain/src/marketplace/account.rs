//! A tenant's account on a hub.

use crate::ids::{HubId, MarketplaceId};
use crate::marketplace::{Audience, CredentialRefusal, Hub, HubUsername, MarketplaceName, SatelliteId};
use crate::page::PageItem;
use crate::sealing::{AssociatedData, Sealed};
use crate::time::Timestamp;

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
    /// The address of this space that the hub was told last.
    pub told_url: Option<String>,
    /// Counts its changes.
    pub revision: u64,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl PageItem for Marketplace {
    fn bytes(&self) -> usize {
        self.name.as_str().len() + self.username.as_str().len() + self.credential.as_bytes().len()
    }
}

impl Marketplace {
    /// The most marketplaces of a tenant.
    pub const MAX_PER_TENANT: usize = 20;

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

/// A marketplace, and the hub it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketplaceWithHub {
    /// The marketplace.
    pub marketplace: Marketplace,
    /// The hub.
    pub hub: Hub,
    /// The type of its credential; `None` while what is stored cannot be opened. Then it needs a new value, and the hub
    /// is not called.
    pub credential: Option<&'static str>,
    /// Since when and why the hub refuses it, as far as that is known.
    pub refusal: Option<CredentialRefusal>,
}

impl PageItem for MarketplaceWithHub {
    fn bytes(&self) -> usize {
        self.marketplace.bytes() + self.hub.bytes()
    }
}
