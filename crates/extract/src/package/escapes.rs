//! Characters that Office writes as `_x000D_`, since XML has none of them, or takes them for something else.

use std::borrow::Cow;

/// How long such a character is: `_x`, four digits and `_`.
const LENGTH: usize = 7;

/// A text with its escaped characters (ECMA-376, `ST_Xstring`). An underscore that would begin one by chance is `_x005F_`.
pub(crate) fn unescaped(text: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut end = 0_usize;
    // The first half of a character that takes two.
    let mut half: Option<(u32, usize)> = None;
    for (at, _) in text.match_indices("_x") {
        let Some(unit) = text.get(at..).filter(|_| at >= end).and_then(unit) else { continue };
        kept.push_str(text.get(end..at).unwrap_or_default());
        let whole =
            half.take().filter(|(_, behind)| *behind == at).and_then(|(first, _)| joined(first, unit));
        end = at.saturating_add(LENGTH);
        match whole.or_else(|| char::from_u32(unit)) {
            Some(character) => kept.push(character),
            None => half = Some((unit, end)),
        }
    }
    if end == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(text.get(end..).unwrap_or_default());
    Cow::Owned(kept)
}

/// The number of the character with which a text begins, if that is escaped.
fn unit(text: &str) -> Option<u32> {
    let digits = text.get(..LENGTH)?.strip_prefix("_x")?.strip_suffix('_')?;
    // A sign before it is no digit.
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

fn joined(first: u32, second: u32) -> Option<char> {
    let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    char::decode_utf16(units).next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_an_escaped_character_is_itself_and_an_escaped_underscore_escapes_nothing() {
        for (text, shown) in [
            ("nine_x000D_\nten", "nine\r\nten"),
            ("a_x000B_b_x000a_c", "a\u{b}b\nc"),
            ("_x0041__x00fC_", "Aü"),
            ("_x005F_x000D_", "_x000D_"),
            ("_x005F_x005F_", "_x005F_"),
            ("_xD83D__xDEA2_ ship", "🚢 ship"),
            ("a_xD83D_b_xDEA2_", "ab"),
            ("_xD83D__x0041_", "A"),
            ("_x000D", "_x000D"),
            ("_x00_0D_ _X000D_ _x+00D_ max_x_min _xü00_", "_x00_0D_ _X000D_ _x+00D_ max_x_min _xü00_"),
            ("_x_x000D_", "_x\r"),
            ("", ""),
        ] {
            assert_eq!(unescaped(text), shown);
        }
    }
}
