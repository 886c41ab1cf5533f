//! Rights are those of when they are used: in the unit of work that writes, and behind whatever a use case waits for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_executor::block_on;
use serde_json::json;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::audit::{Action, Actor, Log, Origin, Outcome, RequestContext};
use syft_space_domain::dataset::ports::{SearchEngine, SearchError};
use syft_space_domain::dataset::{
    self, AnalyzerSettings, Change, ChangeNumber, Dataset, Hits, IndexKey, IngestQueue, NewDataset,
    SearchQuery,
};
use syft_space_domain::endpoint::{
    self, ChangeEndpoint, EndpointName, Messages, NewEndpoint, QueryError, ResponseType, Slug,
};
use syft_space_domain::identity::ports::{Compared, HashingError, Passwords};
use syft_space_domain::identity::{
    self, AcceptError, AcceptInvitation, AccountStatus, AuthenticateError, AuthorizationError, ChangeMember,
    Email, Forbidden, Invite, InviteError, Login, LoginError, MemberError, Password, PasswordError,
    PasswordHash, Principal,
};
use syft_space_domain::ids::{AccountId, DatasetId};
use syft_space_domain::page::PageRequest;
use syft_space_domain::policy::{self, NewPolicy, PolicyConfiguration};
use syft_space_domain::secret::Secret;
use syft_space_domain::snapshot::SnapshotCache;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantName, TenantScope, found_as_operator};
use syft_space_domain::time::Timestamp;
use syft_space_domain::unit::{Receipt, Recorded};
use syft_space_domain::{DatasetLocks, Pending, Space};
use syft_space_memory::{
    InsecurePasswords, ManualClock, MemoryDocuments, MemoryHub, MemorySealer, MemorySearch, MemorySpool,
    MemoryStore, MemoryTokens, SeededEntropy, TextFiles,
};

const PASSWORD: &str = "seven owls dance under copper moons";
const TOKEN_LIFETIME: Duration = Duration::from_secs(900);

/// What happens once, while somebody waits.
#[derive(Clone, Default)]
struct Meanwhile(Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>);

impl Meanwhile {
    fn set(&self, happens: impl FnOnce() + Send + 'static) {
        *self.0.lock().unwrap() = Some(Box::new(happens));
    }

    fn happen(&self) {
        let happens = self.0.lock().unwrap().take();
        // On a thread of its own: it may wait for futures itself.
        happens.into_iter().for_each(|happens| std::thread::spawn(happens).join().unwrap());
    }
}

/// An engine whose searches take long enough for something to happen.
struct SlowSearch(MemorySearch, Meanwhile);

impl SearchEngine for SlowSearch {
    fn search<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        query: &'a SearchQuery,
    ) -> Pending<'a, Result<Hits, SearchError>> {
        Box::pin(async move {
            let hits = self.0.search(scope, index, query).await;
            self.1.happen();
            hits
        })
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

/// Passwords that take long enough.
struct SlowPasswords(InsecurePasswords, Meanwhile);

impl Passwords for SlowPasswords {
    fn check(&self, password: &Password, context: &[&str]) -> Result<(), PasswordError> {
        self.0.check(password, context)
    }

    fn hash<'a>(&'a self, password: &'a Password) -> Pending<'a, Result<PasswordHash, HashingError>> {
        self.1.happen();
        self.0.hash(password)
    }

    fn compare<'a>(
        &'a self,
        password: &'a Password,
        stored: Option<&'a PasswordHash>,
    ) -> Pending<'a, Result<Compared, HashingError>> {
        self.1.happen();
        self.0.compare(password, stored)
    }
}

struct World {
    space: Space,
    clock: Arc<ManualClock>,
    meanwhile: Meanwhile,
    owner: Principal,
}

fn secret() -> Secret<String> {
    Secret::new(PASSWORD.to_owned())
}

fn context(space: &Space) -> RequestContext {
    space.request_context(Origin::default()).unwrap()
}

fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@acme.example")).unwrap()
}

fn try_log_in(space: &Space, name: &str) -> Result<Principal, LoginError> {
    let password = Password::parse(&secret()).unwrap();
    let wanted = Login { email: email(name), password, tenant: None };
    let logged_in = block_on(identity::login(space, &context(space), wanted))?;
    let claims = space.tokens.verify(logged_in.token.expose(), space.clock.now()).unwrap();
    Ok(identity::authenticate(&*space.snapshots, &claims).unwrap())
}

