//! The lines of a page, made of its glyphs.

use hayro_interpret::font::GlyphRun;
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::kurbo::{BezPath, Rect};
use hayro_interpret::{BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, SoftMask};
use syft_space_domain::dataset::NewDocument;

use super::annotations::Places;
use super::copies::Copies;
use super::drawn_fonts::DrawnFonts;
use super::form::Field;
use super::glyph::{Piece, Position};
use super::line::DrawnLine;
use super::lines::Line;
use super::reading_order::Directions;
use super::unreadable_maps::{self, UnreadableMaps};
use crate::text_builder::Gap;

/// Takes the text of page after page, in the order in which it is drawn.
#[derive(Default)]
pub(super) struct PageDevice {
    lines: Vec<Line>,
    /// How many pages have ended.
    pages_before: u32,
    /// The lines of the page.
    drawn: Vec<DrawnLine>,
    line: DrawnLine,
    /// How many pieces the page has.
    pieces: usize,
    /// The position of the last glyph of the line.
    last: Option<Position>,
    copies: Copies,
    fonts: DrawnFonts,
    maps: UnreadableMaps,
    /// Some glyphs are drawn of which nothing tells what they show.
    has_unknown: bool,
    runs: u32,
    /// Where nothing is taken that is drawn: what stands there is told otherwise.
    covered: Vec<Rect>,
    bytes: usize,
}

/// The most pieces of a page that are kept until its end. What is beyond is text at once.
const MAX_KEPT_PIECES: usize = 1 << 17;

impl Device<'_> for PageDevice {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, props: DrawProps<'_>, _mode: &DrawMode) {
        self.runs = self.runs.wrapping_add(1);
        let font = self.fonts.note(run);
        let scale = font.map_or(1.0, |font| self.fonts.scale(font));
        let maps = self.maps.clone();
        let map = if maps.is_empty() { None } else { maps.of_run(run) };
        for glyph in run.glyphs() {
            let text = match (font, glyph.as_unicode()) {
                (Some(font), _) => self.fonts.text(font, glyph),
                (None, Some(BfString::Char(character))) => Some(character.to_string()),
                (None, Some(BfString::String(text))) => Some(text),
                (None, None) => {
                    self.has_unknown = true;
                    map.and_then(|map| unreadable_maps::text(map, glyph.char_code()))
                }
            };
            let transform = props.transform * glyph.transform();
            let position = Position::of(glyph, transform, run.writing_mode(), scale);
            if let (Some(text), Some(position)) = (text, position) {
                let guess = font.map(|font| (font, scale));
                self.glyph(Piece { text, position, run: self.runs, guess });
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

impl PageDevice {
    /// Takes the text of glyphs that are told by these maps too.
    pub(super) fn with(maps: UnreadableMaps) -> Self {
        Self { maps, ..Self::default() }
    }

    /// Whether there were glyphs of which nothing tells what they show.
    pub(super) fn has_unknown(&self) -> bool {
        self.has_unknown
    }

    fn glyph(&mut self, piece: Piece) {
        let position = piece.position;
        if self.is_full() || self.covered.iter().any(|rect| rect.contains(position.from)) {
            return;
        }
        // The same once more in the same place, to look bold or to throw a shadow, is nothing more to read.
        if self.copies.has(&piece.text, &position) {
            return;
        }
        if let Some(last) = self.last {
            let step = position.from - last.to;
            let across = step.cross(last.direction).abs();
            let size = last.size.max(position.size);
            if last.direction.dot(position.direction) < 0.9 || across > 0.6 * size {
                // Twice a line's height is where a paragraph ends; so is where the writing goes back up.
                let goes_on =
                    last.direction.dot(position.direction) >= 0.9 && step.cross(last.direction) > 0.0;
                let near = goes_on && across < 1.8 * last.size.min(position.size).max(0.6 * size);
                self.end_line(if near { Gap::Line } else { Gap::Paragraph });
            }
        }
        self.push(piece);
        self.last = Some(position);
    }

    fn push(&mut self, piece: Piece) {
        self.bytes = self.bytes.saturating_add(piece.text.len());
        self.pieces = self.pieces.saturating_add(1);
        self.line.pieces.push(piece);
        if self.pieces > MAX_KEPT_PIECES {
            self.end_line(Gap::Line);
            self.write_lines();
        }
    }

    fn end_line(&mut self, gap: Gap) {
        let line = std::mem::replace(&mut self.line, DrawnLine { gap, pieces: Vec::new() });
        if line.is_blank() {
            self.line.gap = line.gap.max(gap);
        } else {
            self.drawn.push(line);
        }
    }

    /// Makes text of the lines that are drawn.
    fn write_lines(&mut self) {
        let drawn = std::mem::take(&mut self.drawn);
        let directions: Vec<Directions> = drawn.iter().map(DrawnLine::directions).collect();
        let page = directions.iter().copied().fold(Directions::default(), Directions::sum);
        let drawn = drawn.into_iter().zip(directions);
        let number = self.pages_before.saturating_add(1);
        self.lines.extend(
            drawn.map(|(line, directions)| Line { page: number, ..line.into_line(directions, page) }),
        );
        self.pieces = 0;
    }

    /// Ends the contents of a page: what is drawn from now on stands on top of it. Answers how many lines they have.
    pub(super) fn end_contents(&mut self) -> usize {
        self.end_line(Gap::Paragraph);
        self.last = None;
        self.drawn.len()
    }

    /// Takes nothing more of what is drawn in this area of the page.
    pub(super) fn cover(&mut self, area: Rect) {
        self.covered.push(area);
    }

    /// Puts what was drawn in annotations since, and what the fields show, into the first lines that were drawn.
    pub(super) fn fill(&mut self, fields: &[Field], contents: usize) {
        let annotations = self.drawn.split_off(contents.min(self.drawn.len()));
        let values = fields.iter().map(|field| field.value.len()).sum();
        self.bytes = self.bytes.saturating_add(values);
        if !self.is_full() {
            self.runs = self.runs.wrapping_add(1);
            let page =
                self.drawn.iter().map(DrawnLine::directions).fold(Directions::default(), Directions::sum);
            Places { lines: &mut self.drawn, page, run: self.runs }.fill(fields, annotations);
        }
    }

    /// Ends a page. A sentence may go on on the next, but a line does not.
    pub(super) fn end_page(&mut self) {
        self.end_line(Gap::Paragraph);
        self.write_lines();
        self.last = None;
        self.copies = Copies::default();
        self.covered.clear();
        self.pages_before = self.pages_before.saturating_add(1);
    }

    /// Whether there is more text than a document may have.
    pub(super) fn is_full(&self) -> bool {
        self.bytes > NewDocument::MAX_BYTES
    }

    pub(super) fn into_lines(self) -> Vec<Line> {
        let Self { mut lines, fonts, .. } = self;
        for line in &mut lines {
            line.rescale(&fonts);
        }
        lines
    }
}
