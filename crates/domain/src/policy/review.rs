//! The access review: who can query what, and why, of a whole tenant.
//!
//! Whoever could call is a subject: each member, each API key that works, of each marketplace its users and its guests, and whoever may
//! become a member unasked. What a subject can query is what [`explain`](super::explain) says of each endpoint.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::access::{Permission, may};
use crate::audit::RequestContext;
use crate::identity::{ApiKey, AuthorizationError, Email, Member, Principal};
use crate::ids::{AccountId, MarketplaceId};
use crate::page::{Cursor, CursorError, Page, PageLimit, PageRequest, every};
use crate::policy::open_reviews::OpenReview;
use crate::policy::review_newcomers::{Newcomers, invitation_entry, provider_entry};
use crate::policy::review_token::ReadSoFar;
use crate::policy::{
    Access, Caller, Decision, Effect, GroupRevision, PolicyRevision, Reason, ReviewDigest, ReviewError,
    ReviewToken, ReviewedEntry, ReviewedKey, ReviewedMember, ReviewedSubject, Subject, SubjectKey,
};
use crate::snapshot::{ApiKeySnapshot, EndpointSnapshot, MemberSnapshot, TenantSnapshot};
use crate::space::Space;
use crate::tenant::TenantScope;
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
    pub subjects: Page<ReviewedSubject, ReviewToken>,
    /// When the first page of the review was asked for: all of it is as of then.
    pub as_of: Timestamp,
    /// Where this is the end of the review: what all of it comes to, and what signs it off.
    pub whole: Option<(ReviewDigest, ReviewToken)>,
}

/// A part of a review that is asked for.
pub struct ReviewPart {
    scope: TenantScope,
    principal: Principal,
    limit: PageLimit,
    read: ReadSoFar,
    review: OpenReview,
}

impl ReviewPart {
    /// Begins to make a part of the review of the caller's tenant: all of it as of the moment in which its first page is asked for.
    ///
    /// # Errors
    /// When the caller's role does not permit it, or not any more, the cursor is of no review that the tenant is reading, or a port
    /// failed.
    pub async fn begin(
        space: &Space,
        context: &RequestContext,
        principal: &Principal,
        page: PageRequest<ReviewToken>,
    ) -> Result<Self, ReviewError> {
        let scope = reviewed_tenant(principal)?;
        let (read, review) = match page.after {
            None => {
                let newcomers = newcomers(space, principal).await?;
                let current = check_reviewer(space, principal)?;
                let (review, as_of) = (context.request, space.clock.now());
                let read = ReadSoFar { review, as_of, after: None, digest: ReviewDigest::default() };
                (read, OpenReview::new(review, Arc::clone(current.snapshot()), newcomers, as_of))
            }
            Some(Cursor(token)) => {
                let read = token.open(space, &scope).filter(|read| read.after.is_some());
                let read = read.ok_or(CursorError)?;
                let review = space.reviews.find(scope.tenant(), read.review, space.clock.now());
                (read, review.ok_or(CursorError)?)
            }
        };
        Ok(Self { scope, principal: principal.clone(), limit: page.limit, read, review })
    }

    /// Makes it. Members who are disabled are in it and can query nothing; API keys that have ended are not. It takes some
    /// milliseconds of the processor.
    ///
    /// # Errors
    /// When the caller's role does not permit it any more, or a port failed.
    pub fn make(self, space: &Space) -> Result<ReviewPage, ReviewError> {
        check_reviewer(space, &self.principal)?;
        let mut read = self.read;
        let review = Review::of(&self.review.tenant, &self.review.newcomers, read.as_of);
        let limit = self.limit.at_most(review.subjects_on_page());
        let Page { items, next } = Page::read(review.subjects(read.after), limit, |subject| {
            Ok::<_, ReviewError>((subject.key, subject))
        })?;
        for subject in &items {
            read.digest = read.digest.and(subject);
        }
        read.after = next.map(|Cursor(after)| after);
        let token = ReviewToken::seal(space, &self.scope, &read)?;
        let (next, whole) = match read.after {
            Some(_) => (Some(Cursor(token)), None),
            None => (None, Some((read.digest, token))),
        };
        if next.is_some() {
            space.reviews.keep(self.review, space.clock.now());
        }
        Ok(ReviewPage { subjects: Page { items, next }, as_of: read.as_of, whole })
    }
}

