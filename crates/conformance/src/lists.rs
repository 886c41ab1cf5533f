//! Is a list complete, in order and without repeats, whatever is added and removed between its pages?

use std::fmt::Debug;

use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::store::{Store, StoreError, Tx, View};

use crate::drive::{first, keep, look};

type AskPage<T, K> = fn(&mut dyn View, PageRequest<K>) -> Result<Page<T, K>, StoreError>;

/// A list of one room, whose items have numbers.
pub(crate) struct List<T, K> {
    /// Adds the item with this number.
    pub(crate) add: fn(&mut dyn Tx, u64) -> Result<(), StoreError>,
    /// Removes the item with this number.
    pub(crate) remove: fn(&mut dyn Tx, u64) -> Result<(), StoreError>,
    /// Asks for a page.
    pub(crate) page: AskPage<T, K>,
    /// The key of the item with this number.
    pub(crate) key: fn(u64) -> K,
    /// The key of an item.
    pub(crate) key_of: fn(&T) -> K,
}

impl<T: 'static, K: Debug + PartialEq + Copy + 'static> List<T, K> {
    #[track_caller]
    fn page(&self, store: &dyn Store, ask: PageRequest<K>, expected: &[u64], more: bool) -> PageRequest<K> {
        let page = look(store, |view| (self.page)(view, ask));
        let found: Vec<K> = page.items.iter().map(self.key_of).collect();
        let expected: Vec<K> = expected.iter().map(|n| (self.key)(*n)).collect();
        assert_eq!(found, expected, "a page holds the next items in order, none twice and none left out");
        assert_eq!(page.next.is_some(), more, "a page has a cursor when, and only when, another follows");
        PageRequest { after: page.next, ..ask }
    }

    /// Walks the list, and changes it on the way.
    #[track_caller]
    pub(crate) fn check(self, store: &dyn Store) {
        let (add, remove) = (self.add, self.remove);
        self.page(store, first(3), &[], false);
        keep(store, move |tx| [50, 20, 90, 10, 70, 30, 80, 40, 60].into_iter().try_for_each(|n| add(tx, n)));
        self.page(store, first(100), &[10, 20, 30, 40, 50, 60, 70, 80, 90], false);
        self.page(store, first(9), &[10, 20, 30, 40, 50, 60, 70, 80, 90], false);
        let second = self.page(store, first(3), &[10, 20, 30], true);
        // The item that the cursor stands on goes, and others come on both sides of it.
        keep(store, move |tx| {
            [5, 25, 35].into_iter().try_for_each(|n| add(tx, n))?;
            [30, 50].into_iter().try_for_each(|n| remove(tx, n))
        });
        let third = self.page(store, second, &[35, 40, 60], true);
        self.page(store, third, &[70, 80, 90], false);
        keep(store, move |tx| [70, 80, 90].into_iter().try_for_each(|n| remove(tx, n)));
        self.page(store, third, &[], false);
    }
}
