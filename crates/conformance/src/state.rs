//! What can be seen of a store? Everything that its views answer, as one value that can be compared.

use syft_space_domain::access::Role;
use syft_space_domain::audit::RecordedEvent;
use syft_space_domain::dataset::{Dataset, Job};
use syft_space_domain::endpoint::Endpoint;
use syft_space_domain::identity::{Account, AccountStatus, Email, Invitation, Member, MembershipWithTenant};
use syft_space_domain::ids::{AccountId, EndpointId, MarketplaceId, TenantId};
use syft_space_domain::marketplace::{Audience, Hub, Listing, Marketplace};
use syft_space_domain::page::{Page, PageRequest, PageLimit};
use syft_space_domain::policy::Policy;
use syft_space_domain::store::{StoreError, View};
use syft_space_domain::tenant::{OperatorScope, Tenant, TenantScope};
use syft_space_domain::time::Timestamp;

use crate::drive::{all, installation_log_in, log_in};
use crate::sample::{account_id, email, hub, hub_id, satellite_id, scope, time, username};

/// Everything that one view shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Everything {
    tenants: Vec<Tenant>,
    any_account: bool,
    accounts: Vec<Option<Person>>,
    datasets: Vec<(TenantId, Dataset)>,
    hubs: Vec<Hub>,
    of_hubs: Vec<OfHub>,
    due: Vec<(TenantId, Listing)>,
    of_tenants: Vec<OfTenant>,
    log: Vec<RecordedEvent>,
}

#[derive(Debug, Clone, PartialEq)]
struct Person {
    id: AccountId,
    email: Email,
    password: String,
    status: AccountStatus,
    created_at: Timestamp,
    found_by_email: Option<AccountId>,
    memberships: Vec<MembershipWithTenant>,
}

#[derive(Debug, Clone, PartialEq)]
struct OfTenant {
    tenant: Option<Tenant>,
    found_by_name: Option<TenantId>,
    members: Vec<Member>,
    members_found: Vec<Option<Member>>,
    active: Vec<u64>,
    members_and_invitations: u64,
    invitations: Vec<Invitation>,
    invitations_found: Vec<[Option<Invitation>; 2]>,
    datasets: Vec<Dataset>,
    count_datasets: u64,
    of_datasets: Vec<OfDataset>,
    endpoints: Vec<Endpoint>,
    count_endpoints: u64,
    of_endpoints: Vec<OfEndpoint>,
    policies: Vec<Policy>,
    count_policies: u64,
    of_policies: Vec<(Option<Policy>, Vec<EndpointId>)>,
    marketplaces: Vec<Marketplace>,
    of_marketplaces: Vec<OfMarketplace>,
    log: Vec<RecordedEvent>,
}

#[derive(Debug, Clone, PartialEq)]
struct OfHub {
    found: [Option<Hub>; 2],
    marketplaces: u64,
    holders: Vec<Option<(TenantId, MarketplaceId)>>,
}

#[derive(Debug, Clone, PartialEq)]
struct OfMarketplace {
    found: Option<Marketplace>,
    listings: Vec<Listing>,
    listings_found: Vec<Option<Listing>>,
}

#[derive(Debug, Clone, PartialEq)]
struct OfDataset {
    found: [Option<Dataset>; 2],
    jobs: Vec<Job>,
    jobs_found: Vec<Option<Job>>,
    unfinished: Vec<Job>,
    endpoints: Vec<Endpoint>,
}

#[derive(Debug, Clone, PartialEq)]
struct OfEndpoint {
    found: [Option<Endpoint>; 2],
    policies: Vec<Policy>,
    listings: Vec<Listing>,
}

impl Everything {
    /// Asks a view for all it shows of the tenants and accounts with the numbers 1 to this.
    pub(crate) fn seen(view: &mut dyn View, numbers: u64) -> Result<Self, StoreError> {
        let operator = OperatorScope::at_startup();
        Ok(Self {
            tenants: view.tenants(&operator)?,
            any_account: view.any_account()?,
            accounts: (1..=numbers).map(|n| Person::seen(view, n)).collect::<Result<_, _>>()?,
            datasets: view.all_datasets(&operator)?,
            of_hubs: (1..=numbers).map(|n| OfHub::seen(view, n, numbers)).collect::<Result<_, _>>()?,
            hubs: view.hubs()?,
            due: view.listings_due(&operator, time(60), PageLimit::DEFAULT)?,
            of_tenants: (1..=numbers).map(|n| OfTenant::seen(view, n, numbers)).collect::<Result<_, _>>()?,
            log: installation_log_in(view)?,
        })
    }

    /// The same, with every tenant's version set to 0.
    #[must_use]
    pub(crate) fn without_versions(mut self) -> Self {
        let own = self.of_tenants.iter_mut().filter_map(|one| one.tenant.as_mut());
        self.tenants.iter_mut().chain(own).for_each(|tenant| tenant.version = 0);
        self
    }

    /// The same, without an event in any log.
    #[must_use]
    pub(crate) fn without_logs(mut self) -> Self {
        self.log.clear();
        self.of_tenants.iter_mut().for_each(|one| one.log.clear());
        self
    }
}

