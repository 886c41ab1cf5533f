//! What the query path reads instead of a database: one immutable snapshot per tenant, swapped on commit.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use crate::access::Role;
use crate::dataset::IndexOf;
use crate::endpoint::{Endpoint, Slug};
use crate::identity::{AccountStatus, Email, Member};
use crate::ids::{AccountId, EndpointId, TenantId};
use crate::page::{Cursor, PageAsk, PageLimit};
use crate::policy::AccessRules;
use crate::store::{AfterCommit, StoreError, Touched, View};
use crate::tenant::{OperatorScope, Tenant, TenantScope};
use crate::time::Timestamp;

/// There is no live state to answer from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LiveError {
    /// There is no such tenant.
    #[error("there is no such tenant")]
    NoTenant,
    /// It could not be read after the last change, and nothing older may be used.
    #[error("the tenant's state could not be read after its last change")]
    Unavailable,
}

/// A member, as requests see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveMember {
    /// Their e-mail address.
    pub email: Email,
    /// Their role.
    pub role: Role,
    /// Whether both the membership and the account may be used.
    pub active: bool,
    /// Tokens issued before this are refused.
    pub tokens_from: Timestamp,
}

/// An endpoint, ready to be queried.
pub struct LiveEndpoint {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Where its documents are found.
    pub index: IndexOf,
    /// Who may query it.
    pub access: AccessRules,
}

/// All that requests need to know of a tenant.
#[derive(Clone)]
pub struct TenantLive {
    /// The tenant.
    pub tenant: Tenant,
    members: HashMap<AccountId, LiveMember>,
    endpoints: HashMap<Slug, Arc<LiveEndpoint>>,
    slugs: HashMap<EndpointId, Slug>,
}

impl TenantLive {
    /// One of its members.
    #[must_use]
    pub fn member(&self, account: AccountId) -> Option<&LiveMember> {
        self.members.get(&account)
    }

    /// One of its endpoints.
    #[must_use]
    pub fn endpoint(&self, slug: &str) -> Option<&Arc<LiveEndpoint>> {
        self.endpoints.get(slug)
    }

    fn load(view: &mut dyn View, scope: &TenantScope, tenant: Tenant) -> Result<Self, StoreError> {
        let mut live =
            Self { tenant, members: HashMap::new(), endpoints: HashMap::new(), slugs: HashMap::new() };
        let limit = PageLimit::parse(u64::from(PageLimit::MAX)).unwrap_or(PageLimit::DEFAULT);
        let mut after: Option<Cursor<AccountId>> = None;
        loop {
            let page = view.members(scope, PageAsk { limit, after })?;
            live.members
                .extend(page.items.into_iter().map(|one| (one.membership.account, LiveMember::from(one))));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut after: Option<Cursor<EndpointId>> = None;
        loop {
            let page = view.endpoints(scope, PageAsk { limit, after })?;
            for endpoint in page.items {
                live.put_endpoint(view, scope, endpoint)?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(live);
            }
        }
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
        let live = LiveEndpoint { index: dataset.index(), access, endpoint: one };
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
        touched: &Touched,
    ) -> Result<(), StoreError> {
        match *touched {
            Touched::Tenant(_) => {}
            Touched::Member(_, account) => match view.member(scope, account)? {
                Some(member) => {
                    self.members.insert(account, member.into());
                }
                None => {
                    self.members.remove(&account);
                }
            },
            Touched::Endpoint(_, id) => match view.endpoint(scope, id)? {
                Some(endpoint) => self.put_endpoint(view, scope, endpoint)?,
                None => self.drop_endpoint(id),
            },
        }
        Ok(())
    }
}

impl From<Member> for LiveMember {
    fn from(member: Member) -> Self {
        let active = [member.membership.status, member.account_status] == [AccountStatus::Active; 2];
        Self {
            email: member.email,
            role: member.membership.role,
            active,
            tokens_from: member.membership.tokens_from,
        }
    }
}

/// Answers from memory what requests need to know.
pub trait LiveState: Send + Sync {
    /// The snapshot of a tenant, as of the last commit.
    ///
    /// # Errors
    /// When there is no such tenant, or its state is not to be had.
    fn tenant(&self, scope: &TenantScope) -> Result<Arc<TenantLive>, LiveError>;
}

/// The live state of every tenant, kept by following a store's commits.
#[derive(Default)]
pub struct LiveCache {
    /// `None` where the state could not be read after a change.
    tenants: RwLock<HashMap<TenantId, Option<Arc<TenantLive>>>>,
}

impl LiveCache {
    /// Reads every tenant, before the first request.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn load(&self, view: &mut dyn View, operator: &OperatorScope) -> Result<(), StoreError> {
        let mut loaded = HashMap::new();
        for tenant in view.tenants(operator)? {
            let scope = operator.tenant(tenant.id);
            loaded.insert(tenant.id, Some(Arc::new(TenantLive::load(view, &scope, tenant)?)));
        }
        *self.tenants.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(())
    }

    fn followed(
        &self,
        view: &mut dyn View,
        id: TenantId,
        touched: &[Touched],
    ) -> Result<Option<TenantLive>, StoreError> {
        let scope = TenantScope::of(id);
        let known = self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned().flatten();
        let Some(tenant) = view.tenant(&scope)? else { return Ok(None) };
        let Some(known) = known else {
            return TenantLive::load(view, &scope, tenant).map(Some);
        };
        let mut live = TenantLive::clone(&known);
        live.tenant = tenant;
        for one in touched {
            live.follow(view, &scope, one)?;
        }
        Ok(Some(live))
    }
}

impl LiveState for LiveCache {
    fn tenant(&self, scope: &TenantScope) -> Result<Arc<TenantLive>, LiveError> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        match tenants.get(&scope.tenant()) {
            Some(Some(live)) => Ok(Arc::clone(live)),
            Some(None) => Err(LiveError::Unavailable),
            None => Err(LiveError::NoTenant),
        }
    }
}

impl AfterCommit for LiveCache {
    fn committed(&self, view: &mut dyn View, touched: &[Touched]) {
        let mut by_tenant: BTreeMap<TenantId, Vec<Touched>> = BTreeMap::new();
        for one in touched {
            by_tenant.entry(one.tenant()).or_default().push(*one);
        }
        for (id, touched) in by_tenant {
            // What cannot be read is not guessed: its tenant is refused until a later commit makes it readable.
            let followed = self.followed(view, id, &touched);
            let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
            match followed {
                Ok(Some(live)) => tenants.insert(id, Some(Arc::new(live))),
                Ok(None) => tenants.remove(&id),
                Err(_) => tenants.insert(id, None),
            };
        }
    }
}
