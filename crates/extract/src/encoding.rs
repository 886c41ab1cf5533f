//! The character encoding of text files.

use std::borrow::Cow;

use syft_space_domain::dataset::FileRefused;

/// The text of a file: UTF-8, with or without a byte order mark, or UTF-16 with one. Line ends become line feeds.
///
/// # Errors
/// When it is neither, or holds a NUL, which no text has; or when its bytes are ASCII that means other characters, as
/// in ISO-2022-JP.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, FileRefused> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => decode_utf8(rest),
        [0xff, 0xfe, rest @ ..] => normalize(Cow::Owned(utf16(rest, u16::from_le_bytes)?)),
        [0xfe, 0xff, rest @ ..] => normalize(Cow::Owned(utf16(rest, u16::from_be_bytes)?)),
        bytes if is_in_escapes(bytes) || (bytes.is_ascii() && (is_hz(bytes) || is_utf7(bytes))) => {
            Err(FileRefused::Encoding)
        }
        bytes => decode_utf8(bytes),
    }
}

/// Whether a file begins with a byte order mark.
pub(crate) fn has_mark(bytes: &[u8]) -> bool {
    matches!(bytes, [0xef, 0xbb, 0xbf, ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
}

/// The text of a file in UTF-8.
///
/// # Errors
/// When it is in another encoding, or holds a NUL.
pub(crate) fn decode_utf8(bytes: &[u8]) -> Result<Cow<'_, str>, FileRefused> {
    normalize(utf8(bytes)?)
}

/// Whether a text changes its characters by escapes, as ISO-2022-JP, -KR and -CN do. What terminals are told to come
/// back to ASCII or to change a colour is not among them.
pub(crate) fn is_in_escapes(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|three| {
        matches!(
            three,
            [0x1b, b'$', b'@' | b'A' | b'B' | b'('..=b'+']
                | [0x1b, b'(', b'H'..=b'J']
                | [0x1b, b'.', b'A' | b'F']
        )
    })
}

/// Whether an ASCII text is Chinese in HZ: pairs of characters between `~{` and `~}`. Those of frequent characters begin
/// with a capital letter or a digit, which words in small letters do not.
fn is_hz(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(start) = rest.windows(2).position(|two| two == b"~{") {
        rest = rest.get(start.saturating_add(2)..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_graphic() && **byte != b'~').count();
        let (pairs, odd) = rest.get(..length).unwrap_or_default().as_chunks::<2>();
        let frequent = pairs.iter().filter(|[first, _]| *first < b'X').count();
        let closes = rest.get(length..).is_some_and(|rest| rest.starts_with(b"~}"));
        if closes && odd.is_empty() && !pairs.is_empty() && frequent.saturating_mul(2) >= pairs.len() {
            return true;
        }
    }
    false
}

/// Whether an ASCII text is in UTF-7: with its byte order mark, or with characters of Europe and the Near East between
/// `+` and `-`, and nothing else there.
fn is_utf7(bytes: &[u8]) -> bool {
    if ["+/v8", "+/v9", "+/v+", "+/v/"].iter().any(|mark| bytes.starts_with(mark.as_bytes())) {
        return true;
    }
    let mut found = false;
    for piece in bytes.split(|byte| *byte == b'+').skip(1) {
        let base64 = piece.iter().map_while(|byte| sextet(*byte));
        let (mut bits, mut held, mut units) = (0_u32, 0_u32, 0_usize);
        let mut is_text = true;
        for six in base64 {
            (bits, held) = ((bits << 6) | six, held.saturating_add(6));
            if held >= 16 {
                held = held.saturating_sub(16);
                let unit = (bits >> held) & 0xffff;
                units = units.saturating_add(1);
                is_text &= matches!(unit, 0x80..=0x6ff | 0x2010..=0x20cf);
                bits &= 0xffff;
            }
        }
        let end = piece.iter().position(|byte| sextet(*byte).is_none());
        let is_closed = end.and_then(|end| piece.get(end)) == Some(&b'-');
        // Its last bits fill the character, and are 0.
        let is_whole = units > 0 && held < 6 && bits & ((1 << held) - 1) == 0;
        if is_closed && is_whole {
            if !is_text {
                return false;
            }
            found = true;
        }
    }
    found
}

/// The six bits of a character of base64.
fn sextet(byte: u8) -> Option<u32> {
    let (first, value) = match byte {
        b'A'..=b'Z' => (b'A', 0),
        b'a'..=b'z' => (b'a', 26),
        b'0'..=b'9' => (b'0', 52),
        b'/' => (b'/', 63),
        _ => return None,
    };
    Some(u32::from(byte.saturating_sub(first)).saturating_add(value))
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, FileRefused> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| FileRefused::Encoding)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, FileRefused> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(FileRefused::Encoding);
    }
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).collect::<Result<String, _>>().map_err(|_| FileRefused::Encoding)
}

pub(crate) fn normalize(text: Cow<'_, str>) -> Result<Cow<'_, str>, FileRefused> {
    if text.contains('\0') {
        return Err(FileRefused::Encoding);
    }
    if text.contains('\r') {
        return Ok(Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_text_is_utf_8_or_utf_16_with_a_mark() {
        for bytes in [
            "Grüße\n1".as_bytes(),
            b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe\r\n1",
            b"\xff\xfeG\0r\0\xfc\0\xdf\0e\0\r\x001\0",
            b"\xfe\xff\0G\0r\0\xfc\0\xdf\0e\0\n\x001",
        ] {
            assert_eq!(decode(bytes).as_deref(), Ok("Grüße\n1"), "{bytes:?}");
        }
    }

    #[test]
    fn k16_an_encoding_that_cannot_be_told_is_refused() {
        for bytes in [
            &b"Gr\xfc\xdfe"[..],
            b"a\0b",
            b"G\0r\0",
            b"\xff\xfeG",
            b"\xff\xfe\0\xd8",
            b"\xff\xfe\0\0G\0\0\0",
            b"\xc0\xaf",
            b"\xed\xa0\x80",
        ] {
            assert_eq!(decode(bytes), Err(FileRefused::Encoding), "{bytes:?}");
        }
    }

    #[test]
    fn k16_ascii_that_means_other_characters_is_refused() {
        for (encoding, bytes) in [
            ("ISO-2022-JP", &b"\x1b$B9A$NA%\x1b(B\n"[..]),
            ("ISO-2022-JP, the older set", b"log: \x1b$@9A\x1b(J"),
            ("ISO-2022-JP, narrow letters", b"\x1b(I1\x1b(B"),
            ("ISO-2022-KR", b"\x1b$)C\n\x0eGQ\x0f"),
            ("ISO-2022-CN", b"\x1b$)A\x0eVP\x0f"),
            ("HZ", b"The ~{<RCG~} of ~{VP~}.\n"),
            ("UTF-7", b"Die Gr+APwA3w-e und +ANw-bung 1 + 1\n"),
            ("UTF-7, Russian", b"+BCEEOw- x"),
            ("UTF-7 with a mark", b"+/v8-text"),
        ] {
            assert_eq!(decode(bytes), Err(FileRefused::Encoding), "{encoding}");
        }
        for text in [
            "\u{1b}[31mred\u{1b}(B\u{1b}[m plain",
            "(format t \"~{~a~}, ~{word~} ~{ x ~}\")",
            "~{",
            "C++-lists, a+b-c, Google+Facebook-Login, 1+-2, +49-30-12345, +",
            "x+APw",
            "Gr\u{fc}n +APw-",
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), Ok(text));
        }
    }
}