/// The caller as of now, who may review: they may have waited for their turn.
fn check_reviewer(space: &Space, principal: &Principal) -> Result<Principal, AuthorizationError> {
    let mut current = principal.clone();
    for permission in REVIEW_PERMISSIONS {
        current = current.recheck_reader(space, permission)?;
    }
    Ok(current)
}

/// The tenant of a caller who may review it.
fn reviewed_tenant(principal: &Principal) -> Result<TenantScope, AuthorizationError> {
    let [first, others @ ..] = REVIEW_PERMISSIONS;
    for permission in others {
        principal.scope(permission)?;
    }
    principal.scope(first)
}

/// Who may become a member now.
async fn newcomers(space: &Space, principal: &Principal) -> Result<Newcomers, ReviewError> {
    let now = space.clock.now();
    let read = space.read(principal, Permission::ReadMembers, move |view, scope| {
        let mut invitations = every(|page| view.invitations(scope, page))?;
        // Few have made them: each is looked at once.
        let mut roles = HashMap::new();
        for by in invitations.iter().map(|invitation| invitation.invited_by) {
            if let Entry::Vacant(unknown) = roles.entry(by) {
                unknown.insert(view.member(scope, by)?.filter(Member::is_active).map(|member| member.role));
            }
        }
        invitations.retain(|invitation| {
            let by = roles.get(&invitation.invited_by).copied().flatten();
            now < invitation.expires_at && invitation.is_backed_by(by)
        });
        Ok::<_, ReviewError>(Newcomers::new(view.oidc_providers(scope)?, invitations))
    });
    read.await
}

/// What a subject that is a member, a key or the users of a hub can query now; `None` where there is no such subject now.
pub(crate) fn access_now(live: &TenantSnapshot, key: SubjectKey, now: Timestamp) -> Option<ReviewedSubject> {
    Review::of(live, &Newcomers::new(Vec::new(), Vec::new()), now).subject(key)
}

/// All of a tenant's review, of which each part is made when it is asked for.
struct Review<'a> {
    live: &'a TenantSnapshot,
    newcomers: &'a Newcomers,
    /// In the order of their slugs.
    endpoints: Vec<&'a EndpointSnapshot>,
    now: Timestamp,
}

impl<'a> Review<'a> {
    fn of(live: &'a TenantSnapshot, newcomers: &'a Newcomers, now: Timestamp) -> Self {
        let mut endpoints: Vec<_> = live.endpoints().collect();
        endpoints.sort_unstable_by(|one, other| one.slug.cmp(&other.slug));
        Self { live, newcomers, endpoints, now }
    }

    /// How many subjects a page has at most.
    fn subjects_on_page(&self) -> usize {
        (MAX_DECISIONS / self.endpoints.len().max(1)).max(1)
    }

    /// All subjects, in order.
    fn keys(&self) -> Vec<SubjectKey> {
        let marketplaces = || self.live.marketplaces().map(|marketplace| marketplace.id);
        let mut keys: Vec<SubjectKey> = (self.live.members().map(SubjectKey::Member))
            .chain(self.live.api_keys().map(|known| SubjectKey::ApiKey(known.key.id)))
            .chain(marketplaces().map(SubjectKey::HubUsers))
            .chain(marketplaces().map(SubjectKey::HubGuests))
            .chain(self.newcomers.keys())
            .collect();
        keys.sort_unstable();
        keys
    }

    /// The subjects behind one, or all, each made when it is asked for.
    fn subjects(&self, after: Option<SubjectKey>) -> impl Iterator<Item = ReviewedSubject> {
        let keys = self.keys().into_iter().filter(move |key| after.is_none_or(|after| *key > after));
        keys.filter_map(|key| self.subject(key))
    }

