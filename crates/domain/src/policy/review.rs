//! The access review: who can query what, and why, of a whole tenant.
//!
//! Whoever could call is a subject: each member, each API key that works, and of each marketplace its users and its guests. What
//! a subject can query is what [`explain`](super::explain) says of each endpoint.

use crate::access::{Permission, may};
use crate::identity::{ApiKey, AuthorizationError, Principal};
use crate::ids::{AccountId, MarketplaceId};
use crate::page::{Cursor, Page, PageRequest};
use crate::policy::{
    Access, Caller, Decision, Effect, PolicyRevision, Reason, ReviewCursor, ReviewDigest, ReviewedKey,
    ReviewedMember, ReviewedSubject, Subject, SubjectKey,
};
use crate::snapshot::{ApiKeySnapshot, EndpointSnapshot, MemberSnapshot, TenantSnapshot};
use crate::space::Space;
use crate::time::Timestamp;

/// What whoever reviews access may do: they learn of all of it.
pub const REVIEW_PERMISSIONS: [Permission; 3] =
    [Permission::ReadAudit, Permission::ReadMembers, Permission::ReadMetadata];

/// Decisions on one page at most, so that a tenant of many endpoints has fewer subjects on each.
const MAX_DECISIONS: usize = 10_000;

/// A part of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewPage {
    /// The subjects of it.
    pub subjects: Page<ReviewedSubject, ReviewCursor>,
    /// Of the whole review, where this is its end: what a sign-off names.
    pub digest: Option<ReviewDigest>,
}

impl EndpointSnapshot {
    /// The decision on a query that somebody might make now, without any effect.
    #[must_use]
    pub fn look(&self, caller: &Caller<'_>, now: Timestamp) -> Decision {
        self.decide(caller, now).look(now)
    }
}

/// A part of the review of the caller's tenant, as of one moment. Members who are disabled are in it and can query nothing; API
/// keys that have ended are not.
///
/// # Errors
/// When the caller's role does not permit it, or not any more.
pub fn access_review(
    space: &Space,
    principal: &Principal,
    page: PageRequest<ReviewCursor>,
) -> Result<ReviewPage, AuthorizationError> {
    let current = check_reviewer(space, principal)?;
    let review = Review::of(current.snapshot(), space.clock.now());
    let limit = page.limit.at_most(review.subjects_on_page());
    let (after, mut digest) = match page.after {
        Some(Cursor(ReviewCursor { after, digest })) => (Some(after), digest),
        None => (None, ReviewDigest::default()),
    };
    let Page { items, next } = Page::read(review.subjects(after), limit, |subject| {
        Ok::<_, AuthorizationError>((subject.key, subject))
    })?;
    for subject in &items {
        digest = digest.and(subject);
    }
    let next = next.map(|Cursor(after)| Cursor(ReviewCursor { after, digest }));
    Ok(ReviewPage { digest: next.is_none().then_some(digest), subjects: Page { items, next } })
}

/// The caller as of now, who may review: they may have waited for their turn.
pub(super) fn check_reviewer(space: &Space, principal: &Principal) -> Result<Principal, AuthorizationError> {
    for permission in REVIEW_PERMISSIONS {
        principal.scope(permission)?;
    }
    let mut current = principal.clone();
    for permission in REVIEW_PERMISSIONS {
        current = current.recheck_reader(space, permission)?;
    }
    Ok(current)
}

/// All of a tenant's review, of which each part is made when it is asked for.
pub(super) struct Review<'a> {
    live: &'a TenantSnapshot,
    /// In the order of their slugs.
    endpoints: Vec<&'a EndpointSnapshot>,
    now: Timestamp,
}

impl<'a> Review<'a> {
    pub(super) fn of(live: &'a TenantSnapshot, now: Timestamp) -> Self {
        let mut endpoints: Vec<_> = live.endpoints().collect();
        endpoints.sort_unstable_by(|one, other| one.slug.cmp(&other.slug));
        Self { live, endpoints, now }
    }

    /// How many subjects a page has at most.
    pub(super) fn subjects_on_page(&self) -> usize {
        (MAX_DECISIONS / self.endpoints.len().max(1)).max(1)
    }

    /// All subjects, in order.
    pub(super) fn keys(&self) -> Vec<SubjectKey> {
        let marketplaces = || self.live.marketplaces().map(|marketplace| marketplace.id);
        let mut keys: Vec<SubjectKey> = (self.live.members().map(SubjectKey::Member))
            .chain(self.live.api_keys().map(|known| SubjectKey::ApiKey(known.key.id)))
            .chain(marketplaces().map(SubjectKey::HubUsers))
            .chain(marketplaces().map(SubjectKey::HubGuests))
            .collect();
        keys.sort_unstable();
        keys
    }

