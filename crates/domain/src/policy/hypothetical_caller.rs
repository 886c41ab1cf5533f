//! Somebody whose query is decided on without being made.

use crate::identity::Email;
use crate::marketplace::{HubRole, Issuer};

/// Whose query is explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HypotheticalCaller {
    /// The member of this address.
    Address(Email),
    /// A user of a hub. Where a policy hangs on their address, it must be said: nobody is asked for it.
    HubUser {
        /// The hub.
        issuer: Issuer,
        /// Who they are there: the `sub` of their tokens.
        subject: String,
        /// What they are there.
        role: HubRole,
        /// Their address there.
        email: Option<Email>,
    },
}
