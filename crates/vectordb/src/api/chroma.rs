//! Chroma's HTTP API, version 2, in its default tenant and database.

use serde::{Deserialize, Serialize};
use syft_space_outbound::Response;
use syft_space_outbound::http::Method;
use uuid::Uuid;

use super::{FoundIds, MAX_LIST_BYTES, Point, Remote, RemoteError, answer_bytes, read, with_body};
use crate::collection::Collection;
use crate::point::PointId;

/// Where collections are.
const COLLECTIONS: &str = "/api/v2/tenants/default_tenant/databases/default_database/collections";

/// How many candidates the server's graph (HNSW) keeps while it looks for neighbours: up to about as many vectors it finds the
/// very nearest, and beyond it passes few by.
const EF_SEARCH: u32 = 2_000;
/// How many it keeps while a vector is put in, and how many neighbours each has.
const EF_CONSTRUCTION: u32 = 200;
const MAX_NEIGHBORS: u32 = 32;

/// How many collections are listed at once.
const LIST_PAGE: usize = 1_000;
/// The most pages of a list.
const MAX_PAGES: usize = 1_000;

#[derive(Serialize)]
struct NewCollection<'a> {
    name: &'a str,
    get_or_create: bool,
    configuration: NewConfiguration,
}

#[derive(Serialize)]
struct NewConfiguration {
    hnsw: NewHnsw,
}

#[derive(Serialize)]
struct NewHnsw {
    space: &'static str,
    ef_search: u32,
    ef_construction: u32,
    max_neighbors: u32,
}

#[derive(Deserialize)]
struct MadeCollection {
    id: Uuid,
    name: String,
    configuration_json: Configuration,
    dimension: Option<usize>,
}

#[derive(Deserialize)]
struct Configuration {
    hnsw: Option<Space>,
    spann: Option<Space>,
}

#[derive(Deserialize)]
struct Space {
    space: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

#[derive(Serialize)]
struct Upsert<'a> {
    ids: Vec<String>,
    embeddings: Vec<&'a [f32]>,
}

#[derive(Serialize)]
struct Ids {
    ids: Vec<String>,
}

#[derive(Serialize)]
struct Get {
    ids: Vec<String>,
    include: &'static [&'static str],
}

#[derive(Deserialize)]
struct Got {
    ids: Vec<String>,
    embeddings: Option<Vec<Option<Vec<f32>>>>,
}

#[derive(Serialize)]
struct Query<'a> {
    query_embeddings: [&'a [f32]; 1],
    n_results: usize,
    include: &'static [&'static str],
}

#[derive(Deserialize)]
struct Queried {
    ids: Vec<Vec<String>>,
}

pub(super) async fn create(remote: &Remote, collection: &Collection) -> Result<String, RemoteError> {
    let hnsw = NewHnsw {
        space: "cosine",
        ef_search: EF_SEARCH,
        ef_construction: EF_CONSTRUCTION,
        max_neighbors: MAX_NEIGHBORS,
    };
    let configuration = NewConfiguration { hnsw };
    let new = NewCollection { name: &collection.name, get_or_create: true, configuration };
    let response = remote.call(with_body(remote.request(Method::POST, COLLECTIONS)?, &new)?).await?;
    let made: MadeCollection = read(&success(response)?)?;
    let Configuration { hnsw, spann } = made.configuration_json;
    let is_cosine = [hnsw, spann].into_iter().flatten().any(|index| index.space.as_deref() == Some("cosine"));
    let fits = made.dimension.is_none_or(|dimension| dimension == collection.dimension);
    if made.name == collection.name && is_cosine && fits {
        Ok(made.id.to_string())
    } else {
        Err(RemoteError::Failed("its collection of that name is for other vectors".to_owned()))
    }
}

pub(super) async fn upsert(remote: &Remote, id: &str, points: &[Point]) -> Result<(), RemoteError> {
    let body = Upsert {
        ids: points.iter().map(|point| point.id.text()).collect(),
        embeddings: points.iter().map(|point| point.vector.as_slice()).collect(),
    };
    let request = remote.request(Method::POST, &of_collection(id, "/upsert"))?;
    success(remote.call(with_body(request, &body)?).await?).map(drop)
}

pub(super) async fn delete(remote: &Remote, id: &str, points: &[PointId]) -> Result<(), RemoteError> {
    let request = remote.request(Method::POST, &of_collection(id, "/delete"))?;
    success(remote.call(with_body(request, &Ids { ids: texts(points) })?).await?).map(drop)
}

