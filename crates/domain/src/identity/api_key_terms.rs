//! The terms of an API key: which of its holder's permissions it has, for which endpoints, and from where.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

use crate::access::Permission;
use crate::ids::EndpointId;

/// What an API key may be used for. Each use is within what its holder may do then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTerms {
    scopes: Vec<Permission>,
    endpoints: Option<Vec<EndpointId>>,
    addresses: Option<Vec<ClientNet>>,
}

/// Terms that no key may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyTermsError {
    /// A key without a scope would be of no use.
    #[error("name at least one scope")]
    NoScope,
    /// No key may have this scope.
    #[error("{0} is no scope of a key: what decides over accounts takes a login")]
    NotForKeys(Permission),
    /// The scope is not about endpoints, which the key is for.
    #[error("a key for some endpoints has no scopes but list_queryable and query: {0} is about more")]
    NotOfAnEndpoint(Permission),
    /// No endpoint, or too many.
    #[error("name 1 to {} endpoints, or leave them out for all", KeyTerms::MAX_ENDPOINTS)]
    Endpoints,
    /// No address, or too many.
    #[error("name 1 to {} addresses, or leave them out for all", KeyTerms::MAX_ADDRESSES)]
    Addresses,
}

impl KeyTerms {
    /// The most endpoints that a key may be restricted to.
    pub const MAX_ENDPOINTS: usize = 100;
    /// The most networks that a key may be restricted to.
    pub const MAX_ADDRESSES: usize = 100;

    /// The terms of a key, with what its scopes [include](Permission::includes). Without endpoints it is for all of them, without addresses for use from everywhere.
    ///
    /// # Errors
    /// When there is no scope, one that no key may have, or one that does not go with the endpoints; or too many endpoints or
    /// addresses, or an empty list of them.
    pub fn new(
        mut scopes: Vec<Permission>,
        mut endpoints: Option<Vec<EndpointId>>,
        mut addresses: Option<Vec<ClientNet>>,
    ) -> Result<Self, KeyTermsError> {
        let included: Vec<Permission> = scopes.iter().filter_map(|scope| scope.includes()).collect();
        scopes.extend(included);
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(KeyTermsError::NoScope);
        }
        if let Some(scope) = scopes.iter().find(|scope| !scope.is_for_keys()) {
            return Err(KeyTermsError::NotForKeys(*scope));
        }
        if let Some(endpoints) = &mut endpoints {
            if let Some(scope) = scopes.iter().find(|scope| !scope.is_of_an_endpoint()) {
                return Err(KeyTermsError::NotOfAnEndpoint(*scope));
            }
            endpoints.sort_unstable();
            endpoints.dedup();
            if endpoints.is_empty() || endpoints.len() > Self::MAX_ENDPOINTS {
                return Err(KeyTermsError::Endpoints);
            }
        }
        if let Some(addresses) = &mut addresses {
            addresses.sort_unstable();
            addresses.dedup();
            if addresses.is_empty() || addresses.len() > Self::MAX_ADDRESSES {
                return Err(KeyTermsError::Addresses);
            }
        }
        Ok(Self { scopes, endpoints, addresses })
    }

    /// Its scopes, each once, in the order of the permissions.
    #[must_use]
    pub fn scopes(&self) -> &[Permission] {
        &self.scopes
    }

    /// The endpoints that it is for; `None` for all.
    #[must_use]
    pub fn endpoints(&self) -> Option<&[EndpointId]> {
        self.endpoints.as_deref()
    }

    /// The networks from which it may be used; `None` for all.
    #[must_use]
    pub fn addresses(&self) -> Option<&[ClientNet]> {
        self.addresses.as_deref()
    }

    /// Whether a permission is among its scopes.
    #[must_use]
    pub fn hold(&self, permission: Permission) -> bool {
        self.scopes.contains(&permission)
    }

    /// Whether it is for an endpoint.
    #[must_use]
    pub fn reach(&self, endpoint: EndpointId) -> bool {
        self.endpoints.as_ref().is_none_or(|endpoints| endpoints.binary_search(&endpoint).is_ok())
    }

    /// Whether it may be used from an address. Where nobody knows the address, it may not if that matters.
    #[must_use]
    pub fn admit(&self, address: Option<IpAddr>) -> bool {
        let Some(nets) = &self.addresses else { return true };
        address.is_some_and(|address| nets.iter().any(|net| net.0.contains(&address)))
    }
}

/// A network that clients are in: an address, or all addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientNet(IpNet);

/// A text that is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an address is one such as 192.0.2.7 or 2001:db8::7, or a network such as 192.0.2.0/24")]
pub struct ClientNetError;

