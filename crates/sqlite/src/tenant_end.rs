//! The end of a tenant: what is known of it, and the removal of all its rows.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary};
use syft_space_domain::audit::Log;
use syft_space_domain::ids::TenantId;
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantEnd, TenantPart, TenantRemoval, TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::audit::log_key;
use crate::codec::{Key, unreadable_column};
use crate::schema::{
    audit_checkpoints, audit_logs, audit_sink_positions, audit_tree_backlog, audit_watched, ended_tenants,
    tenants,
};
use crate::session::Session;

/// A table of which each row is a tenant's: its name, and the columns of its key, whose first is the tenant.
type OwnedTable = (&'static str, &'static str);

/// The tables of a part, each behind those that refer to it. A test holds them against the schema.
const fn tables(part: TenantPart) -> &'static [OwnedTable] {
    match part {
        TenantPart::Approvals => &[
            ("approval_questions", "tenant_id, approval_id"),
            ("approvals", "tenant_id, id"),
            ("outdated_approvals", "tenant_id, kind, of_id"),
            ("approval_counts", "tenant_id"),
        ],
        TenantPart::Disclosures => &[("disclosures", "tenant_id, policy_id, caller_id, item")],
        TenantPart::Ledger => {
            &[("transfers", "tenant_id, event_id, policy_id"), ("balances", "tenant_id, key")]
        }
        TenantPart::Marketplaces => &[("listings", "tenant_id, id"), ("marketplaces", "tenant_id, id")],
        TenantPart::Endpoints => &[
            ("expectations", "tenant_id, endpoint_id, position"),
            ("endpoint_policies", "tenant_id, endpoint_id, policy_id"),
            ("endpoints", "tenant_id, id"),
        ],
        TenantPart::Policies => &[
            ("policy_groups", "tenant_id, policy_id, group_id"),
            ("policy_revisions", "tenant_id, policy_id, revision"),
            ("policies", "tenant_id, id"),
        ],
        TenantPart::Groups => {
            &[("group_members", "tenant_id, group_id, email"), ("address_groups", "tenant_id, id")]
        }
        TenantPart::ApiKeys => &[("api_keys", "tenant_id, id")],
        TenantPart::Sessions => &[
            ("oidc_sessions", "tenant_id, account_id, session_id"),
            ("sessions", "tenant_id, account_id, id"),
        ],
        TenantPart::IdentityProviders => {
            &[("oidc_identities", "tenant_id, issuer, subject"), ("oidc_providers", "tenant_id, id")]
        }
        TenantPart::Invitations => {
            &[("invitations", "tenant_id, id"), ("password_resets", "tenant_id, account_id")]
        }
        TenantPart::Retention => &[("retention_terms", "tenant_id, kind"), ("legal_holds", "tenant_id, id")],
        TenantPart::Erasures => &[("erasures", "tenant_id, account_id")],
        TenantPart::Datasets => &[("jobs", "tenant_id, dataset_id, id"), ("datasets", "tenant_id, id")],
        TenantPart::Accounts => {
            &[("recovery_codes", "tenant_id, account_id, code_hash"), ("accounts", "tenant_id, id")]
        }
        TenantPart::Log => &[
            ("audit_persons", "log, seq"),
            ("audit_events", "log, seq"),
            ("audit_blocks", "log, block"),
            ("audit_segments", "log, part, segment"),
            ("audit_tree_blocks", "log, block"),
            ("audit_pruned_blocks", "log, block"),
        ],
    }
}

/// When a tenant ends, as its columns tell.
pub(crate) fn end_of_columns(
    asked_at: Option<i64>,
    ends_at: Option<i64>,
    is_going: bool,
) -> Option<TenantEnd> {
    asked_at.zip(ends_at).map(|(asked_at, ends_at)| TenantEnd {
        asked_at: Timestamp::from_unix_micros(asked_at),
        ends_at: Timestamp::from_unix_micros(ends_at),
        is_going,
    })
}

