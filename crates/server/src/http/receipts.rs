//! Receipts of answers, for whoever asks for one: which event a request has left, and what is signed of it and of the answer.
//!
//! A request that asks for none costs one look at a counter for each unit of work that it submits.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use syft_space_domain::Space;
use syft_space_domain::audit::ports::CheckpointSigner;
use syft_space_domain::audit::{AnswerReceipt, Digest, Log, LogName, RecordedEvent};
use syft_space_domain::endpoint::{CorrelationId, Slug};
use syft_space_domain::ids::RequestId;
use syft_space_domain::store::{OverwriteDone, ReadUnit, Store, StoreError, Tx};
use syft_space_domain::unit::{Unit, UnitOutcome};

use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::route_docs::RouteDocs;

/// The header by which a request asks for a receipt.
pub(crate) const ASKED: &str = "X-Syft-Receipt";
/// The header that has it.
pub(crate) const RECEIPT: &str = "Syft-Receipt";
/// The header with the caller's own id of a request.
pub(crate) const CORRELATION_ID: &str = "X-Correlation-ID";

/// The requests under way whose answers are to have a receipt, and the event that each has left.
#[derive(Default)]
pub struct Receipts {
    expected: Mutex<HashMap<RequestId, Option<RecordedEvent>>>,
    /// How many there are, so that nobody else takes the lock.
    number: AtomicUsize,
}

impl Receipts {
    fn expected(&self) -> MutexGuard<'_, HashMap<RequestId, Option<RecordedEvent>>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_idle(&self) -> bool {
        self.number.load(Ordering::SeqCst) == 0
    }

    /// The request that waits for the event. The installation's log is nobody's who asks.
    fn waiting(&self, recorded: &RecordedEvent) -> Option<RequestId> {
        let request = recorded.event.request.filter(|_| recorded.event.log != Log::Installation)?;
        self.expected().contains_key(&request).then_some(request)
    }

    fn keep(&self, request: RequestId, recorded: RecordedEvent) {
        // The request may have gone meanwhile.
        if let Some(kept) = self.expected().get_mut(&request) {
            *kept = Some(recorded);
        }
    }
}

/// A request whose answer is to have a receipt. It lies with the request, and goes with it.
struct ExpectedReceipt {
    receipts: Arc<Receipts>,
    request: RequestId,
    question: Option<Digest>,
}

impl ExpectedReceipt {
    fn new(receipts: &Arc<Receipts>, request: RequestId) -> Self {
        receipts.expected().insert(request, None);
        receipts.number.fetch_add(1, Ordering::SeqCst);
        Self { receipts: Arc::clone(receipts), request, question: None }
    }

    fn take(&self) -> Option<RecordedEvent> {
        self.receipts.expected().get_mut(&self.request).and_then(Option::take)
    }
}

