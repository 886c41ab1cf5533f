//! A tenant's data is asked for by its id alone.

use syft_space_domain::dataset::ports::DatasetView;
use syft_space_domain::ids::{DatasetId, TenantId};

fn read(view: &mut dyn DatasetView, tenant: TenantId, id: DatasetId) {
    let _ = view.dataset(&tenant, id);
    let _ = view.dataset(id);
}

fn main() {}
