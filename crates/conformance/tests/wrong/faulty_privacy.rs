//! What is held about a person, of a wrapper of a view or a transaction in which one method is faulty.

use std::ops::DerefMut;

use syft_space_conformance::sample;
use syft_space_domain::audit::Log;
use syft_space_domain::audit::ports::LogWriteScope;
use syft_space_domain::identity::oidc::{OidcIssuer, SessionAtProvider, Subject};
use syft_space_domain::identity::{Email, LoginKey, LoginRecord, PasswordReset};
use syft_space_domain::ids::{AccountId, ActorId, GroupId, PolicyId, SessionId, TenantId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::privacy::Erasure;
use syft_space_domain::privacy::ports::{PrivacyRows, PrivacyView};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::faulty_retention::others;
use crate::faulty_view::{FaultyView, delegated, scoped};
use crate::merge::Merge;
use crate::store::Fault;

impl<P: DerefMut> PrivacyView for FaultyView<P>
where
    P::Target: PrivacyView,
{
    scoped! { TenantScope, sample::scope;
        oidc_identities_of(account: AccountId) -> Vec<(OidcIssuer, Subject)>;
        oidc_sessions_of(account: AccountId) -> Vec<(SessionId, SessionAtProvider)>;
        password_resets_of(account: AccountId) -> Vec<PasswordReset>;
        groups_of(email: &Email) -> Vec<(GroupId, Timestamp)>;
        disclosed_under(caller: ActorId) -> Vec<PolicyId>;
        erasure(account: AccountId) -> Option<Erasure>;
        erasures(page: PageRequest<AccountId>) -> Page<Erasure, AccountId>;
    }
    delegated! {
        login_records(key: &LoginKey) -> Vec<LoginRecord>;
        unfinished_erasures(operator: &OperatorScope, most: usize) -> Vec<(TenantId, AccountId)>;
    }
}

impl<P: DerefMut> PrivacyRows for FaultyView<P>
where
    P::Target: PrivacyRows,
{
    scoped! { WriteScope, sample::write_scope;
        remove_disclosures(policy: PolicyId, caller: ActorId, most: usize) -> u64;
    }
    delegated! {
        remove_login_records(key: &LoginKey, most: usize) -> u64;
        put_erasure(scope: &WriteScope, erasure: &Erasure) -> ();
    }

    fn erase_persons(&mut self, log: &LogWriteScope, numbers: &[u64]) -> Result<u64, StoreError> {
        if self.fault == Fault::IgnoresTenantIn("erase_persons") {
            for other in others(log.log()) {
                let other = LogWriteScope::assume(Log::from(&other), "a fault forgets the tenant");
                self.inner.erase_persons(&other, numbers)?;
            }
        }
        self.inner.erase_persons(log, numbers)
    }
}
