//! Ids: a type per kind, so that one cannot stand in for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::as_text;
use crate::random::{Entropy, RandomError};
use crate::time::Timestamp;

/// A text that is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is a UUID such as 0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11")]
pub struct IdError;

/// The part of its millisecond that a time is in, in 4096ths.
fn fraction(now: Timestamp) -> u16 {
    let micros = now.as_unix_micros().rem_euclid(1_000);
    u16::try_from(micros * 4_096 / 1_000).unwrap_or(0)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id: a UUID of version 7 (RFC 9562, section 5.7) whose first random bits tell the part of the
            /// millisecond (section 6.2, method 3), so ids made a microsecond later sort later.
            ///
            /// # Errors
            /// When the source of randomness fails.
            pub fn generate(now: Timestamp, entropy: &dyn Entropy) -> Result<Self, RandomError> {
                let mut random = [0u8; 10];
                entropy.fill(&mut random)?;
                Ok(Self::of_random(now, random))
            }

            /// The new id that these random bytes make.
            pub(crate) fn of_random(now: Timestamp, mut random: [u8; 10]) -> Self {
                [random[0], random[1]] = fraction(now).to_be_bytes();
                Self(uuid::Builder::from_unix_timestamp_millis(now.as_unix_millis(), &random).into_uuid())
            }

            /// The id as its 16 bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The id whose 16 bytes these are.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                as_text::read(deserializer)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                // Only the hyphenated form: one thing has one name in URLs, logs and comparisons.
                if text.len() != 36 {
                    return Err(IdError);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| IdError)
            }
        }
    )*};
}

ids! {
    /// A tenant.
    TenantId;
    /// An account of a tenant.
    AccountId;
    /// An API key, whichever its secret.
    ApiKeyId;
    /// An invitation into a tenant.
    InvitationId;
    /// A dataset of a tenant.
    DatasetId;
    /// An endpoint of a tenant.
    EndpointId;
    /// A policy of a tenant.
    PolicyId;
    /// A group of addresses.
    GroupId;
    /// A question that waits for approval, or was decided on.
    ApprovalId;
    /// A legal hold of a tenant.
    LegalHoldId;
    /// An ingestion job.
    JobId;
    /// An audit event.
    EventId;
    /// One HTTP request, or one call of an embedder.
    RequestId;
    /// A session of an account.
    SessionId;
    /// One access token (its `jti`).
    TokenId;
    /// An identity provider that a tenant believes.
    OidcProviderId;
    /// A hub that the installation trusts.
    HubId;
    /// A tenant's account on a hub.
    MarketplaceId;
    /// An endpoint shown on a marketplace.
    ListingId;
    /// A space that registered itself on a hub as a satellite. The hub makes it.
    SatelliteId;
    /// Whoever did something that stands in a log: an account, or a user of a hub.
    ActorId;
}

impl From<AccountId> for ActorId {
    fn from(account: AccountId) -> Self {
        Self(account.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worst that randomness can do to the order.
    struct Falling(std::sync::atomic::AtomicU8);

    impl Entropy for Falling {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
            buffer.fill(self.0.fetch_sub(1, std::sync::atomic::Ordering::Relaxed));
            Ok(())
        }
    }

    #[test]
    fn q1_an_id_made_a_microsecond_later_sorts_later() {
        let entropy = Falling(255.into());
        let at = |micros: i64| {
            DatasetId::generate(Timestamp::from_unix_micros(1_800_000_000_000_000 + micros), &entropy)
                .unwrap()
        };
        for micros in [0_i64, 1, 2, 500, 998, 999, 1_000, 1_001] {
            assert!(at(micros) < at(micros + 1), "{micros}");
        }
        let id = at(999).to_string();
        assert_eq!(id.as_bytes()[14], b'7', "still a UUID of version 7");
    }
}
