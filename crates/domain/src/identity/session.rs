//! A session: what a login begins, and whoever holds its refresh token keeps up.

use std::net::IpAddr;
use std::time::Duration;

use crate::audit::ReasonCode;
use crate::ids::{AccountId, SessionId, TenantId};
use crate::random::{Entropy, RandomError};
use crate::secret::{BearerSecret, Secret, TokenHash};
use crate::time::Timestamp;

/// How long sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLife {
    /// For how long one lives that is not used: that no refresh token of it is presented.
    pub idle: Duration,
    /// For how long one lives at most.
    pub absolute: Duration,
}

impl Default for SessionLife {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 60 * 60);
        Self { idle: 7 * day, absolute: 30 * day }
    }
}

/// A login that goes on: its access tokens are good for as long as it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// In which tenant.
    pub tenant: TenantId,
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub account: AccountId,
    /// When it began.
    pub created_at: Timestamp,
    /// When a token of it was last given out.
    pub last_used_at: Timestamp,
    /// When it ends at the latest: with the beginning of that second, for tokens know whole ones.
    pub expires_at: Timestamp,
    /// When it ends unless it is used before; never after `expires_at`.
    pub idle_until: Timestamp,
    /// From which address it was begun.
    pub address: Option<IpAddr>,
    /// How the client that began it described itself.
    pub user_agent: Option<String>,
    /// What is stored of its refresh tokens.
    pub refresh: RefreshHashes,
}

/// What is stored of a session's refresh tokens. None of them can be made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshHashes {
    /// Of what all of them have in common.
    pub family: TokenHash,
    /// Of what the good one has alone.
    pub current: TokenHash,
    /// The one before it, once there was one.
    pub rotated: Option<Rotation>,
}

/// A refresh token took the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// Of the one before.
    pub previous: TokenHash,
    /// What the one before and this make the good one of.
    pub nonce: [u8; 32],
    /// When.
    pub at: Timestamp,
}

impl Session {
    /// The most that an account has.
    pub const MAX_PER_ACCOUNT: usize = 100;

    /// For how long the same refresh token may come again: the answer was lost, or two ask at once.
    pub const GRACE: Duration = Duration::from_secs(10);

    /// Why it is over, if so. A shorter life that was set since it was last used counts.
    #[must_use]
    pub fn is_over(&self, now: Timestamp, life: SessionLife) -> Option<ReasonCode> {
        if now >= self.expires_at.start_of_second() || now.since(self.created_at) >= life.absolute {
            return Some(ReasonCode::SessionTooOld);
        }
        let is_idle = now >= self.idle_until || now.since(self.last_used_at) >= life.idle;
        is_idle.then_some(ReasonCode::SessionIdle)
    }

    /// Notes that a token of it is given out.
    pub(super) fn used(&mut self, now: Timestamp, life: SessionLife) {
        self.last_used_at = now;
        self.idle_until = now.plus(life.idle).min(self.expires_at);
    }

    /// Takes a refresh token of its family: the one that takes its place, or `None` where another has taken it already, longer
    /// ago than [`GRACE`](Self::GRACE). `nonce` is used where this is the first to bring it.
    pub(super) fn rotate(
        &mut self,
        presented: &RefreshToken,
        nonce: [u8; 32],
        now: Timestamp,
    ) -> Option<RefreshToken> {
        let hash = presented.own.hash();
        if hash.matches(&self.refresh.current) {
            let next = presented.successor(&nonce)?;
            self.refresh.rotated = Some(Rotation { previous: hash, nonce, at: now });
            self.refresh.current = next.own.hash();
            return Some(next);
        }
        let rotated = self.refresh.rotated.as_ref()?;
        let is_meant = hash.matches(&rotated.previous) && now.since(rotated.at) < Self::GRACE;
        if is_meant { presented.successor(&rotated.nonce) } else { None }
    }
}

/// A refresh token, good for one further access token and one further refresh token. All of one session have their first half in
/// common, which tells one that was used before from one that never was.
#[derive(Clone)]
pub struct RefreshToken {
    family: BearerSecret,
    own: BearerSecret,
}

impl RefreshToken {
    /// How many digits it has.
    pub const LENGTH: usize = 2 * BearerSecret::LENGTH;

    /// What the next one is derived for: nothing else is derived so.
    const LABEL: &[u8] = b"syft-space refresh token 1";

