//! Datasets whose vectors lie in a vector database: they move there and back, and go with the dataset.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use syft_space_domain::Pending;
use syft_space_domain::PortError;
use syft_space_domain::dataset::ports::{VectorBatch, VectorDatabases, VectorIndex, VectorIndexError};
use syft_space_domain::dataset::{
    ChangeDataset, ChangeNumber, ChangeVectors, Dataset, DatasetError, DatasetState, DatasetType, DocumentId,
    Meaning, Neighbour, SearchMode, ServerUrl, StoredVectorDatabases, VectorDatabaseCredential, VectorKey,
    VectorLocationError, VectorQuery, begin_removal, change_dataset, finish_removal,
};
use syft_space_domain::encoder::ModelRevision;
use syft_space_domain::ids::DatasetId;
use syft_space_domain::tenant::TenantScope;
use syft_space_memory::MemoryVectors;

use crate::world::{World, name};

/// Vectors in a server that can be away: then it lets nothing go.
#[derive(Default)]
struct Server {
    held: MemoryVectors,
    is_away: AtomicBool,
}

impl Server {
    fn here(&self) -> Result<&MemoryVectors, VectorIndexError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(VectorIndexError::Failed("nobody answers".to_owned()));
        }
        Ok(&self.held)
    }
}

impl VectorIndex for Server {
    fn nearest<'a>(
        &'a self,
        scope: &'a TenantScope,
        key: VectorKey,
        query: VectorQuery<'a>,
    ) -> Pending<'a, Result<Vec<Neighbour>, VectorIndexError>> {
        match self.here() {
            Ok(held) => held.nearest(scope, key, query),
            Err(error) => Box::pin(async move { Err(error) }),
        }
    }

    fn encoded(&self, scope: &TenantScope, key: VectorKey) -> Result<ChangeNumber, VectorIndexError> {
        self.held.encoded(scope, key)
    }

    fn count(&self, scope: &TenantScope, key: VectorKey) -> Result<u64, VectorIndexError> {
        self.here()?.count(scope, key)
    }

    fn begin<'a>(
        &'a self,
        scope: &TenantScope,
        key: VectorKey,
    ) -> Result<Box<dyn VectorBatch + 'a>, VectorIndexError> {
        self.here()?.begin(scope, key)
    }

    fn outdate(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        documents: &[(ChangeNumber, DocumentId)],
    ) -> Result<(), VectorIndexError> {
        self.held.outdate(scope, dataset, documents)
    }

    fn revisions(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<Vec<ModelRevision>, VectorIndexError> {
        self.held.revisions(scope, dataset)
    }

    fn destroy(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        revision: ModelRevision,
    ) -> Result<(), VectorIndexError> {
        self.here()?.destroy(scope, dataset, revision)
    }

    fn destroy_all(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), VectorIndexError> {
        self.here()?.destroy_all(scope, dataset)
    }
}

/// A space with an encoder, whose vectors lie in a server.
fn world() -> (World, Arc<Server>) {
    let (mut world, _) = World::with_concepts();
    let server = Arc::new(Server::default());
    world.space.meaning = Meaning::new(world.encoders.clone(), server.clone());
    (world, server)
}

fn url(text: &str) -> Option<ServerUrl> {
    Some(ServerUrl::parse(text).unwrap())
}

fn credential(text: &str) -> Option<Option<VectorDatabaseCredential>> {
    Some(VectorDatabaseCredential::parse(text.to_owned()).ok())
}

fn change(world: &World, dataset: DatasetId, vectors: ChangeVectors) -> Result<Dataset, DatasetError> {
    let change = ChangeDataset { vectors, ..ChangeDataset::default() };
    change_dataset(&world.space, &world.context(), &world.principals[0], dataset, change)
}

/// What the space calls a dataset's database with: where it is, and the credential.
fn called(world: &World, dataset: DatasetId) -> Option<(String, Option<String>)> {
    let databases = StoredVectorDatabases::new(
        world.space.store.clone(),
        world.space.sealer.clone(),
        world.space.meaning.databases.clone(),
    );
    let scope = world.scope(0);
    let database = futures_executor::block_on(databases.database(&scope, dataset)).unwrap()?;
    let credential = database.credential.map(|credential| credential.secret().expose().clone());
    Some((database.url.to_string(), credential))
}

fn stored(world: &World, dataset: DatasetId) -> Option<Dataset> {
    let scope = world.scope(0);
    world.space.store.read(&scope, move |view| view.dataset(&scope, dataset)).wait().unwrap()
}