pub(super) async fn held(remote: &Remote, id: &str, points: &[PointId]) -> Result<usize, RemoteError> {
    Ok(get(remote, id, 0, points, &[]).await?.ids.len())
}

pub(super) async fn vectors(
    remote: &Remote,
    id: &str,
    dimension: usize,
    points: &[PointId],
) -> Result<Vec<Point>, RemoteError> {
    let Got { ids, embeddings } = get(remote, id, dimension, points, &["embeddings"]).await?;
    if ids.len() > points.len() {
        return Err(RemoteError::Failed("it answers more vectors than it was asked for".to_owned()));
    }
    pair(&ids, embeddings.ok_or_else(RemoteError::unreadable)?)
}

async fn get(
    remote: &Remote,
    id: &str,
    dimension: usize,
    points: &[PointId],
    include: &'static [&'static str],
) -> Result<Got, RemoteError> {
    let request = remote
        .request(Method::POST, &of_collection(id, "/get"))?
        .max_response_bytes(answer_bytes(points.len(), dimension));
    let body = Get { ids: texts(points), include };
    read(&success(remote.call(with_body(request, &body)?).await?)?)
}

pub(super) async fn nearest(
    remote: &Remote,
    id: &str,
    vector: &[f32],
    limit: usize,
) -> Result<FoundIds, RemoteError> {
    let request = remote
        .request(Method::POST, &of_collection(id, "/query"))?
        .max_response_bytes(answer_bytes(limit, 0));
    let body = Query { query_embeddings: [vector], n_results: limit, include: &[] };
    let Queried { ids } = read(&success(remote.call(with_body(request, &body)?).await?)?)?;
    let ids = ids.into_iter().next().ok_or_else(RemoteError::unreadable)?;
    Ok(FoundIds { answered: ids.len(), ids: ids.iter().filter_map(|id| PointId::read(id)).collect() })
}

pub(super) async fn count(remote: &Remote, id: &str) -> Result<u64, RemoteError> {
    let request = remote.request(Method::GET, &of_collection(id, "/count"))?;
    read(&success(remote.call(request).await?)?)
}

pub(super) async fn remove(remote: &Remote, name: &str) -> Result<(), RemoteError> {
    let request = remote.request(Method::DELETE, &of_collection(name, ""))?;
    match success(remote.call(request).await?) {
        Ok(_) | Err(RemoteError::Gone) => Ok(()),
        Err(error) => Err(error),
    }
}

pub(super) async fn names(remote: &Remote) -> Result<Vec<String>, RemoteError> {
    let mut names = Vec::new();
    for page in 0..MAX_PAGES {
        let path = format!("{COLLECTIONS}?limit={LIST_PAGE}&offset={}", page * LIST_PAGE);
        let request = remote.request(Method::GET, &path)?.max_response_bytes(MAX_LIST_BYTES);
        let listed: Vec<Named> = read(&success(remote.call(request).await?)?)?;
        let is_last = listed.len() < LIST_PAGE;
        names.extend(listed.into_iter().map(|named| named.name));
        if is_last {
            return Ok(names);
        }
    }
    Err(RemoteError::Failed("it has too many collections to list".to_owned()))
}

fn of_collection(id: &str, what: &str) -> String {
    format!("{COLLECTIONS}/{id}{what}")
}

fn texts(points: &[PointId]) -> Vec<String> {
    points.iter().map(|point| point.text()).collect()
}

/// Ids with their vectors, as far as the ids could be ours.
fn pair(ids: &[String], vectors: Vec<Option<Vec<f32>>>) -> Result<Vec<Point>, RemoteError> {
    if ids.len() != vectors.len() {
        return Err(RemoteError::unreadable());
    }
    let pairs = ids.iter().zip(vectors);
    Ok(pairs.filter_map(|(id, vector)| Some(Point { id: PointId::read(id)?, vector: vector? })).collect())
}

/// An answer that says yes. That a collection is not there is told in Chroma's own words: any server has a 404.
fn success(response: Response) -> Result<Response, RemoteError> {
    match response.status {
        200..=299 => Ok(response),
        404 if read::<Refused>(&response).is_ok_and(|refused| refused.error == "NotFoundError") => {
            Err(RemoteError::Gone)
        }
        status => Err(RemoteError::of_status(status)),
    }
}
