//! The end of a tenant: removing all its rows of a transaction.

use std::sync::Arc;

use syft_space_domain::audit::Log;
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantEnd, TenantPart, TenantScope, WriteScope};

use crate::transaction::{Transaction, check_key};

/// Removes so many rows of these tables, each only where there was room left behind the ones before.
macro_rules! remove_some {
    ($tables:expr, $scope:expr, $most:expr; $($table:ident),+) => {{
        let mut removed = 0;
        $(removed += $tables.$table.remove_some($scope, $most.saturating_sub(removed));)+
        removed
    }};
}

impl Transaction {
    pub(crate) fn write_tenant_end(&mut self, scope: &TenantScope, end: Option<TenantEnd>) {
        if let Some(row) = Arc::make_mut(&mut self.tables.tenants).get_mut(&scope.tenant()) {
            row.end = end;
            self.changes.insert(StateChange::Tenant(scope.tenant()));
        }
    }

    /// Removes rows of a part of a tenant: as many as that at most. Answers how many.
    pub(crate) fn remove_rows_of_tenant(
        &mut self,
        scope: &WriteScope,
        part: TenantPart,
        most: usize,
    ) -> usize {
        let tables = &mut self.tables;
        match part {
            TenantPart::Approvals => {
                remove_some!(tables, scope, most; approval_prompts, approvals, outdated_approvals)
            }
            TenantPart::Disclosures => remove_some!(tables, scope, most; disclosures),
            TenantPart::Ledger => remove_some!(tables, scope, most; transfers, balances),
            TenantPart::Marketplaces => remove_some!(tables, scope, most; listings, marketplaces),
            TenantPart::Endpoints => remove_some!(tables, scope, most; expectations, attached, endpoints),
            TenantPart::Policies => {
                remove_some!(tables, scope, most; groups_of_policies, policy_revisions, policies)
            }
            TenantPart::Groups => remove_some!(tables, scope, most; group_members, groups),
            TenantPart::ApiKeys => remove_some!(tables, scope, most; api_keys),
            TenantPart::Sessions => remove_some!(tables, scope, most; oidc_sessions, sessions),
            TenantPart::IdentityProviders => {
                let identities = Arc::make_mut(&mut tables.oidc_identities);
                let own = identities.keys().filter(|(tenant, ..)| *tenant == scope.tenant());
                let own: Vec<_> = own.take(most).cloned().collect();
                identities.retain(|key, _| !own.contains(key));
                own.len() + tables.oidc_providers.remove_some(scope, most.saturating_sub(own.len()))
            }
            TenantPart::Invitations => remove_some!(tables, scope, most; invitations, password_resets),
            TenantPart::Retention => remove_some!(tables, scope, most; retention_terms, legal_holds),
            TenantPart::Erasures => remove_some!(tables, scope, most; erasures),
            TenantPart::Datasets => remove_some!(tables, scope, most; jobs, datasets),
            TenantPart::Accounts => {
                remove_some!(tables, scope, most; second_factors, recovery_codes, accounts)
            }
            TenantPart::Log => {
                let log = Log::from(&**scope);
                tables.checkpoints.remove(&log);
                tables.watched.remove(&log);
                tables.delivered.retain(|(_, of), _| *of != log);
                usize::from(tables.logs.remove(log))
            }
        }
    }

    /// Removes a tenant to which nothing refers any more.
    pub(crate) fn remove_tenant_row(&mut self, scope: &WriteScope) -> Result<(), StoreError> {
        let mut left = Self::begin(self.tables.clone());
        let rows = TenantPart::ALL.into_iter().filter(|part| *part != TenantPart::Log);
        let is_empty = rows.map(|part| left.remove_rows_of_tenant(scope, part, 1)).all(|rows| rows == 0);
        check_key(is_empty, || format!("there is something of the tenant {}", scope.tenant()))?;
        if Arc::make_mut(&mut self.tables.tenants).remove(&scope.tenant()).is_some() {
            self.changes.insert(StateChange::Tenant(scope.tenant()));
        }
        Ok(())
    }
}
