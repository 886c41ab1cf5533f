//! The text of a line, made of the pieces that stand on it.

use super::glyph::Piece;
use super::lines::Line;
use super::reading_order::{self, Directions};
use crate::text_builder::Gap;

/// A line of a page, as far as it is drawn.
#[derive(Debug, Default)]
pub(super) struct DrawnLine {
    pub(super) gap: Gap,
    pub(super) pieces: Vec<Piece>,
}

/// The least gap between two words, in sizes of their glyphs.
const WORD_GAP: f64 = 0.15;
/// How far a glyph may stand back before it is of another word.
const MAX_STEP_BACK: f64 = 0.5;
/// The widest gap that is usual between the letters of a word that is set wide.
const MAX_LETTER_GAP: f64 = 0.6;
/// The fewest gaps of which one can tell what is usual on a line, and in what one operation drew: some programs draw the
/// end of a word, a word of one letter and the beginning of the next in one go, with spaces between all of their letters.
const MIN_GAPS: usize = 3;
const MIN_RUN_GAPS: usize = 6;

impl DrawnLine {
    /// The directions of its letters.
    pub(super) fn directions(&self) -> Directions {
        let mut directions = Directions::default();
        for piece in &self.pieces {
            directions.add(&piece.text);
        }
        directions
    }

    /// Whether nothing can be seen on it.
    pub(super) fn is_blank(&self) -> bool {
        self.pieces.iter().all(Piece::is_blank)
    }

    /// Its text, where its letters have these directions and those of the page have others.
    pub(super) fn into_line(self, directions: Directions, page: Directions) -> Line {
        let pieces = if directions.turns() { reading_order::sort(self.pieces) } else { self.pieces };
        let mut shown: Vec<&str> = Vec::with_capacity(pieces.len());
        let spacing = Spacing::of(&pieces);
        let mut before: Option<&Piece> = None;
        for piece in &pieces {
            if before.is_some_and(|before| spacing.parts(before, piece)) {
                shown.push(" ");
            }
            shown.push(piece.shown());
            before = Some(piece);
        }
        let text = if directions.turns() { reading_order::read(&shown, page) } else { shown.concat() };
        let largest = pieces.iter().max_by(|a, b| a.position.size.total_cmp(&b.position.size));
        let last_word = pieces.rsplit(Piece::is_blank).find(|word| !word.is_empty()).unwrap_or_default();
        Line {
            text,
            page: 0,
            gap: self.gap,
            size: largest.map_or(0.0, |piece| piece.position.size),
            guess: largest.and_then(|piece| piece.guess),
            is_monospaced: is_monospaced(&pieces),
            ends_monospaced: is_monospaced(last_word),
        }
    }
}

impl Piece {
    /// What one sees of it: where a word may be cut, a hyphen, if anything is drawn there.
    fn shown(&self) -> &str {
        match (self.text.as_str(), self.advance() > 0.0) {
            ("\u{ad}", true) => "-",
            ("\u{ad}", false) => "",
            (text, _) => text,
        }
    }

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    fn advance(&self) -> f64 {
        (self.position.to - self.position.from).hypot()
    }
}

/// The gaps that are usual on a line, for what each operation drew and for all of it.
struct Spacing {
    of_runs: Vec<(u32, f64)>,
    of_line: f64,
}

impl Spacing {
    fn of(pieces: &[Piece]) -> Self {
        let mut of_runs: Vec<(u32, f64)> = Vec::new();
        for run in pieces.chunk_by(|a, b| a.run == b.run) {
            if let (Some(first), Some(gap)) = (run.first(), usual_gap(run, MIN_RUN_GAPS)) {
                of_runs.push((first.run, gap));
            }
        }
        of_runs.sort_by_key(|(run, _)| *run);
        Self { of_runs, of_line: usual_gap(pieces, MIN_GAPS).unwrap_or(0.0) }
    }

    /// Whether there is a space between two pieces.
    fn parts(&self, before: &Piece, behind: &Piece) -> bool {
        if before.is_blank() || behind.is_blank() {
            return false;
        }
        let of_run = self.of_runs.binary_search_by_key(&behind.run, |(run, _)| *run).ok();
        let of_run = of_run.and_then(|at| self.of_runs.get(at)).filter(|_| before.run == behind.run);
        let usual = of_run.map_or(self.of_line, |(_, gap)| *gap);
        let size = before.position.size.max(behind.position.size);
        let gap = before.position.gap_to(&behind.position);
        gap > usual + WORD_GAP * size || gap < -MAX_STEP_BACK * size
    }
}

/// The gap that is usual between letters: a quarter of the gaps are narrower. `None` where there are too few to tell.
fn usual_gap(pieces: &[Piece], fewest: usize) -> Option<f64> {
    if pieces.len() <= fewest {
        return None;
    }
    let pairs = pieces.windows(2).filter_map(|pair| match pair {
        [a, b] if !a.is_blank() && !b.is_blank() => Some((a, b)),
        _ => None,
    });
    let mut gaps: Vec<f64> =
        pairs.map(|(a, b)| a.position.gap_to(&b.position) / a.position.size.max(b.position.size)).collect();
    if gaps.len() < fewest {
        return None;
    }
    gaps.sort_by(f64::total_cmp);
    let gap = *gaps.get(gaps.len() / 4)?;
    let size = pieces.first()?.position.size;
    Some(if (0.0..MAX_LETTER_GAP).contains(&gap) { gap * size } else { 0.0 })
}

/// Whether all glyphs are equally wide, as those of programs and commands are.
fn is_monospaced(pieces: &[Piece]) -> bool {
    let mut letters = pieces.iter().filter(|piece| !piece.is_blank());
    let Some(first) = letters.next() else { return false };
    let is_as_wide = |piece: &Piece| (piece.advance() - first.advance()).abs() < 0.02 * first.position.size;
    pieces.len() > MIN_GAPS && letters.all(is_as_wide)
}
