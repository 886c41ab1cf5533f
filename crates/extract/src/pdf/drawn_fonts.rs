//! Fonts whose glyphs are drawings (Type 3): how large they are, and which characters they show.
//!
//! Such a font has units of its own, and may say nothing of how large its letters are in them: a TeX document of the
//! nineties draws letters of thirty units with a matrix that makes one unit one point, and scales the page. So the size
//! is guessed by how wide the letters are. Its glyphs may have names that say nothing, `a46`; then the code tells the
//! character, unless other glyphs of the font show that its codes are not those of ASCII.

use std::collections::HashMap;

use hayro_interpret::CacheKey;
use hayro_interpret::font::{Glyph, GlyphRun, Type3Glyph};
use hayro_interpret::hayro_cmap::BfString;

use super::glyph::advance;

/// The fonts of a document whose glyphs are drawings. Which font a glyph is of is known by the glyphs that are drawn in
/// one go with it.
#[derive(Debug, Default)]
pub(super) struct DrawnFonts {
    fonts: Vec<Font>,
    of_glyph: HashMap<u128, usize>,
}

#[derive(Debug, Default)]
struct Font {
    /// The advances of its glyphs, in ems of its matrix.
    advances: f64,
    /// The advances that these characters usually have, in ems.
    usual_advances: f64,
    /// How many of its glyphs show the character of their code, less those that do not.
    ascii: i64,
}

/// The most glyphs that are told apart.
const MAX_GLYPHS: usize = 1 << 16;
/// Between these, a font's matrix tells its size well enough.
const PLAUSIBLE_SCALE: std::ops::Range<f64> = 0.6..1.7;
/// The ligatures of TeX's fonts, from code 11 on.
const TEX_LIGATURES: [&str; 5] = ["ff", "fi", "fl", "ffi", "ffl"];

impl DrawnFonts {
    /// Takes note of what is drawn in one go. Answers its font, if that is one of drawings.
    pub(super) fn note(&mut self, run: &GlyphRun<'_, '_>) -> Option<usize> {
        let glyphs = || {
            run.glyphs().iter().filter_map(|glyph| match &**glyph {
                Glyph::Type3(drawn) => Some((&**glyph, drawn.as_ref())),
                Glyph::Outline(_) => None,
            })
        };
        let keys: Vec<u128> = glyphs().map(|(_, drawn)| drawn.cache_key()).collect();
        let (first, _) = (keys.first()?, ());
        let known = keys.iter().find_map(|key| self.of_glyph.get(key)).copied();
        let font = known.unwrap_or(self.fonts.len());
        if known.is_none() {
            if self.of_glyph.len() >= MAX_GLYPHS {
                return self.of_glyph.get(first).copied();
            }
            self.fonts.push(Font::default());
        }
        if self.of_glyph.len() < MAX_GLYPHS {
            self.of_glyph.extend(keys.iter().map(|key| (*key, font)));
        }
        let entry = self.fonts.get_mut(font)?;
        for (glyph, drawn) in glyphs() {
            entry.note(glyph, drawn);
        }
        Some(font)
    }

    /// How many times the em of a font's matrix its em is.
    pub(super) fn scale(&self, font: usize) -> f64 {
        self.fonts.get(font).map_or(1.0, Font::scale)
    }

    /// The text of a glyph of a font.
    pub(super) fn text(&self, font: usize, glyph: &Glyph<'_>) -> Option<String> {
        if let Some(text) = named(glyph) {
            return Some(text);
        }
        let is_ascii = self.fonts.get(font).is_some_and(|font| font.ascii >= 0);
        let code = u8::try_from(glyph.char_code()).ok().filter(|_| is_ascii)?;
        match code {
            b' '..=b'~' => Some(char::from(code).to_string()),
            _ => {
                let ligature = TEX_LIGATURES.get(usize::from(code.checked_sub(11)?))?;
                Some((*ligature).to_owned())
            }
        }
    }
}

impl Font {
    fn note(&mut self, glyph: &Glyph<'_>, drawn: &Type3Glyph<'_>) {
        let by_code = u8::try_from(drawn.char_code()).ok().filter(u8::is_ascii_graphic).map(char::from);
        let text = named(glyph);
        if let (Some(code), Some(text)) = (by_code, &text) {
            self.ascii = self.ascii.saturating_add(if text.starts_with(code) { 1 } else { -1 });
        }
        let shown = text.and_then(|text| text.chars().next()).or(by_code);
        if let (Some(shown), Some(advance)) = (shown.filter(|c| c.is_alphanumeric()), advance(glyph)) {
            self.advances += advance.abs();
            self.usual_advances += usual_advance(shown);
        }
    }

    fn scale(&self) -> f64 {
        let scale = self.advances / self.usual_advances;
        if !scale.is_finite() || scale <= 0.0 || PLAUSIBLE_SCALE.contains(&scale) { 1.0 } else { scale }
    }
}

/// The text that a glyph's name or the font's map of characters tells.
fn named(glyph: &Glyph<'_>) -> Option<String> {
    Some(match glyph.as_unicode()? {
        BfString::Char(character) => character.to_string(),
        BfString::String(text) => text.clone(),
    })
}

/// How wide a character usually is, in ems.
fn usual_advance(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | 'I' | 'f' | 't' | 'r' => 0.32,
        'm' | 'w' | 'M' | 'W' => 0.8,
        'A'..='Z' => 0.68,
        _ => 0.5,
    }
}
