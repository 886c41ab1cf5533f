//! The access review: who can query what, and why, of a whole tenant.
//!
//! Whoever could call is a subject: each member, each API key that works, and of each marketplace its users and its guests. What
//! a subject can query is what [`explain`](super::explain) says of each endpoint.

use std::fmt;
use std::str::FromStr;

use crate::access::{Permission, Role};
use crate::endpoint::Slug;
use crate::identity::{ApiKey, AuthorizationError, Email, Principal};
use crate::ids::{AccountId, ApiKeyId, EndpointId, MarketplaceId};
use crate::page::{Page, PageItem, PageRequest};
use crate::policy::{Caller, Decider, Decision, Effect, Reason, Subject};
use crate::snapshot::{ApiKeySnapshot, EndpointSnapshot, MemberSnapshot, TenantSnapshot};
use crate::space::Space;
use crate::time::Timestamp;

/// What whoever reviews access may do: they learn of all of it.
pub const REVIEW_PERMISSIONS: [Permission; 3] =
    [Permission::ReadAudit, Permission::ReadMembers, Permission::ReadMetadata];

/// Decisions on one page at most, so that a tenant of many endpoints has fewer subjects on each.
const MAX_DECISIONS: usize = 10_000;

/// Which subject of a review it is, in the order of reviews.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubjectKey {
    /// A member.
    Member(AccountId),
    /// An API key.
    ApiKey(ApiKeyId),
    /// The users of the hub of a marketplace, whose addresses nobody knows before they call.
    HubUsers(MarketplaceId),
    /// The guests of the hub of a marketplace.
    HubGuests(MarketplaceId),
}

/// A text that is no key of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it names no subject of a review")]
pub struct SubjectKeyError;

impl SubjectKey {
    /// What kind of subject it is.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Member(_) => "member",
            Self::ApiKey(_) => "api_key",
            Self::HubUsers(_) => "hub_users",
            Self::HubGuests(_) => "hub_guests",
        }
    }
}

impl fmt::Display for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::Member(id) => write!(f, "{kind}:{id}"),
            Self::ApiKey(id) => write!(f, "{kind}:{id}"),
            Self::HubUsers(id) | Self::HubGuests(id) => write!(f, "{kind}:{id}"),
        }
    }
}

impl FromStr for SubjectKey {
    type Err = SubjectKeyError;
    fn from_str(text: &str) -> Result<Self, SubjectKeyError> {
        let (kind, id) = text.split_once(':').ok_or(SubjectKeyError)?;
        let key = match kind {
            "member" => id.parse().map(Self::Member).ok(),
            "api_key" => id.parse().map(Self::ApiKey).ok(),
            "hub_users" => id.parse().map(Self::HubUsers).ok(),
            "hub_guests" => id.parse().map(Self::HubGuests).ok(),
            _ => None,
        };
        key.ok_or(SubjectKeyError)
    }
}

/// A subject, and what it can query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedSubject {
    /// Which it is.
    pub key: SubjectKey,
    /// What it is called: an address, or the name of a key or a marketplace.
    pub name: String,
    /// The member that it is, or whose key it is.
    pub member: Option<ReviewedMember>,
    /// The key that it is.
    pub api_key: Option<ReviewedKey>,
    /// When it was last used, if it ever was: a member by a session that began, a key by a request. Of hubs nothing is kept.
    pub last_used_at: Option<Timestamp>,
    /// What it can query, or could with the right address, in the order of the slugs.
    pub access: Vec<Access>,
}

/// What a review tells of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedMember {
    /// The account.
    pub account: AccountId,
    /// Its address.
    pub email: Email,
    /// Its role.
    pub role: Role,
    /// Whether it may be used now.
    pub is_active: bool,
    /// Whether it has a second factor.
    pub has_second_factor: bool,
    /// Whether it must enrol one before it does anything, to query too.
    pub must_enrol: bool,
}

/// What a review tells of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewedKey {
    /// When it ends.
    pub ends_at: Timestamp,
    /// Whether that is soon.
    pub is_due: bool,
    /// Whether it was not used for long.
    pub is_unused: bool,
}

/// That a subject can query an endpoint, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Its name in URLs.
    pub slug: Slug,
    /// Why: it lets them in, or hangs on their address.
    pub reason: Reason,
    /// The rule that decided, where one did.
    pub decided_by: Option<Decider>,
}

impl PageItem for ReviewedSubject {
    fn bytes(&self) -> usize {
        let access = self.access.iter().map(|access| {
            let rule = access.decided_by.as_ref().map_or(0, |decider| decider.rule.len());
            100 + access.slug.as_str().len() + rule
        });
        300 + self.name.len() + access.sum::<usize>()
    }
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
    page: PageRequest<SubjectKey>,
) -> Result<Page<ReviewedSubject, SubjectKey>, AuthorizationError> {
    for permission in REVIEW_PERMISSIONS {
        principal.scope(permission)?;
    }
    // It may have waited for its turn.
    let mut current = principal.clone();
    for permission in REVIEW_PERMISSIONS {
        current = current.recheck_reader(space, permission)?;
    }
    let review = Review::of(current.snapshot(), space.clock.now());
    let limit = page.limit.at_most(MAX_DECISIONS / review.endpoints.len().max(1));
    let after = page.after.map(|cursor| cursor.0);
    let keys = review.keys().into_iter().filter(|key| after.is_none_or(|after| *key > after));
    Page::read(keys.filter_map(|key| Some((key, review.subject(key)?))), limit, Ok)
}

struct Review<'a> {
    live: &'a TenantSnapshot,
    /// In the order of their slugs.
    endpoints: Vec<&'a EndpointSnapshot>,
    now: Timestamp,
}

impl<'a> Review<'a> {
    fn of(live: &'a TenantSnapshot, now: Timestamp) -> Self {
        let mut endpoints: Vec<_> = live.endpoints().collect();
        endpoints.sort_unstable_by(|one, other| one.slug.cmp(&other.slug));
        Self { live, endpoints, now }
    }

    /// All subjects, in order.
    fn keys(&self) -> Vec<SubjectKey> {
        let marketplaces = || self.live.marketplaces().map(|marketplace| marketplace.id);
        let mut keys: Vec<SubjectKey> = (self.live.members().map(SubjectKey::Member))
            .chain(self.live.api_keys().map(|known| SubjectKey::ApiKey(known.key.id)))
            .chain(marketplaces().map(SubjectKey::HubUsers))
            .chain(marketplaces().map(SubjectKey::HubGuests))
            .collect();
        keys.sort_unstable();
        keys
    }

    fn subject(&self, key: SubjectKey) -> Option<ReviewedSubject> {
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
            counts.then(|| Access {
                endpoint: endpoint.id,
                slug: endpoint.slug.clone(),
                reason: diagnostics.reason,
                decided_by: diagnostics.decided_by,
            })
        });
        access.collect()
    }
}
