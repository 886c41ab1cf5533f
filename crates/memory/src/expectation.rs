//! `ExpectationView` and `ExpectationRows` of a transaction.

use syft_space_domain::expectation::Expectation;
use syft_space_domain::expectation::ports::{ExpectationRows, ExpectationView};
use syft_space_domain::ids::EndpointId;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};

use crate::table::count;
use crate::transaction::{Transaction, check_key};

impl ExpectationView for Transaction {
    fn count_expectations(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        Ok(count(self.tables.expectations.rows(scope).flat_map(|(_, expectations)| expectations)))
    }

    fn expectations(
        &mut self,
        scope: &TenantScope,
        endpoint: Option<EndpointId>,
    ) -> Result<Vec<(EndpointId, Expectation)>, StoreError> {
        let rows = self.tables.expectations.rows(scope);
        let wanted = rows.filter(|(id, _)| endpoint.is_none_or(|endpoint| endpoint == *id));
        Ok(wanted.flat_map(|(id, own)| own.iter().map(move |one| (id, one.clone()))).collect())
    }
}

impl ExpectationRows for Transaction {
    fn set_expectations(
        &mut self,
        scope: &WriteScope,
        endpoint: EndpointId,
        expectations: &[Expectation],
    ) -> Result<(), StoreError> {
        check_key(self.tables.endpoints.contains(scope, endpoint), || {
            format!("there is no endpoint {endpoint}")
        })?;
        self.tables.expectations.insert(scope, endpoint, expectations.to_vec());
        Ok(())
    }
}
