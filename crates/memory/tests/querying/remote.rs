//! An endpoint over another space's.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use syft_space_domain::PortError;
use syft_space_domain::dataset::ports::RemoteSpaceError;
use syft_space_domain::dataset::{
    ChangeDataset, ChangeRemote, ChangeVectors, DatasetError, DatasetType, DocumentId, Hit, Hits,
    IngestError, Location, Metadata, NewDataset, NewDocument, ServerUrl, VectorLocationError, change_dataset,
    create_dataset, remove_document, search_dataset, start_ingestion, usage,
};
use syft_space_domain::endpoint::{Query, QueryError, Slug, create_endpoint};
use syft_space_domain::ids::DatasetId;
use syft_space_domain::marketplace::ports::HubError;
use syft_space_domain::marketplace::{
    Audience, HubRole, Marketplace, MarketplaceError, RegistrationSettings, SatelliteClaims,
    remove_marketplace,
};
use syft_space_domain::text::Line;
use syft_space_memory::MemoryRemoteSpaces;

use crate::world::{HUB_USERNAME, World, block_on, new_endpoint, policy, question, references};

const THERE: &str = "reports";

struct Remote {
    world: World,
    spaces: Arc<MemoryRemoteSpaces>,
    marketplace: Marketplace,
    dataset: DatasetId,
}

impl Remote {
    /// A space with the endpoint `far`, which asks that of another.
    fn new() -> Self {
        let mut world = World::new();
        let spaces = Arc::new(MemoryRemoteSpaces::new());
        world.space.remote_spaces = spaces.clone();
        let marketplace = world.register();
        let owner = world.renewed(&world.owner);
        let context = world.context();
        let made = create_dataset(&world.space, &context, &owner, wanted(&marketplace));
        let dataset = block_on(made).unwrap().id;
        let endpoint = create_endpoint(&world.space, &context, &owner, new_endpoint(dataset, "far"));
        world.endpoint = block_on(endpoint).unwrap();
        world.attach(&[policy("allow", &["*@harbor.example"])]);
        let remote = Self { world, spaces, marketplace, dataset };
        remote.let_mint();
        remote.world.forget_events();
        remote
    }

    /// Has the hub give a token for the other space's owner.
    fn let_mint(&self) {
        let now = self.world.space.clock.now();
        let claims = SatelliteClaims {
            hub: self.marketplace.hub,
            subject: HUB_USERNAME.to_owned(),
            audience: Audience::parse("olivia").unwrap(),
            role: HubRole::User,
            issued_at: now,
            not_before: now,
            expires_at: now.plus(Duration::from_secs(60)),
        };
        self.world.hub.add_token("for olivia", claims);
    }

    fn query(&self, query: Query) -> Result<Hits, QueryError> {
        let call = self.world.open_at(&self.world.member, "far", None)?;
        block_on(call.run(query)).map(|answer| references(answer).remove(0).documents)
    }
}

fn wanted(marketplace: &Marketplace) -> NewDataset {
    NewDataset {
        name: "far".parse().unwrap(),
        summary: Line::default(),
        tags: Line::default(),
        analyzer: Default::default(),
        retrieval: Default::default(),
        vectors: ChangeVectors {
            dataset_type: Some(DatasetType::RemoteSpace),
            url: ServerUrl::parse("https://space.example").ok(),
            remote: ChangeRemote {
                slug: Slug::parse(THERE).ok(),
                owner: Audience::parse("olivia").ok(),
                marketplace: Some(marketplace.id),
                ..ChangeRemote::default()
            },
            ..ChangeVectors::default()
        },
    }
}

fn hit(document: &str, score: f32) -> Hit {
    let metadata = Metadata::from_iter([("title".to_owned(), json!(document))]);
    Hit {
        document: DocumentId::parse(document).unwrap(),
        chunk: 0,
        content: format!("{document} dive for krill; write to warden@harbor.example").into(),
        metadata: Arc::new(metadata),
        location: Arc::new(Location::default()),
        highlight: Vec::new(),
        score,
    }
}

