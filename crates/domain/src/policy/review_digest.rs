//! The digest of an access review: what whoever signs it off has seen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::policy::{ReviewedSubject, SubjectKey, SubjectKeyError};

/// The SHA-256 of a review up to some subject: who, and what each can query, and why; of what hangs on an address nobody knows yet, by
/// which policies and which change of each. When something was last used is not in it: that changes without anybody's doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReviewDigest([u8; 32]);

/// A text that is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 hexadecimal digits in lower case, as the last page of the review has it")]
pub struct ReviewDigestError;

impl ReviewDigest {
    /// The digest once a further subject was seen. Each text goes in with its length, so that no two reviews are the same text.
    #[must_use]
    pub(super) fn and(self, subject: &ReviewedSubject) -> Self {
        let mut hash = Sha256::new();
        let mut text = |text: &str| {
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        };
        text(&self.to_string());
        text(&subject.key.to_string());
        text(&subject.name);
        if let Some(member) = &subject.member {
            text(&member.account.to_string());
            text(member.email.as_str());
            text(member.role.as_str());
            for is in [member.is_active, member.has_second_factor, member.must_enrol] {
                text(if is { "yes" } else { "no" });
            }
        }
        if let Some(key) = &subject.api_key {
            text(&key.ends_at.to_string());
        }
        text(if subject.reads_content { "yes" } else { "no" });
        for access in &subject.access {
            text(&access.endpoint.to_string());
            text(access.slug.as_str());
            text(access.reason.as_str());
            if let Some(decider) = &access.decided_by {
                text(&decider.policy.to_string());
                text(&decider.rule);
            }
            for policy in &access.policies {
                text(&policy.id.to_string());
                text(&policy.revision.to_string());
            }
        }
        Self(hash.finalize().into())
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

/// Where a page of a review begins, and what was seen before it. Whoever makes one up signs off what they have not seen: the sign-off
/// compares it with the whole review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewCursor {
    /// Behind which subject.
    pub after: SubjectKey,
    /// Of all subjects up to it.
    pub digest: ReviewDigest,
}

impl fmt::Display for ReviewCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.after, self.digest)
    }
}

impl FromStr for ReviewCursor {
    type Err = SubjectKeyError;
    fn from_str(text: &str) -> Result<Self, SubjectKeyError> {
        let (after, digest) = text.split_once(' ').ok_or(SubjectKeyError)?;
        Ok(Self { after: after.parse()?, digest: digest.parse().map_err(|_| SubjectKeyError)? })
    }
}
