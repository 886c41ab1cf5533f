//! Maps from the codes of a font to characters that the interpreter gives up on.
//!
//! A font says in a map which characters its glyphs show. Some programs map glyphs that show nothing by themselves, such
//! as one of several marks on a letter, to an empty text; the interpreter then drops the whole map, and with it all text
//! in that font. Here such a map is read without those.

use std::sync::Arc;

use hayro_interpret::font::GlyphRun;
use hayro_interpret::hayro_cmap::{BfString, CMap, load_embedded};
use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::object::{Object, Stream};

/// The maps of a document that the interpreter gave up on.
#[derive(Clone, Default)]
pub(super) struct UnreadableMaps(Arc<Vec<CMap>>);

/// The most maps.
const MAX_MAPS: usize = 256;
/// A text that stands for none.
const NOTHING: &[u8] = b"<0000>";

impl UnreadableMaps {
    pub(super) fn of(pdf: &Pdf) -> Self {
        let maps = pdf.objects().into_iter().filter_map(|object| match object {
            Object::Dict(font) => repaired(&font.get::<Stream<'_>>(b"ToUnicode")?.decoded_data().ok()?),
            _ => None,
        });
        Self(Arc::new(maps.take(MAX_MAPS).collect()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The map that knows most of the glyphs that are drawn in one go: they are of one font, which is not told.
    pub(super) fn of_run(&self, run: &GlyphRun<'_, '_>) -> Option<&CMap> {
        let known = |map: &CMap| {
            run.glyphs().iter().filter(|glyph| map.lookup_bf_string(glyph.char_code()).is_some()).count()
        };
        self.0.iter().rev().max_by_key(|map| known(map))
    }
}

/// The text of a code.
pub(super) fn text(map: &CMap, code: u32) -> Option<String> {
    match map.lookup_bf_string(code)? {
        BfString::Char('\0') => None,
        BfString::Char(character) => Some(character.to_string()),
        BfString::String(text) => Some(text),
    }
}

/// A map without what makes it unreadable; `None` when it is readable, or remains unreadable.
fn repaired(map: &[u8]) -> Option<CMap> {
    if CMap::parse(map, load_embedded).is_some() {
        return None;
    }
    let mut whole = Vec::with_capacity(map.len());
    let mut rest = map;
    while let Some((first, behind)) = rest.split_first() {
        let blank = behind.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        match behind.get(blank..) {
            Some([b'>', after @ ..]) if *first == b'<' => {
                whole.extend_from_slice(NOTHING);
                rest = after;
            }
            _ => {
                whole.push(*first);
                rest = behind;
            }
        }
    }
    CMap::parse(&whole, load_embedded)
}
