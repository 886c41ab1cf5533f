//! A decision on a query: its effect, what led to it, and what it obliges to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::access::{Permission, Role, may};
use crate::approval::{ApprovalState, Unapproved};
use crate::as_text::named_enum;
use crate::dataset::{Hits, Location};
use crate::identity::Email;
use crate::ids::{HubId, PolicyId};
use crate::policy::allowance::{Allowance, LimitStatus};
use crate::policy::enforcement::Enforcement;
use crate::policy::metadata::{PolicyEntry, PolicyMetadata, PolicyOutcome};
use crate::policy::obligation::{
    Obligation, ObligationContext, ObligationError, Obligations, Release, Shortfall,
};
use crate::policy::policy_type::{Effect, Finding, PolicyType, Rule, Subject};
use crate::policy::purpose::Purpose;
use crate::policy::redactions::Redactions;
use crate::policy::revisions::PolicyRevision;

#[cfg(test)]
mod tests;

/// Who calls, or might.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'a> {
    /// An active member of the tenant, or who may become one.
    Member {
        /// Their role.
        role: Role,
        /// Their address, if that is known.
        email: Option<&'a Email>,
    },
    /// Somebody who may not act as a member of the tenant.
    Stranger {
        /// Their address, if they have one.
        email: Option<&'a Email>,
    },
    /// A user or guest of a hub.
    HubUser {
        /// The hub, if the tenant has an account on it: without one no token of the hub is made out to it.
        hub: Option<HubId>,
        /// Who they are there, as far as that is known.
        subject: Subject<'a>,
    },
}

/// Whether a query is let in, why, and what must be done for it.
pub struct Decision {
    /// Whether it is let in.
    pub effect: Effect,
    /// What led to it.
    pub diagnostics: Diagnostics,
    /// What must be done for a query that is let in, in the order of the stages.
    pub obligations: Vec<Demand>,
    /// How the limits stand that were looked at or taken from.
    pub limits: Vec<LimitStatus>,
    /// In how long the limits let the query in, where one of them does not, and that hangs on time alone.
    pub retry_after: Option<Duration>,
    /// The question, where it waits for approval or was denied, and nothing else keeps the query out.
    pub unapproved: Option<Unapproved>,
    /// The purposes of which the query must name one to be let in, where it names none.
    pub purposes: Vec<Purpose>,
    /// The rules that filter what is found.
    pub(super) filters: Vec<Arc<dyn Rule>>,
    /// The type of the policy that a caller is told of where the query is not let in.
    pub(super) refusing: Option<Arc<dyn PolicyType>>,
}

/// An obligation, and whose it is.
pub struct Demand {
    /// The policy, as it was compiled.
    pub policy: PolicyRevision,
    /// Its type.
    pub policy_type: Arc<dyn PolicyType>,
    /// What must be done.
    pub obligation: Arc<dyn Obligation>,
}

/// What led to a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    /// Why; this also tells the effect.
    pub reason: Reason,
    /// The rule that decided among the policies, where one did.
    pub decided_by: Option<Decider>,
    /// What each policy had to say, in the order in which they are asked: those that cannot be evaluated, then by stage, and
    /// those that deny first.
    pub policies: Vec<PolicyDiagnostic>,
}

/// The rule that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decider {
    /// Its policy.
    pub policy: PolicyId,
    /// Which change of the policy it was.
    pub revision: u64,
    /// Which part of the policy's configuration it was.
    pub rule: Arc<str>,
}

/// What one policy had to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDiagnostic {
    /// The policy.
    pub policy: PolicyId,
    /// Which change of the policy it was.
    pub revision: u64,
    /// Whether it decides.
    pub enforcement: Enforcement,
    /// What follows where it matches.
    pub effect: Effect,
    /// What it said.
    pub outcome: PolicyVerdict,
}

/// What one policy said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyVerdict {
    /// It matched, by this part of its configuration.
    Matched(Arc<str>),
    /// It did not match.
    NotMatched,
    /// It could not tell without the caller's address.
    AddressUnknown,
    /// It could not tell without the query's purpose.
    PurposeMissing,
    /// There is not enough left of what it demands.
    LimitReached,
    /// Nobody has approved the question.
    NotApproved,
    /// It cannot be evaluated: its type is unknown, or its configuration or a group that it names cannot be read.
    Unavailable,
    /// It was not asked, for the decision stood.
    Skipped,
}