#[test]
fn q2_a_credential_goes_to_no_server_but_the_one_that_it_was_given_for() {
    let (world, _) = world();
    let dataset = world.create(0, SearchMode::Both);
    assert_eq!(called(&world, dataset), None);
    let chroma = Some(DatasetType::Chroma);
    let first = ChangeVectors {
        dataset_type: chroma,
        url: url("https://a.example.org"),
        credential: credential("one"),
        ..ChangeVectors::default()
    };
    let changed = change(&world, dataset, first).unwrap();
    assert_eq!(changed.vectors.dataset_type(), DatasetType::Chroma);
    let of = |url: &str, credential: Option<&str>| Some((url.to_owned(), credential.map(str::to_owned)));
    assert_eq!(called(&world, dataset), of("https://a.example.org", Some("one")));
    // A credential alone is changed in its place, and nothing moves.
    change(&world, dataset, ChangeVectors { credential: credential("two"), ..ChangeVectors::default() })
        .unwrap();
    assert_eq!(called(&world, dataset), of("https://a.example.org", Some("two")));
    // What is named again is as it was.
    change(&world, dataset, ChangeVectors { dataset_type: chroma, ..ChangeVectors::default() }).unwrap();
    assert_eq!(called(&world, dataset), of("https://a.example.org", Some("two")));
    change(&world, dataset, ChangeVectors { url: url("https://b.example.org"), ..ChangeVectors::default() })
        .unwrap();
    assert_eq!(called(&world, dataset), of("https://b.example.org", None));
    let qdrant = ChangeVectors { dataset_type: Some(DatasetType::Qdrant), ..ChangeVectors::default() };
    assert_eq!(change(&world, dataset, qdrant), Err(DatasetError::Vectors(VectorLocationError::NoUrl)));
    let embedded = || ChangeVectors { dataset_type: Some(DatasetType::Embedded), ..ChangeVectors::default() };
    let described = ChangeVectors { url: url("https://b.example.org"), ..embedded() };
    assert_eq!(
        change(&world, dataset, described),
        Err(DatasetError::Vectors(VectorLocationError::NoDatabase))
    );
    change(&world, dataset, embedded()).unwrap();
    assert_eq!(called(&world, dataset), None);
    // Another tenant's dataset is nobody's there.
    assert_eq!(world.space.meaning.removals.all().len(), 0);
}

#[test]
fn q2_vectors_that_move_are_gone_from_the_old_place_first_and_made_anew_in_the_new_one() {
    let (world, server) = world();
    let dataset = world.create(0, SearchMode::Both);
    world.put(0, dataset, &[("a", "A car."), ("b", "A boat.")]);
    world.start_encoding();
    world.until_encoded(0, dataset, "concepts", 2);
    let before = stored(&world, dataset).unwrap();
    let to = |url_text: &str| ChangeVectors {
        dataset_type: Some(DatasetType::Qdrant),
        url: url(url_text),
        ..ChangeVectors::default()
    };
    server.is_away.store(true, Ordering::SeqCst);
    let refused = change(&world, dataset, to("https://a.example.org"));
    assert!(matches!(refused, Err(DatasetError::PortError(PortError::Vectors(_)))), "{refused:?}");
    assert_eq!(stored(&world, dataset), Some(before), "nothing was changed");
    assert_eq!(world.found(0, dataset, "car"), ["a"], "words are found meanwhile");
    server.is_away.store(false, Ordering::SeqCst);
    change(&world, dataset, to("https://a.example.org")).unwrap();
    world.until_encoded(0, dataset, "concepts", 2);
    assert_eq!(world.found(0, dataset, "my vehicle"), ["a"]);
}

#[test]
fn q2_a_dataset_whose_server_is_away_is_gone_but_for_its_vectors_and_those_are_asked_for_until_they_are() {
    let (world, server) = world();
    let dataset = world.create(0, SearchMode::Both);
    world.put(0, dataset, &[("a", "A car.")]);
    world.start_encoding();
    world.until_encoded(0, dataset, "concepts", 1);
    server.is_away.store(true, Ordering::SeqCst);
    let (space, context, scope) = (&world.space, world.context(), world.scope(0));
    let begun = begin_removal(space, &context, &world.principals[0], dataset, None);
    futures_executor::block_on(begun).unwrap();
    for world in [&world, &World::restarted(&world)] {
        let removed = finish_removal(&world.space, &context, &scope, dataset);
        assert!(matches!(removed, Err(PortError::Vectors(_))), "{removed:?}");
        assert_eq!(stored(world, dataset).map(|dataset| dataset.state), Some(DatasetState::Deleting));
        assert_eq!(world.space.documents.usage(&scope, dataset).unwrap().documents, 0, "no text waits");
        assert_eq!(world.space.meaning.removals.all(), [(scope, dataset)]);
    }
    server.is_away.store(false, Ordering::SeqCst);
    finish_removal(space, &context, &scope, dataset).unwrap();
    assert_eq!(stored(&world, dataset), None);
    assert_eq!(space.meaning.removals.all(), []);
    assert!(server.held.revisions(&scope, dataset).unwrap().is_empty());
    // Its name is free again, and finds nothing of it.
    assert_eq!(
        world
            .try_create(
                0,
                syft_space_domain::dataset::NewRetrieval {
                    mode: Some(SearchMode::Both),
                    encoder: Some(name("concepts"))
                }
            )
            .map(|made| made.name),
        Ok("d0".to_owned())
    );
}
