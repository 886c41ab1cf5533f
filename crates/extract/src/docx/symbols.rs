//! The characters that fonts of symbols show.
//!
//! Such a font shows a picture in place of each letter, and Word stores the letter's code, in the private use area or
//! as it is. Boxes, ticks, crosses, arrows and Greek letters mean something in a text; other pictures are left out.

use crate::package::xml::Attributes;

/// The font of a text, as far as it matters: which of symbols it is, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Font(pub(super) Option<SymbolFont>);

impl Font {
    /// The font that an element `rFonts` names, if it names one for letters. Those of a theme are none of symbols.
    pub(super) fn of(attributes: Attributes<'_>) -> Option<Self> {
        if attributes.get("asciiTheme").or_else(|| attributes.get("hAnsiTheme")).is_some() {
            return Some(Self(None));
        }
        let name = attributes.get("ascii").or_else(|| attributes.get("hAnsi"))?;
        Some(Self(SymbolFont::of(&name)))
    }

    /// A text as the font shows it.
    pub(super) fn shown(self, text: &str) -> Option<String> {
        Some(text.chars().filter_map(|character| self.0?.shown(character)).collect())
            .filter(|_| self.0.is_some())
    }
}

/// A font of symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SymbolFont {
    Symbol,
    Webdings,
    Wingdings,
    Wingdings2,
    Wingdings3,
}

impl SymbolFont {
    /// The font of this name, if it is one of symbols.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "symbol" => Self::Symbol,
            "webdings" => Self::Webdings,
            "wingdings" => Self::Wingdings,
            "wingdings 2" => Self::Wingdings2,
            "wingdings 3" => Self::Wingdings3,
            _ => return None,
        })
    }

    /// What the font shows for a character; the character itself where the font has none of its own for it.
    pub(super) fn shown(self, character: char) -> Option<char> {
        let code = match u32::from(character) {
            code @ 0xf020..=0xf0ff => code.checked_sub(0xf000),
            code @ 0x21..=0xff => Some(code),
            _ => return Some(character),
        };
        let code = u8::try_from(code?).ok()?;
        if code == b' ' {
            return Some(' ');
        }
        match self {
            Self::Symbol => symbol(code),
            Self::Webdings => find(&WEBDINGS, code),
            Self::Wingdings => wingdings(code),
            Self::Wingdings2 => find(&WINGDINGS_2, code),
            Self::Wingdings3 => find(&WINGDINGS_3, code),
        }
    }
}

/// The character of a code (`w:char`, hexadecimal) in a font: Unicode's, unless the font is one of symbols.
pub(super) fn character(font: &str, code: &str) -> Option<char> {
    let character = u32::from_str_radix(code.trim(), 16).ok().and_then(char::from_u32)?;
    shown_by(SymbolFont::of(font), character)
}

/// What a font shows for a character; without one of symbols nothing for what is in the private use area.
pub(super) fn shown_by(font: Option<SymbolFont>, character: char) -> Option<char> {
    match font {
        Some(font) => font.shown(character),
        None => Some(character).filter(|character| !('\u{e000}'..='\u{f8ff}').contains(character)),
    }
}

fn find(table: &[(u8, char)], code: u8) -> Option<char> {
    table.iter().find(|(known, _)| *known == code).map(|(_, character)| *character)
}

fn nth(characters: &str, code: u8, first: u8) -> Option<char> {
    characters.chars().nth(usize::from(code.checked_sub(first)?))
}

fn symbol(code: u8) -> Option<char> {
    match code {
        b'A'..=b'Z' => nth("ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", code, b'A'),
        b'a'..=b'z' => nth("αβχδεφγηιϕκλμνοπθρστυϖωξψζ", code, b'a'),
        b'"' => Some('∀'),
        b'$' => Some('∃'),
        b'\'' => Some('∋'),
        b'*' => Some('∗'),
        b'-' => Some('−'),
        b'@' => Some('≅'),
        b'\\' => Some('∴'),
        b'^' => Some('⊥'),
        0x21..=0x7d => Some(char::from(code)),
        b'~' => Some('∼'),
        0xa0..=0xef => nth(
            "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊⟨®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪",
            code,
            0xa0,
        ),
        0xf1..=0xfe => nth("⟩∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭", code, 0xf1),
        _ => None,
    }
}

