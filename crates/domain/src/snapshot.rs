//! The snapshots that the query path reads instead of a database: one per tenant, immutable, replaced by each commit.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::access::Role;
use crate::dataset::IndexKey;
use crate::endpoint::{Endpoint, Slug};
use crate::identity::{Email, Member};
use crate::ids::{AccountId, EndpointId, HubId, MarketplaceId, TenantId};
use crate::marketplace::ports::TrustedHubs;
use crate::marketplace::{Audience, Hub, Marketplace};
use crate::page::every;
use crate::policy::AccessRules;
use crate::store::{CommitHook, StateChange, StoreError, View};
use crate::tenant::{OperatorScope, Tenant, TenantScope};

/// There is no live state to answer from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// There is no such tenant.
    #[error("there is no such tenant")]
    NoTenant,
    /// It could not be read after the last change, and nothing older may be used.
    #[error("the tenant's state could not be read after its last change")]
    Unavailable,
}

/// A member, as requests see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberSnapshot {
    /// Their e-mail address.
    pub email: Email,
    /// Their role.
    pub role: Role,
    /// Whether both the membership and the account may be used.
    pub active: bool,
    /// The generation of the membership, which a token must name.
    pub generation: u64,
}

/// An endpoint, ready to be queried.
pub struct EndpointSnapshot {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Where its documents are found.
    pub index: IndexKey,
    /// Who may query it.
    pub access: AccessRules,
}

/// All that requests need to know of a tenant.
#[derive(Clone)]
pub struct TenantSnapshot {
    /// The tenant.
    pub tenant: Tenant,
    members: HashMap<AccountId, MemberSnapshot>,
    endpoints: HashMap<Slug, Arc<EndpointSnapshot>>,
    slugs: HashMap<EndpointId, Slug>,
    marketplaces: HashMap<MarketplaceId, Arc<Marketplace>>,
}

impl TenantSnapshot {
    /// One of its members.
    #[must_use]
    pub fn member(&self, account: AccountId) -> Option<&MemberSnapshot> {
        self.members.get(&account)
    }

    /// One of its endpoints.
    #[must_use]
    pub fn endpoint(&self, slug: &str) -> Option<&Arc<EndpointSnapshot>> {
        self.endpoints.get(slug)
    }

    /// One of its marketplaces.
    #[must_use]
    pub fn marketplace(&self, id: MarketplaceId) -> Option<&Arc<Marketplace>> {
        self.marketplaces.get(&id)
    }

    /// Its marketplaces, in no order.
    pub fn marketplaces(&self) -> impl Iterator<Item = &Arc<Marketplace>> {
        self.marketplaces.values()
    }

    /// That one of its marketplaces to which satellite tokens of this hub and audience are made out.
    #[must_use]
    pub fn addressed(&self, hub: HubId, audience: &Audience) -> Option<&Arc<Marketplace>> {
        self.marketplaces().find(|one| one.hub == hub && one.audiences().any(|own| own == *audience))
    }

    fn audiences(&self) -> impl Iterator<Item = (HubId, Audience)> {
        self.marketplaces().flat_map(|one| one.audiences().map(|audience| (one.hub, audience)))
    }

    fn load(view: &mut dyn View, scope: &TenantScope, tenant: Tenant) -> Result<Self, StoreError> {
        let mut live = Self {
            tenant,
            members: HashMap::new(),
            endpoints: HashMap::new(),
            slugs: HashMap::new(),
            marketplaces: HashMap::new(),
        };
        let members = every(|page| view.members(scope, page))?;
        live.members
            .extend(members.into_iter().map(|one| (one.membership.account, MemberSnapshot::from(one))));
        let marketplaces = every(|page| view.marketplaces(scope, page))?;
        live.marketplaces.extend(marketplaces.into_iter().map(|one| (one.id, Arc::new(one))));
        for endpoint in every(|page| view.endpoints(scope, page))? {
            live.put_endpoint(view, scope, endpoint)?;
        }
        Ok(live)
    }

