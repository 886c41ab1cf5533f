//! The rows of questions that wait for approval, or were decided on.

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use syft_space_domain::approval::ports::{ApprovalRows, ApprovalSelection, ApprovalUsage, ApprovalView};
use syft_space_domain::approval::{
    ApprovalKey, ApprovalRequest, ApprovalState, Decided, QuestionDigest, Verdict,
};
use syft_space_domain::ids::{ActorId, ApprovalId, EndpointId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::sealing::Sealed;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{
    Bytes, Key, after_key, limit_plus_one, parse, read_page, to_i64, to_u64, unreadable_column,
};
use crate::schema::approvals;
use crate::session::Session;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = approvals)]
struct ApprovalRow {
    tenant_id: Key,
    id: Key,
    endpoint_id: Key,
    policy_id: Key,
    caller_id: Key,
    question: Bytes<32>,
    purpose: Option<String>,
    characters: i64,
    prompt: Option<Vec<u8>>,
    asked_at: i64,
    ends_at: i64,
    verdict: Option<String>,
    decided_at: Option<i64>,
    decided_by: Option<Key>,
    note: Option<String>,
}

impl ApprovalRow {
    fn new(scope: &WriteScope, request: &ApprovalRequest) -> Result<Self, StoreError> {
        let decided = request.decided.as_ref();
        Ok(Self {
            tenant_id: scope.into(),
            id: request.id.into(),
            endpoint_id: request.key.endpoint.into(),
            policy_id: request.key.policy.into(),
            caller_id: request.key.caller.into(),
            question: Bytes(request.key.question.0),
            purpose: request.purpose.as_ref().map(|purpose| purpose.as_str().to_owned()),
            characters: to_i64(request.characters)?,
            prompt: request.prompt.as_ref().map(|sealed| sealed.as_bytes().to_vec()),
            asked_at: request.asked_at.as_unix_micros(),
            ends_at: request.ends_at.as_unix_micros(),
            verdict: decided.map(|decided| decided.verdict.as_str().to_owned()),
            decided_at: decided.map(|decided| decided.at.as_unix_micros()),
            decided_by: decided.map(|decided| decided.by.into()),
            note: decided.map(|decided| decided.note.as_str().to_owned()),
        })
    }
}

impl TryFrom<ApprovalRow> for ApprovalRequest {
    type Error = StoreError;
    fn try_from(row: ApprovalRow) -> Result<Self, StoreError> {
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
        Ok(Self {
            id: row.id.into(),
            key: ApprovalKey {
                endpoint: row.endpoint_id.into(),
                policy: row.policy_id.into(),
                caller: row.caller_id.into(),
                question: QuestionDigest(row.question.0),
            },
            purpose: row.purpose.map(TryInto::try_into).transpose().map_err(
                |error: syft_space_domain::policy::PurposeError| {
                    unreadable_column("approvals.purpose", &error)
                },
            )?,
            characters: to_u64(row.characters)?,
            prompt: row.prompt.map(Sealed::from_bytes),
            asked_at: Timestamp::from_unix_micros(row.asked_at),
            ends_at: Timestamp::from_unix_micros(row.ends_at),
            decided,
        })
    }
}

