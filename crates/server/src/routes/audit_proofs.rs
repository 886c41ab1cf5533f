//! The routes by which others verify an audit log: its checkpoints, proofs, and the log itself to be computed again.

use std::str::FromStr;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::audit::tree::NodeHash;
use syft_space_domain::audit::{
    self, Action, Actor, AuditError, CheckpointError, ExportedPart, ExportedRecords, Log, LogName, Object,
    Outcome, Person, ProveError, RecordedEvent, RecordedReason, ShownCheckpoint,
};
use syft_space_domain::ids::{EventId, RequestId, TenantId};
use syft_space_domain::policy::PolicyRevision as Revision;
use syft_space_domain::text::Name;
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::http::route_docs::Parameter;
use crate::routes::access_review::PolicyRevision;
use crate::routes::{reply, rules, shapes};

/// A checkpoint of a log, and the key by which it is verified.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Checkpoint {
    /// How many events it is of.
    pub(crate) size: u64,
    /// The signed note: the log's name, the number of its events and the root over them in Base64, and the signature.
    pub(crate) checkpoint: String,
    /// The public key, as `name+id+key`. Who verifies keeps it from before, and does not take it from here each time.
    pub(crate) verifier_key: String,
}

/// That an event is in the log.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Inclusion {
    seq: u64,
    /// Of which size of the log.
    size: u64,
    /// The root over so many events.
    #[schemars(with = "shapes::HashShape")]
    root: String,
    /// The hashes beside the way from the event's leaf to the root, the lowest first.
    #[schemars(with = "Vec<shapes::HashShape>")]
    hashes: Vec<String>,
}

/// That the log of one size is the beginning of that of another.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Consistency {
    from: u64,
    to: u64,
    #[schemars(with = "shapes::HashShape")]
    from_root: String,
    #[schemars(with = "shapes::HashShape")]
    to_root: String,
    /// The proof, as RFC 6962 has it.
    #[schemars(with = "Vec<shapes::HashShape>")]
    hashes: Vec<String>,
}

/// An event with all of which its leaf is computed.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ExportedEvent {
    /// The tenant whose log it is; null for the installation's.
    #[schemars(with = "Option<shapes::IdShape>")]
    log: Option<TenantId>,
    seq: u64,
    #[schemars(with = "shapes::IdShape")]
    id: EventId,
    #[schemars(with = "shapes::TimeShape")]
    time: Timestamp,
    #[schemars(with = "shapes::ActionShape")]
    action: Action,
    #[schemars(with = "shapes::OutcomeShape")]
    outcome: Outcome,
    #[schemars(with = "shapes::ActorShape")]
    actor: Actor,
    #[schemars(with = "Option<shapes::ObjectShape>")]
    object: Option<Object>,
    reason_code: Option<String>,
    #[schemars(with = "Option<shapes::IdShape>")]
    request_id: Option<RequestId>,
    count: u32,
    policy: Option<PolicyRevision>,
    /// SHA-256 of the salt and what is known of a person.
    #[schemars(with = "shapes::HashShape")]
    person_commitment: String,
    /// What is known of a person, and the salt; null where it was erased.
    person: Option<ExportedPerson>,
}

impl ExportedEvent {
    /// Leaves out what it knows of a person, as an erasure does: its leaf is computed from the commitment.
    pub(crate) fn forget_person(&mut self) {
        self.person = None;
    }
}

/// What an event knows of a person, and what it was committed to with.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ExportedPerson {
    /// 16 random bytes.
    #[schemars(with = "shapes::SaltShape")]
    salt: String,
    #[schemars(with = "shapes::PersonShape")]
    data: Person,
}

/// What is there of an event whose term has ended: its leaf in the tree over the log.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrunedEvent {
    pub(crate) seq: u64,
    #[schemars(with = "shapes::HashShape")]
    pub(crate) leaf: String,
}

/// A part of a log, the oldest event first.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Export {
    /// The oldest events of the log, where they are pruned; then there are no items.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pruned: Vec<PrunedEvent>,
    pub(crate) items: Vec<ExportedEvent>,
    /// How many events the log had when they were read.
    pub(crate) size: u64,
}

/// The number of an event, or a size of the log.
pub(crate) const PROVED: &[Parameter] = &[
    Parameter::new::<shapes::SeqShape>("seq", "The number of the event. Left out, the last one."),
    Parameter::new::<shapes::SeqShape>("size", "Of which size of the log. Left out, that of now."),
];
/// Two sizes of the log.
pub(crate) const GROWN: &[Parameter] = &[
    Parameter::new::<shapes::SeqShape>("from", "The smaller size. Left out, 1."),
    Parameter::new::<shapes::SeqShape>("to", "The larger size. Left out, that of now."),
];
/// Where a part begins.
pub(crate) const AFTER: &[Parameter] = &[Parameter::new::<shapes::AfterShape>(
    "after",
    "The number of the event behind which the part begins. Left out, it begins with the first.",
)];

