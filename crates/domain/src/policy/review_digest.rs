//! The digest of an access review: what whoever signs it off has seen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::policy::{Access, ReviewedEntry, ReviewedSubject};

/// The SHA-256 of a review up to some subject: who, and what each can query, and why; of what hangs on an address nobody knows yet, by
/// which policies and groups and which change of each. When something was last used is not in it: that changes without anybody's doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReviewDigest([u8; 32]);

/// A text that is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 hexadecimal digits in lower case, as the last page of the review has it")]
pub struct ReviewDigestError;

impl ReviewDigest {
    /// The digest once a further subject was seen. Each text goes in with its length, each list behind its length, and what is not there
    /// is an empty text, so that no two reviews are the same texts.
    #[must_use]
    pub(super) fn and(self, subject: &ReviewedSubject) -> Self {
        let mut hash = Sha256::new();
        let mut text = |text: &dyn fmt::Display| {
            let text = text.to_string();
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        };
        text(&self);
        text(&subject.key);
        text(&subject.name);
        if let Some(member) = &subject.member {
            text(&member.account);
            text(&member.email);
            text(&member.role);
            for is in [member.is_active, member.has_password, member.has_second_factor, member.must_enrol] {
                text(&yes_or_no(is));
            }
        }
        if let Some(key) = &subject.api_key {
            let scopes = key.terms.scopes();
            text(&scopes.len());
            scopes.iter().for_each(|scope| text(&scope.as_str()));
            match key.terms.addresses() {
                None => text(&""),
                Some(addresses) => {
                    text(&addresses.len());
                    addresses.iter().for_each(|address| text(address));
                }
            }
            text(&key.ends_at);
        }
        if let Some(entry) = &subject.entry {
            let ReviewedEntry { role, issuer, domains, claim, groups, ends_at } = entry;
            text(&OrEmpty(role.as_ref()));
            text(&OrEmpty(issuer.as_ref()));
            text(&domains.len());
            domains.iter().for_each(|domain| text(domain));
            text(&OrEmpty(claim.as_ref()));
            text(&groups.len());
            groups.iter().for_each(|group| text(group));
            text(&OrEmpty(ends_at.as_ref()));
        }
        text(&yes_or_no(subject.reads_content));
        text(&subject.access.len());
        for access in &subject.access {
            let Access { endpoint, slug, reason, decided_by, policies, groups } = access;
            text(endpoint);
            text(slug);
            text(&reason.as_str());
            text(&OrEmpty(decided_by.as_ref().map(|decider| &decider.policy)));
            text(&OrEmpty(decided_by.as_ref().map(|decider| &decider.rule)));
            text(&policies.len());
            for policy in policies {
                text(&policy.id);
                text(&policy.revision);
            }
            // Where there are none, nothing tells of them: so it was before there were groups. No endpoint's id is this word.
            if !groups.is_empty() {
                text(&"groups");
                text(&groups.len());
                for group in groups {
                    text(&group.name);
                    text(&group.revision);
                }
            }
        }
        Self(hash.finalize().into())
    }
}

fn yes_or_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// A text that may not be there.
struct OrEmpty<'a, T>(Option<&'a T>);

impl<T: fmt::Display> fmt::Display for OrEmpty<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |text| text.fmt(f))
    }
}

impl fmt::Display for ReviewDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for ReviewDigest {
    type Err = ReviewDigestError;
    fn from_str(text: &str) -> Result<Self, ReviewDigestError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| ReviewDigestError)?;
        let read = Self(bytes);
        if read.to_string() == text { Ok(read) } else { Err(ReviewDigestError) }
    }
}

impl TryFrom<String> for ReviewDigest {
    type Error = ReviewDigestError;
    fn try_from(text: String) -> Result<Self, ReviewDigestError> {
        text.parse()
    }
}

impl From<ReviewDigest> for String {
    fn from(digest: ReviewDigest) -> Self {
        digest.to_string()
    }
}
