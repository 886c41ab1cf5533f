//! An erasure: that all that is held about a member goes, how far that is, and in the end what went.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::as_text::text_enum;
use crate::identity::Email;
use crate::ids::{AccountId, ApiKeyId, EndpointId, PolicyId};
use crate::page::PageItem;
use crate::secret::TokenHash;
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

macro_rules! erased_rows {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// How many rows of each kind went.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub struct ErasedRows { $($(#[doc = $doc])* pub $name: u64,)* }

        impl ErasedRows {
            /// Each kind by its name, as JSON has it, and how many rows of it went.
            pub fn kinds(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }

            /// What `of` answers of each kind, in the order of [`kinds`](Self::kinds); `None` where it lacks one.
            pub fn read(mut of: impl FnMut(&'static str) -> Option<u64>) -> Option<Self> {
                Some(Self { $($name: of(stringify!($name))?,)* })
            }
        }
    };
}

erased_rows! {
    /// The account itself.
    accounts,
    /// Sessions.
    sessions,
    /// API keys.
    api_keys,
    /// Codes that stood in for an authenticator app.
    recovery_codes,
    /// Who they were at identity providers.
    identities,
    /// Invitations, theirs and those that they made.
    invitations,
    /// Resets of passwords, theirs and those that they made.
    password_resets,
    /// Questions that waited for approval, or were decided on.
    approvals,
    /// What was known of logins.
    logins,
    /// That their address was in groups.
    group_members,
    /// What was noted of what they were shown.
    disclosures,
    /// The personal data of events of the tenant's log.
    events,
    /// The same of the installation's.
    installation_events,
}

impl ErasedRows {
    /// All together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.kinds().fold(0, |total, (_, rows)| total.saturating_add(rows))
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
    /// By what the rest is found; `None` once no row is left.
    pub person: Option<ErasedPerson>,
    /// When the last of it was gone, from the store's files too.
    pub ended_at: Option<Timestamp>,
    /// What went so far.
    pub report: ErasureReport,
    /// Of the token by which whoever asked, or the person, gets the certificate without an account; `None` where none was handed out.
    pub token: Option<TokenHash>,
}

impl Erasure {
    /// How long it may take.
    pub const DUE_WITHIN: Duration = Duration::from_secs(30 * 86_400);

    /// One that begins: asked for by whom, and when.
    pub(super) fn begun(
        account: AccountId,
        (asked_by, asked_at): (ErasureBy, Timestamp),
        person: ErasedPerson,
        report: ErasureReport,
        token: Option<TokenHash>,
    ) -> Self {
        let due_at = asked_at.plus(Self::DUE_WITHIN);
        Self { account, asked_by, asked_at, due_at, person: Some(person), ended_at: None, report, token }
    }

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
