//! Who is counted together by a limit.

use std::net::IpAddr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::RateScope;
use super::limit::Window;
use super::limit_key::LimitKey;
use crate::identity::address_prefix;
use crate::ids::{ActorId, ApiKeyId, EndpointId};
use crate::policy::context::QueryFacts;
use crate::policy::policy_type::{Facts, Subject};

/// Who is counted by a limit. Each kind has bytes of its own, so that none stands for another.
pub(super) enum Counted {
    Principal(ActorId),
    Guest(EndpointId, Option<IpAddr>),
    Key(ApiKeyId),
    Endpoint(EndpointId),
    Address(Option<IpAddr>),
    Pattern(Arc<str>),
    Everybody,
}

impl Counted {
    /// `pattern` is what of a limit's list means the caller.
    pub(super) fn of(
        scope: RateScope,
        facts: &Facts<'_>,
        query: &QueryFacts<'_>,
        pattern: Option<&Arc<str>>,
    ) -> Self {
        let user = || match (facts.subject, query.principal) {
            (Subject::Identified { .. }, Some(principal)) => Self::Principal(principal),
            // All guests of a hub are one principal there.
            (Subject::Guest, _) => Self::Guest(facts.endpoint, query.address),
            // Nobody is known to call like this.
            (Subject::Identified { .. }, None) => Self::Address(query.address),
        };
        match scope {
            RateScope::User => user(),
            RateScope::Key => query.key.map_or_else(user, Self::Key),
            RateScope::Endpoint => Self::Endpoint(facts.endpoint),
            RateScope::Address => Self::Address(query.address),
            // One without a list is refused when it is written.
            RateScope::Pattern => {
                pattern.map_or(Self::Everybody, |pattern| Self::Pattern(Arc::clone(pattern)))
            }
            RateScope::Tenant => Self::Everybody,
        }
    }

    /// The key of their limit. `counts` tells what is counted: what was taken of a policy that was of another type means something
    /// else, and so does what was taken of a window of the other kind.
    pub(super) fn key(&self, facts: &Facts<'_>, counts: &str, scope: RateScope, window: Window) -> LimitKey {
        let mut hash = Sha256::new()
            .chain_update(facts.policy.as_bytes())
            .chain_update(counts)
            .chain_update(scope.as_str());
        hash.update(match window {
            Window::Sliding { .. } => [0],
            Window::Strict => [1],
        });
        self.hash(&mut hash);
        let tenant = facts.tenant.map_or([0; 16], |tenant| *tenant.as_bytes());
        LimitKey::new(&tenant, facts.policy.as_bytes(), &hash.finalize().into())
    }

    fn hash(&self, hash: &mut Sha256) {
        match self {
            Self::Principal(principal) => hash_parts(hash, 0, &[principal.as_bytes()]),
            Self::Guest(endpoint, address) => hash_parts(hash, 1, &[endpoint.as_bytes(), &network(*address)]),
            Self::Key(key) => hash_parts(hash, 2, &[key.as_bytes()]),
            Self::Endpoint(endpoint) => hash_parts(hash, 3, &[endpoint.as_bytes()]),
            Self::Address(address) => hash_parts(hash, 4, &[&network(*address)]),
            Self::Everybody => hash_parts(hash, 5, &[]),
            Self::Pattern(pattern) => {
                hash_parts(hash, 6, &[]);
                hash.update(pattern.as_bytes());
            }
        }
    }
}

fn hash_parts(hash: &mut Sha256, kind: u8, parts: &[&[u8; 16]]) {
    hash.update([kind]);
    for part in parts {
        hash.update(part);
    }
}

/// What an address counts as: its [prefix](address_prefix). Clients whose address is unknown are one, which no prefix is.
pub(crate) fn network(address: Option<IpAddr>) -> [u8; 16] {
    match address.map(address_prefix) {
        None => [0; 16],
        Some(IpAddr::V4(address)) => address.to_ipv6_mapped().octets(),
        Some(IpAddr::V6(prefix)) => (prefix.to_bits() | 1).to_be_bytes(),
    }
}
