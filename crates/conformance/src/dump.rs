//! A dump of a store: everything that its views answer, as one value that can be compared.

use syft_space_domain::audit::RecordedEvent;
use syft_space_domain::dataset::{Dataset, Job};
use syft_space_domain::endpoint::Endpoint;
use syft_space_domain::expectation::Expectation;
use syft_space_domain::group::{Group, GroupMember};
use syft_space_domain::identity::{Account, Invitation, Member, SecondFactor, Session};
use syft_space_domain::ids::{AccountId, EndpointId, MarketplaceId, PolicyId, SessionId, TenantId};
use syft_space_domain::ledger::{AccountBalance, Transfer, TransferFilter};
use syft_space_domain::marketplace::{Audience, Hub, Listing, Marketplace};
use syft_space_domain::page::{Page, PageLimit, PageRequest};
use syft_space_domain::policy::Policy;
use syft_space_domain::policy::ports::{Attachment, PolicyUsage};
use syft_space_domain::store::{StoreError, View};
use syft_space_domain::tenant::{OperatorScope, Tenant, TenantScope};

use crate::run::{all_items, first_page, installation_log_of_view, log_of_view};
use crate::sample::{
    account_id, email, hub, hub_id, satellite_id, scope, session, session_id, time, username,
};

/// Everything that one view answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoreDump {
    tenants: Vec<Tenant>,
    any_account: bool,
    oldest_accounts: Vec<Option<AccountDump>>,
    tenant_ids: Vec<TenantId>,
    hubs: Vec<Hub>,
    by_hub: Vec<HubDump>,
    due_listings: Vec<(TenantId, Listing)>,
    by_tenant: Vec<TenantDump>,
    log: Vec<RecordedEvent>,
}

/// An account, and its password as text: it has no `Debug`.
type AccountDump = (Member, Option<String>);

fn account_dump(account: &Account) -> AccountDump {
    (account.member.clone(), account.password.as_ref().map(|password| password.expose().to_owned()))
}

/// A group, who is in it, and which policies name it.
type GroupDump = (Group, Vec<GroupMember>, Vec<(PolicyId, String)>);

#[derive(Debug, Clone, PartialEq)]
struct TenantDump {
    tenant: Option<Tenant>,
    id_by_name: Option<TenantId>,
    members: Vec<Member>,
    members_by_id: Vec<Option<Member>>,
    accounts_by_email: Vec<Option<AccountDump>>,
    second_factors: Vec<(Option<SecondFactor>, u64)>,
    sessions: Vec<Vec<Session>>,
    sessions_by_id_and_family: Vec<[Option<Session>; 2]>,
    session_ids: Vec<(AccountId, SessionId)>,
    other_owners: Vec<[u64; 2]>,
    members_and_invitations: u64,
    invitations: Vec<Invitation>,
    invitations_by_id_and_token: Vec<[Option<Invitation>; 2]>,
    datasets: Vec<Dataset>,
    count_datasets: u64,
    by_dataset: Vec<DatasetDump>,
    endpoints: Vec<Endpoint>,
    count_endpoints: u64,
    by_endpoint: Vec<EndpointDump>,
    policies: Vec<Policy>,
    count_policies: u64,
    policy_usage: PolicyUsage,
    attachments: Vec<Attachment>,
    count_expectations: u64,
    by_policy: Vec<(Option<Policy>, Vec<EndpointId>)>,
    groups: Vec<GroupDump>,
    transfers: Vec<Transfer>,
    balances: Vec<AccountBalance>,
    marketplaces: Vec<Marketplace>,
    by_marketplace: Vec<MarketplaceDump>,
    log: Vec<RecordedEvent>,
}

#[derive(Debug, Clone, PartialEq)]
struct HubDump {
    found: [Option<Hub>; 2],
    marketplaces: u64,
    holders: Vec<Option<(TenantId, MarketplaceId)>>,
}

#[derive(Debug, Clone, PartialEq)]
struct MarketplaceDump {
    found: Option<Marketplace>,
    listings: Vec<Listing>,
    listings_by_id: Vec<Option<Listing>>,
}

#[derive(Debug, Clone, PartialEq)]
struct DatasetDump {
    found: [Option<Dataset>; 2],
    jobs: Vec<Job>,
    jobs_by_id: Vec<Option<Job>>,
    unfinished_jobs: Vec<Job>,
    endpoints: Vec<Endpoint>,
}

