//! The second factor of an account: an authenticator app, and the recovery codes that stand in for it.

use crate::identity::{FactorCode, TotpSecret};
use crate::ids::AccountId;
use crate::sealing::{AssociatedData, Sealed};
use crate::secret::TokenHash;
use crate::space::Space;
use crate::store::{StoreError, Tx};
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;

/// What is stored of an account's authenticator app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// The [`TotpSecret`], sealed.
    pub secret: Sealed,
    /// Since when it is asked for. Before that whoever enrols has not shown that their app has the secret.
    pub confirmed_at: Option<Timestamp>,
    /// The last step of which a code was used. None of it, or of one before, is taken any more.
    pub last_step: u64,
}

/// A code that fits, and is still to be used up.
#[derive(Clone, Copy)]
pub(crate) enum FactorProof {
    /// The code of this step.
    Step(u64),
    /// What may be a recovery code: only the store knows.
    RecoveryCode(TokenHash),
}

/// What became of a code when it was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redeemed {
    /// It is used already, or none of the factor that there is now.
    No,
    /// It was the app's.
    Code,
    /// It was a recovery code, and so many are left.
    RecoveryCode {
        /// How many.
        left: u64,
    },
}

impl SecondFactor {
    /// One that begins now, with this secret.
    pub(super) fn begin(secret: Sealed) -> Self {
        Self { secret, confirmed_at: None, last_step: 0 }
    }

    /// Where its secret lies.
    pub(super) fn place(account: AccountId) -> AssociatedData {
        AssociatedData { table: "accounts", column: "totp_secret", row: *account.as_bytes() }
    }

    /// Looks whether a code fits. A secret that cannot be opened fits none, while a recovery code goes on to stand in for it.
    pub(super) fn check(
        &self,
        space: &Space,
        scope: &TenantScope,
        account: AccountId,
        code: &FactorCode,
        now: Timestamp,
    ) -> Option<FactorProof> {
        match code {
            FactorCode::Totp(code) => {
                let plain = space.sealer.open(scope, &Self::place(account), &self.secret).ok()?;
                TotpSecret::from_plain(plain).step_of(code.expose(), now).map(FactorProof::Step)
            }
            FactorCode::Recovery(hash) => Some(FactorProof::RecoveryCode(*hash)),
            FactorCode::Neither => None,
        }
    }

    /// Uses up a code that was checked against this factor, in the unit of work that grants what it is asked for: of two who
    /// show the same one gets it.
    pub(super) fn redeem(
        &self,
        tx: &mut dyn Tx,
        scope: &WriteScope,
        account: AccountId,
        proof: FactorProof,
    ) -> Result<Redeemed, StoreError> {
        let now = tx.second_factor(scope, account)?;
        let is_same = |now: &Self| (&now.secret, now.confirmed_at) == (&self.secret, self.confirmed_at);
        let Some(now) = now.filter(is_same) else { return Ok(Redeemed::No) };
        match proof {
            FactorProof::Step(step) if step > now.last_step => {
                tx.set_totp_step(scope, account, step)?;
                Ok(Redeemed::Code)
            }
            FactorProof::Step(_) => Ok(Redeemed::No),
            FactorProof::RecoveryCode(hash) => {
                if !tx.take_recovery_code(scope, account, &hash)? {
                    return Ok(Redeemed::No);
                }
                Ok(Redeemed::RecoveryCode { left: tx.count_recovery_codes(scope, account)? })
            }
        }
    }
}
