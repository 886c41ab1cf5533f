//! Qdrant's REST API.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use syft_space_outbound::Response;
use syft_space_outbound::http::Method;

use super::{FoundIds, MAX_LIST_BYTES, Point, Remote, RemoteError, answer_bytes, read, with_body};
use crate::collection::Collection;
use crate::point::PointId;

/// What every answer has around what it is about.
#[derive(Deserialize)]
struct Answer<T> {
    result: T,
}

#[derive(Serialize)]
struct NewCollection {
    vectors: NewVectors,
}

#[derive(Serialize)]
struct NewVectors {
    size: usize,
    distance: &'static str,
}

#[derive(Deserialize)]
struct Info {
    config: Config,
}

#[derive(Deserialize)]
struct Config {
    params: Params,
}

#[derive(Deserialize)]
struct Params {
    vectors: Vectors,
}

#[derive(Deserialize)]
struct Vectors {
    size: usize,
    distance: String,
}

#[derive(Deserialize)]
struct Listed {
    collections: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Refused {
    status: RefusedStatus,
}

#[derive(Deserialize)]
struct RefusedStatus {
    error: String,
}

#[derive(Serialize)]
struct Upsert<'a> {
    points: Vec<NewPoint<'a>>,
}

#[derive(Serialize)]
struct NewPoint<'a> {
    id: String,
    vector: &'a [f32],
}

#[derive(Serialize)]
struct Delete {
    points: Vec<String>,
}

#[derive(Serialize)]
struct Retrieve {
    ids: Vec<String>,
    with_payload: bool,
    with_vector: bool,
}

#[derive(Serialize)]
struct Query<'a> {
    query: &'a [f32],
    limit: usize,
    params: SearchParams,
    with_payload: bool,
    with_vector: bool,
}

#[derive(Serialize)]
struct SearchParams {
    exact: bool,
}

#[derive(Deserialize)]
struct Queried {
    points: Vec<FoundPoint>,
}

#[derive(Deserialize)]
struct FoundPoint {
    /// A text or a number.
    id: Value,
    vector: Option<Vec<f32>>,
}

#[derive(Serialize)]
struct Count {
    exact: bool,
}

#[derive(Deserialize)]
struct Counted {
    count: u64,
}

pub(super) async fn create(remote: &Remote, collection: &Collection) -> Result<String, RemoteError> {
    let path = of_collection(&collection.name, "");
    let vectors = NewVectors { size: collection.dimension, distance: "Cosine" };
    let request = with_body(remote.request(Method::PUT, &path)?, &NewCollection { vectors })?;
    let response = remote.call(request).await?;
    // 409: it is there, be it that the first of two attempts made it.
    if response.status != 409 {
        success(response)?;
    }
    let response = remote.call(remote.request(Method::GET, &path)?).await?;
    let made: Answer<Info> = read(&success(response)?)?;
    let Vectors { size, distance } = made.result.config.params.vectors;
    if size == collection.dimension && distance == "Cosine" {
        Ok(collection.name.clone())
    } else {
        Err(RemoteError::Failed("its collection of that name is for other vectors".to_owned()))
    }
}

pub(super) async fn upsert(remote: &Remote, id: &str, points: &[Point]) -> Result<(), RemoteError> {
    let request = remote.request(Method::PUT, &of_collection(id, "/points?wait=true"))?;
    let points = points.iter().map(|point| NewPoint { id: point.id.text(), vector: &point.vector });
    let body = Upsert { points: points.collect() };
    success(remote.call(with_body(request, &body)?).await?).map(drop)
}

pub(super) async fn delete(remote: &Remote, id: &str, points: &[PointId]) -> Result<(), RemoteError> {
    let request = remote.request(Method::POST, &of_collection(id, "/points/delete?wait=true"))?;
    success(remote.call(with_body(request, &Delete { points: texts(points) })?).await?).map(drop)
}

