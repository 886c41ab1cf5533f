//! Reading a tenant's ledger, and proving that its sums hold.

use std::collections::BTreeMap;

use crate::access::Permission;
use crate::identity::{AuthorizationError, Principal};
use crate::ids::PolicyId;
use crate::ledger::{
    AccountBalance, Amount, Balance, BalanceKey, Currency, LedgerAccount, Period, Transfer, TransferFilter,
    TransferPlace,
};
use crate::page::{Page, PageLimit, PageRequest};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::{StoreError, View};
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// The ledger was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(LedgerError);

/// Those of the tenant's transfers that are asked for, the oldest first.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn transfers(
    space: &Space,
    principal: &Principal,
    filter: TransferFilter,
    page: PageRequest<TransferPlace>,
) -> Result<Page<Transfer, TransferPlace>, LedgerError> {
    let read = move |view: &mut dyn View, scope: &TenantScope| Ok(view.transfers(scope, &filter, page)?);
    space.read(principal, Permission::ReadAudit, read).await
}

/// The tenant's balances, by policy, account, period and currency.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn balances(
    space: &Space,
    principal: &Principal,
    page: PageRequest<BalanceKey>,
) -> Result<Page<AccountBalance, BalanceKey>, LedgerError> {
    space.read(principal, Permission::ReadAudit, move |view, scope| Ok(view.balances(scope, page)?)).await
}

/// What comes of adding up a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reconciliation {
    /// How many transfers there are.
    pub transfers: u64,
    /// What they come to, in each currency.
    pub sums: BTreeMap<Currency, CurrencySums>,
    /// Whether both sides of what counts for ever come to the same under each policy, also what of it was brought forward.
    pub is_balanced: bool,
    /// Balances that are not what their transfers come to: at most [`Reconciliation::MOST`], in the order of their keys.
    pub discrepancies: Vec<Discrepancy>,
}

/// What a ledger comes to in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CurrencySums {
    /// What the transfers come to.
    pub transferred: Amount,
    /// What callers were debited by them, by their balances.
    pub debited: Amount,
    /// What endpoints were credited by them, by theirs.
    pub credited: Amount,
}

/// A balance that is not what its transfers come to, with what was brought forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discrepancy {
    /// What is kept.
    pub kept: AccountBalance,
    /// What its transfers come to.
    pub transferred: Balance,
}

impl Reconciliation {
    /// The most discrepancies that are told.
    pub const MOST: usize = 100;

    /// Whether all sums hold: each balance is what its transfers come to and was brought forward, and both sides of the ledger come to the same.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let holds = |sums: &CurrencySums| sums.transferred == sums.debited && sums.debited == sums.credited;
        self.is_balanced && self.discrepancies.is_empty() && self.sums.values().all(holds)
    }
}

/// Adds up all of the tenant's ledger, and compares it with what is kept. It reads every transfer, from one snapshot.
/// Of a day or a month that is not over no transfer has gone, so that what is brought forward there is a discrepancy too.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn reconcile(space: &Space, principal: &Principal) -> Result<Reconciliation, LedgerError> {
    let now = space.clock.now();
    let read = move |view: &mut dyn View, scope: &TenantScope| Ok(reconcile_view(view, scope, now)?);
    space.read(principal, Permission::ReadAudit, read).await
}

fn reconcile_view(
    view: &mut dyn View,
    scope: &TenantScope,
    now: Timestamp,
) -> Result<Reconciliation, StoreError> {
    let mut found = Reconciliation::default();
    let mut transferred: BTreeMap<BalanceKey, Balance> = BTreeMap::new();
    let mut page = PageRequest { limit: PageLimit::LARGEST, after: None };
    loop {
        let read = view.transfers(scope, &TransferFilter::default(), page)?;
        for transfer in &read.items {
            found.transfers = found.transfers.saturating_add(1);
            let sums = found.sums.entry(transfer.currency).or_default();
            sums.transferred = sums.transferred.plus(transfer.charged.amount);
            for key in transfer.balances() {
                let balance = transferred.entry(key).or_default();
                *balance = balance.plus(transfer.charged);
            }
        }
        page.after = read.next;
        if page.after.is_none() {
            break;
        }
    }
    // A sweep takes days and months away account by account; what counts for ever it leaves.
    let mut for_ever: BTreeMap<(PolicyId, Currency), [[Balance; 2]; 2]> = BTreeMap::new();
    let mut page = PageRequest { limit: PageLimit::LARGEST, after: None };
    loop {
        let read = view.balances(scope, page)?;
        for kept in read.items {
            let sums = found.sums.entry(kept.key.currency).or_default();
            // Of transfers that are gone one side may be gone before the other.
            let by_transfers = kept.balance.minus(kept.brought_forward).amount;
            let is_debit = matches!(kept.key.account, LedgerAccount::Payer(_));
            let side = if is_debit { &mut sums.debited } else { &mut sums.credited };
            *side = side.plus(by_transfers);
            if kept.key.span.period == Period::Total {
                let [debited, credited] = for_ever.entry((kept.key.policy, kept.key.currency)).or_default();
                let side = if is_debit { debited } else { credited };
                let [balance, brought_forward] = *side;
                *side = [balance.plus(kept.balance), brought_forward.plus(kept.brought_forward)];
            }
            let transferred = transferred.remove(&kept.key).unwrap_or_default();
            found.note(kept, transferred, now);
        }
        page.after = read.next;
        if page.after.is_none() {
            break;
        }
    }
    found.is_balanced = for_ever.values().all(|[debited, credited]| debited == credited);
    // What has transfers and no balance.
    for (key, transferred) in transferred {
        found.note(AccountBalance::empty(key), transferred, now);
    }
    Ok(found)
}

impl Reconciliation {
    fn note(&mut self, kept: AccountBalance, transferred: Balance, now: Timestamp) {
        let adds_up = kept.balance == transferred.plus(kept.brought_forward);
        let has_gone = kept.brought_forward != Balance::default();
        let is_early = has_gone && kept.key.span.ends().is_some_and(|ends| ends > now);
        if (!adds_up || is_early) && self.discrepancies.len() < Self::MOST {
            self.discrepancies.push(Discrepancy { kept, transferred });
        }
    }
}