    fn put_endpoint(
        &mut self,
        view: &mut dyn View,
        scope: &TenantScope,
        one: Endpoint,
    ) -> Result<(), StoreError> {
        let Some(dataset) = view.dataset(scope, one.dataset)? else {
            return Err(StoreError::failed("an endpoint searches a dataset that is not there"));
        };
        let access = AccessRules::compile(&view.attached_policies(scope, one.id)?);
        self.drop_endpoint(one.id);
        self.slugs.insert(one.id, one.slug.clone());
        let live = EndpointSnapshot { index: dataset.index(), access, endpoint: one };
        self.endpoints.insert(live.endpoint.slug.clone(), Arc::new(live));
        Ok(())
    }

    fn drop_endpoint(&mut self, id: EndpointId) {
        if let Some(slug) = self.slugs.remove(&id) {
            // Another endpoint may have taken the slug over in the same commit.
            if self.endpoints.get(&slug).is_some_and(|live| live.endpoint.id == id) {
                self.endpoints.remove(&slug);
            }
        }
    }

    fn follow(
        &mut self,
        view: &mut dyn View,
        scope: &TenantScope,
        changes: &StateChange,
    ) -> Result<(), StoreError> {
        match *changes {
            StateChange::Tenant(_) | StateChange::Hub(_) => {}
            StateChange::Marketplace(_, id) => match view.marketplace(scope, id)? {
                Some(marketplace) => {
                    self.marketplaces.insert(id, Arc::new(marketplace));
                }
                None => {
                    self.marketplaces.remove(&id);
                }
            },
            StateChange::Member(_, account) => match view.member(scope, account)? {
                Some(member) => {
                    self.members.insert(account, member.into());
                }
                None => {
                    self.members.remove(&account);
                }
            },
            StateChange::Endpoint(_, id) => match view.endpoint(scope, id)? {
                Some(endpoint) => self.put_endpoint(view, scope, endpoint)?,
                None => self.drop_endpoint(id),
            },
        }
        Ok(())
    }
}

impl From<Member> for MemberSnapshot {
    fn from(member: Member) -> Self {
        Self {
            active: member.is_active(),
            email: member.email,
            role: member.membership.role,
            generation: member.membership.generation,
        }
    }
}

/// Answers from memory what requests need to know.
pub trait Snapshots: Send + Sync {
    /// The snapshot of a tenant, as of the last commit.
    ///
    /// # Errors
    /// When there is no such tenant, or its state is not to be had.
    fn tenant(&self, scope: &TenantScope) -> Result<Arc<TenantSnapshot>, SnapshotError>;

    /// The snapshot of the tenant to which satellite tokens of this hub and audience are made out.
    ///
    /// # Errors
    /// When there is no such tenant, or its state is not to be had.
    fn addressed(&self, hub: HubId, audience: &Audience) -> Result<Arc<TenantSnapshot>, SnapshotError>;
}

/// The live state of every tenant and of the installation, kept by following a store's commits.
#[derive(Default)]
pub struct SnapshotCache {
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    /// `None` where the state could not be read after a change.
    tenants: HashMap<TenantId, Option<Arc<TenantSnapshot>>>,
    /// Whose the audiences are.
    audiences: HashMap<(HubId, Audience), TenantId>,
    /// The trusted hubs by their issuers; `None` where they could not be read after a change.
    hubs: Option<BTreeMap<String, Arc<Hub>>>,
}

impl Known {
    fn tenant(&self, id: TenantId) -> Result<Arc<TenantSnapshot>, SnapshotError> {
        match self.tenants.get(&id) {
            Some(Some(live)) => Ok(Arc::clone(live)),
            Some(None) => Err(SnapshotError::Unavailable),
            None => Err(SnapshotError::NoTenant),
        }
    }