named_enum! {
    /// Why a query is let in, or is not.
    pub enum Reason {
        /// A policy allows them.
        AllowedByPolicy = "allowed_by_policy",
        /// There are policies that deny alone, and none matches them.
        NotDenied = "not_denied",
        /// No policy says who may query, and they are a member who may.
        MemberOfTenant = "member_of_tenant",
        /// A policy denies them.
        DeniedByPolicy = "denied_by_policy",
        /// There are policies that allow, and none matches them.
        NoPolicyAllows = "no_policy_allows",
        /// They are a guest, and no policy allows guests.
        GuestsNotAdmitted = "guests_not_admitted",
        /// It hangs on their address, which is unknown.
        AddressUnknown = "address_unknown",
        /// A policy demands a purpose, and the query says none.
        PurposeMissing = "purpose_missing",
        /// No policy says who may query, and they are no member who may.
        NoAccessPolicy = "no_access_policy",
        /// The policies would let them in, but they are no active member whose role permits querying.
        MayNotQuery = "may_not_query",
        /// The endpoint is a draft, and they may not change it.
        EndpointDraft = "endpoint_draft",
        /// They are on a hub on which the tenant has no account.
        HubNotRegistered = "hub_not_registered",
        /// There is not enough left of what a policy demands.
        LimitReached = "limit_reached",
        /// The question waits for somebody's approval, or needs it.
        ReviewPending = "review_pending",
        /// The question was denied.
        ReviewDenied = "review_denied",
        /// A policy cannot be evaluated.
        PolicyUnavailable = "policy_unavailable",
    }
}

impl<'a> Caller<'a> {
    pub(super) fn subject(&self) -> Subject<'a> {
        match *self {
            Self::Member { email, .. } | Self::Stranger { email } => Subject::Identified { email },
            Self::HubUser { subject, .. } => subject,
        }
    }

    /// The hub that they come from, and on which the tenant has an account.
    pub(super) fn hub(&self) -> Option<HubId> {
        match *self {
            Self::HubUser { hub, .. } => hub,
            Self::Member { .. } | Self::Stranger { .. } => None,
        }
    }

    fn holds(&self, permission: Permission) -> bool {
        matches!(self, Self::Member { role, .. } if may(*role, permission))
    }

    /// Why they may not even know of an endpoint.
    pub(super) fn concealment(&self, published: bool, names_callers: bool) -> Option<Reason> {
        if matches!(self, Self::HubUser { hub: None, .. }) {
            Some(Reason::HubNotRegistered)
        } else if !published && !self.holds(Permission::WriteEndpoints) {
            Some(Reason::EndpointDraft)
        } else if !names_callers && !self.holds(Permission::Query) {
            Some(Reason::NoAccessPolicy)
        } else {
            None
        }
    }

    /// Whether they may query at all, where the policies let them in.
    pub(super) fn may_query(&self) -> bool {
        matches!(self, Self::HubUser { .. }) || self.holds(Permission::Query)
    }
}

impl Demand {
    fn decider(&self, rule: Arc<str>) -> Decider {
        let PolicyRevision { id, revision } = self.policy;
        Decider { policy: id, revision, rule }
    }
}

impl Diagnostics {
    /// The policy that the decision hangs on: the one whose rule decided, or the one that cannot be evaluated; `None` where it is not
    /// one of them alone.
    #[must_use]
    pub fn deciding_policy(&self) -> Option<PolicyRevision> {
        let decided = self.decided_by.as_ref();
        decided.map(|decider| PolicyRevision { id: decider.policy, revision: decider.revision }).or_else(
            || {
                let mut policies = self.policies.iter();
                let closed = policies.find(|diagnostic| diagnostic.outcome == PolicyVerdict::Unavailable)?;
                Some(PolicyRevision { id: closed.policy, revision: closed.revision })
            },
        )
    }
}

impl Decision {
    /// Whether the query is let in.
    #[must_use]
    pub fn is_allow(&self) -> bool {
        self.effect == Effect::Allow
    }

