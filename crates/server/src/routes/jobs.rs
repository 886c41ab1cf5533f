//! The routes of ingestion jobs.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::dataset::{self, JobFailure, JobSnapshot, JobStatus};
use syft_space_domain::ids::JobId;
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::shapes;

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Job {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: JobId,
    #[schemars(with = "shapes::JobStatusShape")]
    pub(crate) status: JobStatus,
    pub(crate) documents_total: u64,
    pub(crate) documents_done: u64,
    pub(crate) documents_unchanged: u64,
    pub(crate) documents_duplicate: u64,
    pub(crate) documents_failed: u64,
    pub(crate) chunks: u64,
    pub(crate) bytes: u64,
    pub(crate) bytes_total: u64,
    pub(crate) bytes_done: u64,
    pub(crate) rate_bytes_per_second: Option<u64>,
    pub(crate) seconds_left: Option<u64>,
    #[schemars(with = "Vec<shapes::JobFailureShape>")]
    pub(crate) errors: Vec<JobFailure>,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
    #[schemars(with = "Option<shapes::TimeShape>")]
    pub(crate) finished_at: Option<Timestamp>,
}

impl From<JobSnapshot> for Job {
    fn from(JobSnapshot { job, rate }: JobSnapshot) -> Self {
        let progress = job.progress;
        Self {
            id: job.id,
            status: job.status,
            documents_total: job.documents_total,
            documents_done: progress.documents_done,
            documents_unchanged: progress.documents_unchanged,
            documents_duplicate: progress.documents_duplicate,
            documents_failed: progress.documents_failed,
            chunks: progress.chunks,
            bytes: progress.bytes,
            bytes_total: job.bytes_total,
            bytes_done: progress.bytes_done,
            rate_bytes_per_second: rate.map(|rate| rate.bytes_per_second),
            seconds_left: rate.and_then(|rate| rate.seconds_left),
            errors: progress.errors,
            created_at: job.created_at,
            finished_at: job.finished_at,
        }
    }
}

/// What bringing documents is answered with.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct StartedJob {
    pub(crate) job: Job,
}

impl From<JobSnapshot> for StartedJob {
    fn from(job: JobSnapshot) -> Self {
        Self { job: job.into() }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let dataset_id = request.path("id", "dataset")?;
    let page = request.query().page()?;
    let found = dataset::jobs(request.space(), request.principal()?, dataset_id, page).await?;
    reply::list(found, Job::from).await
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let (dataset_id, id) = (request.path("id", "dataset")?, request.path("job", "job")?);
    let found = dataset::job(request.space(), request.principal()?, dataset_id, id).await?;
    reply::json(StatusCode::OK, &Job::from(found))
}

pub(crate) async fn cancel(request: Request) -> Result<HttpResponse, Problem> {
    let (dataset_id, id) = (request.path("id", "dataset")?, request.path("job", "job")?);
    let (state, context, principal) =
        (Arc::clone(&request.state), request.context.clone(), request.principal()?.clone());
    let job = reply::blocking(&request, move || {
        dataset::cancel_job(&state.space, &context, &principal, dataset_id, id)
    })
    .await??;
    reply::json(StatusCode::OK, &Job::from(JobSnapshot { job, rate: None }))
}