    fn subject(&self, key: SubjectKey) -> Option<ReviewedSubject> {
        match key {
            SubjectKey::Member(account) => self.member(account),
            SubjectKey::ApiKey(id) => self.api_key(self.live.api_key(id)?),
            SubjectKey::HubUsers(id) => self.hub(key, id, Subject::Identified { email: None }),
            SubjectKey::HubGuests(id) => self.hub(key, id, Subject::Guest),
            SubjectKey::Provider(id, role) => {
                let provider = self.newcomers.provider(id)?;
                Some(self.newcomer(key, provider.name.to_string(), None, provider_entry(provider, role)))
            }
            SubjectKey::Invitation(id) => {
                let invitation = self.newcomers.invitation(id)?;
                let name = invitation.email.to_string();
                Some(self.newcomer(key, name, Some(&invitation.email), invitation_entry(invitation)))
            }
        }
    }

    fn newcomer(
        &self,
        key: SubjectKey,
        name: String,
        email: Option<&Email>,
        entry: ReviewedEntry,
    ) -> ReviewedSubject {
        let role = entry.role;
        let access = role.map(|role| self.access(&Caller::Member { role, email }, |_| true));
        ReviewedSubject {
            key,
            name,
            member: None,
            api_key: None,
            entry: Some(entry),
            last_used_at: None,
            reads_content: role.is_some_and(|role| may(role, Permission::ReadContent)),
            access: access.unwrap_or_default(),
        }
    }

    fn member(&self, account: AccountId) -> Option<ReviewedSubject> {
        let known = self.live.member(account)?;
        Some(ReviewedSubject {
            key: SubjectKey::Member(account),
            name: known.email.to_string(),
            member: Some(self.reviewed(account, known)),
            api_key: None,
            entry: None,
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
                terms: key.terms.clone(),
                ends_at,
                is_due: key.is_due(max_days, self.now),
                is_unused: used.is_unused(self.now),
            }),
            entry: None,
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
            entry: None,
            last_used_at: None,
            reads_content: false,
            access: self.access(&Caller::HubUser { hub: Some(marketplace.hub), subject }, |_| true),
        })
    }

    fn reviewed(&self, account: AccountId, known: &MemberSnapshot) -> ReviewedMember {
        let needs = self.live.tenant.needs_second_factor(known.role) || known.short_password;
        ReviewedMember {
            account,
            email: known.email.clone(),
            role: known.role,
            is_active: known.active,
            has_password: known.has_password,
            has_second_factor: known.has_second_factor,
            must_enrol: needs && !known.has_second_factor,
        }
    }

    fn access_of(&self, member: &MemberSnapshot, reaches: impl Fn(&EndpointSnapshot) -> bool) -> Vec<Access> {
        if !member.active {
            return Vec::new();
        }
        self.access(&Caller::Member { role: member.role, email: Some(&member.email) }, reaches)
    }

    fn access(&self, caller: &Caller<'_>, reaches: impl Fn(&EndpointSnapshot) -> bool) -> Vec<Access> {
        let endpoints = self.endpoints.iter().filter(|endpoint| reaches(endpoint));
        let access = endpoints.filter_map(|endpoint| {
            let context = self.live.decision_context(self.now);
            let Decision { effect, diagnostics, .. } = endpoint.decide(caller, &context);
            let counts = effect == Effect::Allow || diagnostics.reason == Reason::AddressUnknown;
            let policies = endpoint.policies.iter().filter(|_| diagnostics.reason == Reason::AddressUnknown);
            let policies = policies.map(|policy| PolicyRevision { id: policy.id, revision: policy.revision });
            let groups = endpoint.policies.iter().filter(|_| diagnostics.reason == Reason::AddressUnknown);
            let groups: BTreeSet<_> = groups.flat_map(|policy| policy.groups()).collect();
            let groups = groups.into_iter().filter_map(|name| {
                let group = self.live.groups().get(name)?;
                Some(GroupRevision { name: name.clone(), revision: group.revision })
            });
            counts.then(|| Access {
                endpoint: endpoint.id,
                slug: endpoint.slug.clone(),
                reason: diagnostics.reason,
                decided_by: diagnostics.decided_by,
                policies: policies.collect(),
                groups: groups.collect(),
            })
        });
        access.collect()
    }
}

/// Whether a member may read what datasets hold without any endpoint.
fn reads_content(member: &MemberSnapshot) -> bool {
    member.active && may(member.role, Permission::ReadContent)
}