fn wingdings(code: u8) -> Option<char> {
    match code {
        0x80..=0x8a => nth("⓪①②③④⑤⑥⑦⑧⑨⑩", code, 0x80),
        0x8b..=0x95 => nth("⓿❶❷❸❹❺❻❼❽❾❿", code, 0x8b),
        0xdf..=0xe6 => nth("←→↑↓↖↗↙↘", code, 0xdf),
        0xe7..=0xee => nth("🡸🡺🡹🡻🡼🡽🡿🡾", code, 0xe7),
        0xef..=0xf4 => nth("⇦⇨⇧⇩⬄⇳", code, 0xef),
        _ => find(&WINGDINGS, code),
    }
}

const WINGDINGS: [(u8, char); 48] = [
    (b'"', '✂'),
    (b'(', '☎'),
    (b')', '✆'),
    (b'*', '✉'),
    (b'A', '✌'),
    (b'C', '👍'),
    (b'D', '👎'),
    (b'E', '☜'),
    (b'F', '☞'),
    (b'G', '☝'),
    (b'H', '☟'),
    (b'J', '☺'),
    (b'L', '☹'),
    (b'N', '☠'),
    (b'Q', '✈'),
    (b'R', '☼'),
    (b'T', '❄'),
    (b'l', '●'),
    (b'm', '❍'),
    (b'n', '■'),
    (b'o', '□'),
    (b'p', '☐'),
    (b'q', '❑'),
    (b'r', '❒'),
    (b's', '⬧'),
    (b't', '⧫'),
    (b'u', '◆'),
    (b'v', '❖'),
    (b'w', '⬥'),
    (b'x', '☒'),
    (b'z', '⌘'),
    (b'}', '❝'),
    (b'~', '❞'),
    (0x9e, '·'),
    (0x9f, '•'),
    (0xa1, '○'),
    (0xa4, '◉'),
    (0xa5, '◎'),
    (0xa7, '▪'),
    (0xa8, '☐'),
    (0xaa, '✦'),
    (0xab, '★'),
    (0xac, '✶'),
    (0xd8, '➢'),
    (0xfb, '✗'),
    (0xfc, '✓'),
    (0xfd, '☒'),
    (0xfe, '☑'),
];

const WINGDINGS_2: [(u8, char); 18] = [
    (b'O', '✗'),
    (b'P', '✓'),
    (b'Q', '☒'),
    (b'R', '☑'),
    (b'S', '☒'),
    (b'T', '☒'),
    (b'U', '☒'),
    (b'V', '☒'),
    (0x95, '·'),
    (0x96, '•'),
    (0x97, '●'),
    (0x98, '⬤'),
    (0x99, '○'),
    (0xa1, '■'),
    (0xa2, '■'),
    (0xa3, '☐'),
    (0xa4, '☐'),
    (0xa5, '☐'),
];

const WINGDINGS_3: [(u8, char); 20] = [
    (b'f', '←'),
    (b'g', '→'),
    (b'h', '↑'),
    (b'i', '↓'),
    (b'j', '↖'),
    (b'k', '↗'),
    (b'l', '↙'),
    (b'm', '↘'),
    (b'n', '↔'),
    (b'o', '↕'),
    (b'p', '▲'),
    (b'q', '▼'),
    (b'r', '△'),
    (b's', '▽'),
    (b't', '◀'),
    (b'u', '▶'),
    (b'v', '◁'),
    (b'w', '▷'),
    (b'|', '◀'),
    (b'}', '▶'),
];

const WEBDINGS: [(u8, char); 10] = [
    (b'3', '◀'),
    (b'4', '▶'),
    (b'5', '▲'),
    (b'6', '▼'),
    (b'a', '✔'),
    (b'c', '☐'),
    (b'g', '■'),
    (b'n', '●'),
    (b'r', '✗'),
    (b'=', '●'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_symbols_that_mean_something_are_told_by_font_and_code() {
        for (font, code, shown) in [
            ("Wingdings", "F0FE", Some('☑')),
            ("Wingdings", "00FD", Some('☒')),
            ("wingdings", "F0A8", Some('☐')),
            ("Wingdings 2", "F052", Some('☑')),
            ("Wingdings 2", "F0A3", Some('☐')),
            ("Wingdings 3", "F067", Some('→')),
            ("Symbol", "F061", Some('α')),
            ("Symbol", "F0B3", Some('≥')),
            ("Symbol", "F0D7", Some('⋅')),
            ("Symbol", "F0EF", Some('⎪')),
            ("Symbol", "F0FE", Some('⎭')),
            ("MS Gothic", "2612", Some('☒')),
            ("Segoe UI Symbol", "e000", None),
            ("Wingdings", "F03A", None),
            ("Wingdings", "no code", None),
            ("Symbol", "D800", None),
        ] {
            assert_eq!(character(font, code), shown, "{code} in {font}");
        }
    }
}
