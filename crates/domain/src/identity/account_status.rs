//! Whether an account may be used.

use crate::as_text::text_enum;

text_enum! {
    /// Whether an account may be used.
    pub enum AccountStatus {
        /// It may.
        Active = "active",
        /// It may not, until it is made active again.
        Disabled = "disabled",
    }

    /// A text that is no status.
    #[error("a status is one of: active, disabled")]
    pub struct StatusError;
}
