//! The subjects of an access review: who could call, and what each can query.

use std::fmt;
use std::str::FromStr;

use crate::access::Role;
use crate::endpoint::Slug;
use crate::identity::Email;
use crate::ids::{AccountId, ApiKeyId, EndpointId, MarketplaceId, PolicyId};
use crate::page::PageItem;
use crate::policy::{Decider, Reason};
use crate::time::Timestamp;

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
    /// Whether it may read what datasets hold without any endpoint, which no policy stands before.
    pub reads_content: bool,
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
    /// The policies that it hangs on, where it hangs on the address.
    pub policies: Vec<PolicyRevision>,
}

/// A policy as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyRevision {
    /// Which.
    pub id: PolicyId,
    /// Which change of it.
    pub revision: u64,
}

impl PageItem for ReviewedSubject {
    fn bytes(&self) -> usize {
        let access = self.access.iter().map(|access| {
            let rule = access.decided_by.as_ref().map_or(0, |decider| decider.rule.len());
            100 + access.slug.as_str().len() + rule + 70 * access.policies.len()
        });
        300 + self.name.len() + access.sum::<usize>()
    }
}