    /// The first of a session.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, RandomError> {
        Ok(Self { family: BearerSecret::generate(entropy)?, own: BearerSecret::generate(entropy)? })
    }

    /// The one that somebody presents; `None` where it is of no such form.
    #[must_use]
    pub fn presented(text: &Secret<String>) -> Option<Self> {
        let (family, own) = text.expose().split_at_checked(BearerSecret::LENGTH)?;
        Some(Self { family: BearerSecret::presented(family)?, own: BearerSecret::presented(own)? })
    }

    /// The token's text, to be shown once.
    #[must_use]
    pub fn expose(&self) -> Secret<String> {
        Secret::new([self.family.expose(), self.own.expose()].concat())
    }

    /// What is stored of the first one.
    pub(super) fn hashes(&self) -> RefreshHashes {
        RefreshHashes { family: self.family(), current: self.own.hash(), rotated: None }
    }

    /// By what its session is found.
    pub(super) fn family(&self) -> TokenHash {
        self.family.hash()
    }

    fn successor(&self, nonce: &[u8; 32]) -> Option<Self> {
        Some(Self { family: self.family.clone(), own: self.own.derive(nonce, Self::LABEL)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
            buffer.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            Ok(())
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(1_800_000_000_000_000 + seconds * 1_000_000)
    }

    fn begun() -> (Session, RefreshToken) {
        let token = RefreshToken::generate(&Counting(1.into())).unwrap();
        let session = Session {
            tenant: TenantId::from_bytes([1; 16]),
            id: SessionId::from_bytes([2; 16]),
            account: AccountId::from_bytes([3; 16]),
            created_at: at(0),
            last_used_at: at(0),
            expires_at: at(1_000),
            idle_until: at(100),
            address: None,
            user_agent: None,
            refresh: token.hashes(),
        };
        (session, token)
    }

    fn text(token: Option<RefreshToken>) -> Option<String> {
        token.map(|token| token.expose().expose().clone())
    }

    #[test]
    fn a4_a_refresh_token_makes_one_other_and_the_same_for_ten_seconds() {
        let (mut session, first) = begun();
        let second = session.rotate(&first, [1; 32], at(5)).unwrap();
        let stored = session.clone();
        for late in [5, 6, 14] {
            let again = session.rotate(&first, [9; 32], at(late));
            assert_eq!(text(again), text(Some(second.clone())), "{late}");
        }
        assert_eq!(session, stored, "nothing is changed by one that comes again");
        assert!(session.rotate(&first, [9; 32], at(15)).is_none());
        // The one behind it, in its turn.
        let third = session.rotate(&second, [2; 32], at(20)).unwrap();
        assert_eq!(text(session.rotate(&second, [9; 32], at(29))), text(Some(third.clone())));
        assert!(session.rotate(&first, [9; 32], at(21)).is_none(), "one that was used twice over is told");
        assert!(session.rotate(&third, [3; 32], at(22)).is_some());
    }

    #[test]
    fn a4_what_is_stored_makes_no_token_and_each_is_another() {
        let (mut session, first) = begun();
        let second = session.rotate(&first, [91; 32], at(1)).unwrap();
        let (mut other, _) = begun();
        let otherwise = other.rotate(&first, [92; 32], at(1)).unwrap();
        assert_ne!(text(Some(second.clone())), text(Some(otherwise)), "it hangs on the nonce");
        assert_ne!(text(Some(second.clone())), text(Some(first.clone())));
        let stored = format!("{session:?}");
        for token in [first, second] {
            for part in [token.family.expose(), token.own.expose()] {
                let bytes: [u8; 32] = hex::decode(part).unwrap().try_into().unwrap();
                assert!(!stored.contains(part) && !stored.contains(&format!("{bytes:?}")));
            }
        }
    }

    #[test]
    fn a4_a_refresh_token_is_read_in_its_own_form_alone() {
        let (_, token) = begun();
        let shown = token.expose();
        let read = RefreshToken::presented(&shown);
        assert_eq!(text(read).as_ref(), Some(shown.expose()));
        let wrong = [
            String::new(),
            shown.expose()[1..].to_owned(),
            format!("{}0", shown.expose()),
            shown.expose().replacen('0', "A", 1),
            shown.expose().replacen('0', "g", 1),
            format!("{}ü", &shown.expose()[..RefreshToken::LENGTH - 2]),
            "ü".repeat(64),
        ];
        for wrong in wrong {
            assert!(RefreshToken::presented(&Secret::new(wrong.clone())).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a4_a_session_ends_when_it_is_not_used_and_when_it_is_too_old() {
        let life = SessionLife { idle: Duration::from_secs(100), absolute: Duration::from_secs(1_000) };
        let (mut session, _) = begun();
        assert_eq!(session.is_over(at(99), life), None);
        assert_eq!(session.is_over(at(100), life), Some(ReasonCode::SessionIdle));
        session.used(at(90), life);
        assert_eq!(session.is_over(at(189), life), None);
        assert_eq!(session.is_over(at(190), life), Some(ReasonCode::SessionIdle));
        // A shorter life counts at once; a longer one from the next use on.
        let shorter = SessionLife { idle: Duration::from_secs(10), ..life };
        assert_eq!(session.is_over(at(100), shorter), Some(ReasonCode::SessionIdle));
        let younger = SessionLife { absolute: Duration::from_secs(95), ..life };
        assert_eq!(session.is_over(at(95), younger), Some(ReasonCode::SessionTooOld));
        session.used(at(950), life);
        assert_eq!(session.idle_until, session.expires_at);
        assert_eq!(session.is_over(at(999), life), None);
        assert_eq!(session.is_over(at(1_000), life), Some(ReasonCode::SessionTooOld));
    }
}
