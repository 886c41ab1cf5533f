//! Which hub each of a tenant's marketplaces is on, by its name: what decisions look at.

use std::collections::BTreeMap;

use crate::ids::HubId;
use crate::marketplace::{Marketplace, MarketplaceName};

/// Which hub each of a tenant's marketplaces is on, by its name. Two accounts on one hub have the same users: whoever is meant by
/// one name is meant by the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarketplaceHubs(BTreeMap<MarketplaceName, HubId>);

impl FromIterator<(MarketplaceName, HubId)> for MarketplaceHubs {
    fn from_iter<T: IntoIterator<Item = (MarketplaceName, HubId)>>(named: T) -> Self {
        Self(named.into_iter().collect())
    }
}

impl MarketplaceHubs {
    /// Those of these marketplaces.
    pub fn of<'a>(marketplaces: impl IntoIterator<Item = &'a Marketplace>) -> Self {
        marketplaces.into_iter().map(|marketplace| (marketplace.name.clone(), marketplace.hub)).collect()
    }

    /// The hub that the marketplace of a name is on; `None` where there is none.
    #[must_use]
    pub fn hub(&self, name: &MarketplaceName) -> Option<HubId> {
        self.0.get(name).copied()
    }

    /// Each name, and the hub that it means, in the order of their bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&MarketplaceName, HubId)> {
        self.0.iter().map(|(name, hub)| (name, *hub))
    }

    /// All the hubs; one on which the tenant has two accounts twice.
    pub fn hubs(&self) -> impl Iterator<Item = HubId> {
        self.0.values().copied()
    }

    /// The first of the names that mean a hub, in the order of their bytes.
    #[must_use]
    pub fn name_of(&self, hub: HubId) -> Option<&MarketplaceName> {
        self.0.iter().find(|(_, other)| **other == hub).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f1_a_hub_is_called_by_the_first_of_the_names_that_mean_it() {
        let (one, other) = (HubId::from_bytes([1; 16]), HubId::from_bytes([2; 16]));
        let name = |text: &str| MarketplaceName::parse(text).unwrap();
        let hubs: MarketplaceHubs = [("quay", one), ("harbor", other), ("pier", one)]
            .map(|(text, hub)| (name(text), hub))
            .into_iter()
            .collect();
        assert_eq!(hubs.name_of(one), Some(&name("pier")));
        assert_eq!(hubs.name_of(other), Some(&name("harbor")));
        assert_eq!(hubs.name_of(HubId::from_bytes([3; 16])), None);
        assert_eq!(hubs.hub(&name("quay")), Some(one));
    }
}
