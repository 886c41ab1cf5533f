//! A glyph and where it stands.

use hayro_interpret::font::Glyph;
use hayro_interpret::hayro_cmap::WritingMode;
use hayro_interpret::kurbo::{Affine, Point, Vec2};

/// What stands at one place: the text of a glyph, or of a field that somebody filled in.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) position: Position,
    /// Which of the page's operations drew it. What one drew has one font and one spacing.
    pub(super) run: u32,
    /// The font, where its size is guessed, and how many times the em of its matrix its em is taken to be.
    pub(super) guess: Option<(usize, f64)>,
}

/// The position of a glyph.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) from: Point,
    pub(super) to: Point,
    /// The direction of writing, a unit vector.
    pub(super) direction: Vec2,
    pub(super) size: f64,
}

/// The units of glyph space in an em.
const UNITS_PER_EM: f64 = 1000.0;
/// The advance of a glyph that has none, in ems.
const USUAL_ADVANCE: f64 = 0.5;

impl Position {
    /// The position of a glyph whose em is this many times that of its font's matrix.
    pub(super) fn of(glyph: &Glyph<'_>, transform: Affine, mode: WritingMode, scale: f64) -> Option<Self> {
        let from = transform * Point::ZERO;
        let (along, across) = match mode {
            WritingMode::Horizontal => (Point::new(UNITS_PER_EM, 0.0), Point::new(0.0, UNITS_PER_EM)),
            WritingMode::Vertical => (Point::new(0.0, -UNITS_PER_EM), Point::new(UNITS_PER_EM, 0.0)),
        };
        let direction = transform * along - from;
        let size = (transform * across - from).hypot() * scale;
        let length = direction.hypot();
        if !(from.is_finite() && length > 0.0 && length.is_finite() && size > 0.0 && size.is_finite()) {
            return None;
        }
        let advance = match mode {
            WritingMode::Horizontal => advance(glyph).unwrap_or(USUAL_ADVANCE * scale),
            WritingMode::Vertical => 1.0,
        };
        Some(Self { from, to: from + direction * advance, direction: direction / length, size })
    }

    /// How far another begins behind the end of this, along the direction of writing.
    pub(super) fn gap_to(&self, other: &Self) -> f64 {
        (other.from - self.to).dot(self.direction)
    }
}

/// The advance of a glyph, in ems of its font's matrix.
pub(super) fn advance(glyph: &Glyph<'_>) -> Option<f64> {
    let advance = match glyph {
        Glyph::Outline(glyph) => glyph.advance_width(),
        Glyph::Type3(glyph) => glyph.advance_width(),
    };
    advance.map(|advance| f64::from(advance) / UNITS_PER_EM).filter(|advance| advance.is_finite())
}
