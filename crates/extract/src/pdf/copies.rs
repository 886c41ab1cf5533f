//! What is drawn more than once in one place.

use std::collections::HashMap;

use super::glyph::Position;

/// The glyphs of a page by where they stand, to find what is drawn there once more.
///
/// Nearly every glyph stands on the line of the one before it, and behind it: so lines are kept, and not glyphs by their
/// places.
#[derive(Default)]
pub(super) struct Copies {
    lines: Vec<Vec<Place>>,
    of_key: HashMap<Key, usize>,
    /// The line of the last glyph, and the one beside it.
    last: Option<(Key, usize, Key, Option<usize>)>,
}

/// The size of glyphs, the direction in which they are written, and how far across it they stand, as whole numbers.
type Key = [i32; 4];

/// Where a glyph stands.
#[derive(Clone, Copy)]
struct Place {
    along: f64,
    across: f64,
    /// What begins with the same letter is the same: no other stands in its place.
    glyph: char,
}

/// How far a copy may stand from what it copies, in sizes of the glyph: along the line, where the next of the same
/// narrow letters may follow soon, and across it.
const REACH: (f64, f64) = (0.1, 0.2);
/// The height of a line, in sizes of the glyph: more than twice as far as a copy may stand off, so that it is in the same
/// line or in the one beside the half of it in which the glyph stands.
const HEIGHT: f64 = 0.5;
/// The most glyphs that are kept of a line, and the most lines: beyond, what is drawn is text.
const MAX_PLACES: usize = 1 << 10;
const MAX_LINES: usize = 1 << 14;

impl Copies {
    /// Whether the same glyph stands there already. It is noted either way.
    pub(super) fn has(&mut self, text: &str, position: &Position) -> bool {
        let Some(glyph) = text.chars().next() else { return false };
        let from = position.from.to_vec2();
        let place =
            Place { along: from.dot(position.direction), across: from.cross(position.direction), glyph };
        let row = place.across / (position.size * HEIGHT).max(f64::EPSILON);
        let (line, beside) = (row.floor(), if row - row.floor() < 0.5 { -1.0 } else { 1.0 });
        let [size, x, y] =
            [position.size * 8.0, position.direction.x * 8.0, position.direction.y * 8.0].map(whole);
        let (key, beside) = ([size, x, y, whole(line)], [size, x, y, whole(line + beside)]);
        let Some((at, beside)) = self.lines_of(key, beside) else { return false };
        let found = [Some(at), beside]
            .into_iter()
            .flatten()
            .any(|line| self.lines.get(line).is_some_and(|places| has_copy(places, &place, position.size)));
        if let Some(places) = self.lines.get_mut(at).filter(|places| places.len() < MAX_PLACES) {
            let behind = match places.last() {
                Some(last) if last.along > place.along => {
                    places.partition_point(|other| other.along <= place.along)
                }
                _ => places.len(),
            };
            places.insert(behind, place);
        }
        found
    }

    /// The line of a key, which is new if there was none, and the one beside it. `None` where there are too many.
    fn lines_of(&mut self, key: Key, beside: Key) -> Option<(usize, Option<usize>)> {
        if let Some((_, line, _, other)) = self.last.filter(|last| last.0 == key && last.2 == beside) {
            return Some((line, other));
        }
        let line = match self.of_key.get(&key) {
            Some(line) => *line,
            None if self.lines.len() < MAX_LINES => {
                let line = self.lines.len();
                self.lines.push(Vec::new());
                self.of_key.insert(key, line);
                line
            }
            None => return None,
        };
        let other = self.of_key.get(&beside).copied();
        self.last = Some((key, line, beside, other));
        Some((line, other))
    }
}

/// Whether one of the places of a line, which are in its order, is that of the same glyph.
fn has_copy(places: &[Place], place: &Place, size: f64) -> bool {
    let (first, last) = (place.along - REACH.0 * size, place.along + REACH.0 * size);
    if places.last().is_none_or(|behind| behind.along <= first) {
        return false;
    }
    let from = places.partition_point(|other| other.along <= first);
    let near = places.iter().skip(from).take_while(|other| other.along < last);
    let mut same = near.filter(|other| other.glyph == place.glyph);
    same.any(|other| (other.across - place.across).abs() < REACH.1 * size)
}

fn whole(number: f64) -> i32 {
    #[expect(clippy::as_conversions, reason = "a float becomes the nearest number there is")]
    let whole = number.round() as i32;
    whole
}