fn names(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.document.as_str()).collect()
}

#[test]
fn q2_what_another_space_answers_is_what_was_asked_for_and_goes_through_our_policies() {
    let remote = Remote::new();
    let hits = [("auks", 0.6), ("far-off", 0.2), ("penguins", 0.9), ("puffins", 0.7), ("terns", 0.8)];
    remote.spaces.answer(THERE, Ok(hits.map(|(name, score)| hit(name, score)).to_vec()));
    let few = Query::new(question().conversation().clone(), 3, 0.5).unwrap();
    assert_eq!(names(&remote.query(few.clone()).unwrap()), ["penguins", "terns", "puffins"]);
    let (token, asked) = remote.spaces.asked().pop().unwrap();
    assert_eq!((token.as_str(), asked.as_str()), ("for olivia", few.search().text));
    assert_eq!(remote.world.events(), ["endpoint_query success  on it"]);
    // Whom our own policies refuse asks nobody.
    remote.world.attach(&[policy("allow", &["somebody@else.example"])]);
    let before = remote.spaces.asked().len();
    assert!(matches!(remote.query(few.clone()), Err(QueryError::Refused(_) | QueryError::NotFound)));
    assert_eq!(remote.spaces.asked().len(), before);
    // What they take away of documents they take away of these.
    let redacting = json!({ "kinds": ["email"] });
    remote.world.attach_all(&[("access", policy("allow", &["*"])), ("pii_filter", redacting)]);
    let shown = remote.query(few).unwrap();
    assert!(shown.iter().all(|hit| !hit.content.contains('@')), "{shown:?}");
}

#[test]
fn u1_another_space_that_does_not_answer_leaves_one_event_and_a_search_tells_members_why() {
    let remote = Remote::new();
    for (error, needs_owner) in [
        (RemoteSpaceError::Refused("you are not let in".to_owned()), true),
        (RemoteSpaceError::Unavailable("no answer came in time".to_owned()), false),
        (RemoteSpaceError::Unreadable("no JSON, at column 1".to_owned()), true),
        (RemoteSpaceError::NotAllowed("10.0.0.1 may not be called".to_owned()), true),
    ] {
        remote.world.forget_events();
        assert_eq!(error.needs_owner(), needs_owner);
        remote.spaces.answer(THERE, Err(error.clone()));
        let failed = QueryError::PortError(PortError::RemoteSpace(error.clone()));
        assert_eq!(remote.query(question()), Err(failed));
        assert_eq!(remote.world.events(), ["endpoint_query failure remote_space_unavailable on it"]);
        let World { space, owner, .. } = &remote.world;
        let (context, asked) = (remote.world.context(), question());
        let asked = asked.search();
        let search = block_on(search_dataset(space, &context, owner, remote.dataset, &asked));
        assert_eq!(search.unwrap_err(), PortError::RemoteSpace(error).into());
        let told = remote.world.events();
        assert_eq!(told[1..], ["sensitive_read failure remote_space_unavailable"], "the question has left");
    }
}

#[test]
fn z1_a_space_that_asks_is_answered_from_what_is_here_and_not_passed_on() {
    let remote = Remote::new();
    remote.spaces.answer(THERE, Ok(vec![hit("penguins", 0.9)]));
    assert_eq!(remote.query(question().of_space(true)), Err(QueryError::AskedBySpace));
    assert_eq!(remote.spaces.asked(), [], "a ring of spaces ends with the first");
    assert_eq!(remote.world.events(), ["endpoint_query denied asked_by_space on it"]);
    let call = remote.world.open_at(&remote.world.owner, "birds", None).unwrap();
    block_on(call.run(question().of_space(true))).unwrap();
}

