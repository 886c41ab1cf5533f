//! The rows of policies, and of their attachments to endpoints.

use diesel::connection::DefaultLoadingMode;
use diesel::dsl::exists;
use diesel::prelude::*;
use syft_space_domain::ids::{EndpointId, PolicyId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::policy::ports::{Attachment, PolicyRows, PolicyUsage, PolicyView};
use syft_space_domain::policy::{Policy, PolicyConfiguration};
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Key, after_key, limit_plus_one, parse, read_page, to_i64, to_u64};
use crate::schema::{endpoint_policies, endpoints, policies};
use crate::session::Session;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = policies)]
struct PolicyRow {
    tenant_id: Key,
    id: Key,
    name: String,
    policy_type: String,
    configuration: String,
    revision: i64,
    created_at: i64,
    updated_at: i64,
    patterns: i64,
    bytes: i64,
    enforcement: String,
}

impl PolicyRow {
    fn new(scope: &TenantScope, policy: &Policy) -> Result<Self, StoreError> {
        Ok(Self {
            tenant_id: scope.into(),
            id: policy.id.into(),
            name: policy.name.clone(),
            policy_type: policy.configuration.type_name().to_owned(),
            configuration: policy.configuration.stored().to_owned(),
            revision: to_i64(policy.revision)?,
            created_at: policy.created_at.as_unix_micros(),
            updated_at: policy.updated_at.as_unix_micros(),
            patterns: to_i64(policy.configuration.patterns())?,
            bytes: to_i64(policy.configuration.bytes())?,
            enforcement: policy.enforcement.as_str().to_owned(),
        })
    }
}

impl TryFrom<PolicyRow> for Policy {
    type Error = StoreError;
    fn try_from(row: PolicyRow) -> Result<Self, StoreError> {
        let patterns = to_u64(row.patterns)?;
        Ok(Self {
            id: row.id.into(),
            name: row.name,
            configuration: PolicyConfiguration::from_storage(&row.policy_type, &row.configuration, patterns),
            enforcement: parse("policies.enforcement", &row.enforcement)?,
            revision: to_u64(row.revision)?,
            created_at: Timestamp::from_unix_micros(row.created_at),
            updated_at: Timestamp::from_unix_micros(row.updated_at),
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = endpoint_policies)]
struct AttachmentRow {
    tenant_id: Key,
    endpoint_id: Key,
    policy_id: Key,
    position: i64,
}

impl PolicyView for Session<'_> {
    fn policy(&mut self, scope: &TenantScope, id: PolicyId) -> Result<Option<Policy>, StoreError> {
        let row: Option<PolicyRow> = self.read(|connection| {
            let row = policies::table.find((Key::from(scope), Key::from(id)));
            row.select(PolicyRow::as_select()).first(connection).optional()
        })?;
        row.map(Policy::try_from).transpose()
    }

    fn policy_revision(&mut self, scope: &TenantScope, id: PolicyId) -> Result<Option<u64>, StoreError> {
        let revision: Option<i64> = self.read(|connection| {
            let row = policies::table.find((Key::from(scope), Key::from(id)));
            row.select(policies::revision).first(connection).optional()
        })?;
        revision.map(to_u64).transpose()
    }

    fn policies(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<PolicyId>,
    ) -> Result<Page<Policy, PolicyId>, StoreError> {
        self.read(|connection| {
            let rows = policies::table
                .filter(policies::tenant_id.eq(Key::from(scope)))
                .filter(policies::id.gt(after_key(page.after)))
                .order(policies::id)
                .limit(limit_plus_one(page.limit))
                .select(PolicyRow::as_select())
                .load_iter::<PolicyRow, DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |row| {
                let policy = Policy::try_from(row)?;
                Ok((policy.id, policy))
            })
        })?
    }

    fn count_policies(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        let count: i64 = self.read(|connection| {
            let own = policies::table.filter(policies::tenant_id.eq(Key::from(scope)));
            own.count().get_result(connection)
        })?;
        to_u64(count)
    }

    fn policy_usage(&mut self, scope: &TenantScope) -> Result<PolicyUsage, StoreError> {
        let rows: Vec<(i64, i64)> = self.read(|connection| {
            let own = policies::table.filter(policies::tenant_id.eq(Key::from(scope)));
            own.select((policies::patterns, policies::bytes)).load(connection)
        })?;
        rows.into_iter().try_fold(PolicyUsage::default(), |usage, (patterns, bytes)| {
            let patterns = usage.patterns.saturating_add(to_u64(patterns)?);
            Ok(PolicyUsage { patterns, bytes: usage.bytes.saturating_add(to_u64(bytes)?) })
        })
    }

