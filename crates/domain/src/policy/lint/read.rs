//! A policy as a lint reads it, and the verdicts on the addresses that show what it finds.

use crate::access::Role;
use crate::group::GroupMemberships;
use crate::identity::Email;
use crate::ids::EndpointId;
use crate::marketplace::{MarketplaceHubs, MarketplaceName};
use crate::policy::lint::finding::{LintExample, LintedPolicy, PatternPlace};
use crate::policy::{
    AccessConfiguration, AccessEntry, AccessType, Caller, DecisionContext, PolicySet, PolicyType, Resource,
    Subject,
};
use crate::time::Timestamp;

/// A policy, read.
pub(super) struct Read<'a> {
    index: usize,
    linted: &'a LintedPolicy,
    pub(super) access: AccessConfiguration,
}

/// What decides on the addresses that show what is found.
pub(super) struct Verdicts<'a> {
    pub(super) rules: PolicySet,
    pub(super) groups: &'a GroupMemberships,
    pub(super) marketplaces: &'a MarketplaceHubs,
    pub(super) now: Timestamp,
}

impl<'a> Read<'a> {
    pub(super) fn of(index: usize, linted: &'a LintedPolicy) -> Option<Self> {
        let configuration = &linted.configuration;
        let json =
            (configuration.type_name() == AccessType.name()).then(|| configuration.to_value().ok())??;
        Some(Self { index, linted, access: AccessConfiguration::parse(&json).ok()? })
    }

    pub(super) fn linted(&self) -> &'a LintedPolicy {
        self.linted
    }

    pub(super) fn place(&self, pattern: AccessEntry) -> PatternPlace {
        PatternPlace { index: self.index, policy: self.linted.id, pattern }
    }
}

impl Verdicts<'_> {
    /// What happens to somebody of an address, when a policy acts: to a member, or to a user of a marketplace.
    pub(super) fn example(
        &self,
        email: Email,
        marketplace: Option<&MarketplaceName>,
        policy: &Read<'_>,
    ) -> LintExample {
        let at = policy.access.validity.instant(self.now);
        // No rule on who may query looks at where.
        let resource = Resource { endpoint: EndpointId::from_bytes([0; 16]), published: true };
        let caller = match marketplace {
            None => Caller::Member { role: Role::User, email: Some(&email) },
            Some(name) => Caller::HubUser {
                hub: self.marketplaces.hub(name),
                subject: Subject::Identified { email: Some(&email) },
            },
        };
        let (groups, marketplaces) = (Some(self.groups), Some(self.marketplaces));
        let context = DecisionContext { groups, marketplaces, ..DecisionContext::at(at) };
        let decision = self.rules.decide(resource, &caller, &context);
        let (effect, reason) = (decision.effect, decision.diagnostics.reason);
        LintExample { email, marketplace: marketplace.cloned(), at, effect, reason }
    }
}
