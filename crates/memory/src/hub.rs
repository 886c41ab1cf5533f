//! In-memory hubs for tests: their accounts, satellite tokens and identities.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use syft_space_domain::Pending;
use syft_space_domain::ids::HubId;
use syft_space_domain::marketplace::ports::{
    HealthReport, HubAccess, HubAccount, HubClient, HubError, HubIdentity, IdentifyError, OwnMark,
    Publication, SatelliteIdentities, SatelliteToken, SatelliteTokens,
};
use syft_space_domain::marketplace::{
    Audience, CredentialRefusal, HubCredential, HubUrl, Issuer, Marketplace, SatelliteClaims, SatelliteId,
    SatelliteRefused,
};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;

/// All hubs of a test: the accounts with their credentials, the valid satellite tokens, and the identities.
///
/// It accepts only what a test added. Nothing is signed: it is **for tests only**.
#[derive(Default)]
pub struct MemoryHub(Mutex<HubState>);

#[derive(Default)]
struct HubState {
    is_down: bool,
    supports_satellites: bool,
    accounts: Vec<HubAccountState>,
    tokens: Vec<(String, SatelliteClaims)>,
    identities: BTreeMap<(HubId, String), HubIdentity>,
    issuers: BTreeMap<HubUrl, Issuer>,
}

struct HubAccountState {
    url: HubUrl,
    credential: Secret<Vec<u8>>,
    account: HubAccount,
    satellites: BTreeMap<String, SatelliteId>,
    publications: BTreeMap<String, Publication>,
    /// The slugs of endpoints that no space made.
    others: BTreeSet<String>,
    health: BTreeMap<String, bool>,
}

impl MemoryHub {
    /// No hub, no account and no token.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, HubState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an account with this credential to the hub at this URL.
    pub fn add_account(&self, url: HubUrl, credential: &HubCredential, account: HubAccount) {
        self.state().accounts.push(HubAccountState {
            url,
            credential: credential.to_plain(),
            account,
            satellites: BTreeMap::new(),
            publications: BTreeMap::new(),
            others: BTreeSet::new(),
            health: BTreeMap::new(),
        });
    }

    /// Adds a valid token with these claims.
    pub fn add_token(&self, token: &str, claims: SatelliteClaims) {
        self.state().tokens.push((token.to_owned(), claims));
    }

    /// Adds the identity of a subject.
    pub fn add_identity(&self, hub: HubId, subject: &str, identity: HubIdentity) {
        self.state().identities.insert((hub, subject.to_owned()), identity);
    }

    /// Has the hub at a URL accept a credential of an account no more.
    pub fn revoke(&self, url: &HubUrl, username: &str) {
        self.account_state_mut(url, username, |account_state| {
            account_state.credential = Secret::new(Vec::new());
        });
    }

    /// Sets whether the hubs are down. At first they are up.
    pub fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// Sets whether the hubs support satellites. At first they do not.
    pub fn set_supports_satellites(&self, supports: bool) {
        self.state().supports_satellites = supports;
    }

    /// Sets which issuer the tokens of the hub at this URL name. At first it is the hub's URL.
    pub fn set_issuer(&self, url: HubUrl, issuer: Issuer) {
        self.state().issuers.insert(url, issuer);
    }

    /// The satellites of an account, by public URL.
    #[must_use]
    pub fn satellites(&self, url: &HubUrl, username: &str) -> BTreeMap<String, SatelliteId> {
        self.account_state(url, username, |account_state| account_state.satellites.clone())
    }

    /// The publications of an account, by slug.
    #[must_use]
    pub fn publications(&self, url: &HubUrl, username: &str) -> BTreeMap<String, Publication> {
        self.account_state(url, username, |account_state| account_state.publications.clone())
    }

    /// Adds an endpoint to an account that no space made.
    pub fn add_other_endpoint(&self, url: &HubUrl, username: &str, slug: &str) {
        self.account_state_mut(url, username, |account_state| account_state.others.insert(slug.to_owned()));
    }

    /// Removes all endpoints of an account.
    pub fn lose_endpoints(&self, url: &HubUrl, username: &str) {
        self.account_state_mut(url, username, |account_state| {
            account_state.publications.clear();
            account_state.others.clear();
        });
    }

    /// Sets to which URL an account's callers are sent, as another space does it.
    pub fn move_account(&self, url: &HubUrl, username: &str, domain: &str) {
        self.account_state_mut(url, username, |account_state| {
            account_state.account.domain = Some(domain.to_owned());
        });
    }

    /// To which URL an account's callers are sent.
    #[must_use]
    pub fn domain(&self, url: &HubUrl, username: &str) -> Option<String> {
        self.account_state(url, username, |account_state| account_state.account.domain.clone())
    }

