//! Datasets whose vector database the space makes: it comes and goes with them, whatever the engine does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::dataset::ports::{VectorDatabases, VectorDatabasesError};
use syft_space_domain::dataset::{
    ChangeDataset, ChangeVectors, Dataset, DatasetError, DatasetState, DatasetType, Meaning, SearchMode,
    ServerUrl, StoredVectorDatabases, VectorDatabase, VectorDatabaseKind, VectorLocation,
    VectorLocationError, begin_removal, change_dataset, finish_removal,
};
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::provisioning::ports::{DatabaseStatus, ProvisionError, Provisioned, Provisioner};
use syft_space_domain::provisioning::{
    DatabaseAddress, DatabaseCondition, DatabaseCredential, DatabaseError, Databases, ProvisioningReason,
    ProvisioningState, Strays, find_databases, make_database,
};
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use syft_space_domain::{Pending, PortError};
use syft_space_memory::MemoryProvisioner;

use crate::world::World;

const CHROMA: VectorDatabaseKind = VectorDatabaseKind::Chroma;

/// An engine, and what is done while it makes a database.
#[derive(Default)]
struct Engine {
    held: MemoryProvisioner,
    meanwhile: Mutex<Option<Box<dyn Fn() + Send>>>,
}

impl Provisioner for Engine {
    fn provision<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
        kind: VectorDatabaseKind,
        credential: &'a DatabaseCredential,
    ) -> Pending<'a, Result<DatabaseAddress, ProvisionError>> {
        if let Some(meanwhile) = self.meanwhile.lock().unwrap().take() {
            // Somebody else's, who waits on a thread of their own.
            std::thread::spawn(meanwhile).join().unwrap();
        }
        self.held.provision(scope, dataset, kind, credential)
    }

    fn status<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<DatabaseStatus, ProvisionError>> {
        self.held.status(scope, dataset)
    }

    fn deprovision<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<(), ProvisionError>> {
        self.held.deprovision(scope, dataset)
    }

    fn deprovision_all<'a>(&'a self, scope: &'a TenantScope) -> Pending<'a, Result<(), ProvisionError>> {
        self.held.deprovision_all(scope)
    }

    fn provisioned<'a>(
        &'a self,
        operator: &'a OperatorScope,
    ) -> Pending<'a, Result<Provisioned, ProvisionError>> {
        self.held.provisioned(operator)
    }
}

fn down() -> Option<ProvisionError> {
    Some(ProvisionError::EngineDown("no such file".to_owned()))
}

/// A space with an encoder, and an engine that makes Chroma's databases.
fn world() -> (World, Arc<Engine>) {
    let (mut world, _) = World::with_concepts();
    let engine = Arc::new(Engine::default());
    world.space.meaning.databases = Databases::new(engine.clone(), vec![CHROMA]);
    (world, engine)
}

/// The same space after a start.
fn restarted(before: &World, engine: &Arc<Engine>) -> World {
    let mut world = World::restarted(before);
    world.space.meaning.databases = Databases::new(engine.clone(), vec![CHROMA]);
    world
}

fn provisioned() -> ChangeVectors {
    ChangeVectors {
        dataset_type: Some(DatasetType::Chroma),
        provisioned: Some(true),
        ..ChangeVectors::default()
    }
}

fn change(
    world: &World,
    of: usize,
    dataset: DatasetId,
    vectors: ChangeVectors,
) -> Result<Dataset, DatasetError> {
    let change = ChangeDataset { vectors, ..ChangeDataset::default() };
    change_dataset(&world.space, &world.context(), &world.principals[of], dataset, change)
}

/// A dataset with a document, whose vectors are to lie in a database that the space makes.
fn moved(world: &World, of: usize) -> DatasetId {
    let dataset = world.create(of, SearchMode::Both);
    world.put(of, dataset, &[("a", "A car.")]);
    change(world, of, dataset, provisioned()).unwrap();
    dataset
}

fn look(world: &World) -> Result<Strays, PortError> {
    block_on(find_databases(&world.space, &OperatorScope::at_startup()))
}

/// Makes what is wanted, as the server does.
fn make(world: &World) -> Vec<ProvisionError> {
    let wanted =
        world.space.meaning.databases.wanted().into_iter().chain(world.space.meaning.databases.ready());
    wanted
        .filter_map(|(scope, dataset)| block_on(make_database(&world.space, &scope, dataset)).unwrap())
        .collect()
}

