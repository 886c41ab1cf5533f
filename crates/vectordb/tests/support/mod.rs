//! What the tests share: an index over a server, where datasets lie, and randomness.
#![allow(
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "each test uses its part"
)]

pub(crate) mod answers;
pub(crate) mod server;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_executor::block_on;
use syft_space_conformance::sample::{dataset_id, scope};
use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{
    VectorDatabases, VectorDatabasesError, VectorIndex, VectorIndexError,
};
use syft_space_domain::dataset::{
    ChangeNumber, DocumentId, ServerUrl, VectorChange, VectorDatabase, VectorDatabaseCredential,
    VectorDatabaseKind, VectorKey, VectorQuery,
};
use syft_space_domain::encoder::{Embedding, EncoderModel, ModelId, ModelRevision};
use syft_space_domain::ids::DatasetId;
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::tenant::TenantScope;
use syft_space_home::Home;
use syft_space_memory::MemoryVectors;
use syft_space_outbound::{AllowList, Client, ClientSettings, SystemResolver};
use syft_space_vectordb::{Clients, ExternalOptions, ExternalVectors, RoutedVectors};

/// How many components the vectors have.
pub(crate) const DIMENSION: usize = 8;

/// The system's randomness.
pub(crate) struct SystemRandom;

impl Entropy for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        let mut file = File::open("/dev/urandom").map_err(|error| RandomError(error.to_string()))?;
        file.read_exact(buffer).map_err(|error| RandomError(error.to_string()))
    }
}

/// Where all datasets lie: the same place, which can be changed.
#[derive(Clone, Default)]
pub(crate) struct OnePlace(Arc<Mutex<Option<VectorDatabase>>>);

impl OnePlace {
    pub(crate) fn at(database: VectorDatabase) -> Self {
        Self(Arc::new(Mutex::new(Some(database))))
    }

    pub(crate) fn move_to(&self, database: Option<VectorDatabase>) {
        *self.0.lock().unwrap() = database;
    }
}

impl VectorDatabases for OnePlace {
    fn database<'a>(
        &'a self,
        _: &'a TenantScope,
        _: DatasetId,
    ) -> Pending<'a, Result<Option<VectorDatabase>, VectorDatabasesError>> {
        let database = self.0.lock().unwrap().clone();
        Box::pin(std::future::ready(Ok(database)))
    }
}

pub(crate) fn database(kind: VectorDatabaseKind, url: &str, credential: Option<&str>) -> VectorDatabase {
    let credential =
        credential.map(|text| VectorDatabaseCredential::parse(text.to_owned()).expect("a credential"));
    VectorDatabase { kind, url: ServerUrl::parse(url).unwrap(), is_provisioned: false, credential }
}

/// Waits that are as short as a test can bear.
pub(crate) fn hasty() -> ExternalOptions {
    ExternalOptions {
        question_timeout: Duration::from_millis(500),
        step_timeout: Duration::from_millis(1_500),
        outdate_timeout: Duration::from_millis(500),
        rest: Duration::ZERO,
        recount: Duration::from_millis(1),
    }
}

/// An index whose journals lie in a folder.
pub(crate) fn index_in(folder: &Path, place: &OnePlace, options: ExternalOptions) -> RoutedVectors {
    let home = Home::prepare_without_database(folder).unwrap();
    let settings = ClientSettings {
        allow: AllowList::parse("127.0.0.1").unwrap(),
        // Each attempt is one of the test's own.
        max_attempts: 1,
        ..ClientSettings::default()
    };
    let client = Client::new(settings, Arc::new(SystemResolver), Arc::new(SystemRandom)).unwrap();
    let external =
        ExternalVectors::new(home, Clients::same(Arc::new(client)), Arc::new(SystemRandom), options).unwrap();
    RoutedVectors::new(Arc::new(MemoryVectors::default()), external, Arc::new(place.clone()))
}

pub(crate) fn key_of(revision: u8) -> VectorKey {
    let id = ModelId::parse("sample").unwrap();
    let model = EncoderModel::new(id, ModelRevision::from_bytes([revision; 32]), DIMENSION, 32).unwrap();
    VectorKey::new(dataset_id(1), &model)
}

pub(crate) fn key() -> VectorKey {
    key_of(1)
}

pub(crate) fn document(text: &str) -> DocumentId {
    DocumentId::parse(text).unwrap()
}

/// A vector that has this cosine with the question.
pub(crate) fn leaning(cosine: f32) -> Embedding {
    let mut components = vec![0.0; DIMENSION];
    components[0] = cosine;
    components[1] = (1.0 - cosine * cosine).sqrt();
    Embedding::of_direction(components).unwrap()
}

pub(crate) fn encoded(number: u64, id: &str, cosines: &[f32]) -> VectorChange {
    let embeddings = cosines.iter().map(|cosine| leaning(*cosine)).collect();
    VectorChange::Encoded(ChangeNumber(number), document(id), embeddings)
}

pub(crate) fn removed(number: u64, id: &str) -> VectorChange {
    VectorChange::Removed(ChangeNumber(number), document(id))
}

pub(crate) fn apply(index: &RoutedVectors, changes: &[VectorChange]) -> Result<(), VectorIndexError> {
    index.begin(&scope(1), key())?.apply(changes)
}

pub(crate) fn outdate(index: &RoutedVectors, number: u64, id: &str) -> Result<(), VectorIndexError> {
    index.outdate(&scope(1), dataset_id(1), &[(ChangeNumber(number), document(id))])
}

/// The chunks that are found, the nearest first.
pub(crate) fn find(index: &RoutedVectors, limit: u64) -> Result<Vec<(String, u32)>, VectorIndexError> {
    let question = leaning(1.0);
    let query = VectorQuery::new(&question, limit, -1.0).unwrap();
    let found = block_on(index.nearest(&scope(1), key(), query))?;
    Ok(found.into_iter().map(|neighbour| (neighbour.document.to_string(), neighbour.chunk)).collect())
}

pub(crate) fn at(places: &[(&str, u32)]) -> Vec<(String, u32)> {
    places.iter().map(|(id, chunk)| ((*id).to_owned(), *chunk)).collect()
}
