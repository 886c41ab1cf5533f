//! What a vector database is asked for, whichever it is.
//!
//! Nothing here is believed: an answer that is larger than what was asked for is not read to its end, ids that are none of
//! ours are left out, and what is gone is gone only when the server says so in its own words.

mod chroma;
mod error;
mod qdrant;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use syft_space_domain::dataset::{ServerUrl, VectorDatabase, VectorDatabaseCredential, VectorDatabaseKind};
use syft_space_outbound::http::{HeaderName, Method};
use syft_space_outbound::{Client, Request, Response};

pub(crate) use self::error::RemoteError;
use crate::collection::Collection;
use crate::point::PointId;
use crate::rest::RestingServers;

/// The most vectors of one request that brings them, or names them.
pub(crate) const MAX_POINTS: usize = 500;
/// About as many bytes has a request or an answer with vectors, at the most.
const MAX_VECTOR_BYTES: usize = 4 << 20;
/// The most bytes of one component, and of an id with what stands around it, in an answer.
const BYTES_PER_COMPONENT: usize = 20;
const BYTES_PER_POINT: usize = 256;
/// The most bytes of an answer beside its vectors.
const BYTES_AROUND: usize = 64 << 10;
/// The most bytes of a page of a list of collections.
const MAX_LIST_BYTES: usize = 16 << 20;

/// A vector under its id.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) id: PointId,
    pub(crate) vector: Vec<f32>,
}

/// What a server found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FoundIds {
    /// How many it answered, known or not.
    pub(crate) answered: usize,
    /// Those that could be ours.
    pub(crate) ids: Vec<PointId>,
}

/// A vector database that can be asked.
#[derive(Clone)]
pub(crate) struct Remote {
    pub(crate) client: Arc<Client>,
    pub(crate) resting: Arc<RestingServers>,
    pub(crate) kind: VectorDatabaseKind,
    /// `None` where it is not known by now: it cannot be asked.
    pub(crate) url: Option<ServerUrl>,
    pub(crate) credential: Option<VectorDatabaseCredential>,
    /// The time for each call, retries included.
    pub(crate) timeout: Duration,
}

impl Remote {
    /// The one that a dataset is configured with.
    pub(crate) fn new(
        client: &Arc<Client>,
        resting: &Arc<RestingServers>,
        database: &VectorDatabase,
        timeout: Duration,
    ) -> Self {
        Self {
            client: Arc::clone(client),
            resting: Arc::clone(resting),
            kind: database.kind,
            url: Some(database.url.clone()),
            credential: database.credential.clone(),
            timeout,
        }
    }

    /// Makes a collection, unless it is there, and checks what it is. Doing so again changes nothing.
    pub(crate) async fn create(&self, collection: &Collection) -> Result<String, RemoteError> {
        match self.kind {
            VectorDatabaseKind::Chroma => chroma::create(self, collection).await,
            VectorDatabaseKind::Qdrant => qdrant::create(self, collection).await,
        }
    }

    /// Brings vectors. The same ones again change nothing.
    pub(crate) async fn upsert(&self, id: &str, points: &[Point]) -> Result<(), RemoteError> {
        let dimension = points.first().map_or(0, |point| point.vector.len());
        for some in points.chunks(points_per_call(dimension)) {
            match self.kind {
                VectorDatabaseKind::Chroma => chroma::upsert(self, id, some).await?,
                VectorDatabaseKind::Qdrant => qdrant::upsert(self, id, some).await?,
            }
        }
        Ok(())
    }

    /// Removes vectors, be they there or not, and asks whether any of them still is.
    pub(crate) async fn delete(&self, id: &str, points: &[PointId]) -> Result<(), RemoteError> {
        for some in points.chunks(MAX_POINTS) {
            let held = match self.kind {
                VectorDatabaseKind::Chroma => {
                    chroma::delete(self, id, some).await?;
                    chroma::held(self, id, some).await?
                }
                VectorDatabaseKind::Qdrant => {
                    qdrant::delete(self, id, some).await?;
                    qdrant::held(self, id, some).await?
                }
            };
            if held > 0 {
                let what = format!("it still holds {held} vectors that it was told to remove");
                return Err(RemoteError::Failed(what));
            }
        }
        Ok(())
    }

    /// The vectors of these ids, of those that are there.
    pub(crate) async fn vectors(
        &self,
        id: &str,
        dimension: usize,
        points: &[PointId],
    ) -> Result<Vec<Point>, RemoteError> {
        let mut found = Vec::with_capacity(points.len());
        for some in points.chunks(points_per_call(dimension)) {
            found.extend(match self.kind {
                VectorDatabaseKind::Chroma => chroma::vectors(self, id, dimension, some).await?,
                VectorDatabaseKind::Qdrant => qdrant::vectors(self, id, dimension, some).await?,
            });
        }
        Ok(found)
    }

