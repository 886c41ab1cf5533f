//! The unused part of a page of a B-tree, as SQLite's file format has it.

use std::ops::Range;

/// The database's own header, before that of the first page.
const DATABASE_HEADER: usize = 100;

/// Whether something stands in the unused part of a page.
pub(super) fn has_remains(number: u32, page: &[u8]) -> bool {
    unused(number, page)
        .and_then(|range| page.get(range))
        .is_some_and(|bytes| bytes.iter().any(|byte| *byte != 0))
}

/// The page with nothing in its unused part; `None` where nothing is in it.
pub(super) fn without_remains(number: u32, mut page: Vec<u8>) -> Option<Vec<u8>> {
    if !has_remains(number, &page) {
        return None;
    }
    let unused = unused(number, &page)?;
    page.get_mut(unused)?.fill(0);
    Some(page)
}

/// The part between the array of cells and the cells; `None` for a page that is no page of a B-tree. What is free among the cells is not
/// meant: `secure_delete` overwrites that.
///
/// By its first byte each page of a B-tree is told from any other, as long as the numbers of pages are below [`MAX_PAGES`]: other pages begin
/// with such a number, or are empty.
fn unused(number: u32, page: &[u8]) -> Option<Range<usize>> {
    let page_header = if number == 1 { DATABASE_HEADER } else { 0 };
    let first_cell = match page.get(page_header)? {
        0x02 | 0x05 => page_header + 12,
        0x0a | 0x0d => page_header + 8,
        _ => return None,
    };
    let number_at =
        |place: usize| Some(usize::from(u16::from_be_bytes(page.get(place..place + 2)?.try_into().ok()?)));
    let cells = first_cell..first_cell + 2 * number_at(page_header + 3)?;
    let content = match number_at(page_header + 5)? {
        0 => 1 << 16,
        start => start,
    };
    let is_whole = cells.end <= content
        && content <= page.len()
        && cells.clone().step_by(2).all(|cell| number_at(cell).is_some_and(|start| start >= content));
    is_whole.then_some(cells.end..content)
}

/// From so many pages on, 128 GiB of those that we have, the number of a page may begin with a byte that stands for a kind of page.
pub(super) const MAX_PAGES: u32 = 0x0200_0000;

#[cfg(test)]
mod tests {
    use super::*;

    /// A leaf with cells that begin at these places.
    fn leaf(number: u32, cells: &[u16], content: u16) -> Vec<u8> {
        let mut page = vec![b'r'; 4096];
        let start = if number == 1 { DATABASE_HEADER } else { 0 };
        let count = u16::try_from(cells.len()).unwrap().to_be_bytes();
        let content = content.to_be_bytes();
        let header = [0x0d, 0, 0, count[0], count[1], content[0], content[1], 0];
        page[start..start + 8].copy_from_slice(&header);
        for (place, cell) in (start + 8..).step_by(2).zip(cells) {
            page[place..place + 2].copy_from_slice(&cell.to_be_bytes());
        }
        page
    }

    #[test]
    fn what_is_between_the_cells_and_their_array_goes_and_nothing_else() {
        for (number, end) in [(1, 112), (7, 12)] {
            let page = leaf(number, &[4000, 3000], 3000);
            let cleaned = without_remains(number, page.clone()).unwrap();
            assert_eq!(cleaned[..end], page[..end]);
            assert!(cleaned[end..3000].iter().all(|byte| *byte == 0));
            assert_eq!(cleaned[3000..], page[3000..]);
            assert_eq!(without_remains(number, cleaned), None, "it is clean");
        }
    }

    #[test]
    fn a_page_that_is_none_of_a_b_tree_stays_as_it_is() {
        let overflow = [vec![0x01, 0xff, 0xff, 0xff], vec![b'r'; 4092]].concat();
        let before_its_content = leaf(7, &[4000, 2000], 3000);
        let too_many = leaf(7, &[4000; 1600], 3000);
        for page in [overflow, before_its_content, too_many, vec![0; 4096], vec![0x0d; 5], Vec::new()] {
            assert_eq!(without_remains(7, page), None);
        }
    }
}
