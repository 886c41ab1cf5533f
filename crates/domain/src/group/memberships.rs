//! Who is in which group, in memory: what decisions look at.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::group::GroupName;
use crate::identity::Email;
use crate::ids::GroupId;

/// Who is in each group of a tenant. A clone shares every group.
#[derive(Debug, Clone, Default)]
pub struct GroupMemberships(HashMap<GroupName, Arc<GroupSnapshot>>);

/// A group, as decisions see it. A clone shares its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSnapshot {
    /// Its id.
    pub id: GroupId,
    /// The change of it, and of who is in it, that this is of.
    pub revision: u64,
    /// `None` where what is stored of it cannot be read. Policies that name it let nobody in then.
    members: Option<Arc<HashSet<Email>>>,
}

impl GroupMemberships {
    /// One of the groups; `None` where there is none of this name.
    #[must_use]
    pub fn get(&self, name: &GroupName) -> Option<&GroupSnapshot> {
        self.0.get(name).map(Arc::as_ref)
    }

    /// Whether an address is in a group; `None` where there is no such group, or it cannot be read.
    #[must_use]
    pub fn includes(&self, name: &GroupName, email: &Email) -> Option<bool> {
        self.get(name)?.members.as_ref().map(|members| members.contains(email))
    }

    /// Whether it can be told who is in a group.
    #[must_use]
    pub fn is_readable(&self, name: &GroupName) -> bool {
        self.get(name).is_some_and(|group| group.members.is_some())
    }

    /// Of those in a group the first in the order of their bytes. It looks at each of them.
    #[must_use]
    pub fn first_member(&self, name: &GroupName) -> Option<&Email> {
        self.get(name)?.members.as_ref()?.iter().min()
    }

    /// The group of an id.
    pub(crate) fn by_id(&self, id: GroupId) -> Option<GroupSnapshot> {
        self.0.values().find(|group| group.id == id).map(|group| GroupSnapshot::clone(group))
    }

    /// Puts a group in the place of the one of its name.
    pub fn put(&mut self, name: GroupName, group: GroupSnapshot) {
        self.0.insert(name, Arc::new(group));
    }

    /// Removes a group.
    pub(crate) fn remove(&mut self, id: GroupId) {
        self.0.retain(|_, group| group.id != id);
    }

    /// Puts an address into a group, or takes it out.
    pub(crate) fn set(&mut self, id: GroupId, email: Email, is_member: bool) {
        let group = self.0.values_mut().find(|group| group.id == id);
        if let Some(members) = group.and_then(|group| Arc::make_mut(group).members.as_mut()) {
            let members = Arc::make_mut(members);
            if is_member {
                members.insert(email);
            } else {
                members.remove(&email);
            }
        }
    }
}

impl GroupSnapshot {
    /// A group with these members.
    #[must_use]
    pub fn of(id: GroupId, revision: u64, members: impl IntoIterator<Item = Email>) -> Self {
        Self { id, revision, members: Some(Arc::new(members.into_iter().collect())) }
    }

    /// A group of which these are stored as its members. Where one of them is no address in canonical form, nobody knows who is
    /// meant, and the group cannot be read.
    #[must_use]
    pub fn of_stored(id: GroupId, revision: u64, members: &[String]) -> Self {
        let read = |text: &String| Email::parse(text).ok().filter(|email| email.as_str() == text);
        let members: Option<HashSet<Email>> = members.iter().map(read).collect();
        Self { id, revision, members: members.map(Arc::new) }
    }

    /// The same members, as of a later change.
    #[must_use]
    pub fn at(&self, revision: u64) -> Self {
        Self { revision, ..self.clone() }
    }

    /// Whether it can be told who is in it.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.members.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> GroupName {
        GroupName::parse(text).unwrap()
    }

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    #[test]
    fn z2_who_is_in_a_group_is_known_only_where_all_of_it_can_be_read() {
        let id = GroupId::from_bytes([1; 16]);
        let mut groups = GroupMemberships::default();
        assert_eq!(groups.includes(&name("a"), &email("ada@example.org")), None, "there is no such group");
        let stored = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            GroupSnapshot::of_stored(id, 1, &texts)
        };
        groups.put(name("a"), stored(&["ada@example.org"]));
        assert_eq!(groups.includes(&name("a"), &email("Ada@Example.ORG")), Some(true));
        assert_eq!(groups.includes(&name("a"), &email("bob@example.org")), Some(false));
        for unreadable in [["ada@example.org", "Bob@example.org"], ["ada@example.org", "bob"]] {
            groups.put(name("a"), stored(&unreadable));
            assert_eq!(groups.includes(&name("a"), &email("ada@example.org")), None, "{unreadable:?}");
            assert!(!groups.is_readable(&name("a")) && groups.first_member(&name("a")).is_none());
        }
    }

    #[test]
    fn z2_a_change_of_who_is_in_a_group_leaves_what_others_hold_as_it_is() {
        let id = GroupId::from_bytes([1; 16]);
        let mut groups = GroupMemberships::default();
        groups.put(name("a"), GroupSnapshot::of(id, 1, [email("ada@example.org")]));
        let before = groups.clone();
        groups.set(id, email("ada@example.org"), false);
        groups.set(id, email("bob@example.org"), true);
        groups.set(GroupId::from_bytes([2; 16]), email("eve@example.org"), true);
        assert_eq!(before.includes(&name("a"), &email("ada@example.org")), Some(true));
        assert_eq!(before.includes(&name("a"), &email("bob@example.org")), Some(false));
        assert_eq!(groups.includes(&name("a"), &email("ada@example.org")), Some(false));
        assert_eq!(groups.includes(&name("a"), &email("bob@example.org")), Some(true));
    }
}
