//! The rows of retention terms and legal holds, and what goes by its age.

use diesel::prelude::*;
use syft_space_domain::audit::PrunedBlock;
use syft_space_domain::audit::ports::{LogScope, LogWriteScope, Seq};
use syft_space_domain::ids::{ActorId, InvitationId, LegalHoldId, PolicyId};
use syft_space_domain::retention::ports::{RetentionRows, RetentionView, ShownThing};
use syft_space_domain::retention::{LegalHold, RetentionKind, RetentionTerms};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::audit::log_key;
use crate::audit::pruned::load_blocks_before;
use crate::codec::{Key, parse, to_i64, to_u64, unreadable_column};
use crate::schema::{
    audit_events, audit_persons, disclosures, invitations, legal_holds, policy_revisions, retention_terms,
};
use crate::session::Session;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = legal_holds)]
struct HoldRow {
    tenant_id: Key,
    id: Key,
    reason: String,
    made_by: Option<Key>,
    created_at: i64,
}

impl TryFrom<HoldRow> for LegalHold {
    type Error = StoreError;
    fn try_from(row: HoldRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            reason: parse("legal_holds.reason", &row.reason)?,
            made_by: row.made_by.map(ActorId::from),
            created_at: Timestamp::from_unix_micros(row.created_at),
        })
    }
}

fn limit(at_most: usize) -> i64 {
    i64::try_from(at_most).unwrap_or(i64::MAX)
}

