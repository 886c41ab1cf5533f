//! What of the tenant's a configuration names.

use std::fmt;

use crate::group::GroupName;
use crate::ids::PolicyId;
use crate::marketplace::MarketplaceName;

/// How many of the policies that name something an error tells.
const MAX_TOLD: usize = 5;

/// Something of the tenant's that a configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Where: a JSON pointer (RFC 6901) into the configuration.
    pub pointer: String,
    /// What. Whether there is such a thing is for the tenant to know.
    pub to: Referent,
}

/// What a [`Reference`] names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Referent {
    /// A group.
    Group(GroupName),
    /// A marketplace.
    Marketplace(MarketplaceName),
}

impl fmt::Display for Referent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(name) => write!(f, "group {:?}", name.as_str()),
            Self::Marketplace(name) => write!(f, "marketplace {:?}", name.as_str()),
        }
    }
}

/// The first policies of a list, by name and id, and how many more there are.
pub(crate) fn told_policies(policies: &[(PolicyId, String)]) -> String {
    let first: Vec<_> = policies.iter().take(MAX_TOLD).map(|(id, name)| format!("{name:?} ({id})")).collect();
    match policies.len().saturating_sub(MAX_TOLD) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
