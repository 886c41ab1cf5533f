//! A space with one endpoint, its owner, a member and a hub, all in memory.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;
use serde_json::{Value, json};
use syft_space_conformance::sample::event;
use syft_space_domain::access::Role;
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::audit::{Action, Event, Log, ObjectKind, Origin, RecordedReason, RequestContext};
use syft_space_domain::dataset::ports::NoRemoteSpaces;
use syft_space_domain::dataset::{
    DocumentId, IngestQueue, Meaning, Metadata, NewDataset, NewDocument, create_dataset, finish_ingestion,
    start_ingestion,
};
use syft_space_domain::encoder::ports::NoEncoders;
use syft_space_domain::endpoint::{
    Answer, AnswerPart, ChangeEndpoint, Conversation, Endpoint, EndpointName, NewEndpoint, Query, QueryCall,
    QueryError, References, ResponseType, Slug, change_endpoint, create_endpoint,
};
use syft_space_domain::expectation::GuardTurns;
use syft_space_domain::identity::oidc::ProviderLogouts;
use syft_space_domain::identity::{
    AcceptInvitation, AccountStatus, ChangeMember, Email, Invite, Login, Password, Principal, SessionLife,
    accept_invitation, authenticate, change_member, invite, login,
};
use syft_space_domain::ids::{DatasetId, PolicyId};
use syft_space_domain::mail::Delivered;
use syft_space_domain::marketplace::ports::HubAccount;
use syft_space_domain::marketplace::{
    HubCredential, HubUrl, Issuer, Marketplace, MarketplaceError, NewMarketplace, RegistrationSettings,
    register_marketplace,
};
use syft_space_domain::page::{PageLimit, PageRequest};
use syft_space_domain::policy::{
    Enforcement, NewPolicy, OpenReviews, PolicyConfiguration, PolicyTypes, attach, create_policy,
};
use syft_space_domain::secret::Secret;
use syft_space_domain::snapshot::SnapshotCache;
use syft_space_domain::store::{StoreError, Tx, View};
use syft_space_domain::tenant::{OperatorScope, TenantName, TenantScope, WriteScope, found_as_operator};
use syft_space_domain::text::{Line, Prose};
use syft_space_domain::time::Timestamp;
use syft_space_domain::unit::Recorded;
use syft_space_domain::{DatasetLocks, Space};
use syft_space_memory::{
    InsecurePasswords, ManualClock, MemoryDocuments, MemoryHub, MemoryProviders, MemorySealer, MemorySigner,
    MemorySpool, MemoryStore, MemoryTokens, MemoryVectors, SeededEntropy, TextFiles,
};

use crate::closing::ClosingType;
use crate::filter::{NothingType, WithoutType};
use crate::ports::{ScriptedEngine, ScriptedSnapshots, ScriptedStore};
use crate::tickets::{TicketType, Tickets};

pub(crate) const SLUG: &str = "birds";
pub(crate) const HUB_USERNAME: &str = "harbormaster";
pub(crate) const TOKEN_LIFETIME: Duration = Duration::from_secs(900);
const PASSWORD: &str = "seven owls dance under copper moons";

pub(crate) struct World {
    pub(crate) space: Space,
    pub(crate) engine: Arc<ScriptedEngine>,
    pub(crate) store: Arc<ScriptedStore>,
    pub(crate) snapshots: Arc<ScriptedSnapshots>,
    pub(crate) hub: Arc<MemoryHub>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) tickets: Arc<Tickets>,
    pub(crate) owner: Principal,
    pub(crate) member: Principal,
    pub(crate) dataset: DatasetId,
    pub(crate) endpoint: Endpoint,
    pub(crate) scope: TenantScope,
    /// The number of events before the test.
    before: Cell<usize>,
}

