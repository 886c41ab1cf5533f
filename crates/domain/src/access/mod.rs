//! Authorization: roles, permissions, and the one table that joins them.

mod permission;
mod principal_kind;
mod role;
mod table;

pub use permission::{Permission, PermissionError};
pub use principal_kind::PrincipalKind;
pub use role::{Role, RoleError};
pub use table::{hub_user_may, may, may_grant, operator_may};