/// A number in digits alone.
pub(super) struct Number(pub(super) u64);

#[derive(Debug, thiserror::Error)]
#[error("a number in digits, at most {}", i64::MAX)]
pub(super) struct NumberError;

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { text.parse::<i64>().ok() } else { None };
        number.and_then(|number| u64::try_from(number).ok()).map(Self).ok_or(NumberError)
    }
}

/// A parameter that counts from 1.
pub(super) fn counted(request: &Request, name: &str) -> Result<Option<u64>, Problem> {
    match request.query().parse::<Number>(name)? {
        Some(Number(0)) => Err(Problem::field(format!("/{name}"), "a number from 1 on")),
        number => Ok(number.map(|Number(number)| number)),
    }
}

fn hashes(path: &[NodeHash]) -> Vec<String> {
    path.iter().map(hex::encode).collect()
}

impl From<ShownCheckpoint> for Checkpoint {
    fn from(ShownCheckpoint { signed, verifier }: ShownCheckpoint) -> Self {
        Self { size: signed.size, checkpoint: signed.note, verifier_key: verifier }
    }
}

pub(crate) async fn checkpoint(request: Request) -> Result<HttpResponse, Problem> {
    let shown = audit::checkpoint(request.space(), request.principal()?).await;
    let shown = telling(shown, CheckpointError::is_integrity_failure, own_log(&request)?, &request).await?;
    reply::json(StatusCode::OK, &Checkpoint::from(shown))
}

pub(crate) async fn installation_checkpoint(request: Request) -> Result<HttpResponse, Problem> {
    let shown = audit::installation_checkpoint(request.space(), request.operator()?).await;
    let shown = telling(shown, CheckpointError::is_integrity_failure, Log::Installation, &request).await?;
    reply::json(StatusCode::OK, &Checkpoint::from(shown))
}

/// The log of the caller's tenant.
pub(super) fn own_log(request: &Request) -> Result<Log, Problem> {
    Ok(Log::Tenant(request.principal()?.snapshot().tenant.id))
}

/// Has the operator know of a log that was found changed, if that is why something failed.
pub(super) async fn telling<T, E>(
    found: Result<T, E>,
    is_changed: impl Fn(&E) -> bool,
    log: Log,
    request: &Request,
) -> Result<T, E> {
    if found.as_ref().err().is_some_and(is_changed) {
        request.state.changed_logs.tell(request.space(), log).await;
    }
    found
}

pub(crate) async fn inclusion(request: Request) -> Result<HttpResponse, Problem> {
    let (seq, size) = (counted(&request, "seq")?, counted(&request, "size")?);
    let proved = audit::prove_inclusion(request.space(), request.principal()?, seq, size).await;
    let is_changed = |error: &ProveError| *error == ProveError::Changed;
    let (proof, root) = telling(proved, is_changed, own_log(&request)?, &request).await?;
    let body =
        Inclusion { seq: proof.seq, size: proof.size, root: hex::encode(root), hashes: hashes(&proof.path) };
    reply::json(StatusCode::OK, &body)
}

pub(crate) async fn consistency(request: Request) -> Result<HttpResponse, Problem> {
    let (from, to) = (counted(&request, "from")?, counted(&request, "to")?);
    let proved = audit::prove_consistency(request.space(), request.principal()?, from, to).await;
    let is_changed = |error: &ProveError| *error == ProveError::Changed;
    let (proof, [from_root, to_root]) = telling(proved, is_changed, own_log(&request)?, &request).await?;
    let body = Consistency {
        from: proof.from,
        to: proof.to,
        from_root: hex::encode(from_root),
        to_root: hex::encode(to_root),
        hashes: hashes(&proof.path),
    };
    reply::json(StatusCode::OK, &body)
}

fn after(request: &Request) -> Result<u64, Problem> {
    Ok(request.query().parse::<Number>("after")?.map_or(0, |Number(after)| after))
}

pub(crate) async fn export(request: Request) -> Result<HttpResponse, Problem> {
    let after = after(&request)?;
    let part = audit::export(request.space(), &request.context, request.principal()?, after).await;
    respond(telling(part, is_damaged, own_log(&request)?, &request).await?).await
}

