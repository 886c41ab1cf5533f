//! A wrapper of a view or a transaction, in which one method is faulty.

use std::net::IpAddr;
use std::ops::{DerefMut, Range};

use syft_space_domain::access::Role;
use syft_space_domain::audit::ports::{AuditView, EventFilter, LogPage, LogScope, RecordedQueries, Seq};
use syft_space_domain::audit::tree::NodeHash;
use syft_space_domain::audit::{Log, LogHead, QueryFilter, RecordedEvent, SignedCheckpoint};
use syft_space_domain::dataset::ports::{DatasetRows, DatasetView};
use syft_space_domain::dataset::{Dataset, Job};
use syft_space_domain::endpoint::ports::{EndpointRows, EndpointView};
use syft_space_domain::endpoint::{Endpoint, Slug};
use syft_space_domain::identity::ports::{AccountRows, AccountView};
use syft_space_domain::identity::{
    Account, Email, Invitation, LoginKey, LoginRecord, Member, PasswordHash, PasswordReset,
};
use syft_space_domain::ids::{
    AccountId, DatasetId, EndpointId, HubId, InvitationId, JobId, ListingId, MarketplaceId, PolicyId,
    TenantId,
};
use syft_space_domain::marketplace::ports::{MarketplaceRows, MarketplaceView};
use syft_space_domain::marketplace::{Audience, Hub, Issuer, Listing, Marketplace};
use syft_space_domain::page::{Cursor, Page, PageLimit, PageRequest};
use syft_space_domain::policy::Policy;
use syft_space_domain::policy::ports::{Attachment, PolicyRows, PolicyUsage, PolicyView};
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::ports::TenantView;
use syft_space_domain::tenant::{OperatorScope, Tenant, TenantName, TenantRemoval, TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use syft_space_conformance::sample;

use crate::merge::Merge;
use crate::store::Fault;

/// A view or transaction with one fault.
pub(crate) struct FaultyView<P> {
    pub(crate) inner: P,
    pub(crate) fault: Fault,
}

/// Methods that delegate.
macro_rules! delegated {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {$(
        fn $name(&mut self, $($arg: $type),*) -> Result<$out, StoreError> {
            self.inner.$name($($arg),*)
        }
    )*};
}

/// Methods that take a scope, and ignore it when that is the fault.
macro_rules! scoped {
    ($scope:ty, $every:path; $($name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {$(
        fn $name(&mut self, scope: &$scope, $($arg: $type),*) -> Result<$out, StoreError> {
            let mut found = self.inner.$name(scope, $($arg),*)?;
            if self.fault == Fault::IgnoresTenantIn(stringify!($name)) {
                for other in [1, 2, 3].map($every) {
                    if other.tenant() != scope.tenant() && !found.is_complete() {
                        found.merge(self.inner.$name(&other, $($arg),*)?);
                    }
                }
            }
            Ok(found)
        }
    )*};
}

pub(crate) use {delegated, scoped};

impl<P: DerefMut> TenantView for FaultyView<P>
where
    P::Target: TenantView,
{
    fn tenant(&mut self, scope: &TenantScope) -> Result<Option<Tenant>, StoreError> {
        let found = self.inner.tenant(scope)?;
        let version =
            |tenant: &Tenant| if self.fault == Fault::NeverRaisesVersion { 1 } else { tenant.version };
        Ok(found.map(|tenant| Tenant { version: version(&tenant), ..tenant }))
    }

    delegated! {
        tenant_named(name: &TenantName) -> Option<TenantId>;
        tenant_ids(operator: &OperatorScope) -> Vec<TenantId>;
        tenants(operator: &OperatorScope) -> Vec<Tenant>;
        ending_tenants(operator: &OperatorScope) -> Vec<TenantId>;
        removed_tenants(operator: &OperatorScope) -> Vec<TenantId>;
    }
    scoped! { TenantScope, sample::scope;
        tenant_removal() -> Option<TenantRemoval>;
    }
}

impl<P: DerefMut> AccountView for FaultyView<P>
where
    P::Target: AccountView,
{
    fn oldest_account(&mut self, email: &Email) -> Result<Option<Account>, StoreError> {
        if self.fault == Fault::TakesTheFirstTenantsAccount {
            for scope in [1, 2, 3].map(sample::scope) {
                let found = self.inner.account_by_email(&scope, email)?;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        self.inner.oldest_account(email)
    }

    delegated! {
        any_account() -> bool;
        invitation_by_token(token: &TokenHash) -> Option<Invitation>;
        password_reset(token: &TokenHash) -> Option<PasswordReset>;
        login_record(account: &LoginKey, address: Option<IpAddr>) -> Option<LoginRecord>;
        has_logged_in(address: IpAddr) -> bool;
    }
    scoped! { TenantScope, sample::scope;
        account_by_email(email: &Email) -> Option<Account>;
        member(account: AccountId) -> Option<Member>;
        members(page: PageRequest<AccountId>) -> Page<Member, AccountId>;
        count_other_owners(account: AccountId, is_demanded: bool) -> u64;
        count_members_and_invitations() -> u64;
        invitations(page: PageRequest<InvitationId>) -> Page<Invitation, InvitationId>;
        invitation(id: InvitationId) -> Option<Invitation>;
    }
}

impl<P: DerefMut> DatasetView for FaultyView<P>
where
    P::Target: DatasetView,
{
    fn dataset_named(&mut self, scope: &TenantScope, name: &str) -> Result<Option<Dataset>, StoreError> {
        let folded = name.to_lowercase();
        let name = if self.fault == Fault::FoldsCase { &folded } else { name };
        let found = self.inner.dataset_named(scope, name)?;
        if self.fault == Fault::IgnoresTenantIn("dataset_named") {
            return Ok(found.or(self.inner.dataset_named(&sample::scope(2), name)?));
        }
        Ok(found)
    }

    scoped! { TenantScope, sample::scope;
        all_datasets() -> Vec<Dataset>;
        dataset(id: DatasetId) -> Option<Dataset>;
        datasets(page: PageRequest<DatasetId>) -> Page<Dataset, DatasetId>;
        count_datasets() -> u64;
        job(dataset: DatasetId, id: JobId) -> Option<Job>;
        jobs(dataset: DatasetId, page: PageRequest<JobId>) -> Page<Job, JobId>;
        unfinished_jobs(dataset: DatasetId) -> Vec<Job>;
    }
}

impl<P: DerefMut> EndpointView for FaultyView<P>
where
    P::Target: EndpointView,
{
    fn endpoints(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<EndpointId>,
    ) -> Result<Page<Endpoint, EndpointId>, StoreError> {
        match self.fault {
            Fault::UsesOffsetCursor => self.endpoints_by_offset(scope, page),
            Fault::IgnoresPageBytes => {
                let mut found = self.inner.endpoints(scope, page)?;
                while let (Some(after), true) = (found.next, found.items.len() < page.limit.get()) {
                    let more = self.inner.endpoints(scope, PageRequest { after: Some(after), ..page })?;
                    found.next = more.next;
                    found.merge(more);
                }
                Ok(found)
            }
            Fault::IgnoresTenantIn("endpoints") => {
                let mut found = self.inner.endpoints(scope, page)?;
                found.merge(self.inner.endpoints(&sample::scope(2), page)?);
                Ok(found)
            }
            _ => self.inner.endpoints(scope, page),
        }
    }

    scoped! { TenantScope, sample::scope;
        endpoint(id: EndpointId) -> Option<Endpoint>;
        endpoint_by_slug(slug: &Slug) -> Option<Endpoint>;
        count_endpoints() -> u64;
        endpoints_of_dataset(dataset: DatasetId) -> Vec<Endpoint>;
    }
}

impl<P: DerefMut> FaultyView<P>
where
    P::Target: EndpointView,
{
    /// Pages by LIMIT and OFFSET: the cursor is the number of items before the page.
    fn endpoints_by_offset(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<EndpointId>,
    ) -> Result<Page<Endpoint, EndpointId>, StoreError> {
        let offset = page.after.map_or(0, |Cursor(key)| usize::from(key.as_bytes()[15]));
        let all = self.inner.endpoints(scope, PageRequest::default())?.items;
        let end = offset + page.limit.get();
        let next = (all.len() > end).then(|| {
            let mut key = [0; 16];
            key[15] = u8::try_from(end).expect("a short list");
            Cursor(EndpointId::from_bytes(key))
        });
        let items = all.into_iter().skip(offset).take(page.limit.get()).collect();
        Ok(Page { items, next })
    }
}

impl<P: DerefMut> PolicyView for FaultyView<P>
where
    P::Target: PolicyView,
{
    scoped! { TenantScope, sample::scope;
        policy(id: PolicyId) -> Option<Policy>;
        policy_revision(id: PolicyId) -> Option<u64>;
        policies(page: PageRequest<PolicyId>) -> Page<Policy, PolicyId>;
        count_policies() -> u64;
        policy_usage() -> PolicyUsage;
        attachments(endpoint: Option<EndpointId>) -> Vec<Attachment>;
        endpoints_of_policy(policy: PolicyId) -> Vec<EndpointId>;
    }
}

impl<P: DerefMut> MarketplaceView for FaultyView<P>
where
    P::Target: MarketplaceView,
{
    /// A store with separate constraints for names and satellites accepts a name that is another's satellite.
    fn holder_of_audience(
        &mut self,
        hub: HubId,
        audience: &Audience,
    ) -> Result<Option<(TenantId, MarketplaceId)>, StoreError> {
        if self.fault == Fault::IgnoresSatellites && audience.as_str().len() == 36 {
            return Ok(None);
        }
        self.inner.holder_of_audience(hub, audience)
    }

    delegated! {
        hubs() -> Vec<Hub>;
        hub(id: HubId) -> Option<Hub>;
        hub_by_issuer(issuer: &Issuer) -> Option<Hub>;
        count_marketplaces_on(hub: HubId) -> u64;
        listings_due(operator: &OperatorScope, at: Timestamp, limit: PageLimit) -> Vec<(TenantId, Listing)>;
    }
    scoped! { TenantScope, sample::scope;
        marketplace(id: MarketplaceId) -> Option<Marketplace>;
        marketplaces(page: PageRequest<MarketplaceId>) -> Page<Marketplace, MarketplaceId>;
        listing(id: ListingId) -> Option<Listing>;
        listings_of(endpoint: EndpointId) -> Vec<Listing>;
        listings_on(marketplace: MarketplaceId) -> Vec<Listing>;
    }
}

impl<P: DerefMut> FaultyView<P>
where
    P::Target: AuditView,
{
    fn events_of_tenants(
        &mut self,
        scope: &TenantScope,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<LogPage, StoreError> {
        let mut found = self.inner.events(scope, filter, page)?;
        if self.fault == Fault::IgnoresTenantIn("events") {
            for other in [1, 2, 3].map(sample::scope) {
                if other != *scope {
                    found.events.merge(self.inner.events(&other, filter, page)?.events);
                }
            }
        }
        Ok(found)
    }
}

impl<P: DerefMut> AuditView for FaultyView<P>
where
    P::Target: AuditView,
{
    fn recorded_queries(
        &mut self,
        scope: &TenantScope,
        filter: &QueryFilter,
        before: Option<Seq>,
        most: usize,
    ) -> Result<RecordedQueries, StoreError> {
        self.faulty_queries(scope, filter, before, most)
    }

    fn installation_events(
        &mut self,
        operator: &OperatorScope,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<LogPage, StoreError> {
        self.inner.installation_events(operator, filter, page)
    }

    fn log_head(&mut self, log: LogScope<'_>) -> Result<LogHead, StoreError> {
        self.faulty_head(log)
    }

    fn block_roots(&mut self, log: LogScope<'_>, blocks: Range<u64>) -> Result<Vec<NodeHash>, StoreError> {
        self.faulty_block_roots(log, blocks)
    }

    fn pruned_blocks(&mut self, log: LogScope<'_>) -> Result<u64, StoreError> {
        self.inner.pruned_blocks(log)
    }

    fn pruned_leaves(&mut self, log: LogScope<'_>, block: u64) -> Result<Option<Vec<NodeHash>>, StoreError> {
        self.inner.pruned_leaves(log, block)
    }

    fn events_in(
        &mut self,
        log: LogScope<'_>,
        numbers: Range<u64>,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.faulty_events_in(log, numbers)
    }

    fn checkpoint(&mut self, log: LogScope<'_>) -> Result<Option<SignedCheckpoint>, StoreError> {
        self.inner.checkpoint(log)
    }

    fn grown_logs(&mut self, operator: &OperatorScope, after: Option<Log>) -> Result<Vec<Log>, StoreError> {
        self.faulty_grown_logs(operator, after)
    }

    fn events(
        &mut self,
        scope: &TenantScope,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<LogPage, StoreError> {
        let mut found = self.events_of_tenants(scope, filter, page)?;
        let last = found.projection.seq + found.projection.lag;
        match self.fault {
            Fault::SearchesIndexOnly if *filter != EventFilter::default() => {
                found.events.items.retain(|recorded| recorded.seq <= last - last % 1_024);
            }
            Fault::LosesCommitments => {
                found.events.items.iter_mut().for_each(|recorded| recorded.person_commitment = [0; 32]);
            }
            // The lag also counts the events of the installation's log.
            Fault::CountsForeignEventsInLag => {
                let operator = OperatorScope::at_startup();
                let installation =
                    self.inner.installation_events(&operator, &EventFilter::default(), page)?;
                found.projection.lag += installation.projection.seq;
            }
            _ => {}
        }
        Ok(found)
    }
}

impl<P: DerefMut> AccountRows for FaultyView<P>
where
    P::Target: AccountRows,
{
    delegated! {
        add_account(scope: &WriteScope, account: &Account) -> ();
        add_invitation(scope: &WriteScope, invitation: &Invitation) -> ();
    }
    fn put_password_reset(&mut self, scope: &WriteScope, reset: &PasswordReset) -> Result<(), StoreError> {
        if self.fault == Fault::KeepsTheFirstReset && reset.generation == 9 {
            return Ok(());
        }
        self.inner.put_password_reset(scope, reset)
    }
    fn remove_password_resets_by(&mut self, scope: &WriteScope, maker: AccountId) -> Result<u64, StoreError> {
        match self.fault {
            Fault::IgnoresTenantIn("remove_password_resets_by") => {
                [1, 2, 3].into_iter().try_fold(0, |count, n| {
                    Ok(count + self.inner.remove_password_resets_by(&sample::write_scope(n), maker)?)
                })
            }
            Fault::EndsResetsOfAnyMaker => (1..=5).try_fold(0, |count, n| {
                Ok(count + self.inner.remove_password_resets_by(scope, sample::account_id(n))?)
            }),
            _ => self.inner.remove_password_resets_by(scope, maker),
        }
    }
    fn put_login_record(&mut self, record: &LoginRecord) -> Result<(), StoreError> {
        let address = record.address.filter(|_| self.fault != Fault::MixesAddresses);
        self.inner.put_login_record(&LoginRecord { address, ..record.clone() })
    }
    fn trim_login_records(&mut self, now: Timestamp, max: u64) -> Result<(), StoreError> {
        let max = if self.fault == Fault::KeepsAllLoginRecords { u64::MAX } else { max };
        self.inner.trim_login_records(now, max)
    }
    fn remove_invitations_by(
        &mut self,
        scope: &WriteScope,
        inviter: AccountId,
        roles: &[Role],
    ) -> Result<u64, StoreError> {
        match self.fault {
            Fault::IgnoresTenantIn("remove_invitations_by") => {
                [1, 2, 3].into_iter().try_fold(0, |count, n| {
                    Ok(count + self.inner.remove_invitations_by(&sample::write_scope(n), inviter, roles)?)
                })
            }
            Fault::EndsInvitationsOfAnyInviter => (1..=5).try_fold(0, |count, n| {
                Ok(count + self.inner.remove_invitations_by(scope, sample::account_id(n), roles)?)
            }),
            Fault::EndsInvitationsOfAnyRole => self.inner.remove_invitations_by(scope, inviter, &Role::ALL),
            _ => self.inner.remove_invitations_by(scope, inviter, roles),
        }
    }
    fn remove_invitations_of(&mut self, scope: &WriteScope, email: &Email) -> Result<u64, StoreError> {
        match self.fault {
            Fault::IgnoresTenantIn("remove_invitations_of") => {
                [1, 2, 3].into_iter().try_fold(0, |count, n| {
                    Ok(count + self.inner.remove_invitations_of(&sample::write_scope(n), email)?)
                })
            }
            _ => self.inner.remove_invitations_of(scope, email),
        }
    }
    scoped! { WriteScope, sample::write_scope;
        set_password(account: AccountId, password: &PasswordHash) -> ();
        update_member(member: &Member) -> ();
        remove_account(account: AccountId) -> bool;
        remove_invitation(id: InvitationId) -> bool;
        remove_password_reset(account: AccountId) -> bool;
    }
}

impl<P: DerefMut> DatasetRows for FaultyView<P>
where
    P::Target: DatasetRows,
{
    delegated! {
        add_dataset(scope: &WriteScope, dataset: &Dataset) -> ();
        add_job(scope: &WriteScope, job: &Job) -> ();
    }
    scoped! { WriteScope, sample::write_scope;
        update_dataset(dataset: &Dataset) -> ();
        remove_dataset(id: DatasetId) -> bool;
        update_job(job: &Job) -> ();
    }
}

impl<P: DerefMut> EndpointRows for FaultyView<P>
where
    P::Target: EndpointRows,
{
    delegated! {
        add_endpoint(scope: &WriteScope, endpoint: &Endpoint) -> ();
    }
    scoped! { WriteScope, sample::write_scope;
        update_endpoint(endpoint: &Endpoint) -> ();
        remove_endpoint(id: EndpointId) -> bool;
    }
}

impl<P: DerefMut> PolicyRows for FaultyView<P>
where
    P::Target: PolicyRows,
{
    delegated! {
        add_policy(scope: &WriteScope, policy: &Policy) -> ();
    }
    scoped! { WriteScope, sample::write_scope;
        update_policy(policy: &Policy) -> ();
        remove_policy(id: PolicyId) -> bool;
        attach_policies(endpoint: EndpointId, policies: &[PolicyId]) -> ();
    }
}

impl<P: DerefMut> MarketplaceRows for FaultyView<P>
where
    P::Target: MarketplaceRows,
{
    delegated! {
        add_hub(hub: &Hub) -> ();
        update_hub(hub: &Hub) -> ();
        remove_hub(id: HubId) -> bool;
        add_marketplace(scope: &WriteScope, marketplace: &Marketplace) -> ();
        add_listing(scope: &WriteScope, listing: &Listing) -> ();
    }
    scoped! { WriteScope, sample::write_scope;
        update_marketplace(marketplace: &Marketplace) -> ();
        remove_marketplace(id: MarketplaceId) -> bool;
        update_listing(listing: &Listing) -> ();
        remove_listing(id: ListingId) -> bool;
    }
}