fn there(engine: &Engine) -> Vec<(TenantId, DatasetId)> {
    block_on(engine.held.provisioned(&OperatorScope::at_startup())).unwrap().databases.into_iter().collect()
}

fn condition(world: &World, of: usize, dataset: DatasetId) -> DatabaseCondition {
    world.space.meaning.databases.condition(&world.scope(of), dataset)
}

fn waiting(reason: Option<ProvisioningReason>) -> DatabaseCondition {
    DatabaseCondition { state: ProvisioningState::Provisioning, reason }
}

fn ready() -> DatabaseCondition {
    DatabaseCondition { state: ProvisioningState::Ready, reason: None }
}

/// What the space calls a dataset's database with.
fn called(
    world: &World,
    of: usize,
    dataset: DatasetId,
) -> Result<Option<VectorDatabase>, VectorDatabasesError> {
    block_on(places(world).database(&world.scope(of), dataset))
}

fn places(world: &World) -> StoredVectorDatabases {
    let Meaning { databases, .. } = &world.space.meaning;
    StoredVectorDatabases::new(world.space.store.clone(), world.space.sealer.clone(), databases.clone())
}

fn stored(world: &World, of: usize, dataset: DatasetId) -> Option<Dataset> {
    let scope = world.scope(of);
    world.space.store.read(&scope, move |view| view.dataset(&scope, dataset)).wait().unwrap()
}

fn begin_to_remove(world: &World, of: usize, dataset: DatasetId) {
    let context = world.context();
    block_on(begin_removal(&world.space, &context, &world.principals[of], dataset, None)).unwrap();
}

fn remove(world: &World, of: usize, dataset: DatasetId) -> Result<(), PortError> {
    finish_removal(&world.space, &world.context(), &world.scope(of), dataset)
}

#[test]
fn r4_a_database_is_made_for_the_dataset_that_wants_one_and_is_called_with_a_credential_of_its_own() {
    let (world, engine) = world();
    let datasets = [moved(&world, 0), moved(&world, 1)];
    assert_eq!(condition(&world, 0, datasets[0]), waiting(None));
    assert_eq!(
        called(&world, 0, datasets[0]).err(),
        Some(VectorDatabasesError::Database(DatabaseError::NotReady))
    );
    assert_eq!(world.found(0, datasets[0], "car"), ["a"], "words are found meanwhile");
    assert_eq!(world.space.meaning.databases.untried().len(), 2);
    assert_eq!(make(&world), []);
    let mut wanted = [0, 1].map(|of| (world.scope(of).tenant(), datasets[of]));
    wanted.sort_unstable();
    assert_eq!(there(&engine), wanted);
    let [one, other] = [0, 1].map(|of| {
        assert_eq!(condition(&world, of, datasets[of]), ready());
        called(&world, of, datasets[of]).unwrap().unwrap()
    });
    assert!(one.is_provisioned && one.kind == CHROMA && one.url.as_str().starts_with("http://127.0.0.1:"));
    let secret = |database: VectorDatabase| database.credential.unwrap().secret().expose().clone();
    let (one_url, secrets) = (one.url.clone(), [secret(one), secret(other)]);
    assert!(secrets.iter().all(|secret| secret.len() == 64) && secrets[0] != secrets[1], "each has its own");
    // After a start it is the same one, once it was looked at.
    let world = restarted(&world, &engine);
    assert_eq!(condition(&world, 0, datasets[0]), waiting(None));
    assert_eq!(look(&world), Ok(Strays::default()));
    assert_eq!(make(&world), []);
    let again = called(&world, 0, datasets[0]).unwrap().unwrap();
    assert_eq!((&again.url, &secret(again.clone())), (&one_url, &secrets[0]));
    // Lost, and made anew at another address.
    block_on(engine.held.deprovision(&world.scope(0), datasets[0])).unwrap();
    assert_eq!(make(&world), []);
    assert_ne!(called(&world, 0, datasets[0]).unwrap().unwrap().url, one_url);
    assert_eq!(condition(&world, 0, datasets[0]), ready());
}

