//! Pages of lists: how many items, and where the next page begins.

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

impl<T, K> Page<T, K> {
    /// Makes a page from up to `limit + 1` items: one more than fits tells that another page follows.
    pub fn cut(mut items: Vec<T>, limit: PageLimit, key: impl Fn(&T) -> K) -> Self {
        let more = items.len() > limit.get();
        items.truncate(limit.get());
        let next = if more { items.last().map(|last| Cursor(key(last))) } else { None };
        Self { items, next }
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