impl Person {
    fn seen(view: &mut dyn View, n: u64) -> Result<Option<Self>, StoreError> {
        let found_by_email = view.account_by_email(&email(n))?.map(|account| account.id);
        let memberships = view.memberships(account_id(n))?;
        Ok(view.account(account_id(n))?.map(|Account { id, email, password, status, created_at }| {
            let password = password.expose().to_owned();
            Self { id, email, password, status, created_at, found_by_email, memberships }
        }))
    }
}

/// A whole list, in small pages.
fn list<T, K>(
    mut ask: impl FnMut(PageRequest<K>) -> Result<Page<T, K>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut failed = None;
    let items = all(2, |page| {
        ask(page).unwrap_or_else(|error| {
            failed = Some(error);
            Page { items: Vec::new(), next: None }
        })
    });
    failed.map_or(Ok(items), Err)
}

impl OfTenant {
    fn seen(view: &mut dyn View, n: u64, numbers: u64) -> Result<Self, StoreError> {
        let scope = scope(n);
        let tenant = view.tenant(&scope)?;
        let found_by_name = match &tenant {
            Some(tenant) => view.tenant_named(&tenant.name)?,
            None => None,
        };
        let members = list(|page| view.members(&scope, page))?;
        let invitations = list(|page| view.invitations(&scope, page))?;
        let datasets = list(|page| view.datasets(&scope, page))?;
        let every_dataset = view.all_datasets(&OperatorScope::at_startup())?;
        let own_datasets =
            every_dataset.into_iter().filter(|(of, _)| *of == scope.tenant()).map(|(_, one)| one);
        let endpoints = list(|page| view.endpoints(&scope, page))?;
        let policies = list(|page| view.policies(&scope, page))?;
        let marketplaces = list(|page| view.marketplaces(&scope, page))?;
        Ok(Self {
            tenant,
            found_by_name,
            members_found: (1..=numbers)
                .map(|n| view.member(&scope, account_id(n)))
                .collect::<Result<_, _>>()?,
            active: Role::ALL
                .into_iter()
                .map(|role| view.count_active(&scope, role))
                .collect::<Result<_, _>>()?,
            members_and_invitations: view.count_members_and_invitations(&scope)?,
            invitations_found: invitations
                .iter()
                .map(|one| Ok([view.invitation(&scope, one.id)?, view.invitation_by_token(&one.token)?]))
                .collect::<Result<_, StoreError>>()?,
            count_datasets: view.count_datasets(&scope)?,
            of_datasets: own_datasets
                .map(|one| OfDataset::seen(view, &scope, &one))
                .collect::<Result<_, _>>()?,
            count_endpoints: view.count_endpoints(&scope)?,
            of_endpoints: endpoints
                .iter()
                .map(|one| OfEndpoint::seen(view, &scope, one))
                .collect::<Result<_, _>>()?,
            count_policies: view.count_policies(&scope)?,
            of_policies: policies
                .iter()
                .map(|one| Ok((view.policy(&scope, one.id)?, view.endpoints_of_policy(&scope, one.id)?)))
                .collect::<Result<_, StoreError>>()?,
            of_marketplaces: marketplaces
                .iter()
                .map(|one| OfMarketplace::seen(view, &scope, one.id))
                .collect::<Result<_, _>>()?,
            marketplaces,
            log: log_in(view, &scope)?,
            members,
            invitations,
            datasets,
            endpoints,
            policies,
        })
    }
}

impl OfHub {
    fn seen(view: &mut dyn View, n: u64, numbers: u64) -> Result<Self, StoreError> {
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

impl OfMarketplace {
    fn seen(view: &mut dyn View, scope: &TenantScope, id: MarketplaceId) -> Result<Self, StoreError> {
        let listings = view.listings_on(scope, id)?;
        Ok(Self {
            found: view.marketplace(scope, id)?,
            listings_found: listings
                .iter()
                .map(|one| view.listing(scope, one.id))
                .collect::<Result<_, _>>()?,
            listings,
        })
    }
}

impl OfDataset {
    fn seen(view: &mut dyn View, scope: &TenantScope, dataset: &Dataset) -> Result<Self, StoreError> {
        let jobs = list(|page| view.jobs(scope, dataset.id, page))?;
        Ok(Self {
            found: [view.dataset(scope, dataset.id)?, view.dataset_named(scope, &dataset.name)?],
            jobs_found: jobs
                .iter()
                .map(|job| view.job(scope, dataset.id, job.id))
                .collect::<Result<_, _>>()?,
            jobs,
            unfinished: view.unfinished_jobs(scope, dataset.id)?,
            endpoints: view.endpoints_of_dataset(scope, dataset.id)?,
        })
    }
}

impl OfEndpoint {
    fn seen(view: &mut dyn View, scope: &TenantScope, endpoint: &Endpoint) -> Result<Self, StoreError> {
        Ok(Self {
            found: [view.endpoint(scope, endpoint.id)?, view.endpoint_by_slug(scope, &endpoint.slug)?],
            policies: view.attached_policies(scope, endpoint.id)?,
            listings: view.listings_of(scope, endpoint.id)?,
        })
    }
}
