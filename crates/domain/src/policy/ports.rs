//! The ports of policies.

use crate::ids::{ActorId, EndpointId, PolicyId};
use crate::page::{Page, PageItem, PageRequest};
use crate::policy::{Enforcement, KeptRevision, Policy, RevisionSummary, TakenLimit};
use crate::store::StoreError;
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;

/// That a policy is attached to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The policy.
    pub policy: PolicyId,
    /// Its name for people.
    pub name: String,
    /// The name of its type.
    pub policy_type: String,
    /// Whether it decides on queries.
    pub enforcement: Enforcement,
}

/// What the policies of a tenant take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PolicyUsage {
    /// How many patterns their configurations hold.
    pub patterns: u64,
    /// How many bytes their configurations have.
    pub bytes: u64,
}

/// Reads policies.
pub trait PolicyView {
    /// One policy of the tenant.
    fn policy(&mut self, scope: &TenantScope, id: PolicyId) -> Result<Option<Policy>, StoreError>;
    /// The revision of one policy of the tenant. Its configuration is not read for it.
    fn policy_revision(&mut self, scope: &TenantScope, id: PolicyId) -> Result<Option<u64>, StoreError>;
    /// The tenant's policies, in the order of their ids.
    fn policies(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<PolicyId>,
    ) -> Result<Page<Policy, PolicyId>, StoreError>;
    /// How many policies the tenant has.
    fn count_policies(&mut self, scope: &TenantScope) -> Result<u64, StoreError>;
    /// What all policies of the tenant take up.
    fn policy_usage(&mut self, scope: &TenantScope) -> Result<PolicyUsage, StoreError>;
    /// What is attached in the tenant, or to one endpoint of it: by the ids of the endpoints, and for each in the order
    /// it was attached in. No configuration is read for it.
    fn attachments(
        &mut self,
        scope: &TenantScope,
        endpoint: Option<EndpointId>,
    ) -> Result<Vec<Attachment>, StoreError>;
    /// The endpoints a policy is attached to, in the order of their ids.
    fn endpoints_of_policy(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
    ) -> Result<Vec<EndpointId>, StoreError>;
}

/// Writes policies. Each method changes the tenant's snapshot where the endpoints concerned are in it.
pub trait PolicyRows: PolicyView {
    /// Adds a policy. Its id is new in the tenant, else [`StoreError::Conflict`].
    fn add_policy(&mut self, scope: &WriteScope, policy: &Policy) -> Result<(), StoreError>;
    /// Replaces a policy's name, configuration, enforcement, revision and `updated_at`.
    fn update_policy(&mut self, scope: &WriteScope, policy: &Policy) -> Result<(), StoreError>;
    /// Removes a policy, and the revisions that are kept of it. `false` when there is none; [`StoreError::Conflict`] while it is attached.
    fn remove_policy(&mut self, scope: &WriteScope, id: PolicyId) -> Result<bool, StoreError>;
    /// Makes these the policies of an endpoint, in this order. Both the endpoint and each policy exist, else
    /// [`StoreError::Conflict`].
    fn attach_policies(
        &mut self,
        scope: &WriteScope,
        endpoint: EndpointId,
        policies: &[PolicyId],
    ) -> Result<(), StoreError>;
}

/// Reads the revisions that are kept of policies.
pub trait RevisionView {
    /// The revisions that are kept of a policy, the newest first. No configuration is read for it.
    fn revisions(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
        page: PageRequest<u64>,
    ) -> Result<Page<RevisionSummary, u64>, StoreError>;
    /// One of them.
    fn revision(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
        revision: u64,
    ) -> Result<Option<KeptRevision>, StoreError>;
    /// The number of each, the newest first, and how many bytes its configuration has.
    fn revision_sizes(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
    ) -> Result<Vec<(u64, u64)>, StoreError>;
    /// How many bytes the configurations of all revisions have that are kept in the tenant. No row is read for it.
    fn revision_bytes(&mut self, scope: &TenantScope) -> Result<u64, StoreError>;
}

/// Writes the revisions that are kept of policies.
pub trait RevisionRows: RevisionView {
    /// Keeps one. The policy exists, and has no revision of this number yet, else [`StoreError::Conflict`].
    fn keep_revision(&mut self, scope: &WriteScope, kept: &KeptRevision) -> Result<(), StoreError>;
    /// Removes those of a policy whose numbers are below this.
    fn remove_revisions_before(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        revision: u64,
    ) -> Result<(), StoreError>;
}

/// Something that a caller was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disclosed {
    /// What tells it from others: a digest.
    pub item: [u8; 16],
    /// When it was last written that it was shown.
    pub shown_at: Timestamp,
    /// How much it counts.
    pub amount: u64,
}

/// How much a caller was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallerCoverage {
    /// Who, as the audit log knows them.
    pub caller: ActorId,
    /// How much.
    pub amount: u64,
    /// When it was last written that they were shown anything.
    pub last_shown_at: Timestamp,
}

impl PageItem for CallerCoverage {
    fn bytes(&self) -> usize {
        100
    }
}

/// Reads what callers were shown under a policy.
pub trait DisclosureView {
    /// What a caller was shown since then, in the order of the items.
    fn disclosures(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
        caller: ActorId,
        since: Timestamp,
    ) -> Result<Vec<Disclosed>, StoreError>;
    /// How much each caller was shown since then, in the order of the callers. Who was shown nothing is not among them.
    fn coverage(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
        since: Timestamp,
        page: PageRequest<ActorId>,
    ) -> Result<Page<CallerCoverage, ActorId>, StoreError>;
}

/// Writes what callers were shown.
pub trait DisclosureRows: DisclosureView {
    /// Notes that a caller was shown these, each in the place of what was noted of it, and forgets what was noted of the caller
    /// before `forget`.
    fn disclose(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        caller: ActorId,
        shown: &[Disclosed],
        forget: Timestamp,
    ) -> Result<(), StoreError>;
}

/// Keeps what was taken of rate limits for the next start. It is no part of the store: it is written all the time, and the
/// last second may be lost. What is kept names nobody.
pub trait RateLimitStore: Send + Sync {
    /// All that is kept, in any order.
    fn load(&self) -> Result<Vec<TakenLimit>, StoreError>;
    /// Keeps these, each in the place of what was kept for its key, and forgets whatever was whole before `now`: all of it
    /// or nothing. What was kept when the process is killed is there at the next start.
    fn save(&self, changed: &[TakenLimit], now: Timestamp) -> Result<(), StoreError>;
}
