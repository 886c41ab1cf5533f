//! A principal is made without authentication.

use std::sync::Arc;

use syft_space_domain::identity::Principal;
use syft_space_domain::ids::AccountId;
use syft_space_domain::live::{LiveMember, TenantLive};

fn forge(account: AccountId, member: &LiveMember, live: Arc<TenantLive>) -> Principal {
    Principal::new(account, member, live)
}

fn main() {}
