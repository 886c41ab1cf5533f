//! The character encoding of a page, which may say so itself.

use std::borrow::Cow;
use std::cell::RefCell;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use syft_space_domain::dataset::FileRefused;

use super::element;
use super::style::attribute;
use crate::encoding::{Named, decode, decode_named};

/// The bytes in which an encoding is looked for, as browsers do.
const SNIFFED_BYTES: usize = 1024;

/// The text of a page: as any text's, or else in the encoding that it names itself.
///
/// # Errors
/// When it names none, or is not in the one it names.
pub(super) fn decode_html(bytes: &[u8]) -> Result<Cow<'_, str>, FileRefused> {
    named_encoding(bytes).map_or_else(|| decode(bytes), |named| decode_named(bytes, named))
}

/// The encoding that the head of a page names: by a `<meta>`, or by its XML declaration.
fn named_encoding(bytes: &[u8]) -> Option<Named> {
    let head = bytes.get(..SNIFFED_BYTES).unwrap_or(bytes);
    let head: String = head.iter().map(|b| if b.is_ascii() { char::from(*b) } else { ' ' }).collect();
    let tokenizer = Tokenizer::new(MetaSink::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(head.as_str()));
    let _done = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner().or_else(|| {
        let declaration = head.trim_start().strip_prefix("<?xml")?.split('>').next()?;
        named(value_of("encoding", declaration)?)
    })
}

/// The encoding of a label in a page. What can be read byte by byte is not in UTF-16: it means UTF-8, says the standard.
fn named(label: &str) -> Option<Named> {
    match Named::of(label)? {
        Named::Known(named) if named == encoding_rs::UTF_16LE || named == encoding_rs::UTF_16BE => {
            Some(Named::Known(encoding_rs::UTF_8))
        }
        named => Some(named),
    }
}

/// What stands behind `name=` in a text.
fn value_of<'a>(name: &str, text: &'a str) -> Option<&'a str> {
    let at = text.to_ascii_lowercase().find(name)?;
    let value = text.get(at.saturating_add(name.len())..)?.trim_start().strip_prefix('=')?.trim_start();
    value
        .trim_start_matches(['"', '\''])
        .split(|c: char| matches!(c, '"' | '\'' | ';') || c.is_whitespace())
        .next()
}

/// Finds the first `<meta>` that names an encoding.
#[derive(Default)]
struct MetaSink(RefCell<Option<Named>>);

impl TokenSink for MetaSink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else { return TokenSinkResult::Continue };
        if &*tag.name == "meta" && self.0.borrow().is_none() {
            *self.0.borrow_mut() = label(&tag).and_then(named);
        }
        element::raw_kind(&tag.name)
            .filter(|_| tag.kind == html5ever::tokenizer::TagKind::StartTag && !tag.self_closing)
            .map_or(TokenSinkResult::Continue, TokenSinkResult::RawData)
    }
}

/// The label of an encoding in a `<meta>`.
fn label(tag: &Tag) -> Option<&str> {
    attribute(tag, "charset").map(str::trim).or_else(|| {
        let _is_header = attribute(tag, "http-equiv")
            .filter(|header| header.trim().eq_ignore_ascii_case("content-type"))?;
        value_of("charset", attribute(tag, "content")?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_an_html_file_may_name_its_encoding() {
        for head in [
            "<meta charset=iso-8859-1>",
            "<META http-equiv='Content-Type' content='text/html; charset=windows-1252'/>",
            "<?xml version='1.0' encoding='ISO-8859-15'?>",
            "<!-- <meta charset=koi8-r> --><meta charset=latin1>",
            "<script>'<meta charset=koi8-r>'</script><meta name=a content='charset=koi8-r'><meta charset=' latin1 '>",
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

    #[test]
    fn q2_a_page_in_an_encoding_of_7_bits_is_read_as_it_says_or_refused() {
        // "港の船" (the ships of the harbor).
        let ships = b"\x1b$B9A$NA%\x1b(B.";
        for head in [
            "<meta charset=iso-2022-jp>",
            "<?xml version='1.0' encoding='ISO-2022-JP'?>",
            "<meta charset=csISO2022JP>",
        ] {
            let text = decode_html(&[head.as_bytes(), ships].concat()).map(|text| text.ends_with("港の船."));
            assert_eq!(text, Ok(true), "{head}");
        }
        for head in ["", "<meta charset=utf-8>", "<meta charset=shift_jis>", "<meta charset=iso-2022-kr>"] {
            let bytes = [head.as_bytes(), ships].concat();
            assert_eq!(decode_html(&bytes), Err(FileRefused::Encoding), "{head}");
        }
        for refused in [
            "<meta charset=hz-gb-2312>~{8[~}",
            "<meta charset=utf-7>Gr+APw-n",
            "<meta charset=iso-2022-jp>\x1b$B9",
        ] {
            assert_eq!(decode_html(refused.as_bytes()), Err(FileRefused::Encoding), "{refused}");
        }
        for plain in [
            "<meta charset=iso-2022-jp>Grüße",
            "<meta charset=iso-2022-kr>ships",
            "<meta charset=utf-8>~{ab~}",
        ] {
            assert_eq!(decode_html(plain.as_bytes()).as_deref(), Ok(plain));
        }
    }

    #[test]
    fn q2_a_page_that_can_be_read_is_not_in_utf_16_whatever_it_says() {
        for label in ["utf-16", "unicode", "utf-16be", "ISO-10646-UCS-2", "csunicode"] {
            let page = format!("<meta http-equiv=content-type content='text/html; charset={label}'>Grüße");
            assert_eq!(decode_html(page.as_bytes()).as_deref(), Ok(page.as_str()));
            let declared = format!("<?xml version=\"1.0\" encoding=\"{label}\"?><p>");
            for head in [page.replace("Grüße", ""), declared] {
                let bytes = [head.as_bytes(), b"caf\xe9 at nine"].concat();
                assert_eq!(decode_html(&bytes), Err(FileRefused::Encoding), "{head}");
            }
        }
        let user_defined = b"<meta charset=x-user-defined>caf\xe9";
        assert_eq!(decode_html(user_defined).map(|text| text.ends_with("café")), Ok(true));
    }
}
