//! How a request that waits for approval, or was decided on, stands in its two tables.

use diesel::dsl::{AsSelect, IsNotNull};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use syft_space_domain::approval::{ApprovalKey, ApprovalRequest, Asker, Decided, Extent, QuestionDigest};
use syft_space_domain::dataset::{ContextSize, Threshold};
use syft_space_domain::sealing::Sealed;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::WriteScope;
use syft_space_domain::time::Timestamp;

use crate::codec::{Bytes, Key, parse, to_i64, to_u64, unreadable_column};
use crate::schema::{approval_questions, approvals};

/// A request.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = approvals)]
pub(crate) struct ApprovalRow {
    pub(crate) tenant_id: Key,
    pub(crate) id: Key,
    endpoint_id: Key,
    policy_id: Key,
    caller_id: Key,
    question: Bytes<32>,
    asker: Key,
    asked_at: i64,
    pub(crate) ends_at: i64,
    pub(crate) verdict: Option<String>,
    pub(crate) decided_at: Option<i64>,
    pub(crate) decided_by: Option<Key>,
    pub(crate) note: Option<String>,
}

/// What is asked, without its text.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_questions)]
pub(crate) struct QuestionRow {
    tenant_id: Key,
    approval_id: Key,
    caller_kind: Option<String>,
    purpose: Option<String>,
    characters: i64,
    hit_limit: Option<i64>,
    threshold: Option<f32>,
    context: Option<i64>,
    hub_id: Option<Key>,
}

/// What is read of a request: whether its text is kept, and never the text.
pub(crate) type Columns =
    (AsSelect<ApprovalRow, Sqlite>, AsSelect<QuestionRow, Sqlite>, IsNotNull<approval_questions::prompt>);
/// What was read of a request.
pub(crate) type Stored = (ApprovalRow, QuestionRow, bool);

/// What is read of a request.
pub(crate) fn columns() -> Columns {
    (ApprovalRow::as_select(), QuestionRow::as_select(), approval_questions::prompt.is_not_null())
}

impl ApprovalRow {
    pub(crate) fn new(scope: &WriteScope, request: &ApprovalRequest) -> Self {
        let decided = request.decided.as_ref();
        Self {
            tenant_id: scope.into(),
            id: request.id.into(),
            endpoint_id: request.key.endpoint.into(),
            policy_id: request.key.policy.into(),
            caller_id: request.key.caller.into(),
            question: Bytes(request.key.question.0),
            asker: Bytes(request.asker.0),
            asked_at: request.asked_at.as_unix_micros(),
            ends_at: request.ends_at.as_unix_micros(),
            verdict: decided.map(|decided| decided.verdict.as_str().to_owned()),
            decided_at: decided.map(|decided| decided.at.as_unix_micros()),
            decided_by: decided.map(|decided| decided.by.into()),
            note: decided.map(|decided| decided.note.as_str().to_owned()),
        }
    }
}

impl QuestionRow {
    pub(crate) fn new(scope: &WriteScope, request: &ApprovalRequest) -> Result<Self, StoreError> {
        let extent = request.extent.as_ref();
        Ok(Self {
            tenant_id: scope.into(),
            approval_id: request.id.into(),
            caller_kind: request.caller_kind.map(|kind| kind.as_str().to_owned()),
            purpose: request.purpose.as_ref().map(|purpose| purpose.as_str().to_owned()),
            characters: to_i64(request.characters)?,
            hit_limit: extent.map(|extent| to_i64(extent.limit)).transpose()?,
            threshold: extent.map(|extent| extent.threshold.get()),
            context: extent.map(|extent| extent.context.get().into()),
            hub_id: request.hub.map(Key::from),
        })
    }

    fn extent(&self) -> Result<Option<Extent>, StoreError> {
        let (Some(limit), Some(threshold), Some(context)) = (self.hit_limit, self.threshold, self.context)
        else {
            return Ok(None);
        };
        let unreadable = |error| unreadable_column("approval_questions.threshold", &error);
        Ok(Some(Extent {
            limit: to_u64(limit)?,
            threshold: Threshold::parse(threshold).map_err(unreadable)?,
            context: ContextSize::parse(to_u64(context)?).map_err(unreadable)?,
        }))
    }
}

/// The text of a question as its column holds it.
pub(crate) fn text(prompt: Option<&Sealed>) -> Option<Vec<u8>> {
    prompt.map(|prompt| prompt.as_bytes().to_vec())
}

/// The request that was read.
pub(crate) fn request((row, question, prompt_kept): Stored) -> Result<ApprovalRequest, StoreError> {
    let extent = question.extent()?;
    let decided = match (row.verdict, row.decided_at, row.decided_by, row.note) {
        (None, None, None, None) => None,
        (Some(verdict), Some(at), Some(by), Some(note)) => Some(Decided {
            verdict: parse("approvals.verdict", &verdict)?,
            at: Timestamp::from_unix_micros(at),
            by: by.into(),
            note: parse("approvals.note", &note)?,
        }),
        _ => return Err(unreadable_column("approvals.verdict", &"a part of the decision is missing")),
    };
    let kind = question.caller_kind.map(|kind| parse("approval_questions.caller_kind", &kind));
    Ok(ApprovalRequest {
        id: row.id.into(),
        key: ApprovalKey {
            endpoint: row.endpoint_id.into(),
            policy: row.policy_id.into(),
            caller: row.caller_id.into(),
            question: QuestionDigest(row.question.0),
        },
        asker: Asker(row.asker.0),
        caller_kind: kind.transpose()?,
        hub: question.hub_id.map(Into::into),
        purpose: question.purpose.map(TryInto::try_into).transpose().map_err(
            |error: syft_space_domain::policy::PurposeError| {
                unreadable_column("approval_questions.purpose", &error)
            },
        )?,
        characters: to_u64(question.characters)?,
        extent,
        prompt_kept,
        asked_at: Timestamp::from_unix_micros(row.asked_at),
        ends_at: Timestamp::from_unix_micros(row.ends_at),
        decided,
    })
}
