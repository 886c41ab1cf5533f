//! The rows of endpoints.

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use syft_space_domain::endpoint::ports::{EndpointRows, EndpointView};
use syft_space_domain::endpoint::{Endpoint, Slug};
use syft_space_domain::ids::{DatasetId, EndpointId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Key, after_key, limit_plus_one, parse, read_page, to_i64, to_u64};
use crate::schema::endpoints;
use crate::session::Session;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = endpoints)]
struct EndpointRow {
    tenant_id: Key,
    id: Key,
    name: String,
    slug: String,
    summary: String,
    description: String,
    tags: String,
    dataset_id: Key,
    response_type: String,
    published: bool,
    revision: i64,
    created_at: i64,
    updated_at: i64,
}

impl EndpointRow {
    fn new(scope: &TenantScope, endpoint: &Endpoint) -> Result<Self, StoreError> {
        Ok(Self {
            tenant_id: scope.into(),
            id: endpoint.id.into(),
            name: endpoint.name.clone(),
            slug: endpoint.slug.to_string(),
            summary: endpoint.summary.clone(),
            description: endpoint.description.clone(),
            tags: endpoint.tags.clone(),
            dataset_id: endpoint.dataset.into(),
            response_type: endpoint.response_type.as_str().to_owned(),
            published: endpoint.published,
            revision: to_i64(endpoint.revision)?,
            created_at: endpoint.created_at.as_unix_micros(),
            updated_at: endpoint.updated_at.as_unix_micros(),
        })
    }
}

impl TryFrom<EndpointRow> for Endpoint {
    type Error = StoreError;
    fn try_from(row: EndpointRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            name: row.name,
            slug: parse("endpoints.slug", &row.slug)?,
            summary: row.summary,
            description: row.description,
            tags: row.tags,
            dataset: row.dataset_id.into(),
            response_type: parse("endpoints.response_type", &row.response_type)?,
            published: row.published,
            revision: to_u64(row.revision)?,
            created_at: Timestamp::from_unix_micros(row.created_at),
            updated_at: Timestamp::from_unix_micros(row.updated_at),
        })
    }
}

impl EndpointView for Session<'_> {
    fn endpoint(&mut self, scope: &TenantScope, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        let row: Option<EndpointRow> = self.read(|connection| {
            let row = endpoints::table.find((Key::from(scope), Key::from(id)));
            row.select(EndpointRow::as_select()).first(connection).optional()
        })?;
        row.map(Endpoint::try_from).transpose()
    }

    fn endpoint_by_slug(&mut self, scope: &TenantScope, slug: &Slug) -> Result<Option<Endpoint>, StoreError> {
        let row: Option<EndpointRow> = self.read(|connection| {
            endpoints::table
                .filter(endpoints::tenant_id.eq(Key::from(scope)))
                .filter(endpoints::slug.eq(slug.as_str()))
                .select(EndpointRow::as_select())
                .first(connection)
                .optional()
        })?;
        row.map(Endpoint::try_from).transpose()
    }

    fn endpoints(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<EndpointId>,
    ) -> Result<Page<Endpoint, EndpointId>, StoreError> {
        self.read(|connection| {
            let rows = endpoints::table
                .filter(endpoints::tenant_id.eq(Key::from(scope)))
                .filter(endpoints::id.gt(after_key(page.after)))
                .order(endpoints::id)
                .limit(limit_plus_one(page.limit))
                .select(EndpointRow::as_select())
                .load_iter::<EndpointRow, DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |row| {
                let endpoint = Endpoint::try_from(row)?;
                Ok((endpoint.id, endpoint))
            })
        })?
    }

    fn count_endpoints(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        let count: i64 = self.read(|connection| {
            let own = endpoints::table.filter(endpoints::tenant_id.eq(Key::from(scope)));
            own.count().get_result(connection)
        })?;
        to_u64(count)
    }

    fn endpoints_of_dataset(
        &mut self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<Vec<Endpoint>, StoreError> {
        let rows: Vec<EndpointRow> = self.read(|connection| {
            endpoints::table
                .filter(endpoints::tenant_id.eq(Key::from(scope)))
                .filter(endpoints::dataset_id.eq(Key::from(dataset)))
                .order(endpoints::id)
                .select(EndpointRow::as_select())
                .load(connection)
        })?;
        rows.into_iter().map(Endpoint::try_from).collect()
    }
}

impl EndpointRows for Session<'_> {
    fn add_endpoint(&mut self, scope: &WriteScope, endpoint: &Endpoint) -> Result<(), StoreError> {
        let row = EndpointRow::new(scope, endpoint)?;
        self.write(|connection| diesel::insert_into(endpoints::table).values(row).execute(connection))?;
        self.record_change(StateChange::Endpoint(scope.tenant(), endpoint.id));
        Ok(())
    }

    fn update_endpoint(&mut self, scope: &WriteScope, endpoint: &Endpoint) -> Result<(), StoreError> {
        let row = EndpointRow::new(scope, endpoint)?;
        let changed = self.write(|connection| {
            diesel::update(endpoints::table.find((row.tenant_id, row.id)))
                .set((
                    endpoints::name.eq(row.name),
                    endpoints::slug.eq(row.slug),
                    endpoints::summary.eq(row.summary),
                    endpoints::description.eq(row.description),
                    endpoints::tags.eq(row.tags),
                    endpoints::dataset_id.eq(row.dataset_id),
                    endpoints::response_type.eq(row.response_type),
                    endpoints::published.eq(row.published),
                    endpoints::revision.eq(row.revision),
                    endpoints::updated_at.eq(row.updated_at),
                ))
                .execute(connection)
        })?;
        if changed > 0 {
            self.record_change(StateChange::Endpoint(scope.tenant(), endpoint.id));
        }
        Ok(())
    }

    fn remove_endpoint(&mut self, scope: &WriteScope, id: EndpointId) -> Result<bool, StoreError> {
        let removed = self.write(|connection| {
            diesel::delete(endpoints::table.find((Key::from(scope), Key::from(id)))).execute(connection)
        })?;
        if removed > 0 {
            self.record_change(StateChange::Endpoint(scope.tenant(), id));
        }
        Ok(removed > 0)
    }
}
