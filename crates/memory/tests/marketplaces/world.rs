//! A space with a hub, all in memory.

use std::sync::Arc;
use std::time::Duration;

use syft_space_conformance::sample::{event, session};
use syft_space_domain::access::Role;
use syft_space_domain::audit::{Action, Log, Origin, RequestContext};
use syft_space_domain::dataset::ports::NoRemoteSpaces;
use syft_space_domain::dataset::{IngestQueue, Meaning};
use syft_space_domain::encoder::ports::NoEncoders;
use syft_space_domain::expectation::GuardTurns;
use syft_space_domain::identity::oidc::ProviderLogouts;
use syft_space_domain::identity::{
    AccessClaims, Email, Password, Principal, RefreshHashes, Session, SessionLife, authenticate,
};
use syft_space_domain::ids::{SessionId, TokenId};
use syft_space_domain::marketplace::ports::HubAccount;
use syft_space_domain::marketplace::{
    HubCredential, HubUrl, MarketplaceError, MarketplaceWithHub, NewMarketplace, RegistrationSettings,
    register_marketplace,
};
use syft_space_domain::policy::{OpenReviews, PolicyTypes};
use syft_space_domain::secret::{BearerSecret, Secret};
use syft_space_domain::snapshot::SnapshotCache;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantName, TenantScope, WriteScope, found_as_operator};
use syft_space_domain::time::Timestamp;
use syft_space_domain::unit::Recorded;
use syft_space_domain::{DatasetLocks, Space};
use syft_space_memory::{
    InsecurePasswords, ManualClock, MemoryDocuments, MemoryHub, MemoryProviders, MemorySealer, MemorySearch,
    MemorySigner, MemorySpool, MemoryStore, MemoryTokens, MemoryVectors, SeededEntropy, TextFiles,
};

pub(crate) const ISSUER: &str = "https://hub.syft.com";
pub(crate) const PUBLIC: RegistrationSettings<'static> =
    RegistrationSettings { registration_open: false, public_url: Some("https://space.example") };
pub(crate) const CLOSED: RegistrationSettings<'static> =
    RegistrationSettings { registration_open: false, public_url: None };
pub(crate) const OPEN: RegistrationSettings<'static> =
    RegistrationSettings { registration_open: true, public_url: None };

pub(crate) struct World {
    pub(crate) space: Space,
    pub(crate) hub: Arc<MemoryHub>,
    pub(crate) cache: Arc<SnapshotCache>,
    pub(crate) operator: OperatorScope,
    pub(crate) clock: Arc<ManualClock>,
}

impl World {
    pub(crate) fn new() -> Self {
        let entropy = Arc::new(SeededEntropy::new(7));
        let cache = Arc::new(SnapshotCache::default());
        let hub = Arc::new(MemoryHub::new());
        hub.set_issuer(url(), ISSUER.parse().unwrap());
        let clock = Arc::new(ManualClock::at(Timestamp::parse("2026-11-24T09:30:00Z").unwrap()));
        let tokens = Arc::new(MemoryTokens::new(entropy.clone(), Duration::from_secs(900)));
        let space = Space {
            documents: Arc::new(MemoryDocuments::new()),
            engine: Arc::new(MemorySearch::new()),
            spool: Arc::new(MemorySpool::new()),
            extractor: Arc::new(TextFiles),
            store: Arc::new(MemoryStore::new(cache.clone())),
            snapshots: cache.clone(),
            policy_types: PolicyTypes::default(),
            passwords: Arc::new(InsecurePasswords::new(entropy.clone())),
            tokens: tokens.clone(),
            session_life: SessionLife::default(),
            oidc: Arc::new(MemoryProviders::new()),
            provider_logouts: ProviderLogouts::new(&*entropy).unwrap(),
            signing_keys: tokens,
            trusted: cache.clone(),
            satellites: hub.clone(),
            identities: hub.clone(),
            hubs: hub.clone(),
            remote_spaces: Arc::new(NoRemoteSpaces),
            checkpoint_signer: Arc::new(MemorySigner::new([7; 32])),
            erasure_ledger: None,
            sealer: Arc::new(MemorySealer::new(entropy.clone())),
            clock: clock.clone(),
            entropy,
            datasets: DatasetLocks::default(),
            mails: None,
            guard_turns: GuardTurns::default(),
            reviews: OpenReviews::default(),
            ingestion: IngestQueue::default(),
            meaning: Meaning::new(Arc::new(NoEncoders), Arc::new(MemoryVectors::default())),
        };
        Self { space, hub, cache, operator: OperatorScope::at_startup(), clock }
    }

    pub(crate) fn context(&self) -> RequestContext {
        self.space.request_context(Origin::default()).unwrap()
    }

    /// Adds a tenant, and returns its owner.
    pub(crate) async fn owner(&self, name: &str) -> Principal {
        let email = Email::parse(&format!("owner@{name}.example")).unwrap();
        let password =
            Password::parse(&Secret::new("seven owls dance under copper moons".to_owned())).unwrap();
        let name = TenantName::parse(name).unwrap();
        let founded =
            found_as_operator(&self.space, &self.context(), &self.operator, &email, &password, &name)
                .await
                .unwrap()
                .into_member();
        let token = BearerSecret::generate(&*self.space.entropy).unwrap();
        let id = SessionId::generate(self.space.clock.now(), &*self.space.entropy).unwrap();
        let begun = Session {
            id,
            account: founded.account,
            refresh: RefreshHashes { family: token.hash(), current: token.hash(), rotated: None },
            ..session(1, 1, 1)
        };
        let scope = TenantScope::assume(founded.tenant, "a test begins a session that outlives its clock");
        let event = event(Log::Installation, Action::ConfigChange);
        let planted: Result<(), StoreError> = self
            .space
            .store
            .write(move |tx| {
                tx.add_session(&WriteScope::assume(&scope, "as above"), &begun)?;
                Ok(Recorded::new((), event.clone()))
            })
            .await;
        planted.unwrap();
        let claims = AccessClaims {
            account: founded.account,
            email,
            tenant: founded.tenant,
            tenant_name: name,
            role: Role::Owner,
            session: id,
            id: TokenId::generate(self.space.clock.now(), &*self.space.entropy).unwrap(),
            issued_at: self.space.clock.now(),
            expires_at: self.space.clock.now().plus(Duration::from_secs(30 * 86_400)),
        };
        authenticate(&*self.cache, &claims, self.space.signing_keys.epoch().mark()).unwrap()
    }

    /// Adds an account to the hub. Returns the request that registers it under a name.
    pub(crate) fn account(&self, username: &str, name: &str) -> NewMarketplace {
        let credential = HubCredential::Pat(Secret::new(format!("pat of {username}")));
        let account = HubAccount {
            subject: username.to_owned(),
            username: username.parse().unwrap(),
            email: format!("{username}@hub.example"),
            domain: None,
        };
        self.hub.add_account(url(), &credential, account);
        NewMarketplace {
            name: name.parse().unwrap(),
            url: url(),
            issuer: Some(ISSUER.parse().unwrap()),
            username: None,
            credential,
            take_over: false,
        }
    }

    pub(crate) async fn register(
        &self,
        principal: &Principal,
        setting: RegistrationSettings<'_>,
        wanted: &NewMarketplace,
    ) -> Result<MarketplaceWithHub, MarketplaceError> {
        register_marketplace(&self.space, &self.context(), principal, setting, wanted.clone()).await
    }
}

pub(crate) fn url() -> HubUrl {
    HubUrl::parse("https://hub.example.org").unwrap()
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    futures_executor::block_on(work)
}
