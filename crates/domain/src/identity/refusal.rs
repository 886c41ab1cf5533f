//! The refusals of a caller: who they are is not proved, or does not permit it.

use crate::access::{Permission, PrincipalKind, Role, may};
use crate::audit::{Action, Actor, Event, ReasonCode};
use crate::identity::Password;
use crate::snapshot::SnapshotError;

/// A genuine token whose bearer may not come in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticateError {
    /// The tenant or the account is gone or disabled, or the token is from before that.
    #[error("the token is no longer valid")]
    Revoked,
    /// The token's time is over.
    #[error("the token has expired")]
    Expired,
    /// The API key's time is over.
    #[error("the API key has expired")]
    KeyExpired,
    /// The secret was replaced by another, and works beside it no more. The key may live on.
    #[error("the secret of the API key was replaced")]
    KeyReplaced,
    /// The API key, or its holder, is gone or disabled.
    #[error("the API key is no longer valid")]
    KeyRevoked,
    /// There is no such API key, or not any more, or its secret is another.
    #[error("there is no such API key, or not any more")]
    KeyUnknown,
    /// The API key may not be used from the caller's address.
    #[error("the API key may not be used from this address")]
    KeyAddressNotAllowed,
    /// No tenant of this space owns the satellite token's audience.
    #[error("the satellite token is not made out to anybody here")]
    NotForUs,
    /// Nothing can be said at the moment.
    #[error(transparent)]
    Live(SnapshotError),
}

impl AuthenticateError {
    /// The reason in the audit log.
    #[must_use]
    pub fn reason_code(&self) -> ReasonCode {
        match self {
            Self::Revoked | Self::KeyRevoked => ReasonCode::TokenRevoked,
            Self::Expired => ReasonCode::TokenExpired,
            Self::KeyExpired | Self::KeyReplaced => ReasonCode::KeyExpired,
            Self::KeyUnknown => ReasonCode::KeyUnknown,
            Self::KeyAddressNotAllowed => ReasonCode::KeyAddressNotAllowed,
            Self::NotForUs => ReasonCode::SatelliteTokenNotForUs,
            Self::Live(_) => ReasonCode::StateUnavailable,
        }
    }
}

/// Somebody whom their tenant does not let in any more, for it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tenant ends, and lets nobody in but its owners: ask one of them")]
pub struct TenantEnding;

/// The caller's standing does not permit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", refusal(*kind, *permission))]
pub struct Forbidden {
    /// As what the caller acts.
    pub kind: PrincipalKind,
    /// What would have been needed.
    pub permission: Permission,
}

fn refusal(kind: PrincipalKind, permission: Permission) -> String {
    match kind {
        PrincipalKind::Member(role) => {
            let able: Vec<&str> =
                Role::ALL.iter().filter(|role| may(**role, permission)).map(|role| role.as_str()).collect();
            format!("your role, {role}, does not permit this; who may: {}", able.join(", "))
        }
        PrincipalKind::WithoutSecondFactor(role) => {
            format!(
                "your account has no second factor, and needs one here, for its role, {role}, or for a password of fewer \
                 than {} characters: enrol one, and try again",
                Password::MIN_CHARS
            )
        }
        PrincipalKind::Ending(Some(Role::Owner)) => {
            "the tenant ends: until then its owners may look at what is in it, take that out, and keep the tenant".to_owned()
        }
        PrincipalKind::Ending(_) => TenantEnding.to_string(),
        PrincipalKind::HubUser => {
            "a satellite token is for querying endpoints, and for nothing else".to_owned()
        }
        PrincipalKind::Operator => {
            "the host's operator may not do this: a member of the tenant with the right role may, through \
                               the API"
                .to_owned()
        }
    }
}

/// The scopes of the caller's API key do not hold it, whatever its holder may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", out_of_scope(*.0))]
pub struct OutOfScope(pub Permission);

fn out_of_scope(permission: Permission) -> String {
    if permission.is_for_keys() {
        format!("the scopes of this API key do not hold {permission}")
    } else {
        "no API key may do this: log in".to_owned()
    }
}

/// A caller may not do something, or not any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationError {
    /// Their role does not permit it.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The scopes of their API key do not hold it.
    #[error(transparent)]
    OutOfScope(#[from] OutOfScope),
    /// What proved who they are does so no longer.
    #[error(transparent)]
    Unauthenticated(#[from] AuthenticateError),
    /// They lost the right while something was read for them. Nobody has recorded that yet: a read has no event.
    #[error(transparent)]
    Lost(Box<AuthorizationError>),
}

impl AuthorizationError {
    /// Makes of the event of what was tried that of its refusal.
    #[must_use]
    pub fn denied(&self, event: Event) -> Event {
        match self {
            Self::Forbidden(Forbidden { kind, .. }) => {
                use PrincipalKind::{Ending, Member, WithoutSecondFactor};
                let actor = match (event.actor, kind) {
                    (
                        Actor::Account { id, .. },
                        Member(role) | WithoutSecondFactor(role) | Ending(Some(role)),
                    ) => Actor::Account { id, role: Some(*role) },
                    (actor, _) => actor,
                };
                let reason_code = match kind {
                    WithoutSecondFactor(_) => ReasonCode::SecondFactorRequired,
                    Ending(_) => ReasonCode::TenantEnding,
                    _ => ReasonCode::Forbidden,
                };
                Event { action: Action::AuthzFail, actor, ..event }.denied(reason_code)
            }
            Self::OutOfScope(_) => {
                Event { action: Action::AuthzFail, ..event }.denied(ReasonCode::KeyScopeMissing)
            }
            Self::Unauthenticated(error @ AuthenticateError::Live(_)) => event.failed(error.reason_code()),
            Self::Lost(error) => error.denied(event),
            Self::Unauthenticated(error) => {
                Event { action: Action::AuthnTokenFail, ..event }.denied(error.reason_code())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_refused_reads_why_and_who_may() {
        let told = |kind| Forbidden { kind, permission: Permission::ReadAudit }.to_string();
        assert_eq!(
            told(PrincipalKind::Member(Role::User)),
            "your role, user, does not permit this; who may: owner, admin"
        );
        assert_eq!(
            told(PrincipalKind::HubUser),
            "a satellite token is for querying endpoints, and for nothing else"
        );
    }

    #[test]
    fn a_key_is_told_whether_another_scope_would_help() {
        let told = |permission| OutOfScope(permission).to_string();
        assert_eq!(told(Permission::ReadAudit), "the scopes of this API key do not hold read_audit");
        assert_eq!(told(Permission::OwnAccount), "no API key may do this: log in");
    }
}