    fn attachments(
        &mut self,
        scope: &TenantScope,
        endpoint: Option<EndpointId>,
    ) -> Result<Vec<Attachment>, StoreError> {
        let same_policy = policies::tenant_id
            .eq(endpoint_policies::tenant_id)
            .and(policies::id.eq(endpoint_policies::policy_id));
        let rows: Vec<(Key, Key, String, String, String)> = self.read(|connection| {
            let attached = endpoint_policies::table
                .inner_join(policies::table.on(same_policy))
                .filter(endpoint_policies::tenant_id.eq(Key::from(scope)))
                .order((endpoint_policies::endpoint_id, endpoint_policies::position))
                .select((
                    endpoint_policies::endpoint_id,
                    policies::id,
                    policies::name,
                    policies::policy_type,
                    policies::enforcement,
                ));
            match endpoint {
                None => attached.load(connection),
                Some(id) => {
                    attached.filter(endpoint_policies::endpoint_id.eq(Key::from(id))).load(connection)
                }
            }
        })?;
        let attachment = |(endpoint, policy, name, policy_type, enforcement): (Key, Key, _, _, String)| {
            let enforcement = parse("policies.enforcement", &enforcement)?;
            Ok(Attachment {
                endpoint: endpoint.into(),
                policy: policy.into(),
                name,
                policy_type,
                enforcement,
            })
        };
        rows.into_iter().map(attachment).collect()
    }

    fn endpoints_of_policy(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
    ) -> Result<Vec<EndpointId>, StoreError> {
        let ids: Vec<Key> = self.read(|connection| {
            endpoint_policies::table
                .filter(endpoint_policies::tenant_id.eq(Key::from(scope)))
                .filter(endpoint_policies::policy_id.eq(Key::from(policy)))
                .order(endpoint_policies::endpoint_id)
                .select(endpoint_policies::endpoint_id)
                .load(connection)
        })?;
        Ok(ids.into_iter().map(EndpointId::from).collect())
    }
}

impl PolicyRows for Session<'_> {
    fn add_policy(&mut self, scope: &WriteScope, policy: &Policy) -> Result<(), StoreError> {
        let row = PolicyRow::new(scope, policy)?;
        self.write(|connection| diesel::insert_into(policies::table).values(row).execute(connection))?;
        Ok(())
    }

    fn update_policy(&mut self, scope: &WriteScope, policy: &Policy) -> Result<(), StoreError> {
        let row = PolicyRow::new(scope, policy)?;
        self.write(|connection| {
            diesel::update(policies::table.find((row.tenant_id, row.id)))
                .set((
                    policies::name.eq(row.name),
                    policies::policy_type.eq(row.policy_type),
                    policies::configuration.eq(row.configuration),
                    policies::revision.eq(row.revision),
                    policies::updated_at.eq(row.updated_at),
                    policies::patterns.eq(row.patterns),
                    policies::bytes.eq(row.bytes),
                    policies::enforcement.eq(row.enforcement),
                ))
                .execute(connection)
        })?;
        for endpoint in self.endpoints_of_policy(scope, policy.id)? {
            self.record_change(StateChange::Endpoint(scope.tenant(), endpoint));
        }
        Ok(())
    }

    fn remove_policy(&mut self, scope: &WriteScope, id: PolicyId) -> Result<bool, StoreError> {
        let removed = self.write(|connection| {
            diesel::delete(policies::table.find((Key::from(scope), Key::from(id)))).execute(connection)
        })?;
        Ok(removed > 0)
    }

    fn attach_policies(
        &mut self,
        scope: &WriteScope,
        endpoint: EndpointId,
        policies: &[PolicyId],
    ) -> Result<(), StoreError> {
        let (tenant_id, endpoint_id) = (Key::from(scope), Key::from(endpoint));
        let has_endpoint: bool = self.read(|connection| {
            diesel::select(exists(endpoints::table.find((tenant_id, endpoint_id)))).get_result(connection)
        })?;
        // With policies to attach, the schema would refuse; without any there is no row to refuse.
        if !has_endpoint {
            return Err(StoreError::Conflict(format!("there is no endpoint {endpoint}")));
        }
        self.atomically(|session| {
            session.write(|connection| {
                diesel::delete(endpoint_policies::table)
                    .filter(endpoint_policies::tenant_id.eq(tenant_id))
                    .filter(endpoint_policies::endpoint_id.eq(endpoint_id))
                    .execute(connection)
            })?;
            for (position, policy) in (0..).zip(policies) {
                let row = AttachmentRow { tenant_id, endpoint_id, policy_id: Key::from(*policy), position };
                session.write(|connection| {
                    diesel::insert_into(endpoint_policies::table).values(row).execute(connection)
                })?;
            }
            Ok(())
        })?;
        self.record_change(StateChange::Endpoint(scope.tenant(), endpoint));
        Ok(())
    }
}