pub(crate) async fn export_installation(request: Request) -> Result<HttpResponse, Problem> {
    let after = after(&request)?;
    let part = audit::export_installation(request.space(), &request.context, request.operator()?, after);
    respond(telling(part.await, is_damaged, Log::Installation, &request).await?).await
}

/// A log that the tenant had on another host, as a checkpoint of it says.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Predecessor {
    /// Its name.
    #[schemars(with = "shapes::NameShape")]
    pub(crate) log: Name,
    /// How many events it had.
    #[serde(deserialize_with = "rules::log_size")]
    #[schemars(range(min = 1))]
    pub(crate) size: u64,
    /// The root over them.
    #[serde(deserialize_with = "rules::hash")]
    #[schemars(with = "shapes::HashShape")]
    pub(crate) root: String,
}

pub(crate) async fn name_predecessor(mut request: Request) -> Result<HttpResponse, Problem> {
    let Predecessor { log, size, root: digits } = request.json().await?;
    let mut root = NodeHash::default();
    hex::decode_to_slice(digits, &mut root).map_err(|_| Problem::field("/root", rules::NO_HASH))?;
    let predecessor = audit::Checkpoint { log: LogName::from_checkpoint(log.to_string()), size, root };
    audit::name_predecessor(request.space(), &request.context, request.principal()?, &predecessor).await?;
    Ok(reply::no_content())
}

fn is_damaged(error: &AuditError) -> bool {
    *error == AuditError::LogChanged
}

/// About so many bytes of JSON an event has.
const BYTES_PER_EVENT: usize = 600;

async fn respond(part: ExportedPart) -> Result<HttpResponse, Problem> {
    let ExportedPart { first, records, size } = part;
    let (pruned, events) = match records {
        ExportedRecords::Pruned(leaves) => (leaves, Vec::new()),
        ExportedRecords::Events(events) => (Vec::new(), events),
    };
    let bytes = pruned.len().saturating_add(events.len()).saturating_mul(BYTES_PER_EVENT);
    let pruned = (first..).zip(pruned).map(|(seq, leaf)| PrunedEvent { seq, leaf: hex::encode(leaf) });
    reply::large_json(bytes, move || Export {
        pruned: pruned.collect(),
        items: events.into_iter().map(ExportedEvent::from).collect(),
        size,
    })
    .await
}

impl From<RecordedEvent> for ExportedEvent {
    fn from(recorded: RecordedEvent) -> Self {
        let is_erased = recorded.is_erased();
        let RecordedEvent { seq, event, person_commitment } = recorded;
        let person = ExportedPerson { salt: hex::encode(event.salt), data: event.person };
        Self {
            log: match event.log {
                Log::Installation => None,
                Log::Tenant(tenant) => Some(tenant),
            },
            seq,
            id: event.id,
            time: event.time,
            action: event.action,
            outcome: event.outcome,
            actor: event.actor,
            object: event.object,
            reason_code: event.reason_code.map(|reason| reason.to_string()),
            request_id: event.request,
            count: event.count,
            policy: event.policy.map(PolicyRevision::from),
            person_commitment: hex::encode(person_commitment),
            person: (!is_erased).then_some(person),
        }
    }
}

/// An exported event has no commitment or salt of the right length.
#[derive(Debug, thiserror::Error)]
#[error("a commitment has 64 hexadecimal digits, and a salt has 32")]
pub(crate) struct ExportedEventError;

impl ExportedEvent {
    /// The event as it stands in its log, and whether what it knew of a person was erased.
    ///
    /// # Errors
    /// When a salt or a commitment is none.
    pub(crate) fn recorded(self) -> Result<(RecordedEvent, bool), ExportedEventError> {
        let mut person_commitment = [0; 32];
        let mut salt = [0; 16];
        hex::decode_to_slice(&self.person_commitment, &mut person_commitment)
            .map_err(|_| ExportedEventError)?;
        let is_erased = self.person.is_none();
        let person = match self.person {
            None => Person::default(),
            Some(person) => {
                hex::decode_to_slice(&person.salt, &mut salt).map_err(|_| ExportedEventError)?;
                person.data
            }
        };
        let event = audit::Event {
            id: self.id,
            salt,
            log: self.log.map_or(Log::Installation, Log::Tenant),
            time: self.time,
            action: self.action,
            outcome: self.outcome,
            actor: self.actor,
            object: self.object,
            reason_code: self.reason_code.map(RecordedReason::from_stored),
            request: self.request_id,
            count: self.count,
            policy: self.policy.map(|policy| Revision { id: policy.id, revision: policy.revision }),
            person,
        };
        Ok((RecordedEvent { seq: self.seq, event, person_commitment }, is_erased))
    }
}
