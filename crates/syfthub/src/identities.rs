//! Who is the bearer of a token, by name and address?

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

use crate::client::{SyftHub, Vouched};

/// How long what a hub says of people is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentitySettings {
    /// How long it is used without asking again. A user whom the hub deactivates is known here for as long.
    pub fresh: Duration,
    /// How long it is used when the hub cannot be asked.
    pub stale: Duration,
    /// How long a failed attempt, and a refusal, are remembered before the hub is asked again.
    pub retry: Duration,
    /// How many people are remembered.
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

/// Remembers who people are on their hubs.
///
/// A person is asked for once at a time, and once in [`fresh`](IdentitySettings::fresh). When the hub cannot be asked,
/// what it said last serves for [`stale`](IdentitySettings::stale); when it says that the person may no longer act,
/// that is forgotten at once. It must be used within a runtime of tokio. What one tenant's account is refused is not held against the callers of another.
pub struct SyftHubIdentities {
    hub: Arc<SyftHub>,
    settings: IdentitySettings,
    people: Cache<(HubId, String), Arc<Person>>,
}

/// What is known of one person.
#[derive(Default)]
struct Person {
    known: Mutex<Known>,
    /// Held while the hub is asked.
    asking: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Known {
    identity: Option<(HubIdentity, Timestamp)>,
    /// The hub's word that the person may not act, for everybody.
    refused: Option<(String, Timestamp)>,
    /// The last attempt that failed for callers of one audience.
    failed: Option<(Audience, IdentifyError, Timestamp)>,
}

impl SyftHubIdentities {
    /// Makes a memory of people that asks through this client.
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

    /// What can be told without asking.
    fn told(
        &self,
        person: &Person,
        claims: &SatelliteClaims,
        now: Timestamp,
    ) -> Option<Result<HubIdentity, IdentifyError>> {
        let known = person.known.lock().unwrap_or_else(PoisonError::into_inner);
        let within = |since: Timestamp, span: Duration| since <= now && now.since(since) < span;
        if let Some((why, _)) = known.refused.as_ref().filter(|(_, at)| within(*at, self.settings.retry)) {
            return Some(Err(IdentifyError::NotVouchedFor(why.clone())));
        }
        let (identity, at) = known.identity.as_ref().map_or((None, now), |(one, at)| (Some(one), *at));
        if let Some(fresh) = identity.filter(|_| within(at, self.settings.fresh)) {
            return Some(Ok(fresh.clone()));
        }
        let failed = known
            .failed
            .as_ref()
            .filter(|(audience, _, at)| *audience == claims.audience && within(*at, self.settings.retry));
        let (_, error, _) = failed?;
        let stale = identity.filter(|_| within(at, self.settings.stale));
        Some(stale.cloned().ok_or_else(|| error.clone()))
    }
}

/// One asking, with all that it needs: it goes on when whoever began it goes away, so that coming and going asks no
/// oftener than waiting.
struct Asking {
    hub: Arc<SyftHub>,
    person: Arc<Person>,
    claims: SatelliteClaims,
    token: Secret<String>,
    satellite: Option<SatelliteId>,
    now: Timestamp,
}

impl Asking {
    /// Asks the hub, and remembers what comes of it.
    async fn ask(self, access: Result<HubAccess, HubError>) {
        let Self { hub, person, claims, token, satellite, now } = self;
        let vouched = match access {
            Ok(access) => hub.vouch(&access, satellite, token.expose()).await,
            Err(error) => Err(error),
        };
        let mut known = person.known.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |error| Some((claims.audience.clone(), error, now));
        match vouched {
            Ok(Vouched::For(identity, subject, audience)) => {
                if subject == claims.subject && audience == claims.audience.as_str() {
                    *known = Known { identity: Some((identity, now)), ..Known::default() };
                } else {
                    let why = HubError::Unreadable("it speaks of another token".to_owned());
                    known.failed = failed(IdentifyError::Unavailable(why));
                }
            }
            Ok(Vouched::NotFor(why)) => {
                *known = Known { refused: Some((why, now)), ..Known::default() };
            }
            Ok(Vouched::NotToken(why)) => known.failed = failed(IdentifyError::NotVouchedFor(why)),
            Err(error) => known.failed = failed(IdentifyError::Unavailable(error)),
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
            // As what they come, their token says.
            let as_they_come = |identity| HubIdentity { role: claims.role, ..identity };
            if let Some(told) = self.told(&person, claims, now) {
                return told.map(as_they_come);
            }
            let one_at_a_time = Arc::clone(&person.asking).lock_owned().await;
            if self.told(&person, claims, now).is_none() {
                let asking = Asking {
                    hub: Arc::clone(&self.hub),
                    person: Arc::clone(&person),
                    claims: claims.clone(),
                    token: Secret::new(token.to_owned()),
                    satellite,
                    now,
                };
                let access = access();
                let asked = tokio::spawn(async move {
                    asking.ask(access).await;
                    drop(one_at_a_time);
                });
                asked.await.ok();
            }
            let told = self.told(&person, claims, now);
            let nothing = || HubError::Unavailable("it was asked a moment ago".to_owned());
            told.unwrap_or_else(|| Err(IdentifyError::Unavailable(nothing()))).map(as_they_come)
        })
    }
}
