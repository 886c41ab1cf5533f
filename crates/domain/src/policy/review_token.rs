//! What the space gave out of an access review: sealed, so that nobody makes up one that they have not read.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::as_text::text_type;
use crate::ids::RequestId;
use crate::policy::{ReviewDigest, SubjectKey};
use crate::sealing::{AssociatedData, SealError, Sealed};
use crate::secret::Secret;
use crate::space::Space;
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// Stands for how much of a review was read: the cursor of a page, or what a whole review is signed off by. It is of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewToken(String);

/// A text that is no token of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a review_token is what the last page of an access review has")]
pub struct ReviewTokenError;

/// How much of a review somebody has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadSoFar {
    /// The request for its first page.
    pub(super) review: RequestId,
    /// When that was: all of it is as of then.
    pub(super) as_of: Timestamp,
    /// Up to which subject; `None` once all of it was read, or nothing.
    pub(super) after: Option<SubjectKey>,
    /// Of all that was read.
    pub(super) digest: ReviewDigest,
}

impl ReviewToken {
    /// How long a review may be signed off since it was begun.
    pub const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
    /// The most characters.
    pub const MAX_CHARS: usize = 1_000;

    const PLACE: AssociatedData = AssociatedData { table: "access_reviews", column: "token", row: [0; 16] };

    /// Reads one. What it stands for is told by the space alone.
    ///
    /// # Errors
    /// When the text is too long or no hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, ReviewTokenError> {
        let fits = text.len() <= Self::MAX_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if fits { Ok(Self(text.to_owned())) } else { Err(ReviewTokenError) }
    }

    /// The token as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn seal(space: &Space, scope: &TenantScope, read: &ReadSoFar) -> Result<Self, SealError> {
        let sealed = space.sealer.seal(scope, &Self::PLACE, &Secret::new(read.to_string().into_bytes()))?;
        Ok(Self(hex::encode(sealed.as_bytes())))
    }

    /// What it stands for; `None` where the space has given out no such token to this tenant, or too long ago.
    pub(super) fn open(&self, space: &Space, scope: &TenantScope) -> Option<ReadSoFar> {
        let sealed = Sealed::from_bytes(hex::decode(&self.0).ok()?);
        let plain = space.sealer.open(scope, &Self::PLACE, &sealed).ok()?;
        let read: ReadSoFar = std::str::from_utf8(plain.expose()).ok()?.parse().ok()?;
        (space.clock.now().since(read.as_of) < Self::LIFETIME).then_some(read)
    }
}

text_type!(ReviewToken, ReviewTokenError);

impl fmt::Display for ReadSoFar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} ", self.review, self.as_of.as_unix_micros(), self.digest)?;
        self.after.map_or(Ok(()), |after| after.fmt(f))
    }
}

impl FromStr for ReadSoFar {
    type Err = ReviewTokenError;
    fn from_str(text: &str) -> Result<Self, ReviewTokenError> {
        let mut parts = text.splitn(4, ' ');
        let mut next = || parts.next().ok_or(ReviewTokenError);
        let review = next()?.parse().map_err(|_| ReviewTokenError)?;
        let as_of = next()?.parse().map(Timestamp::from_unix_micros).map_err(|_| ReviewTokenError)?;
        let digest = next()?.parse().map_err(|_| ReviewTokenError)?;
        let after = match next()? {
            "" => None,
            key => Some(key.parse().map_err(|_| ReviewTokenError)?),
        };
        Ok(Self { review, as_of, after, digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z4_a_token_is_hexadecimal_digits_and_not_too_many_of_them() {
        for text in ["", "00", "09afAF", &"a".repeat(ReviewToken::MAX_CHARS)] {
            assert_eq!(ReviewToken::parse(text).as_ref().map(ReviewToken::as_str), Ok(text));
        }
        for text in ["0g", "it is none", "é", &"a".repeat(ReviewToken::MAX_CHARS + 1)] {
            let told = ReviewToken::parse(text).unwrap_err().to_string();
            assert_eq!(told, "a review_token is what the last page of an access review has", "{text}");
        }
    }
}
