//! The suite of [`ErasureLedger`].

use futures_executor::block_on;
use syft_space_domain::ids::TenantId;
use syft_space_domain::privacy::ports::ErasureLedger;
use syft_space_domain::privacy::{ErasedAccount, ErasureBy, LedgerEntry};
use syft_space_domain::secret::TokenHash;

use crate::check::{Check, checks, run_all};
use crate::sample::{account_id, email, tenant_id, time};

/// Makes a ledger that nobody else has, each time: and what opens that one, each time as the next start does.
pub type ErasureLedgerFactory = dyn Fn() -> Box<dyn Fn() -> Box<dyn ErasureLedger>>;

/// Every promise of [`ErasureLedger`].
pub const CHECKS: &[Check<ErasureLedgerFactory>] = checks![
    g2_who_was_erased_is_kept_as_it_is_and_once,
    g2_a_ledger_marks_an_address_for_one_tenant_and_by_its_own_key,
];

/// Checks every promise.
pub fn suite(make: &ErasureLedgerFactory) {
    run_all("the erasure ledger", CHECKS, make);
}

fn erased(tenant: u64, account: u64, at: u32) -> LedgerEntry {
    LedgerEntry::Account(ErasedAccount {
        tenant: tenant_id(tenant),
        account: account_id(account),
        asked_by: if account == 1 { ErasureBy::Owner } else { ErasureBy::Person },
        asked_at: time(at),
        token: (account == 1).then_some(TokenHash([7; 32])),
        address: (account < 3).then_some([9; 32]),
    })
}

/// Whichever tenant it is of, and whoever kept it; and which tenants were removed.
pub fn g2_who_was_erased_is_kept_as_it_is_and_once(make: &ErasureLedgerFactory) {
    let open = make();
    let all = |ledger: &dyn ErasureLedger| {
        let mut all = ledger.all().expect("a ledger is read");
        all.sort_unstable_by_key(LedgerEntry::key);
        all
    };
    let keep = |ledger: &dyn ErasureLedger, entries: &[LedgerEntry]| {
        assert_eq!(block_on(ledger.check(tenant_id(1))), Ok(()), "it says that it can be kept");
        assert_eq!(block_on(ledger.keep(entries.to_vec())), Ok(()), "it is kept");
    };
    let removed = |n| LedgerEntry::Tenant(tenant_id(n));
    let erased = |tenant, account| erased(tenant, account, 10);
    let wanted = [removed(1), erased(1, 1), erased(1, 2), erased(1, 3), erased(2, 1), removed(3)];
    let first = open();
    assert_eq!(all(&*first), [], "a new one has nothing");
    assert_eq!(block_on(first.check(tenant_id(4))), Ok(()), "nor has one that was asked");
    keep(&*first, &[erased(2, 1), erased(1, 2), erased(1, 2), removed(3)]);
    keep(&*first, &[]);
    keep(&*first, &[erased(1, 2), erased(1, 1), removed(3), removed(1)]);
    let next = open();
    keep(&*next, &[erased(1, 3), self::erased(1, 1, 11)]);
    for ledger in [first, next, open()] {
        assert_eq!(all(&*ledger), wanted, "all of them, each once and as it was first kept");
    }
}

/// So it tells whether an address is the one, and to nobody else.
pub fn g2_a_ledger_marks_an_address_for_one_tenant_and_by_its_own_key(make: &ErasureLedgerFactory) {
    let (open, other) = (make(), make()());
    let mark = |tenant: TenantId, n: u64| open().mark(tenant, &email(n));
    assert_eq!(mark(tenant_id(1), 1), mark(tenant_id(1), 1), "the same address is marked alike");
    assert_ne!(mark(tenant_id(1), 1), mark(tenant_id(1), 2), "another address is marked otherwise");
    assert_ne!(mark(tenant_id(1), 1), mark(tenant_id(2), 1), "and so is that of another tenant");
    assert_ne!(mark(tenant_id(1), 1), other.mark(tenant_id(1), &email(1)), "and that of another ledger");
}
