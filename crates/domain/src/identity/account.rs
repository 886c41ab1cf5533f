//! An account, with which somebody logs in to a tenant.

use crate::identity::{Member, PasswordHash};

/// Somebody who can log in to a tenant. Whoever works for several tenants has an account in each, and nothing of one is known
/// to another. It has no `Debug`, since it holds a password hash.
#[derive(Clone)]
pub struct Account {
    /// What its tenant knows of it.
    pub member: Member,
    /// What is stored of its password; `None` where it has none, because whoever has it signs in at their organisation's identity
    /// provider.
    pub password: Option<PasswordHash>,
}
