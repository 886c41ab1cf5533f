//! The balances of those who ask at the time: what they have come to, and what is held for queries under way.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ids::TenantId;
use crate::ledger::{Amount, Balance, BalanceKey};

/// How many are remembered. Beyond that those are forgotten of which nothing is held, and read again when they are asked for.
const MOST_OPEN: usize = 65_536;

/// A balance of a tenant.
pub(super) type Key = (TenantId, BalanceKey);

/// The balances that are open. What the ledger says counts, and this spares reading it; what is held is known here alone, and is
/// gone with the process, as the queries are that it is held for.
pub(super) struct OpenAccounts {
    open: Mutex<Open>,
    /// What callers who went while their answers were written hold until it is known what became of these.
    leaving: Mutex<Vec<Leaving>>,
    most: usize,
}

#[derive(Debug, Default)]
struct Open {
    accounts: HashMap<Key, OpenAccount>,
    /// Counts how often any were forgotten: what was read before may be older than what was forgotten.
    forgotten: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct OpenAccount {
    /// What the ledger says.
    posted: Balance,
    /// What queries under way may come to at most.
    held: Balance,
    queries: u64,
}

/// What is held by a query whose caller went while its answer was written.
pub(super) struct Leaving {
    pub(super) keys: Vec<Key>,
    pub(super) held: Balance,
    /// What was posted, once that is known.
    pub(super) posted: Box<dyn Fn() -> Option<Balance> + Send>,
}

/// What a query may come to, and where it must fit in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demanded {
    pub(super) payer: Key,
    /// The most that the payer may spend.
    pub(super) budget: Option<Amount>,
    /// The endpoint's account, and the most that all may spend, where there is such a bound.
    pub(super) endpoint: Option<(Key, Amount)>,
    /// How many units at most.
    pub(super) units: u64,
    pub(super) free_quota: u64,
    pub(super) price: Amount,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// So much is held.
    Held(Balance),
    /// There is not enough left.
    Spent,
    /// A balance must be read first. Holds how often any were forgotten.
    NotOpen(u64),
}

impl Demanded {
    /// The balances that must be open for it.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        [Some(self.payer), self.endpoint.map(|(key, _)| key)].into_iter().flatten()
    }
}

impl fmt::Debug for OpenAccounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAccounts").field("most", &self.most).finish_non_exhaustive()
    }
}

impl Default for OpenAccounts {
    fn default() -> Self {
        Self::remembering(MOST_OPEN)
    }
}

impl OpenAccounts {
    pub(super) fn remembering(most: usize) -> Self {
        Self { open: Mutex::default(), leaving: Mutex::default(), most }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What would be held. Nothing is.
    pub(super) fn look(&self, demanded: &Demanded) -> Outcome {
        self.lock().fit(demanded)
    }

    /// How many units are free for a payer now, and what they may spend beyond that; `None` where their balance is not open.
    pub(super) fn left(&self, demanded: &Demanded) -> Option<(u64, Option<Amount>)> {
        let Demanded { payer, budget, free_quota, .. } = *demanded;
        let taken = self.lock().accounts.get(&payer).map(|account| account.posted.plus(account.held))?;
        Some((free_quota.saturating_sub(taken.free_units), budget.map(|most| most.minus(taken.amount))))
    }

    /// Holds what a query may come to, of all balances or of none.
    pub(super) fn hold(&self, demanded: &Demanded) -> Outcome {
        self.end_those_who_left();
        let mut open = self.lock();
        let outcome = open.fit(demanded);
        if let Outcome::Held(held) = outcome {
            for key in demanded.keys() {
                if let Some(account) = open.accounts.get_mut(&key) {
                    account.held = account.held.plus(held);
                    account.queries = account.queries.saturating_add(1);
                }
            }
        }
        outcome
    }

    /// Opens balances that were read after it was known how often any were forgotten. What was forgotten since may be newer: then
    /// nothing is opened, and they are read again.
    pub(super) fn open(&self, read: impl IntoIterator<Item = (Key, Balance)>, forgotten: u64) {
        let mut open = self.lock();
        if open.forgotten != forgotten {
            return;
        }
        for (key, posted) in read {
            // Whoever was faster may hold something of it by now.
            open.accounts.entry(key).or_insert(OpenAccount { posted, ..OpenAccount::default() });
        }
        if open.accounts.len() > self.most {
            open.accounts.retain(|_, account| account.queries > 0);
            open.forgotten = open.forgotten.wrapping_add(1);
        }
    }

    /// Ends what was held of a balance: so much of it was posted.
    pub(super) fn end(&self, key: &Key, held: Balance, posted: Balance) {
        if let Some(account) = self.lock().accounts.get_mut(key) {
            account.posted = account.posted.plus(posted);
            account.held = account.held.minus(held);
            account.queries = account.queries.saturating_sub(1);
        }
    }

    /// Goes on holding for a query whose caller went while its answer was written, until it is known what was posted.
    pub(super) fn end_later(&self, leaving: Leaving) {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner).push(leaving);
    }

    fn end_those_who_left(&self) {
        let mut leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        leaving.retain(|leaving| {
            let posted = (leaving.posted)();
            if let Some(posted) = posted {
                leaving.keys.iter().for_each(|key| self.end(key, leaving.held, posted));
            }
            posted.is_none()
        });
    }

    /// Takes for true what the ledger says of a balance.
    pub(super) fn correct(&self, key: &Key, ledger: Balance) {
        if let Some(account) = self.lock().accounts.get_mut(key) {
            account.posted = ledger;
        }
    }

    #[cfg(test)]
    pub(super) fn held(&self, key: &Key) -> Option<Balance> {
        self.lock().accounts.get(key).map(|account| account.held)
    }
}

impl Open {
    fn fit(&self, demanded: &Demanded) -> Outcome {
        let Demanded { payer, budget, endpoint, units, free_quota, price } = *demanded;
        let (Some(payer), Some(endpoint)) = (
            self.accounts.get(&payer),
            endpoint.map_or(Some(None), |(key, most)| {
                self.accounts.get(&key).map(|account| Some((account, most)))
            }),
        ) else {
            return Outcome::NotOpen(self.forgotten);
        };
        // What is free is given out as it is asked for, so a query that is answered early takes nothing from one before it.
        let given = payer.posted.free_units.saturating_add(payer.held.free_units);
        let free_units = units.min(free_quota.saturating_sub(given));
        let amount = price.times(units.saturating_sub(free_units));
        let fits = |account: &OpenAccount, most: Amount| {
            amount == Amount::ZERO || account.posted.amount.plus(account.held.amount).plus(amount) <= most
        };
        let affordable = budget.is_none_or(|most| fits(payer, most));
        if affordable && endpoint.is_none_or(|(account, most)| fits(account, most)) {
            Outcome::Held(Balance { units, free_units, amount })
        } else {
            Outcome::Spent
        }
    }
}