impl World {
    pub(crate) fn new() -> Self {
        let tickets = Arc::new(Tickets::default());
        let policy_types = PolicyTypes::default()
            .with(TicketType(tickets.clone()))
            .with(NothingType)
            .with(WithoutType)
            .with(ClosingType);
        let cache = Arc::new(SnapshotCache::new(policy_types.clone()));
        let store = Arc::new(ScriptedStore::new(MemoryStore::new(cache.clone())));
        let snapshots = Arc::new(ScriptedSnapshots::new(cache.clone()));
        let engine = Arc::new(ScriptedEngine::new());
        let hub = Arc::new(MemoryHub::new());
        let clock = Arc::new(ManualClock::at(Timestamp::parse("2026-11-24T09:30:00Z").unwrap()));
        let entropy = Arc::new(SeededEntropy::new(7));
        let tokens = Arc::new(MemoryTokens::new(entropy.clone(), TOKEN_LIFETIME));
        let space = Space {
            documents: Arc::new(MemoryDocuments::new()),
            engine: engine.clone(),
            spool: Arc::new(MemorySpool::new()),
            extractor: Arc::new(TextFiles),
            policy_types,
            store: store.clone(),
            snapshots: snapshots.clone(),
            passwords: Arc::new(InsecurePasswords::new(entropy.clone())),
            tokens: tokens.clone(),
            session_life: SessionLife::default(),
            oidc: Arc::new(MemoryProviders::new()),
            provider_logouts: ProviderLogouts::new(&*entropy).unwrap(),
            signing_keys: tokens,
            trusted: cache,
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
        Self::found(space, engine, store, snapshots, hub, clock, tickets)
    }

    fn found(
        space: Space,
        engine: Arc<ScriptedEngine>,
        store: Arc<ScriptedStore>,
        snapshots: Arc<ScriptedSnapshots>,
        hub: Arc<MemoryHub>,
        clock: Arc<ManualClock>,
        tickets: Arc<Tickets>,
    ) -> Self {
        let context = space.request_context(Origin::default()).unwrap();
        let operator = OperatorScope::at_startup();
        let password = Password::parse(&Secret::new(PASSWORD.to_owned())).unwrap();
        let (email, name) = (email("olivia@harbor.example"), TenantName::parse("harbor").unwrap());
        let founded = block_on(found_as_operator(&space, &context, &operator, &email, &password, &name))
            .unwrap()
            .into_member();
        let owner = log_in(&space, &email);
        let wanted = NewDataset {
            name: "birds".parse().unwrap(),
            summary: Line::default(),
            tags: Line::default(),
            analyzer: Default::default(),
            retrieval: Default::default(),
            vectors: Default::default(),
        };
        let dataset = block_on(create_dataset(&space, &context, &owner, wanted)).unwrap().id;
        let scope = operator.tenant(founded.tenant);
        let text = "Penguins dive for krill.".to_owned();
        let document = NewDocument::new(DocumentId::parse("penguins").unwrap(), text, Metadata::new());
        let job = start_ingestion(&space, &context, &owner, dataset, vec![document.unwrap()]).unwrap();
        finish_ingestion(&space, &context, &scope, job).unwrap();
        let endpoint =
            block_on(create_endpoint(&space, &context, &owner, new_endpoint(dataset, SLUG))).unwrap();
        let member = join(&space, &owner, "mia@harbor.example", Role::User);
        // Both know the tenant as it is now.
        let owner = log_in(&space, owner.email().unwrap());
        let world = Self {
            space,
            engine,
            store,
            snapshots,
            hub,
            clock,
            tickets,
            owner,
            member,
            dataset,
            endpoint,
            scope,
            before: Cell::new(0),
        };
        world.forget_events();
        world
    }

    pub(crate) fn context(&self) -> RequestContext {
        let address = Some("192.0.2.7".parse().unwrap());
        self.space.request_context(Origin { address, user_agent: None }).unwrap()
    }

    /// Opens a call to the endpoint.
    pub(crate) fn open(&self, principal: &Principal) -> Result<QueryCall<'_>, QueryError> {
        self.open_at(principal, SLUG, None)
    }

