//! What a lint tells of a pattern.

use crate::identity::Email;
use crate::ids::PolicyId;
use crate::marketplace::MarketplaceName;
use crate::policy::decision::Reason;
use crate::policy::lint::sample::Unmatched;
use crate::policy::lint::width::Width;
use crate::policy::policy_type::Effect;
use crate::policy::{AccessEntry, PolicyConfiguration};
use crate::time::Timestamp;

/// A policy that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintedPolicy {
    /// Its id; of one that is not stored yet, any that no other has.
    pub id: PolicyId,
    /// What it demands.
    pub configuration: PolicyConfiguration,
}

/// What was found in the access policies of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lint {
    /// By the order of the policies, and of their patterns.
    pub findings: Vec<LintFinding>,
    /// Whether there may be more: something would have taken too long to tell, or there are too many.
    pub truncated: bool,
}

/// What is odd about a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintFinding {
    /// Where it stands.
    pub at: PatternPlace,
    /// What is odd.
    pub oddity: Oddity,
    /// An address that shows it. There is none where no address matches, or none was found that does.
    pub example: Option<LintExample>,
}

/// A pattern of a policy, or a group that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternPlace {
    /// The place of the policy among those that were looked at, from 0.
    pub index: usize,
    /// The policy.
    pub policy: PolicyId,
    /// The pattern, or the group.
    pub pattern: AccessEntry,
}

/// What can be odd about a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Oddity {
    /// Another of the same mode means all whom it means, at all times: without it every verdict is the same.
    Shadowed(PatternPlace),
    /// One of mode deny means all whom it is to let in, at all times: it lets in nobody.
    Contradictory(PatternPlace),
    /// It means nobody.
    NeverMatching(Unmatched),
    /// It lets in people whom nobody chose.
    TooWide(Width),
    /// It is tried on each query, and has many `*`.
    Costly,
}

/// An address that a pattern matches, and what the access policies decide on its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintExample {
    /// The address.
    pub email: Email,
    /// The marketplace whose user has it, where a pattern means its users alone.
    pub marketplace: Option<MarketplaceName>,
    /// When they would call: now, or else at a time at which the pattern's policy acts.
    pub at: Timestamp,
    /// The verdict.
    pub effect: Effect,
    /// Why.
    pub reason: Reason,
}

impl Oddity {
    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Shadowed(_) => "shadowed",
            Self::Contradictory(_) => "contradictory",
            Self::NeverMatching(_) => "never_matching",
            Self::TooWide(_) => "too_wide",
            Self::Costly => "costly",
        }
    }

    /// By which rule, where there are several.
    #[must_use]
    pub fn rule(&self) -> Option<&'static str> {
        match self {
            Self::NeverMatching(why) => Some(why.as_str()),
            Self::TooWide(why) => Some(why.as_str()),
            Self::Shadowed(_) | Self::Contradictory(_) | Self::Costly => None,
        }
    }

    /// The pattern that makes it so, where it is one.
    #[must_use]
    pub fn other(&self) -> Option<&PatternPlace> {
        match self {
            Self::Shadowed(other) | Self::Contradictory(other) => Some(other),
            Self::NeverMatching(_) | Self::TooWide(_) | Self::Costly => None,
        }
    }

    /// What it means, in a sentence for people.
    #[must_use]
    pub fn message(&self) -> &'static str {
        match self {
            Self::Shadowed(_) => {
                "another pattern of the same mode means all whom it means: it can be removed"
            }
            Self::Contradictory(_) => {
                "a pattern of mode deny means all whom it is to let in: it lets in nobody"
            }
            Self::NeverMatching(Unmatched::LocalTooLong) => {
                "no address matches it: what stands before the @ would be longer than 64 bytes"
            }
            Self::NeverMatching(Unmatched::NoDomain) => {
                "no address matches it: no label of a domain name looks like that; its third and fourth characters are both \
                 hyphens in xn-- alone, and it has at most 63"
            }
            Self::NeverMatching(Unmatched::TooLong) => {
                "no address matches it: the shortest would be longer than 254 bytes"
            }
            Self::NeverMatching(Unmatched::EmptyGroup) => {
                "nobody is in the group: it means nobody until somebody is put into it"
            }
            Self::TooWide(Width::Everybody) => {
                "it lets in everybody who is identified: each member who may query, and each user of a marketplace"
            }
            Self::TooWide(Width::AnyDomain) => {
                "it lets in addresses at every domain, and anybody can have a domain"
            }
            Self::TooWide(Width::OpenDomain) => {
                "it lets in addresses at domains that anybody can register: write the whole domain, and a dot in front of it \
                 for those below it, as in *@*.example.org"
            }
            Self::TooWide(Width::MailProvider) => {
                "it lets in addresses at a provider where anybody can get one: write whole addresses"
            }
            Self::Costly => "it is tried on each query, as no index finds it: with fewer * it costs less",
        }
    }
}
