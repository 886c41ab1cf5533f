//! `EndpointView` and `EndpointRows` of a transaction.

use syft_space_domain::endpoint::ports::{EndpointRows, EndpointView};
use syft_space_domain::endpoint::{Endpoint, Slug};
use syft_space_domain::ids::{DatasetId, EndpointId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};

use crate::transaction::{Transaction, check_key};

impl EndpointView for Transaction {
    fn endpoint(&mut self, scope: &TenantScope, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        Ok(self.tables.endpoints.get(scope, id).cloned())
    }

    fn endpoint_by_slug(&mut self, scope: &TenantScope, slug: &Slug) -> Result<Option<Endpoint>, StoreError> {
        Ok(self
            .tables
            .endpoints
            .rows(scope)
            .map(|(_, endpoint)| endpoint)
            .find(|endpoint| endpoint.slug == *slug)
            .cloned())
    }

    fn endpoints(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<EndpointId>,
    ) -> Result<Page<Endpoint, EndpointId>, StoreError> {
        Ok(self.tables.endpoints.page(scope, page, |_, _| true))
    }

    fn count_endpoints(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        Ok(self.tables.endpoints.count(scope))
    }

    fn endpoints_of_dataset(
        &mut self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<Vec<Endpoint>, StoreError> {
        let endpoints = self.tables.endpoints.rows(scope).map(|(_, endpoint)| endpoint);
        Ok(endpoints.filter(|endpoint| endpoint.dataset == dataset).cloned().collect())
    }
}

impl Transaction {
    /// Checks that the slug is free and the dataset exists.
    fn check_endpoint_keys(&mut self, scope: &TenantScope, endpoint: &Endpoint) -> Result<(), StoreError> {
        let holder = self.endpoint_by_slug(scope, &endpoint.slug)?;
        let free = holder.is_none_or(|holder| holder.id == endpoint.id);
        check_key(free, || format!("an endpoint has the slug {} already", endpoint.slug))?;
        let dataset_exists = self.tables.datasets.contains(scope, endpoint.dataset);
        check_key(dataset_exists, || format!("there is no dataset {}", endpoint.dataset))
    }
}

impl EndpointRows for Transaction {
    fn add_endpoint(&mut self, scope: &WriteScope, endpoint: &Endpoint) -> Result<(), StoreError> {
        let id_is_free = !self.tables.endpoints.contains(scope, endpoint.id);
        check_key(id_is_free, || format!("there is an endpoint {} already", endpoint.id))?;
        self.check_endpoint_keys(scope, endpoint)?;
        self.tables.endpoints.insert(scope, endpoint.id, endpoint.clone());
        self.changes.insert(StateChange::Endpoint(scope.tenant(), endpoint.id));
        Ok(())
    }

    fn update_endpoint(&mut self, scope: &WriteScope, endpoint: &Endpoint) -> Result<(), StoreError> {
        if !self.tables.endpoints.contains(scope, endpoint.id) {
            return Ok(());
        }
        self.check_endpoint_keys(scope, endpoint)?;
        if let Some(row) = self.tables.endpoints.get_mut(scope, endpoint.id) {
            *row = Endpoint { created_at: row.created_at, ..endpoint.clone() };
        }
        self.changes.insert(StateChange::Endpoint(scope.tenant(), endpoint.id));
        Ok(())
    }

    fn remove_endpoint(&mut self, scope: &WriteScope, id: EndpointId) -> Result<bool, StoreError> {
        let removed = self.tables.endpoints.remove(scope, id);
        if removed {
            self.tables.attached.remove(scope, id);
            self.tables.expectations.remove(scope, id);
            self.changes.insert(StateChange::Endpoint(scope.tenant(), id));
        }
        Ok(removed)
    }
}
