//! What is wanted of a policy: one that is to be made, or what one is to be changed to.

use crate::expectation::Change;
use crate::policy::{Enforcement, Policy, PolicyConfiguration};
use crate::text::Name;

/// A policy is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPolicy {
    /// Its name for people.
    pub name: Name,
    /// What it demands.
    pub configuration: PolicyConfiguration,
    /// Whether it decides on queries.
    pub enforcement: Enforcement,
}

/// A policy is to be changed; `None` leaves a part as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangePolicy {
    /// Its name for people.
    pub name: Option<Name>,
    /// What it demands.
    pub configuration: Option<PolicyConfiguration>,
    /// Whether it decides on queries.
    pub enforcement: Option<Enforcement>,
    /// Only if this is still its revision.
    pub if_revision: Option<u64>,
}

impl ChangePolicy {
    /// Whether a policy, of the revision that is meant, is so already.
    pub(super) fn is_fulfilled_by(&self, policy: &Policy) -> bool {
        let Self { name, configuration, enforcement, if_revision } = self;
        if_revision.is_none_or(|revision| revision == policy.revision)
            && name.as_ref().is_none_or(|name| name.as_str() == policy.name)
            && configuration.as_ref().is_none_or(|wanted| *wanted == policy.configuration)
            && enforcement.is_none_or(|wanted| wanted == policy.enforcement)
    }

    /// What of it may change who may query: its name has no say in any verdict, nor has a policy in shadow that stays so.
    pub(super) fn decisive(&self, policy: &Policy) -> Option<Change> {
        let enforcement = self.enforcement.unwrap_or(policy.enforcement);
        let configuration = self.configuration.as_ref().unwrap_or(&policy.configuration);
        let is_other = enforcement != policy.enforcement
            || (*configuration != policy.configuration && !enforcement.is_shadow());
        let name = self.name.as_ref().map_or(policy.name.as_str(), Name::as_str).to_owned();
        let configuration = configuration.clone();
        is_other.then_some(Change::Policy { id: policy.id, name, configuration, enforcement })
    }
}
