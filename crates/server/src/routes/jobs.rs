//! Ingestion jobs.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use syft_space_domain::dataset::{Job, JobFailure, JobStatus, job, jobs};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::shapes;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Job")]
pub(crate) struct Shown {
    #[schemars(with = "shapes::IdShape")]
    id: String,
    #[schemars(with = "shapes::JobStatusShape")]
    status: JobStatus,
    documents_total: u64,
    documents_done: u64,
    chunks: u64,
    bytes: u64,
    #[schemars(with = "Vec<shapes::JobFailureShape>")]
    errors: Vec<JobFailure>,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
    #[schemars(with = "Option<shapes::TimeShape>")]
    finished_at: Option<Timestamp>,
}

impl From<Job> for Shown {
    fn from(job: Job) -> Self {
        Self {
            id: job.id.to_string(),
            status: job.status,
            documents_total: job.documents_total,
            documents_done: job.documents_done,
            chunks: job.chunks,
            bytes: job.bytes,
            errors: job.errors,
            created_at: job.created_at,
            finished_at: job.finished_at,
        }
    }
}

/// What bringing documents is answered with.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "StartedJob")]
pub(crate) struct Started {
    job: Shown,
}

impl From<Job> for Started {
    fn from(job: Job) -> Self {
        Self { job: job.into() }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let dataset = request.path("id", "dataset")?;
    let page = request.query().page()?;
    reply::list(jobs(request.space(), request.who()?, dataset, page)?, Shown::from)
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let (dataset, id) = (request.path("id", "dataset")?, request.path("job", "job")?);
    reply::json(StatusCode::OK, &Shown::from(job(request.space(), request.who()?, dataset, id)?))
}
