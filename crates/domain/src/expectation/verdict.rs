//! What is decided on somebody by the rows of a view: the decision of the query path, of which the state alone is read here.
//!
//! What a snapshot holds of policies and groups is taken from it where it is of the same revision as the row.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::access::Role;
use crate::endpoint::ports::EndpointView;
use crate::endpoint::{Endpoint, Slug};
use crate::expectation::change::Change;
use crate::expectation::{Expectation, ExpectedVerdict};
use crate::group::ports::GroupView;
use crate::group::{GroupMemberships, GroupName, GroupSnapshot};
use crate::identity::Email;
use crate::identity::ports::AccountView;
use crate::ids::{EndpointId, HubId, PolicyId};
use crate::marketplace::ports::MarketplaceView;
use crate::marketplace::{Issuer, MarketplaceHubs};
use crate::page::every;
use crate::policy::ports::PolicyView;
use crate::policy::{
    Caller, CompiledPolicy, DecisionContext, Effect, HypotheticalCaller, PolicySet, PolicyTypes, QueryFacts,
    Reason, Resource, Subject,
};
use crate::snapshot::TenantSnapshot;
use crate::store::StoreError;
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// The rows on which a verdict hangs.
pub(super) trait Rows: AccountView + MarketplaceView + EndpointView + PolicyView + GroupView {}
impl<T: AccountView + MarketplaceView + EndpointView + PolicyView + GroupView + ?Sized> Rows for T {}

/// What is decided on somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) reason: Reason,
    /// The id and the name of the policy that decided, where one did, and which part of it.
    pub(super) decided_by: Option<(PolicyId, String, Arc<str>)>,
    /// Whether it is on a user of a hub.
    pub(super) from_hub: bool,
}

impl Verdict {
    /// Whether it is what is expected. One that hangs on what is not known is neither.
    pub(super) fn is(&self, expected: ExpectedVerdict) -> bool {
        match expected {
            ExpectedVerdict::Allowed => self.reason.effect() == Effect::Allow,
            ExpectedVerdict::Denied => {
                self.reason.effect() == Effect::Deny && self.reason != Reason::AddressUnknown
            }
        }
    }
}

/// What one unit of work or read has in common for all its verdicts: those from which a snapshot may spare it reading.
pub(super) struct Known<'a> {
    pub(super) snapshot: Option<&'a TenantSnapshot>,
    pub(super) types: &'a PolicyTypes,
    pub(super) now: Timestamp,
}

/// An endpoint as its rows have it.
pub(super) struct EndpointState {
    pub(super) slug: Slug,
    resource: Resource,
    policies: PolicySet,
    names: HashMap<PolicyId, String>,
}

impl EndpointState {
    /// About how many steps a verdict takes.
    pub(super) fn cost(&self) -> usize {
        // Whether it can be read is asked twice of each, and then who is in it.
        const GROUP_STEPS: usize = 3;
        let groups: usize = self.policies.iter().map(|policy| policy.groups().len()).sum();
        self.policies.cost().saturating_add(GROUP_STEPS.saturating_mul(groups))
    }
}

/// Decides by the rows of a view, each of which it reads once.
pub(super) struct Evaluator<'a, V: ?Sized> {
    view: &'a mut V,
    scope: &'a TenantScope,
    known: Known<'a>,
    /// What will be other than the rows have it.
    change: Option<&'a Change>,
    policies: HashMap<PolicyId, Arc<CompiledPolicy>>,
    /// The addresses of whom it is asked about: of a group that the snapshot does not know as it is, no others are looked for.
    emails: Vec<Email>,
    groups: GroupMemberships,
    read_groups: HashSet<GroupName>,
    roles: HashMap<Email, Option<Role>>,
    hubs: Option<MarketplaceHubs>,
}

