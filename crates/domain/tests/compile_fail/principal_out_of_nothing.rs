//! A principal is made without authentication.

use std::sync::Arc;

use syft_space_domain::identity::Principal;
use syft_space_domain::snapshot::TenantSnapshot;

fn forge(live: Arc<TenantSnapshot>) -> Principal {
    Principal::new(unimplemented!(), live)
}

fn main() {}
