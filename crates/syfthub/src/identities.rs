//! The identities of people on their hubs, by the tokens that they bring.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use syft_space_domain::Pending;
use syft_space_domain::ids::HubId;
use syft_space_domain::marketplace::ports::{
    HubAccess, HubError, HubIdentity, IdentifyError, SatelliteIdentities, TrustedHubs,
};
use syft_space_domain::marketplace::{Audience, HubUrl, Marketplace, SatelliteClaims, SatelliteId};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;
use tokio::time::Instant;

use crate::client::{SyftHub, TokenVerification};

/// How long somebody who is known, and not freshly, waits for the hub to confirm it.
const PATIENCE: Duration = Duration::from_millis(200);

/// The times for which the answers of a hub about people are cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentitySettings {
    /// How long it is used without asking again. A user whom the hub deactivates is known here for as long.
    pub fresh: Duration,
    /// How long it is used when the hub cannot be asked.
    pub stale: Duration,
    /// How long a failed attempt, and a refusal, are remembered before the hub is asked again.
    pub retry: Duration,
    /// The most people that are remembered.
    pub remembered: usize,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self {
            fresh: Duration::from_secs(600),
            stale: Duration::from_secs(3_600),
            retry: Duration::from_secs(30),
            remembered: 10_000,
        }
    }
}

/// A cache of who people are on their hubs.
///
/// The hub is asked for a person by one caller at a time, and once in [`fresh`](IdentitySettings::fresh). When the hub
/// does not answer at once, or cannot be asked, what it said last serves for [`stale`](IdentitySettings::stale), and it is
/// asked behind that; when it says that the person may no
/// longer act, that is forgotten at once. What one tenant's account is refused is not held against the callers of
/// another. A hub that is at another URL by now is asked for everybody anew: it may be somebody else's, with other people under the
/// same numbers. It must be used within a runtime of tokio.
pub struct SyftHubIdentities {
    hub: Arc<SyftHub>,
    trusted: Arc<dyn TrustedHubs>,
    settings: IdentitySettings,
    people: Cache<PersonKey, Arc<Person>>,
}

/// Who somebody is, on a hub where it is.
type PersonKey = (HubId, Option<HubUrl>, String);

/// The cached identity of one person.
#[derive(Default)]
struct Person {
    state: Mutex<PersonState>,
    /// Held while the hub is asked: one lookup at a time.
    lookup_lock: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct PersonState {
    identity: Option<(HubIdentity, Timestamp)>,
    /// The hub's refusal of the person. It holds for all callers.
    refused: Option<(String, Timestamp)>,
    /// The last attempt that failed.
    failed: Option<FailedLookup>,
}

/// A lookup that failed, for callers of one audience, with the credential that the account had then.
struct FailedLookup {
    audience: Audience,
    revision: u64,
    error: Failure,
    at: Timestamp,
}

/// Why a lookup failed.
#[derive(Clone)]
enum Failure {
    TokenRefused(String),
    Hub(HubError),
}

/// What is known of a person without asking the hub.
enum Known {
    /// This is the answer.
    Answer(Result<HubIdentity, IdentifyError>),
    /// This is, unless the hub says otherwise in a moment.
    Stale(HubIdentity),
    /// Nothing.
    Nothing,
}

impl SyftHubIdentities {
    /// A cache of people that asks through this client.
    #[must_use]
    pub fn new(hub: Arc<SyftHub>, trusted: Arc<dyn TrustedHubs>, settings: IdentitySettings) -> Self {
        let people = Cache::new(settings.remembered);
        Self { hub, trusted, settings, people }
    }

    fn person(&self, claims: &SatelliteClaims) -> Arc<Person> {
        let url = self.trusted.by_id(claims.hub).map(|hub| hub.url.clone());
        let key = (claims.hub, url, claims.subject.clone());
        let made = self.people.get_or_insert_with(&key, || Ok::<_, std::convert::Infallible>(Arc::default()));
        match made {
            Ok(person) => person,
            Err(never) => match never {},
        }
    }

