//! The text of plain text and of Markdown.

use syft_space_domain::dataset::{ExtractedText, FileRefused, markdown_title};

use crate::encoding::decode;
use crate::text_builder::{self, TextBuilder};

/// The text of a plain text file is the file.
pub(crate) fn text(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    Ok(ExtractedText { title: None, text: verbatim_text(&decode(bytes)?)?, marks: Vec::new() })
}

/// The text of a Markdown file is the file. Its first heading of the first level is its title.
pub(crate) fn markdown(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let text = verbatim_text(&decode(bytes)?)?;
    Ok(ExtractedText { title: markdown_title(&text).and_then(text_builder::title), text, marks: Vec::new() })
}

fn verbatim_text(text: &str) -> Result<String, FileRefused> {
    let mut builder = TextBuilder::default();
    builder.verbatim(text);
    builder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_the_first_heading_of_markdown_is_its_title() {
        let of = |text: &str| markdown(text.as_bytes()).unwrap().title;
        assert_eq!(of("intro\n\n# The *harbor* #\n# Other").as_deref(), Some("The *harbor*"));
        assert_eq!(of("## Second\n\n```\n# comment\n```\n# First").as_deref(), Some("First"));
        assert_eq!(of("```make```\n\n<!--\n# draft\n-->\n# First").as_deref(), Some("First"));
        assert_eq!(of("#hashtag\n\n## Second"), None);
    }

    #[test]
    fn q2_plain_text_stays_as_it_is() {
        let text = text(b"# no title\r\n\tindented\x0cpage two  \n").unwrap();
        assert_eq!(
            text,
            ExtractedText {
                title: None,
                text: "# no title\n\tindented\npage two  \n".to_owned(),
                marks: Vec::new(),
            }
        );
    }

    #[test]
    fn q2_a_picture_within_a_text_is_left_out_however_large_it_is() {
        let picture =
            format!("# Plan\n\n![the pier](data:image/png;base64,{})\n", "iVBORw0KGgo".repeat(1_000_000));
        let extracted = markdown(picture.as_bytes()).unwrap();
        assert_eq!(extracted.text, "# Plan\n\n![the pier]()\n");
        let picture = "{\"a\": \"data:image/png;base64,iVBORw0KGgo=\", \"b\": 1}";
        assert_eq!(crate::json::extract(picture.as_bytes()).unwrap().text, "b: 1");
        let picture = "a,b\n\"data:image/png;base64,iVBORw0KGgo=\",1\n";
        assert_eq!(crate::csv::extract(picture.as_bytes()).unwrap().text, "b: 1");
    }

    #[test]
    fn q2_every_line_end_of_unicode_is_one() {
        let ends = ["\u{b}", "\u{c}", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{2029}", "\u{1c}", "\u{1f}"];
        for end in ends {
            let extracted = markdown(format!("# Pier{end}opens at nine{end}").as_bytes()).unwrap();
            assert_eq!(extracted.text, "# Pier\nopens at nine\n", "{end:?}");
            assert_eq!(extracted.title.as_deref(), Some("Pier"), "{end:?}");
        }
    }

    #[test]
    fn i1_a_file_without_text_is_refused() {
        for empty in [&b""[..], b" \r\n\t", b"\xef\xbb\xbf", b"\x1b\x07"] {
            assert_eq!(text(empty), Err(FileRefused::NoText), "{empty:?}");
            assert_eq!(markdown(empty), Err(FileRefused::NoText), "{empty:?}");
        }
    }
}
