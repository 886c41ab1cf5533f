//! How do lines become a text, and which of them are headings?

use std::collections::BTreeMap;

use syft_space_domain::dataset::FileRefused;

use crate::draft::{self, Draft, Gap};

/// A line of a page.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) text: String,
    /// What stands before it.
    pub(super) gap: Gap,
    /// The size of its largest glyph.
    size: f64,
}

/// How much larger than the rest a heading is.
const LARGER: f64 = 1.15;
/// The most bytes of a heading.
const HEADING_MAX: usize = 300;
/// The most levels of headings.
const LEVELS_MAX: usize = 4;

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
/// When there is none, or too much.
pub(super) fn write(lines: &[Line]) -> Result<(String, Option<String>), FileRefused> {
    let levels = levels(lines);
    let (mut draft, mut heading) = (Draft::default(), None);
    let mut last: Option<usize> = None;
    let mut hyphen = false;
    let mut rest = lines.iter().peekable();
    while let Some(line) = rest.next() {
        let level = levels.get(&line.quarters()).copied().filter(|_| line.text.len() <= HEADING_MAX);
        let text = line.text.trim();
        match (level, last) {
            // A heading of several lines is one.
            (Some(level), Some(before)) if level == before && line.gap == Gap::Line => draft.gap(Gap::Space),
            (None, None) => draft.gap(if hyphen && line.gap == Gap::Line { Gap::Nothing } else { line.gap }),
            (Some(level), _) => {
                draft.gap(Gap::Paragraph);
                draft.mark(&format!("{} ", "#".repeat(level)));
            }
            (None, Some(_)) => draft.gap(Gap::Paragraph),
        }
        if level.is_some() && heading.is_none() {
            heading = draft::title(text);
        }
        let cut = text.strip_suffix(['-', '\u{ad}', '\u{2010}']).filter(|_| level.is_none());
        let cut = cut.filter(|cut| cut.ends_with(char::is_lowercase));
        hyphen = cut.is_some() && rest.peek().is_some_and(|next| goes_on(next));
        draft.words(if hyphen { cut.unwrap_or(text) } else { text });
        last = level;
    }
    Ok((draft.finish()?, heading))
}

/// Whether a line goes on with a word that was cut: it begins with a small letter.
fn goes_on(line: &Line) -> bool {
    line.gap == Gap::Line && line.text.trim_start().starts_with(char::is_lowercase)
}

/// Which sizes are headings of which level: those larger than the size of most of the text, the largest first.
fn levels(lines: &[Line]) -> BTreeMap<u32, usize> {
    let mut bytes: BTreeMap<u32, usize> = BTreeMap::new();
    for line in lines {
        let sum = bytes.entry(line.quarters()).or_default();
        *sum = sum.saturating_add(line.text.len());
    }
    let body = bytes.iter().max_by_key(|(_, bytes)| **bytes).map_or(0, |(size, _)| *size);
    let larger = bytes.keys().rev().filter(|size| f64::from(**size) >= f64::from(body) * LARGER);
    larger.enumerate().map(|(level, size)| (*size, level.saturating_add(1).min(LEVELS_MAX))).collect()
}
