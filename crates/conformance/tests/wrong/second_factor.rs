//! Stores that are wrong about second factors.

use std::ops::DerefMut;

use syft_space_conformance::{sample, second_factor};
use syft_space_domain::identity::SecondFactor;
use syft_space_domain::identity::ports::{SecondFactorRows, SecondFactorView};
use syft_space_domain::ids::AccountId;
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};

use crate::faulty_view::{FaultyView, scoped};
use crate::merge::Merge;
use crate::store::Fault;
use crate::{assert_caught, faulty_store};

/// The methods here that take a scope.
pub(crate) const SCOPED_METHODS: &[&str] = &[
    "second_factor",
    "count_recovery_codes",
    "put_second_factor",
    "set_totp_step",
    "take_recovery_code",
    "remove_second_factor",
];

impl<P: DerefMut> SecondFactorView for FaultyView<P>
where
    P::Target: SecondFactorView,
{
    scoped! { TenantScope, sample::scope;
        second_factor(account: AccountId) -> Option<SecondFactor>;
        count_recovery_codes(account: AccountId) -> u64;
    }
}

impl<P: DerefMut> SecondFactorRows for FaultyView<P>
where
    P::Target: SecondFactorRows,
{
    fn take_recovery_code(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        code: &TokenHash,
    ) -> Result<bool, StoreError> {
        match self.fault {
            // It is found, and stays.
            Fault::KeepsRecoveryCodes => {
                let Some(factor) = self.inner.second_factor(scope, account)? else { return Ok(false) };
                let taken = self.inner.take_recovery_code(scope, account, code)?;
                if taken {
                    self.inner.put_second_factor(scope, account, &factor, &[*code])?;
                }
                Ok(taken)
            }
            Fault::IgnoresTenantIn("take_recovery_code") => {
                [1, 2, 3].into_iter().try_fold(false, |taken, n| {
                    Ok(taken | self.inner.take_recovery_code(&sample::write_scope(n), account, code)?)
                })
            }
            _ => self.inner.take_recovery_code(scope, account, code),
        }
    }

    scoped! { WriteScope, sample::write_scope;
        put_second_factor(account: AccountId, factor: &SecondFactor, recovery_codes: &[TokenHash]) -> ();
        set_totp_step(account: AccountId, step: u64) -> ();
        remove_second_factor(account: AccountId) -> bool;
    }
}

#[test]
fn a5_a_store_that_gives_a_recovery_code_twice_is_caught() {
    let make = faulty_store(Fault::KeepsRecoveryCodes);
    assert_caught(second_factor::CHECKS, &*make, "a5_a_recovery_code_is_taken_once");
}
