//! A space in memory in which something can happen while a use case waits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::audit::{Action, Actor, Log, Origin, Outcome, RequestContext};
use syft_space_domain::dataset::ports::{NoRemoteSpaces, SearchEngine, SearchError};
use syft_space_domain::dataset::{
    self, AnalyzerSettings, Change, ChangeNumber, ChunkRef, Dataset, Hits, IndexKey, IngestQueue, Meaning,
    NewDataset, SearchQuery,
};
use syft_space_domain::encoder::ports::NoEncoders;
use syft_space_domain::endpoint::{
    self, Conversation, EndpointName, NewEndpoint, QueryCall, QueryError, ResponseType, Slug,
};
use syft_space_domain::expectation::GuardTurns;
use syft_space_domain::identity::oidc::ProviderLogouts;
use syft_space_domain::identity::ports::{Compared, HashingClient, HashingError, Passwords};
use syft_space_domain::identity::{
    self, AcceptError, AcceptInvitation, AccountStatus, AuthenticateError, AuthorizationError, ChangeMember,
    Email, Forbidden, Invitation, Invite, Login, LoginError, Password, PasswordError, PasswordHash,
    PreviousKeys, Principal, SessionLife, rotate_signing_key,
};
use syft_space_domain::ids::{AccountId, DatasetId};
use syft_space_domain::mail::Delivered;
use syft_space_domain::page::PageRequest;
use syft_space_domain::policy::{OpenReviews, PolicyTypes};
use syft_space_domain::secret::Secret;
use syft_space_domain::snapshot::SnapshotCache;
use syft_space_domain::store::{Flow, OverwriteDone, ReadUnit, Store, StoreError, View};
use syft_space_domain::tenant::{OperatorScope, TenantName, TenantScope, WriteScope, found_as_operator};
use syft_space_domain::text::{Line, Prose};
use syft_space_domain::time::Timestamp;
use syft_space_domain::unit::{Receipt, Recorded, Unit};
use syft_space_domain::{DatasetLocks, Pending, Space};
use syft_space_memory::{
    InsecurePasswords, ManualClock, MemoryDocuments, MemoryHub, MemoryProviders, MemorySealer, MemorySearch,
    MemorySigner, MemorySpool, MemoryStore, MemoryTokens, MemoryVectors, SeededEntropy, TextFiles,
};

pub(crate) const PASSWORD: &str = "seven owls dance under copper moons";
pub(crate) const TOKEN_LIFETIME: Duration = Duration::from_secs(900);

/// What happens once, while somebody waits.
#[derive(Clone, Default)]
pub(crate) struct Meanwhile(Arc<Mutex<Option<Happening>>>);

type Happening = Box<dyn FnOnce() + Send>;

impl Meanwhile {
    pub(crate) fn set(&self, happens: impl FnOnce() + Send + 'static) {
        *self.0.lock().unwrap() = Some(Box::new(happens));
    }

    pub(crate) fn happen(&self) {
        let happens = self.0.lock().unwrap().take();
        // On a thread of its own: it may wait for futures itself.
        happens.into_iter().for_each(|happens| std::thread::spawn(happens).join().unwrap());
    }
}

/// An engine whose searches take long enough for something to happen.
pub(crate) struct SlowSearch(MemorySearch, Meanwhile);

impl SearchEngine for SlowSearch {
    fn search<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        query: &'a SearchQuery<'a>,
    ) -> Pending<'a, Result<Hits, SearchError>> {
        Box::pin(async move {
            let hits = self.0.search(scope, index, query).await;
            self.1.happen();
            hits
        })
    }

    fn chunks<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        text: &'a str,
        chunks: &'a [ChunkRef],
    ) -> Pending<'a, Result<Hits, SearchError>> {
        self.0.chunks(scope, index, text, chunks)
    }

    fn shares<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        texts: &'a [&'a str],
    ) -> Pending<'a, Result<Vec<f32>, SearchError>> {
        self.0.shares(scope, index, texts)
    }

    fn indexed(&self, scope: &TenantScope, index: IndexKey) -> Result<ChangeNumber, SearchError> {
        self.0.indexed(scope, index)
    }

    fn apply(&self, scope: &TenantScope, index: IndexKey, changes: &[Change]) -> Result<(), SearchError> {
        self.0.apply(scope, index, changes)
    }

    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), SearchError> {
        self.0.destroy(scope, dataset)
    }
}

