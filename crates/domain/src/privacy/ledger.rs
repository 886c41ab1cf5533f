//! The erasure ledger: it keeps, apart from the store, which accounts were erased and which tenants were removed. A copy of the store from
//! before does not know it, and would bring them back.

use crate::ids::TenantId;
use crate::port_error::PortError;
use crate::privacy::ports::ErasureLedgerError;
use crate::privacy::{ErasedAccount, Erasure, LedgerEntry};
use crate::space::Space;

/// What is kept of an erasure.
pub(super) fn erased_account(space: &Space, tenant: TenantId, erasure: &Erasure) -> LedgerEntry {
    let mark = |email| space.erasure_ledger.as_ref().map(|ledger| ledger.mark(tenant, email));
    LedgerEntry::Account(ErasedAccount {
        tenant,
        account: erasure.account,
        asked_by: erasure.asked_by,
        asked_at: erasure.asked_at,
        token: erasure.token,
        address: erasure.person.as_ref().and_then(|person| mark(&person.email)),
    })
}

/// Refuses what would have to be noted, where that cannot be: before anything of it has begun.
///
/// # Errors
/// When the ledger cannot be written.
pub(super) async fn check(space: &Space, tenant: TenantId) -> Result<(), PortError> {
    match &space.erasure_ledger {
        Some(ledger) => Ok(ledger.check(tenant).await?),
        None => Ok(()),
    }
}

/// Keeps an erasure that has begun.
///
/// # Errors
/// When the ledger cannot be written, of which it tells its operator itself. The erasure does not end before it is noted, and the address
/// is known until then.
pub(super) async fn note(
    space: &Space,
    tenant: TenantId,
    erasure: &Erasure,
) -> Result<(), ErasureLedgerError> {
    match &space.erasure_ledger {
        Some(ledger) => ledger.keep(vec![erased_account(space, tenant, erasure)]).await,
        None => Ok(()),
    }
}

/// Keeps that the removal of a tenant has begun.
///
/// # Errors
/// As for [`note`]: the tenant's own row stays until then.
pub(crate) async fn note_removal(space: &Space, tenant: TenantId) -> Result<(), ErasureLedgerError> {
    match &space.erasure_ledger {
        Some(ledger) => ledger.keep(vec![LedgerEntry::Tenant(tenant)]).await,
        None => Ok(()),
    }
}
