//! The snapshot of one tenant.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::access::Role;
use crate::dataset::Searched;
use crate::endpoint::{Endpoint, EndpointName, Slug};
use crate::group::{Group, GroupMemberships, GroupSnapshot};
use crate::identity::{ApiKey, Email, LastNoted, Member};
use crate::ids::{
    AccountId, ApiKeyId, DatasetId, EndpointId, GroupId, HubId, MarketplaceId, PolicyId, SessionId,
};
use crate::marketplace::{Audience, Marketplace, MarketplaceHubs};
use crate::page::every;
use crate::policy::ports::Attachment;
use crate::policy::{Caller, CompiledPolicy, Decision, DecisionContext, PolicySet, PolicyTypes, Resource};
use crate::store::{StateChange, StoreError, View};
use crate::tenant::{Tenant, TenantScope};
use crate::time::Timestamp;

/// A member, as requests see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberSnapshot {
    /// Their e-mail address.
    pub email: Email,
    /// Their role.
    pub role: Role,
    /// Whether the account may be used.
    pub active: bool,
    /// Whether it has a second factor.
    pub has_second_factor: bool,
    /// Whether it has a password.
    pub has_password: bool,
    /// Whether its password demands a second factor.
    pub short_password: bool,
    /// When a session of it last began.
    pub last_login_at: Option<Timestamp>,
    /// Their sessions, in order: an access token of any other is good for nothing.
    pub sessions: Arc<[SessionId]>,
}

/// An API key, as requests see it.
#[derive(Debug)]
pub struct ApiKeySnapshot {
    /// The key.
    pub key: ApiKey,
    pub(crate) noted: Arc<LastNoted>,
}

impl ApiKeySnapshot {
    /// When it was last used, to about a minute.
    #[must_use]
    pub fn last_used_at(&self) -> Option<Timestamp> {
        self.noted.last()
    }
}

/// An endpoint, ready to be queried.
pub struct EndpointSnapshot {
    /// Its id.
    pub id: EndpointId,
    /// Its name in its URL.
    pub slug: Slug,
    /// Whether it is more than a draft.
    pub published: bool,
    /// Where its documents are found.
    pub searched: Searched,
    /// The policies attached to it.
    pub policies: PolicySet,
}

impl EndpointSnapshot {
    /// Whether a caller may know of it.
    #[must_use]
    pub fn is_visible(&self, caller: &Caller<'_>) -> bool {
        self.policies.is_visible(self.published, caller)
    }

    /// Decides whether a caller may query it.
    #[must_use]
    pub fn decide(&self, caller: &Caller<'_>, context: &DecisionContext<'_>) -> Decision {
        let resource = Resource { endpoint: self.id, published: self.published };
        self.policies.decide(resource, caller, context)
    }

    /// Decides as if the policies in shadow decided too; `None` where none is in shadow.
    #[must_use]
    pub fn decide_with_shadow(&self, caller: &Caller<'_>, context: &DecisionContext<'_>) -> Option<Decision> {
        let resource = Resource { endpoint: self.id, published: self.published };
        self.policies.decide_with_shadow(resource, caller, context)
    }
}

/// All that requests need to know of a tenant. A change copies the one map that it is about, and of that no more than
/// pointers.
#[derive(Clone)]
pub struct TenantSnapshot {
    /// The tenant.
    pub tenant: Tenant,
    members: Arc<HashMap<AccountId, Arc<MemberSnapshot>>>,
    /// Those that have ended too, as long as they are kept.
    api_keys: Arc<HashMap<ApiKeyId, Arc<ApiKeySnapshot>>>,
    endpoints: Arc<HashMap<Slug, Arc<EndpointSnapshot>>>,
    /// Those that are attached to an endpoint.
    policies: Arc<HashMap<PolicyId, Arc<CompiledPolicy>>>,
    groups: Arc<GroupMemberships>,
    marketplaces: Arc<HashMap<MarketplaceId, Arc<Marketplace>>>,
    marketplace_hubs: Arc<MarketplaceHubs>,
}

impl TenantSnapshot {
    /// One of its members.
    #[must_use]
    pub fn member(&self, account: AccountId) -> Option<&MemberSnapshot> {
        self.members.get(&account).map(Arc::as_ref)
    }

    /// The accounts of all its members, in no order.
    pub fn members(&self) -> impl Iterator<Item = AccountId> {
        self.members.keys().copied()
    }

    /// All its API keys, in no order.
    pub fn api_keys(&self) -> impl Iterator<Item = &Arc<ApiKeySnapshot>> {
        self.api_keys.values()
    }

    /// All its endpoints, in no order.
    pub fn endpoints(&self) -> impl Iterator<Item = &EndpointSnapshot> {
        self.endpoints.values().map(Arc::as_ref)
    }

