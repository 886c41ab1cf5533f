//! An erasure: that all that is held about a member goes, how far that is, and in the end what went.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::as_text::text_enum;
use crate::identity::Email;
use crate::ids::{AccountId, ApiKeyId, EndpointId, PolicyId};
use crate::page::PageItem;
use crate::time::Timestamp;

text_enum! {
    /// Who asked for an erasure.
    pub enum ErasureBy {
        /// The member.
        Person = "person",
        /// An Owner, at the member's request.
        Owner = "owner",
    }

    /// A text that is nobody who asks for an erasure.
    #[error("an erasure is asked for by the person or an owner")]
    pub struct ErasureByError;
}

/// By what the rest of somebody is found who is no member any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedPerson {
    /// Their address.
    pub email: Email,
    /// Under which generation of their account logins are known.
    pub generation: u64,
    /// Their API keys, which events name.
    pub keys: Vec<ApiKeyId>,
    /// The number of the last event of the tenant's log when they went: what names the address up to there is about them, whatever time
    /// the host's clock told then.
    #[serde(default)]
    pub last_seq: u64,
}

/// How many rows of each kind went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ErasedRows {
    /// The account itself.
    pub accounts: u64,
    /// Sessions.
    pub sessions: u64,
    /// API keys.
    pub api_keys: u64,
    /// Codes that stood in for an authenticator app.
    pub recovery_codes: u64,
    /// Who they were at identity providers.
    pub identities: u64,
    /// Invitations, theirs and those that they made.
    pub invitations: u64,
    /// Resets of passwords, theirs and those that they made.
    pub password_resets: u64,
    /// Questions that waited for approval, or were decided on.
    pub approvals: u64,
    /// What was known of logins.
    pub logins: u64,
    /// That their address was in groups.
    pub group_members: u64,
    /// What was noted of what they were shown.
    pub disclosures: u64,
    /// The personal data of events of the tenant's log.
    pub events: u64,
    /// The same of the installation's.
    pub installation_events: u64,
}

impl ErasedRows {
    /// All together.
    #[must_use]
    pub fn total(&self) -> u64 {
        let Self {
            accounts,
            sessions,
            api_keys,
            recovery_codes,
            identities,
            invitations,
            password_resets,
            approvals,
            logins,
            group_members,
            disclosures,
            events,
            installation_events,
        } = *self;
        [
            accounts,
            sessions,
            api_keys,
            recovery_codes,
            identities,
            invitations,
            password_resets,
            approvals,
            logins,
            group_members,
            disclosures,
            events,
            installation_events,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }
}

/// What an erasure comes to. It names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ErasureReport {
    /// What went.
    pub erased: ErasedRows,
    /// The policies that still named the address, for an Owner to decide on.
    pub policies: Vec<PolicyId>,
    /// The endpoints whose expectations did.
    pub expectations: Vec<EndpointId>,
}

/// An erasure. Once it has ended it names nobody any more: the account's id is of nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Whose account it was.
    pub account: AccountId,
    /// Who asked.
    pub asked_by: ErasureBy,
    /// When. The account went at that moment.
    pub asked_at: Timestamp,
    /// Until when all of it is to be gone: a month (GDPR, article 12(3)).
    pub due_at: Timestamp,
    /// By what the rest is found; `None` once nothing is left.
    pub person: Option<ErasedPerson>,
    /// When the last of it went.
    pub ended_at: Option<Timestamp>,
    /// What went so far.
    pub report: ErasureReport,
}

impl Erasure {
    /// How long it may take.
    pub const DUE_WITHIN: Duration = Duration::from_secs(30 * 86_400);

    /// Whether it should have ended by now.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now >= self.due_at
    }
}

impl PageItem for Erasure {
    fn bytes(&self) -> usize {
        let report = &self.report;
        600_usize.saturating_add((report.policies.len() + report.expectations.len()).saturating_mul(40))
    }
}
