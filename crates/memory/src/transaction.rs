//! A transaction: a copy of all tables for a unit of work or a reader. It shares the rows that it does not change.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use syft_space_domain::approval::ApprovalRequest;
use syft_space_domain::approval::ports::ApprovalsOf;
use syft_space_domain::audit::{Log, SignedCheckpoint};
use syft_space_domain::dataset::{Dataset, Job};
use syft_space_domain::endpoint::Endpoint;
use syft_space_domain::expectation::Expectation;
use syft_space_domain::group::Group;
use syft_space_domain::identity::oidc::{OidcIssuer, OidcProvider, SessionAtProvider, Subject};
use syft_space_domain::identity::{
    Account, ApiKey, Email, Invitation, LoginKey, LoginRecord, PasswordReset, SecondFactor, Session,
};
use syft_space_domain::ids::{
    AccountId, ActorId, ApiKeyId, ApprovalId, DatasetId, EndpointId, GroupId, HubId, InvitationId, JobId,
    LegalHoldId, ListingId, MarketplaceId, OidcProviderId, PolicyId, SessionId, TenantId,
};
use syft_space_domain::ledger::{AccountBalance, BalanceKey, Transfer, TransferKey};
use syft_space_domain::marketplace::{Hub, Listing, Marketplace};
use syft_space_domain::policy::ports::Disclosed;
use syft_space_domain::policy::{KeptRevision, Policy};
use syft_space_domain::privacy::Erasure;
use syft_space_domain::retention::{LegalHold, RetentionTerms};
use syft_space_domain::sealing::Sealed;
use syft_space_domain::sink::{SinkName, SinkTerms};
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{Tenant, TenantRemoval, TenantScope};
use syft_space_domain::time::Timestamp;

use crate::event_log::EventLogs;
use crate::table::Table;

/// All tables, at one moment.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    pub(crate) tenants: Arc<BTreeMap<TenantId, Tenant>>,
    pub(crate) accounts: Table<AccountId, Account>,
    pub(crate) api_keys: Table<ApiKeyId, ApiKey>,
    pub(crate) second_factors: Table<AccountId, SecondFactor>,
    pub(crate) recovery_codes: Table<AccountId, BTreeSet<[u8; 32]>>,
    pub(crate) sessions: Table<(AccountId, SessionId), Session>,
    pub(crate) oidc_providers: Table<OidcProviderId, OidcProvider>,
    /// By whom they are.
    pub(crate) oidc_identities: Arc<BTreeMap<(TenantId, OidcIssuer, Subject), AccountId>>,
    pub(crate) oidc_sessions: Table<(AccountId, SessionId), SessionAtProvider>,
    /// By account and address.
    pub(crate) login_records: Arc<BTreeMap<(LoginKey, Option<IpAddr>), LoginRecord>>,
    pub(crate) invitations: Table<InvitationId, Invitation>,
    /// By the account that each is for.
    pub(crate) password_resets: Table<AccountId, PasswordReset>,
    pub(crate) datasets: Table<DatasetId, Dataset>,
    pub(crate) jobs: Table<(DatasetId, JobId), Job>,
    pub(crate) endpoints: Table<EndpointId, Endpoint>,
    pub(crate) policies: Table<PolicyId, Policy>,
    pub(crate) expectations: Table<EndpointId, Vec<Expectation>>,
    pub(crate) policy_revisions: Table<(PolicyId, u64), KeptRevision>,
    pub(crate) groups: Table<GroupId, Group>,
    pub(crate) group_members: Table<GroupId, BTreeMap<Email, Timestamp>>,
    /// Those that each policy names; one that names none has no row.
    pub(crate) groups_of_policies: Table<PolicyId, Vec<GroupId>>,
    pub(crate) transfers: Table<TransferKey, Transfer>,
    pub(crate) balances: Table<BalanceKey, AccountBalance>,
    pub(crate) disclosures: Table<(PolicyId, ActorId), BTreeMap<[u8; 16], Disclosed>>,
    pub(crate) approvals: Table<ApprovalId, ApprovalRequest>,
    pub(crate) approval_prompts: Table<ApprovalId, Sealed>,
    pub(crate) outdated_approvals: Table<ApprovalsOf, ()>,
    pub(crate) erasures: Table<AccountId, Erasure>,
    pub(crate) attached: Table<EndpointId, Vec<PolicyId>>,
    pub(crate) hubs: Arc<BTreeMap<HubId, Hub>>,
    pub(crate) marketplaces: Table<MarketplaceId, Marketplace>,
    pub(crate) listings: Table<ListingId, Listing>,
    /// One row a tenant.
    pub(crate) retention_terms: Table<(), RetentionTerms>,
    pub(crate) legal_holds: Table<LegalHoldId, LegalHold>,
    pub(crate) logs: EventLogs,
    pub(crate) checkpoints: BTreeMap<Log, SignedCheckpoint>,
    pub(crate) watched: BTreeMap<Log, u64>,
    pub(crate) sinks: BTreeMap<SinkName, SinkTerms>,
    pub(crate) delivered: BTreeMap<(SinkName, Log), u64>,
    pub(crate) tenant_removals: BTreeMap<TenantId, TenantRemoval>,
}

impl Tables {
    /// Whether a log has ended with its tenant: it takes no event any more.
    pub(crate) fn has_ended(&self, log: Log) -> bool {
        matches!(log, Log::Tenant(tenant) if self.tenant_removals.contains_key(&tenant))
            && !self.logs.contains(log)
    }
}

/// A private copy of the tables, until it is committed or dropped.
pub(crate) struct Transaction {
    pub(crate) tables: Tables,
    pub(crate) changes: BTreeSet<StateChange>,
}

impl Transaction {
    pub(crate) fn begin(tables: Tables) -> Self {
        Self { tables, changes: BTreeSet::new() }
    }

    /// Raises the version of each tenant whose snapshot changes.
    pub(crate) fn raise_versions(&mut self) {
        let tenants: BTreeSet<TenantId> = self.changes.iter().filter_map(StateChange::tenant).collect();
        for id in tenants {
            if let Some(tenant) = Arc::make_mut(&mut self.tables.tenants).get_mut(&id) {
                tenant.version += 1;
            }
        }
    }

    /// Checks the foreign key to the tenant.
    pub(crate) fn check_tenant_exists(&self, scope: &TenantScope) -> Result<(), StoreError> {
        check_key(self.tables.tenants.contains_key(&scope.tenant()), || {
            format!("there is no tenant {}", scope.tenant())
        })
    }
}

/// Checks a unique or foreign key: a conflict when it does not hold.
pub(crate) fn check_key<T: fmt::Display>(
    holds: bool,
    otherwise: impl FnOnce() -> T,
) -> Result<(), StoreError> {
    if holds { Ok(()) } else { Err(StoreError::Conflict(otherwise().to_string())) }
}
