//! Transfers, and the balances that they come to.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::ids::{ActorId, EndpointId, EventId, PolicyId};
use crate::ledger::{Amount, Currency, Span};
use crate::page::PageItem;
use crate::time::Timestamp;

/// For how long the same request is taken for a repeat of one that was charged.
pub const REPEATED_WITHIN: Duration = Duration::from_secs(120);
/// How many repeats of a request cost nothing.
pub const MAX_REPEATS: u8 = 2;

/// An account of a tenant's ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LedgerAccount {
    /// An endpoint's, which has earned it: it is credited.
    Endpoint(EndpointId),
    /// A caller's, who is charged: it is debited.
    Payer(ActorId),
}

/// Which balance is meant: what an account has come to in one period, under one policy, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BalanceKey {
    /// The policy that charges.
    pub policy: PolicyId,
    /// Whose account.
    pub account: LedgerAccount,
    /// In which period.
    pub span: Span,
    /// In which currency.
    pub currency: Currency,
}

/// A text that is no key of a balance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a balance is named by a policy, an account, a period and a currency")]
pub struct BalanceKeyError;

impl fmt::Display for BalanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, account, span, currency } = self;
        let (kind, account) = account.parts();
        let begins = span.begins.as_unix_micros();
        write!(f, "{policy}/{kind}/{account}/{}/{begins}/{currency}", span.period)
    }
}

impl FromStr for BalanceKey {
    type Err = BalanceKeyError;

    fn from_str(text: &str) -> Result<Self, BalanceKeyError> {
        let mut parts = text.split('/');
        let mut next = || parts.next().ok_or(BalanceKeyError);
        let policy = next()?.parse().map_err(|_| BalanceKeyError)?;
        let account = LedgerAccount::of_parts(next()?, next()?).ok_or(BalanceKeyError)?;
        let period = next()?.parse().map_err(|_| BalanceKeyError)?;
        let begins = Timestamp::from_unix_micros(next()?.parse().map_err(|_| BalanceKeyError)?);
        let currency = next()?.parse().map_err(|_| BalanceKeyError)?;
        let key = Self { policy, account, span: Span { period, begins }, currency };
        if parts.next().is_none() { Ok(key) } else { Err(BalanceKeyError) }
    }
}

impl LedgerAccount {
    /// The name of its kind, and the id of whose it is.
    #[must_use]
    pub fn parts(&self) -> (&'static str, String) {
        match self {
            Self::Endpoint(endpoint) => ("endpoint", endpoint.to_string()),
            Self::Payer(payer) => ("payer", payer.to_string()),
        }
    }

    fn of_parts(kind: &str, id: &str) -> Option<Self> {
        match kind {
            "endpoint" => id.parse().ok().map(Self::Endpoint),
            "payer" => id.parse().ok().map(Self::Payer),
            _ => None,
        }
    }
}

/// What an account has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// How many units were counted.
    pub units: u64,
    /// How many of them were free.
    pub free_units: u64,
    /// What the others cost.
    pub amount: Amount,
}

impl Balance {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            units: self.units.saturating_add(other.units),
            free_units: self.free_units.saturating_add(other.free_units),
            amount: self.amount.plus(other.amount),
        }
    }

    /// What is left of it without the other.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            units: self.units.saturating_sub(other.units),
            free_units: self.free_units.saturating_sub(other.free_units),
            amount: self.amount.minus(other.amount),
        }
    }
}

/// An account's balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountBalance {
    /// Which balance.
    pub key: BalanceKey,
    /// What it has come to.
    pub balance: Balance,
    /// How much of it is of transfers that are gone by their age.
    pub brought_forward: Balance,
}

impl AccountBalance {
    /// The balance of an account that nothing was transferred of.
    #[must_use]
    pub fn empty(key: BalanceKey) -> Self {
        Self { key, balance: Balance::default(), brought_forward: Balance::default() }
    }
}

impl PageItem for AccountBalance {
    fn bytes(&self) -> usize {
        200
    }
}

/// Which transfer is meant: the event of the answer that was charged, and the policy that charged it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransferKey {
    /// The event in the audit log.
    pub event: EventId,
    /// The policy.
    pub policy: PolicyId,
}

/// A text that is no key of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a transfer is named by the id of an event, a point, and the id of a policy")]
pub struct TransferKeyError;

impl fmt::Display for TransferKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.event, self.policy)
    }
}

impl FromStr for TransferKey {
    type Err = TransferKeyError;

    fn from_str(text: &str) -> Result<Self, TransferKeyError> {
        let (event, policy) = text.split_once('.').ok_or(TransferKeyError)?;
        let event = event.parse().map_err(|_| TransferKeyError)?;
        Ok(Self { event, policy: policy.parse().map_err(|_| TransferKeyError)? })
    }
}

/// Where a transfer stands in the order of the ledger. It stays the same when the transfer, or those before it, are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransferPlace {
    /// When its query was let in.
    pub time: Timestamp,
    /// Which it is of those of the same time.
    pub key: TransferKey,
}

impl fmt::Display for TransferPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.time.as_unix_micros(), self.key)
    }
}

impl FromStr for TransferPlace {
    type Err = TransferKeyError;

    fn from_str(text: &str) -> Result<Self, TransferKeyError> {
        let (time, key) = text.split_once('.').ok_or(TransferKeyError)?;
        let time = Timestamp::from_unix_micros(time.parse().map_err(|_| TransferKeyError)?);
        Ok(Self { time, key: key.parse()? })
    }
}

/// A charge: an amount that goes from a caller's account to an endpoint's. It never changes, but that its repeats are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The event of the answer that was charged, and the policy that charged it.
    pub key: TransferKey,
    /// When the query was let in.
    pub time: Timestamp,
    /// Whose account is debited.
    pub payer: ActorId,
    /// Whose account is credited.
    pub endpoint: EndpointId,
    /// The period in which it counts.
    pub span: Span,
    /// In which currency.
    pub currency: Currency,
    /// What was counted and what it cost.
    pub charged: Balance,
    /// The request, where its caller gave it a correlation id.
    pub request: Option<RequestDigest>,
    /// How many times the request was repeated for nothing.
    pub repeats: u8,
}

impl Transfer {
    /// Where it stands in the order of the ledger.
    #[must_use]
    pub fn place(&self) -> TransferPlace {
        TransferPlace { time: self.time, key: self.key }
    }

    /// The balances that it changes: the payer's, and the endpoint's.
    #[must_use]
    pub fn balances(&self) -> [BalanceKey; 2] {
        [LedgerAccount::Payer(self.payer), LedgerAccount::Endpoint(self.endpoint)].map(|account| BalanceKey {
            policy: self.key.policy,
            account,
            span: self.span,
            currency: self.currency,
        })
    }
}

impl PageItem for Transfer {
    fn bytes(&self) -> usize {
        400
    }
}

/// What tells the same request again: a digest of its caller, endpoint, correlation id and content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestDigest(pub [u8; 32]);