/// A store whose reads wait in their queue long enough.
pub(crate) struct SlowReads(MemoryStore, Meanwhile);

impl Store for SlowReads {
    fn submit(&self, unit: Box<dyn Unit>) {
        self.0.submit(unit);
    }

    fn submit_read(&self, read: Box<dyn ReadUnit>) {
        self.1.happen();
        self.0.submit_read(read);
    }

    fn submit_overwrite(&self, done: OverwriteDone) {
        self.0.submit_overwrite(done);
    }
}

/// Passwords that take long enough.
pub(crate) struct SlowPasswords(InsecurePasswords, Meanwhile);

impl Passwords for SlowPasswords {
    fn check(&self, password: &Password, context: &[&str]) -> Result<(), PasswordError> {
        self.0.check(password, context)
    }

    fn hash<'a>(
        &'a self,
        client: HashingClient,
        password: &'a Password,
    ) -> Pending<'a, Result<PasswordHash, HashingError>> {
        self.1.happen();
        self.0.hash(client, password)
    }

    fn compare<'a>(
        &'a self,
        client: HashingClient,
        password: &'a Password,
        stored: Option<&'a PasswordHash>,
    ) -> Pending<'a, Result<Compared, HashingError>> {
        self.1.happen();
        self.0.compare(client, password, stored)
    }
}

pub(crate) struct World {
    pub(crate) space: Space,
    pub(crate) clock: Arc<ManualClock>,
    /// Which identity providers say what.
    pub(crate) providers: Arc<MemoryProviders>,
    /// What happens while a search runs or a password is hashed.
    pub(crate) meanwhile: Meanwhile,
    /// What happens while a read waits.
    pub(crate) reads: Meanwhile,
    pub(crate) owner: Principal,
}

pub(crate) fn secret() -> Secret<String> {
    Secret::new(PASSWORD.to_owned())
}

pub(crate) fn context(space: &Space) -> RequestContext {
    space.request_context(Origin::default()).unwrap()
}

pub(crate) fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@acme.example")).unwrap()
}

pub(crate) fn try_log_in(space: &Space, name: &str) -> Result<Principal, LoginError> {
    let password = Password::parse(&secret()).unwrap();
    let wanted = Login { email: email(name), password, tenant: None, code: None };
    let logged_in = block_on(identity::login(space, &context(space), wanted))?;
    let shown = space.signing_keys.epoch().mark();
    let claims = space.tokens.verify(logged_in.token.expose(), space.clock.now()).unwrap();
    Ok(identity::authenticate(&*space.snapshots, &claims, shown).unwrap())
}

/// What an event says: what was done, how it ended, and why.
pub(crate) type Told = (Action, Outcome, Option<String>);