    pub(crate) fn open_at(
        &self,
        principal: &Principal,
        slug: &str,
        hint: Option<&str>,
    ) -> Result<QueryCall<'_>, QueryError> {
        block_on(QueryCall::open(&self.space, &self.context(), principal.clone(), slug, hint))
    }

    /// Queries the endpoint.
    pub(crate) fn query(&self, principal: &Principal) -> Result<Answer, QueryError> {
        block_on(self.open(principal)?.run(question()))
    }

    /// Whether requests for approval are left that a change has outdated.
    pub(crate) fn is_outdated(&self) -> bool {
        let scope = self.scope;
        let find = move |view: &mut dyn View| view.outdated_approvals(&scope, 1);
        let outdated: Result<_, StoreError> = block_on(self.space.store.read(&scope, find));
        !outdated.unwrap().is_empty()
    }

    /// Stores something behind the use cases.
    pub(crate) fn store_behind(
        &self,
        work: impl Fn(&mut dyn Tx, &WriteScope) -> Result<(), StoreError> + Send + 'static,
    ) {
        let (scope, event) = (self.scope, event(Log::Installation, Action::ConfigChange));
        let unit = move |tx: &mut dyn Tx| {
            work(tx, &WriteScope::assume(&scope, "a test looks behind the use cases"))?;
            Ok(Recorded::new((), event.clone()))
        };
        let stored: Result<(), StoreError> = block_on(self.space.store.write(unit));
        stored.unwrap();
    }

    /// Puts a document into the endpoint's dataset.
    pub(crate) fn put(&self, name: &str, text: &str) {
        let id = DocumentId::parse(name).unwrap();
        let document = NewDocument::new(id, text.to_owned(), Metadata::new()).unwrap();
        let (space, context) = (&self.space, self.context());
        let job = start_ingestion(space, &context, &self.owner, self.dataset, vec![document]).unwrap();
        finish_ingestion(space, &context, &self.scope, job).unwrap();
    }

    /// The events of this test, the oldest first.
    pub(crate) fn recorded(&self) -> Vec<Event> {
        let page = PageRequest { limit: PageLimit::parse(100).unwrap(), after: None };
        let scope = self.scope;
        let read =
            self.space.store.read(&scope, move |view| view.events(&scope, &EventFilter::default(), page));
        let events = read.wait().unwrap().events.items;
        events.into_iter().rev().skip(self.before.get()).map(|recorded| recorded.event).collect()
    }

    /// The events of this test as text, the oldest first.
    pub(crate) fn events(&self) -> Vec<String> {
        let line = |event: Event| {
            let reason = event.reason_code.as_ref().map_or("", RecordedReason::as_str);
            let at = event.object.filter(|object| object.kind == ObjectKind::Endpoint);
            let at = if at.is_some_and(|object| object.id == self.endpoint.id.to_string()) {
                " on it"
            } else {
                ""
            };
            format!("{} {} {reason}{at}", event.action, event.outcome.as_str())
        };
        self.recorded().into_iter().map(line).collect()
    }

    /// Leaves out all events up to now.
    pub(crate) fn forget_events(&self) {
        self.before.set(0);
        self.before.set(self.recorded().len());
    }

    /// Attaches access policies, and no others.
    pub(crate) fn attach(&self, policies: &[Value]) {
        self.attach_all(&policies.iter().map(|policy| ("access", policy.clone())).collect::<Vec<_>>());
    }

    /// Attaches policies, each with its type, and no others.
    pub(crate) fn attach_all(&self, policies: &[(&str, Value)]) {
        let parsed =
            policies.iter().map(|(name, policy)| self.space.policy_types.parse(name, policy).unwrap());
        self.attach_ids(parsed.map(|configuration| self.add_policy(configuration)).collect());
    }

    pub(crate) fn add_policy(&self, configuration: PolicyConfiguration) -> PolicyId {
        let wanted =
            NewPolicy { name: "who".parse().unwrap(), configuration, enforcement: Enforcement::Enforce };
        block_on(create_policy(&self.space, &self.context(), &self.owner, wanted)).unwrap().id
    }

    pub(crate) fn attach_ids(&self, ids: Vec<PolicyId>) {
        let name = EndpointName::Id(self.endpoint.id);
        block_on(attach(&self.space, &self.context(), &self.owner, name, ids, None)).unwrap();
    }

    /// Somebody with the tenant as it is now.
    pub(crate) fn renewed(&self, principal: &Principal) -> Principal {
        principal.renew(&*self.space.snapshots, self.space.clock.now()).unwrap()
    }

    pub(crate) fn publish(&self, published: bool) {
        let change = ChangeEndpoint { published: Some(published), ..ChangeEndpoint::default() };
        self.change_endpoint(change);
    }

    pub(crate) fn change_endpoint(&self, change: ChangeEndpoint) {
        block_on(change_endpoint(&self.space, &self.context(), &self.owner, self.endpoint.id, change))
            .unwrap();
    }

    /// Changes the role or status of the member.
    pub(crate) fn change_member(&self, role: Option<Role>, status: Option<AccountStatus>) {
        let account = self.member.member(syft_space_domain::access::Permission::Query).unwrap().account;
        let change = ChangeMember { role, status, if_revision: None };
        block_on(change_member(&self.space, &self.context(), &self.owner, account, change)).unwrap();
    }

    /// Registers the tenant on a hub.
    pub(crate) fn register(&self) -> Marketplace {
        self.try_register().unwrap()
    }

    pub(crate) fn try_register(&self) -> Result<Marketplace, MarketplaceError> {
        let url = HubUrl::parse("https://hub.example.org").unwrap();
        let credential = HubCredential::Pat(Secret::new("the owner's".to_owned()));
        let account = HubAccount {
            subject: HUB_USERNAME.to_owned(),
            username: HUB_USERNAME.parse().unwrap(),
            email: "harbormaster@hub.example".to_owned(),
            domain: None,
        };
        let issuer: Issuer = "https://hub.syft.com".parse().unwrap();
        self.hub.add_account(url.clone(), &credential, account);
        self.hub.set_issuer(url.clone(), issuer.clone());
        let wanted = NewMarketplace {
            name: "market".parse().unwrap(),
            url,
            issuer: Some(issuer),
            username: None,
            credential,
            take_over: false,
        };
        let settings =
            RegistrationSettings { registration_open: false, public_url: Some("https://space.example") };
        let context = self.context();
        let registered = register_marketplace(&self.space, &context, &self.owner, settings, wanted);
        block_on(registered).map(|registered| registered.marketplace)
    }
}

