//! The text of lines, with headings by the size of the glyphs.

use std::collections::BTreeMap;

use syft_space_domain::dataset::{ExtractedText, FileRefused, Landmark};

use super::drawn_fonts::DrawnFonts;
use super::hyphens::{Hyphen, Words};
use crate::text_builder::{self, Gap, TextBuilder};

/// A line of a page.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) text: String,
    /// The number of its page, from 1.
    pub(super) page: u32,
    /// The gap before it.
    pub(super) gap: Gap,
    /// The size of its largest glyph.
    pub(super) size: f64,
    /// The font of that, where its size is guessed, and how many times the em of its matrix its em was taken to be.
    pub(super) guess: Option<(usize, f64)>,
}

/// The least size of a heading, as a multiple of the size of the body.
const HEADING_SIZE_RATIO: f64 = 1.15;
/// The same where the size is guessed by the width of letters: bold ones are wider.
const GUESSED_HEADING_SIZE_RATIO: f64 = 1.3;
/// The most bytes of a heading.
const MAX_HEADING_BYTES: usize = 300;
/// The deepest level of headings.
const MAX_HEADING_LEVEL: usize = 4;

impl Line {
    /// Corrects a size that was guessed before all of the font was seen.
    pub(super) fn rescale(&mut self, fonts: &DrawnFonts) {
        if let Some((font, scale)) = self.guess {
            let true_scale = fonts.scale(font);
            self.size *= true_scale / scale;
            self.guess = self.guess.filter(|_| (true_scale - 1.0).abs() > f64::EPSILON);
        }
    }

    /// The size in quarters of a point, so that sizes that look the same are the same.
    fn quarters(&self) -> u32 {
        #[expect(clippy::as_conversions, reason = "a float becomes the nearest number there is")]
        let quarters = (self.size.clamp(0.0, 10_000.0) * 4.0).round() as u32;
        quarters
    }

    /// Whether it is so much larger than the body that it is a heading.
    fn is_large(&self, body: u32) -> bool {
        let ratio = if self.guess.is_some() { GUESSED_HEADING_SIZE_RATIO } else { HEADING_SIZE_RATIO };
        f64::from(self.quarters()) >= f64::from(body) * ratio
    }
}

/// The text of lines, and the first heading in it as its title.
///
/// # Errors
/// When there is no text, or more than a document may have.
pub(super) fn write(lines: &[Line]) -> Result<ExtractedText, FileRefused> {
    let levels = Levels::of(lines);
    let words = Words::of(lines);
    let (mut builder, mut heading) = (TextBuilder::default(), None);
    let mut last: Option<usize> = None;
    let mut page = 0;
    let mut hyphen: Option<Hyphen> = None;
    let mut rest = lines.iter().peekable();
    while let Some(line) = rest.next() {
        let level = levels.of_line(line);
        let gap = match (level, last) {
            _ if hyphen.is_some_and(|hyphen| hyphen != Hyphen::Hanging) => Gap::Nothing,
            (Some(level), Some(before)) if level == before && line.gap == Gap::Line => Gap::Space,
            (None, None) if hyphen.is_none() => line.gap,
            (None, None) => Gap::Line,
            _ => Gap::Paragraph,
        };
        builder.gap(gap);
        if line.page != page {
            page = line.page;
            builder.mark(Landmark::Page(page));
        }
        if let (Some(level), Gap::Paragraph) = (level, gap) {
            builder.set_marker(&format!("{} ", "#".repeat(level)));
        }
        let text = line.text.trim();
        if level.is_some() && heading.is_none() {
            heading = text_builder::title(text);
        }
        let next = rest.peek().filter(|next| levels.of_line(next) == level);
        hyphen = next.and_then(|next| words.hyphen(line, next));
        let end = text.char_indices().next_back().filter(|_| hyphen == Some(Hyphen::Cut));
        let text = end.and_then(|(end, _)| text.get(..end)).unwrap_or(text);
        // What one may see only where a word is cut is drawn here: a hyphen as any.
        builder.words(&text.replace('\u{ad}', "-"));
        last = level;
    }
    Ok(ExtractedText { title: heading, marks: builder.take_marks(), text: builder.finish()? })
}

/// The heading levels by size: those larger than the size of most of the text, the largest first.
struct Levels {
    body: u32,
    of_size: BTreeMap<u32, usize>,
}

impl Levels {
    fn of(lines: &[Line]) -> Self {
        let mut bytes: BTreeMap<u32, usize> = BTreeMap::new();
        for line in lines {
            let sum = bytes.entry(line.quarters()).or_default();
            *sum = sum.saturating_add(line.text.len());
        }
        let body = bytes.iter().max_by_key(|(_, bytes)| **bytes).map_or(0, |(size, _)| *size);
        let large = lines.iter().filter(|line| line.is_large(body)).map(Line::quarters);
        let larger: std::collections::BTreeSet<u32> = large.collect();
        let larger = larger.into_iter().rev().enumerate();
        let of_size =
            larger.map(|(level, size)| (size, level.saturating_add(1).min(MAX_HEADING_LEVEL))).collect();
        Self { body, of_size }
    }

    fn of_line(&self, line: &Line) -> Option<usize> {
        let level = self.of_size.get(&line.quarters()).copied();
        level.filter(|_| line.is_large(self.body) && line.text.len() <= MAX_HEADING_BYTES)
    }
}
