//! The text of lines, with headings by the size of the glyphs.

use std::collections::BTreeMap;

use syft_space_domain::dataset::FileRefused;

use crate::text_builder::{self, Gap, TextBuilder};

/// A line of a page.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) text: String,
    /// The gap before it.
    pub(super) gap: Gap,
    /// The size of its largest glyph.
    size: f64,
}

/// The least size of a heading, as a multiple of the size of the body.
const HEADING_SIZE_RATIO: f64 = 1.15;
/// The most bytes of a heading.
const MAX_HEADING_BYTES: usize = 300;
/// The deepest level of headings.
const MAX_HEADING_LEVEL: usize = 4;

impl Line {
    /// An empty line behind this gap.
    pub(super) fn after(gap: Gap) -> Self {
        Self { gap, ..Self::default() }
    }

    pub(super) fn write(&mut self, text: &str, size: f64) {
        self.text.push_str(text);
        self.size = self.size.max(size);
    }

    pub(super) fn space(&mut self) {
        if !self.text.ends_with(char::is_whitespace) {
            self.text.push(' ');
        }
    }

    /// The size in quarters of a point, so that sizes that look the same are the same.
    fn quarters(&self) -> u32 {
        #[expect(clippy::as_conversions, reason = "a float becomes the nearest number there is")]
        let quarters = (self.size.clamp(0.0, 10_000.0) * 4.0).round() as u32;
        quarters
    }
}

/// The text of lines, and the first heading in it.
///
/// # Errors
/// When there is no text, or more than a document may have.
pub(super) fn write(lines: &[Line]) -> Result<(String, Option<String>), FileRefused> {
    let levels = levels(lines);
    let (mut builder, mut heading) = (TextBuilder::default(), None);
    let mut last: Option<usize> = None;
    let mut hyphenated = false;
    let mut rest = lines.iter().peekable();
    while let Some(line) = rest.next() {
        let level = levels.get(&line.quarters()).copied().filter(|_| line.text.len() <= MAX_HEADING_BYTES);
        let text = line.text.trim();
        match (level, last) {
            // A heading of several lines is one.
            (Some(level), Some(before)) if level == before && line.gap == Gap::Line => {
                builder.gap(Gap::Space);
            }
            (None, None) => {
                builder.gap(if hyphenated && line.gap == Gap::Line { Gap::Nothing } else { line.gap });
            }
            (Some(level), _) => {
                builder.gap(Gap::Paragraph);
                builder.set_marker(&format!("{} ", "#".repeat(level)));
            }
            (None, Some(_)) => builder.gap(Gap::Paragraph),
        }
        if level.is_some() && heading.is_none() {
            heading = text_builder::title(text);
        }
        let cut = text.strip_suffix(['-', '\u{ad}', '\u{2010}']).filter(|_| level.is_none());
        let cut = cut.filter(|cut| cut.ends_with(char::is_lowercase));
        hyphenated = cut.is_some() && rest.peek().is_some_and(|next| continues_word(next));
        builder.words(if hyphenated { cut.unwrap_or(text) } else { text });
        last = level;
    }
    Ok((builder.finish()?, heading))
}

/// Whether a line continues a word that was cut: it begins with a small letter.
fn continues_word(line: &Line) -> bool {
    line.gap == Gap::Line && line.text.trim_start().starts_with(char::is_lowercase)
}

/// The heading levels by size: those larger than the size of most of the text, the largest first.
fn levels(lines: &[Line]) -> BTreeMap<u32, usize> {
    let mut bytes: BTreeMap<u32, usize> = BTreeMap::new();
    for line in lines {
        let sum = bytes.entry(line.quarters()).or_default();
        *sum = sum.saturating_add(line.text.len());
    }
    let body = bytes.iter().max_by_key(|(_, bytes)| **bytes).map_or(0, |(size, _)| *size);
    let larger = bytes.keys().rev().filter(|size| f64::from(**size) >= f64::from(body) * HEADING_SIZE_RATIO);
    larger.enumerate().map(|(level, size)| (*size, level.saturating_add(1).min(MAX_HEADING_LEVEL))).collect()
}
