//! A tenant's ledger: what callers of its endpoints have been charged, in double entry. Each transfer takes an amount from a
//! caller's account and brings it to an endpoint's, so that both sides of the ledger always come to the same.
//!
//! Nothing is kept here of what is only held for a query that is under way: a transfer is written with the event of the
//! answer, in one unit of work. So an answer that was acknowledged is charged, also where the process dies, and nothing else is.

mod amount;
mod filter;
mod list;
mod period;
pub mod ports;
mod transfer;

pub use amount::{Amount, AmountError, Currency, CurrencyError};
pub use filter::TransferFilter;
pub use list::{CurrencySums, Discrepancy, LedgerError, Reconciliation, balances, reconcile, transfers};
pub use period::{Period, PeriodError, Span};
pub use transfer::{
    AccountBalance, Balance, BalanceKey, BalanceKeyError, LedgerAccount, MAX_REPEATS, REPEATED_WITHIN,
    RequestDigest, Transfer, TransferKey, TransferKeyError, TransferPlace,
};
