//! Pages of lists: how many items and bytes, and where the next page begins.

use std::str::FromStr;

/// How many items a page holds: 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit(u16);

/// A page limit that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("limit is a number from 1 to {}", PageLimit::MAX)]
pub struct PageLimitError;

impl PageLimit {
    /// The most items of one page.
    pub const MAX: u16 = 100;
    /// The number of items when nobody asks for another.
    pub const DEFAULT: Self = Self(50);
    /// As many items as one page may hold.
    pub const LARGEST: Self = Self(Self::MAX);

    /// Checks a number of items.
    ///
    /// # Errors
    /// When it is 0 or above [`PageLimit::MAX`].
    pub fn parse(limit: u64) -> Result<Self, PageLimitError> {
        match u16::try_from(limit) {
            Ok(limit @ 1..=Self::MAX) => Ok(Self(limit)),
            _ => Err(PageLimitError),
        }
    }

    /// The same, or fewer items where only so many fit: one at least.
    #[must_use]
    pub fn at_most(self, items: usize) -> Self {
        Self(u16::try_from(items).unwrap_or(Self::MAX).clamp(1, self.0))
    }

    /// The number itself.
    #[must_use]
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

/// Where a page begins: just behind the item with this key, in the list's own order.
///
/// To a caller it is opaque text. An adapter may rely on the key alone: keys are unique and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor<K>(pub K);

/// A text that is no cursor of this list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one that this list gave out")]
pub struct CursorError;

impl<K: std::fmt::Display> Cursor<K> {
    /// The cursor as opaque text.
    #[must_use]
    pub fn encode(&self) -> String {
        hex::encode(self.0.to_string())
    }
}

impl<K: FromStr> Cursor<K> {
    /// Reads a cursor that [`Cursor::encode`] wrote.
    ///
    /// # Errors
    /// When it is another text, or of another kind of list.
    pub fn decode(text: &str) -> Result<Self, CursorError> {
        let bytes = hex::decode(text).map_err(|_| CursorError)?;
        let key = std::str::from_utf8(&bytes).map_err(|_| CursorError)?;
        key.parse().map(Self).map_err(|_| CursorError)
    }
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest<K> {
    /// How many items at most.
    pub limit: PageLimit,
    /// Behind which item; `None` for the first page.
    pub after: Option<Cursor<K>>,
}

impl<K> Default for PageRequest<K> {
    fn default() -> Self {
        Self { limit: PageLimit::DEFAULT, after: None }
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, K> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; `None` when this is the last one.
    pub next: Option<Cursor<K>>,
}

/// The most bytes of a page: one that has them ends, with fewer items than were asked for.
pub const MAX_PAGE_BYTES: usize = 1 << 20;

/// What a page holds.
pub trait PageItem {
    /// About how many bytes it has: its texts. It hangs on the item alone, so that every store ends a page at the same.
    fn bytes(&self) -> usize;
}

impl<T: PageItem, K> Page<T, K> {
    /// Makes a page from rows in the list's order, and takes no more of them than it needs: up to `limit` items, but none
    /// behind the one with which the page has [`MAX_PAGE_BYTES`], and one row more, which tells that another page follows.
    /// So a page has at least one item, and at most those bytes and one item.
    ///
    /// # Errors
    /// The first that `parse` ends in.
    pub fn read<R, E>(
        rows: impl IntoIterator<Item = R>,
        limit: PageLimit,
        mut parse: impl FnMut(R) -> Result<(K, T), E>,
    ) -> Result<Self, E> {
        let (mut items, mut bytes, mut last) = (Vec::new(), 0_usize, None);
        for row in rows {
            if items.len() >= limit.get() || bytes >= MAX_PAGE_BYTES {
                return Ok(Self { items, next: last.map(Cursor) });
            }
            let (key, item) = parse(row)?;
            bytes = bytes.saturating_add(item.bytes());
            items.push(item);
            last = Some(key);
        }
        Ok(Self { items, next: None })
    }

    /// About how many bytes its items have.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.items.iter().fold(0, |bytes, item| bytes.saturating_add(item.bytes()))
    }
}

/// Every item of a list, page by page.
///
/// # Errors
/// The first that a page ends in.
pub(crate) fn every<T, K, E>(
    mut page: impl FnMut(PageRequest<K>) -> Result<Page<T, K>, E>,
) -> Result<Vec<T>, E> {
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let part = page(PageRequest { limit: PageLimit::LARGEST, after })?;
        items.extend(part.items);
        after = part.next;
        if after.is_none() {
            return Ok(items);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Item(usize);

    impl PageItem for Item {
        fn bytes(&self) -> usize {
            self.0
        }
    }

    /// The sizes of a page's items, its cursor, and how many rows were taken.
    fn page(sizes: &[usize], limit: u64) -> (Vec<usize>, Option<usize>, usize) {
        let mut taken = 0;
        let rows = sizes.iter().copied().enumerate().inspect(|_| taken += 1);
        let page = Page::read(rows, PageLimit::parse(limit).unwrap(), |(n, bytes)| {
            Ok::<_, PageLimitError>((n, Item(bytes)))
        });
        let Page { items, next } = page.unwrap();
        (items.into_iter().map(|item| item.0).collect(), next.map(|cursor| cursor.0), taken)
    }

    #[test]
    fn a_page_ends_with_its_items_or_with_its_bytes() {
        const MAX: usize = MAX_PAGE_BYTES;
        assert_eq!(page(&[], 2), (vec![], None, 0));
        assert_eq!(page(&[1, 2], 2), (vec![1, 2], None, 2));
        assert_eq!(page(&[1, 2, 3, 4], 2), (vec![1, 2], Some(1), 3));
        assert_eq!(
            page(&[MAX - 1, 5, 6, 7], 100),
            (vec![MAX - 1, 5], Some(1), 3),
            "the item that fills it is in"
        );
        assert_eq!(page(&[9 * MAX, 1, 1], 100), (vec![9 * MAX], Some(0), 2), "an item is always in");
        assert_eq!(page(&[MAX], 100), (vec![MAX], None, 1), "nothing follows the last item");
    }

    #[test]
    fn an_item_that_cannot_be_read_fails_the_page_it_is_on() {
        let read = |limit| {
            Page::read([Ok(1), Err(PageLimitError)], PageLimit::parse(limit).unwrap(), |row| {
                row.map(|n| (n, Item(n)))
            })
        };
        assert_eq!(read(2), Err(PageLimitError));
        assert_eq!(read(1).map(|page| page.next), Ok(Some(Cursor(1))));
    }
}
