//! What providers lately said of people who logged out there: the same is not said twice, and no sign-in that began before
//! ends after it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::identity::oidc::ports::{VerifiedIdentity, VerifiedLogout};
use crate::ids::OidcProviderId;
use crate::random::{Entropy, RandomError};
use crate::secret::TokenHash;
use crate::time::Timestamp;

/// What providers lately said of people who logged out. It is lost with the process, and so is every sign-in that is on its way:
/// what a browser keeps of one is good in the process where it began, and in no later one.
#[derive(Debug, Clone)]
pub struct ProviderLogouts {
    process: [u8; 16],
    recent: Arc<Mutex<Recent>>,
}

#[derive(Debug, Default)]
struct Recent {
    at: HashMap<TokenHash, Timestamp>,
    by_age: VecDeque<(Timestamp, TokenHash)>,
}

impl ProviderLogouts {
    /// For how long it is known: longer than a logout token is good for, and than somebody has to sign in.
    const KEPT: Duration = Duration::from_secs(15 * 60);
    /// The most that is known: beyond, the oldest is forgotten. Nothing but a token that a provider has signed adds to it.
    const MAX: usize = 65_536;

    /// Nothing is known yet.
    ///
    /// # Errors
    /// When the source of randomness fails, which tells this process from those before.
    pub fn new(entropy: &dyn Entropy) -> Result<Self, RandomError> {
        let mut process = [0; 16];
        entropy.fill(&mut process)?;
        Ok(Self { process, recent: Arc::default() })
    }

    /// What tells the process that knows this from all others.
    pub(super) fn process(&self) -> &[u8] {
        &self.process
    }

    /// Notes whom a logout is about, for sign-ins that are on their way. It is called where no session can begin meanwhile.
    pub(super) fn note(&self, provider: OidcProviderId, logout: &VerifiedLogout, now: Timestamp) {
        // One that names a session is about no other of the person's.
        let about = match (&logout.sid, &logout.subject) {
            (Some(sid), _) => key(provider, "sid", sid.as_str()),
            (None, Some(subject)) => key(provider, "sub", subject.as_str()),
            (None, None) => return,
        };
        self.insert(about, now);
    }

    /// Whether somebody logged out at or after a time.
    pub(super) fn since(
        &self,
        provider: OidcProviderId,
        identity: &VerifiedIdentity,
        then: Timestamp,
    ) -> bool {
        let by_subject = key(provider, "sub", identity.subject.as_str());
        let by_session = identity.sid.as_ref().map(|sid| key(provider, "sid", sid.as_str()));
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut said = [Some(by_subject), by_session].into_iter().flatten();
        said.any(|key| recent.at.get(&key).is_some_and(|at| *at >= then))
    }

    /// Whether a logout token has done what it says.
    pub(super) fn is_done(&self, provider: OidcProviderId, logout: &VerifiedLogout) -> bool {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.at.contains_key(&key(provider, "jti", &logout.id))
    }

    /// Notes that a logout token has done what it says.
    pub(super) fn done(&self, provider: OidcProviderId, logout: &VerifiedLogout, now: Timestamp) {
        self.insert(key(provider, "jti", &logout.id), now);
    }

    fn insert(&self, key: TokenHash, now: Timestamp) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((at, oldest)) = recent.by_age.front().copied() {
            if now.since(at) < Self::KEPT && recent.by_age.len() < Self::MAX {
                break;
            }
            recent.by_age.pop_front();
            // It may have come again since.
            if recent.at.get(&oldest) == Some(&at) {
                recent.at.remove(&oldest);
            }
        }
        recent.at.insert(key, now);
        recent.by_age.push_back((now, key));
    }
}

/// A provider is a tenant's: what one tenant was told counts in no other.
fn key(provider: OidcProviderId, kind: &str, value: &str) -> TokenHash {
    TokenHash::of(&format!("{provider} {kind} {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::oidc::Subject;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
            buffer.fill(0);
            Ok(())
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(1_800_000_000_000_000 + seconds * 1_000_000)
    }

    fn name(text: &str) -> Option<Subject> {
        Some(Subject::parse(text).unwrap())
    }

    fn identity(subject: &str, sid: Option<&str>) -> VerifiedIdentity {
        VerifiedIdentity {
            subject: name(subject).unwrap(),
            sid: sid.and_then(name),
            verified_email: None,
            groups: Vec::new(),
        }
    }

    fn logout(id: &str, subject: Option<&str>, sid: Option<&str>) -> VerifiedLogout {
        VerifiedLogout { id: id.to_owned(), subject: subject.and_then(name), sid: sid.and_then(name) }
    }

    #[test]
    fn a4_a_logout_is_of_whom_it_names_and_of_what_began_before_it() {
        let logouts = ProviderLogouts::new(&Zeros).unwrap();
        let (here, elsewhere) = (OidcProviderId::from_bytes([1; 16]), OidcProviderId::from_bytes([2; 16]));
        logouts.note(here, &logout("1", Some("carol"), Some("s1")), at(100));
        logouts.note(here, &logout("2", Some("dora"), None), at(100));
        for (subject, sid, then, is_out) in [
            ("carol", Some("s1"), at(99), true),
            ("carol", Some("s1"), at(100), true),
            ("carol", Some("s1"), at(101), false),
            ("carol", Some("s2"), at(99), false),
            ("carol", None, at(99), false),
            ("dora", Some("s3"), at(99), true),
            ("dora", None, at(101), false),
        ] {
            let identity = identity(subject, sid);
            assert_eq!(logouts.since(here, &identity, then), is_out, "{subject} {sid:?} {then}");
            assert!(!logouts.since(elsewhere, &identity, then));
        }
    }

    #[test]
    fn a4_what_was_said_is_known_for_a_while_and_in_bounded_number() {
        let logouts = ProviderLogouts::new(&Zeros).unwrap();
        let here = OidcProviderId::from_bytes([1; 16]);
        let said = |n: usize| logout(&n.to_string(), Some("carol"), None);
        logouts.done(here, &said(0), at(0));
        assert!(logouts.is_done(here, &said(0)) && !logouts.is_done(here, &said(1)));
        logouts.done(here, &said(1), at(899));
        assert!(logouts.is_done(here, &said(0)));
        logouts.done(here, &said(2), at(900));
        assert!(!logouts.is_done(here, &said(0)) && logouts.is_done(here, &said(1)));
        for n in 0..ProviderLogouts::MAX + 10 {
            logouts.done(here, &said(n), at(901));
        }
        let recent = logouts.recent.lock().unwrap();
        assert_eq!((recent.at.len(), recent.by_age.len()), (ProviderLogouts::MAX, ProviderLogouts::MAX));
    }
}