impl World {
    pub(crate) fn new() -> Self {
        let entropy = Arc::new(SeededEntropy::new(11));
        let cache = Arc::new(SnapshotCache::default());
        let hub = Arc::new(MemoryHub::new());
        let clock = Arc::new(ManualClock::at(Timestamp::parse("2026-11-24T09:30:00.5Z").unwrap()));
        let (meanwhile, reads) = (Meanwhile::default(), Meanwhile::default());
        let passwords = InsecurePasswords::new(entropy.clone());
        let providers = Arc::new(MemoryProviders::new());
        let tokens = Arc::new(MemoryTokens::new(entropy.clone(), TOKEN_LIFETIME));
        let space = Space {
            documents: Arc::new(MemoryDocuments::new()),
            engine: Arc::new(SlowSearch(MemorySearch::new(), meanwhile.clone())),
            spool: Arc::new(MemorySpool::new()),
            extractor: Arc::new(TextFiles),
            store: Arc::new(SlowReads(MemoryStore::new(cache.clone()), reads.clone())),
            snapshots: cache.clone(),
            policy_types: PolicyTypes::default(),
            passwords: Arc::new(SlowPasswords(passwords, meanwhile.clone())),
            tokens: tokens.clone(),
            session_life: SessionLife::default(),
            oidc: providers.clone(),
            provider_logouts: ProviderLogouts::new(&*entropy).unwrap(),
            signing_keys: tokens,
            trusted: cache,
            satellites: hub.clone(),
            identities: hub.clone(),
            hubs: hub,
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
        let operator = OperatorScope::at_startup();
        let (password, name) = (Password::parse(&secret()).unwrap(), TenantName::parse("acme").unwrap());
        block_on(found_as_operator(&space, &context(&space), &operator, &email("owner"), &password, &name))
            .unwrap();
        let owner = try_log_in(&space, "owner").unwrap();
        Self { space, clock, providers, meanwhile, reads, owner }
    }

    pub(crate) fn invite(&self, by: &Principal, name: &str, role: Role) -> AcceptInvitation {
        let wanted = Invite { email: email(name), role };
        let invited = block_on(identity::invite(&self.space, &context(&self.space), by, wanted)).unwrap();
        let Delivered::Shown(token) = invited.token else { unreachable!("there is no mailer") };
        AcceptInvitation { token: token.hash(), password: secret() }
    }

    pub(crate) fn accept(&self, accepted: AcceptInvitation) -> Result<(), AcceptError> {
        block_on(identity::accept_invitation(&self.space, &context(&self.space), accepted)).map(drop)
    }

    pub(crate) fn member(&self, name: &str, role: Role) -> Principal {
        let invitation = self.invite(&self.owner, name, role);
        self.accept(invitation).unwrap();
        try_log_in(&self.space, name).unwrap()
    }

    /// Changes a member, now or later.
    pub(crate) fn change(&self, who: &Principal, change: Loss) -> impl FnOnce() + Send + 'static {
        let (space, owner) = (self.space.clone(), self.owner.clone());
        let account = account(who);
        move || change.make(&space, &owner, account)
    }

