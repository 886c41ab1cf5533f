//! Tenants, which own all data, and the capability to touch one tenant's.

mod end;
mod end_tenant;
mod error;
mod forget_members;
mod founding;
mod limits;
mod name;
mod new_member;
pub mod ports;
mod register;
mod remove;
mod scope;
mod settings;

pub use end::{TenantEnd, TenantPart, TenantPartError, TenantRemoval};
pub use end_tenant::{TenantEndError, end_tenant, keep_tenant};
pub use error::RegisterError;
pub(crate) use forget_members::has_account;
pub use limits::TenantLimits;
pub use name::{TenantName, TenantNameError};
pub use new_member::NewMember;
pub use register::{
    OwnerMade, Registration, RegistrationGate, found_as_operator, is_founded, register, tenants,
};
pub use remove::{RemoveDataset, remove_ended_tenants};
pub use scope::{OperatorScope, TenantScope, WriteScope};
pub use settings::{ChangeSettings, SettingsError, change_settings, settings};

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::access::Role;
use crate::ids::TenantId;
use crate::page::PageItem;
use crate::time::Timestamp;

/// An organisation in the installation: everything else belongs to exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name, unique in the installation.
    pub name: TenantName,
    /// How many days a secret of an API key works at most.
    pub max_key_days: u32,
    /// The roles whose members need a second factor.
    pub second_factor_roles: BTreeSet<Role>,
    /// How much it may hold.
    pub limits: TenantLimits,
    /// Counts the commits that changed what its snapshot is made of.
    pub version: u64,
    /// Counts the changes of its settings, from 1.
    pub revision: u64,
    /// When it was founded.
    pub created_at: Timestamp,
    /// That it ends, once that was asked for.
    pub end: Option<TenantEnd>,
}

impl Tenant {
    /// How many days that are where nobody has said it.
    pub const DEFAULT_MAX_KEY_DAYS: u32 = 365;
    /// How many they may be.
    pub const KEY_DAYS: RangeInclusive<u32> = 1..=3_650;

    /// Whether members of this role need a second factor.
    #[must_use]
    pub fn needs_second_factor(&self, role: Role) -> bool {
        self.second_factor_roles.contains(&role)
    }
}

impl PageItem for Tenant {
    fn bytes(&self) -> usize {
        self.name.as_str().len()
    }
}
