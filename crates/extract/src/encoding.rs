//! The character encoding of texts: the one place that decides it, whatever a text comes in.

use std::borrow::Cow;

use encoding_rs::Encoding;
use syft_space_domain::dataset::FileRefused;

/// What a text is said to be in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Named {
    Known(&'static Encoding),
    /// One of 7 bits that no browser reads any more.
    Unreadable,
}

impl Named {
    /// The encoding of a label, where it is one of the web's.
    pub(crate) fn of(label: &str) -> Option<Self> {
        let label = label.trim().to_ascii_lowercase();
        if is_utf7_label(&label) {
            return Some(Self::Unreadable);
        }
        let named = Encoding::for_label(label.as_bytes())?;
        Some(match named {
            encoding if encoding == encoding_rs::REPLACEMENT => Self::Unreadable,
            encoding if encoding == encoding_rs::X_USER_DEFINED => Self::Known(encoding_rs::WINDOWS_1252),
            encoding => Self::Known(encoding),
        })
    }
}

fn is_utf7_label(label: &str) -> bool {
    ["utf-7", "utf7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7"].contains(&label)
}

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

/// The text of bytes that are said to be in an encoding. UTF-8 is taken for what it is, whatever is said of it: of other
/// encodings next to nothing looks like it by chance.
///
/// # Errors
/// When they are neither in UTF-8 nor in that encoding, or change their characters by escapes that it does not have.
pub(crate) fn decode_named(bytes: &[u8], named: Named) -> Result<Cow<'_, str>, FileRefused> {
    if has_mark(bytes) {
        return decode(bytes);
    }
    let decoded = match named {
        // These are ASCII by their bytes, and so would pass as UTF-8.
        Named::Known(named) if named == encoding_rs::ISO_2022_JP && bytes.is_ascii() => {
            return decode_as(named, bytes);
        }
        Named::Unreadable if bytes.iter().any(|byte| matches!(byte, b'\x0e' | b'\x1b' | b'~' | b'+')) => {
            return Err(FileRefused::Encoding);
        }
        Named::Unreadable => decode_utf8(bytes),
        Named::Known(named) => match decode_utf8(bytes) {
            Ok(text) if !(is_of_pairs(named) && has_only_pairs(&text)) => Ok(text),
            _ => decode_as(named, bytes).or_else(|_| decode_utf8(bytes)),
        },
    }?;
    let is_other = is_in_escapes(decoded.as_bytes())
        || (bytes.is_ascii() && matches!(named, Named::Known(named) if is_of_pairs(named)) && is_hz(bytes));
    if is_other { Err(FileRefused::Encoding) } else { Ok(decoded) }
}

fn decode_as<'a>(named: &'static Encoding, bytes: &'a [u8]) -> Result<Cow<'a, str>, FileRefused> {
    let text = named.decode_without_bom_handling_and_without_replacement(bytes);
    normalize(text.ok_or(FileRefused::Encoding)?)
}

/// Whether an encoding writes its characters as two bytes, of which a few may look like UTF-8.
fn is_of_pairs(named: &'static Encoding) -> bool {
    [
        encoding_rs::GBK,
        encoding_rs::GB18030,
        encoding_rs::BIG5,
        encoding_rs::EUC_JP,
        encoding_rs::EUC_KR,
        encoding_rs::SHIFT_JIS,
    ]
    .contains(&named)
}

/// Whether a text has characters beyond ASCII, and none of three bytes, as all of the Far East are in UTF-8.
fn has_only_pairs(text: &str) -> bool {
    !text.is_ascii() && text.chars().all(|character| character.len_utf8() <= 2)
}

/// Whether a file begins with a byte order mark.
fn has_mark(bytes: &[u8]) -> bool {
    matches!(bytes, [0xef, 0xbb, 0xbf, ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
}

/// The text of a file in UTF-8.
fn decode_utf8(bytes: &[u8]) -> Result<Cow<'_, str>, FileRefused> {
    normalize(utf8(bytes)?)
}

/// Whether a text changes its characters by escapes, as ISO-2022-JP, -KR and -CN do. What terminals are told to come
/// back to ASCII or to change a colour is not among them.
fn is_in_escapes(bytes: &[u8]) -> bool {
    memchr::memchr_iter(0x1b, bytes).any(|at| {
        matches!(
            bytes.get(at..),
            Some(
                [0x1b, b'$', b'@' | b'A' | b'B' | b'('..=b'+', ..]
                    | [0x1b, b'(', b'H'..=b'J', ..]
                    | [0x1b, b'.', b'A' | b'F', ..]
            )
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

/// The six bits that a character of base64 stands for.
pub(crate) fn sextet(byte: u8) -> Option<u32> {
    let (first, value) = match byte {
        b'A'..=b'Z' => (b'A', 0),
        b'a'..=b'z' => (b'a', 26),
        b'0'..=b'9' => (b'0', 52),
        b'+' => (b'+', 62),
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

fn normalize(text: Cow<'_, str>) -> Result<Cow<'_, str>, FileRefused> {
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
    fn q2_a_text_is_in_what_it_is_said_to_be_in_unless_it_is_utf_8() {
        let read = |bytes: &[u8], label: &str| {
            decode_named(bytes, Named::of(label).unwrap()).map_or_else(|_| "refused".into(), Cow::into_owned)
        };
        for (bytes, label, text) in [
            (&b"\x1b$B9A$NA%\x1b(B 5"[..], "ISO-2022-JP", "港の船 5"),
            (b"Gr\xc3\xbc\xc3\x9fe", "iso-8859-1", "Grüße"),
            (b"Gr\xc3\xbc\xc3\x9fe", "iso-2022-jp", "Grüße"),
            (b"Gr\xfc\xdfe \x80", "latin1", "Grüße €"),
            (b"G\0r\0\xfc\0", "utf-16le", "Grü"),
            // Two signs of GBK that would be one and another of UTF-8; and what is UTF-8 under its name.
            (b"\xd6\xb9\xd6\xb9", "gbk", "止止"),
            ("止".as_bytes(), "gbk", "止"),
            (b"\x8d\x60", "shift_jis", "港"),
            ("naïve".as_bytes(), "koi8-r", "naïve"),
            (b"\x1b$B9A\x1b(B", "utf-8", "refused"),
            (b"\x1b$B9A\x1b(B", "windows-1252", "refused"),
            (b"\x1b$)C\x0eGQ\x0f", "iso-2022-kr", "refused"),
            (b"~{<RCG~}", "gb2312", "refused"),
            (b"\x83\x65", "iso-2022-jp", "refused"),
            (b"a\0b", "windows-1252", "refused"),
            (b"\x1b$B9", "iso-2022-jp", "refused"),
        ] {
            assert_eq!(read(bytes, label), text, "{label} {bytes:?}");
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