#[derive(Debug, Clone, PartialEq)]
struct EndpointDump {
    found: [Option<Endpoint>; 2],
    policies: Vec<Attachment>,
    listings: Vec<Listing>,
    expectations: Vec<(EndpointId, Expectation)>,
}

impl StoreDump {
    /// Reads everything about the tenants and accounts 1 to `numbers`.
    pub(crate) fn read(view: &mut dyn View, numbers: u64) -> Result<Self, StoreError> {
        let operator = OperatorScope::at_startup();
        Ok(Self {
            tenant_ids: view.tenant_ids(&operator)?,
            tenants: view.tenants(&operator)?,
            any_account: view.any_account()?,
            oldest_accounts: (1..=numbers)
                .map(|n| Ok(view.oldest_account(&email(n))?.as_ref().map(account_dump)))
                .collect::<Result<_, _>>()?,
            by_hub: (1..=numbers).map(|n| HubDump::read(view, n, numbers)).collect::<Result<_, _>>()?,
            hubs: view.hubs()?,
            due_listings: view.listings_due(&operator, time(60), PageLimit::DEFAULT)?,
            by_tenant: (1..=numbers).map(|n| TenantDump::read(view, n, numbers)).collect::<Result<_, _>>()?,
            log: installation_log_of_view(view)?,
        })
    }

    /// This dump with every tenant's version set to 0.
    #[must_use]
    pub(crate) fn without_versions(mut self) -> Self {
        let own_tenants = self.by_tenant.iter_mut().filter_map(|dump| dump.tenant.as_mut());
        self.tenants.iter_mut().chain(own_tenants).for_each(|tenant| tenant.version = 0);
        self
    }

    /// This dump without the events of any log.
    #[must_use]
    pub(crate) fn without_logs(mut self) -> Self {
        self.log.clear();
        self.by_tenant.iter_mut().for_each(|dump| dump.log.clear());
        self
    }
}

/// Every item of a list, read in small pages.
fn read_list<T, K>(
    mut read_page: impl FnMut(PageRequest<K>) -> Result<Page<T, K>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut failed = None;
    let items = all_items(2, |page| {
        read_page(page).unwrap_or_else(|error| {
            failed = Some(error);
            Page { items: Vec::new(), next: None }
        })
    });
    failed.map_or(Ok(items), Err)
}

impl TenantDump {
    fn read(view: &mut dyn View, n: u64, numbers: u64) -> Result<Self, StoreError> {
        let (of, scope) = (n, scope(n));
        let tenant = view.tenant(&scope)?;
        let id_by_name = match &tenant {
            Some(tenant) => view.tenant_named(&tenant.name)?,
            None => None,
        };
        let members = read_list(|page| view.members(&scope, page))?;
        let invitations = read_list(|page| view.invitations(&scope, page))?;
        let datasets = read_list(|page| view.datasets(&scope, page))?;
        let own_datasets = view.all_datasets(&scope)?;
        let endpoints = read_list(|page| view.endpoints(&scope, page))?;
        let policies = read_list(|page| view.policies(&scope, page))?;
        let marketplaces = read_list(|page| view.marketplaces(&scope, page))?;
        let groups = read_list(|page| view.groups(&scope, page))?;
        Ok(Self {
            tenant,
            id_by_name,
            members_by_id: (1..=numbers)
                .map(|n| view.member(&scope, account_id(n)))
                .collect::<Result<_, _>>()?,
            accounts_by_email: (1..=numbers)
                .map(|n| Ok(view.account_by_email(&scope, &email(n))?.as_ref().map(account_dump)))
                .collect::<Result<_, _>>()?,
            second_factors: (1..=numbers)
                .map(account_id)
                .map(|id| Ok((view.second_factor(&scope, id)?, view.count_recovery_codes(&scope, id)?)))
                .collect::<Result<_, StoreError>>()?,
            sessions: (1..=numbers)
                .map(|n| view.sessions(&scope, account_id(n)))
                .collect::<Result<_, _>>()?,
            sessions_by_id_and_family: (1..=numbers)
                .map(|n| {
                    let found = view.session(&scope, account_id(1), session_id(n))?;
                    let family = session(of, n, 1).refresh.family;
                    Ok([found, view.session_by_family(&family)?])
                })
                .collect::<Result<_, StoreError>>()?,
            session_ids: {
                let mut ids = view.session_ids(&scope, None)?;
                ids.sort_unstable();
                ids
            },
            other_owners: (1..=numbers)
                .map(account_id)
                .map(|id| {
                    let all = view.count_other_owners(&scope, id, false)?;
                    Ok([all, view.count_other_owners(&scope, id, true)?])
                })
                .collect::<Result<_, StoreError>>()?,
            members_and_invitations: view.count_members_and_invitations(&scope)?,
            invitations_by_id_and_token: invitations
                .iter()
                .map(|invitation| {
                    Ok([
                        view.invitation(&scope, invitation.id)?,
                        view.invitation_by_token(&invitation.token)?,
                    ])
                })
                .collect::<Result<_, StoreError>>()?,
            count_datasets: view.count_datasets(&scope)?,
            by_dataset: own_datasets
                .into_iter()
                .map(|dataset| DatasetDump::read(view, &scope, &dataset))
                .collect::<Result<_, _>>()?,
            count_endpoints: view.count_endpoints(&scope)?,
            by_endpoint: endpoints
                .iter()
                .map(|endpoint| EndpointDump::read(view, &scope, endpoint))
                .collect::<Result<_, _>>()?,
            count_policies: view.count_policies(&scope)?,
            policy_usage: view.policy_usage(&scope)?,
            transfers: view.transfers(&scope, &TransferFilter::default(), first_page(100))?.items,
            balances: view.balances(&scope, first_page(100))?.items,
            attachments: view.attachments(&scope, None)?,
            count_expectations: view.count_expectations(&scope)?,
            by_policy: policies
                .iter()
                .map(|policy| {
                    Ok((view.policy(&scope, policy.id)?, view.endpoints_of_policy(&scope, policy.id)?))
                })
                .collect::<Result<_, StoreError>>()?,
            groups: groups
                .into_iter()
                .map(|group| {
                    let members = read_list(|page| view.group_members(&scope, group.id, page))?;
                    let policies = view.policies_of_group(&scope, group.id)?;
                    Ok((group, members, policies))
                })
                .collect::<Result<_, StoreError>>()?,
            by_marketplace: marketplaces
                .iter()
                .map(|marketplace| MarketplaceDump::read(view, &scope, marketplace.id))
                .collect::<Result<_, _>>()?,
            marketplaces,
            log: log_of_view(view, &scope)?,
            members,
            invitations,
            datasets,
            endpoints,
            policies,
        })
    }
}

