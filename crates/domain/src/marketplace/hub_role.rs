//! The role of somebody on a hub.

use crate::as_text::text_enum;

text_enum! {
    /// What somebody is on a hub. Here it gives no right at all; it only tells guests from people.
    pub enum HubRole {
        /// A user.
        User = "user",
        /// One who manages the hub. Nobody special here.
        Admin = "admin",
        /// Anybody at all, without an account.
        Guest = "guest",
    }

    /// A text that is no role on a hub.
    #[error("a role on a hub is user, admin or guest")]
    pub struct HubRoleError;
}
