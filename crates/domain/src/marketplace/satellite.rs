//! The claims of a verified satellite token.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::audit::{Actor, ReasonCode};
use crate::ids::{ActorId, HubId};
use crate::marketplace::{Audience, HubRole};
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// The most characters of a subject.
pub const SUBJECT_MAX: usize = 255;

/// A text that says of nobody who they are on a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a subject has 1 to {SUBJECT_MAX} printable ASCII characters")]
pub struct SubjectError;

/// Checks a subject, the `sub` of a hub's tokens: 1 to [`SUBJECT_MAX`] printable ASCII characters.
///
/// # Errors
/// When it is none.
pub fn check_subject(text: &str) -> Result<(), SubjectError> {
    let fits = (1..=SUBJECT_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(()) } else { Err(SubjectError) }
}

/// The claims of a verified satellite token that are used. Whatever others it has: who this is by name and address, only
/// the hub can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SatelliteClaims {
    /// Whose token it is.
    pub hub: HubId,
    /// Who, on that hub (`sub`), as [`check_subject`] takes it. `guest` for every guest.
    pub subject: String,
    /// For whom (`aud`).
    pub audience: Audience,
    /// As what (`role`).
    pub role: HubRole,
    /// When it was issued (`iat`), in whole seconds.
    pub issued_at: Timestamp,
    /// From when on it is good (`nbf`); when it was issued, where it does not say.
    pub not_before: Timestamp,
    /// From when on it is refused (`exp`), in whole seconds.
    pub expires_at: Timestamp,
}

impl SatelliteClaims {
    /// How far a hub's clock may differ from ours.
    pub const LEEWAY: Duration = Duration::from_secs(5);

    /// Whether its time is over, to within the leeway.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at.plus(Self::LEEWAY)
    }

    /// Whether its bearer is anybody at all.
    #[must_use]
    pub fn is_guest(&self) -> bool {
        self.role == HubRole::Guest
    }

    /// The bearer as the doer of an event in a tenant's log.
    #[must_use]
    pub fn actor(&self, scope: &TenantScope) -> Actor {
        let subject = (!self.is_guest()).then_some(self.subject.as_str());
        Actor::HubUser { id: hub_actor(scope, self.hub, subject), role: self.role }
    }
}

/// The id of a hub's user in a tenant. It is a hash over tenant, hub and subject: the same person has the same id in one
/// tenant and another in each other, and no row needs to be kept of them. Every guest of a hub is one, without a subject.
pub(crate) fn hub_actor(scope: &TenantScope, hub: HubId, subject: Option<&str>) -> ActorId {
    let hash = Sha256::new()
        .chain_update(scope.tenant().as_bytes())
        .chain_update(hub.as_bytes())
        .chain_update(if subject.is_none() { "guest" } else { "user " })
        .chain_update(subject.unwrap_or_default())
        .finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(byte, hashed)| *byte = hashed);
    // A UUID of one's own making (RFC 9562, section 5.8).
    ActorId::from_bytes(uuid::Builder::from_custom_bytes(bytes).into_uuid().into_bytes())
}

/// Why a satellite token was refused. The caller learns no more than that it was; the log learns which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SatelliteRefused {
    /// Not of the form of a token, or with parts that must not be there.
    #[error("the satellite token is malformed")]
    Malformed,
    /// Of an algorithm or kind that is not accepted here.
    #[error("the token is not a satellite token")]
    WrongKind,
    /// Of an issuer that is no trusted hub.
    #[error("the satellite token's issuer is unknown")]
    UnknownIssuer,
    /// Signed with a key that the hub does not show.
    #[error("the satellite token's key is unknown")]
    UnknownKey,
    /// Not signed by the key it names.
    #[error("the satellite token's signature is wrong")]
    BadSignature,
    /// With a claim that is missing, of the wrong type, or not for us.
    #[error("a claim of the satellite token is missing or wrong")]
    BadClaims,
    /// Past its time.
    #[error("the satellite token has expired")]
    Expired,
    /// Not yet of its time.
    #[error("the satellite token is not valid yet")]
    NotYetValid,
    /// Of a life longer than any satellite token's.
    #[error("the satellite token lives too long")]
    TooLongLived,
    /// The hub's keys are not known, and could not be had.
    #[error("the hub's keys are not to be had at the moment")]
    KeysUnavailable,
}

impl SatelliteRefused {
    /// The reason in the audit log.
    #[must_use]
    pub fn reason_code(self) -> ReasonCode {
        match self {
            Self::Malformed => ReasonCode::SatelliteTokenMalformed,
            Self::WrongKind => ReasonCode::SatelliteTokenWrongKind,
            Self::UnknownIssuer => ReasonCode::SatelliteTokenUnknownIssuer,
            Self::UnknownKey => ReasonCode::SatelliteTokenUnknownKey,
            Self::BadSignature => ReasonCode::SatelliteTokenBadSignature,
            Self::BadClaims => ReasonCode::SatelliteTokenBadClaims,
            Self::Expired => ReasonCode::SatelliteTokenExpired,
            Self::NotYetValid => ReasonCode::SatelliteTokenNotYetValid,
            Self::TooLongLived => ReasonCode::SatelliteTokenTooLongLived,
            Self::KeysUnavailable => ReasonCode::HubKeysUnavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(role: HubRole) -> SatelliteClaims {
        let at = |seconds: i64| Timestamp::from_unix_micros(seconds * 1_000_000);
        SatelliteClaims {
            hub: HubId::from_bytes([1; 16]),
            subject: "alice".to_owned(),
            audience: Audience::parse("harbor").unwrap(),
            role,
            issued_at: at(0),
            not_before: at(0),
            expires_at: at(60),
        }
    }

    #[test]
    fn f4_a_token_is_good_until_its_end_and_the_leeway_and_not_a_moment_more() {
        let claims = claims(HubRole::User);
        let end = claims.expires_at.plus(SatelliteClaims::LEEWAY);
        assert!(!claims.is_expired(claims.expires_at) && claims.is_expired(end));
        assert!(!claims.is_expired(end.minus(Duration::from_micros(1))));
    }

    #[test]
    fn f4_all_guests_of_a_hub_are_one_and_nobody_else_is() {
        let scope = TenantScope::of(crate::ids::TenantId::from_bytes([4; 16]));
        let of = |role, subject: &str| match (SatelliteClaims { subject: subject.to_owned(), ..claims(role) })
            .actor(&scope)
        {
            Actor::HubUser { id, role: told } if told == role => id,
            other => panic!("{other:?}"),
        };
        assert_eq!(of(HubRole::Guest, "guest"), of(HubRole::Guest, "someone"));
        assert_ne!(of(HubRole::User, "guest"), of(HubRole::Guest, "guest"));
        assert_ne!(of(HubRole::User, "alice"), of(HubRole::User, "bob"));
    }
}
