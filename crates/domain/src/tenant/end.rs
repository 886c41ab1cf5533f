//! The end of a tenant: that it was asked for, until when it can be taken back, and what is known of its removal.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::as_text::text_enum;
use crate::audit::LogHead;
use crate::audit::tree::{NodeHash, empty_root};
use crate::tenant::Tenant;
use crate::time::Timestamp;

/// That a tenant ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantEnd {
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// From when on everything of it is removed. Until then it can be kept.
    pub ends_at: Timestamp,
    /// Whether the removal has begun: nobody is let in any more, and nobody can take it back.
    pub is_going: bool,
}

impl TenantEnd {
    /// How long a tenant can be kept, where the operator says nothing else.
    pub const DEFAULT_GRACE: Duration = Duration::from_secs(30 * 86_400);
    /// How many days that may be.
    pub const GRACE_DAYS: RangeInclusive<u64> = 0..=365;

    /// One that is asked for now.
    #[must_use]
    pub fn asked(now: Timestamp, grace: Duration) -> Self {
        Self { asked_at: now, ends_at: now.plus(grace), is_going: false }
    }
}

impl Tenant {
    /// Whether members of this role are let in: while it ends its Owners alone, and nobody once its removal has begun.
    #[must_use]
    pub fn admits(&self, role: Role) -> bool {
        match self.end {
            None => true,
            Some(end) => !end.is_going && role == Role::Owner,
        }
    }

    /// Whether its removal has begun: for everybody it is none any more, but that its name is taken.
    #[must_use]
    pub fn is_going(&self) -> bool {
        self.end.is_some_and(|end| end.is_going)
    }
}

text_enum! {
    /// A part of what there is of a tenant, in the order in which the parts are removed: each before what it refers to.
    #[derive(PartialOrd, Ord)]
    pub enum TenantPart {
        /// Questions that waited for approval, or were decided on.
        Approvals = "approvals",
        /// What was noted of what callers were shown.
        Disclosures = "disclosures",
        /// What callers were charged, and what that comes to.
        Ledger = "ledger",
        /// Accounts on hubs with their credentials, and what is listed there.
        Marketplaces = "marketplaces",
        /// Endpoints, what is expected of them, and which policies they have.
        Endpoints = "endpoints",
        /// Policies, and what they were before.
        Policies = "policies",
        /// Groups, and who is in them.
        Groups = "groups",
        /// API keys.
        ApiKeys = "api_keys",
        /// Sessions.
        Sessions = "sessions",
        /// Identity providers, and whom they mean.
        IdentityProviders = "identity_providers",
        /// Invitations, and resets of passwords.
        Invitations = "invitations",
        /// Terms and holds.
        Retention = "retention",
        /// Erasures.
        Erasures = "erasures",
        /// Datasets and their jobs. Documents, indexes and files lie elsewhere, and go before.
        Datasets = "datasets",
        /// Accounts, and their recovery codes.
        Accounts = "accounts",
        /// The log, with all that is kept of it. It takes no event from the first of this on.
        Log = "log",
    }

    /// A text that is no part of a tenant.
    #[error("a part of a tenant is one of: {}", TenantPart::ALL.map(TenantPart::as_str).join(", "))]
    pub struct TenantPartError;
}

/// What is known of the removal of a tenant, and stays of it: it names nobody, and the tenant's id is no tenant's any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRemoval {
    /// How many events its log had as it ended.
    pub log_size: u64,
    /// The root of the tree over them, so that an export of the log can be held against it.
    pub log_root: NodeHash,
    /// Whether what else is known of its members is erased: in the installation's log, and of their logins.
    pub is_forgotten: bool,
    /// How many rows of each part were removed so far.
    pub removed: BTreeMap<TenantPart, u64>,
}

impl TenantRemoval {
    /// One that begins now.
    #[must_use]
    pub fn begin() -> Self {
        Self { log_size: 0, log_root: empty_root(), is_forgotten: false, removed: BTreeMap::new() }
    }

    /// The log is about to end like this.
    pub fn note_log(&mut self, log: &LogHead) {
        let tree = log.tree();
        (self.log_size, self.log_root) = (tree.size(), tree.root());
    }

    /// Counts rows that were removed.
    pub fn count(&mut self, part: TenantPart, rows: u64) {
        if rows > 0 {
            let removed = self.removed.entry(part).or_default();
            *removed = removed.saturating_add(rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g2_what_stays_of_a_removal_is_read_back_as_it_was_written() {
        let mut removal = TenantRemoval::begin();
        removal.note_log(&LogHead::default());
        removal.count(TenantPart::Accounts, 3);
        removal.count(TenantPart::Accounts, 4);
        removal.count(TenantPart::Log, 0);
        assert_eq!(removal.removed, BTreeMap::from([(TenantPart::Accounts, 7)]));
        let written = serde_json::to_string(&removal).unwrap();
        assert_eq!(serde_json::from_str::<TenantRemoval>(&written).unwrap(), removal);
    }
}
