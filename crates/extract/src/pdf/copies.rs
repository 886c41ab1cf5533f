//! What is drawn more than once in one place.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use hayro_interpret::kurbo::Point;

use super::glyph::Position;

/// The glyphs of a page by where they stand, to find what is drawn there once more.
#[derive(Default)]
pub(super) struct Copies {
    cells: HashMap<(u64, i32, i32, i32), Vec<Point>>,
    hasher: RandomState,
}

/// How far a copy may stand from what it copies, in sizes of the glyph: along the line, where the next of the same
/// narrow letters may follow soon, and across it.
const REACH: (f64, f64) = (0.1, 0.2);
/// The side of a cell, in sizes of the glyph: copies are in the same cell or in the next.
const CELL: f64 = 0.25;
/// The most places that are kept of a cell, and the most cells: beyond, what is drawn is text.
const MAX_PLACES: usize = 8;
const MAX_CELLS: usize = 1 << 17;

impl Copies {
    /// Whether the same glyph stands there already. It is noted either way.
    pub(super) fn has(&mut self, text: &str, position: &Position) -> bool {
        let glyph = self.hasher.hash_one(text);
        let size = cell(position.size * 8.0);
        let side = (position.size * CELL).max(f64::EPSILON);
        let (x, y) = (cell(position.from.x / side), cell(position.from.y / side));
        let is_copy = |other: &Point| {
            let step = *other - position.from;
            let (along, across) = (step.dot(position.direction), step.cross(position.direction));
            along.abs() < REACH.0 * position.size && across.abs() < REACH.1 * position.size
        };
        let mut found = false;
        for x in [x.saturating_sub(1), x, x.saturating_add(1)] {
            for y in [y.saturating_sub(1), y, y.saturating_add(1)] {
                let places = self.cells.get(&(glyph, size, x, y));
                found |= places.is_some_and(|places| places.iter().any(is_copy));
            }
        }
        if self.cells.len() < MAX_CELLS {
            let places = self.cells.entry((glyph, size, x, y)).or_default();
            if places.len() < MAX_PLACES {
                places.push(position.from);
            }
        }
        found
    }
}

fn cell(at: f64) -> i32 {
    #[expect(clippy::as_conversions, reason = "a float becomes the nearest number there is")]
    let cell = at.round() as i32;
    cell
}
