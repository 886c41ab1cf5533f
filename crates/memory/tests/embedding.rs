//! Each block of Rust in docs/embedding.md, compiled and run: the page can name nothing that is gone.
#![expect(clippy::print_stdout, reason = "the page prints what it found")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use futures_executor::block_on;
use futures_util::StreamExt;
use serde_json::json;
use syft_space_conformance::{Fixture, check_store, documents};
use syft_space_domain::access::{Permission, Role, may, may_grant};
use syft_space_domain::audit::{Action, Actor, ObjectKind, Origin};
use syft_space_domain::dataset::ports::NoRemoteSpaces;
use syft_space_domain::dataset::{
    AnalyzerSettings, Dataset, IngestQueue, Meaning, NewDataset, SearchQuery, Threshold, create_dataset,
};
use syft_space_domain::encoder::ports::NoEncoders;
use syft_space_domain::endpoint::{
    AnswerPart, Conversation, Message, MessageRole, NewEndpoint, Query, QueryCall, ResponseType, Slug,
    create_endpoint,
};
use syft_space_domain::expectation::GuardTurns;
use syft_space_domain::identity::oidc::ProviderLogouts;
use syft_space_domain::identity::{Email, Login, Password, Principal, SessionLife, authenticate, login};
use syft_space_domain::ids::{DatasetId, EndpointId, HubId, PolicyId, TenantId};
use syft_space_domain::page::PageRequest;
use syft_space_domain::policy::{
    Caller, CompiledPolicy, DecisionContext, OpenReviews, PolicySet, PolicyTypes, Resource, Subject,
};
use syft_space_domain::random::RandomError;
use syft_space_domain::secret::{BearerSecret, Secret};
use syft_space_domain::snapshot::SnapshotCache;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{
    Registration, RegistrationGate, TenantName, TenantScope, WriteScope, register,
};
use syft_space_domain::text::{Line, Prose};
use syft_space_domain::time::Timestamp;
use syft_space_domain::unit::{Recorded, UnitError};
use syft_space_domain::{DatasetLocks, Space};
use syft_space_memory::{
    InsecurePasswords, ManualClock, MemoryDocuments as MyDocuments, MemoryDocuments, MemoryHub,
    MemoryProviders, MemorySealer, MemorySearch, MemorySigner, MemorySpool, MemoryStore as MyStore,
    MemoryStore, MemoryTokens, MemoryVectors, SeededEntropy, TextFiles,
};

const PAGE: &str = include_str!("../../../docs/embedding.md");
/// Where the blocks may stand: here, or in the example that the page speaks of.
const COMPILED: [&str; 2] =
    [include_str!("embedding.rs"), include_str!("../../domain/examples/embed_policy_type.rs")];

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn each_block_of_the_page_is_compiled() {
    let dense = |text: &str| text.split_whitespace().collect::<String>();
    let compiled = COMPILED.map(dense);
    let mut blocks = 0;
    for block in PAGE.split("```rust\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        assert!(compiled.iter().any(|code| code.contains(&dense(block))), "nothing compiles this:\n{block}");
        blocks += 1;
    }
    assert_eq!(blocks, PAGE.matches("```rust").count(), "a block that is not looked at");
}

#[test]
fn addresses() -> Outcome {
    let email = Email::parse("Zoe+news@MÜNCHEN.example")?;
    assert_eq!(email.as_str(), "zoe+news@xn--mnchen-3ya.example");
    Ok(())
}

#[test]
fn roles() {
    assert!(may(Role::User, Permission::Query));
    assert!(!may_grant(Role::Admin, Role::Admin));
}