impl World {
    fn new() -> Self {
        let entropy = Arc::new(SeededEntropy::new(11));
        let cache = Arc::new(SnapshotCache::default());
        let hub = Arc::new(MemoryHub::new());
        let clock = Arc::new(ManualClock::at(Timestamp::parse("2026-11-24T09:30:00.5Z").unwrap()));
        let meanwhile = Meanwhile::default();
        let passwords = InsecurePasswords::new(entropy.clone());
        let space = Space {
            documents: Arc::new(MemoryDocuments::new()),
            engine: Arc::new(SlowSearch(MemorySearch::new(), meanwhile.clone())),
            spool: Arc::new(MemorySpool::new()),
            extractor: Arc::new(TextFiles),
            store: Arc::new(MemoryStore::new(cache.clone())),
            snapshots: cache.clone(),
            passwords: Arc::new(SlowPasswords(passwords, meanwhile.clone())),
            tokens: Arc::new(MemoryTokens::new(entropy.clone(), TOKEN_LIFETIME)),
            trusted: cache,
            satellites: hub.clone(),
            identities: hub.clone(),
            hubs: hub,
            sealer: Arc::new(MemorySealer::new(entropy.clone())),
            clock: clock.clone(),
            entropy,
            datasets: DatasetLocks::default(),
            ingestion: IngestQueue::default(),
        };
        let operator = OperatorScope::at_startup();
        let (password, name) = (Password::parse(&secret()).unwrap(), TenantName::parse("acme").unwrap());
        block_on(found_as_operator(&space, &context(&space), &operator, &email("owner"), &password, &name))
            .unwrap();
        let owner = try_log_in(&space, "owner").unwrap();
        Self { space, clock, meanwhile, owner }
    }

    fn invite(&self, by: &Principal, name: &str, role: Role) -> AcceptInvitation {
        let wanted = Invite { email: email(name), role };
        let invited = block_on(identity::invite(&self.space, &context(&self.space), by, wanted)).unwrap();
        AcceptInvitation { token: invited.token.hash(), password: secret() }
    }

    fn accept(&self, accepted: AcceptInvitation) -> Result<(), AcceptError> {
        block_on(identity::accept_invitation(&self.space, &context(&self.space), accepted)).map(drop)
    }

    fn member(&self, name: &str, role: Role) -> Principal {
        let invitation = self.invite(&self.owner, name, role);
        self.accept(invitation).unwrap();
        try_log_in(&self.space, name).unwrap()
    }

    /// Changes a member, now or later.
    fn change(&self, who: &Principal, change: Loss) -> impl FnOnce() + Send + 'static {
        let (space, owner) = (self.space.clone(), self.owner.clone());
        let account = account(who);
        move || change.make(&space, &owner, account)
    }

    /// Disables an account itself, now or later.
    fn disable_account(&self, who: &Principal) -> impl FnOnce() + Send + 'static {
        let (space, account) = (self.space.clone(), account(who));
        let event = context(&space).event(Log::Installation, Action::ConfigChange, Actor::Operator).unwrap();
        move || {
            let disabled: Receipt<(), StoreError> = space.store.write(move |tx| {
                tx.set_account_status(account, AccountStatus::Disabled)?;
                Ok(Recorded::new((), event.clone()))
            });
            disabled.wait().unwrap();
        }
    }

    fn dataset(&self, by: &Principal, name: &str) -> Result<Dataset, dataset::DatasetError> {
        let wanted = NewDataset {
            name: name.to_owned(),
            summary: String::new(),
            tags: String::new(),
            analyzer: AnalyzerSettings::default(),
        };
        block_on(dataset::create_dataset(&self.space, &context(&self.space), by, wanted))
    }

    fn endpoint(&self) -> EndpointName {
        let dataset = self.dataset(&self.owner, "drawer").unwrap();
        let wanted = NewEndpoint {
            name: "drawer".to_owned(),
            slug: Slug::parse("drawer").unwrap(),
            summary: String::new(),
            description: String::new(),
            tags: String::new(),
            dataset: dataset.id,
            response_type: ResponseType::Raw,
            published: true,
        };
        let context = context(&self.space);
        let made = block_on(endpoint::create_endpoint(&self.space, &context, &self.owner, wanted));
        EndpointName::Id(made.unwrap().id)
    }

    fn query(&self, who: &Principal) -> Result<(), QueryError> {
        let context = context(&self.space);
        let visible = block_on(endpoint::look_up(&self.space, &context, who, "drawer", None))?;
        let query = endpoint::Query::new(Messages::Text("anything".to_owned()), 5, 0.5).unwrap();
        block_on(endpoint::query(&self.space, who, visible, &query)).map(drop)
    }

    /// The last event of the tenant's log.
    fn last_event(&self) -> (Action, Outcome, Option<String>) {
        let scope = self.owner.scope(Permission::ReadAudit).unwrap();
        let mut view = self.space.store.read().unwrap();
        let page = view.events(&scope, &EventFilter::default(), PageRequest::default()).unwrap();
        let event = page.events.items.into_iter().next().unwrap().event;
        (event.action, event.outcome, event.reason_code)
    }
}

