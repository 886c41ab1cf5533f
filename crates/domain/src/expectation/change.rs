//! What a write changes of all on which verdicts hang. It tells whose verdicts are looked at, and what they will be, before anything is
//! written.

use crate::access::Role;
use crate::group::ports::GroupView;
use crate::identity::Email;
use crate::ids::{EndpointId, GroupId, HubId, PolicyId};
use crate::marketplace::{Issuer, MarketplaceHubs};
use crate::policy::{Enforcement, PolicyConfiguration};
use crate::store::StoreError;
use crate::tenant::TenantScope;

/// What a write changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Anything of one endpoint. It has few expectations.
    Endpoint(EndpointId),
    /// What a policy demands, whether it decides, and what it is called then.
    Policy { id: PolicyId, name: String, configuration: PolicyConfiguration, enforcement: Enforcement },
    /// Whether these addresses, in order, are in a group.
    Members { group: GroupId, emails: Vec<Email>, are_in: bool },
    /// The role of who has this address; `None` where they may not act, or are no member.
    Role { email: Email, role: Option<Role> },
    /// On which hubs the tenant has accounts; and which hub has an issuer, where that is new.
    Marketplaces { hubs: MarketplaceHubs, issuer: Option<(Issuer, HubId)> },
}

impl Change {
    /// Whether an address will be in a group.
    pub(super) fn is_in<V: GroupView + ?Sized>(
        change: Option<&Self>,
        view: &mut V,
        scope: &TenantScope,
        id: GroupId,
        email: &Email,
    ) -> Result<bool, StoreError> {
        match change {
            Some(Self::Members { group, emails, are_in })
                if *group == id && emails.binary_search(email).is_ok() =>
            {
                Ok(*are_in)
            }
            _ => view.has_group_member(scope, id, email),
        }
    }
}