    fn account_state_mut<T>(
        &self,
        url: &HubUrl,
        username: &str,
        change: impl FnOnce(&mut HubAccountState) -> T,
    ) {
        let mut state = self.state();
        let account_state = state
            .accounts
            .iter_mut()
            .find(|account| account.url == *url && account.account.username.as_str() == username);
        account_state.map(change);
    }

    /// The last health report of an account's endpoints, by slug.
    #[must_use]
    pub fn health(&self, url: &HubUrl, username: &str) -> BTreeMap<String, bool> {
        self.account_state(url, username, |account_state| account_state.health.clone())
    }

    fn account_state<T: Default>(
        &self,
        url: &HubUrl,
        username: &str,
        query: impl FnOnce(&HubAccountState) -> T,
    ) -> T {
        let state = self.state();
        let account_state = state
            .accounts
            .iter()
            .find(|account| account.url == *url && account.account.username.as_str() == username);
        account_state.map(query).unwrap_or_default()
    }
}

fn unauthorized() -> HubError {
    HubError::Unauthorized("there is no such credential".to_owned())
}

impl HubState {
    fn authenticate(&mut self, access: &HubAccess) -> Result<&mut HubAccountState, HubError> {
        if self.is_down {
            return Err(HubError::Unavailable("it is down".to_owned()));
        }
        let plain = access.credential.to_plain();
        let mut accounts = self.accounts.iter_mut().filter(|account| account.url == access.url).peekable();
        if accounts.peek().is_none() {
            return Err(HubError::Unavailable("there is no hub".to_owned()));
        }
        accounts.find(|account| account.credential.expose() == plain.expose()).ok_or_else(unauthorized)
    }
}

/// Whether an endpoint was shown by a space with this mark. Where it leads to, the account's domain says.
fn has_mark(publication: &Publication, mark: &OwnMark) -> bool {
    publication.tenant_name == mark.tenant_name
}

impl HubClient for MemoryHub {
    fn refusal(&self, access: &HubAccess) -> Option<CredentialRefusal> {
        match self.state().authenticate(access) {
            Err(HubError::Unauthorized(why)) => {
                Some(CredentialRefusal { at: Timestamp::from_unix_micros(0), why })
            }
            _ => None,
        }
    }

    fn forget_failures(&self, _access: &HubAccess) {}

    fn account<'a>(&'a self, access: &'a HubAccess) -> Pending<'a, Result<HubAccount, HubError>> {
        let answer = self.state().authenticate(access).map(|account_state| account_state.account.clone());
        Box::pin(ready(answer))
    }

