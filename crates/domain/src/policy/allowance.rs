//! How what a policy takes from stands for a caller: a limit, an account, or what they may be shown. The caller is told of it.

use std::sync::Arc;
use std::time::Duration;

use crate::ledger::{Amount, Currency};
use crate::time::Timestamp;

/// How what an obligation takes from stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowance {
    /// A limit on how often, or how much, one may ask.
    Limit(LimitStatus),
    /// What is paid, and what may still be spent.
    Account(AccountStatus),
    /// How much may be shown.
    Disclosure(DisclosureStatus),
}

impl Allowance {
    /// How a limit on how often, or how much, one may ask stands, if it is one.
    #[must_use]
    pub fn into_limit(self) -> Option<LimitStatus> {
        match self {
            Self::Limit(status) => Some(status),
            Self::Account(_) | Self::Disclosure(_) => None,
        }
    }
}

/// How a limit stands for a caller. The caller is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitStatus {
    /// What tells it from others, for a program: printable ASCII, and nothing of the owner's words.
    pub name: Arc<str>,
    /// What it counts: [`LimitStatus::QUERIES`], or something else, as the type that counts it names it.
    pub unit: &'static str,
    /// How much there is of it in a window, when it is whole.
    pub quota: u64,
    /// How long a window is.
    pub window: Duration,
    /// How much is left now.
    pub remaining: u64,
    /// When more is left, if nothing is taken until then.
    pub reset: Duration,
}

impl LimitStatus {
    /// The unit of a limit on how often one may ask.
    pub const QUERIES: &'static str = "queries";
    /// The unit of a limit on how much one may ask.
    pub const CHARACTERS: &'static str = "characters";
}

/// What a caller pays at an endpoint, and what they may still spend in the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountStatus {
    /// What is paid for, as the policy's configuration names it.
    pub unit: &'static str,
    /// What each costs.
    pub price: Amount,
    /// In which currency.
    pub currency: Currency,
    /// How many more are free.
    pub free_units: u64,
    /// What may be spent beyond that; `None` where it has no bound of the caller's own.
    pub remaining: Option<Amount>,
    /// When both are whole again; `None` where they never are.
    pub resets_at: Option<Timestamp>,
}

/// How much a caller may be shown under a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisclosureStatus {
    /// What is counted, as the policy's configuration names it.
    pub unit: &'static str,
    /// How much of it in a window.
    pub cap: u64,
    /// How much that they were not shown yet.
    pub remaining: u64,
    /// How long what was shown counts.
    pub window: Duration,
}
