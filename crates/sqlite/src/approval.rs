//! The rows of questions that wait for approval, or were decided on.

use std::time::Duration;

use diesel::connection::DefaultLoadingMode;
use diesel::dsl::{exists, min, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use syft_space_domain::approval::ports::{
    ApprovalPlace, ApprovalRows, ApprovalSelection, ApprovalUsage, ApprovalView, ApprovalsOf,
};
use syft_space_domain::approval::{ApprovalKey, ApprovalRequest, ApprovalState, Verdict};
use syft_space_domain::ids::{ApprovalId, PolicyId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::sealing::Sealed;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::approval_row::{ApprovalRow, QuestionRow, Stored, columns, request, text};
use crate::codec::{Bytes, Key, after_key, limit_plus_one, read_page, to_u64, unreadable_column};
use crate::schema::{
    approval_counts, approval_questions, approvals, endpoints, outdated_approvals, policies,
};
use crate::session::Session;

/// The requests, each with what is asked.
macro_rules! with_questions {
    () => {
        approvals::table.inner_join(
            approval_questions::table.on(approval_questions::tenant_id
                .eq(approvals::tenant_id)
                .and(approval_questions::approval_id.eq(approvals::id))),
        )
    };
}

impl ApprovalView for Session<'_> {
    fn approval(
        &mut self,
        scope: &TenantScope,
        id: ApprovalId,
    ) -> Result<Option<ApprovalRequest>, StoreError> {
        let row: Option<Stored> = self.read(|connection| {
            with_questions!()
                .filter(approvals::tenant_id.eq(Key::from(scope)))
                .filter(approvals::id.eq(Key::from(id)))
                .select(columns())
                .first(connection)
                .optional()
        })?;
        row.map(request).transpose()
    }

    fn approval_of(
        &mut self,
        scope: &TenantScope,
        key: &ApprovalKey,
    ) -> Result<Option<ApprovalRequest>, StoreError> {
        let row: Option<Stored> = self.read(|connection| {
            with_questions!()
                .filter(approvals::tenant_id.eq(Key::from(scope)))
                .filter(approvals::endpoint_id.eq(Key::from(key.endpoint)))
                .filter(approvals::caller_id.eq(Key::from(key.caller)))
                .filter(approvals::policy_id.eq(Key::from(key.policy)))
                .filter(approvals::question.eq(Bytes(key.question.0)))
                .select(columns())
                .first(connection)
                .optional()
        })?;
        row.map(request).transpose()
    }

    fn approvals(
        &mut self,
        scope: &TenantScope,
        selection: &ApprovalSelection,
        now: Timestamp,
        page: PageRequest<ApprovalId>,
    ) -> Result<Page<ApprovalRequest, ApprovalId>, StoreError> {
        let now = now.as_unix_micros();
        // Which they are, an index tells that holds all it hangs on. Asked for the rows at once, SQLite walks all of the tenant's.
        let mut query = approvals::table
            .filter(approvals::tenant_id.eq(Key::from(scope)))
            .filter(approvals::id.gt(after_key(page.after)))
            .order(approvals::id)
            .limit(limit_plus_one(page.limit))
            .select(approvals::id)
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
            let rows = with_questions!()
                .filter(approvals::tenant_id.eq(Key::from(scope)))
                .filter(approvals::id.eq_any(query))
                .order(approvals::id)
                .select(columns())
                .load_iter::<Stored, DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |row| {
                let request = request(row)?;
                Ok((request.id, request))
            })
        })?
    }

    fn approval_prompt(&mut self, scope: &TenantScope, id: ApprovalId) -> Result<Option<Sealed>, StoreError> {
        let prompt: Option<Option<Vec<u8>>> = self.read(|connection| {
            let row = approval_questions::table.find((Key::from(scope), Key::from(id)));
            row.select(approval_questions::prompt).first(connection).optional()
        })?;
        Ok(prompt.flatten().map(Sealed::from_bytes))
    }

    fn approval_usage(
        &mut self,
        scope: &TenantScope,
        place: &ApprovalPlace,
    ) -> Result<ApprovalUsage, StoreError> {
        let tenant = Key::from(scope);
        let (numbers, counts, first_end) = self.read(|connection| {
            let of_tenant = approvals::table.filter(approvals::tenant_id.eq(tenant));
            let of_asker = of_tenant.filter(approvals::asker.eq(Bytes(place.asker.0)));
            let pending = of_asker.filter(approvals::verdict.is_null());
            let here = pending
                .filter(approvals::endpoint_id.eq(Key::from(place.endpoint)))
                .filter(approvals::policy_id.eq(Key::from(place.policy)));
            let at_endpoint = of_tenant
                .filter(approvals::endpoint_id.eq(Key::from(place.endpoint)))
                .filter(approvals::verdict.is_null());
            let numbers: [i64; 4] = [
                here.count().get_result(connection)?,
                pending.count().get_result(connection)?,
                of_asker.count().get_result(connection)?,
                at_endpoint.count().get_result(connection)?,
            ];
            let counts: Option<(i64, i64)> = approval_counts::table
                .find(tenant)
                .select((approval_counts::pending, approval_counts::total))
                .first(connection)
                .optional()?;
            let first_end: Option<i64> = of_tenant.select(min(approvals::ends_at)).first(connection)?;
            Ok::<_, diesel::result::Error>((numbers, counts.unwrap_or_default(), first_end))
        })?;
        let ([here, of_caller, all_of_caller, at_endpoint], (pending, all)) = (numbers, counts);
        Ok(ApprovalUsage {
            pending_of_caller_here: to_u64(here)?,
            pending_of_caller: to_u64(of_caller)?,
            all_of_caller: to_u64(all_of_caller)?,
            pending_at_endpoint: to_u64(at_endpoint)?,
            pending: to_u64(pending)?,
            all: to_u64(all)?,
            first_end: first_end.map(Timestamp::from_unix_micros),
        })
    }

    fn outdated_approvals(
        &mut self,
        scope: &TenantScope,
        most: usize,
    ) -> Result<Vec<ApprovalsOf>, StoreError> {
        let rows: Vec<(String, Key)> = self.read(|connection| {
            outdated_approvals::table
                .filter(outdated_approvals::tenant_id.eq(Key::from(scope)))
                .limit(i64::try_from(most).unwrap_or(i64::MAX))
                .select((outdated_approvals::kind, outdated_approvals::of_id))
                .load(connection)
        })?;
        rows.into_iter().map(|(kind, id)| outdated_from(&kind, id)).collect()
    }
}

