//! The ports of what is held about a person, and of erasing it.

use crate::Pending;
use crate::audit::Digest;
use crate::audit::ports::LogWriteScope;
use crate::identity::oidc::{OidcIssuer, SessionAtProvider, Subject};
use crate::identity::{Email, LoginKey, LoginRecord, PasswordReset};
use crate::ids::{AccountId, ActorId, GroupId, PolicyId, SessionId, TenantId};
use crate::page::{Page, PageRequest};
use crate::privacy::{Erasure, LedgerEntry};
use crate::store::StoreError;
use crate::tenant::{OperatorScope, TenantScope, WriteScope};
use crate::time::Timestamp;

/// Reads what is kept of one person, by their account or their address.
pub trait PrivacyView {
    /// Whom issuers mean by an account, in the order of issuers and subjects.
    fn oidc_identities_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<(OidcIssuer, Subject)>, StoreError>;
    /// Which sessions of an account identity providers began, in the order of the sessions.
    fn oidc_sessions_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<(SessionId, SessionAtProvider)>, StoreError>;
    /// The resets of passwords that are for an account, or that it has made, in the order of whom they are for.
    fn password_resets_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<PasswordReset>, StoreError>;
    /// The groups that an address is in, each with since when, in the order of their ids.
    fn groups_of(
        &mut self,
        scope: &TenantScope,
        email: &Email,
    ) -> Result<Vec<(GroupId, Timestamp)>, StoreError>;
    /// What is known of logins under a key, from all addresses, in the order of these, beginning with what is of none. It takes no scope:
    /// whoever can name the key knows whose it is.
    fn login_records(&mut self, key: &LoginKey) -> Result<Vec<LoginRecord>, StoreError>;
    /// Under which policies it is noted what a caller was shown, whether they are there still, in the order of their ids.
    fn disclosed_under(&mut self, scope: &TenantScope, caller: ActorId) -> Result<Vec<PolicyId>, StoreError>;
    /// The erasure of an account.
    fn erasure(&mut self, scope: &TenantScope, account: AccountId) -> Result<Option<Erasure>, StoreError>;
    /// The tenant's erasures, in the order of the accounts.
    fn erasures(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<AccountId>,
    ) -> Result<Page<Erasure, AccountId>, StoreError>;
    /// The erasures of whatever tenant that have not ended, in the order of tenants and accounts: at most so many.
    fn unfinished_erasures(
        &mut self,
        operator: &OperatorScope,
        most: usize,
    ) -> Result<Vec<(TenantId, AccountId)>, StoreError>;
}

/// Erases what is kept of one person.
pub trait PrivacyRows: PrivacyView {
    /// Removes what is known of logins under a key: at most so many. Answers how many.
    fn remove_login_records(&mut self, key: &LoginKey, most: usize) -> Result<u64, StoreError>;
    /// Removes what is noted of what a caller was shown under a policy: at most so many. Answers how many.
    fn remove_disclosures(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        caller: ActorId,
        most: usize,
    ) -> Result<u64, StoreError>;
    /// Erases what these events of a log know of a person, with the salt: that, and nothing else of them. Answers of how many there was
    /// anything.
    fn erase_persons(&mut self, log: &LogWriteScope, numbers: &[u64]) -> Result<u64, StoreError>;
    /// Keeps an erasure, in place of what was kept of that account's.
    fn put_erasure(&mut self, scope: &WriteScope, erasure: &Erasure) -> Result<(), StoreError>;
}

/// The erasure ledger failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the erasure ledger: {0}")]
pub struct ErasureLedgerError(pub String);

/// Keeps which accounts were erased and which tenants were removed, apart from the store and longer than any copy of it.
pub trait ErasureLedger: Send + Sync {
    /// What stands for an address in the ledger of a tenant. Who has the ledger alone learns nothing by it, not even whether an address that
    /// they guess is in it.
    fn mark(&self, tenant: TenantId, email: &Email) -> Digest;
    /// Whether something of a tenant could be kept now. Nothing is kept by that.
    fn check(&self, tenant: TenantId) -> Pending<'_, Result<(), ErasureLedgerError>>;
    /// Keeps these, durably. One that is kept already stays as it is.
    fn keep(&self, entries: Vec<LedgerEntry>) -> Pending<'_, Result<(), ErasureLedgerError>>;
    /// All that are kept, whatever the tenant, each once. What is damaged is told of, and left out. Blocks on a disk.
    fn all(&self) -> Result<Vec<LedgerEntry>, ErasureLedgerError>;
}
