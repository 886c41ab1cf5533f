//! The upload of files as a form: each part with a filename is one. Files go to the spool as they come, and none is
//! held in memory.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpResponse};
use futures_util::StreamExt;
use syft_space_domain::dataset::{self, Job, Upload};
use syft_space_domain::ids::DatasetId;
use tokio::sync::mpsc;

use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::routes::jobs::StartedJob;
use crate::routes::reply;

/// How many chunks wait for the disk before no more are read.
const MAX_QUEUED_CHUNKS: usize = 16;
const TRANSFER_ENCODING: HeaderName = HeaderName::from_static("content-transfer-encoding");

/// A message from the task that reads to the thread that writes.
enum UploadStep {
    File(String),
    Bytes(Bytes),
}

/// Takes files in, and answers with their job.
pub(super) async fn files(request: &mut Request, id: DatasetId, wait: bool) -> Result<HttpResponse, Problem> {
    request.check_coding()?;
    check_boundary(request)?;
    let body = request.body_stream(request.state.limits.upload_bytes)?;
    let (space, context, principal) =
        (request.space().clone(), request.context.clone(), request.principal()?.clone());
    let (steps, mut waiting) = mpsc::channel(MAX_QUEUED_CHUNKS);
    let writing = tokio::task::spawn_blocking(move || -> Result<Upload, Problem> {
        let mut upload = Upload::begin(&space, &context, &principal, id)?;
        while let Some(step) = waiting.blocking_recv() {
            match step {
                UploadStep::File(name) => upload.begin_file(&name)?,
                UploadStep::Bytes(bytes) => upload.write(&bytes)?,
            }
        }
        Ok(upload)
    });
    let read = async {
        let mut form = Multipart::new(request.http.headers(), body.clone());
        let read = read(&mut form, &steps).await;
        drop(form);
        // What was wrong with the body itself says more than how the form ended by it.
        read.map_err(|problem| body.problem().unwrap_or(problem))?;
        body.discard().await
    };
    let read = read.await;
    drop(steps);
    let written = writing.await.map_err(|error| {
        tracing::error!(%error, "files could not be written");
        Problem::new(Reason::Internal, "the server failed; its operator finds the cause in the log")
    })?;
    let is_gone = |problem: &Problem| problem.reason() == Reason::TokenInvalid;
    // A refusal behind a chunk is recorded already; a token that is good no longer is counted besides, as everywhere.
    let permitted = match &written {
        Err(problem) if !is_gone(problem) => Ok(()),
        _ if read.is_ok() => request.renew().await,
        _ => read,
    };
    // Reading stops when writing has failed: that is then the cause.
    let upload = written?;
    // What is not taken in is removed there as well, for that blocks on a disk.
    let job =
        reply::blocking(move || permitted.and_then(|()| Ok::<Job, Problem>(upload.finish()?))).await??;
    if wait && let Some(watch) = request.space().ingestion.watch(job.id) {
        watch.await;
        request.renew().await?;
    }
    let snapshot = dataset::job(request.space(), request.principal()?, id, job.id).await?;
    let ended = wait && snapshot.job.status.is_final();
    let status = if ended { StatusCode::OK } else { StatusCode::ACCEPTED };
    reply::json(status, &StartedJob::from(snapshot))
}

/// A form has one boundary: of two, others might see another form in the same bytes.
fn check_boundary(request: &Request) -> Result<(), Problem> {
    let media_type = request.http.mime_type().ok().flatten();
    let parameters = media_type.iter().flat_map(|media_type| media_type.params());
    if parameters.filter(|(name, _)| *name == "boundary").count() > 1 {
        return Err(Problem::new(Reason::Ambiguous, "the form's Content-Type has a boundary twice"));
    }
    Ok(())
}

async fn read(form: &mut Multipart, steps: &mpsc::Sender<UploadStep>) -> Result<(), Problem> {
    while let Some(field) = form.next().await {
        let mut field = field.map_err(|error| malformed(&error))?;
        let name = file_name(&field)?;
        if steps.send(UploadStep::File(name)).await.is_err() {
            return Ok(());
        }
        while let Some(bytes) = field.next().await {
            let bytes = bytes.map_err(|error| malformed(&error))?;
            if steps.send(UploadStep::Bytes(bytes)).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The name of the file in a part of the form.
fn file_name(field: &Field) -> Result<String, Problem> {
    let twice = |what: &str| Problem::new(Reason::Ambiguous, format!("a part of the form has {what} twice"));
    if field.headers().get_all(CONTENT_DISPOSITION).nth(1).is_some() {
        return Err(twice("Content-Disposition"));
    }
    let mut encodings = field.headers().get_all(TRANSFER_ENCODING);
    let encoding = encodings.next().map(HeaderValue::as_bytes);
    if encodings.next().is_some() {
        return Err(twice("Content-Transfer-Encoding"));
    }
    let as_it_is = |value: &[u8]| {
        [&b"binary"[..], b"8bit", b"7bit"].iter().any(|known| value.eq_ignore_ascii_case(known))
    };
    if encoding.is_some_and(|value| !as_it_is(value)) {
        return Err(Problem::new(
            Reason::Invalid,
            "send files as they are, without Content-Transfer-Encoding",
        ));
    }
    // It would be believed by what reads the form, and what it says wrongly would be lost.
    if field.headers().contains_key(CONTENT_LENGTH) {
        let detail = "send the parts of the form without Content-Length: the boundary says where a file ends";
        return Err(Problem::new(Reason::Invalid, detail));
    }
    let parameters = field.content_disposition().map(|header| &*header.parameters).unwrap_or_default();
    let plain: Vec<&str> = parameters.iter().filter_map(|parameter| parameter.as_filename()).collect();
    let encoded: Vec<_> = parameters.iter().filter_map(|parameter| parameter.as_filename_ext()).collect();
    if plain.len() > 1 || encoded.len() > 1 {
        return Err(twice("a filename"));
    }
    // RFC 7578 has `filename` alone; some clients send `filename*` (RFC 6266) where it is not ASCII.
    let name = match (encoded.first(), plain.first()) {
        (Some(encoded), _) => String::from_utf8(encoded.value.clone()).ok(),
        (None, Some(plain)) => Some((*plain).to_owned()),
        (None, None) => None,
    };
    name.filter(|name| !name.is_empty()).ok_or_else(|| {
        let field = field.name().unwrap_or_default();
        let detail = format!("the part {field:?} of the form has no filename in UTF-8: each part is a file");
        Problem::new(Reason::Invalid, detail)
    })
}

fn malformed(error: &MultipartError) -> Problem {
    Problem::new(Reason::Malformed, format!("the body is no form with files: {error}"))
}