impl ApprovalRows for Session<'_> {
    fn add_approval(
        &mut self,
        scope: &WriteScope,
        request: &ApprovalRequest,
        prompt: Option<&Sealed>,
    ) -> Result<(), StoreError> {
        let (tenant, key) = (Key::from(scope), request.key);
        // They go behind these, so no foreign key says that they are there.
        let are_there = self.read(|connection| {
            let endpoint = endpoints::table.find((tenant, Key::from(key.endpoint)));
            let policy = policies::table.find((tenant, Key::from(key.policy)));
            diesel::select(exists(endpoint).and(exists(policy))).get_result::<bool>(connection)
        })?;
        if !are_there {
            let missing = format!("there is no endpoint {}, or no policy {}", key.endpoint, key.policy);
            return Err(StoreError::Conflict(missing));
        }
        let row = ApprovalRow::new(scope, request);
        let question = QuestionRow::new(scope, request)?;
        let prompt = approval_questions::prompt.eq(text(prompt));
        self.write(|connection| diesel::insert_into(approvals::table).values(row).execute(connection))?;
        self.write(|connection| {
            diesel::insert_into(approval_questions::table).values((question, prompt)).execute(connection)
        })?;
        Ok(())
    }

    fn decide_approval(&mut self, scope: &WriteScope, request: &ApprovalRequest) -> Result<(), StoreError> {
        let row = ApprovalRow::new(scope, request);
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

    fn shorten_approvals(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        valid_for: Duration,
        most: usize,
    ) -> Result<u64, StoreError> {
        let tenant = Key::from(scope);
        let span = i64::try_from(valid_for.as_micros()).unwrap_or(i64::MAX);
        let longer: Vec<Key> = self.read(|connection| {
            approvals::table
                .filter(approvals::tenant_id.eq(tenant))
                .filter(approvals::policy_id.eq(Key::from(policy)))
                .filter(sql::<Bool>("ends_at - decided_at > ").bind::<BigInt, _>(span))
                .limit(i64::try_from(most).unwrap_or(i64::MAX))
                .select(approvals::id)
                .load(connection)
        })?;
        if longer.is_empty() {
            return Ok(0);
        }
        let changed = self.write(|connection| {
            let rows = approvals::table
                .filter(approvals::tenant_id.eq(tenant))
                .filter(approvals::id.eq_any(&longer))
                .filter(approvals::decided_at.is_not_null());
            let ends_at = sql::<BigInt>("decided_at + ").bind::<BigInt, _>(span);
            diesel::update(rows).set(approvals::ends_at.eq(ends_at)).execute(connection)
        })?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
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
        self.remove_all(tenant, &ended)
    }

    fn remove_approvals_of(
        &mut self,
        scope: &WriteScope,
        of: ApprovalsOf,
        most: usize,
    ) -> Result<u64, StoreError> {
        let tenant = Key::from(scope);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let of_tenant =
            approvals::table.filter(approvals::tenant_id.eq(tenant)).select(approvals::id).limit(most);
        let gone: Vec<Key> = self.read(|connection| match of {
            ApprovalsOf::Endpoint(id) => {
                of_tenant.filter(approvals::endpoint_id.eq(Key::from(id))).load(connection)
            }
            ApprovalsOf::Policy(id) => {
                of_tenant.filter(approvals::policy_id.eq(Key::from(id))).load(connection)
            }
            ApprovalsOf::Caller(id) => {
                of_tenant.filter(approvals::caller_id.eq(Key::from(id))).load(connection)
            }
        })?;
        self.remove_all(tenant, &gone)
    }

    fn note_outdated_approvals(
        &mut self,
        scope: &WriteScope,
        of: ApprovalsOf,
        are_outdated: bool,
    ) -> Result<(), StoreError> {
        let (kind, id) = outdated(of);
        let row = (Key::from(scope), kind, id);
        self.write(|connection| {
            if are_outdated {
                let values = (
                    outdated_approvals::tenant_id.eq(row.0),
                    outdated_approvals::kind.eq(row.1),
                    outdated_approvals::of_id.eq(row.2),
                );
                diesel::insert_into(outdated_approvals::table)
                    .values(values)
                    .on_conflict_do_nothing()
                    .execute(connection)
            } else {
                diesel::delete(outdated_approvals::table.find(row)).execute(connection)
            }
        })?;
        Ok(())
    }
}

/// How something of which requests are outdated stands in its row.
fn outdated(of: ApprovalsOf) -> (&'static str, Key) {
    match of {
        ApprovalsOf::Endpoint(id) => ("endpoint", id.into()),
        ApprovalsOf::Policy(id) => ("policy", id.into()),
        ApprovalsOf::Caller(id) => ("caller", id.into()),
    }
}

fn outdated_from(kind: &str, id: Key) -> Result<ApprovalsOf, StoreError> {
    match kind {
        "endpoint" => Ok(ApprovalsOf::Endpoint(id.into())),
        "policy" => Ok(ApprovalsOf::Policy(id.into())),
        "caller" => Ok(ApprovalsOf::Caller(id.into())),
        other => Err(unreadable_column("outdated_approvals.kind", &other)),
    }
}

impl Session<'_> {
    fn remove_all(&mut self, tenant: Key, ids: &[Key]) -> Result<u64, StoreError> {
        if ids.is_empty() {
            return Ok(0);
        }
        let removed = self.write(|connection| {
            diesel::delete(approvals::table)
                .filter(approvals::tenant_id.eq(tenant))
                .filter(approvals::id.eq_any(ids))
                .execute(connection)
        })?;
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }
}
