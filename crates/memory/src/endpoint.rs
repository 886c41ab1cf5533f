//! How endpoints are kept.

use syft_space_domain::endpoint::ports::{EndpointRows, EndpointView};
use syft_space_domain::endpoint::{Endpoint, Slug};
use syft_space_domain::ids::{DatasetId, EndpointId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::store::{StoreError, StateChange};
use syft_space_domain::tenant::TenantScope;

use crate::session::{Session, require};

impl EndpointView for Session {
    fn endpoint(&mut self, scope: &TenantScope, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        Ok(self.state.endpoints.get(scope, id).cloned())
    }

    fn endpoint_by_slug(&mut self, scope: &TenantScope, slug: &Slug) -> Result<Option<Endpoint>, StoreError> {
        Ok(self.state.endpoints.of(scope).map(|(_, one)| one).find(|one| one.slug == *slug).cloned())
    }

    fn endpoints(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<EndpointId>,
    ) -> Result<Page<Endpoint, EndpointId>, StoreError> {
        Ok(self.state.endpoints.page(scope, page, |_, _| true))
    }

    fn count_endpoints(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        Ok(self.state.endpoints.count(scope))
    }

    fn endpoints_of_dataset(
        &mut self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<Vec<Endpoint>, StoreError> {
        let endpoints = self.state.endpoints.of(scope).map(|(_, one)| one);
        Ok(endpoints.filter(|one| one.dataset == dataset).cloned().collect())
    }
}

impl Session {
    /// The slug is no other endpoint's, and the dataset exists.
    fn endpoint_fits(&mut self, scope: &TenantScope, endpoint: &Endpoint) -> Result<(), StoreError> {
        let holder = self.endpoint_by_slug(scope, &endpoint.slug)?;
        let free = holder.is_none_or(|one| one.id == endpoint.id);
        require(free, || format!("an endpoint has the slug {} already", endpoint.slug))?;
        let dataset_exists = self.state.datasets.has(scope, endpoint.dataset);
        require(dataset_exists, || format!("there is no dataset {}", endpoint.dataset))
    }
}

impl EndpointRows for Session {
    fn add_endpoint(&mut self, scope: &TenantScope, endpoint: &Endpoint) -> Result<(), StoreError> {
        let id_is_new = !self.state.endpoints.has(scope, endpoint.id);
        require(id_is_new, || format!("there is an endpoint {} already", endpoint.id))?;
        self.endpoint_fits(scope, endpoint)?;
        self.state.endpoints.put(scope, endpoint.id, endpoint.clone());
        self.changes.insert(StateChange::Endpoint(scope.tenant(), endpoint.id));
        Ok(())
    }

    fn update_endpoint(&mut self, scope: &TenantScope, endpoint: &Endpoint) -> Result<(), StoreError> {
        if !self.state.endpoints.has(scope, endpoint.id) {
            return Ok(());
        }
        self.endpoint_fits(scope, endpoint)?;
        if let Some(row) = self.state.endpoints.edit(scope, endpoint.id) {
            *row = Endpoint { created_at: row.created_at, ..endpoint.clone() };
        }
        self.changes.insert(StateChange::Endpoint(scope.tenant(), endpoint.id));
        Ok(())
    }

    fn remove_endpoint(&mut self, scope: &TenantScope, id: EndpointId) -> Result<bool, StoreError> {
        let removed = self.state.endpoints.remove(scope, id);
        if removed {
            self.state.attached.remove(scope, id);
            self.changes.insert(StateChange::Endpoint(scope.tenant(), id));
        }
        Ok(removed)
    }
}