    /// One of its API keys.
    #[must_use]
    pub fn api_key(&self, id: ApiKeyId) -> Option<&Arc<ApiKeySnapshot>> {
        self.api_keys.get(&id)
    }

    /// Whether an address is a member's, who may act or not.
    #[must_use]
    pub fn has_member(&self, email: &Email) -> bool {
        self.members.values().any(|member| member.email == *email)
    }

    /// The member of an address, if they may act.
    #[must_use]
    pub fn active_member(&self, email: &Email) -> Option<(AccountId, &MemberSnapshot)> {
        let mut members = self.members.iter().map(|(account, member)| (*account, member.as_ref()));
        members.find(|(_, member)| member.active && member.email == *email)
    }

    /// One of its endpoints.
    #[must_use]
    pub fn endpoint(&self, slug: &str) -> Option<&Arc<EndpointSnapshot>> {
        self.endpoints.get(slug)
    }

    /// One of its endpoints.
    #[must_use]
    pub fn endpoint_named(&self, name: &EndpointName) -> Option<&Arc<EndpointSnapshot>> {
        match name {
            EndpointName::Id(id) => self.endpoints.values().find(|endpoint| endpoint.id == *id),
            EndpointName::Slug(slug) => self.endpoints.get(slug),
        }
    }

    /// Who is in each of its groups.
    #[must_use]
    pub fn groups(&self) -> &GroupMemberships {
        &self.groups
    }

    /// One of the policies that are attached to an endpoint.
    pub(crate) fn policy(&self, id: PolicyId) -> Option<&Arc<CompiledPolicy>> {
        self.policies.get(&id)
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

    /// Which hub each of its marketplaces is on, by its name.
    #[must_use]
    pub fn marketplace_hubs(&self) -> &MarketplaceHubs {
        &self.marketplace_hubs
    }

    /// What a decision of its policies hangs on at a time, besides the caller and the query.
    #[must_use]
    pub fn decision_context(&self, now: Timestamp) -> DecisionContext<'_> {
        DecisionContext {
            now,
            query: None,
            tenant: Some(self.tenant.id),
            groups: Some(&self.groups),
            marketplaces: Some(&self.marketplace_hubs),
        }
    }

    /// That one of its marketplaces to which satellite tokens of this hub and audience are made out.
    #[must_use]
    pub fn addressed(&self, hub: HubId, audience: &Audience) -> Option<&Arc<Marketplace>> {
        self.marketplaces()
            .find(|marketplace| marketplace.hub == hub && marketplace.audiences().any(|own| own == *audience))
    }

    pub(super) fn audiences(&self) -> impl Iterator<Item = (HubId, Audience)> {
        self.marketplaces()
            .flat_map(|marketplace| marketplace.audiences().map(|audience| (marketplace.hub, audience)))
    }

    /// Whether everybody is decided on as by another snapshot of the tenant: whatever else of members has changed, such as their
    /// sessions.
    pub(crate) fn decides_as(&self, other: &Self) -> bool {
        let deciding = |member: &Arc<MemberSnapshot>| (member.email.clone(), member.role, member.active);
        let same_members = || {
            self.members.len() == other.members.len()
                && self.members.iter().all(|(account, member)| {
                    other.members.get(account).is_some_and(|other| {
                        Arc::ptr_eq(member, other) || deciding(member) == deciding(other)
                    })
                })
        };
        Arc::ptr_eq(&self.endpoints, &other.endpoints)
            && Arc::ptr_eq(&self.groups, &other.groups)
            && self.marketplace_hubs == other.marketplace_hubs
            && (Arc::ptr_eq(&self.members, &other.members) || same_members())
    }

