//! The lines of a page, made of its glyphs.

use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro_interpret::kurbo::{Affine, BezPath, Point, Vec2};
use hayro_interpret::{BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, SoftMask};
use syft_space_domain::dataset::NewDocument;

use super::lines::Line;
use crate::text_builder::Gap;

/// Takes the text of page after page, in the order in which it is drawn.
#[derive(Default)]
pub(super) struct PageDevice {
    lines: Vec<Line>,
    line: Line,
    /// The position of the last glyph of the line.
    last: Option<GlyphPosition>,
    bytes: usize,
}

/// The position of a glyph.
#[derive(Debug, Clone, Copy)]
struct GlyphPosition {
    from: Point,
    to: Point,
    /// The direction of writing, a unit vector.
    direction: Vec2,
    size: f64,
}

/// The units of glyph space in an em.
const UNITS_PER_EM: f64 = 1000.0;

impl Device<'_> for PageDevice {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, props: DrawProps<'_>, _mode: &DrawMode) {
        for glyph in run.glyphs() {
            let Some(text) = glyph.as_unicode() else { continue };
            let mut buffer = [0; 4];
            let text = match &text {
                BfString::Char(character) => &*character.encode_utf8(&mut buffer),
                BfString::String(text) => text.as_str(),
            };
            let transform = props.transform * glyph.transform();
            if let Some(position) = GlyphPosition::of(glyph, transform, run.writing_mode()) {
                self.glyph(text, position);
            }
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'_>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'_, '_>, _: ImageDrawProps<'_>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}

impl GlyphPosition {
    fn of(glyph: &Glyph<'_>, transform: Affine, mode: WritingMode) -> Option<Self> {
        let advance = match glyph {
            Glyph::Outline(glyph) => glyph.advance_width(),
            Glyph::Type3(glyph) => glyph.advance_width(),
        };
        let from = transform * Point::ZERO;
        let (along, across) = match mode {
            WritingMode::Horizontal => (Point::new(UNITS_PER_EM, 0.0), Point::new(0.0, UNITS_PER_EM)),
            WritingMode::Vertical => (Point::new(0.0, -UNITS_PER_EM), Point::new(UNITS_PER_EM, 0.0)),
        };
        let direction = transform * along - from;
        let size = (transform * across - from).hypot();
        let length = direction.hypot();
        if !(from.is_finite() && length > 0.0 && length.is_finite() && size > 0.0 && size.is_finite()) {
            return None;
        }
        let advance = match mode {
            WritingMode::Horizontal => f64::from(advance.unwrap_or(500.0)) / UNITS_PER_EM,
            WritingMode::Vertical => 1.0,
        };
        Some(Self { from, to: from + direction * advance, direction: direction / length, size })
    }
}

impl PageDevice {
    fn glyph(&mut self, text: &str, position: GlyphPosition) {
        if self.is_full() {
            return;
        }
        if let Some(last) = self.last {
            let step = position.from - last.to;
            let (along, across) = (step.dot(last.direction), step.cross(last.direction).abs());
            let size = last.size.max(position.size);
            if last.direction.dot(position.direction) < 0.9 || across > 0.6 * size {
                // Twice a line's height is where a paragraph ends; so is where the writing goes back up.
                let goes_on =
                    last.direction.dot(position.direction) >= 0.9 && step.cross(last.direction) > 0.0;
                let near = goes_on && across < 1.8 * last.size.min(position.size).max(0.6 * size);
                self.end_line(if near { Gap::Line } else { Gap::Paragraph });
            } else if (position.from - last.from).hypot() < 0.1 * size && self.line.text.ends_with(text) {
                // The same once more in the same place, to look bold.
                return;
            } else if along > 0.15 * size || along < -0.5 * size {
                self.line.space();
            }
        }
        self.bytes = self.bytes.saturating_add(text.len());
        self.line.write(text, position.size);
        self.last = Some(position);
    }

    fn end_line(&mut self, gap: Gap) {
        let line = std::mem::replace(&mut self.line, Line::after(gap));
        if line.text.trim().is_empty() {
            self.line.gap = line.gap.max(gap);
        } else {
            self.lines.push(line);
        }
    }

    /// Ends a page. A sentence may go on on the next, but a line does not.
    pub(super) fn end_page(&mut self) {
        self.end_line(Gap::Paragraph);
        self.last = None;
    }

    /// Whether there is more text than a document may have.
    pub(super) fn is_full(&self) -> bool {
        self.bytes > NewDocument::MAX_BYTES
    }

    pub(super) fn into_lines(self) -> Vec<Line> {
        self.lines
    }
}
