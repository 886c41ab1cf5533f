//! What does a unit of work, or a reader, work on? A copy of everything, which shares what it does not change.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use syft_space_domain::dataset::{Dataset, Job};
use syft_space_domain::endpoint::Endpoint;
use syft_space_domain::identity::{Account, Invitation, Membership};
use syft_space_domain::ids::{
    AccountId, DatasetId, EndpointId, HubId, InvitationId, JobId, ListingId, MarketplaceId, PolicyId,
    TenantId,
};
use syft_space_domain::marketplace::{Hub, Listing, Marketplace};
use syft_space_domain::policy::Policy;
use syft_space_domain::store::{StoreError, StateChange};
use syft_space_domain::tenant::{Tenant, TenantScope};

use crate::audit::Logs;
use crate::table::Table;

/// All there is, at one moment.
#[derive(Clone, Default)]
pub(crate) struct State {
    pub(crate) tenants: Arc<BTreeMap<TenantId, Tenant>>,
    pub(crate) accounts: Arc<BTreeMap<AccountId, Account>>,
    pub(crate) memberships: Table<AccountId, Membership>,
    pub(crate) invitations: Table<InvitationId, Invitation>,
    pub(crate) datasets: Table<DatasetId, Dataset>,
    pub(crate) jobs: Table<(DatasetId, JobId), Job>,
    pub(crate) endpoints: Table<EndpointId, Endpoint>,
    pub(crate) policies: Table<PolicyId, Policy>,
    pub(crate) attached: Table<EndpointId, Vec<PolicyId>>,
    pub(crate) hubs: Arc<BTreeMap<HubId, Hub>>,
    pub(crate) marketplaces: Table<MarketplaceId, Marketplace>,
    pub(crate) listings: Table<ListingId, Listing>,
    pub(crate) logs: Logs,
}

/// A state that can be read and written by itself, until it is committed or dropped.
pub(crate) struct Session {
    pub(crate) state: State,
    pub(crate) changes: BTreeSet<StateChange>,
}

impl Session {
    pub(crate) fn over(state: State) -> Self {
        Self { state, changes: BTreeSet::new() }
    }

    /// Counts this commit for each tenant whose live state it changes.
    pub(crate) fn bump_versions(&mut self) {
        let tenants: BTreeSet<TenantId> = self.changes.iter().filter_map(StateChange::tenant).collect();
        for id in tenants {
            if let Some(tenant) = Arc::make_mut(&mut self.state.tenants).get_mut(&id) {
                tenant.version += 1;
            }
        }
    }

    /// What belongs to a tenant needs one that exists.
    pub(crate) fn tenant_exists(&self, scope: &TenantScope) -> Result<(), StoreError> {
        require(self.state.tenants.contains_key(&scope.tenant()), || {
            format!("there is no tenant {}", scope.tenant())
        })
    }
}

/// Refuses a write that a unique or foreign key forbids.
pub(crate) fn require<T: fmt::Display>(holds: bool, otherwise: impl FnOnce() -> T) -> Result<(), StoreError> {
    if holds { Ok(()) } else { Err(StoreError::Conflict(otherwise().to_string())) }
}