#[test]
fn policies() -> Outcome {
    let (staff_id, now) = (PolicyId::from_bytes([1; 16]), Timestamp::from_unix_micros(0));
    let handbook_id = EndpointId::from_bytes([2; 16]);
    let email = Email::parse("eve@company.com")?;

    let types = PolicyTypes::default();
    let staff = types.parse("access", &json!({"mode": "allow", "patterns": ["*@company.com"]}))?;
    let policies = PolicySet::new([Arc::new(CompiledPolicy::compile(&types, staff_id, 1, &staff))]);
    let subject = Subject::Identified { email: Some(&email) };
    let caller = Caller::HubUser { hub: Some(HubId::from_bytes([7; 16])), subject };
    let decision = policies.decide(Resource::published(handbook_id), &caller, &DecisionContext::at(now));
    println!("{}: {}", decision.effect, decision.diagnostics.reason);

    assert!(decision.is_allow());
    Ok(())
}

fn space() -> Result<Space, Box<dyn Error>> {
    let clock = ManualClock::at(Timestamp::from_unix_micros(0));
    let entropy = Arc::new(SeededEntropy::new(7));

    let policy_types = PolicyTypes::default();
    let snapshots = Arc::new(SnapshotCache::new(policy_types.clone()));
    let hub = Arc::new(MemoryHub::new()); // for tests alone
    let tokens = Arc::new(MemoryTokens::new(entropy.clone(), Duration::from_secs(900)));
    let space = Space {
        store: Arc::new(MemoryStore::new(snapshots.clone())),
        trusted: snapshots.clone(),
        snapshots,
        policy_types,
        documents: Arc::new(MemoryDocuments::new()),
        engine: Arc::new(MemorySearch::new()),
        spool: Arc::new(MemorySpool::new()),
        extractor: Arc::new(TextFiles), // text and Markdown alone
        passwords: Arc::new(InsecurePasswords::new(entropy.clone())), // for tests alone
        tokens: tokens.clone(),
        session_life: SessionLife::default(),
        oidc: Arc::new(MemoryProviders::new()), // identity providers, for tests alone
        provider_logouts: ProviderLogouts::new(&*entropy)?,
        signing_keys: tokens,
        satellites: hub.clone(),
        identities: hub.clone(),
        hubs: hub,
        remote_spaces: Arc::new(NoRemoteSpaces), // no other space is asked
        checkpoint_signer: Arc::new(MemorySigner::new([7; 32])), // for tests alone
        erasure_ledger: None,                    // no older copy is put back
        sealer: Arc::new(MemorySealer::new(entropy.clone())),
        clock: Arc::new(clock),
        entropy,
        datasets: DatasetLocks::default(),
        mails: None, // tokens are shown to whoever asks for them
        guard_turns: GuardTurns::default(),
        reviews: OpenReviews::default(),
        ingestion: IngestQueue::default(),
        meaning: Meaning::new(Arc::new(NoEncoders), Arc::new(MemoryVectors::default())), // found by words alone
    };

    assert!(space.policy_types.get("access").is_some());
    Ok(space)
}

async fn found(space: Space) -> Result<Principal, Box<dyn Error>> {
    let context = space.request_context(Origin::default())?;
    let setup = BearerSecret::generate(&*space.entropy)?;
    let gate = RegistrationGate { setup_token: Some(setup.hash()), open: false };
    let wanted = Registration {
        email: Email::parse("olivia@example.org")?,
        password: Password::parse(&Secret::new("seven owls dance under copper moons".to_owned()))?,
        tenant_name: TenantName::parse("library")?,
        setup_token: Some(setup.hash()),
    };
    let founded = register(&space, &context, &gate, wanted).await?;

    assert_eq!(founded.role, Role::Owner);
    let password = Password::parse(&Secret::new("seven owls dance under copper moons".to_owned()))?;
    let known = Login { email: Email::parse("olivia@example.org")?, password, tenant: None, code: None };
    let token = login(&space, &context, known).await?.token;
    let shown = space.signing_keys.epoch().mark();
    let claims = space.tokens.verify(token.expose(), space.clock.now())?;
    Ok(authenticate(&*space.snapshots, &claims, shown)?)
}

