//! The identity providers of a wrapper of a view or a transaction, in which one method is faulty.

use std::ops::DerefMut;

use syft_space_conformance::{oidc, sample};
use syft_space_domain::identity::oidc::ports::{OidcRows, OidcView};
use syft_space_domain::identity::oidc::{OidcIssuer, OidcProvider, SessionAtProvider, Subject};
use syft_space_domain::identity::{Email, Invitation};
use syft_space_domain::ids::{AccountId, OidcProviderId, SessionId};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};

use crate::faulty_view::{FaultyView, delegated, scoped};
use crate::merge::Merge;
use crate::store::Fault;
use crate::{assert_caught, faulty_store};

/// Every method that takes a scope, except those that add.
pub(crate) const SCOPED_METHODS: &[&str] = &[
    "oidc_providers",
    "oidc_account",
    "invitations_of",
    "oidc_sessions",
    "remove_oidc_provider",
    "remove_oidc_identities",
];

impl<P: DerefMut> OidcView for FaultyView<P>
where
    P::Target: OidcView,
{
    scoped! { TenantScope, sample::scope;
        oidc_providers() -> Vec<OidcProvider>;
        invitations_of(email: &Email) -> Vec<Invitation>;
    }
    fn oidc_account(
        &mut self,
        scope: &TenantScope,
        issuer: &OidcIssuer,
        subject: &Subject,
    ) -> Result<Option<AccountId>, StoreError> {
        let mut found = self.inner.oidc_account(scope, issuer, subject)?;
        for n in [1, 2, 3] {
            found = match self.fault {
                Fault::IgnoresTenantIn("oidc_account") => {
                    found.or(self.inner.oidc_account(&sample::scope(n), issuer, subject)?)
                }
                Fault::IgnoresIssuer => {
                    found.or(self.inner.oidc_account(scope, &sample::issuer_of(n), subject)?)
                }
                _ => found,
            };
        }
        Ok(found)
    }
    fn oidc_sessions(
        &mut self,
        scope: &TenantScope,
        provider: OidcProviderId,
        subject: Option<&Subject>,
        sid: Option<&Subject>,
    ) -> Result<Vec<(AccountId, SessionId)>, StoreError> {
        let sid = sid.filter(|_| self.fault != Fault::IgnoresSid);
        let mut found = self.inner.oidc_sessions(scope, provider, subject, sid)?;
        if self.fault == Fault::IgnoresTenantIn("oidc_sessions") {
            for other in [1, 2, 3].map(sample::scope) {
                if other != *scope {
                    found.extend(self.inner.oidc_sessions(&other, provider, subject, sid)?);
                }
            }
        }
        Ok(found)
    }
}

impl<P: DerefMut> OidcRows for FaultyView<P>
where
    P::Target: OidcRows,
{
    delegated! {
        add_oidc_provider(scope: &WriteScope, provider: &OidcProvider) -> ();
        add_oidc_identity(scope: &WriteScope, issuer: &OidcIssuer, subject: &Subject, account: AccountId) -> ();
        add_oidc_session(scope: &WriteScope, account: AccountId, session: SessionId, at_provider: &SessionAtProvider) -> ();
    }
    scoped! { WriteScope, sample::write_scope;
        remove_oidc_provider(id: OidcProviderId) -> bool;
        remove_oidc_identities(account: AccountId) -> u64;
    }
}

#[test]
fn a1_a_store_that_takes_one_issuers_subject_for_anothers_or_one_session_for_all_is_caught() {
    let make = faulty_store(Fault::IgnoresIssuer);
    assert_caught(oidc::CHECKS, &*make, "a1_whose_an_account_is_an_issuer_and_its_subject_say_together");
    let make = faulty_store(Fault::IgnoresSid);
    assert_caught(oidc::CHECKS, &*make, "a1_the_sessions_of_a_provider_are_found_by_whom_it_means");
}