#[test]
fn r4_while_the_engine_is_away_it_is_said_so_and_tried_again_and_nothing_else_waits() {
    let (world, engine) = world();
    engine.held.fail_with(down());
    let dataset = moved(&world, 0);
    assert_eq!(make(&world), [down().unwrap()]);
    assert_eq!(make(&world), [], "what goes on is told once");
    assert!(world.space.meaning.databases.untried().is_empty(), "and tried with the others");
    assert_eq!(condition(&world, 0, dataset), waiting(Some(ProvisioningReason::EngineDown)));
    assert!(look(&world).is_err());
    world.put(0, dataset, &[("b", "A boat.")]);
    assert_eq!(world.found(0, dataset, "boat"), ["b"]);
    engine.held.fail_with(Some(ProvisionError::ImageMissing("x".to_owned())));
    assert_eq!(make(&world).len(), 1, "another failure is told");
    assert_eq!(condition(&world, 0, dataset), waiting(Some(ProvisioningReason::ImageMissing)));
    engine.held.fail_with(None);
    assert_eq!(make(&world), []);
    assert_eq!(condition(&world, 0, dataset), ready());
    // What runs is used on while nobody can say how it is, and while it is looked at.
    engine.held.fail_with(down());
    assert_eq!(make(&world), []);
    assert_eq!(condition(&world, 0, dataset), ready());
    let url = called(&world, 0, dataset).unwrap().unwrap().url;
    engine.held.fail_with(None);
    block_on(engine.held.deprovision(&world.scope(0), dataset)).unwrap();
    let (databases, scope, usable) =
        (world.space.meaning.databases.clone(), world.scope(0), Arc::new(AtomicBool::new(false)));
    let was_usable = usable.clone();
    *engine.meanwhile.lock().unwrap() = Some(Box::new(move || {
        usable.store(databases.condition(&scope, dataset) == ready(), Ordering::SeqCst);
    }));
    assert_eq!(make(&world), []);
    assert!(was_usable.load(Ordering::SeqCst));
    assert_eq!(world.space.meaning.databases.take_doubted(), []);
    assert_ne!(called(&world, 0, dataset).unwrap().unwrap().url, url);
}

#[test]
fn r4_a_dataset_stays_deleting_until_the_engine_confirms_that_its_database_is_gone() {
    let (world, engine) = world();
    let dataset = moved(&world, 0);
    assert!(look(&world).is_ok());
    make(&world);
    engine.held.fail_with(down());
    begin_to_remove(&world, 0, dataset);
    let refused = Err(PortError::Database(DatabaseError::Engine(down().unwrap())));
    assert_eq!(remove(&world, 0, dataset), refused);
    assert_eq!(stored(&world, 0, dataset).map(|dataset| dataset.state), Some(DatasetState::Deleting));
    assert_eq!(world.space.documents.usage(&world.scope(0), dataset).unwrap().documents, 0, "no text waits");
    assert_eq!(world.space.meaning.removals.all(), [(world.scope(0), dataset)]);
    // An engine that did not answer is not asked again at once.
    engine.held.fail_with(None);
    assert_eq!(remove(&world, 0, dataset), refused);
    // Nobody makes it anew.
    assert_eq!((make(&world), look(&world)), (vec![], Ok(Strays::default())));
    engine.held.fail_with(down());
    // After a start no engine is asked before the server looks after databases: it may be slow, and others wait.
    let world = restarted(&world, &engine);
    assert_eq!(remove(&world, 0, dataset), Err(PortError::Database(DatabaseError::NotReady)));
    assert!(look(&world).is_err());
    assert_eq!(remove(&world, 0, dataset), refused);
    engine.held.fail_with(None);
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(remove(&world, 0, dataset), Ok(()));
    assert_eq!((there(&engine), stored(&world, 0, dataset)), (vec![], None));
    assert_eq!(world.space.meaning.removals.all(), []);
    assert_eq!(remove(&world, 0, dataset), Ok(()), "and again");
}

