//! The checks that every paged list shares: it is complete, in order and without repeats, whatever is added and removed
//! between its pages; and a page is bounded by bytes.

use std::fmt::Debug;

use syft_space_domain::page::{MAX_PAGE_BYTES, Page, PageItem, PageLimit, PageRequest};
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

impl<T: Send + 'static, K: Debug + PartialEq + Clone + Send + 'static> PagedList<T, K> {
    #[track_caller]
    fn assert_page(
        &self,
        store: &dyn Store,
        request: PageRequest<K>,
        expected: &[u64],
        has_next: bool,
    ) -> PageRequest<K> {
        let read_page = self.page;
        let limit = request.limit;
        let page = read(store, move |view| read_page(view, request));
        let found: Vec<K> = page.items.iter().map(self.key_of).collect();
        let expected: Vec<K> = expected.iter().map(|n| (self.key)(*n)).collect();
        assert_eq!(found, expected, "a page holds the next items in order, none twice and none left out");
        assert_eq!(page.next.is_some(), has_next, "a page has a cursor when, and only when, another follows");
        PageRequest { after: page.next, limit }
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
        self.assert_page(store, third.clone(), &[70, 80, 90], false);
        commit(store, move |tx| [70, 80, 90].into_iter().try_for_each(|n| remove(tx, n)));
        self.assert_page(store, third, &[], false);
    }
}

/// Reads a list of so many large items in the largest pages, and asserts where each ends.
#[track_caller]
pub(crate) fn assert_pages_are_bounded<T: PageItem, K>(
    count: u64,
    mut read_page: impl FnMut(PageRequest<K>) -> Page<T, K>,
) {
    let (mut items, mut pages, mut after) = (0, 0, None);
    loop {
        let page = read_page(PageRequest { limit: PageLimit::LARGEST, after });
        let last = page.items.last().map_or(0, PageItem::bytes);
        assert!(
            page.bytes() - last < MAX_PAGE_BYTES,
            "a page ends with the item with which it has its bytes"
        );
        items += page.items.len();
        pages += 1;
        assert!(page.next.is_none() || page.bytes() >= MAX_PAGE_BYTES, "and no earlier");
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(u64::try_from(items), Ok(count), "the pages together are the whole list");
    assert!(pages > 1, "so many large items are on several pages");
}