pub(crate) fn new_endpoint(dataset: DatasetId, slug: &str) -> NewEndpoint {
    NewEndpoint {
        name: "Birds".parse().unwrap(),
        slug: Slug::parse(slug).unwrap(),
        summary: Line::default(),
        description: Prose::default(),
        tags: Line::default(),
        dataset,
        response_type: ResponseType::Raw,
        published: true,
    }
}

pub(crate) fn join(space: &Space, owner: &Principal, address: &str, role: Role) -> Principal {
    let context = space.request_context(Origin::default()).unwrap();
    let invited = block_on(invite(space, &context, owner, Invite { email: email(address), role })).unwrap();
    let Delivered::Shown(token) = invited.token else { unreachable!("there is no mailer") };
    let wanted = AcceptInvitation { token: token.hash(), password: Secret::new(PASSWORD.to_owned()) };
    block_on(accept_invitation(space, &context, wanted)).unwrap();
    log_in(space, &email(address))
}

pub(crate) fn log_in(space: &Space, email: &Email) -> Principal {
    let context = space.request_context(Origin::default()).unwrap();
    let password = Password::parse(&Secret::new(PASSWORD.to_owned())).unwrap();
    let wanted = Login { email: email.clone(), password, tenant: None, code: None };
    let logged_in = block_on(login(space, &context, wanted)).unwrap();
    let shown = space.signing_keys.epoch().mark();
    let claims = space.tokens.verify(logged_in.token.expose(), space.clock.now()).unwrap();
    authenticate(&*space.snapshots, &claims, shown).unwrap()
}

pub(crate) fn email(address: &str) -> Email {
    Email::parse(address).unwrap()
}

pub(crate) fn question() -> Query {
    let conversation = Conversation::of_question("What do penguins dive for?".to_owned()).unwrap();
    Query::new(conversation, 5, 0.0).unwrap()
}

/// An access policy.
pub(crate) fn policy(mode: &str, patterns: &[&str]) -> Value {
    json!({ "mode": mode, "patterns": patterns })
}

/// What the parts of an answer hold.
pub(crate) fn references(mut answer: Answer) -> Vec<References> {
    let mut found = Vec::new();
    while let Poll::Ready(Some(part)) = Pin::new(&mut answer.parts).poll_next(&mut waker()) {
        let AnswerPart::References(references) = part.unwrap();
        found.push(references);
    }
    found
}

/// Runs a future as far as it goes.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut waker())
}

fn waker() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    futures_executor::block_on(work)
}
