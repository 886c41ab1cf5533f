//! The text of a line, made of the pieces that stand on it.

use std::cell::OnceCell;

use super::glyph::Piece;
use super::lines::Line;
use super::reading_order::{self, Directions};
use crate::text_builder::Gap;

/// A line of a page, as far as it is drawn.
#[derive(Debug, Default, Clone)]
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
/// The same between digits that are drawn one by one: those of columns are soon another number.
const MAX_DIGIT_GAP: f64 = 0.4;
/// The fewest gaps of which one can tell what is usual on a line of any signs, such as those of formulas, and in what one
/// operation drew between others: some programs draw the end of a word, a word of one letter and the beginning of the next
/// in one go, and leave room between all of their letters.
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
        // Few lines have gaps.
        let spacing = OnceCell::new();
        let is_apart = |before: &Piece, piece: &Piece| match Distance::of(before, piece) {
            Distance::None => false,
            Distance::Back => true,
            Distance::Gap(gap) => spacing.get_or_init(|| Spacing::of(&pieces)).parts(before, piece, gap),
        };
        let mut before: Option<&Piece> = None;
        for piece in &pieces {
            if before.is_some_and(|before| is_apart(before, piece)) {
                shown.push(" ");
            }
            shown.push(piece.shown());
            before = Some(piece);
        }
        let text = if directions.turns() { reading_order::read(&shown, page) } else { shown.concat() };
        let largest = pieces.iter().max_by(|a, b| a.position.size.total_cmp(&b.position.size));
        Line {
            text,
            page: 0,
            gap: self.gap,
            size: largest.map_or(0.0, |piece| piece.position.size),
            guess: largest.and_then(|piece| piece.guess),
        }
    }
}

impl Piece {
    /// What one sees of it: where a word may be cut, a hyphen only if anything is drawn there.
    fn shown(&self) -> &str {
        let text = self.text.as_str();
        if text == "\u{ad}" && self.advance() <= 0.0 { "" } else { text }
    }

    pub(super) fn is_blank(&self) -> bool {
        match self.text.as_bytes() {
            [byte] => byte.is_ascii_whitespace(),
            _ => self.text.trim().is_empty(),
        }
    }

    fn advance(&self) -> f64 {
        (self.position.to - self.position.from).hypot()
    }
}

/// How far a piece stands from the one before it.
enum Distance {
    /// So near that nothing is between, or there is a space already.
    None,
    /// Before it.
    Back,
    /// So far that there may be a space, and how far.
    Gap(f64),
}

impl Distance {
    fn of(before: &Piece, behind: &Piece) -> Self {
        let gap = before.position.gap_to(&behind.position);
        let size = before.position.size.max(behind.position.size);
        let is_near = (-MAX_STEP_BACK * size..=WORD_GAP * size).contains(&gap);
        match gap > 0.0 {
            _ if is_near || before.is_blank() || behind.is_blank() => Self::None,
            true => Self::Gap(gap - WORD_GAP * size),
            false => Self::Back,
        }
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
        let mut from = 0_usize;
        for run in pieces.chunk_by(|a, b| a.run == b.run) {
            let before = from.checked_sub(1).and_then(|before| pieces.get(before));
            from = from.saturating_add(run.len());
            let is_between_spaces = [before, pieces.get(from)].into_iter().flatten().all(Piece::is_blank);
            let fewest = if is_between_spaces && is_word(run) { 1 } else { MIN_RUN_GAPS };
            if let (Some(first), Some(gap)) = (run.first(), usual_gap(run, fewest)) {
                of_runs.push((first.run, gap));
            }
        }
        of_runs.sort_by_key(|(run, _)| *run);
        let is_one_run = pieces.windows(2).all(|pair| matches!(pair, [a, b] if a.run == b.run));
        let is_digit = |piece: &Piece| piece.text.bytes().all(|byte| byte.is_ascii_digit());
        let widest = if !is_one_run && pieces.iter().all(is_digit) { MAX_DIGIT_GAP } else { MAX_LETTER_GAP };
        let is_usual = |gap: &f64| pieces.first().is_some_and(|first| *gap < widest * first.position.size);
        let fewest = if is_word(pieces) { 1 } else { MIN_GAPS };
        Self { of_runs, of_line: usual_gap(pieces, fewest).filter(is_usual).unwrap_or(0.0) }
    }

    /// Whether there is a space between two pieces that stand so much further apart than letters of a word.
    fn parts(&self, before: &Piece, behind: &Piece, further: f64) -> bool {
        let of_run = self.of_runs.binary_search_by_key(&behind.run, |(run, _)| *run).ok();
        let of_run = of_run.and_then(|at| self.of_runs.get(at)).filter(|_| before.run == behind.run);
        further > of_run.map_or(self.of_line, |(_, gap)| *gap)
    }
}

/// Whether pieces are letters, digits, and the signs that stand at words.
fn is_word(pieces: &[Piece]) -> bool {
    let is_at_word = |c: char| c.is_alphanumeric() || c.is_whitespace() || ".,:;!?&-'’/".contains(c);
    pieces.iter().all(|piece| piece.text.chars().all(is_at_word))
}

/// The gap that is usual between letters: a quarter of the gaps are narrower, of few none. `None` where there are too few
/// to tell.
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
    let narrower = gaps.len() / 4;
    let (_, gap, _) = gaps.select_nth_unstable_by(narrower, f64::total_cmp);
    let size = pieces.first()?.position.size;
    Some(if (0.0..MAX_LETTER_GAP).contains(gap) { *gap * size } else { 0.0 })
}
