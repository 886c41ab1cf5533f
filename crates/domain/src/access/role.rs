//! The roles of members.

use crate::as_text::text_enum;

text_enum! {
    /// The role of a member. What each may do stands in [`super::may`].
    #[derive(PartialOrd, Ord)]
    pub enum Role {
        /// Full control of the tenant.
        Owner = "owner",
        /// Manages datasets, endpoints and policies, and members who are User or Viewer.
        Admin = "admin",
        /// Queries endpoints.
        User = "user",
        /// Reads what there is, never what is in it.
        Viewer = "viewer",
    }

    /// A text that is no role.
    #[error("a role is one of owner, admin, user, viewer")]
    pub struct RoleError;
}
