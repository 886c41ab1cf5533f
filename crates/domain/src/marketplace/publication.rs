//! What a hub is told of an endpoint: what everybody may read, and of its policies no more than their kind.

use crate::endpoint::Endpoint;
use crate::marketplace::ports::{Publication, PublishedPolicy};
use crate::policy::{AccessConfiguration, Mode, Policy, PolicyConfiguration};
use crate::tenant::TenantName;

/// The most tags that a hub takes, and the most characters of one.
const TAGS_MAX: usize = 10;
const TAG_MAX: usize = 30;

impl Publication {
    /// What a hub is told of an endpoint and the policies attached to it. Addresses, patterns and the names of policies
    /// stay at home.
    #[must_use]
    pub fn of(endpoint: &Endpoint, policies: &[Policy], tenant: &TenantName) -> Self {
        let tags = endpoint.tags.split([',', ' ']).filter(|tag| (1..=TAG_MAX).contains(&tag.chars().count()));
        Self {
            slug: endpoint.slug.to_string(),
            name: endpoint.name.clone(),
            summary: endpoint.summary.clone(),
            readme: endpoint.description.clone(),
            tags: tags.take(TAGS_MAX).map(str::to_owned).collect(),
            policies: policies.iter().map(PublishedPolicy::of).collect(),
            tenant_name: tenant.to_string(),
        }
    }
}

impl PublishedPolicy {
    fn of(policy: &Policy) -> Self {
        let PolicyConfiguration::Access(AccessConfiguration { mode, patterns, guests }) =
            &policy.configuration;
        let whom = match (mode, patterns.is_empty(), guests) {
            (Mode::Allow, true, true) => "Guests are admitted.",
            (Mode::Allow, _, true) => "Guests are admitted, and people whom the owner names.",
            (Mode::Allow, _, false) => "People whom the owner names are admitted.",
            (Mode::Deny, true, true) => "Guests are refused.",
            (Mode::Deny, _, true) => "Guests are refused, and people whom the owner names.",
            (Mode::Deny, _, false) => "People whom the owner names are refused.",
        };
        Self { policy_type: policy.configuration.type_name().to_owned(), description: whom.to_owned() }
    }
}

/// Whether any of an endpoint's policies says whom to let in: without one there is nothing to show to users of a hub.
pub(super) fn has_access_policy(policies: &[Policy]) -> bool {
    policies.iter().any(|one| matches!(one.configuration, PolicyConfiguration::Access(_)))
}
