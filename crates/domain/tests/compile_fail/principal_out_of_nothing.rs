//! A principal is made without authentication.

use std::sync::Arc;

use syft_space_domain::identity::Principal;
use syft_space_domain::ids::AccountId;
use syft_space_domain::snapshot::{MemberSnapshot, TenantSnapshot};

fn forge(account: AccountId, member: &MemberSnapshot, live: Arc<TenantSnapshot>) -> Principal {
    Principal::new(account, member, live)
}

fn main() {}
