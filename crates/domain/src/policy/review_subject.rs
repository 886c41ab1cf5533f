//! The subjects of an access review: who could call, and what each can query.

use std::fmt;
use std::str::FromStr;

use crate::access::Role;
use crate::endpoint::Slug;
use crate::group::GroupName;
use crate::identity::oidc::{ClaimName, EmailDomain, Group, OidcIssuer};
use crate::identity::{Email, KeyTerms};
use crate::ids::{AccountId, ApiKeyId, EndpointId, InvitationId, MarketplaceId, OidcProviderId};
use crate::page::PageItem;
use crate::policy::{Decider, PolicyRevision, Reason};
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
    /// Whoever an identity provider makes a member of this role; without a role it makes nobody one who is not invited.
    Provider(OidcProviderId, Option<Role>),
    /// Whoever holds an invitation.
    Invitation(InvitationId),
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
            Self::Provider(..) => "oidc_provider",
            Self::Invitation(_) => "invitation",
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
            Self::Provider(id, None) => write!(f, "{kind}:{id}"),
            Self::Provider(id, Some(role)) => write!(f, "{kind}:{id}:{role}"),
            Self::Invitation(id) => write!(f, "{kind}:{id}"),
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
            "oidc_provider" => match id.split_once(':') {
                None => id.parse().map(|id| Self::Provider(id, None)).ok(),
                Some((id, role)) => {
                    id.parse().ok().zip(role.parse().ok()).map(|(id, role)| Self::Provider(id, Some(role)))
                }
            },
            "invitation" => id.parse().map(Self::Invitation).ok(),
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
    /// What it is called: an address, or the name of a key, a marketplace or a provider.
    pub name: String,
    /// The member that it is, or whose key it is.
    pub member: Option<ReviewedMember>,
    /// The key that it is.
    pub api_key: Option<ReviewedKey>,
    /// What lets those in who are no members yet, where that is what it is.
    pub entry: Option<ReviewedEntry>,
    /// When it was last used, if it ever was: a member by a session that began, a key by a request. Of others nothing is kept.
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
    /// Whether it has a password. Who has none signs in at an identity provider alone, which may ask for more.
    pub has_password: bool,
    /// Whether it has a second factor here.
    pub has_second_factor: bool,
    /// Whether it must enrol one before it does anything, to query too.
    pub must_enrol: bool,
}

/// What a review tells of an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedKey {
    /// What it is for, and from where.
    pub terms: KeyTerms,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Whether that is soon.
    pub is_due: bool,
    /// Whether it was not used for long.
    pub is_unused: bool,
}

/// What a review tells of a way to become a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedEntry {
    /// What they become; a provider's groups make that of who is a member already, too.
    pub role: Option<Role>,
    /// The provider that says who they are; `None` of an invitation.
    pub issuer: Option<OidcIssuer>,
    /// The domains whose addresses the provider lets in without an invitation.
    pub domains: Vec<EmailDomain>,
    /// The claim that names the groups of the provider; `None` where those say nothing here.
    pub claim: Option<ClaimName>,
    /// Its groups that have this role. Whoever comes by it is in one of them, where there is a claim.
    pub groups: Vec<Group>,
    /// Until when; `None` for ever.
    pub ends_at: Option<Timestamp>,
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
    /// The groups that these name, by their names.
    pub groups: Vec<GroupRevision>,
}

/// A group as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRevision {
    /// Which.
    pub name: GroupName,
    /// Which change of it, or of who is in it.
    pub revision: u64,
}

impl PageItem for ReviewedSubject {
    fn bytes(&self) -> usize {
        let access = self.access.iter().map(|access| {
            let rule = access.decided_by.as_ref().map_or(0, |decider| decider.rule.len());
            100 + access.slug.as_str().len() + rule + 70 * access.policies.len() + 110 * access.groups.len()
        });
        let entry = self.entry.as_ref().map_or(0, |entry| {
            let domains = entry.domains.iter().map(|domain| domain.as_str().len());
            domains.chain(entry.groups.iter().map(|group| group.as_str().len())).sum()
        });
        300 + self.name.len() + entry + access.sum::<usize>()
    }
}

#[cfg(test)]
#[path = "review_subject_tests.rs"]
mod tests;
