//! A unit of work writes a tenant's rows by a scope for reading, and keeps its right to write for another.

use syft_space_domain::dataset::Dataset;
use syft_space_domain::store::{StoreError, Tx};
use syft_space_domain::tenant::{TenantScope, WriteScope};

fn write(tx: &mut dyn Tx, scope: &TenantScope, dataset: &Dataset) -> Result<(), StoreError> {
    tx.add_dataset(scope, dataset)
}

fn keep<T: Send + 'static>(_: T) {}

fn main() {
    keep(None::<WriteScope>);
}
