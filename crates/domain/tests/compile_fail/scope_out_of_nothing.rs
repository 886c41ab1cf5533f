//! A scope is made without authentication.

use syft_space_domain::ids::TenantId;
use syft_space_domain::tenant::TenantScope;

fn main() {
    let tenant = TenantId::from_bytes([0; 16]);
    let _ = TenantScope::of(tenant);
}
