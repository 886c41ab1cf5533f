//! Who may do what: roles, permissions, and the one table that joins them.

mod permission;
mod role;
mod principal_kind;
mod table;

pub use permission::Permission;
pub use role::{Role, RoleError};
pub use principal_kind::PrincipalKind;
pub use table::{hub_user_may, may, may_grant, operator_may};