    /// Reads all of a tenant.
    pub(super) fn load(
        view: &mut dyn View,
        scope: &TenantScope,
        tenant: Tenant,
        types: &PolicyTypes,
    ) -> Result<Self, StoreError> {
        let members = every(|page| view.members(scope, page))?;
        let api_keys = every(|page| view.api_keys(scope, None, page))?;
        let marketplaces = every(|page| view.marketplaces(scope, page))?;
        let datasets = view.all_datasets(scope)?;
        let searched: HashMap<DatasetId, Searched> =
            datasets.iter().map(|dataset| (dataset.id, dataset.searched())).collect();
        let endpoints = every(|page| view.endpoints(scope, page))?;
        let mut groups = GroupMemberships::default();
        for group in every(|page| view.groups(scope, page))? {
            put_group(&mut groups, view, scope, group)?;
        }
        let mut attached: BTreeMap<EndpointId, Vec<Attachment>> = BTreeMap::new();
        if !endpoints.is_empty() {
            for one in view.attachments(scope, None)? {
                attached.entry(one.endpoint).or_default().push(one);
            }
        }
        let mut sessions: HashMap<AccountId, Vec<SessionId>> = HashMap::new();
        for (account, id) in view.session_ids(scope, None)? {
            sessions.entry(account).or_default().push(id);
        }
        let members = members.into_iter().map(|member| {
            let sessions = sessions.remove(&member.account).unwrap_or_default();
            (member.account, Arc::new(MemberSnapshot::new(member, sessions)))
        });
        let marketplace_hubs = Arc::new(MarketplaceHubs::of(&marketplaces));
        let marketplaces =
            marketplaces.into_iter().map(|marketplace| (marketplace.id, Arc::new(marketplace)));
        let mut snapshot = Self {
            tenant,
            members: Arc::new(members.collect()),
            api_keys: Arc::new(api_keys.into_iter().map(|key| (key.id, snapshot_of(key, None))).collect()),
            endpoints: Arc::new(HashMap::with_capacity(endpoints.len())),
            policies: Arc::default(),
            groups: Arc::new(groups),
            marketplaces: Arc::new(marketplaces.collect()),
            marketplace_hubs,
        };
        let mut current = HashSet::new();
        for endpoint in endpoints {
            let searched = found(searched.get(&endpoint.dataset).cloned())?;
            let attached = attached.remove(&endpoint.id).unwrap_or_default();
            let policies = snapshot.policy_set(view, scope, types, &attached, &mut current)?;
            drop(snapshot.put_endpoint(endpoint, searched, policies));
        }
        Arc::make_mut(&mut snapshot.policies).shrink_to_fit();
        Ok(snapshot)
    }

    /// Makes the changes of a commit.
    pub(super) fn follow(
        &mut self,
        view: &mut dyn View,
        scope: &TenantScope,
        types: &PolicyTypes,
        changes: &[StateChange],
    ) -> Result<(), StoreError> {
        let (mut detached, mut current) = (HashSet::new(), HashSet::new());
        for change in changes {
            match change.clone() {
                StateChange::Tenant(_) | StateChange::Hub(_) => {}
                StateChange::Marketplace(_, id) => {
                    let found = view.marketplace(scope, id)?.map(Arc::new);
                    put_or_remove(Arc::make_mut(&mut self.marketplaces).entry(id), found);
                    let all = self.marketplaces.values().map(Arc::as_ref);
                    self.marketplace_hubs = Arc::new(MarketplaceHubs::of(all));
                }
                StateChange::Member(_, account) => {
                    let sessions = view.session_ids(scope, Some(account))?;
                    let sessions = sessions.into_iter().map(|(_, id)| id).collect();
                    let found = view.member(scope, account)?;
                    let found = found.map(|member| Arc::new(MemberSnapshot::new(member, sessions)));
                    put_or_remove(Arc::make_mut(&mut self.members).entry(account), found);
                }
                StateChange::ApiKey(_, id) => {
                    let found = view.api_key(scope, id)?;
                    let found = found.map(|key| snapshot_of(key, self.api_keys.get(&id).map(Arc::as_ref)));
                    put_or_remove(Arc::make_mut(&mut self.api_keys).entry(id), found);
                }
                StateChange::Group(_, id) => self.follow_group(view, scope, id)?,
                StateChange::GroupMember(_, id, email) => {
                    let is_member = view.has_group_member(scope, id, &email)?;
                    Arc::make_mut(&mut self.groups).set(id, email, is_member);
                }
                StateChange::Endpoint(_, id) => {
                    detached.extend(self.remove_endpoint(id));
                    if let Some(endpoint) = view.endpoint(scope, id)? {
                        let dataset = view.dataset(scope, endpoint.dataset)?;
                        let searched = found(dataset.map(|dataset| dataset.searched()))?;
                        let attached = view.attachments(scope, Some(id))?;
                        let policies = self.policy_set(view, scope, types, &attached, &mut current)?;
                        detached.extend(self.put_endpoint(endpoint, searched, policies));
                    }
                }
            }
        }
        for endpoint in self.endpoints.values() {
            if detached.is_empty() {
                break;
            }
            for policy in endpoint.policies.attached() {
                detached.remove(&policy.id);
            }
        }
        if !detached.is_empty() {
            Arc::make_mut(&mut self.policies).retain(|id, _| !detached.contains(id));
        }
        Ok(())
    }

