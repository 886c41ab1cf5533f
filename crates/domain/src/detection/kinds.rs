//! What is detected: of which events, of whom, and from how many on.

use std::net::IpAddr;
use std::time::Duration;

use crate::access::Role;
use crate::audit::{Action, Actor, Event, ObjectKind, Outcome, ReasonCode, RecordedReason};
use crate::identity::address_prefix;
use crate::ids::ActorId;

/// What is detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DetectionKind {
    /// Logins to one account, or from one address, fail again and again.
    LoginFailures,
    /// A refresh token was used that another had taken the place of: somebody else has a copy.
    RefreshReuse,
    /// One caller, or one address, is refused by limits again and again.
    LimitBurst,
    /// One caller reads documents, exports or logs again and again.
    MassExport,
    /// Somebody became an Owner of a tenant that had one.
    NewOwner,
}

/// From how many on, and within which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetectionTerms {
    /// The time in which events are counted, and in which the same is told once.
    pub window: Duration,
    /// How many failed logins.
    pub login_failures: u64,
    /// How many refusals by a limit.
    pub limit_refusals: u64,
    /// How many reads of content: at most [`MAX_READS`](Self::MAX_READS).
    pub reads: u64,
}

impl DetectionTerms {
    /// The most reads that are counted, each of which is an event of its own: with a larger number nothing would ever be detected.
    pub const MAX_READS: u64 = 2_000;
}

impl Default for DetectionTerms {
    fn default() -> Self {
        Self { window: Duration::from_secs(600), login_failures: 10, limit_refusals: 100, reads: 200 }
    }
}

/// Of whom something is detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Suspect {
    /// An account, or a user of a hub.
    Actor(ActorId),
    /// An address, by its [prefix](address_prefix).
    Network(IpAddr),
}

impl Suspect {
    /// The network that an address is in.
    pub(super) fn network(address: IpAddr) -> Self {
        Self::Network(address_prefix(address))
    }
}

impl DetectionKind {
    /// Each of them.
    pub const ALL: [Self; 5] =
        [Self::LoginFailures, Self::RefreshReuse, Self::LimitBurst, Self::MassExport, Self::NewOwner];

    /// The reason with which it is recorded.
    #[must_use]
    pub fn reason_code(self) -> ReasonCode {
        match self {
            Self::LoginFailures => ReasonCode::LoginFailures,
            Self::RefreshReuse => ReasonCode::RefreshReuse,
            Self::LimitBurst => ReasonCode::LimitBurst,
            Self::MassExport => ReasonCode::MassExport,
            Self::NewOwner => ReasonCode::NewOwner,
        }
    }

    /// From how many events on.
    pub(super) fn threshold(self, terms: &DetectionTerms) -> u64 {
        match self {
            Self::LoginFailures => terms.login_failures,
            Self::LimitBurst => terms.limit_refusals,
            Self::MassExport => terms.reads,
            Self::RefreshReuse | Self::NewOwner => 1,
        }
    }

    /// The actions of whose events it is made.
    pub(super) fn actions(self) -> &'static [Action] {
        match self {
            Self::LoginFailures => &[Action::AuthnLoginFail],
            Self::RefreshReuse => &[Action::AuthnTokenReuse],
            Self::LimitBurst => &[Action::PolicyViolation, Action::ExcessRateLimitExceeded],
            Self::MassExport => &[Action::SensitiveRead],
            Self::NewOwner => &[Action::PrivilegePermissionsChanged, Action::UserCreated],
        }
    }

    /// Whether who is suspected is who acted, so that their events can be asked for.
    pub(super) fn is_of_actors(self) -> bool {
        matches!(self, Self::LimitBurst | Self::MassExport)
    }

    /// Of whom an event says it; of nobody, where it is another event.
    pub(super) fn suspects(self, event: &Event) -> Vec<Suspect> {
        let (actor, member) = (event.actor.id().map(Suspect::Actor), member_of(event).map(Suspect::Actor));
        let network = event.person.address.map(Suspect::network);
        let reason = event.reason_code.as_ref().map(RecordedReason::as_str);
        let found = match (self, event.action, event.outcome) {
            (Self::LoginFailures, Action::AuthnLoginFail, Outcome::Denied) => [member, network],
            (Self::RefreshReuse, Action::AuthnTokenReuse, _) => [actor.or(member).or(network), None],
            (Self::LimitBurst, Action::PolicyViolation, _) if reason == Some("rate_limited") => [actor, None],
            (Self::LimitBurst, Action::ExcessRateLimitExceeded, _) => [network, None],
            (Self::MassExport, Action::SensitiveRead, Outcome::Success) => [actor, None],
            (Self::NewOwner, Action::PrivilegePermissionsChanged, Outcome::Success) => {
                [member.filter(|_| reason.is_some_and(|reason| reason.ends_with("_to_owner"))), None]
            }
            (Self::NewOwner, Action::UserCreated, Outcome::Success) => {
                [member.filter(|_| is_owner(&event.actor)), None]
            }
            _ => [None, None],
        };
        found.into_iter().flatten().collect()
    }
}

/// The member that an event is about.
pub(super) fn member_of(event: &Event) -> Option<ActorId> {
    let object = event.object.as_ref().filter(|object| object.kind == ObjectKind::Member)?;
    object.id.parse().ok()
}

fn is_owner(actor: &Actor) -> bool {
    matches!(actor, Actor::Account { role: Some(Role::Owner), .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u1_one_client_of_ipv6_has_a_64_and_one_of_ipv4_its_address() {
        let of = |text: &str| Suspect::network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
