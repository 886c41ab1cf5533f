//! The rows of the revisions that are kept of policies.

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use syft_space_domain::audit::RecordedReason;
use syft_space_domain::ids::{ActorId, PolicyId};
use syft_space_domain::page::{Cursor, Page, PageRequest};
use syft_space_domain::policy::ports::{RevisionRows, RevisionView};
use syft_space_domain::policy::{KeptRevision, PolicyConfiguration, RevisionSummary};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Key, limit_plus_one, parse, read_page, to_i64, to_u64};
use crate::disclosure::total;
use crate::schema::policy_revisions;
use crate::session::Session;

#[derive(Queryable, Selectable)]
#[diesel(table_name = policy_revisions, check_for_backend(Sqlite))]
struct SummaryRow {
    revision: i64,
    changed_at: i64,
    changed_by: Option<Key>,
    changes: Option<String>,
    rolled_back_to: Option<i64>,
    name: String,
    policy_type: String,
    enforcement: String,
}

impl TryFrom<SummaryRow> for RevisionSummary {
    type Error = StoreError;
    fn try_from(row: SummaryRow) -> Result<Self, StoreError> {
        Ok(Self {
            revision: to_u64(row.revision)?,
            changed_at: Timestamp::from_unix_micros(row.changed_at),
            changed_by: row.changed_by.map(ActorId::from),
            changes: row.changes.map(RecordedReason::from_stored),
            rolled_back_to: row.rolled_back_to.map(to_u64).transpose()?,
            name: row.name,
            policy_type: row.policy_type,
            enforcement: parse("policy_revisions.enforcement", &row.enforcement)?,
        })
    }
}

impl RevisionView for Session<'_> {
    fn revisions(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
        page: PageRequest<u64>,
    ) -> Result<Page<RevisionSummary, u64>, StoreError> {
        let before = page.after.map_or(i64::MAX, |Cursor(before)| i64::try_from(before).unwrap_or(i64::MAX));
        self.read(|connection| {
            let rows = policy_revisions::table
                .filter(policy_revisions::tenant_id.eq(Key::from(scope)))
                .filter(policy_revisions::policy_id.eq(Key::from(policy)))
                .filter(policy_revisions::revision.lt(before))
                .order(policy_revisions::revision.desc())
                .limit(limit_plus_one(page.limit))
                .select(SummaryRow::as_select())
                .load_iter::<SummaryRow, DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |row| {
                let summary = RevisionSummary::try_from(row)?;
                Ok((summary.revision, summary))
            })
        })?
    }

    fn revision(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
        revision: u64,
    ) -> Result<Option<KeptRevision>, StoreError> {
        // No row has a number that SQLite has none for.
        let Ok(number) = i64::try_from(revision) else { return Ok(None) };
        let row: Option<(SummaryRow, i64, String)> = self.read(|connection| {
            let row = policy_revisions::table.find((Key::from(scope), Key::from(policy), number));
            row.select((SummaryRow::as_select(), policy_revisions::patterns, policy_revisions::configuration))
                .first(connection)
                .optional()
        })?;
        let kept = |(row, patterns, stored): (SummaryRow, i64, String)| {
            let summary = RevisionSummary::try_from(row)?;
            let patterns = to_u64(patterns)?;
            let configuration = PolicyConfiguration::from_storage(&summary.policy_type, &stored, patterns);
            Ok(KeptRevision { policy, summary, configuration })
        };
        row.map(kept).transpose()
    }

    fn revision_sizes(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
    ) -> Result<Vec<(u64, u64)>, StoreError> {
        let rows: Vec<(i64, i64)> = self.read(|connection| {
            policy_revisions::table
                .filter(policy_revisions::tenant_id.eq(Key::from(scope)))
                .filter(policy_revisions::policy_id.eq(Key::from(policy)))
                .order(policy_revisions::revision.desc())
                .select((policy_revisions::revision, policy_revisions::bytes))
                .load(connection)
        })?;
        rows.into_iter().map(|(revision, bytes)| Ok((to_u64(revision)?, to_u64(bytes)?))).collect()
    }

    fn revision_bytes(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        let bytes: Option<i64> = self.read(|connection| {
            let own = policy_revisions::table.filter(policy_revisions::tenant_id.eq(Key::from(scope)));
            own.select(total(policy_revisions::bytes)).first(connection)
        })?;
        to_u64(bytes.unwrap_or_default())
    }
}

impl RevisionRows for Session<'_> {
    fn keep_revision(&mut self, scope: &WriteScope, kept: &KeptRevision) -> Result<(), StoreError> {
        let KeptRevision { policy, summary, configuration } = kept;
        let row = (
            policy_revisions::tenant_id.eq(Key::from(scope)),
            policy_revisions::policy_id.eq(Key::from(*policy)),
            policy_revisions::revision.eq(to_i64(summary.revision)?),
            policy_revisions::changed_at.eq(summary.changed_at.as_unix_micros()),
            policy_revisions::changed_by.eq(summary.changed_by.map(Key::from)),
            policy_revisions::changes.eq(summary.changes.as_ref().map(RecordedReason::as_str)),
            policy_revisions::rolled_back_to.eq(summary.rolled_back_to.map(to_i64).transpose()?),
            policy_revisions::name.eq(&summary.name),
            policy_revisions::policy_type.eq(configuration.type_name()),
            policy_revisions::patterns.eq(to_i64(configuration.patterns())?),
            policy_revisions::bytes.eq(to_i64(configuration.bytes())?),
            policy_revisions::enforcement.eq(summary.enforcement.as_str()),
            policy_revisions::configuration.eq(configuration.stored()),
        );
        self.write(|connection| {
            diesel::insert_into(policy_revisions::table).values(row).execute(connection)
        })?;
        Ok(())
    }

    fn remove_revisions_before(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        revision: u64,
    ) -> Result<(), StoreError> {
        let before = to_i64(revision)?;
        self.write(|connection| {
            diesel::delete(policy_revisions::table)
                .filter(policy_revisions::tenant_id.eq(Key::from(scope)))
                .filter(policy_revisions::policy_id.eq(Key::from(policy)))
                .filter(policy_revisions::revision.lt(before))
                .execute(connection)
        })?;
        Ok(())
    }
}