    /// The decision after a look at what its obligations would lead to now, and how what they take from stands, in the order of the stages,
    /// as far as that can be told. Nothing is taken.
    pub async fn look(mut self, context: &ObligationContext) -> (Self, Vec<Allowance>) {
        let demands = std::mem::take(&mut self.obligations);
        let (mut allowances, mut first) = (Vec::with_capacity(demands.len()), None);
        for (index, demand) in demands.iter().enumerate() {
            match demand.obligation.look(context).await {
                Ok(allowance) => allowances.extend(allowance),
                Err(error) => {
                    if let ObligationError::Shortfall(shortfall) = &error {
                        allowances.extend(shortfall.allowance.clone());
                    }
                    first.get_or_insert((index, demand, error));
                }
            }
        }
        match first {
            Some((index, demand, error)) => {
                self.deny(demand, error, demands.iter().skip(index.saturating_add(1)), context).await;
            }
            None => {
                self.limits.extend(allowances.iter().cloned().filter_map(Allowance::into_limit));
                self.obligations = demands;
            }
        }
        (self, allowances)
    }

    /// Performs the obligations. Where one cannot be performed, what was taken before is given back, and the decision that
    /// comes back denies. Where that is for want of approval what was taken comes back too: whoever holds it says how it is
    /// released once the question is filed.
    pub async fn perform(self, context: &ObligationContext) -> (Self, Obligations) {
        self.perform_rest(context, Obligations::default()).await
    }

    /// Performs those obligations that were not performed for the query already, and gives back first what was taken for policies
    /// that demand it no more: they are gone, or were changed. Otherwise as [`perform`](Self::perform) does.
    pub async fn perform_rest(
        mut self,
        context: &ObligationContext,
        mut performed: Obligations,
    ) -> (Self, Obligations) {
        self.give_back(&mut performed);
        let mut demands = std::mem::take(&mut self.obligations).into_iter();
        while let Some(demand) = demands.next() {
            if performed.holds(demand.policy) {
                continue;
            }
            match demand.obligation.perform(context).await {
                Ok(hold) => {
                    self.limits.extend(hold.status());
                    performed.add(demand.policy, hold);
                }
                Err(error @ ObligationError::Unapproved(_)) => {
                    self.deny(&demand, error, demands.as_slice().iter(), context).await;
                    return (self, performed);
                }
                Err(error) => {
                    performed.release(Release::Refused);
                    self.deny(&demand, error, demands.as_slice().iter(), context).await;
                    return (self, Obligations::default());
                }
            }
        }
        (self, performed)
    }

    /// Gives back what was performed for a query, and is not demanded any more.
    pub(crate) fn give_back(&self, performed: &mut Obligations) {
        performed.give_back(|policy| self.obligations.iter().any(|demand| demand.policy == policy));
    }

    /// Whether all that it obliges to was performed for the query, and nothing else.
    #[must_use]
    pub fn is_performed(&self, performed: &Obligations) -> bool {
        self.obligations.len() == performed.len()
            && self.obligations.iter().all(|demand| performed.holds(demand.policy))
    }

    /// Whether anything is taken from what was found.
    #[must_use]
    pub fn has_filters(&self) -> bool {
        !self.filters.is_empty()
    }

    /// Whether the event of the answer tells which documents it shows.
    #[must_use]
    pub fn records_shown(&self) -> bool {
        self.filters.iter().any(|rule| rule.records_shown())
    }

    /// What may be shown of what was found. Of a chunk that a filter has changed the heading and the anchor are left out: they
    /// are text of the document as well, and may say what the filter took away. So is the highlight, which was of another text.
    /// Also answers how often something was taken away.
    #[must_use]
    pub fn filter(&self, hits: Hits) -> (Hits, Redactions) {
        let mut redactions = Redactions::default();
        if !self.has_filters() {
            return (hits, redactions);
        }
        let found: Vec<Arc<str>> = hits.iter().map(|hit| Arc::clone(&hit.content)).collect();
        let mut shown = self.filters.iter().fold(hits, |hits, rule| rule.filter(hits, &mut redactions));
        for hit in &mut shown {
            if !found.iter().any(|content| Arc::ptr_eq(content, &hit.content)) {
                let location = Location { page: hit.location.page, ..Location::default() };
                hit.location = Arc::new(location);
                hit.highlight.clear();
            }
        }
        (shown, redactions)
    }