#[test]
fn r4_a_dataset_that_goes_while_its_database_is_made_leaves_none_behind() {
    let (world, engine) = world();
    let dataset = moved(&world, 0);
    assert!(look(&world).is_ok());
    let was_refused = Arc::new(AtomicBool::new(false));
    let (space, context, principal) = (world.space.clone(), world.context(), world.principals[0].clone());
    let (scope, refused) = (world.scope(0), was_refused.clone());
    *engine.meanwhile.lock().unwrap() = Some(Box::new(move || {
        block_on(begin_removal(&space, &context, &principal, dataset, None)).unwrap();
        let removed = finish_removal(&space, &context, &scope, dataset);
        refused.store(removed == Err(PortError::Database(DatabaseError::NotReady)), Ordering::SeqCst);
    }));
    assert_eq!(make(&world), []);
    assert!(was_refused.load(Ordering::SeqCst), "it does not count as gone while it is made");
    assert_eq!(there(&engine), [], "whoever made it sees that nobody wants it");
    assert_eq!(remove(&world, 0, dataset), Ok(()));
    assert_eq!((there(&engine), stored(&world, 0, dataset)), (vec![], None));
}

#[test]
fn q2_vectors_move_into_a_database_of_the_spaces_making_and_back_and_nothing_is_left() {
    let (world, engine) = world();
    let dataset = moved(&world, 0);
    assert!(look(&world).is_ok());
    make(&world);
    let embedded = || ChangeVectors { dataset_type: Some(DatasetType::Embedded), ..ChangeVectors::default() };
    engine.held.fail_with(down());
    let before = stored(&world, 0, dataset);
    let refused = Err(DatasetError::PortError(PortError::Database(DatabaseError::Engine(down().unwrap()))));
    assert_eq!(change(&world, 0, dataset, embedded()), refused);
    assert_eq!(stored(&world, 0, dataset), before, "nothing was changed");
    engine.held.fail_with(None);
    assert_eq!(make(&world), []);
    assert_eq!(condition(&world, 0, dataset), ready(), "and it is used as before");
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(
        change(&world, 0, dataset, embedded()).map(|changed| changed.vectors),
        Ok(VectorLocation::Embedded)
    );
    assert_eq!(there(&engine), []);
    assert_eq!(called(&world, 0, dataset).map(|database| database.is_none()), Ok(true));
    assert_eq!(
        change(&world, 0, dataset, provisioned()).map(|changed| changed.vectors),
        Ok(VectorLocation::Provisioned(CHROMA))
    );
    // Naming it again changes nothing; a database of one's own takes its place.
    make(&world);
    change(&world, 0, dataset, provisioned()).unwrap();
    assert_eq!(condition(&world, 0, dataset), ready());
    let url = Some(ServerUrl::parse("https://vectors.example.org").unwrap());
    let own = ChangeVectors { url: url.clone(), ..ChangeVectors::default() };
    let changed = change(&world, 0, dataset, own).unwrap();
    assert!(changed.vectors.database().is_some() && changed.vectors.kind() == Some(CHROMA));
    assert_eq!(there(&engine), []);
}

#[test]
fn q2_a_database_that_is_made_is_described_by_its_kind_alone_and_only_where_it_is_offered() {
    let (world, _engine) = world();
    let dataset = world.create(0, SearchMode::Both);
    let refused = |vectors: ChangeVectors| match change(&world, 0, dataset, vectors) {
        Err(DatasetError::Vectors(error)) => error,
        other => panic!("{other:?}"),
    };
    let of = |dataset_type| ChangeVectors { dataset_type: Some(dataset_type), ..provisioned() };
    assert_eq!(refused(of(DatasetType::Embedded)), VectorLocationError::NoDatabase);
    assert_eq!(refused(of(DatasetType::Qdrant)), VectorLocationError::NotOffered(VectorDatabaseKind::Qdrant));
    let url = ServerUrl::parse("https://vectors.example.org").ok();
    assert_eq!(refused(ChangeVectors { url, ..provisioned() }), VectorLocationError::Described);
    let not_made = ChangeVectors { provisioned: Some(false), ..provisioned() };
    assert_eq!(refused(not_made), VectorLocationError::NoUrl);
    assert_eq!(stored(&world, 0, dataset).unwrap().vectors, VectorLocation::Embedded);
    assert!(world.space.meaning.databases.wanted().is_empty());
}

