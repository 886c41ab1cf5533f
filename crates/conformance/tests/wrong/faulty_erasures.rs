//! Erasure ledgers that are wrong, and are caught.

use syft_space_conformance::erasure_ledger::{CHECKS, ErasureLedgerFactory};
use syft_space_domain::Pending;
use syft_space_domain::audit::Digest;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::TenantId;
use syft_space_domain::privacy::LedgerEntry;
use syft_space_domain::privacy::ports::{ErasureLedger, ErasureLedgerError};
use syft_space_memory::MemoryLedger;

use crate::assert_caught;

#[derive(Clone, Copy, PartialEq, Eq)]
enum LedgerFault {
    /// What is kept is gone with the process.
    ForgetsAtTheNextStart,
    /// Accounts alone are kept.
    ForgetsTenants,
    /// One mark for an address, whichever the tenant.
    MarksAlikeEverywhere,
}

struct FaultyLedger(MemoryLedger, LedgerFault);

impl ErasureLedger for FaultyLedger {
    fn mark(&self, tenant: TenantId, email: &Email) -> Digest {
        match self.1 {
            LedgerFault::MarksAlikeEverywhere => self.0.mark(TenantId::from_bytes([0; 16]), email),
            LedgerFault::ForgetsAtTheNextStart | LedgerFault::ForgetsTenants => self.0.mark(tenant, email),
        }
    }

    fn check(&self, tenant: TenantId) -> Pending<'_, Result<(), ErasureLedgerError>> {
        self.0.check(tenant)
    }

    fn keep(&self, entries: Vec<LedgerEntry>) -> Pending<'_, Result<(), ErasureLedgerError>> {
        let forgets = self.1 == LedgerFault::ForgetsTenants;
        let is_kept = |entry: &LedgerEntry| !forgets || matches!(entry, LedgerEntry::Account(_));
        self.0.keep(entries.into_iter().filter(is_kept).collect())
    }

    fn all(&self) -> Result<Vec<LedgerEntry>, ErasureLedgerError> {
        self.0.all()
    }
}

#[test]
fn g2_a_ledger_of_erasures_that_is_wrong_is_caught() {
    for (fault, promise) in [
        (LedgerFault::ForgetsAtTheNextStart, "g2_who_was_erased_is_kept_as_it_is_and_once"),
        (LedgerFault::ForgetsTenants, "g2_who_was_erased_is_kept_as_it_is_and_once"),
        (LedgerFault::MarksAlikeEverywhere, "g2_a_ledger_marks_an_address_for_one_tenant_and_by_its_own_key"),
    ] {
        let make = move || -> Box<dyn Fn() -> Box<dyn ErasureLedger>> {
            Box::new(move || Box::new(FaultyLedger(MemoryLedger::new([1; 32]), fault)))
        };
        let make: &ErasureLedgerFactory = &make;
        assert_caught(CHECKS, make, promise);
    }
}