    /// What the caller learns of the policies. Where they let the query in, these are the entries of what was taken or held for it.
    #[must_use]
    pub fn metadata(&self, entries: Vec<PolicyEntry>) -> PolicyMetadata {
        match self.effect {
            Effect::Allow => PolicyMetadata { outcome: PolicyOutcome::Success, entries },
            Effect::Deny => {
                let is_shortfall = self.diagnostics.reason == Reason::LimitReached;
                let told = self.refusing.as_ref().map(|policy_type| match is_shortfall {
                    true => policy_type.shortfall(),
                    false => (policy_type.outcome(), policy_type.refusal()),
                });
                let (outcome, entry) = told.unzip();
                PolicyMetadata {
                    outcome: outcome.unwrap_or(PolicyOutcome::AccessDenied),
                    entries: entry.into_iter().collect(),
                }
            }
        }
    }

    /// Notes what the policy of a demand said in the end.
    fn note(&mut self, demand: &Demand, verdict: PolicyVerdict) {
        let mut policies = self.diagnostics.policies.iter_mut();
        if let Some(diagnostic) = policies.find(|diagnostic| diagnostic.policy == demand.policy.id) {
            diagnostic.outcome = verdict;
        }
    }

    /// Denies for want of what `demand` demands. Who waits until then would be refused by the demands behind it if there
    /// is less left of theirs: so these are looked at too.
    async fn deny<'a>(
        &mut self,
        demand: &Demand,
        error: ObligationError,
        others: impl Iterator<Item = &'a Demand>,
        context: &ObligationContext,
    ) {
        self.effect = Effect::Deny;
        self.refusing = Some(Arc::clone(&demand.policy_type));
        let Shortfall { rule, retry_after, allowance } = match error {
            ObligationError::Shortfall(shortfall) => shortfall,
            ObligationError::Unapproved(unapproved) => {
                let is_denied = matches!(unapproved.known, Some((_, ApprovalState::Denied)));
                self.diagnostics.reason =
                    if is_denied { Reason::ReviewDenied } else { Reason::ReviewPending };
                self.note(demand, PolicyVerdict::NotApproved);
                let rule = if is_denied { "denied" } else { "not approved" };
                self.diagnostics.decided_by = Some(demand.decider(rule.into()));
                self.unapproved = Some(*unapproved);
                return;
            }
            ObligationError::Unavailable => {
                self.diagnostics.reason = Reason::PolicyUnavailable;
                self.note(demand, PolicyVerdict::Unavailable);
                // What let the query in is not what keeps it out.
                self.diagnostics.decided_by = None;
                return;
            }
        };
        self.diagnostics.reason = Reason::LimitReached;
        self.note(demand, PolicyVerdict::LimitReached);
        self.diagnostics.decided_by = Some(demand.decider(rule));
        self.limits = allowance.and_then(Allowance::into_limit).into_iter().collect();
        self.retry_after = retry_after;
        for other in others {
            if let Err(ObligationError::Shortfall(Shortfall { retry_after, allowance, .. })) =
                other.obligation.look(context).await
            {
                self.limits.extend(allowance.and_then(Allowance::into_limit));
                self.retry_after = self.retry_after.zip(retry_after).map(|(one, other)| one.max(other));
            }
        }
    }
}

impl From<Finding> for PolicyVerdict {
    fn from(finding: Finding) -> Self {
        match finding {
            Finding::Matched(rule) => Self::Matched(rule),
            Finding::NotMatched => Self::NotMatched,
            Finding::AddressUnknown => Self::AddressUnknown,
            Finding::PurposeMissing => Self::PurposeMissing,
            Finding::Unavailable => Self::Unavailable,
        }
    }
}

impl Reason {
    /// What it leads to.
    #[must_use]
    pub fn effect(self) -> Effect {
        match self {
            Self::AllowedByPolicy | Self::NotDenied | Self::MemberOfTenant => Effect::Allow,
            Self::DeniedByPolicy
            | Self::NoPolicyAllows
            | Self::GuestsNotAdmitted
            | Self::AddressUnknown
            | Self::PurposeMissing
            | Self::NoAccessPolicy
            | Self::MayNotQuery
            | Self::EndpointDraft
            | Self::HubNotRegistered
            | Self::LimitReached
            | Self::ReviewPending
            | Self::ReviewDenied
            | Self::PolicyUnavailable => Effect::Deny,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
