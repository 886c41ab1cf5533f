//! The check that every paged list shares: it is complete, in order and without repeats, whatever is added and removed
//! between its pages.

use std::fmt::Debug;

use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::store::{Store, StoreError, Tx, View};

use crate::run::{commit, first_page, read};

type ReadPage<T, K> = fn(&mut dyn View, PageRequest<K>) -> Result<Page<T, K>, StoreError>;

/// A paged list of a store, whose items have numbers.
pub(crate) struct PagedList<T, K> {
    /// Adds the item with this number.
    pub(crate) add: fn(&mut dyn Tx, u64) -> Result<(), StoreError>,
    /// Removes the item with this number.
    pub(crate) remove: fn(&mut dyn Tx, u64) -> Result<(), StoreError>,
    /// Reads a page.
    pub(crate) page: ReadPage<T, K>,
    /// The key of the item with this number.
    pub(crate) key: fn(u64) -> K,
    /// The key of an item.
    pub(crate) key_of: fn(&T) -> K,
}

impl<T: 'static, K: Debug + PartialEq + Copy + 'static> PagedList<T, K> {
    #[track_caller]
    fn assert_page(
        &self,
        store: &dyn Store,
        request: PageRequest<K>,
        expected: &[u64],
        has_next: bool,
    ) -> PageRequest<K> {
        let page = read(store, |view| (self.page)(view, request));
        let found: Vec<K> = page.items.iter().map(self.key_of).collect();
        let expected: Vec<K> = expected.iter().map(|n| (self.key)(*n)).collect();
        assert_eq!(found, expected, "a page holds the next items in order, none twice and none left out");
        assert_eq!(page.next.is_some(), has_next, "a page has a cursor when, and only when, another follows");
        PageRequest { after: page.next, ..request }
    }

    /// Reads the list page by page, and changes it between the pages.
    #[track_caller]
    pub(crate) fn check(self, store: &dyn Store) {
        let (add, remove) = (self.add, self.remove);
        self.assert_page(store, first_page(3), &[], false);
        commit(store, move |tx| {
            [50, 20, 90, 10, 70, 30, 80, 40, 60].into_iter().try_for_each(|n| add(tx, n))
        });
        self.assert_page(store, first_page(100), &[10, 20, 30, 40, 50, 60, 70, 80, 90], false);
        self.assert_page(store, first_page(9), &[10, 20, 30, 40, 50, 60, 70, 80, 90], false);
        let second = self.assert_page(store, first_page(3), &[10, 20, 30], true);
        // The item at the cursor is removed, and others are added before and after it.
        commit(store, move |tx| {
            [5, 25, 35].into_iter().try_for_each(|n| add(tx, n))?;
            [30, 50].into_iter().try_for_each(|n| remove(tx, n))
        });
        let third = self.assert_page(store, second, &[35, 40, 60], true);
        self.assert_page(store, third, &[70, 80, 90], false);
        commit(store, move |tx| [70, 80, 90].into_iter().try_for_each(|n| remove(tx, n)));
        self.assert_page(store, third, &[], false);
    }
}