    /// The subjects behind one, or all, each made when it is asked for.
    fn subjects(&self, after: Option<SubjectKey>) -> impl Iterator<Item = ReviewedSubject> {
        let keys = self.keys().into_iter().filter(move |key| after.is_none_or(|after| *key > after));
        keys.filter_map(|key| self.subject(key))
    }

    pub(super) fn subject(&self, key: SubjectKey) -> Option<ReviewedSubject> {
        match key {
            SubjectKey::Member(account) => self.member(account),
            SubjectKey::ApiKey(id) => self.api_key(self.live.api_key(id)?),
            SubjectKey::HubUsers(id) => self.hub(key, id, Subject::Identified { email: None }),
            SubjectKey::HubGuests(id) => self.hub(key, id, Subject::Guest),
        }
    }

    fn member(&self, account: AccountId) -> Option<ReviewedSubject> {
        let known = self.live.member(account)?;
        Some(ReviewedSubject {
            key: SubjectKey::Member(account),
            name: known.email.to_string(),
            member: Some(self.reviewed(account, known)),
            api_key: None,
            last_used_at: known.last_login_at,
            reads_content: reads_content(known),
            access: self.access_of(known, |_| true),
        })
    }

    fn api_key(&self, known: &ApiKeySnapshot) -> Option<ReviewedSubject> {
        let (key, max_days) = (&known.key, self.live.tenant.max_key_days);
        let ends_at = key.ends_at(max_days);
        let holder = self.live.member(key.account).filter(|_| self.now < ends_at)?;
        let last_used_at = known.last_used_at();
        let used = ApiKey { last_used_at, ..key.clone() };
        let may_query = key.terms.hold(Permission::Query);
        Some(ReviewedSubject {
            key: SubjectKey::ApiKey(key.id),
            name: key.name.to_string(),
            member: Some(self.reviewed(key.account, holder)),
            api_key: Some(ReviewedKey {
                ends_at,
                is_due: key.is_due(max_days, self.now),
                is_unused: used.is_unused(self.now),
            }),
            last_used_at,
            reads_content: reads_content(holder) && key.terms.hold(Permission::ReadContent),
            access: self.access_of(holder, |endpoint| may_query && key.terms.reach(endpoint.id)),
        })
    }

    fn hub(&self, key: SubjectKey, id: MarketplaceId, subject: Subject<'_>) -> Option<ReviewedSubject> {
        let marketplace = self.live.marketplace(id)?;
        Some(ReviewedSubject {
            key,
            name: marketplace.name.to_string(),
            member: None,
            api_key: None,
            last_used_at: None,
            reads_content: false,
            access: self.access(&Caller::HubUser { registered: true, subject }, |_| true),
        })
    }

    fn reviewed(&self, account: AccountId, known: &MemberSnapshot) -> ReviewedMember {
        let needs = self.live.tenant.needs_second_factor(known.role) || known.short_password;
        ReviewedMember {
            account,
            email: known.email.clone(),
            role: known.role,
            is_active: known.active,
            has_second_factor: known.has_second_factor,
            must_enrol: needs && !known.has_second_factor,
        }
    }

    fn access_of(&self, member: &MemberSnapshot, reaches: impl Fn(&EndpointSnapshot) -> bool) -> Vec<Access> {
        if !member.active {
            return Vec::new();
        }
        self.access(&Caller::Member { role: member.role, email: &member.email }, reaches)
    }

    fn access(&self, caller: &Caller<'_>, reaches: impl Fn(&EndpointSnapshot) -> bool) -> Vec<Access> {
        let endpoints = self.endpoints.iter().filter(|endpoint| reaches(endpoint));
        let access = endpoints.filter_map(|endpoint| {
            let Decision { effect, diagnostics, .. } = endpoint.look(caller, self.now);
            let counts = effect == Effect::Allow || diagnostics.reason == Reason::AddressUnknown;
            let policies = endpoint.policies.iter().filter(|_| diagnostics.reason == Reason::AddressUnknown);
            let policies = policies.map(|policy| PolicyRevision { id: policy.id, revision: policy.revision });
            counts.then(|| Access {
                endpoint: endpoint.id,
                slug: endpoint.slug.clone(),
                reason: diagnostics.reason,
                decided_by: diagnostics.decided_by,
                policies: policies.collect(),
            })
        });
        access.collect()
    }
}

/// Whether a member may read what datasets hold without any endpoint.
fn reads_content(member: &MemberSnapshot) -> bool {
    member.active && may(member.role, Permission::ReadContent)
}
