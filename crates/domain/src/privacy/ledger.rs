//! The erasure ledger: it keeps, apart from the store, which accounts were erased. A copy of the store from before does not know it, and
//! would bring them back.

use crate::ids::TenantId;
use crate::privacy::{ErasedAccount, Erasure};
use crate::space::Space;

/// What is kept of an erasure.
pub(super) fn erased_account(space: &Space, tenant: TenantId, erasure: &Erasure) -> ErasedAccount {
    let mark = |email| space.erasure_ledger.as_ref().map(|ledger| ledger.mark(tenant, email));
    ErasedAccount {
        tenant,
        account: erasure.account,
        asked_by: erasure.asked_by,
        asked_at: erasure.asked_at,
        token: erasure.token,
        address: erasure.person.as_ref().and_then(|person| mark(&person.email)),
    }
}

/// Keeps an erasure that has begun. The ledger tells its operator of a failure, and what it lacks is kept with the next look of the
/// background, or the next start.
pub(super) async fn note(space: &Space, tenant: TenantId, erasure: &Erasure) {
    if let Some(ledger) = &space.erasure_ledger {
        drop(ledger.keep(vec![erased_account(space, tenant, erasure)]).await);
    }
}