impl<'a, V: Rows + ?Sized> Evaluator<'a, V> {
    pub(super) fn new<'e>(
        view: &'a mut V,
        scope: &'a TenantScope,
        known: Known<'a>,
        asked: impl Iterator<Item = &'e Expectation>,
        change: Option<&'a Change>,
    ) -> Self {
        let emails: HashSet<_> = asked.filter_map(|expectation| email_of(&expectation.caller)).collect();
        Self {
            view,
            scope,
            known,
            change,
            policies: HashMap::new(),
            emails: emails.into_iter().cloned().collect(),
            groups: GroupMemberships::default(),
            read_groups: HashSet::new(),
            roles: HashMap::new(),
            hubs: None,
        }
    }

    /// An endpoint by its id; `None` where it is gone.
    pub(super) fn endpoint(&mut self, id: EndpointId) -> Result<Option<EndpointState>, StoreError> {
        let Some(Endpoint { slug, published, .. }) = self.view.endpoint(self.scope, id)? else {
            return Ok(None);
        };
        let mut names = HashMap::new();
        let mut attached = Vec::new();
        for attachment in self.view.attachments(self.scope, Some(id))? {
            attached.push(self.policy(attachment.policy)?);
            names.insert(attachment.policy, attachment.name);
        }
        if let Some(Change::Policy { id, name, .. }) = self.change
            && let Some(known) = names.get_mut(id)
        {
            known.clone_from(name);
        }
        let policies = PolicySet::new(attached);
        for policy in policies.iter() {
            self.read_groups(policy.groups())?;
            if !policy.marketplaces().is_empty() {
                self.hubs()?;
            }
        }
        let resource = Resource { endpoint: id, published };
        Ok(Some(EndpointState { slug, resource, policies, names }))
    }

    /// What is decided on whom an expectation names: of several ways in which they may come, the first where it is not what is
    /// expected.
    pub(super) fn verdict(
        &mut self,
        endpoint: &EndpointState,
        expectation: &Expectation,
    ) -> Result<Verdict, StoreError> {
        let (role, hub) = match &expectation.caller {
            HypotheticalCaller::Address(email) => (self.role(email)?, None),
            HypotheticalCaller::HubUser { issuer, .. } => (None, self.registered(issuer)?),
        };
        let caller = expectation.caller.as_caller(role, hub);
        let verdict = self.decide(endpoint, expectation, &caller);
        if let HypotheticalCaller::Address(email) = &expectation.caller
            && expectation.verdict == ExpectedVerdict::Denied
            && verdict.is(ExpectedVerdict::Denied)
        {
            let hubs: BTreeSet<_> = self.hubs()?.hubs().collect();
            // Where no policy tells hubs apart, all of them are as the first.
            let are_told_apart = endpoint.policies.iter().any(|policy| !policy.marketplaces().is_empty());
            for hub in hubs.into_iter().take(if are_told_apart { usize::MAX } else { 1 }) {
                let caller =
                    Caller::HubUser { hub: Some(hub), subject: Subject::Identified { email: Some(email) } };
                let from_hub = self.decide(endpoint, expectation, &caller);
                if !from_hub.is(ExpectedVerdict::Denied) {
                    return Ok(from_hub);
                }
            }
        }
        Ok(verdict)
    }

    fn decide(&self, endpoint: &EndpointState, expectation: &Expectation, caller: &Caller<'_>) -> Verdict {
        let query = expectation.purpose.as_ref().map(|purpose| QueryFacts {
            purpose: Some(purpose),
            any_hour: true,
            ..QueryFacts::default()
        });
        let (groups, marketplaces) = (Some(&self.groups), self.hubs.as_ref());
        let context = DecisionContext { query, groups, marketplaces, ..DecisionContext::at(self.known.now) };
        let decided = endpoint.policies.decide(endpoint.resource, caller, &context).diagnostics;
        let decided_by = decided.decided_by.map(|decider| {
            let name = endpoint.names.get(&decider.policy).cloned().unwrap_or_default();
            (decider.policy, name, decider.rule)
        });
        Verdict { reason: decided.reason, decided_by, from_hub: matches!(caller, Caller::HubUser { .. }) }
    }

    fn policy(&mut self, id: PolicyId) -> Result<Arc<CompiledPolicy>, StoreError> {
        if let Some(read) = self.policies.get(&id) {
            return Ok(Arc::clone(read));
        }
        let types = self.known.types;
        let compiled = match self.change {
            Some(Change::Policy { id: changed, configuration, enforcement, .. }) if *changed == id => {
                let compiled = CompiledPolicy::compile(types, id, 0, configuration);
                Arc::new(compiled.enforced_as(*enforcement))
            }
            _ => self.stored_policy(id)?,
        };
        self.policies.insert(id, Arc::clone(&compiled));
        Ok(compiled)
    }

    fn stored_policy(&mut self, id: PolicyId) -> Result<Arc<CompiledPolicy>, StoreError> {
        let revision = self.view.policy_revision(self.scope, id)?;
        let known = self.known.snapshot.and_then(|snapshot| snapshot.policy(id));
        if let Some(known) = known.filter(|known| Some(known.revision) == revision) {
            return Ok(Arc::clone(known));
        }
        let missing = || StoreError::failed("a policy is attached that is not there");
        let policy = self.view.policy(self.scope, id)?.ok_or_else(missing)?;
        let types = self.known.types;
        let compiled = CompiledPolicy::compile(types, id, policy.revision, &policy.configuration);
        Ok(Arc::new(compiled.enforced_as(policy.enforcement)))
    }

    fn read_groups(&mut self, names: &[GroupName]) -> Result<(), StoreError> {
        for name in names {
            if !self.read_groups.insert(name.clone()) {
                continue;
            }
            let Some(group) = self.view.group_named(self.scope, name)? else { continue };
            let known = self.known.snapshot.and_then(|snapshot| snapshot.groups().get(name));
            let changes =
                matches!(self.change, Some(Change::Members { group: changed, .. }) if *changed == group.id);
            let same =
                known.filter(|known| !changes && (known.id, known.revision) == (group.id, group.revision));
            let members = if let Some(same) = same {
                same.clone()
            } else {
                let mut members = Vec::new();
                for email in &self.emails {
                    if Change::is_in(self.change, self.view, self.scope, group.id, email)? {
                        members.push(email.clone());
                    }
                }
                GroupSnapshot::of(group.id, group.revision, members)
            };
            self.groups.put(name.clone(), members);
        }
        Ok(())
    }

    /// The role of the member of an address, if they may act.
    fn role(&mut self, email: &Email) -> Result<Option<Role>, StoreError> {
        if let Some(Change::Role { email: changed, role }) = self.change
            && changed == email
        {
            return Ok(*role);
        }
        if let Some(known) = self.roles.get(email) {
            return Ok(*known);
        }
        let account = self.view.account_by_email(self.scope, email)?;
        let role = account.filter(|account| account.member.is_active()).map(|account| account.member.role);
        self.roles.insert(email.clone(), role);
        Ok(role)
    }

    /// The hubs on which the tenant has an account.
    fn hubs(&mut self) -> Result<&MarketplaceHubs, StoreError> {
        if self.hubs.is_none() {
            self.hubs = Some(if let Some(Change::Marketplaces { hubs, .. }) = self.change {
                hubs.clone()
            } else {
                MarketplaceHubs::of(&every(|page| self.view.marketplaces(self.scope, page))?)
            });
        }
        self.hubs.as_ref().ok_or_else(|| StoreError::failed("the hubs were just read"))
    }

    /// The hub of an issuer, if the tenant has an account on it.
    fn registered(&mut self, issuer: &Issuer) -> Result<Option<HubId>, StoreError> {
        let hub = match self.change {
            Some(Change::Marketplaces { issuer: Some((new, hub)), .. }) if new == issuer => Some(*hub),
            _ => self.view.hub_by_issuer(issuer)?.map(|hub| hub.id),
        };
        Ok(self.hubs()?.hubs().find(|other| Some(*other) == hub))
    }
}

/// The address of whom an expectation names, if it is known.
pub(super) fn email_of(caller: &HypotheticalCaller) -> Option<&Email> {
    match caller {
        HypotheticalCaller::Address(email) => Some(email),
        HypotheticalCaller::HubUser { email, .. } => email.as_ref(),
    }
}