    fn register_satellite<'a>(
        &'a self,
        access: &'a HubAccess,
        public_url: &'a str,
    ) -> Pending<'a, Result<Option<SatelliteId>, HubError>> {
        let mut state = self.state();
        let supports = state.supports_satellites;
        // A new id, which is the same in every run.
        let next_id = state
            .accounts
            .iter()
            .fold(1_u128, |sum, account| account.satellites.keys().fold(sum, |sum, _| sum + 1));
        let answer = state.authenticate(access).map(|account_state| {
            let new_id = SatelliteId::from_bytes(next_id.to_be_bytes());
            supports.then(|| *account_state.satellites.entry(public_url.to_owned()).or_insert(new_id))
        });
        Box::pin(ready(answer))
    }

    fn remove_satellite<'a>(
        &'a self,
        access: &'a HubAccess,
        satellite: SatelliteId,
    ) -> Pending<'a, Result<(), HubError>> {
        let answer = self
            .state()
            .authenticate(access)
            .map(|account_state| account_state.satellites.retain(|_, id| *id != satellite));
        Box::pin(ready(answer))
    }

    fn identify<'a>(
        &'a self,
        access: &'a HubAccess,
        _satellite: Option<SatelliteId>,
        token: &'a str,
    ) -> Pending<'a, Result<HubIdentity, HubError>> {
        let mut state = self.state();
        let answer = state.authenticate(access).map(drop).and_then(|()| {
            let (_, claims) = state
                .tokens
                .iter()
                .find(|(text, _)| text == token)
                .ok_or_else(|| HubError::Refused("the token is not valid".to_owned()))?;
            let identity = state.identities.get(&(claims.hub, claims.subject.clone()));
            identity.cloned().ok_or_else(|| HubError::Refused("there is no such user".to_owned()))
        });
        Box::pin(ready(answer))
    }

    fn set_domain<'a>(
        &'a self,
        access: &'a HubAccess,
        public_url: &'a str,
    ) -> Pending<'a, Result<(), HubError>> {
        let answer = self.state().authenticate(access).map(|account_state| {
            account_state.account.domain = Some(public_url.to_owned());
        });
        Box::pin(ready(answer))
    }

    fn has_live_endpoints<'a>(&'a self, access: &'a HubAccess) -> Pending<'a, Result<bool, HubError>> {
        let answer = self
            .state()
            .authenticate(access)
            .map(|account_state| !account_state.publications.is_empty() || !account_state.others.is_empty());
        Box::pin(ready(answer))
    }

    fn publish<'a>(
        &'a self,
        access: &'a HubAccess,
        mark: &'a OwnMark,
        publication: &'a Publication,
    ) -> Pending<'a, Result<(), HubError>> {
        let answer = self.state().authenticate(access).and_then(|account_state| {
            let slug = publication.slug.clone();
            if account_state.others.contains(&slug)
                || account_state.publications.get(&slug).is_some_and(|there| !has_mark(there, mark))
            {
                return Err(HubError::NotOurs(slug));
            }
            account_state.publications.insert(slug, publication.clone());
            Ok(())
        });
        Box::pin(ready(answer))
    }

    fn unpublish<'a>(
        &'a self,
        access: &'a HubAccess,
        mark: &'a OwnMark,
        slug: &'a str,
    ) -> Pending<'a, Result<(), HubError>> {
        let answer = self.state().authenticate(access).map(|account_state| {
            if account_state.publications.get(slug).is_some_and(|there| has_mark(there, mark)) {
                account_state.publications.remove(slug);
            }
        });
        Box::pin(ready(answer))
    }

    fn report_health<'a>(
        &'a self,
        access: &'a HubAccess,
        _satellite: Option<SatelliteId>,
        public_url: &'a str,
        reports: &'a [HealthReport],
        _believed_for: Duration,
    ) -> Pending<'a, Result<u64, HubError>> {
        let answer = self.state().authenticate(access).map(|account_state| {
            account_state.account.domain = Some(public_url.to_owned());
            let (known, ignored): (Vec<_>, Vec<_>) =
                reports.iter().partition(|report| account_state.publications.contains_key(&report.slug));
            account_state
                .health
                .extend(known.into_iter().map(|report| (report.slug.clone(), report.healthy)));
            u64::try_from(ignored.len()).unwrap_or(u64::MAX)
        });
        Box::pin(ready(answer))
    }

    fn mint<'a>(
        &'a self,
        access: &'a HubAccess,
        audience: &'a Audience,
    ) -> Pending<'a, Result<Secret<String>, HubError>> {
        let answer = self
            .state()
            .authenticate(access)
            .map(|account_state| Secret::new(format!("{} for {audience}", account_state.account.username)));
        Box::pin(ready(answer))
    }

    fn satellite_token<'a>(
        &'a self,
        access: &'a HubAccess,
        audience: &'a Audience,
    ) -> Pending<'a, Result<SatelliteToken, HubError>> {
        let mut state = self.state();
        let answer = state
            .authenticate(access)
            .map(|account_state| account_state.account.subject.clone())
            .and_then(|subject| {
                let minted = state
                    .tokens
                    .iter()
                    .find(|(_, claims)| claims.subject == subject && claims.audience == *audience);
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

    fn issuer<'a>(
        &'a self,
        url: &'a HubUrl,
        _token: &'a str,
        _now: Timestamp,
    ) -> Pending<'a, Result<Issuer, SatelliteRefused>> {
        Box::pin(ready(self.issuer_at(url)))
    }
}

impl MemoryHub {
    fn issuer_at(&self, url: &HubUrl) -> Result<Issuer, SatelliteRefused> {
        if let Some(issuer) = self.state().issuers.get(url) {
            return Ok(issuer.clone());
        }
        Issuer::parse(url.as_str()).map_err(|_| SatelliteRefused::BadClaims)
    }
}

impl SatelliteIdentities for MemoryHub {
    fn identify<'a>(
        &'a self,
        claims: &'a SatelliteClaims,
        token: &'a str,
        account: &'a Marketplace,
        access: &'a (dyn Fn() -> Result<HubAccess, HubError> + Send + Sync),
        _now: Timestamp,
    ) -> Pending<'a, Result<HubIdentity, IdentifyError>> {
        Box::pin(async move {
            if let Some(identity) = self.state().identities.get(&(claims.hub, claims.subject.clone())) {
                return Ok(identity.clone());
            }
            let unavailable = |error| IdentifyError::Unavailable(error, Duration::from_secs(1));
            let access = access().map_err(unavailable)?;
            match HubClient::identify(self, &access, account.satellite, token).await {
                Ok(identity) => Ok(identity),
                Err(HubError::Refused(why)) => Err(IdentifyError::NotVouchedFor(why)),
                Err(error) => Err(unavailable(error)),
            }
        })
    }
}
