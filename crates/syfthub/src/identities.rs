//! The identities of people on their hubs, by the tokens that they bring.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use syft_space_domain::Pending;
use syft_space_domain::ids::HubId;
use syft_space_domain::marketplace::ports::{
    HubAccess, HubError, HubIdentity, IdentifyError, SatelliteIdentities,
};
use syft_space_domain::marketplace::{Audience, SatelliteClaims, SatelliteId};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;

use crate::client::{SyftHub, TokenVerification};

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
/// cannot be asked, what it said last serves for [`stale`](IdentitySettings::stale); when it says that the person may no
/// longer act, that is forgotten at once. What one tenant's account is refused is not held against the callers of
/// another. It must be used within a runtime of tokio.
pub struct SyftHubIdentities {
    hub: Arc<SyftHub>,
    settings: IdentitySettings,
    people: Cache<(HubId, String), Arc<Person>>,
}

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
    /// The last attempt that failed for callers of one audience.
    failed: Option<(Audience, IdentifyError, Timestamp)>,
}

impl SyftHubIdentities {
    /// A cache of people that asks through this client.
    #[must_use]
    pub fn new(hub: Arc<SyftHub>, settings: IdentitySettings) -> Self {
        let people = Cache::new(settings.remembered);
        Self { hub, settings, people }
    }

    fn person(&self, claims: &SatelliteClaims) -> Arc<Person> {
        let key = (claims.hub, claims.subject.clone());
        let made = self.people.get_or_insert_with(&key, || Ok::<_, std::convert::Infallible>(Arc::default()));
        match made {
            Ok(person) => person,
            Err(never) => match never {},
        }
    }

    /// The result that can be answered without asking the hub.
    fn cached_result(
        &self,
        person: &Person,
        claims: &SatelliteClaims,
        now: Timestamp,
    ) -> Option<Result<HubIdentity, IdentifyError>> {
        let state = person.state.lock().unwrap_or_else(PoisonError::into_inner);
        let within = |since: Timestamp, span: Duration| since <= now && now.since(since) < span;
        if let Some((why, _)) = state.refused.as_ref().filter(|(_, at)| within(*at, self.settings.retry)) {
            return Some(Err(IdentifyError::NotVouchedFor(why.clone())));
        }
        let (identity, at) =
            state.identity.as_ref().map_or((None, now), |(identity, at)| (Some(identity), *at));
        if let Some(fresh) = identity.filter(|_| within(at, self.settings.fresh)) {
            return Some(Ok(fresh.clone()));
        }
        let failed = state
            .failed
            .as_ref()
            .filter(|(audience, _, at)| *audience == claims.audience && within(*at, self.settings.retry));
        let (_, error, _) = failed?;
        let stale = identity.filter(|_| within(at, self.settings.stale));
        Some(stale.cloned().ok_or_else(|| error.clone()))
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
    now: Timestamp,
}

impl IdentityLookup {
    /// Asks the hub, and caches the outcome.
    async fn run(self, access: Result<HubAccess, HubError>) {
        let Self { hub, person, claims, token, satellite, now } = self;
        let verification = match access {
            Ok(access) => hub.verify_token(&access, satellite, token.expose()).await,
            Err(error) => Err(error),
        };
        let mut state = person.state.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |error| Some((claims.audience.clone(), error, now));
        match verification {
            Ok(TokenVerification::Valid(identity, subject, audience)) => {
                if subject == claims.subject && audience == claims.audience.as_str() {
                    *state = PersonState { identity: Some((identity, now)), ..PersonState::default() };
                } else {
                    let why = HubError::Unreadable("it speaks of another token".to_owned());
                    state.failed = failed(IdentifyError::Unavailable(why));
                }
            }
            Ok(TokenVerification::PersonRefused(why)) => {
                *state = PersonState { refused: Some((why, now)), ..PersonState::default() };
            }
            Ok(TokenVerification::TokenRefused(why)) => {
                state.failed = failed(IdentifyError::NotVouchedFor(why));
            }
            Err(error) => state.failed = failed(IdentifyError::Unavailable(error)),
        }
    }
}

impl SatelliteIdentities for SyftHubIdentities {
    fn identify<'a>(
        &'a self,
        claims: &'a SatelliteClaims,
        token: &'a str,
        satellite: Option<SatelliteId>,
        access: &'a (dyn Fn() -> Result<HubAccess, HubError> + Send + Sync),
        now: Timestamp,
    ) -> Pending<'a, Result<HubIdentity, IdentifyError>> {
        Box::pin(async move {
            let person = self.person(claims);
            // The role is that of their token.
            let with_token_role = |identity| HubIdentity { role: claims.role, ..identity };
            if let Some(cached_result) = self.cached_result(&person, claims, now) {
                return cached_result.map(with_token_role);
            }
            let lookup_guard = Arc::clone(&person.lookup_lock).lock_owned().await;
            if self.cached_result(&person, claims, now).is_none() {
                let lookup = IdentityLookup {
                    hub: Arc::clone(&self.hub),
                    person: Arc::clone(&person),
                    claims: claims.clone(),
                    token: Secret::new(token.to_owned()),
                    satellite,
                    now,
                };
                let access = access();
                let asked = tokio::spawn(async move {
                    lookup.run(access).await;
                    drop(lookup_guard);
                });
                asked.await.ok();
            }
            let cached_result = self.cached_result(&person, claims, now);
            let nothing = || HubError::Unavailable("it was asked a moment ago".to_owned());
            cached_result.unwrap_or_else(|| Err(IdentifyError::Unavailable(nothing()))).map(with_token_role)
        })
    }
}
