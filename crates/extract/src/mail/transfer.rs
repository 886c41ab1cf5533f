//! How the bytes of a part are packed for the way: base64 and quoted-printable.

use std::borrow::Cow;

use crate::encoding::sextet;

/// A line of base64 behind one that may have been the last has at least as many characters, or ends as base64 does: a shorter
/// one may be a word.
const MIN_SURE_CHARS: usize = 32;
/// What has other characters among those of base64, or spaces, is base64 only where it has as many characters, and
/// no shorter word.
const MIN_MIXED_CHARS: usize = 16;
/// Of so many characters of a damaged line at most one is foreign.
const MIN_OWN_TO_FOREIGN: usize = 8;

/// The bytes of a part before they were packed for the way, and the text behind them that never was: lists add their footer to
/// whatever they pass on.
pub(super) fn unpack<'a>(bytes: &'a [u8], encoding: &str) -> (Cow<'a, [u8]>, &'a [u8]) {
    if encoding.eq_ignore_ascii_case("base64") {
        let (unpacked, behind) = base64(bytes);
        (Cow::Owned(unpacked), behind)
    } else if encoding.eq_ignore_ascii_case("quoted-printable") {
        (Cow::Owned(quoted_printable(bytes)), &[])
    } else {
        (Cow::Borrowed(bytes), &[])
    }
}

/// What base64 stands for, and what follows it. Foreign characters in it are passed over, as RFC 2045 wants it.
fn base64(bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut unpacked = Vec::with_capacity(bytes.len().div_ceil(4).saturating_mul(3));
    let (mut bits, mut held) = (0_u32, 0_u32);
    let (mut usual_length, mut may_be_over, mut end) = (0_usize, false, 0_usize);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let packed = line.trim_ascii();
        if packed.is_empty() {
            may_be_over |= usual_length > 0;
        } else {
            let goes_on = if may_be_over { is_surely_base64(packed) } else { is_base64(packed) };
            if !goes_on {
                break;
            }
            usual_length = usual_length.max(packed.len());
            may_be_over = packed.contains(&b'=') || packed.len() < usual_length;
        }
        end = end.saturating_add(line.len());
        for byte in packed {
            if *byte == b'=' {
                (bits, held) = (0, 0);
            }
            let Some(six) = sextet(*byte) else { continue };
            (bits, held) = (((bits << 6) | six) & 0xffff, held.saturating_add(6));
            if held >= 8 {
                held = held.saturating_sub(8);
                unpacked.extend(u8::try_from((bits >> held) & 0xff));
            }
        }
    }
    (unpacked, bytes.get(end..).unwrap_or_default())
}

/// Whether a line is base64, where base64 is expected.
fn is_base64(line: &[u8]) -> bool {
    let words = || line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let characters: usize = words().map(<[u8]>::len).sum();
    let foreign = words().flatten().filter(|byte| !is_of_base64(**byte)).count();
    if foreign == 0 && words().nth(1).is_none() {
        return true;
    }
    let first = words().next().map_or(0, <[u8]>::len);
    let last = words().count().saturating_sub(1);
    let are_long = words().take(last).all(|word| word.len() >= MIN_MIXED_CHARS);
    let are_even = foreign == 0 && words().take(last).all(|word| word.len() == first);
    characters >= MIN_MIXED_CHARS
        && foreign.saturating_mul(MIN_OWN_TO_FOREIGN) <= characters
        && (are_long || are_even)
        && !line.windows(3).any(|three| three == b"://")
}

/// Whether a line is base64 behind what may have been the end of it.
fn is_surely_base64(line: &[u8]) -> bool {
    line.iter().all(|byte| is_of_base64(*byte))
        && line.len().is_multiple_of(4)
        && (line.len() >= MIN_SURE_CHARS || line.ends_with(b"="))
}

fn is_of_base64(byte: u8) -> bool {
    byte == b'=' || sextet(byte).is_some()
}

/// What quoted-printable stands for. A `=` that quotes nothing stays.
fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        // White space at the end of a line comes from the way.
        let printable = line.trim_ascii_end();
        let (mut rest, goes_on) = match printable {
            [line @ .., b'='] => (line, true),
            line => (line, false),
        };
        while let [byte, behind @ ..] = rest {
            rest = behind;
            let quoted = match behind {
                [high, low, behind @ ..] if *byte == b'=' => {
                    hexadecimal(*high).zip(hexadecimal(*low)).map(|digits| (digits, behind))
                }
                _ => None,
            };
            if let Some(((high, low), behind)) = quoted {
                unpacked.push((high << 4) | low);
                rest = behind;
            } else {
                unpacked.push(*byte);
            }
        }
        if !goes_on && line.ends_with(b"\n") {
            unpacked.push(b'\n');
        }
    }
    unpacked
}

fn hexadecimal(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &str, encoding: &str) -> (String, String) {
        let (unpacked, behind) = unpack(bytes.as_bytes(), encoding);
        (String::from_utf8(unpacked.into_owned()).unwrap(), String::from_utf8(behind.to_vec()).unwrap())
    }

    #[test]
    fn q2_base64_ends_where_clear_text_begins_and_passes_over_foreign_characters() {
        let long = "VGhlIGZlcnJ5IGxlYXZlcyBhdCBzaXgu".to_owned();
        let twice = "The ferry leaves at six.".repeat(2);
        for (packed, text, behind) in [
            ("SGFyYm9y".to_owned(), "Harbor", ""),
            ("SGFyYm9yIQ==\r\n".to_owned(), "Harbor!", ""),
            ("SGFyYm9yIQ\r\n".to_owned(), "Harbor!", ""),
            ("SGFyYm9yIQ==\n\nlist\n".to_owned(), "Harbor!", "list\n"),
            ("SGFyYm9yIQ==\nharbor list\n".to_owned(), "Harbor!", "harbor list\n"),
            (
                "SGFyYm9y\n\n____\nsee https://example.org\n".to_owned(),
                "Harbor",
                "____\nsee https://example.org\n",
            ),
            ("SGFyYm9y\nThis list is long\n".to_owned(), "Harbor", "This list is long\n"),
            (format!("{long}\n{long}\n"), &twice, ""),
            (format!("{long}\n\n{long}\n"), &twice, ""),
            (format!("{long}!\r\n {long}*"), &twice, ""),
            (
                format!("{long}\n{long}\nSGFyYm9y\nhttps://example.org/list\n"),
                &format!("{twice}Harbor"),
                "https://example.org/list\n",
            ),
            ("VGhl IGZl cnJ5 IGxl YXZl".to_owned(), "The ferry leave", ""),
            ("The harbor\n".to_owned(), "", "The harbor\n"),
            (String::new(), "", ""),
        ] {
            assert_eq!(read(&packed, "BASE64"), (text.to_owned(), behind.to_owned()), "{packed}");
        }
    }

    #[test]
    fn q2_an_equals_sign_that_quotes_nothing_stays() {
        for (packed, text) in [
            ("Gr=C3=BC=c3=9fe =\r\nhere \r\n=20", "Grüße here\n "),
            ("a == b, x=y\n=3D=\n=", "a == b, x=y\n="),
            ("100=", "100"),
        ] {
            assert_eq!(read(packed, "Quoted-Printable").0, text, "{packed}");
        }
        assert_eq!(read("=41", "8bit").0, "=41");
    }
}
