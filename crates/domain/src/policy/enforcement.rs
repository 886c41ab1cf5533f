//! Whether a policy decides on queries, or is tried on them.

use crate::as_text::text_enum;

text_enum! {
    /// Whether a policy decides on queries, or is tried on them.
    #[derive(Default)]
    pub enum Enforcement {
        /// It decides.
        #[default]
        Enforce = "enforce",
        /// It refuses nobody: the event of a query that it would have refused says so.
        Shadow = "shadow",
    }
    /// A text that is no enforcement.
    #[error("a policy is enforce or shadow")]
    pub struct EnforcementError;
}

impl Enforcement {
    /// Whether it is tried.
    #[must_use]
    pub fn is_shadow(self) -> bool {
        self == Self::Shadow
    }
}