fn account(who: &Principal) -> AccountId {
    who.member(Permission::OwnAccount).unwrap().account
}

/// What becomes of a member.
#[derive(Debug, Clone, Copy)]
enum Loss {
    Removed,
    Disabled,
    Demoted,
    Renewed,
}

impl Loss {
    const ALL: [Self; 4] = [Self::Removed, Self::Disabled, Self::Demoted, Self::Renewed];

    fn make(self, space: &Space, by: &Principal, account: AccountId) {
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
        }
    }

    /// What they are told from then on, and what the log says.
    fn refusal(self, permission: Permission) -> (AuthorizationError, (Action, Outcome, Option<String>)) {
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

#[test]
fn h1_a_unit_of_work_asks_its_own_rows_whether_its_principal_still_may() {
    for change in Loss::ALL {
        let world = World::new();
        let admin = world.member("ann", Role::Admin);
        // The principal is of before, as that of a request on its way.
        world.change(&admin, change)();
        let (error, event) = change.refusal(Permission::WriteDatasets);
        assert_eq!(world.dataset(&admin, "planted").unwrap_err(), error.into(), "{change:?}");
        assert_eq!(world.last_event(), event, "{change:?}");
        let (error, event) = change.refusal(Permission::WritePolicies);
        let configuration = json!({ "mode": "allow", "patterns": ["*"] });
        let configuration = PolicyConfiguration::parse("access", &configuration).unwrap();
        let wanted = NewPolicy { name: "planted".to_owned(), configuration };
        let context = context(&world.space);
        let refused = block_on(policy::create_policy(&world.space, &context, &admin, wanted));
        assert_eq!(refused.unwrap_err(), error.into(), "{change:?}");
        assert_eq!(world.last_event(), event, "{change:?}");
        let (error, event) = change.refusal(Permission::ManageMembers);
        let wanted = Invite { email: email("second.self"), role: Role::User };
        let refused = block_on(identity::invite(&world.space, &context, &admin, wanted));
        assert_eq!(refused.err(), Some(InviteError::from(error.clone())), "{change:?}");
        assert_eq!(world.last_event(), event, "{change:?}");
        // Not even to put themself back.
        let back =
            ChangeMember { role: Some(Role::User), status: Some(AccountStatus::Active), if_revision: None };
        let refused =
            block_on(identity::change_member(&world.space, &context, &admin, account(&admin), back));
        assert_eq!(refused.unwrap_err(), MemberError::from(error), "{change:?}");
        assert_eq!(world.last_event(), event, "{change:?}");
        let scope = world.owner.scope(Permission::ReadMetadata).unwrap();
        let mut view = world.space.store.read().unwrap();
        assert_eq!((view.count_datasets(&scope), view.count_policies(&scope)), (Ok(0), Ok(0)), "{change:?}");
        assert_eq!(view.invitations(&scope, PageRequest::default()).unwrap().items, [], "{change:?}");
    }
}

#[test]
fn h1_a_token_that_expires_on_the_way_is_refused() {
    let world = World::new();
    world.clock.advance(TOKEN_LIFETIME);
    let expired = AuthorizationError::from(AuthenticateError::Expired);
    assert_eq!(world.dataset(&world.owner, "late").unwrap_err(), expired.into());
    let renewed = world.owner.renew(&*world.space.snapshots, world.space.clock.now());
    assert_eq!(renewed.err(), Some(AuthenticateError::Expired));
}

#[test]
fn h1_whoever_loses_the_right_during_a_search_gets_no_answer() {
    for change in Loss::ALL {
        let world = World::new();
        world.endpoint();
        let user = world.member("ulf", Role::User);
        world.query(&user).unwrap();
        world.meanwhile.set(world.change(&user, change));
        let (error, event) = change.refusal(Permission::Query);
        assert_eq!(world.query(&user).unwrap_err(), QueryError::from(error), "{change:?}");
        assert_eq!(world.last_event(), event, "{change:?}");
    }
}

#[test]
fn h1_what_is_unpublished_or_denied_during_a_search_gives_no_answer() {
    let world = World::new();
    let name = world.endpoint();
    let user = world.member("ulf", Role::User);
    let (space, owner) = (world.space.clone(), world.owner.clone());
    let EndpointName::Id(id) = name.clone() else { panic!("it is an id") };
    let publish = move |published| {
        let change = ChangeEndpoint { published: Some(published), ..ChangeEndpoint::default() };
        block_on(endpoint::change_endpoint(&space, &context(&space), &owner, id, change)).unwrap();
    };
    world.meanwhile.set({
        let publish = publish.clone();
        move || publish(false)
    });
    assert_eq!(world.query(&user), Err(QueryError::NotFound));
    let denied = |action, reason: &str| (action, Outcome::Denied, Some(reason.to_owned()));
    assert_eq!(world.last_event(), denied(Action::EndpointQuery, "endpoint_not_found"));
    publish(true);
    let (space, owner) = (world.space.clone(), world.owner.clone());
    world.meanwhile.set(move || {
        let configuration = json!({ "mode": "deny", "patterns": ["*"] });
        let configuration = PolicyConfiguration::parse("access", &configuration).unwrap();
        let wanted = NewPolicy { name: "nobody".to_owned(), configuration };
        let policy = block_on(policy::create_policy(&space, &context(&space), &owner, wanted)).unwrap();
        block_on(policy::attach(&space, &context(&space), &owner, name, vec![policy.id], None)).unwrap();
    });
    assert!(matches!(world.query(&user), Err(QueryError::Refused(_))));
    assert_eq!(world.last_event(), denied(Action::PolicyViolation, "access_denied"));
    // Something else that changes meanwhile changes nothing for the answer.
    let other = World::new();
    other.endpoint();
    let (user, bystander) = (other.member("ulf", Role::User), other.member("ben", Role::User));
    other.meanwhile.set(other.change(&bystander, Loss::Removed));
    other.query(&user).unwrap();
}

#[test]
fn h2_an_invitation_whose_maker_loses_the_right_while_a_password_is_hashed_lets_nobody_in() {
    for change in [Loss::Removed, Loss::Disabled, Loss::Demoted] {
        let world = World::new();
        let mallory = world.member("mallory", Role::Owner);
        let invitation = world.invite(&mallory, "second.self", Role::Owner);
        world.meanwhile.set(world.change(&mallory, change));
        assert_eq!(world.accept(invitation), Err(AcceptError::NotFound), "{change:?}");
        assert!(matches!(try_log_in(&world.space, "second.self"), Err(LoginError::Wrong)), "{change:?}");
    }
    // Whatever has become of the maker otherwise: nobody ends the invitations of an account that is disabled.
    for before in [true, false] {
        let world = World::new();
        let mallory = world.member("mallory", Role::Owner);
        let invitation = world.invite(&mallory, "second.self", Role::Owner);
        let disable = world.disable_account(&mallory);
        if before {
            disable()
        } else {
            world.meanwhile.set(disable)
        }
        assert_eq!(world.accept(invitation), Err(AcceptError::NotFound));
        if !before {
            let refused = (Action::AuthzFail, Outcome::Denied, Some("inviter_may_not_grant".to_owned()));
            assert_eq!(world.last_event(), refused);
        }
    }
    // Time goes on while a password is hashed, too.
    let world = World::new();
    let invitation = world.invite(&world.owner, "late", Role::User);
    let clock = Arc::clone(&world.clock);
    world.meanwhile.set(move || clock.advance(Duration::from_secs(8 * 24 * 60 * 60)));
    assert_eq!(world.accept(invitation), Err(AcceptError::NotFound));
}

#[test]
fn a3_whoever_is_disabled_while_a_password_is_compared_gets_no_token() {
    for change in [Loss::Removed, Loss::Disabled, Loss::Renewed] {
        let world = World::new();
        let ulf = world.member("ulf", Role::User);
        world.meanwhile.set(world.change(&ulf, change));
        assert!(matches!(try_log_in(&world.space, "ulf"), Err(LoginError::Wrong)), "{change:?}");
        let failed = (Action::AuthnLoginFail, Outcome::Denied, Some("credentials_wrong".to_owned()));
        assert_eq!(world.last_event(), failed, "{change:?}");
    }
}

#[test]
fn a3_generations_and_no_clock_tell_good_tokens_from_ended_ones() {
    let world = World::new();
    let now = world.space.clock.now();
    // A membership that began while the clock was ahead takes tokens when it is set back, and one that ended and began anew
    // within a second takes none from before.
    world.clock.set(now.plus(Duration::from_secs(86_400)));
    let world = World { owner: try_log_in(&world.space, "owner").unwrap(), ..world };
    let ahead = world.member("anna", Role::User);
    world.change(&ahead, Loss::Renewed)();
    world.clock.set(now);
    let back = try_log_in(&world.space, "anna").unwrap();
    let renewed = |who: &Principal| who.renew(&*world.space.snapshots, now).map(drop);
    assert_eq!(renewed(&back), Ok(()));
    assert_eq!(renewed(&ahead), Err(AuthenticateError::Revoked));
    world.change(&back, Loss::Removed)();
    let again = world.member("anna", Role::User);
    assert_eq!(renewed(&again), Ok(()));
    assert_eq!(renewed(&back), Err(AuthenticateError::Revoked));
    assert_eq!(renewed(&ahead), Err(AuthenticateError::Revoked));
}