#[test]
fn r4_what_an_engine_holds_and_nobody_wants_is_removed_and_nothing_else() {
    let (world, engine) = world();
    let dataset = moved(&world, 0);
    assert!(look(&world).is_ok());
    make(&world);
    // Of a dataset that was never stored, of another tenant's, and of one whose vectors lie elsewhere.
    let credential = DatabaseCredential::read(&"0a".repeat(32)).unwrap();
    let elsewhere = world.create(0, SearchMode::Both);
    for (of, stray) in [(0, DatasetId::from_bytes([9; 16])), (1, dataset), (0, elsewhere)] {
        block_on(engine.held.provision(&world.scope(of), stray, CHROMA, &credential)).unwrap();
    }
    assert_eq!(there(&engine).len(), 4);
    let strays = look(&world).unwrap();
    assert_eq!(strays.left, 0);
    assert_eq!(there(&engine), [(world.scope(0).tenant(), dataset)]);
    assert_eq!(look(&world), Ok(Strays::default()));
    assert_eq!(condition(&world, 0, dataset), ready());
}

#[test]
fn n3_without_an_engine_what_was_made_by_one_waits_and_says_so() {
    let (world, engine) = world();
    let dataset = moved(&world, 0);
    assert!(look(&world).is_ok());
    make(&world);
    let off = World::restarted(&world);
    assert_eq!(look(&off), Ok(Strays::default()));
    assert_eq!(condition(&off, 0, dataset), waiting(Some(ProvisioningReason::NotOffered)));
    assert_eq!(called(&off, 0, dataset).err(), Some(VectorDatabasesError::Database(DatabaseError::Off)));
    assert_eq!(off.found(0, dataset, "car"), ["a"], "words are found");
    begin_to_remove(&off, 0, dataset);
    assert_eq!(remove(&off, 0, dataset), Err(PortError::Database(DatabaseError::Off)));
    let on = restarted(&off, &engine);
    assert!(look(&on).is_ok());
    assert_eq!(remove(&on, 0, dataset), Ok(()));
    assert_eq!(there(&engine), []);
}

/// Engines give the address of what is gone to what comes next: of the same tenant, or of another.
#[test]
fn r4_nothing_is_changed_at_an_address_of_which_the_engine_does_not_say_that_it_is_the_datasets() {
    let (world, engine) = world();
    let dataset = moved(&world, 0);
    assert!(look(&world).is_ok());
    make(&world);
    let scope = world.scope(0);
    let confirmed =
        || block_on(places(&world).confirmed(&scope, dataset)).map(|found| found.map(|one| one.url));
    let before = called(&world, 0, dataset).unwrap().map(|one| one.url);
    assert_eq!(confirmed(), Ok(before.clone()));
    let not_ready = Err(VectorDatabasesError::Database(DatabaseError::NotReady));
    engine.held.fail_with(down());
    assert_eq!(confirmed(), not_ready, "nobody can say");
    assert_eq!(condition(&world, 0, dataset), ready(), "and it is asked on, where nothing is changed by it");
    engine.held.fail_with(None);
    block_on(engine.held.deprovision(&scope, dataset)).unwrap();
    assert_eq!(confirmed(), not_ready);
    assert_eq!(condition(&world, 0, dataset), waiting(None), "it is looked for at once");
    assert_eq!(world.space.meaning.databases.untried(), [(scope, dataset)]);
    make(&world);
    let after = confirmed();
    assert!(after.is_ok() && after != Ok(before), "{after:?}");
}

#[test]
fn r4_a_change_that_is_refused_leaves_the_database_as_it_is_and_a_tenant_has_so_many_at_the_most() {
    let (world, engine) = world();
    let dataset = moved(&world, 0);
    assert!(look(&world).is_ok());
    make(&world);
    let other = stored(&world, 0, world.create(0, SearchMode::Words)).unwrap();
    let to_embedded = ChangeDataset {
        name: Some(other.name.parse().unwrap()),
        vectors: ChangeVectors { dataset_type: Some(DatasetType::Embedded), ..ChangeVectors::default() },
        ..ChangeDataset::default()
    };
    let (space, owner) = (&world.space, &world.principals[0]);
    let refused = change_dataset(space, &world.context(), owner, dataset, to_embedded);
    assert_eq!(refused, Err(DatasetError::NameTaken));
    assert_eq!(there(&engine).len(), 1);
    assert_eq!(condition(&world, 0, dataset), ready());
    for _ in 1..13 {
        moved(&world, 0);
    }
    let one_too_many = world.create(0, SearchMode::Both);
    assert_eq!(change(&world, 0, one_too_many, provisioned()), Err(DatasetError::TooManyDatabases));
    assert!(change(&world, 0, dataset, provisioned()).is_ok(), "who has one keeps it");
    moved(&world, 1);
}