    /// What is known of a person now, for callers of an audience at an account of this revision.
    fn known(&self, person: &Person, claims: &SatelliteClaims, revision: u64, now: Timestamp) -> Known {
        let state = person.state.lock().unwrap_or_else(PoisonError::into_inner);
        let within = |since: Timestamp, span: Duration| since <= now && now.since(since) < span;
        if let Some((why, _)) = state.refused.as_ref().filter(|(_, at)| within(*at, self.settings.retry)) {
            return Known::Answer(Err(IdentifyError::NotVouchedFor(why.clone())));
        }
        let (identity, at) =
            state.identity.as_ref().map_or((None, now), |(identity, at)| (Some(identity), *at));
        if let Some(fresh) = identity.filter(|_| within(at, self.settings.fresh)) {
            return Known::Answer(Ok(fresh.clone()));
        }
        let stale = identity.filter(|_| within(at, self.settings.stale)).cloned();
        let is_this = |failed: &&FailedLookup| {
            failed.audience == claims.audience
                && failed.revision == revision
                && within(failed.at, self.settings.retry)
        };
        match (state.failed.as_ref().filter(is_this), stale) {
            (Some(_), Some(stale)) => Known::Answer(Ok(stale)),
            (None, Some(stale)) => Known::Stale(stale),
            (Some(failed), None) => Known::Answer(Err(match failed.error.clone() {
                Failure::TokenRefused(why) => IdentifyError::NotVouchedFor(why),
                Failure::Hub(error) => IdentifyError::Unavailable(
                    error,
                    self.settings.retry.saturating_sub(now.since(failed.at)),
                ),
            })),
            (None, None) => Known::Nothing,
        }
    }
}

/// A lookup at the hub, with all that it needs. It goes on when the caller that began it goes away: callers that come
/// and go cause no more lookups than those that wait.
struct IdentityLookup {
    hub: Arc<SyftHub>,
    person: Arc<Person>,
    claims: SatelliteClaims,
    token: Secret<String>,
    satellite: Option<SatelliteId>,
    revision: u64,
    now: Timestamp,
    begun: Instant,
}

impl IdentityLookup {
    /// Asks the hub, and caches the outcome.
    async fn run(self, access: Result<HubAccess, HubError>) {
        let Self { hub, person, claims, token, satellite, revision, now, begun } = self;
        let verification = match access {
            Ok(access) => hub.verify_token(&access, satellite, token.expose()).await,
            Err(error) => Err(error),
        };
        let mut state = person.state.lock().unwrap_or_else(PoisonError::into_inner);
        // It may have taken long to fail, and is not to be tried again at once.
        let at = now.plus(Duration::from_secs(begun.elapsed().as_secs()));
        let failed = |error| Some(FailedLookup { audience: claims.audience.clone(), revision, error, at });
        match verification {
            Ok(TokenVerification::Valid(identity, subject, audience)) => {
                if subject == claims.subject && audience == claims.audience.as_str() {
                    *state = PersonState { identity: Some((identity, now)), ..PersonState::default() };
                } else {
                    let why = HubError::Unreadable("it speaks of another token".to_owned());
                    state.failed = failed(Failure::Hub(why));
                }
            }
            Ok(TokenVerification::PersonRefused(why)) => {
                *state = PersonState { refused: Some((why, now)), ..PersonState::default() };
            }
            Ok(TokenVerification::TokenRefused(why)) => {
                state.failed = failed(Failure::TokenRefused(why));
            }
            Err(error) => state.failed = failed(Failure::Hub(error)),
        }
    }
}

impl SatelliteIdentities for SyftHubIdentities {
    fn identify<'a>(
        &'a self,
        claims: &'a SatelliteClaims,
        token: &'a str,
        account: &'a Marketplace,
        access: &'a (dyn Fn() -> Result<HubAccess, HubError> + Send + Sync),
        now: Timestamp,
    ) -> Pending<'a, Result<HubIdentity, IdentifyError>> {
        Box::pin(async move {
            let person = self.person(claims);
            // The role is that of their token.
            let with_token_role = |identity| HubIdentity { role: claims.role, ..identity };
            let begun = Instant::now();
            let known = || self.known(&person, claims, account.revision, now.plus(begun.elapsed()));
            let stale = match known() {
                Known::Answer(answer) => return answer.map(with_token_role),
                Known::Stale(stale) => Some(stale),
                Known::Nothing => None,
            };
            let lookup_lock = Arc::clone(&person.lookup_lock);
            let lookup_guard = match &stale {
                // Somebody asks already. Who is known does not wait for it.
                Some(stale) => match lookup_lock.try_lock_owned() {
                    Ok(guard) => guard,
                    Err(_) => return Ok(with_token_role(stale.clone())),
                },
                None => lookup_lock.lock_owned().await,
            };
            if !matches!(known(), Known::Answer(_)) {
                let lookup = IdentityLookup {
                    hub: Arc::clone(&self.hub),
                    person: Arc::clone(&person),
                    claims: claims.clone(),
                    token: Secret::new(token.to_owned()),
                    satellite: account.satellite,
                    revision: account.revision,
                    now,
                    begun,
                };
                let access = access();
                let asked = tokio::spawn(async move {
                    lookup.run(access).await;
                    drop(lookup_guard);
                });
                match &stale {
                    // A hub in good health answers within this time, and its word counts.
                    Some(_) => drop(tokio::time::timeout(PATIENCE, asked).await),
                    None => drop(asked.await),
                }
            }
            match (known(), stale) {
                (Known::Answer(answer), _) => answer.map(with_token_role),
                (Known::Stale(stale), _) | (Known::Nothing, Some(stale)) => Ok(with_token_role(stale)),
                (Known::Nothing, None) => {
                    let nothing = HubError::Unavailable("it was asked a moment ago".to_owned());
                    Err(IdentifyError::Unavailable(nothing, Duration::ZERO))
                }
            }
        })
    }
}
