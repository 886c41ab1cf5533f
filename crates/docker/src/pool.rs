//! The addresses of the tenants' networks.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use ipnet::Ipv4Net;

/// How many bits of an address are the network's: 16 addresses, of which 13 are for databases.
pub(crate) const NETWORK_PREFIX: u8 = 28;

/// A range of private addresses, out of which each tenant's network takes a /28.
///
/// The engine's own pools end after some thirty networks; and nobody else on the engine's host may use these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressPool(Ipv4Net);

/// A range that is no pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the pool is a range of private IPv4 addresses of /28 or larger, such as 10.213.0.0/16, which has room for 4096 tenants"
)]
pub struct AddressPoolError;

/// The ranges for private networks (RFC 1918).
const PRIVATE: [(Ipv4Addr, u8); 3] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
];

impl AddressPool {
    /// Room for 4,096 tenants.
    pub const DEFAULT: Self = Self(Ipv4Net::new_assert(Ipv4Addr::new(10, 213, 0, 0), 16));

    /// The pool of these addresses.
    ///
    /// # Errors
    /// When the range is too small, is not within those for private networks, or names an address within the range.
    pub fn new(range: Ipv4Net) -> Result<Self, AddressPoolError> {
        let private = PRIVATE.iter().filter_map(|(address, prefix)| Ipv4Net::new(*address, *prefix).ok());
        let is_private = private.into_iter().any(|private| private.contains(&range));
        let is_pool = is_private && range.prefix_len() <= NETWORK_PREFIX && range.trunc() == range;
        is_pool.then_some(Self(range)).ok_or(AddressPoolError)
    }

    /// The networks that it has, in order.
    pub(crate) fn networks(self) -> impl Iterator<Item = Ipv4Net> + Send {
        self.0.subnets(NETWORK_PREFIX).into_iter().flatten()
    }

    /// Whether a network is one of the pool's.
    pub(crate) fn holds(self, network: Ipv4Net) -> bool {
        network.prefix_len() == NETWORK_PREFIX && self.0.contains(&network)
    }
}

impl fmt::Display for AddressPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for AddressPool {
    type Err = AddressPoolError;
    fn from_str(text: &str) -> Result<Self, AddressPoolError> {
        text.parse().map_err(|_| AddressPoolError).and_then(Self::new)
    }
}

/// The address that the host has in a network: the first.
pub(crate) fn gateway(network: Ipv4Net) -> Ipv4Addr {
    network.hosts().next().unwrap_or_else(|| network.network())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n3_a_pool_is_of_private_addresses_alone() {
        for text in ["10.213.0.0/16", "172.16.0.0/12", "192.168.4.16/28", "10.0.0.0/8"] {
            assert!(text.parse::<AddressPool>().is_ok(), "{text}");
        }
        for text in
            ["0.0.0.0/0", "8.8.8.0/24", "10.0.0.0/29", "10.0.0.1/16", "172.0.0.0/8", "127.0.0.0/8", "x", ""]
        {
            assert_eq!(text.parse::<AddressPool>(), Err(AddressPoolError), "{text}");
        }
    }

    #[test]
    fn n3_the_networks_of_a_pool_do_not_overlap() {
        let pool: AddressPool = "10.213.0.0/24".parse().unwrap();
        let networks: Vec<Ipv4Net> = pool.networks().collect();
        assert_eq!(networks.len(), 16);
        for (at, network) in networks.iter().enumerate() {
            assert!(pool.holds(*network) && network.contains(&gateway(*network)));
            assert!(
                networks
                    .iter()
                    .skip(at + 1)
                    .all(|other| !other.contains(network) && !network.contains(other))
            );
        }
        assert!(
            !pool.holds("10.213.1.0/28".parse().unwrap()) && !pool.holds("10.213.0.0/27".parse().unwrap())
        );
    }
}