impl HubDump {
    fn read(view: &mut dyn View, n: u64, numbers: u64) -> Result<Self, StoreError> {
        let names = (1..=numbers).map(|n| Audience::from(&username(n)));
        let satellites = (1..=numbers).map(|n| Audience::from(satellite_id(n)));
        Ok(Self {
            found: [view.hub(hub_id(n))?, view.hub_by_issuer(&hub(n).issuer)?],
            marketplaces: view.count_marketplaces_on(hub_id(n))?,
            holders: names
                .chain(satellites)
                .map(|audience| view.holder_of_audience(hub_id(n), &audience))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl MarketplaceDump {
    fn read(view: &mut dyn View, scope: &TenantScope, id: MarketplaceId) -> Result<Self, StoreError> {
        let listings = view.listings_on(scope, id)?;
        Ok(Self {
            found: view.marketplace(scope, id)?,
            listings_by_id: listings
                .iter()
                .map(|listing| view.listing(scope, listing.id))
                .collect::<Result<_, _>>()?,
            listings,
        })
    }
}

impl DatasetDump {
    fn read(view: &mut dyn View, scope: &TenantScope, dataset: &Dataset) -> Result<Self, StoreError> {
        let jobs = read_list(|page| view.jobs(scope, dataset.id, page))?;
        Ok(Self {
            found: [view.dataset(scope, dataset.id)?, view.dataset_named(scope, &dataset.name)?],
            jobs_by_id: jobs
                .iter()
                .map(|job| view.job(scope, dataset.id, job.id))
                .collect::<Result<_, _>>()?,
            jobs,
            unfinished_jobs: view.unfinished_jobs(scope, dataset.id)?,
            endpoints: view.endpoints_of_dataset(scope, dataset.id)?,
        })
    }
}

impl EndpointDump {
    fn read(view: &mut dyn View, scope: &TenantScope, endpoint: &Endpoint) -> Result<Self, StoreError> {
        Ok(Self {
            found: [view.endpoint(scope, endpoint.id)?, view.endpoint_by_slug(scope, &endpoint.slug)?],
            policies: view.attachments(scope, Some(endpoint.id))?,
            listings: view.listings_of(scope, endpoint.id)?,
            expectations: view.expectations(scope, Some(endpoint.id))?,
        })
    }
}
