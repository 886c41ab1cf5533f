//! What does a space speak to when there is no hub? To accounts and tokens that a test wrote down.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use syft_space_domain::Pending;
use syft_space_domain::ids::HubId;
use syft_space_domain::marketplace::ports::{
    HealthReport, HubAccess, HubAccount, HubClient, HubError, HubIdentity, IdentifyError, Publication,
    SatelliteIdentities, SatelliteToken, SatelliteTokens,
};
use syft_space_domain::marketplace::{
    Audience, HubCredential, HubUrl, SatelliteClaims, SatelliteId, SatelliteRefused,
};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;

/// Every hub there is, in memory: whose credential is good where, and which satellite tokens are.
///
/// It accepts what it was told of, and tells what it was told. Nothing is signed: it is for tests alone.
#[derive(Default)]
pub struct MemoryHub(Mutex<State>);

#[derive(Default)]
struct State {
    is_down: bool,
    knows_satellites: bool,
    accounts: Vec<Known>,
    tokens: Vec<(String, SatelliteClaims)>,
    people: BTreeMap<(HubId, String), HubIdentity>,
}

struct Known {
    url: HubUrl,
    credential: Secret<Vec<u8>>,
    account: HubAccount,
    satellites: BTreeMap<String, SatelliteId>,
    shown: BTreeMap<String, Publication>,
    healthy: BTreeMap<String, bool>,
}

impl MemoryHub {
    /// No hub, no account and no token.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on there is an account with this credential on the hub at this URL.
    pub fn add_account(&self, url: HubUrl, credential: &HubCredential, account: HubAccount) {
        self.state().accounts.push(Known {
            url,
            credential: credential.to_plain(),
            account,
            satellites: BTreeMap::new(),
            shown: BTreeMap::new(),
            healthy: BTreeMap::new(),
        });
    }

    /// From now on this token passes, and says this.
    pub fn add_token(&self, token: &str, claims: SatelliteClaims) {
        self.state().tokens.push((token.to_owned(), claims));
    }

    /// From now on this is who somebody is.
    pub fn add_person(&self, hub: HubId, subject: &str, identity: HubIdentity) {
        self.state().people.insert((hub, subject.to_owned()), identity);
    }

    /// Whether hubs answer at all; they do until this says otherwise.
    pub fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// Whether hubs know satellites; they do not until this says otherwise.
    pub fn set_knows_satellites(&self, knows: bool) {
        self.state().knows_satellites = knows;
    }

    /// The satellites of an account, by the URL that each said it is reached at.
    #[must_use]
    pub fn satellites(&self, url: &HubUrl, username: &str) -> BTreeMap<String, SatelliteId> {
        self.found(url, username, |known| known.satellites.clone())
    }

    /// What an account shows, by slug.
    #[must_use]
    pub fn shown(&self, url: &HubUrl, username: &str) -> BTreeMap<String, Publication> {
        self.found(url, username, |known| known.shown.clone())
    }

    /// How an account's endpoints were last said to be, by slug.
    #[must_use]
    pub fn healthy(&self, url: &HubUrl, username: &str) -> BTreeMap<String, bool> {
        self.found(url, username, |known| known.healthy.clone())
    }

    fn found<T: Default>(&self, url: &HubUrl, username: &str, what: impl FnOnce(&Known) -> T) -> T {
        let state = self.state();
        let known =
            state.accounts.iter().find(|one| one.url == *url && one.account.username.as_str() == username);
        known.map(what).unwrap_or_default()
    }
}

impl State {
    fn ask(&mut self, access: &HubAccess) -> Result<&mut Known, HubError> {
        if self.is_down {
            return Err(HubError::Unavailable("it is down".to_owned()));
        }
        let plain = access.credential.to_plain();
        let mut at = self.accounts.iter_mut().filter(|one| one.url == access.url).peekable();
        if at.peek().is_none() {
            return Err(HubError::Unavailable("there is no hub".to_owned()));
        }
        at.find(|one| one.credential.expose() == plain.expose()).ok_or(HubError::Unauthorized)
    }
}

impl HubClient for MemoryHub {
    fn account<'a>(&'a self, access: &'a HubAccess) -> Pending<'a, Result<HubAccount, HubError>> {
        let answer = self.state().ask(access).map(|known| known.account.clone());
        Box::pin(ready(answer))
    }

