//! What is drawn more than once in one place.

use std::collections::HashMap;

use hayro_interpret::kurbo::Point;

use super::glyph::Position;

/// The glyphs of a page by where they stand, to find what is drawn there once more.
#[derive(Default)]
pub(super) struct Copies(HashMap<u128, Vec<Point>>);

/// How far a copy may stand from what it copies, in sizes of the glyph: along the line, where the next of the same
/// narrow letters may follow soon, and across it.
const REACH: (f64, f64) = (0.1, 0.2);
/// The side of a cell, in sizes of the glyph: more than twice as far as a copy may stand off, so that it is in the same
/// cell or in one beside the half of it in which the glyph stands.
const CELL: f64 = 0.5;
/// The most places that are kept of a cell, and the most cells: beyond, what is drawn is text.
const MAX_PLACES: usize = 8;
const MAX_CELLS: usize = 1 << 17;

impl Copies {
    /// Whether the same glyph stands there already. It is noted either way.
    pub(super) fn has(&mut self, text: &str, position: &Position) -> bool {
        let Some(glyph) = text.chars().next() else { return false };
        let size = whole(position.size * 8.0);
        let side = (position.size * CELL).max(f64::EPSILON);
        let (columns, rows) = (cells(position.from.x / side), cells(position.from.y / side));
        let is_copy = |other: &Point| {
            let step = *other - position.from;
            let (along, across) = (step.dot(position.direction), step.cross(position.direction));
            along.abs() < REACH.0 * position.size && across.abs() < REACH.1 * position.size
        };
        let mut near = columns.iter().flat_map(|x| rows.iter().map(move |y| key(glyph, size, *x, *y)));
        let found = near.any(|cell| self.0.get(&cell).is_some_and(|places| places.iter().any(is_copy)));
        let ([x, _], [y, _]) = (columns, rows);
        if self.0.len() < MAX_CELLS {
            let places = self.0.entry(key(glyph, size, x, y)).or_default();
            if places.len() < MAX_PLACES {
                places.push(position.from);
            }
        }
        found
    }
}

/// A glyph of a size in a cell. What begins with the same letter is the same: no other stands in its place.
fn key(glyph: char, size: i32, x: i32, y: i32) -> u128 {
    let place = [size, x, y].map(|number| u128::from(number.cast_unsigned()));
    place.into_iter().fold(u128::from(u32::from(glyph)), |key, number| key << 32 | number)
}

/// The cell in which something stands, and the nearest beside it.
fn cells(at: f64) -> [i32; 2] {
    let cell = whole(at.floor());
    let beside = if at - at.floor() < 0.5 { cell.saturating_sub(1) } else { cell.saturating_add(1) };
    [cell, beside]
}

fn whole(number: f64) -> i32 {
    #[expect(clippy::as_conversions, reason = "a float becomes the nearest number there is")]
    let whole = number.round() as i32;
    whole
}
