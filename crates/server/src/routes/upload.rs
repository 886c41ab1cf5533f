//! The upload of files as a form: each part with a filename is one. Files go to the spool as they come, and none is
//! held in memory. While bytes are waited for, no thread is.

mod form;
mod part;

use actix_web::http::StatusCode;
use actix_web::{HttpMessage, HttpResponse};
use futures_util::StreamExt;
use syft_space_domain::dataset::{self, Job, Upload, UploadError};
use syft_space_domain::ids::DatasetId;
use tokio::runtime::Handle;

use crate::http::body::BodyStream;
use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::routes::jobs::StartedJob;
use crate::routes::reply;

use self::form::{FormEvent, FormSplitter, MIN_PIECE_BYTES};
use self::part::Part;

/// The most fields of a form that are no files.
const MAX_FIELDS: usize = 1_000;
/// What the beginning of a file counts among what is to be written.
const BYTES_PER_FILE: usize = 256;

/// Takes files in, and answers with their job.
pub(super) async fn files(request: &mut Request, id: DatasetId, wait: bool) -> Result<HttpResponse, Problem> {
    request.check_coding()?;
    let boundary = boundary(request)?;
    let slot = request.state.tenant_bounds.upload(request.principal()?.snapshot().tenant.id)?;
    let body = request.body_stream(request.state.limits.upload_bytes)?;
    let mut form = Form::new(&boundary, body)?;
    let (space, context, principal) =
        (request.space().clone(), request.context.clone(), request.principal()?.clone());
    let begin = move || Upload::begin(&space, &context, &principal, id);
    let mut upload = OpenUpload(Some(reply::blocking(request, begin).await??));
    let received = receive(request, &mut form, &mut upload).await;
    if received.is_err() {
        // Nothing of it is left once the caller is told.
        let upload = upload.0.take();
        reply::blocking(request, move || drop(upload)).await?;
    }
    let job = received?;
    drop(slot);
    if wait && let Some(watch) = request.space().ingestion.watch(job.id) {
        watch.await;
        request.renew().await?;
    }
    let snapshot = dataset::job(request.space(), request.principal()?, id, job.id).await?;
    let ended = wait && snapshot.job.status.is_final();
    let status = if ended { StatusCode::OK } else { StatusCode::ACCEPTED };
    reply::json(status, &StartedJob::from(snapshot))
}

/// An upload between two pieces. Where nobody waits for it any more, what it leaves is removed where that may block.
struct OpenUpload(Option<Upload>);

impl Drop for OpenUpload {
    fn drop(&mut self) {
        if let (Some(upload), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            drop(runtime.spawn_blocking(move || drop(upload)));
        }
    }
}

/// What is to be written of a form.
enum UploadStep {
    File(String),
    Bytes(actix_web::web::Bytes),
}

/// Writes the files of a form as they come, and makes them durable.
async fn receive(request: &Request, form: &mut Form, open: &mut OpenUpload) -> Result<Job, Problem> {
    loop {
        let mut steps = Vec::new();
        let read = form.read(&mut steps).await;
        request.state.disk.check()?;
        // What was wrong with what came before is told first.
        let mut upload = open.0.take().ok_or_else(gone)?;
        let written = reply::blocking(request, move || {
            for step in steps {
                match step {
                    UploadStep::File(name) => upload.begin_file(&name)?,
                    UploadStep::Bytes(bytes) => upload.write(&bytes)?,
                }
            }
            Ok::<_, Problem>(upload)
        });
        open.0 = Some(written.await??);
        if read? {
            break;
        }
    }
    form.body.clone().discard().await?;
    let upload = open.0.take().ok_or_else(gone)?;
    let finished = reply::blocking(request, move || upload.finish()).await?;
    finished.map_err(|error| match error {
        UploadError::NoFile if form.has_unchosen => Problem::new(
            Reason::Invalid,
            "no file was chosen: the form's input for files was sent empty; choose at least one",
        ),
        error => error.into(),
    })
}

/// An upload ends once.
fn gone() -> Problem {
    Problem::new(Reason::Internal, "the server failed; its operator finds the cause in the log")
}

/// A form, while it comes.
struct Form {
    body: BodyStream,
    splitter: FormSplitter,
    part: Option<Part>,
    fields: usize,
    /// Whether an input for files came in which none was chosen.
    has_unchosen: bool,
}

impl Form {
    fn new(boundary: &str, body: BodyStream) -> Result<Self, Problem> {
        let splitter = FormSplitter::new(boundary).map_err(malformed)?;
        Ok(Self { body, splitter, part: None, fields: 0, has_unchosen: false })
    }

    /// Reads until there is enough to write, or the form has ended. Whether it has.
    async fn read(&mut self, steps: &mut Vec<UploadStep>) -> Result<bool, Problem> {
        let mut bytes_to_write = 0_usize;
        while bytes_to_write < MIN_PIECE_BYTES {
            match self.splitter.next().map_err(malformed)? {
                Some(FormEvent::Part(head)) => {
                    let part = Part::parse(&head)?;
                    if let Some(name) = &part.file {
                        bytes_to_write =
                            bytes_to_write.saturating_add(name.len()).saturating_add(BYTES_PER_FILE);
                        steps.push(UploadStep::File(name.clone()));
                    } else {
                        self.has_unchosen |= part.unchosen;
                        self.count_field()?;
                    }
                    self.part = Some(part);
                }
                Some(FormEvent::Content { bytes, is_last }) => {
                    let Some(part) = &mut self.part else { continue };
                    part.count(bytes.len(), is_last)?;
                    if part.file.is_some() && !bytes.is_empty() {
                        bytes_to_write = bytes_to_write.saturating_add(bytes.len());
                        steps.push(UploadStep::Bytes(bytes));
                    }
                }
                Some(FormEvent::End) => return Ok(true),
                None => match self.body.next().await {
                    Some(Ok(bytes)) => self.splitter.push(&bytes),
                    // What was wrong with the body itself says more than how the form ended by it.
                    Some(Err(error)) => return Err(self.body.problem().unwrap_or_else(|| malformed(error))),
                    None => self.splitter.finish(),
                },
            }
        }
        Ok(false)
    }

    /// Fields that are no files are passed over, and are not without end.
    fn count_field(&mut self) -> Result<(), Problem> {
        self.fields = self.fields.saturating_add(1);
        if self.fields <= MAX_FIELDS {
            return Ok(());
        }
        let detail =
            format!("a form may have {MAX_FIELDS} fields beside its files: send each file with a filename");
        Err(Problem::new(Reason::Invalid, detail))
    }
}

/// The boundary of a form. It has one: of two, others might see another form in the same bytes.
fn boundary(request: &Request) -> Result<String, Problem> {
    let media_type = request
        .http
        .mime_type()
        .ok()
        .flatten()
        .ok_or_else(|| malformed("Could not parse Content-Type header"))?;
    let mut boundaries = media_type.params().filter(|(name, _)| *name == "boundary");
    let boundary = boundaries.next().map(|(_, value)| value.as_str().to_owned());
    if boundaries.next().is_some() {
        return Err(Problem::new(Reason::Ambiguous, "the form's Content-Type has a boundary twice"));
    }
    boundary.ok_or_else(|| malformed(form::FormError::NoBoundary))
}

fn malformed(error: impl std::fmt::Display) -> Problem {
    Problem::new(Reason::Malformed, format!("the body is no form with files: {error}"))
}
