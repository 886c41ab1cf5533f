//! The snapshots of all tenants, kept by following a store's commits.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::ids::{HubId, TenantId};
use crate::marketplace::ports::TrustedHubs;
use crate::marketplace::{Audience, Hub};
use crate::policy::PolicyTypes;
use crate::snapshot::{SnapshotError, Snapshots, TenantSnapshot};
use crate::store::{CommitHook, StateChange, StoreError, View};
use crate::tenant::{OperatorScope, TenantScope};

/// The snapshots of every tenant and of the installation, kept by following a store's commits.
#[derive(Default)]
pub struct SnapshotCache {
    policy_types: PolicyTypes,
    known: RwLock<Known>,
}

/// A tenant that is closed until a commit makes its state readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedTenant {
    /// The tenant.
    pub tenant: TenantId,
    /// Why its state could not be read.
    pub error: StoreError,
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
    /// An empty cache, which compiles policies of these types.
    #[must_use]
    pub fn new(policy_types: PolicyTypes) -> Self {
        Self { policy_types, known: RwLock::default() }
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads every tenant and hub, before the first request. A tenant whose state cannot be read is closed, and the
    /// others are served; the answer says which are closed, and why.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn load(
        &self,
        view: &mut dyn View,
        operator: &OperatorScope,
    ) -> Result<Vec<ClosedTenant>, StoreError> {
        let mut loaded = Known { hubs: Some(hubs(view)?), ..Known::default() };
        let mut closed = Vec::new();
        for id in view.tenant_ids(operator)? {
            match self.load_tenant(view, &operator.tenant(id)) {
                Ok(state) => loaded.put(id, state),
                Err(error @ StoreError::Failed(_)) => {
                    loaded.lose(id);
                    closed.push(ClosedTenant { tenant: id, error });
                }
                Err(error) => return Err(error),
            }
        }
        *self.write() = loaded;
        Ok(closed)
    }

    fn load_tenant(
        &self,
        view: &mut dyn View,
        scope: &TenantScope,
    ) -> Result<Option<TenantSnapshot>, StoreError> {
        // Of one whose removal has begun there is nothing to answer from.
        let Some(tenant) = view.tenant(scope)?.filter(|tenant| !tenant.is_going()) else { return Ok(None) };
        TenantSnapshot::load(view, scope, tenant, &self.policy_types).map(Some)
    }

    fn followed(
        &self,
        view: &mut dyn View,
        id: TenantId,
        changes: &[StateChange],
    ) -> Result<Option<TenantSnapshot>, StoreError> {
        let scope = TenantScope::of(id);
        let known = self.read().tenants.get(&id).cloned().flatten();
        let Some(known) = known else { return self.load_tenant(view, &scope) };
        let Some(tenant) = view.tenant(&scope)?.filter(|tenant| !tenant.is_going()) else { return Ok(None) };
        let mut live = TenantSnapshot::clone(&known);
        live.tenant = tenant;
        live.follow(view, &scope, &self.policy_types, changes)?;
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

    fn unavailable(&self) -> usize {
        self.read().tenants.values().filter(|state| state.is_none()).count()
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
                by_tenant.entry(tenant).or_default().push(one.clone());
            }
        }
        // What cannot be read is not guessed: no hub is trusted, and the tenant is refused, until a later commit makes
        // it readable.
        if self.read().hubs.is_none() || changes.iter().any(|change| change.tenant().is_none()) {
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
