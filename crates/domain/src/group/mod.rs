//! Groups: named lists of addresses, which access policies name instead of naming each address.

mod error;
mod limits;
mod manage;
mod members;
mod memberships;
mod name;
pub mod ports;

pub use error::GroupError;
pub use limits::{MAX_GROUPS_PER_TENANT, MAX_MEMBERS, MAX_MEMBERS_AT_ONCE, MAX_MEMBERS_PER_TENANT};
pub use manage::{ChangeGroup, NewGroup, change_group, create_group, group, groups, remove_group};
pub use members::{MembersChanged, add_members, members, remove_members};
pub use memberships::{GroupMemberships, GroupSnapshot};
pub use name::{GroupName, GroupNameError};

use crate::identity::Email;
use crate::ids::GroupId;
use crate::page::PageItem;
use crate::time::Timestamp;

/// A named list of addresses of a tenant. Whether their holders are members of the tenant has no bearing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id. Policies name it by its name, which never changes.
    pub id: GroupId,
    /// Its name, which no other group of the tenant has.
    pub name: GroupName,
    /// What it is for.
    pub description: String,
    /// How many addresses are in it.
    pub members: u64,
    /// Counts its changes and those of who is in it, from 1.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it, or who is in it, was last changed.
    pub updated_at: Timestamp,
}

impl PageItem for Group {
    fn bytes(&self) -> usize {
        100 + self.name.as_str().len() + self.description.len()
    }
}

/// An address in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMember {
    /// The address.
    pub email: Email,
    /// Since when.
    pub added_at: Timestamp,
}

impl PageItem for GroupMember {
    fn bytes(&self) -> usize {
        50 + self.email.as_str().len()
    }
}