impl Session<'_> {
    pub(crate) fn read_tenant_removal(
        &mut self,
        scope: &TenantScope,
    ) -> Result<Option<TenantRemoval>, StoreError> {
        let row = ended_tenants::table.find(Key::from(scope)).select(ended_tenants::removal);
        let found: Option<String> = self.read(|connection| row.first(connection).optional())?;
        let read = |text: String| {
            serde_json::from_str(&text).map_err(|error| unreadable_column("ended_tenants.removal", &error))
        };
        found.map(read).transpose()
    }

    pub(crate) fn read_removed_tenants(&mut self) -> Result<Vec<TenantId>, StoreError> {
        let rows = ended_tenants::table.order(ended_tenants::id).select(ended_tenants::id);
        let ids: Vec<Key> = self.read(|connection| rows.load(connection))?;
        Ok(ids.into_iter().map(TenantId::from).collect())
    }

    pub(crate) fn write_tenant_removal(
        &mut self,
        scope: &WriteScope,
        removal: &TenantRemoval,
    ) -> Result<(), StoreError> {
        let text = serde_json::to_string(removal).map_err(StoreError::failed)?;
        self.write(|connection| {
            diesel::replace_into(ended_tenants::table)
                .values((ended_tenants::id.eq(Key::from(scope)), ended_tenants::removal.eq(text)))
                .execute(connection)
        })?;
        Ok(())
    }

    pub(crate) fn write_tenant_end(
        &mut self,
        scope: &WriteScope,
        end: Option<TenantEnd>,
    ) -> Result<(), StoreError> {
        let changed = self.write(|connection| {
            diesel::update(tenants::table.find(Key::from(scope)))
                .set((
                    tenants::end_asked_at.eq(end.map(|end| end.asked_at.as_unix_micros())),
                    tenants::ends_at.eq(end.map(|end| end.ends_at.as_unix_micros())),
                    tenants::is_going.eq(end.is_some_and(|end| end.is_going)),
                ))
                .execute(connection)
        })?;
        if changed > 0 {
            self.record_change(StateChange::Tenant(scope.tenant()));
        }
        Ok(())
    }

    pub(crate) fn remove_rows_of_tenant(
        &mut self,
        scope: &WriteScope,
        part: TenantPart,
        most: usize,
    ) -> Result<u64, StoreError> {
        let mut removed = 0_usize;
        if part == TenantPart::Log {
            removed = self.end_log(scope)?;
        }
        for (table, key) in tables(part) {
            let left = most.saturating_sub(removed);
            if left == 0 {
                break;
            }
            removed = removed.saturating_add(self.remove_rows(table, key, scope, left)?);
        }
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }

    fn remove_rows(
        &mut self,
        table: &str,
        key: &str,
        scope: &WriteScope,
        most: usize,
    ) -> Result<usize, StoreError> {
        let owner = key.split(',').next().unwrap_or(key);
        let statement = format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {owner} = ? LIMIT ?)"
        );
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.write(|connection| {
            sql_query(statement)
                .bind::<Binary, _>(Key::from(scope))
                .bind::<BigInt, _>(most)
                .execute(connection)
        })
    }

    /// Ends the tenant's log: without its head it takes no event any more.
    fn end_log(&mut self, scope: &WriteScope) -> Result<usize, StoreError> {
        let log = log_key(Log::from(&**scope));
        let head = audit_logs::table.find(log).select(audit_logs::last_seq);
        if self.read(|connection| head.first::<i64>(connection).optional())?.is_none() {
            return Ok(0);
        }
        // An event of another unit of the same transaction would be written behind this, and the head with it.
        if self.ledger().is_some() {
            return Err(self.run_alone());
        }
        self.write(|connection| {
            let rows = [
                diesel::delete(audit_logs::table.find(log)).execute(connection)?,
                diesel::delete(audit_checkpoints::table.find(log)).execute(connection)?,
                diesel::delete(audit_watched::table.find(log)).execute(connection)?,
                diesel::delete(audit_tree_backlog::table.find(log)).execute(connection)?,
                diesel::delete(audit_sink_positions::table.filter(audit_sink_positions::log.eq(log)))
                    .execute(connection)?,
            ];
            QueryResult::Ok(rows.into_iter().fold(0, usize::saturating_add))
        })
    }

    pub(crate) fn remove_tenant_row(&mut self, scope: &WriteScope) -> Result<(), StoreError> {
        let removed = self
            .write(|connection| diesel::delete(tenants::table.find(Key::from(scope))).execute(connection))?;
        if removed > 0 {
            self.record_change(StateChange::Tenant(scope.tenant()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use diesel::sql_types::Text;
    use diesel::sqlite::SqliteConnection;
    use diesel_migrations::MigrationHarness;

    use super::*;
    use crate::database::DatabaseKind;

    #[derive(QueryableByName)]
    struct KeyColumn {
        #[diesel(sql_type = Text)]
        table_name: String,
        #[diesel(sql_type = Text)]
        column_name: String,
    }

    /// What is a tenant's, or of a log, and is not removed as part of it; and why.
    const ELSEWHERE: &[(&str, &str)] = &[
        ("audit_logs", "the head of the log: `end_log`"),
        ("audit_checkpoints", "`end_log`"),
        ("audit_watched", "`end_log`"),
        ("audit_tree_backlog", "`end_log`"),
        ("audit_sink_positions", "`end_log`"),
    ];

    #[test]
    fn g2_each_table_with_rows_of_tenants_is_removed_with_them_by_its_whole_key() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        connection.run_pending_migrations(DatabaseKind::App.migrations()).unwrap();
        let rows: Vec<KeyColumn> = sql_query(
            "SELECT tables.name AS table_name, columns.name AS column_name FROM sqlite_schema AS tables \
             JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table' AND columns.pk > 0 \
             ORDER BY tables.name, columns.pk",
        )
        .load(&mut connection)
        .unwrap();
        let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for KeyColumn { table_name, column_name } in rows {
            keys.entry(table_name).or_default().push(column_name);
        }
        keys.retain(|_, key| matches!(key[0].as_str(), "tenant_id" | "log"));
        let in_schema: BTreeSet<(String, String)> =
            keys.into_iter().map(|(table, key)| (table, key.join(", "))).collect();
        let named = TenantPart::ALL.into_iter().flat_map(|part| tables(part).iter().copied());
        let mut removed: BTreeSet<_> = named.map(|(table, key)| (table.to_owned(), key.to_owned())).collect();
        let elsewhere = in_schema.iter().filter(|(table, _)| ELSEWHERE.iter().any(|(name, _)| name == table));
        removed.extend(elsewhere.cloned());
        assert_eq!(removed, in_schema, "each table is removed in a part of the tenant, by its key");
        assert!(removed.len() > 30, "{removed:?}");
    }

    #[test]
    fn g2_each_table_with_a_column_of_tenants_begins_its_key_with_it() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        connection.run_pending_migrations(DatabaseKind::App.migrations()).unwrap();
        let rows: Vec<KeyColumn> = sql_query(
            "SELECT tables.name AS table_name, columns.name AS column_name FROM sqlite_schema AS tables \
             JOIN pragma_table_info(tables.name) AS columns \
             WHERE tables.type = 'table' AND columns.name IN ('tenant_id', 'log') AND columns.pk <> 1",
        )
        .load(&mut connection)
        .unwrap();
        let others: Vec<_> = rows.iter().map(|row| (&row.table_name, &row.column_name)).collect();
        assert!(others.is_empty(), "{others:?}");
    }
}
