//! Proving a second factor: a code is checked, and used up in the unit of work that grants what it is asked for.

use crate::audit::{Action, ChangeCode, Changes, Event};
use crate::identity::{FactorCode, Guess, SecondFactor, TotpSecret};
use crate::ids::AccountId;
use crate::secret::TokenHash;
use crate::space::Space;
use crate::store::{StoreError, Tx};
use crate::tenant::{TenantScope, WriteScope};

/// A code that fits, and is still to be used up.
#[derive(Clone, Copy)]
pub(super) enum FactorProof {
    /// The code of this step.
    Step(u64),
    /// What may be a recovery code: only the store knows.
    RecoveryCode(TokenHash),
}

/// What became of a code when it was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Redeemed {
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

impl FactorProof {
    /// Looks whether a code fits. A secret that cannot be opened fits none, while a recovery code goes on to stand in for it.
    pub(super) fn of(
        space: &Space,
        scope: &TenantScope,
        account: AccountId,
        factor: &SecondFactor,
        code: &FactorCode,
    ) -> Option<Self> {
        match code {
            FactorCode::Totp(code) => {
                let plain = space.sealer.open(scope, &SecondFactor::place(account), &factor.secret).ok()?;
                TotpSecret::from_plain(plain).step_of(code.expose(), space.clock.now()).map(Self::Step)
            }
            FactorCode::Recovery(hash) => Some(Self::RecoveryCode(*hash)),
            FactorCode::Neither => None,
        }
    }

    /// What a wrong code is counted as, where `guess` is the password's. What may be a recovery code is no guess at a code: nobody
    /// guesses 120 bits, and it gets its owner in while others guess at codes.
    pub(super) fn guess(proof: Option<Self>, guess: Guess) -> Guess {
        match proof {
            Some(Self::RecoveryCode(_)) => guess,
            Some(Self::Step(_)) | None => guess.at_code(),
        }
    }

    /// Uses a code up that fitted `factor`: of two who show the same one gets what it is asked for.
    pub(super) fn redeem(
        self,
        tx: &mut dyn Tx,
        scope: &WriteScope,
        account: AccountId,
        factor: &SecondFactor,
    ) -> Result<Redeemed, StoreError> {
        let is_same =
            |now: &SecondFactor| (&now.secret, now.confirmed_at) == (&factor.secret, factor.confirmed_at);
        let Some(now) = tx.second_factor(scope, account)?.filter(is_same) else { return Ok(Redeemed::No) };
        match self {
            Self::Step(step) if step > now.last_step => {
                tx.set_totp_step(scope, account, step)?;
                Ok(Redeemed::Code)
            }
            Self::Step(_) => Ok(Redeemed::No),
            Self::RecoveryCode(hash) => {
                if !tx.take_recovery_code(scope, account, &hash)? {
                    return Ok(Redeemed::No);
                }
                Ok(Redeemed::RecoveryCode { left: tx.count_recovery_codes(scope, account)? })
            }
        }
    }
}

/// The event that a recovery code was used, and how many are left.
pub(super) fn recovery_code_used(event: &Event, left: u64) -> Event {
    let mut changes = Changes::from(ChangeCode::RecoveryCodeUsed);
    changes.note_setting("recovery_codes_left", Some(&left.to_string()));
    Event { action: Action::AuthnFactorChange, ..event.clone() }.changing(changes)
}
