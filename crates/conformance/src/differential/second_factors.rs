//! The operations on second factors and on the settings of tenants.

use proptest::prelude::{Strategy, any};
use proptest::prop_oneof;
use syft_space_domain::access::Role;
use syft_space_domain::identity::SecondFactor;
use syft_space_domain::store::{StoreError, Tx};

use crate::sample::{account_id, scope, second_factor, time, token, write_scope};

#[derive(Debug, Clone)]
pub(super) enum FactorOperation {
    Put { tenant: u64, account: u64, n: u64, confirmed: bool, codes: u64 },
    Step { tenant: u64, account: u64, step: u64 },
    TakeCode { tenant: u64, account: u64, code: u64 },
    Remove { tenant: u64, account: u64 },
    Settings { tenant: u64, roles: usize, revision: u64 },
}

pub(super) fn factor_operations(max: u64) -> impl Strategy<Value = FactorOperation> {
    let n = move || 1..=max;
    prop_oneof![
        2 => (n(), n(), n(), any::<bool>(), 0..=max).prop_map(|(tenant, account, n, confirmed, codes)| {
            FactorOperation::Put { tenant, account, n, confirmed, codes }
        }),
        1 => (n(), n(), n()).prop_map(|(tenant, account, step)| FactorOperation::Step { tenant, account, step }),
        2 => (n(), n(), n()).prop_map(|(tenant, account, code)| {
            FactorOperation::TakeCode { tenant, account, code }
        }),
        1 => (n(), n()).prop_map(|(tenant, account)| FactorOperation::Remove { tenant, account }),
        1 => (n(), 0..=4_usize, n()).prop_map(|(tenant, roles, revision)| {
            FactorOperation::Settings { tenant, roles, revision }
        }),
    ]
}

impl FactorOperation {
    pub(super) fn run(&self, tx: &mut dyn Tx) -> Result<Option<bool>, StoreError> {
        match *self {
            Self::Put { tenant, account, n, confirmed, codes } => {
                let confirmed_at = confirmed.then(|| time(13));
                let factor = SecondFactor { confirmed_at, ..second_factor(n) };
                let codes: Vec<_> = (1..=codes).map(|code| token(1, code)).collect();
                tx.put_second_factor(&write_scope(tenant), account_id(account), &factor, &codes)?;
            }
            Self::Step { tenant, account, step } => {
                tx.set_totp_step(&write_scope(tenant), account_id(account), step)?;
            }
            Self::TakeCode { tenant, account, code } => {
                let taken =
                    tx.take_recovery_code(&write_scope(tenant), account_id(account), &token(1, code))?;
                return Ok(Some(taken));
            }
            Self::Remove { tenant, account } => {
                return tx.remove_second_factor(&write_scope(tenant), account_id(account)).map(Some);
            }
            Self::Settings { tenant, roles, revision } => {
                if let Some(mut row) = tx.tenant(&scope(tenant))? {
                    row.second_factor_roles = Role::ALL.into_iter().take(roles).collect();
                    row.revision = revision;
                    tx.update_tenant(&write_scope(tenant), &row)?;
                }
            }
        }
        Ok(None)
    }
}
