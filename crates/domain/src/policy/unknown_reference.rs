//! Whether what a configuration names is there.

use crate::policy::PolicyConfiguration;
use crate::policy::reference::{Reference, Referent};
use crate::snapshot::TenantSnapshot;

/// The first thing that a configuration names and that there is not.
pub(crate) fn unknown_reference<'a>(
    configuration: &'a PolicyConfiguration,
    snapshot: &TenantSnapshot,
) -> Option<&'a Reference> {
    configuration.references().iter().find(|reference| match &reference.to {
        Referent::Group(name) => snapshot.groups().get(name).is_none(),
        Referent::Marketplace(name) => snapshot.marketplace_hubs().hub(name).is_none(),
    })
}