    /// The ids of the vectors that are nearest to one, as far as the server finds them. What the vectors are is asked by
    /// [`vectors`](Self::vectors), so that the same one is always told in the same way.
    pub(crate) async fn nearest(
        &self,
        id: &str,
        vector: &[f32],
        limit: usize,
    ) -> Result<FoundIds, RemoteError> {
        let found = match self.kind {
            VectorDatabaseKind::Chroma => chroma::nearest(self, id, vector, limit).await?,
            VectorDatabaseKind::Qdrant => qdrant::nearest(self, id, vector, limit).await?,
        };
        if found.answered > limit {
            let what = format!("it answers {} vectors where {limit} were asked for", found.answered);
            return Err(RemoteError::Failed(what));
        }
        Ok(found)
    }

    /// How many vectors there are, whoever brought them.
    pub(crate) async fn count(&self, id: &str) -> Result<u64, RemoteError> {
        match self.kind {
            VectorDatabaseKind::Chroma => chroma::count(self, id).await,
            VectorDatabaseKind::Qdrant => qdrant::count(self, id).await,
        }
    }

    /// Removes a collection, be it there or not, and looks for it in the list of all.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), RemoteError> {
        match self.kind {
            VectorDatabaseKind::Chroma => chroma::remove(self, name).await?,
            VectorDatabaseKind::Qdrant => qdrant::remove(self, name).await?,
        }
        if self.names(name).await?.is_empty() {
            Ok(())
        } else {
            Err(RemoteError::Failed("it still has a collection that it was told to remove".to_owned()))
        }
    }

    /// The names of the collections that begin so.
    pub(crate) async fn names(&self, prefix: &str) -> Result<Vec<String>, RemoteError> {
        let mut names = match self.kind {
            VectorDatabaseKind::Chroma => chroma::names(self).await?,
            VectorDatabaseKind::Qdrant => qdrant::names(self).await?,
        };
        names.retain(|name| name.starts_with(prefix));
        Ok(names)
    }

    fn url(&self) -> Result<&ServerUrl, RemoteError> {
        self.url.as_ref().ok_or_else(|| RemoteError::Failed("where it is now is not known".to_owned()))
    }

    /// A request for a path below the database's URL.
    fn request(&self, method: Method, path: &str) -> Result<Request, RemoteError> {
        let request = Request::new(method, &format!("{}{path}", self.url()?))?
            // Everything that is asked for here can be asked for twice.
            .allow_retry()
            .timeout(self.timeout)
            .max_response_bytes(BYTES_AROUND);
        let Some(credential) = &self.credential else { return Ok(request) };
        Ok(match self.kind {
            // Servers are set up to look at one or the other.
            VectorDatabaseKind::Chroma => request
                .secret_header(HeaderName::from_static("x-chroma-token"), credential.secret())?
                .bearer(credential.secret())?,
            VectorDatabaseKind::Qdrant => {
                request.secret_header(HeaderName::from_static("api-key"), credential.secret())?
            }
        })
    }

    /// Makes a call, unless the server has just not answered. A server that does not answer rests.
    async fn call(&self, request: Request) -> Result<Response, RemoteError> {
        let url = self.url()?.as_str();
        if self.resting.has(url) {
            return Err(RemoteError::silent());
        }
        match self.client.call(&request).await {
            Ok(response) => {
                self.resting.note_answer(url);
                Ok(response)
            }
            Err(error) => {
                if error::is_silence(&error) {
                    self.resting.note_silence(url);
                }
                Err(error.into())
            }
        }
    }
}

/// Adds a body.
fn with_body(request: Request, body: &impl Serialize) -> Result<Request, RemoteError> {
    let body = serde_json::to_vec(body).map_err(|error| RemoteError::Failed(error.to_string()))?;
    Ok(request.body("application/json", body))
}

/// Reads the body of an answer.
fn read<T: DeserializeOwned>(response: &Response) -> Result<T, RemoteError> {
    serde_json::from_slice(&response.body).map_err(|_| RemoteError::unreadable())
}

/// How many vectors of this dimension one call brings or takes.
fn points_per_call(dimension: usize) -> usize {
    (MAX_VECTOR_BYTES / dimension.saturating_mul(BYTES_PER_COMPONENT).max(1)).clamp(1, MAX_POINTS)
}

/// The most bytes of an answer with so many vectors.
fn answer_bytes(points: usize, dimension: usize) -> usize {
    let point = dimension.saturating_mul(BYTES_PER_COMPONENT).saturating_add(BYTES_PER_POINT);
    points.saturating_mul(point).saturating_add(BYTES_AROUND)
}