#[test]
fn q2_a_dataset_that_asks_another_space_holds_nothing_and_stays_what_it_is() {
    let remote = Remote::new();
    let World { space, owner, dataset: local, .. } = &remote.world;
    let document = NewDocument::new(DocumentId::parse("a").unwrap(), "a text".to_owned(), Metadata::new());
    let context = remote.world.context();
    let put = start_ingestion(space, &context, owner, remote.dataset, vec![document.unwrap()]);
    assert_eq!(put.unwrap_err(), IngestError::Remote);
    let removed = remove_document(space, &context, owner, remote.dataset, &DocumentId::parse("a").unwrap());
    assert_eq!(removed.unwrap_err(), IngestError::NoDocument);
    assert_eq!(usage(space, owner, remote.dataset).unwrap().held.documents, 0);
    let change = |dataset, vectors| {
        let change = ChangeDataset { vectors, ..ChangeDataset::default() };
        change_dataset(space, &remote.world.context(), owner, dataset, change)
    };
    let stays = Err(DatasetError::Vectors(VectorLocationError::RemoteStays));
    let of = |dataset_type| ChangeVectors { dataset_type: Some(dataset_type), ..ChangeVectors::default() };
    assert_eq!(change(remote.dataset, of(DatasetType::Embedded)), stays);
    assert_eq!(change(*local, wanted(&remote.marketplace).vectors), stays);
    let part =
        ChangeVectors { remote: wanted(&remote.marketplace).vectors.remote, ..ChangeVectors::default() };
    assert_eq!(change(*local, part), Err(DatasetError::Vectors(VectorLocationError::NotRemote)));
    let mode = ChangeDataset {
        retrieval: syft_space_domain::dataset::NewRetrieval {
            mode: Some(syft_space_domain::dataset::SearchMode::Words),
            encoder: None,
        },
        ..ChangeDataset::default()
    };
    let searched = change_dataset(space, &remote.world.context(), owner, remote.dataset, mode);
    assert_eq!(searched, Err(DatasetError::RemoteSearch));
    let elsewhere = ChangeRemote { slug: Slug::parse("other").ok(), ..ChangeRemote::default() };
    let elsewhere = ChangeVectors { remote: elsewhere, ..ChangeVectors::default() };
    let changed = change(remote.dataset, elsewhere).unwrap();
    assert_eq!(changed.vectors.remote().unwrap().slug.as_str(), "other");
    remote.spaces.answer("other", Ok(vec![hit("terns", 0.9)]));
    assert_eq!(names(&remote.query(question()).unwrap()), ["terns"], "the next query asks there");
}

#[test]
fn q4_the_account_as_which_another_space_is_asked_stays_as_long_as_it_is_needed() {
    let remote = Remote::new();
    let World { space, owner, .. } = &remote.world;
    let settings = || RegistrationSettings { registration_open: false, public_url: None };
    let remove = || {
        block_on(remove_marketplace(
            space,
            &remote.world.context(),
            &remote.world.renewed(owner),
            settings(),
            remote.marketplace.id,
            None,
        ))
    };
    assert_eq!(remove().unwrap_err(), MarketplaceError::AskedAs(vec!["far".to_owned()]));
    let mut unknown = wanted(&remote.marketplace);
    unknown.name = "another".parse().unwrap();
    unknown.vectors.remote.marketplace = "0193a5b0-0000-7000-8000-000000000001".parse().ok();
    let context = remote.world.context();
    let made = create_dataset(space, &context, owner, unknown);
    assert_eq!(block_on(made), Err(DatasetError::NoMarketplace));
    let mut own = wanted(&remote.marketplace);
    own.name = "another".parse().unwrap();
    own.vectors.remote.owner = Audience::parse(HUB_USERNAME).ok();
    let made = create_dataset(space, &context, owner, own);
    assert_eq!(block_on(made), Err(DatasetError::OwnAccount));
    // A hub that gives no token is told of as such.
    let change = ChangeVectors {
        remote: ChangeRemote { owner: Audience::parse("nobody").ok(), ..ChangeRemote::default() },
        ..ChangeVectors::default()
    };
    let change = ChangeDataset { vectors: change, ..ChangeDataset::default() };
    change_dataset(space, &remote.world.context(), owner, remote.dataset, change).unwrap();
    let no_token = RemoteSpaceError::NoToken(HubError::NotFound);
    assert_eq!(remote.query(question()), Err(QueryError::PortError(no_token.into())));
}