    /// Puts a tenant's state in place of what was known of it; `None` where there is no such tenant any more.
    fn put(&mut self, id: TenantId, state: Option<TenantSnapshot>) {
        match self.tenants.remove(&id) {
            Some(Some(old)) => {
                for audience in old.audiences() {
                    // Another tenant may have taken the audience over in the same commit.
                    if self.audiences.get(&audience) == Some(&id) {
                        self.audiences.remove(&audience);
                    }
                }
            }
            Some(None) => self.audiences.retain(|_, holder| *holder != id),
            None => {}
        }
        if let Some(live) = state {
            self.audiences.extend(live.audiences().map(|audience| (audience, id)));
            self.tenants.insert(id, Some(Arc::new(live)));
        }
    }

    /// A tenant's state could not be read. Its audiences stay, so that who comes for them learns that it is for now.
    fn lose(&mut self, id: TenantId) {
        self.tenants.insert(id, None);
    }
}

fn hubs(view: &mut dyn View) -> Result<BTreeMap<String, Arc<Hub>>, StoreError> {
    Ok(view.hubs()?.into_iter().map(|hub| (hub.issuer.to_string(), Arc::new(hub))).collect())
}

impl SnapshotCache {
    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads every tenant and hub, before the first request.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn load(&self, view: &mut dyn View, operator: &OperatorScope) -> Result<(), StoreError> {
        let mut loaded = Known { hubs: Some(hubs(view)?), ..Known::default() };
        for tenant in view.tenants(operator)? {
            let scope = operator.tenant(tenant.id);
            loaded.put(tenant.id, Some(TenantSnapshot::load(view, &scope, tenant)?));
        }
        *self.write() = loaded;
        Ok(())
    }

    fn followed(
        &self,
        view: &mut dyn View,
        id: TenantId,
        changes: &[StateChange],
    ) -> Result<Option<TenantSnapshot>, StoreError> {
        let scope = TenantScope::of(id);
        let known = self.read().tenants.get(&id).cloned().flatten();
        let Some(tenant) = view.tenant(&scope)? else { return Ok(None) };
        let Some(known) = known else {
            return TenantSnapshot::load(view, &scope, tenant).map(Some);
        };
        let mut live = TenantSnapshot::clone(&known);
        live.tenant = tenant;
        for one in changes {
            live.follow(view, &scope, one)?;
        }
        Ok(Some(live))
    }
}

impl Snapshots for SnapshotCache {
    fn tenant(&self, scope: &TenantScope) -> Result<Arc<TenantSnapshot>, SnapshotError> {
        self.read().tenant(scope.tenant())
    }

    fn addressed(&self, hub: HubId, audience: &Audience) -> Result<Arc<TenantSnapshot>, SnapshotError> {
        let known = self.read();
        let holder = known.audiences.get(&(hub, audience.clone())).ok_or(SnapshotError::NoTenant)?;
        known.tenant(*holder)
    }
}

impl TrustedHubs for SnapshotCache {
    fn by_issuer(&self, issuer: &str) -> Option<Arc<Hub>> {
        self.read().hubs.as_ref()?.get(issuer).cloned()
    }

    fn by_id(&self, id: HubId) -> Option<Arc<Hub>> {
        self.read().hubs.as_ref()?.values().find(|hub| hub.id == id).cloned()
    }

    fn all(&self) -> Vec<Arc<Hub>> {
        self.read().hubs.iter().flat_map(BTreeMap::values).cloned().collect()
    }
}

impl CommitHook for SnapshotCache {
    fn on_commit(&self, view: &mut dyn View, changes: &[StateChange]) {
        let mut by_tenant: BTreeMap<TenantId, Vec<StateChange>> = BTreeMap::new();
        for one in changes {
            if let Some(tenant) = one.tenant() {
                by_tenant.entry(tenant).or_default().push(*one);
            }
        }
        // What cannot be read is not guessed: no hub is trusted, and the tenant is refused, until a later commit makes
        // it readable.
        if self.read().hubs.is_none() || changes.iter().any(|one| one.tenant().is_none()) {
            let hubs = hubs(view).ok();
            self.write().hubs = hubs;
        }
        for (id, changes) in by_tenant {
            match self.followed(view, id, &changes) {
                Ok(state) => self.write().put(id, state),
                Err(_) => self.write().lose(id),
            }
        }
    }
}