impl ApprovalView for Session<'_> {
    fn approval(
        &mut self,
        scope: &TenantScope,
        id: ApprovalId,
    ) -> Result<Option<ApprovalRequest>, StoreError> {
        let row: Option<ApprovalRow> = self.read(|connection| {
            let row = approvals::table.find((Key::from(scope), Key::from(id)));
            row.select(ApprovalRow::as_select()).first(connection).optional()
        })?;
        row.map(ApprovalRequest::try_from).transpose()
    }

    fn approval_of(
        &mut self,
        scope: &TenantScope,
        key: &ApprovalKey,
    ) -> Result<Option<ApprovalRequest>, StoreError> {
        let row: Option<ApprovalRow> = self.read(|connection| {
            approvals::table
                .filter(approvals::tenant_id.eq(Key::from(scope)))
                .filter(approvals::endpoint_id.eq(Key::from(key.endpoint)))
                .filter(approvals::caller_id.eq(Key::from(key.caller)))
                .filter(approvals::policy_id.eq(Key::from(key.policy)))
                .filter(approvals::question.eq(Bytes(key.question.0)))
                .select(ApprovalRow::as_select())
                .first(connection)
                .optional()
        })?;
        row.map(ApprovalRequest::try_from).transpose()
    }

    fn approvals(
        &mut self,
        scope: &TenantScope,
        selection: &ApprovalSelection,
        now: Timestamp,
        page: PageRequest<ApprovalId>,
    ) -> Result<Page<ApprovalRequest, ApprovalId>, StoreError> {
        let now = now.as_unix_micros();
        let mut query = approvals::table
            .filter(approvals::tenant_id.eq(Key::from(scope)))
            .filter(approvals::id.gt(after_key(page.after)))
            .order(approvals::id)
            .limit(limit_plus_one(page.limit))
            .select(ApprovalRow::as_select())
            .into_boxed();
        if let Some(endpoint) = selection.endpoint {
            query = query.filter(approvals::endpoint_id.eq(Key::from(endpoint)));
        }
        if let Some(caller) = selection.caller {
            query = query.filter(approvals::caller_id.eq(Key::from(caller)));
        }
        let of = |verdict: Verdict| approvals::verdict.eq(verdict.as_str());
        query = match selection.state {
            None => query,
            Some(ApprovalState::Pending) => {
                query.filter(approvals::verdict.is_null()).filter(approvals::ends_at.gt(now))
            }
            Some(ApprovalState::Approved) => {
                query.filter(of(Verdict::Approved)).filter(approvals::ends_at.gt(now))
            }
            Some(ApprovalState::Denied) => {
                query.filter(of(Verdict::Denied)).filter(approvals::ends_at.gt(now))
            }
            Some(ApprovalState::Ended) => query.filter(approvals::ends_at.le(now)),
        };
        self.read(|connection| {
            let rows = query.load_iter::<ApprovalRow, DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |row| {
                let request = ApprovalRequest::try_from(row)?;
                Ok((request.id, request))
            })
        })?
    }

    fn approval_usage(
        &mut self,
        scope: &TenantScope,
        endpoint: EndpointId,
        caller: ActorId,
    ) -> Result<ApprovalUsage, StoreError> {
        let tenant = Key::from(scope);
        let [of_caller, pending, all]: [i64; 3] = self.read(|connection| {
            let of_tenant = approvals::table.filter(approvals::tenant_id.eq(tenant));
            let pending = of_tenant.filter(approvals::verdict.is_null());
            let of_caller = pending
                .filter(approvals::endpoint_id.eq(Key::from(endpoint)))
                .filter(approvals::caller_id.eq(Key::from(caller)));
            Ok::<_, diesel::result::Error>([
                of_caller.count().get_result(connection)?,
                pending.count().get_result(connection)?,
                of_tenant.count().get_result(connection)?,
            ])
        })?;
        Ok(ApprovalUsage {
            pending_of_caller: to_u64(of_caller)?,
            pending: to_u64(pending)?,
            all: to_u64(all)?,
        })
    }
}

impl ApprovalRows for Session<'_> {
    fn add_approval(&mut self, scope: &WriteScope, request: &ApprovalRequest) -> Result<(), StoreError> {
        let row = ApprovalRow::new(scope, request)?;
        self.write(|connection| diesel::insert_into(approvals::table).values(row).execute(connection))?;
        Ok(())
    }

    fn decide_approval(&mut self, scope: &WriteScope, request: &ApprovalRequest) -> Result<(), StoreError> {
        let row = ApprovalRow::new(scope, request)?;
        let changed = self.write(|connection| {
            diesel::update(approvals::table.find((row.tenant_id, row.id)))
                .set((
                    approvals::ends_at.eq(row.ends_at),
                    approvals::verdict.eq(row.verdict),
                    approvals::decided_at.eq(row.decided_at),
                    approvals::decided_by.eq(row.decided_by),
                    approvals::note.eq(row.note),
                ))
                .execute(connection)
        })?;
        if changed == 0 {
            return Err(StoreError::Conflict(format!("there is no request {}", request.id)));
        }
        Ok(())
    }

    fn remove_approval(&mut self, scope: &WriteScope, id: ApprovalId) -> Result<bool, StoreError> {
        let row = (Key::from(scope), Key::from(id));
        let removed =
            self.write(|connection| diesel::delete(approvals::table.find(row)).execute(connection))?;
        Ok(removed > 0)
    }

    fn remove_ended_approvals(
        &mut self,
        scope: &WriteScope,
        now: Timestamp,
        most: usize,
    ) -> Result<u64, StoreError> {
        let tenant = Key::from(scope);
        let ended: Vec<Key> = self.read(|connection| {
            approvals::table
                .filter(approvals::tenant_id.eq(tenant))
                .filter(approvals::ends_at.le(now.as_unix_micros()))
                .order((approvals::ends_at, approvals::id))
                .limit(i64::try_from(most).unwrap_or(i64::MAX))
                .select(approvals::id)
                .load(connection)
        })?;
        if ended.is_empty() {
            return Ok(0);
        }
        let removed = self.write(|connection| {
            diesel::delete(approvals::table)
                .filter(approvals::tenant_id.eq(tenant))
                .filter(approvals::id.eq_any(&ended))
                .execute(connection)
        })?;
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }
}