pub(super) async fn held(remote: &Remote, id: &str, points: &[PointId]) -> Result<usize, RemoteError> {
    Ok(retrieve(remote, id, None, points).await?.len())
}

pub(super) async fn vectors(
    remote: &Remote,
    id: &str,
    dimension: usize,
    points: &[PointId],
) -> Result<Vec<Point>, RemoteError> {
    let found = retrieve(remote, id, Some(dimension), points).await?;
    if found.len() > points.len() {
        return Err(RemoteError::Failed("it answers more vectors than it was asked for".to_owned()));
    }
    Ok(ours(found))
}

/// Points with their vectors, where those have a dimension that is told.
async fn retrieve(
    remote: &Remote,
    id: &str,
    dimension: Option<usize>,
    points: &[PointId],
) -> Result<Vec<FoundPoint>, RemoteError> {
    let request = remote
        .request(Method::POST, &of_collection(id, "/points"))?
        .max_response_bytes(answer_bytes(points.len(), dimension.unwrap_or(0)));
    let body = Retrieve { ids: texts(points), with_payload: false, with_vector: dimension.is_some() };
    let answer: Answer<Vec<FoundPoint>> = read(&success(remote.call(with_body(request, &body)?).await?)?)?;
    Ok(answer.result)
}

pub(super) async fn nearest(
    remote: &Remote,
    id: &str,
    vector: &[f32],
    limit: usize,
) -> Result<FoundIds, RemoteError> {
    let request = remote
        .request(Method::POST, &of_collection(id, "/points/query"))?
        .max_response_bytes(answer_bytes(limit, 0));
    let params = SearchParams { exact: true };
    let body = Query { query: vector, limit, params, with_payload: false, with_vector: false };
    let answer: Answer<Queried> = read(&success(remote.call(with_body(request, &body)?).await?)?)?;
    let points = answer.result.points;
    let ids = points.iter().filter_map(|point| PointId::read(point.id.as_str()?)).collect();
    Ok(FoundIds { answered: points.len(), ids })
}

pub(super) async fn count(remote: &Remote, id: &str) -> Result<u64, RemoteError> {
    let request = remote.request(Method::POST, &of_collection(id, "/points/count"))?;
    let answer: Answer<Counted> =
        read(&success(remote.call(with_body(request, &Count { exact: true })?).await?)?)?;
    Ok(answer.result.count)
}

pub(super) async fn remove(remote: &Remote, name: &str) -> Result<(), RemoteError> {
    let request = remote.request(Method::DELETE, &of_collection(name, ""))?;
    match success(remote.call(request).await?) {
        Ok(_) | Err(RemoteError::Gone) => Ok(()),
        Err(error) => Err(error),
    }
}

pub(super) async fn names(remote: &Remote) -> Result<Vec<String>, RemoteError> {
    let request = remote.request(Method::GET, "/collections")?.max_response_bytes(MAX_LIST_BYTES);
    let answer: Answer<Listed> = read(&success(remote.call(request).await?)?)?;
    Ok(answer.result.collections.into_iter().map(|named| named.name).collect())
}

fn of_collection(name: &str, what: &str) -> String {
    format!("/collections/{name}{what}")
}

fn texts(points: &[PointId]) -> Vec<String> {
    points.iter().map(|point| point.text()).collect()
}

/// Those with an id that could be ours, and a vector.
fn ours(found: Vec<FoundPoint>) -> Vec<Point> {
    let ours = found
        .into_iter()
        .filter_map(|point| Some(Point { id: PointId::read(point.id.as_str()?)?, vector: point.vector? }));
    ours.collect()
}

/// An answer that says yes. That a collection is not there is told in Qdrant's own words: any server has a 404.
fn success(response: Response) -> Result<Response, RemoteError> {
    match response.status {
        200..=299 => Ok(response),
        404 if read::<Refused>(&response)
            .is_ok_and(|refused| refused.status.error.starts_with("Not found: Collection")) =>
        {
            Err(RemoteError::Gone)
        }
        status => Err(RemoteError::of_status(status)),
    }
}