impl Drop for ExpectedReceipt {
    fn drop(&mut self) {
        self.receipts.expected().remove(&self.request);
        self.receipts.number.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether a request asks for a receipt.
///
/// # Errors
/// When it has the header with another value, or twice: nobody is to believe that they get one.
pub(crate) fn asks(http: &HttpRequest) -> Result<bool, Problem> {
    let mut values = http.headers().get_all(ASKED);
    match (values.next(), values.next()) {
        (None, _) => Ok(false),
        (Some(value), None) if value.as_bytes() == b"1" => Ok(true),
        _ => Err(Problem::new(Reason::Malformed, format!("{ASKED} is 1, once, or is left out"))),
    }
}

/// Has the event of a request kept, where it asks for a receipt and the route gives them.
pub(crate) fn expect(receipts: &Arc<Receipts>, docs: &RouteDocs, http: &HttpRequest, request: RequestId) {
    if docs.receipt && matches!(asks(http), Ok(true)) {
        http.extensions_mut().insert(ExpectedReceipt::new(receipts, request));
    }
}

/// Notes what was asked.
pub(crate) fn note_question(http: &HttpRequest, body: &[u8]) {
    if let Some(expected) = http.extensions_mut().get_mut::<ExpectedReceipt>() {
        expected.question = Some(Sha256::digest(body).into());
    }
}

/// Puts the receipt into an answer, where one was asked for and the request has left an event of its own.
pub(crate) fn attach(
    signer: &dyn CheckpointSigner,
    http: &HttpRequest,
    answer: HttpResponse,
) -> HttpResponse {
    let Some(expected) = http.extensions_mut().remove::<ExpectedReceipt>() else { return answer };
    let Some(recorded) = expected.take() else { return answer };
    // Who is not let in as anybody is told nothing of a log, not even how many events it has.
    if answer.status() == StatusCode::UNAUTHORIZED {
        return answer;
    }
    let status = answer.status().as_u16();
    let (answer, body) = answer.into_parts();
    let body = match body.try_into_bytes() {
        Ok(body) => body,
        Err(body) => return answer.set_body(body),
    };
    let header = |name| http.headers().get(name).and_then(|value| value.to_str().ok());
    let receipt = AnswerReceipt {
        log: LogName::of(signer.installation(), recorded.event.log),
        seq: recorded.seq,
        leaf: recorded.leaf(),
        time: recorded.event.time,
        request: expected.request,
        outcome: recorded.event.outcome,
        endpoint: http
            .match_info()
            .get("slug")
            .and_then(|slug| Slug::parse(slug).ok())
            .map(|slug| slug.to_string()),
        correlation: header(CORRELATION_ID)
            .and_then(|id| id.parse::<CorrelationId>().ok())
            .map(|id| id.as_str().to_owned()),
        question: expected.question,
        status,
        answer: Sha256::digest(&body).into(),
    };
    let mut answer = answer.set_body(BoxBody::new(body));
    let signed = URL_SAFE_NO_PAD.encode(signer.sign_receipt(&receipt));
    // Base64 is always a header's value.
    if let Ok(signed) = HeaderValue::from_str(&signed) {
        answer.headers_mut().insert(HeaderName::from_static("syft-receipt"), signed);
    }
    answer
}

/// The store through which requests write, which keeps the events of those that are to have a receipt.
struct ReceiptedStore {
    inner: Arc<dyn Store>,
    receipts: Arc<Receipts>,
}

/// Puts such a store in front of a space's own.
#[must_use]
pub fn keep_events(space: Space) -> (Space, Arc<Receipts>) {
    let receipts = Arc::<Receipts>::default();
    let store = ReceiptedStore { inner: Arc::clone(&space.store), receipts: Arc::clone(&receipts) };
    (Space { store: Arc::new(store), ..space }, receipts)
}

impl Store for ReceiptedStore {
    fn submit(&self, unit: Box<dyn Unit>) {
        if self.receipts.is_idle() {
            return self.inner.submit(unit);
        }
        let receipts = Arc::clone(&self.receipts);
        self.inner.submit(Box::new(ReceiptedUnit { inner: unit, receipts, kept: None }));
    }

    fn submit_read(&self, read: Box<dyn ReadUnit>) {
        self.inner.submit_read(read);
    }

    fn submit_overwrite(&self, done: OverwriteDone) {
        self.inner.submit_overwrite(done);
    }
}

struct ReceiptedUnit {
    inner: Box<dyn Unit>,
    receipts: Arc<Receipts>,
    /// The event of a request that waits for it, once it has its place.
    kept: Option<(RequestId, RecordedEvent)>,
}

impl Unit for ReceiptedUnit {
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        // The run before this one was rolled back.
        self.kept = None;
        self.inner.run(tx)
    }

    fn appended(&mut self, recorded: &RecordedEvent) {
        if let Some(request) = self.receipts.waiting(recorded) {
            self.kept = Some((request, recorded.clone()));
        }
        self.inner.appended(recorded);
    }

    fn done(mut self: Box<Self>, outcome: Result<(), StoreError>) {
        if let (Ok(()), Some((request, recorded))) = (&outcome, self.kept.take()) {
            self.receipts.keep(request, recorded);
        }
        self.inner.done(outcome);
    }
}