    fn register_satellite<'a>(
        &'a self,
        access: &'a HubAccess,
        public_url: &'a str,
    ) -> Pending<'a, Result<Option<SatelliteId>, HubError>> {
        let mut state = self.state();
        let knows = state.knows_satellites;
        // An id that is its own, and the same in every run.
        let next =
            state.accounts.iter().fold(1_u128, |sum, one| one.satellites.keys().fold(sum, |sum, _| sum + 1));
        let answer = state.ask(access).map(|known| {
            let fresh = SatelliteId::from_bytes(next.to_be_bytes());
            knows.then(|| *known.satellites.entry(public_url.to_owned()).or_insert(fresh))
        });
        Box::pin(ready(answer))
    }

    fn remove_satellite<'a>(
        &'a self,
        access: &'a HubAccess,
        satellite: SatelliteId,
    ) -> Pending<'a, Result<(), HubError>> {
        let answer =
            self.state().ask(access).map(|known| known.satellites.retain(|_, one| *one != satellite));
        Box::pin(ready(answer))
    }

    fn identify<'a>(
        &'a self,
        access: &'a HubAccess,
        _satellite: Option<SatelliteId>,
        token: &'a str,
    ) -> Pending<'a, Result<HubIdentity, HubError>> {
        let mut state = self.state();
        let known = state.ask(access).map(drop).and_then(|()| {
            let (_, claims) = state
                .tokens
                .iter()
                .find(|(text, _)| text == token)
                .ok_or_else(|| HubError::Refused("the token is not valid".to_owned()))?;
            let person = state.people.get(&(claims.hub, claims.subject.clone()));
            person.cloned().ok_or_else(|| HubError::Refused("there is no such user".to_owned()))
        });
        Box::pin(ready(known))
    }

    fn publish<'a>(
        &'a self,
        access: &'a HubAccess,
        _satellite: Option<SatelliteId>,
        publication: &'a Publication,
    ) -> Pending<'a, Result<(), HubError>> {
        let answer = self.state().ask(access).map(|known| {
            known.shown.insert(publication.slug.clone(), publication.clone());
        });
        Box::pin(ready(answer))
    }

    fn unpublish<'a>(
        &'a self,
        access: &'a HubAccess,
        _satellite: Option<SatelliteId>,
        slug: &'a str,
    ) -> Pending<'a, Result<(), HubError>> {
        let answer = self.state().ask(access).map(|known| {
            known.shown.remove(slug);
        });
        Box::pin(ready(answer))
    }

    fn report_health<'a>(
        &'a self,
        access: &'a HubAccess,
        _satellite: Option<SatelliteId>,
        _public_url: &'a str,
        reports: &'a [HealthReport],
        _believed_for: Duration,
    ) -> Pending<'a, Result<(), HubError>> {
        let answer = self.state().ask(access).map(|known| {
            known.healthy.extend(reports.iter().map(|one| (one.slug.clone(), one.healthy)));
        });
        Box::pin(ready(answer))
    }

    fn satellite_token<'a>(
        &'a self,
        access: &'a HubAccess,
        audience: &'a Audience,
    ) -> Pending<'a, Result<SatelliteToken, HubError>> {
        let mut state = self.state();
        let answer = state.ask(access).map(|known| known.account.subject.clone()).and_then(|subject| {
            let minted =
                state.tokens.iter().find(|(_, one)| one.subject == subject && one.audience == *audience);
            let (text, claims) = minted.ok_or(HubError::NotFound)?;
            Ok(SatelliteToken { token: Secret::new(text.clone()), expires_at: claims.expires_at })
        });
        Box::pin(ready(answer))
    }
}

impl SatelliteTokens for MemoryHub {
    fn verify<'a>(
        &'a self,
        token: &'a str,
        now: Timestamp,
    ) -> Pending<'a, Result<SatelliteClaims, SatelliteRefused>> {
        let state = self.state();
        let found = state.tokens.iter().find(|(text, _)| text == token);
        let answer = match found {
            None => Err(SatelliteRefused::Malformed),
            Some((_, claims)) if now >= claims.expires_at => Err(SatelliteRefused::Expired),
            Some((_, claims)) => Ok(claims.clone()),
        };
        Box::pin(ready(answer))
    }
}

impl SatelliteIdentities for MemoryHub {
    fn identify<'a>(
        &'a self,
        claims: &'a SatelliteClaims,
        token: &'a str,
        satellite: Option<SatelliteId>,
        access: &'a (dyn Fn() -> Result<HubAccess, HubError> + Send + Sync),
        _now: Timestamp,
    ) -> Pending<'a, Result<HubIdentity, IdentifyError>> {
        Box::pin(async move {
            if let Some(known) = self.state().people.get(&(claims.hub, claims.subject.clone())) {
                return Ok(known.clone());
            }
            let access = access().map_err(IdentifyError::Unavailable)?;
            match HubClient::identify(self, &access, satellite, token).await {
                Ok(identity) => Ok(identity),
                Err(HubError::Refused(why)) => Err(IdentifyError::NotVouchedFor(why)),
                Err(error) => Err(IdentifyError::Unavailable(error)),
            }
        })
    }
}
