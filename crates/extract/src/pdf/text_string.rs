//! The strings in which a PDF says something for people: titles, and what was filled into its forms.

use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE};

/// A text string (PDF 32000-1, 7.9.2.2): UTF-16 or UTF-8 with a byte order mark, or else in the encoding of PDF.
/// Marks of a language are left out, and zeros at the end.
pub(super) fn decode(bytes: &[u8]) -> String {
    let unicode = match bytes {
        [0xfe, 0xff, rest @ ..] => Some((UTF_16BE, rest)),
        [0xff, 0xfe, rest @ ..] => Some((UTF_16LE, rest)),
        [0xef, 0xbb, 0xbf, rest @ ..] => Some((UTF_8, rest)),
        _ if is_unmarked_utf_16(bytes) => Some((UTF_16BE, bytes)),
        _ => None,
    };
    let text = match unicode {
        Some((encoding, rest)) => {
            // Half a character at the end is none.
            let whole = if encoding == UTF_8 { rest.len() } else { rest.len() & !1 };
            let (text, _) = encoding.decode_without_bom_handling(rest.get(..whole).unwrap_or(rest));
            without_language_marks(&text)
        }
        None => bytes.iter().filter_map(|byte| pdf_doc_character(*byte)).collect(),
    };
    text.trim_end_matches('\0').to_owned()
}

/// Whether all the upper halves are 0, as in UTF-16 without the mark that it should have.
fn is_unmarked_utf_16(bytes: &[u8]) -> bool {
    bytes.len() > 2
        && bytes.len().is_multiple_of(2)
        && bytes.chunks_exact(2).all(|pair| matches!(pair, [0, low] if *low != 0) || pair == [0, 0])
}

/// A text without the marks that say in which language it goes on: between two escapes.
fn without_language_marks(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    while let (Some(mark), rest) = (parts.next(), parts.next()) {
        let is_language =
            (2..=5).contains(&mark.len()) && mark.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
        if !is_language {
            plain.push_str(mark);
        }
        plain.push_str(rest.unwrap_or_default());
    }
    plain
}

/// The character of a byte in PDFDocEncoding (PDF 32000-1, D.2).
fn pdf_doc_character(byte: u8) -> Option<char> {
    let nth = |characters: &str, first: u8| characters.chars().nth(usize::from(byte.checked_sub(first)?));
    match byte {
        0x18..=0x1f => nth("˘ˇˆ˙˝˛˚˜", 0x18),
        0x80..=0x9e => nth("•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž", 0x80),
        0x9f | 0xad | 0x7f => None,
        0xa0 => Some('€'),
        _ => Some(char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_a_text_string_is_decoded_whatever_its_encoding() {
        for (bytes, text) in [
            (&b"Harbor rules"[..], "Harbor rules"),
            (b"Fees \x96 The \x8dL\x96uvre\x8e \x84 caf\xe9 \xa07", "Fees Œ The “LŒuvre” — café €7"),
            (b"Gr\xfc\xdfe\x00", "Grüße"),
            (b"\xfe\xff\0G\0r\0\xfc\0\xdf\0e\0\0\0\0", "Grüße"),
            (b"\xfe\xff\0A\0b\0", "Ab"),
            (b"\xff\xfeA\0b\0", "Ab"),
            (b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe", "Grüße"),
            (b"\xfe\xff\0\x1b\0d\0e\0\x1b\0A\0b\0\x1b\0e\0n\0-\0U\0S\0\x1b\0c", "Abc"),
            (b"\xef\xbb\xbf\x1bfrFR\x1bOui", "Oui"),
            (b"\0A\0b\0c", "Abc"),
            (b"\xfe\xff\xd8\x3d\xdc\x22", "🐢"),
            (b"", ""),
        ] {
            assert_eq!(decode(bytes), text, "{bytes:?}");
        }
    }
}
