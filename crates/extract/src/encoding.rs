//! The character encoding of text files.

use std::borrow::Cow;

use syft_space_domain::dataset::FileRefused;

/// The text of a file: UTF-8, with or without a byte order mark, or UTF-16 with one. Line ends become line feeds.
///
/// # Errors
/// When it is neither, or holds a NUL, which no text has.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, FileRefused> {
    let text = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest)?,
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        bytes => utf8(bytes)?,
    };
    normalize(text)
}

/// The text of an HTML file: as [`decode`] has it, or else in the encoding that it names itself.
///
/// # Errors
/// When it names none, or is not in the one it names.
pub(crate) fn decode_html(bytes: &[u8]) -> Result<Cow<'_, str>, FileRefused> {
    match decode(bytes) {
        Err(FileRefused::Encoding) => {}
        decoded => return decoded,
    }
    let named = named_encoding(bytes).ok_or(FileRefused::Encoding)?;
    let text = named.decode_without_bom_handling_and_without_replacement(bytes);
    normalize(text.ok_or(FileRefused::Encoding)?)
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

/// The bytes in which an encoding is looked for, as browsers do.
const SNIFFED_BYTES: usize = 1024;

/// The encoding that the head of an HTML file names: `charset=` of a `<meta>`, or `encoding=` of an XML declaration.
fn named_encoding(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let head = bytes.get(..SNIFFED_BYTES).unwrap_or(bytes).to_ascii_lowercase();
    let head: String = head.into_iter().map(|b| if b.is_ascii() { char::from(b) } else { ' ' }).collect();
    let declarations = [("<meta", "charset"), ("<?xml", "encoding")];
    declarations.into_iter().find_map(|(tag, name)| {
        head.match_indices(tag).find_map(|(start, _)| {
            let tag = head.get(start..)?.split('>').next()?;
            let value = tag.split_once(name)?.1.trim_start().strip_prefix('=')?;
            let value = value.trim_start().trim_start_matches(['"', '\'']);
            let label =
                value.split(|c: char| matches!(c, '"' | '\'' | ';' | '/') || c.is_whitespace()).next()?;
            encoding_rs::Encoding::for_label(label.as_bytes())
        })
    })
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
    fn q2_an_html_file_may_name_its_encoding() {
        for head in [
            "<meta charset=iso-8859-1>",
            "<META http-equiv='Content-Type' content='text/html; charset=windows-1252'/>",
            "<?xml version='1.0' encoding='ISO-8859-15'?>",
        ] {
            let bytes = [head.as_bytes(), b"Gr\xfc\xdfe"].concat();
            assert_eq!(decode_html(&bytes).map(|text| text.ends_with("Grüße")), Ok(true), "{head}");
        }
        for wrong in [
            &b"<p>Gr\xfc\xdfe"[..],
            b"<meta charset=utf-8>Gr\xfc\xdfe",
            b"<meta charset=shift_jis>\xff\xff",
            b"<meta charset=latin-0815>\xff",
        ] {
            assert_eq!(decode_html(wrong), Err(FileRefused::Encoding), "{wrong:?}");
        }
    }
}