    /// Makes the change of a group itself. Who is in it is read only where that is not known: one address after the other is told of
    /// by itself.
    fn follow_group(
        &mut self,
        view: &mut dyn View,
        scope: &TenantScope,
        id: GroupId,
    ) -> Result<(), StoreError> {
        let found = view.group(scope, id)?;
        let groups = Arc::make_mut(&mut self.groups);
        match (found, groups.by_id(id).filter(GroupSnapshot::is_readable)) {
            (None, _) => groups.remove(id),
            (Some(group), Some(known)) => groups.put(group.name, known.at(group.revision)),
            (Some(group), None) => put_group(groups, view, scope, group)?,
        }
        Ok(())
    }

    /// Policies that are attached, each read once however many endpoints have it. Those in `current` are known to be as
    /// they are stored now.
    fn policy_set(
        &mut self,
        view: &mut dyn View,
        scope: &TenantScope,
        types: &PolicyTypes,
        attached: &[Attachment],
        current: &mut HashSet<PolicyId>,
    ) -> Result<PolicySet, StoreError> {
        let missing = || StoreError::failed("a policy is attached that is not there");
        let mut set = Vec::with_capacity(attached.len());
        for id in attached.iter().map(|attachment| attachment.policy) {
            let mut known = self.policies.get(&id).map(Arc::clone);
            if current.insert(id)
                && let Some(policy) = &known
                && view.policy_revision(scope, id)? != Some(policy.revision)
            {
                known = None;
            }
            set.push(if let Some(known) = known {
                known
            } else {
                let policy = view.policy(scope, id)?.ok_or_else(missing)?;
                let compiled = CompiledPolicy::compile(types, id, policy.revision, &policy.configuration);
                let compiled = Arc::new(compiled.enforced_as(policy.enforcement));
                Arc::make_mut(&mut self.policies).insert(id, Arc::clone(&compiled));
                compiled
            });
        }
        Ok(PolicySet::new(set))
    }

    /// Puts an endpoint in the place of the one of its slug; answers which policies that one had.
    fn put_endpoint(&mut self, endpoint: Endpoint, searched: Searched, policies: PolicySet) -> Vec<PolicyId> {
        let Endpoint { id, slug, published, .. } = endpoint;
        let snapshot = EndpointSnapshot { id, slug: slug.clone(), published, searched, policies };
        let replaced = Arc::make_mut(&mut self.endpoints).insert(slug, Arc::new(snapshot));
        replaced.map_or_else(Vec::new, |replaced| replaced.policies.ids())
    }

    /// Removes an endpoint; answers which policies it had.
    fn remove_endpoint(&mut self, id: EndpointId) -> Vec<PolicyId> {
        // Found by its id: another endpoint may have taken its slug over in the same commit.
        let Some(known) = self.endpoints.values().find(|endpoint| endpoint.id == id).map(Arc::clone) else {
            return Vec::new();
        };
        Arc::make_mut(&mut self.endpoints).remove(&known.slug);
        known.policies.ids()
    }
}

/// Reads who is in a group.
fn put_group(
    groups: &mut GroupMemberships,
    view: &mut dyn View,
    scope: &TenantScope,
    group: Group,
) -> Result<(), StoreError> {
    let members = view.stored_group_members(scope, group.id)?;
    groups.put(group.name, GroupSnapshot::of_stored(group.id, group.revision, &members));
    Ok(())
}

fn found(searched: Option<Searched>) -> Result<Searched, StoreError> {
    searched.ok_or_else(|| StoreError::failed("an endpoint searches a dataset that is not there"))
}

/// The snapshot of a key. When it was last noted as used is known of the one before it, of which a store may not know yet.
fn snapshot_of(key: ApiKey, before: Option<&ApiKeySnapshot>) -> Arc<ApiKeySnapshot> {
    let noted = before.map_or_else(|| LastNoted::of(key.last_used_at), |before| Arc::clone(&before.noted));
    Arc::new(ApiKeySnapshot { key, noted })
}

fn put_or_remove<K, V>(entry: Entry<'_, K, V>, value: Option<V>) {
    match (entry, value) {
        (entry, Some(value)) => drop(entry.insert_entry(value)),
        (Entry::Occupied(entry), None) => drop(entry.remove()),
        (Entry::Vacant(_), None) => {}
    }
}

impl MemberSnapshot {
    fn new(member: Member, mut sessions: Vec<SessionId>) -> Self {
        sessions.sort_unstable();
        Self {
            active: member.is_active(),
            email: member.email,
            role: member.role,
            has_second_factor: member.second_factor_since.is_some(),
            has_password: member.has_password,
            short_password: member.short_password,
            last_login_at: member.last_login_at,
            sessions: sessions.into(),
        }
    }

    /// Whether this is one of their sessions.
    #[must_use]
    pub fn has_session(&self, id: SessionId) -> bool {
        self.sessions.binary_search(&id).is_ok()
    }
}