impl RetentionView for Session<'_> {
    fn retention_terms(&mut self, scope: &TenantScope) -> Result<RetentionTerms, StoreError> {
        let rows: Vec<(String, i64)> = self.read(|connection| {
            retention_terms::table
                .filter(retention_terms::tenant_id.eq(Key::from(scope)))
                .select((retention_terms::kind, retention_terms::days))
                .load(connection)
        })?;
        let mut terms = RetentionTerms::default();
        for (kind, days) in rows {
            let kind: RetentionKind = parse("retention_terms.kind", &kind)?;
            let days = u32::try_from(days).map_err(StoreError::failed)?;
            terms.set(kind, days).map_err(|error| unreadable_column("retention_terms.days", &error))?;
        }
        Ok(terms)
    }

    fn legal_holds(&mut self, scope: &TenantScope) -> Result<Vec<LegalHold>, StoreError> {
        let rows: Vec<HoldRow> = self.read(|connection| {
            legal_holds::table
                .filter(legal_holds::tenant_id.eq(Key::from(scope)))
                .order(legal_holds::id)
                .select(HoldRow::as_select())
                .load(connection)
        })?;
        rows.into_iter().map(LegalHold::try_from).collect()
    }

    fn events_with_persons(
        &mut self,
        log: LogScope<'_>,
        after: Option<Seq>,
        at_most: usize,
    ) -> Result<Vec<(Seq, Timestamp)>, StoreError> {
        let after = to_i64(after.map_or(0, |Seq(seq)| seq))?;
        let rows: Vec<(i64, i64)> = self.read(|connection| {
            audit_persons::table
                .inner_join(audit_events::table.on(
                    audit_events::log.eq(audit_persons::log).and(audit_events::seq.eq(audit_persons::seq)),
                ))
                .filter(audit_persons::log.eq(log_key(log.into())))
                .filter(audit_persons::seq.gt(after))
                .order(audit_persons::seq)
                .limit(limit(at_most))
                .select((audit_persons::seq, audit_events::time))
                .load(connection)
        })?;
        let known = |(seq, time)| Ok((Seq(to_u64(seq)?), Timestamp::from_unix_micros(time)));
        rows.into_iter().map(known).collect()
    }

    fn revisions_replaced_before(
        &mut self,
        scope: &TenantScope,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Vec<(PolicyId, u64)>, StoreError> {
        let newer = diesel::alias!(policy_revisions as newer);
        let rows: Vec<(Key, i64)> = self.read(|connection| {
            let is_replaced = newer
                .filter(newer.field(policy_revisions::tenant_id).eq(policy_revisions::tenant_id))
                .filter(newer.field(policy_revisions::policy_id).eq(policy_revisions::policy_id))
                .filter(newer.field(policy_revisions::revision).gt(policy_revisions::revision))
                .filter(newer.field(policy_revisions::changed_at).lt(before.as_unix_micros()));
            policy_revisions::table
                .filter(policy_revisions::tenant_id.eq(Key::from(scope)))
                .filter(diesel::dsl::exists(is_replaced))
                .order((policy_revisions::policy_id, policy_revisions::revision))
                .limit(limit(at_most))
                .select((policy_revisions::policy_id, policy_revisions::revision))
                .load(connection)
        })?;
        rows.into_iter().map(|(policy, revision)| Ok((policy.into(), to_u64(revision)?))).collect()
    }

    fn invitations_expired_before(
        &mut self,
        scope: &TenantScope,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Vec<InvitationId>, StoreError> {
        let ids: Vec<Key> = self.read(|connection| {
            invitations::table
                .filter(invitations::tenant_id.eq(Key::from(scope)))
                .filter(invitations::expires_at.lt(before.as_unix_micros()))
                .order(invitations::id)
                .limit(limit(at_most))
                .select(invitations::id)
                .load(connection)
        })?;
        Ok(ids.into_iter().map(InvitationId::from).collect())
    }

    fn disclosures_before(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Vec<ShownThing>, StoreError> {
        let rows: Vec<(Key, Key)> = self.read(|connection| {
            disclosures::table
                .filter(disclosures::tenant_id.eq(Key::from(scope)))
                .filter(disclosures::policy_id.eq(Key::from(policy)))
                .filter(disclosures::shown_at.lt(before.as_unix_micros()))
                .order((disclosures::caller_id, disclosures::item))
                .limit(limit(at_most))
                .select((disclosures::caller_id, disclosures::item))
                .load(connection)
        })?;
        Ok(rows.into_iter().map(|(caller, item)| (caller.into(), item.0)).collect())
    }

    fn blocks_before(
        &mut self,
        log: LogScope<'_>,
        before: Timestamp,
        up_to: u64,
        at_most: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let key = log_key(log.into());
        self.read(|connection| load_blocks_before(connection, key, before, up_to, at_most))
    }
}

impl RetentionRows for Session<'_> {
    fn set_retention_terms(&mut self, scope: &WriteScope, terms: &RetentionTerms) -> Result<(), StoreError> {
        self.atomically(|session| {
            for kind in RetentionKind::ALL {
                let days = i64::from(terms.days(kind));
                session.write(|connection| {
                    diesel::insert_into(retention_terms::table)
                        .values((
                            retention_terms::tenant_id.eq(Key::from(scope)),
                            retention_terms::kind.eq(kind.as_str()),
                            retention_terms::days.eq(days),
                        ))
                        .on_conflict((retention_terms::tenant_id, retention_terms::kind))
                        .do_update()
                        .set(retention_terms::days.eq(days))
                        .execute(connection)
                })?;
            }
            Ok(())
        })
    }

    fn add_legal_hold(&mut self, scope: &WriteScope, hold: &LegalHold) -> Result<(), StoreError> {
        let row = HoldRow {
            tenant_id: scope.into(),
            id: hold.id.into(),
            reason: hold.reason.to_string(),
            made_by: hold.made_by.map(Key::from),
            created_at: hold.created_at.as_unix_micros(),
        };
        self.write(|connection| diesel::insert_into(legal_holds::table).values(row).execute(connection))?;
        Ok(())
    }

    fn remove_legal_hold(&mut self, scope: &WriteScope, id: LegalHoldId) -> Result<bool, StoreError> {
        let removed = self.write(|connection| {
            diesel::delete(legal_holds::table.find((Key::from(scope), Key::from(id)))).execute(connection)
        })?;
        Ok(removed > 0)
    }

    fn remove_revisions(
        &mut self,
        scope: &WriteScope,
        revisions: &[(PolicyId, u64)],
    ) -> Result<u64, StoreError> {
        let mut removed = 0_u64;
        for (policy, revision) in revisions {
            let key = (Key::from(scope), Key::from(*policy), to_i64(*revision)?);
            let rows = self
                .write(|connection| diesel::delete(policy_revisions::table.find(key)).execute(connection))?;
            removed = removed.saturating_add(u64::try_from(rows).unwrap_or(u64::MAX));
        }
        Ok(removed)
    }

    fn forget_shown(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        before: Timestamp,
        shown: &[ShownThing],
    ) -> Result<u64, StoreError> {
        let mut forgotten = 0_u64;
        for (caller, item) in shown {
            let item = Key::from(ActorId::from_bytes(*item));
            let key = (Key::from(scope), Key::from(policy), Key::from(*caller), item);
            let rows = self.write(|connection| {
                let shown = disclosures::table.find(key);
                diesel::delete(shown.filter(disclosures::shown_at.lt(before.as_unix_micros())))
                    .execute(connection)
            })?;
            forgotten = forgotten.saturating_add(u64::try_from(rows).unwrap_or(u64::MAX));
        }
        Ok(forgotten)
    }

    fn prune(&mut self, log: &LogWriteScope, block: &PrunedBlock) -> Result<u64, StoreError> {
        self.prune_block(log.log(), block)
    }
}