impl ClientNet {
    fn parse(text: &str) -> Result<Self, ClientNetError> {
        let net: IpNet = match text.parse::<IpAddr>() {
            Ok(address) => address.into(),
            Err(_) => text.parse().map_err(|_| ClientNetError)?,
        };
        Ok(Self(as_clients_have_it(net.trunc()).ok_or(ClientNetError)?))
    }
}

/// A network of IPv4 that is written as IPv6 (`::ffff:192.0.2.0/120`) is one of IPv4: a client's address is never written so.
fn as_clients_have_it(net: IpNet) -> Option<IpNet> {
    match net {
        IpNet::V6(mapped) if let Some(address) = mapped.addr().to_ipv4_mapped() => {
            let prefix = mapped.prefix_len().checked_sub(96)?;
            Some(Ipv4Net::new(address, prefix).ok()?.into())
        }
        net => Some(net),
    }
}

impl std::fmt::Display for ClientNet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ClientNet {
    type Err = ClientNetError;
    fn from_str(text: &str) -> Result<Self, ClientNetError> {
        Self::parse(text)
    }
}

impl serde::Serialize for ClientNet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for ClientNet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::as_text::read(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(texts: &[&str]) -> Option<Vec<ClientNet>> {
        Some(texts.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn k1_no_key_has_a_scope_over_accounts_or_none_at_all() {
        let of = |scopes: &[Permission]| KeyTerms::new(scopes.to_vec(), None, None).map(|terms| terms.scopes);
        assert_eq!(of(&[]), Err(KeyTermsError::NoScope));
        for scope in [Permission::ManageTenant, Permission::ManageMembers, Permission::OwnAccount] {
            assert_eq!(of(&[Permission::Query, scope]), Err(KeyTermsError::NotForKeys(scope)));
        }
        let twice = of(&[Permission::Query, Permission::ReadAudit, Permission::Query]);
        assert_eq!(twice, Ok(vec![Permission::ReadAudit, Permission::Query]), "each once, in order");
        let writes = of(&[Permission::WriteEndpoints, Permission::ManageMarketplaces]);
        let sees = vec![
            Permission::WriteEndpoints,
            Permission::ManageMarketplaces,
            Permission::ReadMarketplaces,
            Permission::ReadMetadata,
        ];
        assert_eq!(writes, Ok(sees), "who changes a thing sees what there is");
    }

    #[test]
    fn k1_a_key_for_some_endpoints_reaches_those_and_has_no_scope_over_more() {
        let id = |n| EndpointId::from_bytes([n; 16]);
        let of =
            |scope, ids: &[u8]| KeyTerms::new(vec![scope], Some(ids.iter().map(|n| id(*n)).collect()), None);
        let terms = of(Permission::Query, &[3, 1, 3]).unwrap();
        assert_eq!([1, 2, 3].map(|n| terms.reach(id(n))), [true, false, true]);
        assert_eq!(of(Permission::Query, &[]), Err(KeyTermsError::Endpoints));
        assert_eq!(of(Permission::Query, &(0..=100).collect::<Vec<_>>()), Err(KeyTermsError::Endpoints));
        for scope in Permission::ALL.into_iter().filter(|scope| scope.is_for_keys()) {
            let refused = of(scope, &[1]).is_err();
            assert_eq!(refused, !scope.is_of_an_endpoint(), "{scope}");
        }
    }

    #[test]
    fn k9_a_key_is_used_from_its_networks_alone() {
        let terms = KeyTerms::new(
            vec![Permission::Query],
            None,
            nets(&["192.0.2.9/24", "2001:db8::/32", "203.0.113.7", "::ffff:198.51.100.0/120"]),
        );
        let terms = terms.unwrap();
        for (address, admitted) in [
            ("192.0.2.255", true),
            ("192.0.3.0", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", false),
            ("203.0.113.7", true),
            ("203.0.113.8", false),
            ("198.51.100.200", true),
        ] {
            assert_eq!(terms.admit(Some(address.parse().unwrap())), admitted, "{address}");
        }
        assert!(!terms.admit(None), "an address that nobody knows is in no network");
        assert_eq!(KeyTerms::new(vec![Permission::Query], None, Some(vec![])), Err(KeyTermsError::Addresses));
        for wrong in ["", "localhost", "192.0.2.0/33", "192.0.2.1/", "::ffff:192.0.2.0/64x", "192.0.2.1/-1"] {
            assert_eq!(wrong.parse::<ClientNet>(), Err(ClientNetError), "{wrong}");
        }
        assert_eq!("192.0.2.9/24".parse::<ClientNet>().unwrap().to_string(), "192.0.2.0/24");
    }
}