async fn ask(space: Space, principal: Principal) -> Outcome {
    let context = space.request_context(Origin::default())?;

    let conversation = Conversation::of_messages(vec![
        Message { role: MessageRole::System, content: "Be brief.".to_owned() },
        Message { role: MessageRole::User, content: "When does the reading room open?".to_owned() },
    ])?;
    let query = Query::new(conversation, SearchQuery::DEFAULT_LIMIT, Threshold::DEFAULT.get())?;
    let call = QueryCall::open(&space, &context, principal, "opening-hours", None).await?;
    let mut answer = call.run(query).await?;
    while let Some(part) = answer.parts.next().await {
        let AnswerPart::References(found) = part?;
        println!("{} chunks, found by the {} engine", found.documents.len(), found.engine);
    }

    Ok(())
}

async fn list(space: Space, tenant: TenantId) -> Outcome {
    let scope = TenantScope::assume(tenant, "the gateway has checked the caller's certificate");
    let page = space.store.read(&scope, move |view| view.endpoints(&scope, PageRequest::default())).await?;

    assert_eq!(page.items.len(), 1);
    Ok(())
}

async fn write(space: Space, tenant: TenantId, dataset: Dataset) -> Result<Result<(), MyError>, RandomError> {
    let context = space.request_context(Origin::default())?;
    let scope = TenantScope::assume(tenant, "a test");

    let event =
        context.event(&scope, Action::ConfigChange, Actor::System)?.on(ObjectKind::Dataset, dataset.id);
    let written: Result<(), MyError> = space
        .store
        .write(move |tx| {
            if tx.dataset_named(&scope, &dataset.name)?.is_some() {
                return Err(MyError::NameTaken.into());
            }
            let scope = WriteScope::assume(&scope, "the gateway has checked the caller's certificate");
            tx.add_dataset(&scope, &dataset)?;
            Ok(Recorded::new((), event.clone()))
        })
        .await;

    Ok(written)
}

#[derive(Debug, PartialEq)]
enum MyError {
    NameTaken,
    Store(StoreError),
}

impl From<StoreError> for MyError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl UnitError for MyError {
    fn into_store_error(self) -> Result<StoreError, Self> {
        match self {
            Self::Store(error) => Ok(error),
            error @ Self::NameTaken => Err(error),
        }
    }
}

#[test]
fn all_use_cases() -> Outcome {
    let space = space()?;
    let owner = block_on(found(space.clone()))?;
    let context = space.request_context(Origin::default())?;
    let wanted = NewDataset {
        name: "hours".parse()?,
        summary: Line::default(),
        tags: Line::default(),
        analyzer: AnalyzerSettings::default(),
        retrieval: Default::default(),
        vectors: Default::default(),
    };
    let dataset = block_on(create_dataset(&space, &context, &owner, wanted))?;
    let wanted = NewEndpoint {
        name: "Opening hours".parse()?,
        slug: Slug::parse("opening-hours")?,
        summary: Line::default(),
        description: Prose::default(),
        tags: Line::default(),
        dataset: dataset.id,
        response_type: ResponseType::Raw,
        published: true,
    };
    block_on(create_endpoint(&space, &context, &owner, wanted))?;
    block_on(ask(space.clone(), owner.clone()))?;
    let tenant = owner.snapshot().tenant.id;
    block_on(list(space.clone(), tenant))?;
    let other = Dataset {
        id: DatasetId::generate(context.now, &*space.entropy)?,
        name: "days".to_owned(),
        ..dataset.clone()
    };
    assert_eq!(block_on(write(space.clone(), tenant, other))?, Ok(()));
    assert_eq!(block_on(write(space, tenant, dataset))?, Err(MyError::NameTaken));
    Ok(())
}

#[test]
fn suites() {
    check_store(&|hook| Fixture::new(Box::new(MyStore::new(hook))));
    documents::suite(&|| Fixture::new(Box::new(MyDocuments::new())));
}