    /// Stores an invitation that nobody may have made, now or later.
    pub(crate) fn plant(&self, invitation: Invitation) -> impl FnOnce() + Send + 'static {
        let event = context(&self.space).event(Log::Installation, Action::ConfigChange, Actor::Operator);
        let (scope, event) = (self.owner.scope(Permission::ManageMembers).unwrap(), event.unwrap());
        let space = self.space.clone();
        move || {
            let planted: Receipt<(), StoreError> = space.store.write(move |tx| {
                tx.add_invitation(&WriteScope::assume(&scope, "a test plants it"), &invitation)?;
                Ok(Recorded::new((), event.clone()))
            });
            planted.wait().unwrap();
        }
    }

    pub(crate) fn invitations(&self) -> Vec<Invitation> {
        let scope = self.owner.scope(Permission::ManageMembers).unwrap();
        self.read(move |view| view.invitations(&scope, PageRequest::default())).items
    }

    pub(crate) fn dataset(&self, by: &Principal, name: &str) -> Result<Dataset, dataset::DatasetError> {
        let wanted = NewDataset {
            name: name.parse().unwrap(),
            summary: Line::default(),
            tags: Line::default(),
            analyzer: AnalyzerSettings::default(),
            retrieval: Default::default(),
            vectors: Default::default(),
        };
        block_on(dataset::create_dataset(&self.space, &context(&self.space), by, wanted))
    }

    pub(crate) fn endpoint(&self) -> EndpointName {
        let dataset = self.dataset(&self.owner, "drawer").unwrap();
        let wanted = NewEndpoint {
            name: "drawer".parse().unwrap(),
            slug: Slug::parse("drawer").unwrap(),
            summary: Line::default(),
            description: Prose::default(),
            tags: Line::default(),
            dataset: dataset.id,
            response_type: ResponseType::Raw,
            published: true,
        };
        let context = context(&self.space);
        let made = block_on(endpoint::create_endpoint(&self.space, &context, &self.owner, wanted));
        EndpointName::Id(made.unwrap().id)
    }

    pub(crate) fn query(&self, who: &Principal) -> Result<(), QueryError> {
        let context = context(&self.space);
        let call = block_on(QueryCall::open(&self.space, &context, who.clone(), "drawer", None))?;
        let conversation = Conversation::of_question("anything".to_owned()).unwrap();
        block_on(call.run(endpoint::Query::new(conversation, 5, 0.5).unwrap())).map(drop)
    }

    /// Reads what is stored.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn View) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.space.store.read(Flow::Installation, work).wait().unwrap()
    }

    /// The last event of the tenant's log.
    /// What the owner's log says, the last first, and how often it was.
    pub(crate) fn events(&self) -> Vec<(Told, u32)> {
        let scope = self.owner.scope(Permission::ReadAudit).unwrap();
        let page =
            self.read(move |view| view.events(&scope, &EventFilter::default(), PageRequest::default()));
        let told = page.events.items.into_iter().map(|stored| stored.event);
        told.map(|it| ((it.action, it.outcome, it.reason_code.map(|reason| reason.to_string())), it.count))
            .collect()
    }

    pub(crate) fn last_event(&self) -> (Action, Outcome, Option<String>) {
        self.events().into_iter().next().unwrap().0
    }
}

pub(crate) fn account(who: &Principal) -> AccountId {
    who.member(Permission::OwnAccount).unwrap().account
}

/// What becomes of a member.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Loss {
    Removed,
    Disabled,
    Demoted,
    Renewed,
    /// Of everybody: the keys that signed their tokens are revoked.
    KeysRevoked,
}

impl Loss {
    pub(crate) const ALL: [Self; 5] =
        [Self::Removed, Self::Disabled, Self::Demoted, Self::Renewed, Self::KeysRevoked];

    pub(crate) fn make(self, space: &Space, by: &Principal, account: AccountId) {
        let context = context(space);
        let change = |role, status| {
            let change = ChangeMember { role, status, if_revision: None };
            block_on(identity::change_member(space, &context, by, account, change)).unwrap();
        };
        match self {
            Self::Removed => block_on(identity::remove_member(space, &context, by, account, None)).unwrap(),
            Self::Disabled => change(None, Some(AccountStatus::Disabled)),
            Self::Demoted => change(Some(Role::Viewer), None),
            Self::Renewed => {
                change(None, Some(AccountStatus::Disabled));
                change(None, Some(AccountStatus::Active));
            }
            Self::KeysRevoked => {
                let operator = OperatorScope::at_startup();
                block_on(rotate_signing_key(space, &context, &operator, PreviousKeys::Revoke)).unwrap();
            }
        }
    }

    /// What they are told from then on, and what the log says.
    pub(crate) fn refusal(
        self,
        permission: Permission,
    ) -> (AuthorizationError, (Action, Outcome, Option<String>)) {
        let (error, action, reason): (AuthorizationError, _, _) = match self {
            Self::Demoted => {
                let kind = syft_space_domain::access::PrincipalKind::Member(Role::Viewer);
                (Forbidden { kind, permission }.into(), Action::AuthzFail, "forbidden")
            }
            _ => (AuthenticateError::Revoked.into(), Action::AuthnTokenFail, "token_revoked"),
        };
        (error, (action, Outcome::Denied, Some(reason.to_owned())))
    }
}
