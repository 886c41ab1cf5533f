//! The operations on groups, on who is in them, and on which policies name them.

use proptest::prelude::Strategy;
use proptest::prop_oneof;
use syft_space_domain::group::Group;
use syft_space_domain::store::{StoreError, Tx};

use crate::sample::{group, group_id, group_name, numbered_email, policy_id, time, write_scope};

#[derive(Debug, Clone)]
pub(super) enum GroupOperation {
    Add { tenant: u64, n: u64, name: u64 },
    Update { tenant: u64, n: u64, members: u64, at: u32 },
    Remove { tenant: u64, n: u64 },
    AddMembers { tenant: u64, n: u64, most: u64, at: u32 },
    RemoveMembers { tenant: u64, n: u64, most: u64 },
    Name { tenant: u64, policy: u64, most: u64 },
}

pub(super) fn group_operations(max: u64) -> impl Strategy<Value = GroupOperation> {
    let n = move || 1..=max;
    let most = move || 0..=max;
    let at = || 10..99_u32;
    prop_oneof![
        3 => (n(), n(), n()).prop_map(|(tenant, n, name)| GroupOperation::Add { tenant, n, name }),
        1 => (n(), n(), most(), at()).prop_map(|(tenant, n, members, at)| {
            GroupOperation::Update { tenant, n, members, at }
        }),
        1 => (n(), n()).prop_map(|(tenant, n)| GroupOperation::Remove { tenant, n }),
        2 => (n(), n(), most(), at()).prop_map(|(tenant, n, most, at)| {
            GroupOperation::AddMembers { tenant, n, most, at }
        }),
        1 => (n(), n(), most()).prop_map(|(tenant, n, most)| GroupOperation::RemoveMembers { tenant, n, most }),
        2 => (n(), n(), most()).prop_map(|(tenant, policy, most)| GroupOperation::Name { tenant, policy, most }),
    ]
}

impl GroupOperation {
    /// Answers whether anything was put in, or taken out.
    pub(super) fn run(&self, tx: &mut dyn Tx) -> Result<Option<bool>, StoreError> {
        let any = |count: u64| Some(count > 0);
        match *self {
            Self::Add { tenant, n, name } => {
                tx.add_group(&write_scope(tenant), &Group { name: group_name(name), ..group(n) })?;
            }
            Self::Update { tenant, n, members, at } => {
                let changed = Group { members, revision: 2, updated_at: time(at), ..group(n) };
                tx.update_group(&write_scope(tenant), &changed)?;
            }
            Self::Remove { tenant, n } => {
                return tx.remove_group(&write_scope(tenant), group_id(n)).map(Some);
            }
            Self::AddMembers { tenant, n, most, at } => {
                let emails: Vec<_> = (1..=most).map(numbered_email).collect();
                return tx.add_group_members(&write_scope(tenant), group_id(n), &emails, time(at)).map(any);
            }
            Self::RemoveMembers { tenant, n, most } => {
                let emails: Vec<_> = (1..=most).map(numbered_email).collect();
                return tx.remove_group_members(&write_scope(tenant), group_id(n), &emails).map(any);
            }
            Self::Name { tenant, policy, most } => {
                let groups: Vec<_> = (1..=most).map(group_id).collect();
                tx.set_groups_of_policy(&write_scope(tenant), policy_id(policy), &groups)?;
            }
        }
        Ok(None)
    }
}
